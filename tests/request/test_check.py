from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pictures import heic, picture, png_header

from seedance_widgets.catalog import catalogue
from seedance_widgets.errors import RequestError
from seedance_widgets.request import Image, VideoRequest, check, estimate

FRAME = Image(picture(640, 360))
SQUARE = Image(picture(400, 400))
URL = "https://a.example/frame.png"
PROVIDERS = [None, "ark-cn", "ark-ap", "acedata", "simulator:ark-cn"]


def problems(provider=None, *, image_required=False, **values):
    return check(VideoRequest(**{"prompt": "a cat", **values}), provider, image_required=image_required)


def errors(provider=None, **values):
    return [problem for problem in problems(provider, **values) if problem.severity == "error"]


def warnings(provider=None, **values):
    return [problem for problem in problems(provider, **values) if problem.severity == "warning"]


def only(found):
    assert len(found) == 1, found
    return found[0]


# ------------------------------------------------------------------------ what the tool's text forbids


def test_the_tools_own_defaults_have_no_problem():
    for provider in PROVIDERS:
        assert problems(provider) == ()
        assert problems(provider, first_frame_url=URL) == ()
        assert problems(provider, first_frame_url=FRAME, last_frame_url=FRAME) == ()


def test_reference_images_exclude_frames():
    found = only(errors(model="2.0", reference_image_urls=[URL], first_frame_url=URL))
    assert found.field == "reference_image_urls"
    assert "cannot be combined" in found.message
    assert found.fix == {"reference_image_urls": ()}


def test_frames_exclude_duration():
    found = only(errors(frames=121, duration=5))
    assert (found.field, found.fix) == ("frames", {"duration": None})
    assert errors(model="2.0", frames=121, duration=5)[0].fix == {"frames": None}


def test_an_image_is_asked_for_where_the_tool_asks_for_one():
    found = only(problems(image_required=True))
    assert (found.field, found.severity, found.fix) == ("first_frame_url", "error", None)
    assert "at least one image" in found.message
    assert problems(image_required=True, first_frame_url=URL) == ()
    assert problems(image_required=True, model="2.0", reference_image_urls=[URL], ratio="adaptive") == ()


def test_frames_are_25_plus_4n_from_29_to_289():
    for frames in range(20, 300):
        found = errors(frames=frames)
        if 29 <= frames <= 289 and (frames - 25) % 4 == 0:
            assert found == []
        else:
            assert errors(frames=only(found).fix["frames"]) == []


def test_the_message_names_the_nearest_frame_counts():
    assert only(errors(frames=100)).message == (
        "frames must be 25 + 4n between 29 and 289; 100 is not: nearest are 97 and 101."
    )
    assert only(errors(frames=100)).fix == {"frames": 101}
    assert only(errors(frames=10**30)).fix == {"frames": 289}


