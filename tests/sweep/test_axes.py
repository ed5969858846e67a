"""Axes: which values make which cells, and a sentence for what cannot be one."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import seedance_widgets as sw
from seedance_widgets.errors import SweepError
from seedance_widgets.sweep import arguments
from seedance_widgets.sweep import axes as rules

BASE = sw.VideoRequest("A {mood} boat under a {sky} sky", duration=5)


def cells_of(base, axes, *, mode="product", repeats=1):
    made = rules.read_axes(base, axes, mode=mode, repeats=repeats)
    return [
        {axis.name: axis.values[i] for axis, i in zip(made, place, strict=True)}
        for place in rules.coordinates(made, mode)
    ]


def test_product_is_every_value_with_every_other_the_last_axis_the_quickest():
    assert cells_of(BASE, {"seed": range(2), "resolution": ["480p", "720p"]}) == [
        {"seed": 0, "resolution": "480p"},
        {"seed": 0, "resolution": "720p"},
        {"seed": 1, "resolution": "480p"},
        {"seed": 1, "resolution": "720p"},
    ]


def test_zip_goes_side_by_side_and_repeats_stand_beside_it():
    assert cells_of(BASE, {"seed": [1, 2], "mood": ["calm", "wild"]}, mode="zip") == [
        {"seed": 1, "mood": "calm"},
        {"seed": 2, "mood": "wild"},
    ]
    assert len(cells_of(BASE, {"mood": ["calm", "wild"]}, mode="zip", repeats=3)) == 6


@given(
    st.lists(st.integers(1, 4), min_size=0, max_size=3),
    st.integers(1, 3),
    st.sampled_from(["product", "zip"]),
)
def test_as_many_cells_as_counted_and_no_place_twice(lengths, repeats, mode):
    if mode == "zip" and len(set(lengths)) > 1:
        return
    names = ["seed", "mood", "sky"]
    axes = {name: list(range(length)) for name, length in zip(names, lengths, strict=False)}
    made = rules.read_axes(BASE, axes, mode=mode, repeats=repeats)
    places = list(rules.coordinates(made, mode))
    count = np.prod(lengths or [1]) if mode == "product" else max(lengths, default=1)
    assert len(places) == len(set(places)) == count * repeats


class Dumb:
    def __str__(self):
        raise RuntimeError("no words")

    __repr__ = __str__


@pytest.mark.parametrize(
    ("axes", "words"),
    [
        ({"resolutoin": ["480p"]}, "did you mean 'resolution'?"),
        ({"moood": ["calm"]}, "did you mean 'mood'?"),
        ({"sea": ["calm"]}, "did you mean 'seed'? To be filled in, {sea} must stand in the prompt."),
        ({"repeat": [1]}, "repeats=3"),
        ({"seed": []}, "axis 'seed' is empty"),
        ({"seed": range(0)}, "axis 'seed' is empty"),
        ({"seed": {}}, "axis 'seed' is empty"),
        ({"resolution": "720p"}, "['720p']"),
        ({"seed": 3}, "[3]"),
        ({"first_frame_url": Path("cat.png")}, "belong into a list"),
        ({"first_frame_url": np.zeros((8, 8, 3))}, "one ndarray"),
        ({"seed": range(10**7)}, "10,000,000 values"),
        ({"seed": itertools.count()}, "more than 10,000 values"),
        ({"seed": range(1000), "mood": range(100), "sky": range(100)}, "10,000,000 cells"),
        ([("seed", [1])], "must be a dict"),
        ({"seed": range(10**20)}, "more than 10,000 values"),
        ({"seed": [10**5000]}, "axis 'seed' holds a number of more than a thousand digits"),
        ({"mood": [10**5000]}, "axis 'mood' holds a number of more than a thousand digits"),
        ({"mood": [Dumb()]}, "axis 'mood' holds a Dumb that cannot be written into the prompt: RuntimeError: no words"),
        ({"mood": {Dumb()}}, "axis 'mood' could not be gone through: RuntimeError: no words"),
        ({"seed": (1 // one for one in (1, 0))}, "axis 'seed' could not be gone through: ZeroDivisionError"),
    ],
)
def test_what_cannot_be_an_axis_is_said_in_a_sentence(axes, words):
    with pytest.raises(SweepError) as caught:
        rules.read_axes(BASE, axes, mode="product", repeats=1)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"mode": "grid"}, "'product'"),
        ({"repeats": 0}, "from 1 on"),
        ({"repeats": True}, "from 1 on"),
        ({"repeats": 10**6}, "1,000,000 cells"),
    ],
)
def test_wrong_options(options, words):
    with pytest.raises(SweepError) as caught:
        rules.read_axes(BASE, {}, **{"mode": "product", "repeats": 1, **options})
    assert words in str(caught.value)


def test_zip_of_different_lengths():
    with pytest.raises(SweepError, match="seed has 3, mood has 2"):
        rules.read_axes(BASE, {"seed": range(3), "mood": ["a", "b"]}, mode="zip", repeats=1)


def test_placeholders_are_filled_in_all_at_once():
    request = rules.request_at(BASE, {"mood": "{sky}", "sky": "red"})
    assert request.prompt == "A {sky} boat under a red sky"
    assert rules.request_at(BASE, {"mood": "calm"}).prompt == "A calm boat under a {sky} sky"
    assert rules.request_at(BASE.replace(prompt="{seed}"), {"seed": 7}).prompt == "7"
    both = rules.request_at(BASE, {"prompt": "a {mood} cat", "mood": "calm"})
    assert both.prompt == "a calm cat"


def test_a_varied_length_is_not_overruled_by_the_bases_other_one():
    assert rules.request_at(BASE.replace(frames=29), {"duration": 4}).frames is None
    assert rules.request_at(BASE, {"frames": 33}).duration is None
    assert rules.request_at(BASE, {"frames": 33, "duration": 4}).duration == 4


def test_seeds_of_a_model_without_seeds_are_repeats():
    base = BASE.replace(model="2.0")
    (axis,) = rules.read_axes(base, {"seed": [11, 12]}, mode="product", repeats=1)
    assert axis.title == "repeat"
    assert axis.labels == ("1", "2")
    assert "takes no seed" in axis.note
    assert axis.index_of(12) == [1]
    assert rules.request_at(base, {"seed": 12}).seed == -1


def test_labels_are_short_and_images_have_names(png):
    made = rules.read_axes(
        BASE,
        {
            "first_frame_url": {"the cat": png, "the dog": "https://example.com/dog.png"},
            "last_frame_url": [Path("pics/end.png"), "pics/other.png", "https://example.com/a/b.png?x=1", png],
            "generate_audio": [True, False],
            "duration": [None, 5],
            "mood": ["word " * 30, 0.5],
        },
        mode="product",
        repeats=1,
    )
    labels = {axis.name: axis.labels for axis in made}
    assert labels["first_frame_url"] == ("the cat", "the dog")
    assert labels["last_frame_url"] == ("end.png", "other.png", "b.png", "image 4")
    assert labels["generate_audio"] == ("on", "off")
    assert labels["duration"] == ("none", "5")
    assert len(labels["mood"][0]) == 40
    assert labels["mood"][1] == "0.5"


def test_numbers_of_numpy_are_python_s_own():
    (axis,) = rules.read_axes(BASE, {"seed": np.arange(3)}, mode="product", repeats=1)
    assert axis.values == (0, 1, 2)
    assert all(type(value) is int for value in axis.values)


@pytest.mark.parametrize(
    ("exclude", "left"),
    [
        (None, 6),
        ({"seed": 1}, 4),
        ([{"seed": 1, "mood": "calm"}, {"mood": "wild"}], 2),
        ({"seed": [0, 1]}, 2),
        ({"seed": range(1, 9)}, 2),
        ({"seed": range(1, 2**62)}, 2),  # each value of the axis is asked, not each of the range
        ({"seed": 0, "mood": "the calm"}, 5),  # by the label that it was given
        ({"mood": ["the calm", "wild"]}, 0),
        ({"mood": []}, 6),
        ({"seed": np.int64(1)}, 4),
        ({"seed": (0, 1)}, 2),
        ({"seed": np.array([0, 1])}, 2),
        ({"seed": np.array([0, 1]), "mood": ("wild", "the calm")}, 2),
        (lambda values: values["seed"] == 2, 4),
    ],
)
def test_exclude(exclude, left):
    axes = {"seed": range(3), "mood": {"the calm": "calm", "the wild": "wild"}}
    made = rules.read_axes(BASE, axes, mode="product", repeats=1)
    out = rules.excluder(made, exclude)
    assert sum(not out(place) for place in rules.coordinates(made, "product")) == left


@pytest.mark.parametrize(
    ("name", "values", "wanted"),
    [
        ("reference_image_urls", [["a.png", "b.png"], ["c.png"]], ["a.png", "b.png"]),
        ("reference_image_urls", [["a.png", "b.png"], ["c.png"]], (Path("a.png"), "b.png")),
        ("first_frame_url", ["a.png", "b.png"], Path("a.png")),
        ("mood", [["a", "b"], "c"], ["a", "b"]),
        ("mood", [["a", "b"], "c"], ("a", "b")),
        ("mood", [("a", "b"), "c"], ["a", "b"]),
        ("mood", [Path("a"), "c"], Path("a")),
        ("mood", [np.array([1, 2]), "c"], np.array([1, 2])),
        ("seed", np.arange(1, 3), np.int64(1)),
        ("duration", [5, None], np.float64(5)),
        ("generate_audio", [True, 1], np.True_),
    ],
)
def test_a_value_is_found_as_the_axis_was_given_it(name, values, wanted):
    made = rules.read_axes(BASE, {name: values}, mode="product", repeats=1)
    assert made[0].index_of(wanted) == [0]
    out = rules.excluder(made, {name: wanted})
    assert [out(place) for place in rules.coordinates(made, "product")] == [True, False]


@pytest.mark.parametrize(
    ("exclude", "words"),
    [
        ({"sed": 1}, "did you mean 'seed'?"),
        ("seed", "a dict or a list"),
        ([3], "where a dict"),
        (7, "a dict or a list"),
        ({"seed": 30}, "exclude names a value that no cell has: 30 is not on the axis seed; it takes 0, 1, 2."),
        ({"seed": [1, "two"]}, "'two' is not on the axis seed"),
        ({"seed": range(5, 9)}, "5 is not on the axis seed"),
        ([{"seed": 1}, {"seed": None}], "None is not on the axis seed"),
    ],
)
def test_wrong_exclude(exclude, words):
    made = rules.read_axes(BASE, {"seed": range(3)}, mode="product", repeats=1)
    with pytest.raises(SweepError) as caught:
        rules.excluder(made, exclude)
    assert words in str(caught.value)


def test_a_bare_value_is_told_with_its_axis():
    (axis,) = rules.read_axes(BASE, {"seed": [-1, 7]}, mode="product", repeats=1)
    assert [axis.titled(i) for i in range(2)] == ["seed -1", "seed 7"]
    (axis,) = rules.read_axes(BASE.replace(model="2.0"), {"seed": [11, 12]}, mode="product", repeats=1)
    assert axis.titled(0) == "repeat 1"
    (axis,) = rules.read_axes(BASE, {"resolution": ["480p"]}, mode="product", repeats=1)
    assert axis.titled(0) == "480p"


def test_placeholders_in_prompts_that_have_labels_are_found():
    made = rules.read_axes(
        BASE, {"prompt": {"pets": "a {animal} sleeps"}, "animal": ["cat", "dog"]}, mode="product", repeats=1
    )
    assert [axis.name for axis in made] == ["prompt", "animal"]


@pytest.mark.parametrize("name", ["state", "video", "price", "motion", "measure_error"])
def test_a_placeholder_that_would_hide_a_column_is_refused(name):
    with pytest.raises(SweepError, match=f"would hide the column {name} of the table"):
        rules.read_axes(BASE.replace(prompt=f"a {{{name}}} boat"), {name: ["a"]}, mode="product", repeats=1)


@pytest.mark.parametrize(
    ("exclude", "words"),
    [
        (lambda values: values["sed"] == 1, "exclude raised KeyError: 'sed'. It is called with the values of a cell"),
        (lambda: 0, "exclude raised TypeError"),
        ((1 // one for one in (1, 0)), "exclude could not be gone through: ZeroDivisionError"),
    ],
)
def test_an_exclude_that_raises_is_a_sentence(exclude, words):
    with pytest.raises(SweepError) as caught:
        sw.Sweep(BASE, {"seed": [1, 2]}, exclude=exclude)
    assert words in str(caught.value)


def test_a_label_cannot_command_a_terminal_and_is_found_as_it_was_given(sim):
    odd = "\x1b[31mcalm\nand \u202ewild\ud800"
    base = BASE.replace(prompt="a {mood} sea", model="1.0-pro")
    for values in ([odd, "家"], {odd: "calm", "家": "home"}):
        sweep = sw.Sweep(base, {"mood": values}, provider=sim.provider())
        plan, cell, axis = repr(sweep.plan()), repr(sweep[0]), repr(sweep.axes[0])
        for text in (plan, cell, axis):
            assert all(line.isprintable() for line in text.splitlines()), text
        assert "家" in repr(sweep[1])
        assert sweep[{"mood": odd}].index == 0


def test_axes_from_a_studio_are_checked_like_any_others(sim):
    studio = sw.Studio()
    with pytest.raises(SweepError, match="axes must be a dict"):
        sw.Sweep.from_studio(studio, 5, seed=[1])
    assert len(sw.Sweep.from_studio(studio, None, seed=[1, 2], provider=sim).cells) == 2


@pytest.mark.parametrize(
    ("cap", "kept"), [(np.int64(2), 2.0), (np.float32(0.5), 0.5), pytest.param(10**5000, math.inf, id="huge")]
)
def test_any_number_is_an_amount_of_money(cap, kept):
    assert arguments.read_cap(cap) == kept


@pytest.mark.parametrize("cap", [pytest.param(-(10**5000), id="huge"), np.float64("nan"), "5", True, [1], Dumb()])
def test_what_is_no_amount_of_money_is_a_sentence(cap):
    with pytest.raises(SweepError, match="max_cost must be an amount of money from 0 on"):
        arguments.read_cap(cap)
