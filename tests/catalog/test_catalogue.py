"""The catalogue against the published tables that it was written from, typed here a second time."""

from __future__ import annotations

import dataclasses

import pytest

from seedance_widgets.catalog import Span, catalogue, find_model, model, provider_facts, rules

RATIOS = ["16:9", "4:3", "1:1", "3:4", "9:16", "21:9"]

# Width x height and tokens of 5 s, per ratio: the size pages of 1.0, 1.5/2.0 and 2.5.
SIZES = {
    ("1.0", "480p"): "864x480 49005, 736x544 47311, 640x640 48400, 544x736 47311, 480x864 49005, 960x416 47190",
    (
        "1.0",
        "720p",
    ): "1248x704 103818, 1120x832 110110, 960x960 108900, 832x1120 110110, 704x1248 103818, 1504x640 113740",
    (
        "1.0",
        "1080p",
    ): "1920x1088 246840, 1664x1248 245388, 1440x1440 245025, 1248x1664 245388, 1088x1920 246840, 2176x928 238612",
    ("2.0", "480p"): "864x496 50638, 752x560 49761, 640x640 48400, 560x752 49761, 496x864 50638, 992x432 50638",
    (
        "2.0",
        "720p",
    ): "1280x720 108900, 1112x834 109586, 960x960 108900, 834x1112 109586, 720x1280 108900, 1470x630 109431",
    (
        "2.0",
        "1080p",
    ): "1920x1080 245025, 1664x1248 245388, 1440x1440 245025, 1248x1664 245388, 1080x1920 245025, 2206x946 246593",
    (
        "2.0",
        "4k",
    ): "3840x2160 980100, 3326x2494 980176, 2880x2880 980100, 2494x3326 980176, 2160x3840 980100, 4398x1886 980126",
    ("2.5", "480p"): "854x480 48437, 752x560 49761, 640x640 48400, 560x752 49761, 480x854 48437, 992x432 50638",
}
SIZES["2.5", "720p"] = SIZES["2.0", "720p"]
SIZES["2.5", "1080p"] = SIZES["2.0", "1080p"]
FAMILY = {
    "1.0-pro": "1.0",
    "1.0-pro-fast": "1.0",
    "1.0-lite-t2v": "1.0",
    "1.0-lite-i2v": "1.0",
    "1.5-pro": "2.0",
    "2.0": "2.0",
    "2.0-fast": "2.0",
    "2.0-mini": "2.0",
    "2.5": "2.5",
}
IDS = {
    "1.0-pro": ("doubao-seedance-1-0-pro-250528", "seedance-1-0-pro-250528"),
    "1.0-pro-fast": ("doubao-seedance-1-0-pro-fast-251015", "seedance-1-0-pro-fast-251015"),
    "1.0-lite-t2v": ("doubao-seedance-1-0-lite-t2v-250428", "seedance-1-0-lite-t2v-250428"),
    "1.0-lite-i2v": ("doubao-seedance-1-0-lite-i2v-250428", "seedance-1-0-lite-i2v-250428"),
    "1.5-pro": ("doubao-seedance-1-5-pro-251215", "seedance-1-5-pro-251215"),
    "2.0": ("doubao-seedance-2-0-260128", "dreamina-seedance-2-0-260128"),
    "2.0-fast": ("doubao-seedance-2-0-fast-260128", "dreamina-seedance-2-0-fast-260128"),
    "2.0-mini": ("doubao-seedance-2-0-mini-260615", "dreamina-seedance-2-0-mini-260615"),
    "2.5": ("doubao-seedance-2-5-260628", "dreamina-seedance-2-5-260628"),
}
# In each row: modes by their letters, reference images, resolutions, shortest and longest, whether -1 is taken, then
# whether there are frames, seed, sound, camera_fixed and flex.
MATRIX = {
    "1.0-pro": ("tfl", 0, "480p 720p 1080p", 2, 12, False, True, True, False, True, True),
    "1.0-pro-fast": ("tf", 0, "480p 720p 1080p", 2, 12, False, True, True, False, True, True),
    "1.0-lite-t2v": ("t", 0, "480p 720p 1080p", 2, 12, False, True, True, False, True, True),
    "1.0-lite-i2v": ("flr", 4, "480p 720p 1080p", 2, 12, False, True, True, False, True, True),
    "1.5-pro": ("tfl", 0, "480p 720p 1080p", 4, 12, True, False, True, True, True, True),
    "2.0": ("tflr", 9, "480p 720p 1080p 4k", 4, 15, True, False, False, True, False, False),
    "2.0-fast": ("tflr", 9, "480p 720p", 4, 15, True, False, False, True, False, False),
    "2.0-mini": ("tflr", 9, "480p 720p", 4, 15, True, False, False, True, False, False),
    "2.5": ("tflr", 30, "480p 720p 1080p", 4, 30, True, False, False, True, False, False),
}
LETTERS = {"t": "text", "f": "first_frame", "l": "first_last_frame", "r": "references"}
# USD and CNY per million tokens by (model, resolution, sound, tier)
PRICES = {
    ("1.0-pro", "720p", False, "default"): (2.5, 15),
    ("1.0-pro", "1080p", False, "flex"): (1.25, 7.5),
    ("1.0-pro-fast", "720p", False, "default"): (1.0, 4.2),
    ("1.0-pro-fast", "720p", False, "flex"): (0.5, 2.1),
    ("1.0-lite-t2v", "720p", False, "default"): (1.8, 10),
    ("1.0-lite-i2v", "480p", False, "flex"): (0.9, 5),
    ("1.5-pro", "720p", True, "default"): (2.4, 16),
    ("1.5-pro", "720p", False, "default"): (1.2, 8),
    ("1.5-pro", "720p", True, "flex"): (1.2, 8),
    ("1.5-pro", "720p", False, "flex"): (0.6, 4),
    ("2.0", "480p", True, "default"): (7.0, 46),
    ("2.0", "720p", False, "default"): (7.0, 46),
    ("2.0", "1080p", False, "default"): (7.7, 51),
    ("2.0", "4k", False, "default"): (4.0, 26),
    ("2.0-fast", "720p", True, "default"): (5.6, 37),
    ("2.0-mini", "480p", False, "default"): (3.5, 23),
    ("2.5", "720p", False, "default"): (10.7, 70),
    ("2.5", "1080p", True, "default"): (11.7, 77),
}


