from __future__ import annotations

import pytest
from pictures import picture, png_header

from seedance_widgets.catalog import catalogue
from seedance_widgets.request import VideoRequest, estimate

WIDE = picture(1600, 900)
TALL = png_header(1080, 1920)


def asked(provider=None, **values):
    return estimate(VideoRequest("a cat", **values), provider)


def test_the_defaults_of_the_tool():
    found = asked()
    assert (found.width, found.height, found.ratio) == (1248, 704, "16:9")
    assert (found.frames, found.fps, found.tokens) == (121, 24, 103_818)
    assert found.seconds == pytest.approx(121 / 24)
    assert str(found) == "1248 x 704 · 121 frames · 5.04 s · 103,818 tokens · $0.26"
    assert repr(found) == f"<Estimate {found}>"


# The published figures, FACTS 6: (settings, tokens).
@pytest.mark.parametrize(
    ("values", "tokens"),
    [
        ({"model": "2.0"}, 108_900),
        ({"model": "1.0-pro", "resolution": "1080p"}, 246_840),
        ({"model": "2.5", "resolution": "1080p", "ratio": "adaptive", "first_frame_url": TALL}, 245_025),
        ({"model": "2.5", "resolution": "480p", "ratio": "adaptive", "first_frame_url": TALL}, 48_437),
        ({"model": "2.0", "duration": 4}, 87_300),
        ({"model": "2.5", "resolution": "480p", "ratio": "adaptive", "first_frame_url": TALL, "duration": 6}, 58_045),
        ({"model": "1.0-pro", "frames": 57}, 57 * 1248 * 704 // 1024),
    ],
)
def test_tokens_are_those_that_were_seen(values, tokens):
    assert asked(**values).tokens == tokens


# The published examples, FACTS 6. The price pages leave out the one frame more that is really counted (121 for 120).
@pytest.mark.parametrize(
    ("provider", "values", "price", "currency", "frames_on_page"),
    [
        ("ark-cn", {"model": "2.0", "resolution": "480p"}, 2.31, "CNY", 120),
        ("ark-cn", {"model": "2.0", "resolution": "720p"}, 4.97, "CNY", 120),
        ("ark-cn", {"model": "2.0", "resolution": "1080p"}, 12.39, "CNY", 120),
        ("ark-cn", {"model": "2.0", "resolution": "4k"}, 25.27, "CNY", 120),
        ("ark-cn", {"model": "2.5", "resolution": "480p"}, 3.36, "CNY", 120),
        ("ark-cn", {"model": "2.5", "resolution": "720p"}, 7.56, "CNY", 120),
        ("ark-cn", {"model": "2.5", "resolution": "1080p"}, 18.71, "CNY", 120),
        ("ark-ap", {"model": "2.5", "resolution": "720p"}, 1.156, "USD", 120),
        ("ark-ap", {"model": "1.0-pro", "resolution": "1080p"}, 0.617, "USD", 121),
        ("ark-cn", {"model": "1.0-pro", "resolution": "1080p"}, 3.70, "CNY", 121),
        ("ark-ap", {"model": "1.5-pro", "generate_audio": True}, 0.261, "USD", 121),
        ("ark-cn", {"model": "1.5-pro", "generate_audio": True}, 1.74, "CNY", 121),
    ],
)
def test_prices_are_those_of_the_price_pages(provider, values, price, currency, frames_on_page):
    found = asked(provider, **values)
    assert found.currency == currency
    digits = len(str(price).partition(".")[2])
    assert found.price * frames_on_page / found.frames == pytest.approx(price, abs=0.51 * 10**-digits)
    assert found.prices[provider] == (found.price, currency)


def test_flex_is_half_and_silence_is_half():
    assert asked(service_tier="flex").price == pytest.approx(asked().price / 2)
    assert asked(model="1.5-pro").price == pytest.approx(asked(model="1.5-pro", generate_audio=True).price / 2)


def test_no_provider_means_byteplus_list_price_and_a_simulator_costs_nothing():
    assert (asked().price, asked().currency) == asked("ark-ap").prices["ark-ap"]
    free = asked("simulator:ark-cn")
    assert (free.price, free.currency, free.billed) == (0.0, "CNY", False)
    assert free.prices == asked("ark-cn").prices
    assert str(free).endswith("not billed")


def test_acedata_is_known_at_720p_only():
    assert asked("acedata").price == pytest.approx(0.049 * 5)
    assert str(asked("acedata")).endswith("about $0.24")
    assert asked("acedata", model="1.5-pro", generate_audio=True).price == pytest.approx(0.025 * 5 * 2)
    assert asked("acedata", resolution="480p").price is None
    assert asked("acedata", model="2.5").price is None


def test_a_duration_left_to_the_model_is_an_upper_bound():
    found = asked(model="2.0", duration=-1)
    assert found.upper_bound
    assert found.frames == 24 * 15 + 1
    assert "at most 361 frames" in str(found)
    assert not asked(model="2.0", duration=15).upper_bound


def test_adaptive_follows_the_first_frame():
    wide = asked(ratio="adaptive", first_frame_url=WIDE)
    assert (wide.width, wide.height, wide.ratio) == (1248, 704, "16:9")
    tall = asked(ratio="adaptive", first_frame_url=TALL)
    assert (tall.width, tall.height, tall.ratio) == (704, 1248, "9:16")


def test_adaptive_is_unknown_where_the_frame_is(tmp_path):
    for image in (None, "https://a.example/x.png", str(tmp_path / "missing.png"), b"junk"):
        found = asked(model="2.0", ratio="adaptive", first_frame_url=image)
        assert (found.width, found.tokens, found.price) == (None, None, None)
        assert found.frames == 121
        assert str(found) == "size not known yet · 121 frames · 5.04 s"


@pytest.mark.parametrize(
    "values",
    [{"model": "sora"}, {"model": "ep-1"}, {"model": None}, {"resolution": "8k"}, {"duration": 99}, {"frames": 30}],
)
def test_what_cannot_be_known_is_none(values):
    found = asked(**values)
    assert found.tokens is None
    assert found.price is None
    assert str(found)


def test_an_unknown_provider_has_no_price():
    assert asked("volcano").price is None
    assert asked("volcano").prices == asked().prices


def test_every_model_at_every_size_has_a_price_in_both_currencies():
    for model in catalogue().models.values():
        for resolution, row in model.sizes.items():
            for ratio, size in row.items():
                found = asked(model=model.name, resolution=resolution, ratio=ratio)
                assert (found.width, found.height) == size
                assert found.tokens == 121 * size[0] * size[1] // 1024
                assert found.prices["ark-cn"][0] > found.prices["ark-ap"][0] > 0


def test_a_provider_has_the_names_that_use_takes():
    assert asked("ark").price == asked("ark-cn").price
    assert asked("BytePlus").price == asked("ark-ap").price
    assert str(asked("simulator")).endswith("not billed")


def test_a_price_that_is_missing_for_a_wrong_name_says_so():
    found = asked("nope")
    assert "no provider is called 'nope', so its price is not known" in str(found)
    assert found.tokens == asked().tokens
    assert asked("ark").note == asked("simulator").note == asked().note == ""
