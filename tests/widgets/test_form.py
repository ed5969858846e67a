"""What the form shows: for every model at every provider, for every kind of image, and for values that are none."""

import io
import json
import math
from pathlib import Path

import PIL.Image
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import seedance_widgets as sw
from seedance_widgets.catalog import catalogue, rules
from seedance_widgets.widgets.form import SETTINGS, SLOTS_OF, form_view, problems_of, with_mode
from seedance_widgets.widgets.media import Shelf
from seedance_widgets.widgets.options import Memo, as_if
from seedance_widgets.widgets.sendable import sendable

MODELS = tuple(catalogue().models)
PROVIDERS = tuple(catalogue().providers)
MODES = tuple(SLOTS_OF)
HERE = str(Path(__file__).parent)


def view(request, mode=None, provider=None, lang="en", **more):
    mode = mode or request.mode
    made = form_view(request, mode, provider, lang, revision=1, key_of=Shelf().key_of, **more)
    assert json.loads(json.dumps(made, allow_nan=False)) == made
    json.dumps(sendable(made), ensure_ascii=False, allow_nan=False).encode()
    return made


def with_images(mode, **changes):
    return as_if(sw.VideoRequest("a boat", **changes), mode)


# ------------------------------------------------------------------------------------------------------ every model


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("model", MODELS)
def test_every_form_can_be_drawn(model, provider, lang):
    for mode in MODES:
        made = view(with_images(mode, model=model), mode, provider, lang)
        assert made["mode"] == mode
        assert set(made["values"]) == set(SETTINGS)
        for field in ("model", "resolution", "ratio", "service_tier"):
            offered = [option["value"] for option in made["options"][field]]
            assert len(set(offered)) == len(offered)
            assert str(made["values"][field]) in offered, "a menu shows what is set"


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("model", MODELS)
def test_what_is_off_says_why_and_would_be_an_error_and_what_is_on_would_be_none(model, provider):
    for mode in MODES:
        request = with_images(mode, model=model)
        options = view(request, mode, provider)["options"]
        for field in ("resolution", "ratio"):
            for option in options[field]:
                errors = [
                    one
                    for one in sw.check(request.replace(**{field: option["value"]}), provider)
                    if one.field == field and one.severity == "error"
                ]
                assert bool(errors) == bool(option["reason"]), (mode, field, option)


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("model", MODELS)
def test_a_mode_is_off_exactly_where_the_model_takes_no_such_images(model, provider):
    options = view(with_images("first_frame", model=model), "first_frame", provider)["options"]["mode"]
    fields = {"references": "reference_image_urls", "first_last_frame": "last_frame_url"}
    for option in options:
        field = fields.get(option["value"], "first_frame_url")
        found = sw.check(with_images(option["value"], model=model), provider)
        assert bool(option["reason"]) == any(one.field == field and one.severity == "error" for one in found), option
        if not option["reason"]:
            continue
        assert option["value"] not in catalogue().models[model].modes


# ------------------------------------------------------------------------------------------------------ the problems


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("model", MODELS)
def test_every_fix_cures_its_problem_and_brings_no_new_error(model, provider, mode):
    wrong = with_images(
        mode, model=model, frames=100, ratio="5:4", resolution="9k", seed=-7, service_tier="cheap", generate_audio=True
    )
    before = problems_of(wrong, mode, provider)
    errors = {(one.field, one.message) for one in before if one.severity == "error"}
    for problem in before:
        for fix in problem.fixes:
            changes = {name: value for name, value in fix.items() if name != "mode"}
            cured = wrong.replace(**changes)
            after = problems_of(cured, cured.mode, provider)
            assert (problem.field, problem.message) not in {(one.field, one.message) for one in after}, (problem, fix)
            assert {(one.field, one.message) for one in after if one.severity == "error"} <= errors, (problem, fix)


@pytest.mark.parametrize("mode", MODES)
def test_an_image_that_is_missing_is_a_problem_of_its_slot_and_the_rest_is_checked_as_if_it_were_there(mode):
    request = sw.VideoRequest("a boat", frames=100)
    found = problems_of(request, mode, None)
    missing = [one.field for one in found if one.message.startswith("form.missing_")]
    assert missing == list(SLOTS_OF[mode])
    assert [one.field for one in found if one.severity == "error" and one.field not in missing][:1] != ["prompt"]
    assert any(one.field == "frames" for one in found)
    assert "placeholder" not in json.dumps(view(request, mode))


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_no_word_of_the_form_is_a_name_of_the_table(lang):
    words = json.dumps(view(sw.VideoRequest("", frames=100, duration=3), "first_last_frame", "ark-cn", lang))
    assert '"form.' not in words
    assert '"fix.' not in words


# ---------------------------------------------------------------------------------------------------- another mode


def test_another_mode_and_back_keeps_every_image():
    one, two = sw.Image(png(), name="one.png"), sw.Image(png(), name="two.png")
    request, kept, now = sw.VideoRequest("a", first_frame_url=one, last_frame_url=two), {}, "first_last_frame"
    for mode in ("text", "references", "first_frame", "text"):
        request, kept = with_mode(request, now, mode, kept)
        now = mode
        assert not [problem for problem in problems_of(request, mode, None) if "missing" in problem.message]
    assert request.images == ()
    request, kept = with_mode(request, "text", "first_last_frame", kept)
    assert (request.first_frame_url, request.last_frame_url) == (one, two)
    request, kept = with_mode(request, "first_last_frame", "references", kept)
    assert request.references == (one, two)