@pytest.mark.parametrize("name", FAMILY)
def test_sizes_and_their_tokens_are_the_published_ones(name):
    entry = model(name)
    assert set(entry.sizes) == set(entry.resolutions)
    for resolution, row in entry.sizes.items():
        assert list(row) == RATIOS
        for listed, (width, height) in zip(SIZES[FAMILY[name], resolution].split(", "), row.values(), strict=True):
            assert listed == f"{width}x{height} {121 * width * height // 1024}"
            assert width % 2 == height % 2 == 0


@pytest.mark.parametrize("name", MATRIX)
def test_abilities_are_the_published_ones(name):
    modes, references, resolutions, first, last, auto, frames, seed, audio, camera, flex = MATRIX[name]
    entry = model(name)
    assert entry.modes == tuple(LETTERS[letter] for letter in modes)
    assert entry.references == references
    assert entry.resolutions == tuple(resolutions.split())
    assert (entry.duration.first, entry.duration.last, entry.duration.auto) == (first, last, auto)
    assert (entry.frames, entry.seed, entry.audio) == (frames, seed, audio)
    assert bool(entry.camera_fixed) is camera
    assert "references" not in entry.camera_fixed
    assert ("flex" in entry.tiers) is flex
    assert entry.assets is name.startswith("2.")
    assert entry.heic == ("yes" if name.startswith("2.") else "disputed" if name == "1.5-pro" else "no")


def test_adaptive_is_for_images_on_1_0_for_all_from_1_5_and_forced_on_2_5():
    assert model("1.0-pro").adaptive == ("first_frame", "first_last_frame")
    assert model("1.0-lite-t2v").adaptive == ()
    assert "references" not in model("1.0-lite-i2v").adaptive
    for name in ("1.5-pro", "2.0", "2.0-fast", "2.0-mini", "2.5"):
        assert set(model(name).modes) <= set(model(name).adaptive)
    assert [entry.name for entry in catalogue().models.values() if entry.adaptive_only] == ["2.5"]
    assert model("2.5").adaptive_only == ("first_frame", "first_last_frame")
    assert model("1.0-lite-i2v").resolutions_in("references") == ("480p", "720p")


