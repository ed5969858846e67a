"""The rules of the create call, one body at a time: no server is needed for these."""

from __future__ import annotations

import base64

import pytest
from simulator_callers import PRO, data_uri, picture

from seedance_widgets.catalog import catalogue, rules
from seedance_widgets.simulator.refusal import Refusal
from seedance_widgets.simulator.validate import validate_acedata, validate_ark

URL = "https://example.com/a.png"
TEXT = {"type": "text", "text": "a cat"}


def image(role=None, url=URL):
    return {"type": "image_url", "image_url": {"url": url}} | ({"role": role} if role else {})


FIRST, LAST, REFERENCE = image("first_frame"), image("last_frame"), image("reference_image")


def ark(*content, model="1.0-pro", **values):
    return validate_ark({"model": catalogue().models[model].id_at("ark-cn"), "content": [TEXT, *content], **values})


def acedata(*content, model="1.0-pro", **values):
    return validate_acedata(
        {"model": catalogue().models[model].id_at("acedata"), "content": [TEXT, *content], **values}
    )


def refused(call, *content, **values):
    with pytest.raises(Refusal) as refusal:
        call(*content, **values)
    return refusal.value.code, refusal.value.param


@pytest.mark.parametrize(
    ("values", "param"),
    [
        ({"duration": 1}, "duration"),
        ({"duration": 13}, "duration"),
        ({"duration": -1}, "duration"),
        ({"duration": 5.0}, "duration"),
        ({"duration": "5"}, "duration"),
        ({"duration": True}, "duration"),
        ({"frames": 28}, "frames"),
        ({"frames": 30}, "frames"),
        ({"frames": 293}, "frames"),
        ({"resolution": "4k"}, "resolution"),
        ({"resolution": "720"}, "resolution"),
        ({"resolution": 720}, "resolution"),
        ({"ratio": "adaptive"}, "ratio"),
        ({"ratio": "2:1"}, "ratio"),
        ({"seed": -2}, "seed"),
        ({"seed": 2**32}, "seed"),
        ({"seed": 1.5}, "seed"),
        ({"watermark": "false"}, "watermark"),
        ({"watermark": 0}, "watermark"),
        ({"generate_audio": True}, "generate_audio"),
        ({"service_tier": "cheap"}, "service_tier"),
        ({"execution_expires_after": 3599}, "execution_expires_after"),
        ({"execution_expires_after": 259201}, "execution_expires_after"),
        ({"callback_url": "ftp://example.com"}, "callback_url"),
        ({"callback_url": "https://exa mple.com"}, "callback_url"),
        ({"callback_url": "not a url"}, "callback_url"),
        ({"priority": 10}, "priority"),
        ({"safety_identifier": "x" * 65}, "safety_identifier"),
        ({"draft": True}, "draft"),
        ({"output_format": "mov"}, "output_format"),
        ({"tools": {}}, "tools"),
    ],
)
def test_a_bad_value_is_refused_by_its_name(values, param):
    code, refused_param = refused(ark, **values)
    assert refused_param == param
    assert code.startswith("InvalidParameter")


@pytest.mark.parametrize(
    "values",
    [
        {"duration": 2},
        {"duration": 12},
        {"frames": 29},
        {"frames": 289, "duration": 99},
        {"seed": -1},
        {"seed": 2**32 - 1},
        {"service_tier": "flex"},
        {"generate_audio": False},
        {"camera_fixed": True},
        {"execution_expires_after": 3600},
        {"callback_url": "http://example.com:8080/hook?x=1"},
        {"something_new": {"of": "others"}},
        {"duration": None, "frames": None, "callback_url": None, "tools": None},
    ],
)
def test_a_good_value_is_taken(values):
    assert ark(**values).model.name == "1.0-pro"


def test_the_provider_s_defaults_differ_by_model_mode_and_wire():
    pro = ark()
    assert (pro.resolution, pro.ratio, pro.duration, pro.generate_audio) == ("1080p", "16:9", 5, False)
    assert ark(FIRST).ratio == "adaptive"
    newer = ark(model="2.0")
    assert (newer.resolution, newer.ratio, newer.generate_audio) == ("720p", "adaptive", True)
    same = acedata(model="2.0")
    assert (same.ratio, same.generate_audio) == ("16:9", False)
    assert ark(REFERENCE, model="1.0-lite-i2v").ratio == "16:9"


