"""What is sent, on each wire, for each model."""

from __future__ import annotations

import base64
import itertools

import pytest

from seedance_widgets.catalog import catalogue
from seedance_widgets.providers import AceDataCloud, Ark, Provider

PROVIDERS = {"cn": Ark("key"), "ap": Ark("key", region="ap"), "ace": AceDataCloud("key")}
MODELS = list(catalogue().models)


def test_each_is_a_provider_and_says_whether_it_is_billed():
    for provider in PROVIDERS.values():
        assert isinstance(provider, Provider)
        assert provider.billed
        assert "billed" in repr(provider)
    simulated = Ark("key", base_url="http://127.0.0.1:1", simulated=True)
    assert (simulated.id, simulated.label, simulated.billed, simulated.name) == (
        "simulator:ark-cn",
        "Simulator",
        False,
        "ark-cn",
    )
    assert "not billed" in repr(simulated)


def test_the_published_rates_are_the_default():
    assert (PROVIDERS["cn"].limits.get_per_second, PROVIDERS["cn"].limits.list_ids) == (20, 500)
    assert (PROVIDERS["ace"].limits.batch_ids, PROVIDERS["ace"].limits.get_per_second) == (50, None)


def test_the_default_request_on_ark(request_of):
    assert PROVIDERS["cn"].body(request_of(first_frame_url="https://a.example/1.png")) == {
        "model": "doubao-seedance-1-0-pro-250528",
        "content": [
            {"type": "text", "text": "a cat looks up"},
            {"type": "image_url", "image_url": {"url": "https://a.example/1.png"}, "role": "first_frame"},
        ],
        "duration": 5,
        "resolution": "720p",
        "ratio": "16:9",
        "watermark": False,
        "return_last_frame": False,
        "execution_expires_after": 172800,
        "service_tier": "default",
    }


def test_the_default_request_on_acedata(request_of):
    body = PROVIDERS["ace"].body(request_of())
    assert body["async"] is True
    assert not {"service_tier", "seed", "camera_fixed", "camerafixed", "callback_url", "frames"} & body.keys()


@pytest.mark.parametrize(("region", "name"), list(itertools.product(PROVIDERS, MODELS)))
def test_a_parameter_is_sent_only_to_models_that_have_it(request_of, region, name):
    provider, model = PROVIDERS[region], catalogue().models[name]
    mode = {"first_frame_url": "https://a.example/1.png"} if "first_frame" in model.modes else {}
    asked = request_of(model=name, seed=7, camera_fixed=True, service_tier="default", generate_audio=True, **mode)
    body = provider.body(asked)
    assert body["model"] == model.id_at(provider.name)
    assert ("seed" in body) is model.seed
    assert ("generate_audio" in body) is model.audio
    fixed = {"cn": "camera_fixed", "ap": "camera_fixed", "ace": "camerafixed"}[region]
    assert (fixed in body) is (asked.mode in model.camera_fixed)
    assert ("service_tier" in body) is (region != "ace" and len(model.tiers) > 1)
    assert ({"camera_fixed", "camerafixed"} & body.keys()) <= {fixed}


def test_audio_is_always_said_to_models_that_have_it(request_of):
    for provider in PROVIDERS.values():
        assert provider.body(request_of(model="2.0"))["generate_audio"] is False


def test_any_known_name_becomes_the_regions_id_and_an_endpoint_stays(request_of):
    for given in ("1.0-pro", "doubao-seedance-1-0-pro-250528", "seedance-1-0-pro-250528"):
        assert PROVIDERS["ap"].body(request_of(model=given))["model"] == "seedance-1-0-pro-250528"
    body = PROVIDERS["cn"].body(request_of(model="ep-2026-x", seed=3, service_tier="flex", camera_fixed=True))
    assert (body["model"], body["seed"], body["service_tier"], body["camera_fixed"]) == ("ep-2026-x", 3, "flex", True)


def test_frames_or_duration_never_both(request_of):
    for provider in PROVIDERS.values():
        assert provider.body(request_of(frames=57, duration=5)).get("duration") is None
        assert provider.body(request_of(frames=57))["frames"] == 57
        assert provider.body(request_of(duration=-1))["duration"] == -1
        assert provider.body(request_of())["duration"] == 5


def test_images_have_their_roles_in_order(request_of, tmp_path):
    png = base64.b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGBgAAAABQABpfZFQAAAAABJRU5ErkJggg=="
    )
    path = tmp_path / "a.png"
    path.write_bytes(png)
    uri = "data:image/png;base64," + base64.b64encode(png).decode()
    both = PROVIDERS["cn"].body(request_of(first_frame_url=path, last_frame_url=png))["content"]
    assert [(one["role"], one["image_url"]["url"]) for one in both[1:]] == [("first_frame", uri), ("last_frame", uri)]
    many = PROVIDERS["ace"].body(request_of(reference_image_urls=[png, "asset://x"], model="2.0"))["content"]
    assert [(one["role"], one["image_url"]["url"]) for one in many[1:]] == [
        ("reference_image", uri),
        ("reference_image", "asset://x"),
    ]
    short = PROVIDERS["cn"].body(request_of(first_frame_url=png), shorten=True)["content"][1]["image_url"]["url"]
    assert len(short) < 100 < len(uri)
    assert short.startswith("data:image/png;base64,")


def test_a_callback_is_passed_on(request_of):
    for provider in PROVIDERS.values():
        assert provider.body(request_of(callback_url="https://a.example/cb"))["callback_url"] == "https://a.example/cb"


def test_an_empty_prompt_beside_an_image_is_left_out(request_of):
    content = PROVIDERS["cn"].body(request_of("", first_frame_url="https://a.example/1.png"))["content"]
    assert [one["type"] for one in content] == ["image_url"]