@pytest.mark.parametrize("name", IDS)
def test_ids_are_the_published_ones_and_find_their_model(name):
    volcano, byteplus = IDS[name]
    entry = model(name)
    assert (entry.id_at("ark-cn"), entry.id_at("ark-ap"), entry.id_at("acedata")) == (volcano, byteplus, volcano)
    for identity in (name, volcano, byteplus):
        assert find_model(identity) is entry


@pytest.mark.parametrize("case", PRICES)
def test_prices_are_the_published_ones(case):
    name, resolution, audio, tier = case
    row = model(name).price_row(resolution=resolution, audio=audio, tier=tier)
    assert (row.per_million["USD"], row.per_million["CNY"]) == PRICES[case]


def test_every_model_is_complete():
    assert list(catalogue().models) == list(MATRIX)
    for entry in catalogue().models.values():
        assert set(entry.ids) == set(catalogue().providers)
        assert set(entry.run_seconds) == set(entry.resolutions)
        assert entry.provider_resolution in entry.resolutions
        assert set(entry.adaptive) | set(entry.adaptive_only) | set(entry.camera_fixed) <= set(rules().modes)
        assert (entry.references > 0) is ("references" in entry.modes)
        assert entry.title
        assert entry.purpose
        assert entry.source
        assert entry.rates.rpm > 0
        assert rules().default_duration in entry.duration
        assert entry.replacement is None or entry.replacement in catalogue().models
        assert set(entry.retired) <= set(catalogue().providers)
        for dispute in entry.disputed:
            assert dispute.provider in catalogue().providers
            assert dispute.says.endswith(".")
        for resolution in entry.resolutions:
            for tier in entry.tiers:
                for audio in {False, entry.audio}:
                    row = entry.price_row(resolution=resolution, audio=audio, tier=tier)
                    assert set(row.per_million) == {"USD", "CNY"}


def test_retirement_dates_are_byteplus_own():
    retired = {
        entry.name: {at: day.isoformat() for at, day in entry.retired.items()} for entry in catalogue().models.values()
    }
    assert {name: days for name, days in retired.items() if days} == {
        "1.0-lite-t2v": {"ark-ap": "2026-05-13"},
        "1.0-lite-i2v": {"ark-ap": "2026-05-13"},
        "1.5-pro": {"ark-ap": "2026-11-11"},
    }


def test_rates_are_the_published_ones():
    assert (model("1.0-pro").rates.rpm, model("1.0-pro").rates.concurrency) == (600, 10)
    assert (model("1.0-lite-i2v").rates.rpm, model("1.0-lite-i2v").rates.concurrency) == (300, 5)
    assert (model("2.5").rates.rpm, model("2.5").rates.concurrency) == (180, 3)
    assert (model("2.0").rates_at("4k").rpm, model("2.0").rates_at("4k").concurrency) == (15, 1)
    ark = provider_facts("ark-cn")
    assert (ark.get_per_second, ark.list_per_second, ark.delete_per_second, ark.list_ids) == (20, 1, 20, 500)
    assert provider_facts("acedata").batch_ids == 50


def test_there_are_66_frame_counts():
    assert len([count for count in range(400) if count in rules().frames]) == 66
    assert 25 not in rules().frames
    assert True not in Span(0, 5)


def test_nearest_is_really_the_nearest():
    span = rules().frames
    allowed = [count for count in range(400) if count in span]
    for value in range(-20, 400):
        assert abs(span.nearest(value) - value) == min(abs(count - value) for count in allowed)
        assert span.nearest(value) in span


def test_an_unknown_model_is_a_key_error_with_the_nearest_name():
    with pytest.raises(KeyError, match=r"did you mean 2\.0-mini"):
        model("2.0-minni")
    assert find_model(["2.0"]) is None


def test_a_model_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        model("2.0").audio = False