@pytest.mark.parametrize(
    ("field", "value", "fix"),
    [
        ("duration", 13, 12),
        ("duration", 1, 2),
        ("duration", -1, 5),
        ("duration", 5.0, 5),
        ("duration", "5", 5),
        ("duration", "8s", 8),
        ("duration", 7.4, 7),
        ("duration", math.nan, None),
        ("duration", math.inf, None),
        ("duration", True, None),
        ("duration", np.int64(6), 6),
        pytest.param("duration", 10**5000, 12, id="duration-huge"),
        ("frames", 121.0, 121),
        ("frames", "100", 101),
        ("frames", False, None),
        ("seed", -2, -1),
        ("seed", 2**32, 2**31 - 1),
        ("seed", None, -1),
        ("seed", "7", 7),
        ("seed", 1e300, 2**31 - 1),
        ("execution_expires_after", 60, 3600),
        ("execution_expires_after", 10**6, 259200),
        ("execution_expires_after", "x", 172800),
        ("resolution", "720P", "720p"),
        ("resolution", 720, "720p"),
        ("resolution", "8k", "720p"),
        ("resolution", None, "720p"),
        ("ratio", "16x9", "16:9"),
        ("ratio", "9 / 16", "9:16"),
        ("ratio", "2:1", "16:9"),
        ("ratio", "Adaptiv", "16:9"),
        ("ratio", 1.78, "16:9"),
        ("ratio", "1920x1080", "16:9"),
        ("ratio", "1:0", "1:1"),
        ("service_tier", "Flex", "flex"),
        ("service_tier", "fast", "default"),
        ("generate_audio", 0, False),
        ("generate_audio", "no", False),
        ("watermark", 1, True),
        ("watermark", np.True_, True),
        ("return_last_frame", None, False),
        ("camera_fixed", "perhaps", False),
        ("callback_url", 5, None),
        ("callback_url", " https://a.example/cb\n", "https://a.example/cb"),
        ("model", "1.0-Pro ", "1.0-pro"),
        ("model", "doubao-seedance-1-0-pro-25052", "1.0-pro"),
        ("prompt", "a\x00b\x1bc\ud800", "abc"),
        ("prompt", 5, "5"),
    ],
)
def test_a_wrong_value_is_one_error_with_the_nearest_right_one(field, value, fix):
    found = only(errors(**{field: value}))
    assert found.field == field
    assert found.fix == {field: fix}
    assert errors(**{field: fix}) == []


@pytest.mark.parametrize(
    "value", ["cat.example", "ftp://a.example", "javascript:alert(1)", "https://", "https://a b.example"]
)
def test_a_callback_must_be_an_http_address(value):
    found = only(errors(callback_url=value))
    assert found.field == "callback_url"
    assert found.fix == {"callback_url": None}


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "10.1.2.3", "192.168.0.9", "nas", "nas.local"])
def test_a_provider_cannot_call_into_a_private_network_but_a_simulator_can(host):
    url = f"http://{host}:8000/cb"
    assert "cannot reach" in only(problems("ark-cn", callback_url=url)).message
    assert problems("simulator:ark-cn", callback_url=url) == ()
    assert "cannot reach" in only(problems("ark-cn", first_frame_url=url)).message
    assert problems("simulator:ark-cn", first_frame_url=url) == ()


def test_acedata_reports_the_final_result_only():
    assert "final result only" in only(problems("acedata", callback_url="https://a.example/cb")).message


def test_sound_is_an_error_on_a_model_without_it():
    assert only(errors(generate_audio=True)).fix == {"generate_audio": False}
    for model in ("1.5-pro", "2.0", "2.0-fast", "2.0-mini", "2.5"):
        assert errors(model=model, generate_audio=True) == []


# ------------------------------------------------------------------------------------------ the prompt


@pytest.mark.parametrize("prompt", ["", "   ", "\n\t"])
def test_text_alone_needs_a_prompt_and_an_image_does_not(prompt):
    assert only(errors(prompt=prompt)).field == "prompt"
    assert problems(prompt=prompt, first_frame_url=URL) == ()


def test_commands_in_the_prompt_are_warned_of_and_taken_out():
    found = only(problems(prompt="a cat --rs 1080p runs --wm=true --dur 5"))
    assert (found.severity, found.fix) == ("warning", {"prompt": "a cat runs"})
    assert "--rs, --wm, --dur" in found.message
    assert problems(prompt="a well--known cat -- and a dog --rsvp now") == ()
    assert only([p for p in problems(prompt="--rs 720p") if p.severity == "warning"]).fix is None


def test_the_advised_length_is_a_warning_and_acedatas_limit_an_error():
    assert only(problems(prompt="a" * 7_000)).severity == "warning"
    assert only(problems(prompt="a" * 10_000)).severity == "error"
    assert only(problems(prompt="cat " * 1001)).severity == "warning"
    assert only(problems(prompt="猫" * 501)).severity == "warning"
    assert problems(prompt="猫" * 500) == ()
    assert problems("acedata", prompt="a" * 1000) == ()
    assert only(problems("acedata", prompt="a" * 1001)).severity == "error"


# ------------------------------------------------------------------------------------------- the model