@pytest.mark.parametrize("model", list(catalogue().models))
def test_each_model_takes_exactly_its_modes(model):
    about = catalogue().models[model]
    contents = {
        "text": (),
        "first_frame": (FIRST,),
        "first_last_frame": (FIRST, LAST),
        "references": (REFERENCE,),
    }
    for mode, content in contents.items():
        if mode in about.modes:
            asked = ark(*content, model=model)
            assert asked.mode == mode
            for resolution in about.resolutions_in(mode):
                assert ark(*content, model=model, resolution=resolution).resolution == resolution
        else:
            assert refused(ark, *content, model=model) == ("InvalidParameter", "content")


def test_images_must_fit_together():
    assert ark(image()).first_frame.url == URL
    assert refused(ark, image(), image()) == ("InvalidParameter", "content[1].role")
    for content in ((LAST,), (FIRST, FIRST), (FIRST, LAST, LAST), (FIRST, REFERENCE)):
        assert refused(ark, *content, model="2.0") == ("InvalidParameter", "content")
    assert refused(ark, image("middle_frame")) == ("InvalidParameter", "content[1].role")
    assert ark(*[REFERENCE] * 9, model="2.0").mode == "references"
    assert refused(ark, *[REFERENCE] * 10, model="2.0") == ("InvalidParameter", "content")
    assert ark(*[REFERENCE] * 30, model="2.5").mode == "references"
    assert refused(ark, REFERENCE, model="1.0-lite-i2v", resolution="1080p") == ("InvalidParameter", "resolution")


def test_what_newer_models_refuse():
    unsupported = "InvalidParameter.UnsupportedParameter"
    assert refused(ark, model="2.0", service_tier="flex") == (unsupported, "service_tier")
    assert refused(ark, model="2.0", frames=57) == (unsupported, "frames")
    assert refused(ark, FIRST, model="2.0", camera_fixed=True) == (unsupported, "camera_fixed")
    assert refused(ark, FIRST, model="2.5", ratio="16:9") == ("InvalidParameter.TaskTypeConstraint", "ratio")
    assert ark(FIRST, model="2.5").ratio == ark(FIRST, model="2.5", ratio="adaptive").ratio == "adaptive"
    assert ark(model="2.5", ratio="16:9", duration=30).duration == 30
    assert ark(model="2.5", duration=-1).duration == -1
    assert refused(ark, model="2.0", duration=16) == ("InvalidParameter", "duration")


def test_where_sources_differ_it_is_taken():
    assert acedata(FIRST, LAST, model="1.0-pro-fast").mode == "first_last_frame"
    assert refused(ark, FIRST, LAST, model="1.0-pro-fast") == ("InvalidParameter", "content")
    assert acedata(model="1.0-lite-t2v", resolution="1080p").resolution == "1080p"


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        (None, "InvalidParameter", "body"),
        ([], "InvalidParameter", "body"),
        ({}, "MissingParameter.model", "model"),
        ({"model": 5}, "InvalidParameter", "model"),
        ({"model": "1.0-pro"}, "InvalidEndpointOrModel.NotFound", "model"),
        ({"model": PRO}, "MissingParameter.content", "content"),
        ({"model": PRO, "content": []}, "InvalidParameter", "content"),
        ({"model": PRO, "content": "a cat"}, "InvalidParameter", "content"),
        ({"model": PRO, "content": ["a cat"]}, "InvalidParameter", "content[0]"),
        ({"model": PRO, "content": [{"type": "text"}]}, "InvalidParameter", "content[0].text"),
        ({"model": PRO, "content": [{"type": "text", "text": "  "}]}, "MissingParameter.content.text", "content.text"),
        ({"model": PRO, "content": [{"type": "song"}]}, "InvalidParameter", "content[0].type"),
        ({"model": PRO, "content": [{"type": "image_url"}]}, "InvalidParameter", "content[0].image_url"),
        (
            {"model": PRO, "content": [{"type": "image_url", "image_url": URL}]},
            "InvalidParameter",
            "content[0].image_url",
        ),
    ],
)
def test_a_body_of_the_wrong_shape(body, code, param):
    with pytest.raises(Refusal) as refusal:
        validate_ark(body)
    assert (refusal.value.code, refusal.value.param) == (code, param)


def test_an_image_needs_no_words_beside_it():
    assert validate_ark({"model": PRO, "content": [FIRST]}).prompt == ""