def test_an_image_that_was_taken_out_does_not_come_back():
    request, kept = sw.VideoRequest("a", first_frame_url=png(), last_frame_url=png()), {}
    request, kept = with_mode(request, "first_last_frame", "first_frame", kept)
    request, kept = with_mode(request.replace(first_frame_url=None), "first_frame", "text", kept)
    request, kept = with_mode(request, "text", "first_frame", kept)
    assert request.images == ()
    request, kept = with_mode(request, "first_frame", "first_last_frame", kept)
    assert request.first_frame_url is None
    assert request.last_frame_url is not None


# -------------------------------------------------------------------------------------------------------- the cut


def png(width=400, height=300):
    data = io.BytesIO()
    PIL.Image.new("RGB", (width, height)).save(data, "PNG")
    return data.getvalue()


@settings(max_examples=60, deadline=None)
@given(
    st.integers(300, 2000),
    st.integers(300, 2000),
    st.sampled_from(rules().ratios),
    st.sampled_from(["480p", "720p", "1080p"]),
)
def test_the_cut_lies_within_the_image_in_the_middle_and_has_the_shape_of_the_video(width, height, ratio, resolution):
    request = sw.VideoRequest("a", sw.Image(png(width, height)), ratio=ratio, resolution=resolution)
    made = view(request)
    crop = made["images"]["first_frame_url"]["crop"]
    known = sw.estimate(request)
    if crop is None:
        crop = {"x": 0, "y": 0, "width": 1, "height": 1}
    assert 0 < crop["width"] <= 1
    assert 0 < crop["height"] <= 1
    assert max(crop["width"], crop["height"]) == pytest.approx(1, abs=2 / 300), "no more is cut than must be"
    assert crop["x"] == pytest.approx((1 - crop["width"]) / 2, abs=2 / width)
    assert crop["y"] == pytest.approx((1 - crop["height"]) / 2, abs=2 / height)
    shape = crop["width"] * width / (crop["height"] * height)
    assert shape == pytest.approx(known.width / known.height, rel=2 / 100)


# ---------------------------------------------------------------------------------------------------- odd values


class Cursed:
    """Nothing can be asked of it."""

    def __repr__(self):
        raise RuntimeError("no words")

    __str__ = __bool__ = __repr__

    def __eq__(self, other):
        raise RuntimeError("no comparison")

    __hash__ = None


ODD = [
    math.nan,
    math.inf,
    -1,
    10**400,
    10**5000,
    -(10**5000),
    1.5,
    True,
    "",
    "\ud800",
    "\x00",
    "x" * 100_000,
    b"bytes",
    bytearray(b"x"),
    [],
    {},
    [[None]],
    {"a": math.nan},
    object(),
    Cursed(),
    HERE,
    "asset://",
    "https://",
    "https://[::1",
    "http://[",
    "data:image/png;base64,###",
    ("https://example.com/a.png",) * 40,
    [None, 3],
]


@pytest.mark.parametrize("value", ODD, ids=range(len(ODD)))
@pytest.mark.parametrize("field", [*SETTINGS, "first_frame_url", "last_frame_url", "reference_image_urls"])
def test_whatever_a_field_holds_the_form_can_be_drawn(field, value):
    request = sw.VideoRequest("a boat").replace(**{field: value})
    for mode in MODES:
        for provider in (None, "acedata"):
            view(request, mode, provider, memo=Memo())


# ------------------------------------------------------------------------------------------------------- the options


def test_options_are_computed_anew_for_all_but_the_prompt():
    memo, image = Memo(), sw.Image(png())
    request = sw.VideoRequest("a", image)
    first = memo.options(request, "first_frame", None, "en")
    assert memo.options(request.replace(prompt="another"), "first_frame", None, "en") is first
    for changes in ({"seed": 3}, {"model": "1.5-pro"}, {"first_frame_url": sw.Image(png(300, 400))}, {"ratio": "1:1"}):
        assert memo.options(request.replace(**changes), "first_frame", None, "en") is not first
        first = memo.options(request, "first_frame", None, "en")
    assert memo.options(request, "text", None, "en") is not first
    first = memo.options(request, "first_frame", None, "en")
    assert memo.options(request, "first_frame", "acedata", "en") is not first
    first = memo.options(request, "first_frame", None, "en")
    assert memo.options(request, "first_frame", None, "zh") is not first


def test_true_is_not_one():
    memo = Memo()
    first = memo.options(sw.VideoRequest("a", seed=1), "text", None, "en")
    assert memo.options(sw.VideoRequest("a", seed=True), "text", None, "en") is not first


@pytest.mark.parametrize(
    ("resolution", "price"),
    [("480p", "¥46.00 / M tokens"), ("1080p", "¥51.00 / M tokens"), ("4k", "¥26.00 / M tokens")],
)
def test_a_model_is_offered_at_the_price_of_the_size_that_is_chosen(resolution, price):
    options = view(sw.VideoRequest("a boat", model="2.0", resolution=resolution), provider="ark")["options"]
    assert next(one for one in options["model"] if one["label"] == "2.0")["detail"].startswith(price)