def test_an_unknown_model_is_named_with_its_neighbours():
    found = only(errors(model="2.0-fst"))
    assert "did you mean" in found.message
    assert found.fix == {"model": "2.0-fast"}
    assert only(errors(model="sora")).fix is None
    assert "list" in only(errors(model=None)).message


def test_endpoint_ids_are_for_ark():
    assert only(problems("ark-cn", model="ep-20250101-abcde", generate_audio=True)).severity == "warning"
    assert only(problems("acedata", model="ep-20250101-abcde")).severity == "error"


def test_a_retired_model_is_warned_of_where_it_is_retired():
    found = only(warnings("ark-ap", model="seedance-1-5-pro-251215"))
    assert "2026-11-11" in found.message
    assert found.fix == {"model": "dreamina-seedance-2-0-mini-260615"}
    assert warnings("ark-cn", model="1.5-pro") == []
    assert warnings(model="1.5-pro") != []


@pytest.mark.parametrize(
    ("model", "values", "field"),
    [
        ("1.0-lite-i2v", {}, "first_frame_url"),
        ("1.0-lite-t2v", {"first_frame_url": URL}, "first_frame_url"),
        ("1.0-pro-fast", {"first_frame_url": URL, "last_frame_url": URL}, "last_frame_url"),
        ("1.0-pro", {"last_frame_url": URL}, "last_frame_url"),
        ("1.0-pro", {"reference_image_urls": [URL]}, "reference_image_urls"),
        ("1.0-lite-i2v", {"reference_image_urls": [URL] * 5}, "reference_image_urls"),
        ("2.0", {"reference_image_urls": [URL] * 10}, "reference_image_urls"),
        ("2.5", {"reference_image_urls": [URL] * 31}, "reference_image_urls"),
        ("1.0-lite-i2v", {"reference_image_urls": [URL], "resolution": "1080p"}, "resolution"),
        ("2.0-fast", {"resolution": "1080p"}, "resolution"),
        ("2.5", {"resolution": "4k"}, "resolution"),
        ("1.0-pro", {"ratio": "adaptive"}, "ratio"),
        ("1.0-lite-i2v", {"ratio": "adaptive", "reference_image_urls": [URL]}, "ratio"),
        ("2.5", {"first_frame_url": URL}, "ratio"),
        ("2.5", {"first_frame_url": URL, "last_frame_url": URL, "ratio": "9:16"}, "ratio"),
        ("1.5-pro", {"duration": 3}, "duration"),
        ("2.0", {"duration": 16}, "duration"),
        ("2.5", {"duration": 31}, "duration"),
        ("1.5-pro", {"frames": 121}, "frames"),
        ("2.0", {"frames": 121}, "frames"),
        ("2.0", {"camera_fixed": True}, "camera_fixed"),
        ("1.0-lite-i2v", {"camera_fixed": True, "reference_image_urls": [URL]}, "camera_fixed"),
        ("2.0", {"service_tier": "flex"}, "service_tier"),
        ("1.0-pro", {"first_frame_url": "asset://abc"}, "first_frame_url"),
    ],
)
def test_what_every_source_says_is_refused_is_an_error_with_a_fix(model, values, field):
    for provider in ("ark-cn", None):
        found = only(errors(provider, model=model, **values))
        assert found.field == field
        assert found.fix
        assert errors(provider, **{"model": model, **values, **found.fix}) == []


@pytest.mark.parametrize(
    ("model", "values"),
    [
        ("1.0-lite-i2v", {"reference_image_urls": [URL] * 4}),
        ("2.0", {"reference_image_urls": [URL] * 9, "resolution": "4k", "ratio": "adaptive", "duration": -1}),
        ("2.5", {"reference_image_urls": [URL] * 30, "duration": 30, "generate_audio": True}),
        ("2.5", {"first_frame_url": "asset://abc", "ratio": "adaptive"}),
        ("1.0-pro", {"frames": 289, "camera_fixed": True, "service_tier": "flex", "seed": 7}),
    ],
)
def test_what_the_model_takes_has_no_problem(model, values):
    assert problems("ark-cn", model=model, **values) == ()