def test_half_a_character_is_refused():
    assert refused(ark, {"type": "text", "text": "a \ud83d cat"}) == ("InvalidParameter", "content[1].text")


def broken(data):
    return data[: len(data) // 2]


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("", "InvalidImageURL.EmptyURL"),
        ("file:///etc/passwd", "InvalidImageURL.InvalidFormat"),
        ("javascript:alert(1)", "InvalidImageURL.InvalidFormat"),
        ("/tmp/a.png", "InvalidImageURL.InvalidFormat"),
        ("https://", "InvalidImageURL.InvalidFormat"),
        ("http://[", "InvalidImageURL.InvalidFormat"),
        ("https://example.com/a b.png", "InvalidImageURL.InvalidFormat"),
        ("data:image/png;base64,", "InvalidImageURL.InvalidFormat"),
        ("data:image/PNG;base64,aGVsbG8=", "InvalidImageURL.InvalidFormat"),
        ("data:text/plain;base64,aGVsbG8=", "InvalidImageURL.InvalidFormat"),
        ("data:image/png,rawdata", "InvalidImageURL.InvalidFormat"),
        ("data:image/png;base64,aGVs\nbG8=", "InvalidImageURL.InvalidFormat"),
        ("data:image/png;base64,aGVsbG8=", "InvalidImageURL.InvalidFormat"),
        (data_uri(broken(picture())), "InvalidImageURL.InvalidFormat"),
        (data_uri(broken(picture(kind="JPEG")), "jpeg"), "InvalidImageURL.InvalidFormat"),
        (data_uri(picture(kind="ICO", width=256, height=256), "x-icon"), "InvalidImageURL.InvalidFormat"),
        (data_uri(picture(299, 299)), "InvalidParameter"),
        (data_uri(picture(6001, 3000)), "InvalidParameter"),
        (data_uri(picture(1000, 399)), "InvalidParameter"),
        (data_uri(picture(399, 1000)), "InvalidParameter"),
    ],
)
def test_an_image_that_cannot_be_used_is_refused_with_its_place(url, code):
    assert refused(ark, image("first_frame", url)) == (code, "content[1].image_url.url")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF"])
def test_every_listed_format_is_taken(kind):
    taken = ark(image("first_frame", data_uri(picture(640, 480, kind), kind.lower()))).first_frame
    assert (taken.format, taken.width, taken.height) == (kind.lower(), 640, 480)
    assert kind.lower() in rules().images.formats


@pytest.mark.parametrize(("width", "height"), [(300, 300), (6000, 6000), (1000, 400), (400, 1000)])
def test_sides_and_shapes_at_their_ends_are_taken(width, height):
    assert ark(image("first_frame", data_uri(picture(width, height)))).first_frame.width == width


def test_too_many_bytes_are_refused():
    data = picture() + b"\0" * rules().images.max_bytes
    assert refused(ark, image("first_frame", data_uri(data)))[0] == "InvalidParameter"


def test_heic_is_taken_by_the_models_that_list_it():
    heic = b"\0\0\0\x18ftypheic" + b"\0" * 64
    uri = f"data:image/heic;base64,{base64.b64encode(heic).decode()}"
    assert ark(image("first_frame", uri), model="2.0").first_frame.format == "heic"
    assert refused(ark, image("first_frame", uri)) == ("InvalidImageURL.InvalidFormat", "content[1].image_url.url")


def test_library_images_are_for_the_models_that_take_them():
    asset = image("first_frame", "asset://asset-1")
    assert ark(asset, model="2.0").first_frame.url == "asset://asset-1"
    assert refused(ark, asset)[1] == "content[1].image_url.url"
    assert refused(acedata, asset, model="2.0")[1] == "content[1].image_url.url"


def test_acedata_s_own_rules():
    assert acedata(**{"async": True}).provider == "acedata"
    assert refused(acedata, **{"async": "yes"}) == ("InvalidParameter", "async")
    assert refused(acedata, {"type": "text", "text": "x" * 1001}) == ("InvalidParameter", "content[1].text")
    assert refused(acedata, image("first_frame") | {"detail": "high"}) == ("InvalidParameter", "content[1].detail")
    assert ark(image("first_frame") | {"detail": "high"}).mode == "first_frame"
    assert acedata(camerafixed=True).camera_fixed is True