def test_the_fix_for_references_on_a_model_without_them_is_a_model_with_them():
    found = only(errors("ark-cn", model="1.0-pro", reference_image_urls=[URL]))
    assert found.fix == {"model": "1.0-lite-i2v"}
    assert only(errors("ark-ap", model="1.0-pro", reference_image_urls=[URL])).fix == {"model": "2.0"}


# -------------------------------------------------------------------------------- where sources differ


@pytest.mark.parametrize(
    ("provider", "values", "field"),
    [
        ("acedata", {"model": "1.0-pro-fast", "first_frame_url": URL, "last_frame_url": URL}, "last_frame_url"),
        ("acedata", {"model": "1.0-lite-t2v", "resolution": "1080p"}, "resolution"),
        ("acedata", {"model": "2.0", "return_last_frame": True}, "return_last_frame"),
        ("acedata", {"service_tier": "flex"}, "service_tier"),
        ("acedata", {"model": "2.0", "service_tier": "flex"}, "service_tier"),
        ("ark-cn", {"seed": 2**31}, "seed"),
        ("ark-cn", {"model": "2.0", "seed": 5}, "seed"),
        ("ark-cn", {"model": "1.5-pro", "first_frame_url": heic(800, 450)}, "first_frame_url"),
        ("ark-cn", {"first_frame_url": png_header(300, 300), "ratio": "1:1"}, "first_frame_url"),
        ("ark-cn", {"first_frame_url": png_header(6000, 3375)}, "first_frame_url"),
        ("ark-cn", {"first_frame_url": png_header(1000, 400), "ratio": "adaptive"}, "first_frame_url"),
        ("ark-cn", {"first_frame_url": png_header(400, 1000), "ratio": "adaptive"}, "first_frame_url"),
        ("ark-cn", {"first_frame_url": png_header(640, 360, 30_500_000)}, "first_frame_url"),
    ],
)
def test_where_sources_differ_there_is_a_warning(provider, values, field):
    found = only(problems(provider, **values))
    assert (found.field, found.severity) == (field, "warning")


# ------------------------------------------------------------------------------------------ the images


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (b"not an image", "not an image"),
        (png_header(640, 360, 40_000_000), "40.0 MB"),
        (png_header(100, 5000), "100 x 5000"),
        (picture(kind="JPEG")[:-400], "breaks off"),
        ("no/such/file.png", "no such file"),
        ("file:///etc/hostname", "file:"),
        ("javascript:alert(1)", "javascript:"),
        ("https://a.example/\x07.png", "control characters"),
        ("https://exa mple/x.png", "spaces"),
        ("https:///x.png", "host"),
        ("http://[::1", "host or port"),
        ("asset://", "without a proper id"),
        (heic(800, 600), "HEIC"),
        (heic(800, 600, b"avif"), "AVIF"),
        (np.full((400, 400), np.nan), "NaN"),
        ("data:image/PNG;base64,AA", "lowercase"),
        (5, "int"),
    ],
)
def test_an_image_that_cannot_be_used_gets_a_sentence(image, said):
    found = errors(first_frame_url=image)
    assert found
    assert {problem.field for problem in found} == {"first_frame_url"}
    assert any(said in problem.message for problem in found)
    assert all("the first frame" in problem.message for problem in found if "asset" not in problem.message)
    assert all(problem.message.isprintable() and len(problem.message) < 400 for problem in found)
    in_list = [problem for problem in errors(model="2.0", reference_image_urls=[URL, image]) if "HEIC" not in said]
    assert all("reference image 2" in problem.message for problem in in_list)


def test_every_problem_of_one_image_is_told_at_once():
    assert [problem.message[:33] for problem in errors(first_frame_url=png_header(100, 5000, 40_000_000))] == [
        "the first frame has 40.0 MB; an i",
        "the first frame is 100 x 5000 px;",
        "the first frame is 100 x 5000 px,",
    ]


def test_an_address_with_stray_spaces_is_cured(tmp_path):
    (tmp_path / "x.png").write_bytes(FRAME.data)
    assert errors(first_frame_url=f" {URL}\n")[0].fix == {"first_frame_url": URL}
    path = str(tmp_path / "x.png")
    assert errors(model="2.0", reference_image_urls=[URL, f"{path} "])[0].fix == {"reference_image_urls": [URL, path]}


def test_images_together_must_fit_one_request():
    large = png_header(640, 360, 29_000_000)
    assert errors(model="2.0", reference_image_urls=[large]) == []
    found = only(errors(model="2.0", reference_image_urls=[large, large]))
    assert "77." in found.message
    assert found.field == "reference_image_urls"
    medium = png_header(640, 360, 24_300_000)
    assert only(problems(model="2.0", reference_image_urls=[medium, medium])).severity == "warning"


def test_a_reference_list_is_a_list_without_gaps():
    assert only(errors(model="2.0", reference_image_urls=URL)).fix == {"reference_image_urls": [URL]}
    assert only(errors(model="2.0", reference_image_urls=[URL, None])).fix == {"reference_image_urls": [URL]}
    assert errors(model="2.0", reference_image_urls=5)[0].fix == {"reference_image_urls": ()}


def test_a_ratio_that_cuts_the_first_frame_says_how_much():
    found = only(problems(first_frame_url=SQUARE))
    assert (found.field, found.severity, found.fix) == ("ratio", "warning", {"ratio": "adaptive"})
    assert "44%" in found.message
    assert problems(first_frame_url=FRAME) == ()


def test_frames_of_different_shape_are_warned_of():
    found = only(problems(first_frame_url=FRAME, last_frame_url=SQUARE))
    assert found.field == "last_frame_url"
    assert "640 x 360 and 400 x 400" in found.message


def test_a_turned_photo_is_warned_of():
    import PIL.Image

    exif = PIL.Image.Exif()
    exif[274] = 6
    assert "EXIF" in only(problems(first_frame_url=picture(640, 360, "JPEG", exif=exif))).message


# -------------------------------------------------------------------------------------- how it is told


def test_problems_come_in_the_order_of_the_fields():
    order = [field.name for field in dataclasses.fields(VideoRequest)]
    found = problems(watermark=1, prompt="", seed="x", model="1.0-pro", frames=3, first_frame_url=None, resolution="1p")
    assert [order.index(problem.field) for problem in found] == sorted(order.index(problem.field) for problem in found)
    assert len(found) == 5


def test_an_unknown_provider_is_a_problem_and_no_crash():
    assert only(problems("volcano")).field == "provider"
    assert only(problems(object())).field == "provider"


def test_a_provider_object_counts_by_its_name():
    class Given:
        name, id = "acedata", "simulator:acedata"

    assert only(problems(Given(), prompt="a" * 1001)).severity == "error"


def test_a_problem_is_frozen_and_reads_well():
    found = only(errors(duration=13))
    assert str(found).startswith("error: duration: duration for Seedance 1.0 Pro must be 2 to 12 seconds; 13")
    assert repr(found).endswith("Fix: duration=12>")
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.field = "x"


# ----------------------------------------------------------------------------- whatever the values are


class Hostile:
    def _no(self, *_):
        raise RuntimeError("no")

    __eq__ = __bool__ = __repr__ = __str__ = __len__ = __iter__ = __index__ = __fspath__ = __contains__ = _no
    __hash__ = None


class HostileInt(int):
    __eq__ = __lt__ = __le__ = __gt__ = __ge__ = __sub__ = __index__ = __repr__ = __bool__ = Hostile._no
    __hash__ = None


class HostileStr(str):
    __slots__ = ()
    __eq__ = __len__ = __contains__ = lower = strip = __str__ = __repr__ = Hostile._no
    __hash__ = None


NESTED = ()
for _ in range(5000):
    NESTED = (NESTED,)

JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-40, 400),
    st.just(10**5000),
    st.floats(),
    st.text(max_size=30),
    st.text(st.characters(), max_size=30),
    st.binary(max_size=30),
    st.complex_numbers(),
    st.lists(st.one_of(st.none(), st.integers(), st.text(max_size=5)), max_size=3),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
    st.builds(Hostile),
    st.builds(HostileInt, st.integers(-5, 300)),
    st.builds(HostileStr, st.text(max_size=8)),
    st.sampled_from(
        [np.int64(5), np.float64("nan"), np.True_, np.zeros(3), np.datetime64("2026-01-01"), object, NESTED]
    ),
)
FILES = [
    URL,
    "asset://a",
    "x/y.png",
    "javascript:x",
    " " + URL,
    FRAME,
    SQUARE,
    b"junk",
    heic(800, 600),
    png_header(100, 5000),
]
MODELS = [name for entry in catalogue().models.values() for name in (entry.name, *entry.ids.values())]
NEAR = {
    "prompt": st.sampled_from(["a cat", "", "x --rs 720p", "\x00", "a" * 1001, "猫" * 600]),
    "first_frame_url": st.sampled_from([None, *FILES]),
    "last_frame_url": st.sampled_from([None, None, *FILES]),
    "reference_image_urls": st.one_of(st.just(()), st.lists(st.sampled_from([None, *FILES]), max_size=11)),
    "model": st.sampled_from([*MODELS, "ep-1", "2.0-fst"]),
    "resolution": st.sampled_from(["480p", "720p", "1080p", "4k", "720P", 720]),
    "ratio": st.sampled_from(["16:9", "9:16", "21:9", "adaptive", "16x9"]),
    "duration": st.one_of(st.none(), st.integers(-2, 32), st.sampled_from([5.0, "5", True])),
    "frames": st.one_of(st.none(), st.none(), st.integers(20, 300), st.just(121.0)),
    "generate_audio": st.sampled_from([False, True, 1]),
    "service_tier": st.sampled_from(["default", "flex", "Flex"]),
    "seed": st.sampled_from([-1, 0, 5, 2**31, 2**33, "5"]),
    "return_last_frame": st.booleans(),
    "callback_url": st.sampled_from([None, "https://a.example/", "http://localhost", "javascript:x"]),
    "execution_expires_after": st.sampled_from([172800, 60, 10**7]),
    "camera_fixed": st.booleans(),
    "watermark": st.booleans(),
}


def requests(values):
    return st.fixed_dictionaries(
        {"prompt": values["prompt"]}, optional={k: v for k, v in values.items() if k != "prompt"}
    )


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(requests(dict.fromkeys(NEAR, JUNK)), st.one_of(st.sampled_from(PROVIDERS), JUNK), st.booleans())
def test_check_and_estimate_never_raise_whatever_the_values_are(values, provider, image_required):
    request = VideoRequest(**values)
    for problem in check(request, provider, image_required=image_required):
        assert problem.message
        assert problem.message.isprintable()
        assert len(problem.message) < 600
        assert str(problem)
    assert str(estimate(request, provider))


@pytest.mark.parametrize("field", NEAR)
def test_hostile_objects_are_named_by_their_type_and_never_called(field):
    for value in (Hostile(), HostileInt(7), HostileStr("2.0"), NESTED, 10**5000):
        request = VideoRequest(**{"prompt": "a cat", field: value})
        assert estimate(request).fps == 24
        for problem in check(request, value):
            assert problem.message.isprintable()


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(requests(NEAR), st.sampled_from(PROVIDERS), st.data())
def test_a_fix_cures_its_problem_and_brings_no_new_error(values, provider, data):
    request = VideoRequest(**values)
    for _ in range(40):
        found = check(request, provider)
        fixable = [problem for problem in found if problem.fix]
        if not fixable:
            break
        chosen = data.draw(st.sampled_from(fixable))
        request = request.replace(**chosen.fix)
        told = {(problem.field, problem.message) for problem in found}
        after = check(request, provider)
        assert (chosen.field, chosen.message) not in {(problem.field, problem.message) for problem in after}
        assert {(p.field, p.message) for p in after if p.severity == "error"} <= told
    else:
        pytest.fail("the fixes never end")
    assert [problem for problem in check(request, provider) if problem.severity == "error" and problem.fix] == []


# ------------------------------------------------------------------------- what newcomers pass and read


@pytest.mark.parametrize("name", ["ark", "volcengine", "byteplus", " BytePlus ", "acedatacloud", "simulator"])
def test_a_provider_has_the_names_that_use_takes(name):
    assert problems(name) == ()


def test_an_alias_has_the_rules_of_its_provider():
    assert only(errors("AceDataCloud", prompt="a" * 1001)).message == only(errors("acedata", prompt="a" * 1001)).message
    assert problems("Simulator", first_frame_url="http://127.0.0.1/x.png") == ()
    assert only(problems("ark", first_frame_url="http://127.0.0.1/x.png")).severity == "warning"


def test_an_unknown_provider_is_told_with_those_there_are():
    message = only(problems("nope")).message
    assert "'nope'" in message
    for name in ("simulator", "ark (Volcengine Ark)", "byteplus (BytePlus ModelArk)", "acedata"):
        assert name in message


class Spiteful:
    @property
    def __class__(self):
        raise RuntimeError("look away")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("hello", "sw.VideoRequest('hello')"),
        ({"prompt": "hello"}, "not a dict; write sw.VideoRequest(**values)"),
        (None, "not None"),
        (b"x", "not a bytes"),
        (HostileStr("2.0"), "not text"),
        (Spiteful(), "not a Spiteful"),
        (VideoRequest, "not a type"),
        ("x" * 10**6, "sw.VideoRequest('xxx"),
    ],
    ids=range(8),
)
def test_what_is_no_request_is_one_problem_and_never_raised(given, said):
    for provider in (None, "ark", "nope"):
        found = only(check(given, provider, image_required=True))
        assert (found.field, found.severity, found.fix) == ("request", "error", None)
        assert said in found.message
        assert len(found.message) < 300
    assert said in str(estimate(given, "ark"))
    assert estimate(given).tokens is None


def test_a_model_that_is_nearly_right_is_offered_as_a_fix():
    for written, right in {"Seedance 2.0": "2.0", "1.0pro": "1.0-pro", "doubao-seedance-2-0": "2.0"}.items():
        found = only(errors(model=written))
        assert found.message == f"no model is called {written!r}; did you mean {right}?"
        assert found.fix == {"model": right}


def test_a_problem_and_the_error_say_the_fix():
    found = only(errors(resolution="720P"))
    assert str(found) == f"error: resolution: {found.message} Fix: resolution='720p'"
    assert repr(found) == f"<{found}>"
    assert str(RequestError([found])).endswith(f"resolution: {found.message} Fix: resolution='720p'")
    assert "Fix" not in str(only(errors(model="sora")))


def test_a_long_fix_is_shortened_in_the_text_only():
    found = only([one for one in problems(prompt="a cat\0 runs " * 90) if one.fix])
    assert len(str(found)) < 300
    assert len(found.fix["prompt"]) > 900


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (png_header(7000, 4000), "Scale it down to at most 6000."),
        (png_header(200, 320), "Scale it up to at least 300, or use a larger one."),
        (png_header(6000, 4000), "Scale it down a little to be safe."),
        (png_header(300, 320), "Use a larger one to be safe."),
        (png_header(1000, 400), "Crop it a little to be safe."),
        (png_header(1600, 400), "Crop it."),
    ],
    ids=range(6),
)
def test_what_is_said_of_an_images_sides_ends_with_what_to_do(image, said):
    assert [one.message.endswith(said) for one in problems(model="1.0-pro", first_frame_url=image)].count(True) == 1


def test_a_sentence_goes_on_in_lower_case_after_a_semicolon():
    found = only(problems(ratio="16:9", first_frame_url=png_header(1600, 1000)))
    assert found.message.endswith("1600 x 1000 px; crop the image yourself to choose what stays.")
