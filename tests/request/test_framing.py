from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedance_widgets.catalog import catalogue, model
from seedance_widgets.request.framing import centre_crop, nearest_ratio, output_size
from seedance_widgets.request.images import ImageFacts

SIDES = st.integers(1, 8000)


def facts(width, height):
    return ImageFacts("png", 1000, width, height)


@pytest.mark.parametrize(
    ("frame", "resolution", "expected"),
    [
        ((1080, 1920), "480p", (480, 854, "240:427")),
        ((1080, 1920), "1080p", (1080, 1920, "9:16")),
        ((1920, 1080), "720p", (1280, 720, "16:9")),
        ((1280, 1024), "720p", (1070, 856, "5:4")),
        ((1400, 1000), "720p", (1134, 810, "7:5")),
        ((1000, 1000), "480p", (640, 640, "1:1")),
    ],
)
def test_2_5_keeps_the_frames_own_shape(frame, resolution, expected):
    assert output_size(model("2.5"), resolution, "adaptive", facts(*frame)) == expected


@given(st.integers(300, 6000), st.floats(0.4, 2.5), st.sampled_from(["480p", "720p", "1080p"]))
def test_2_5_has_even_sides_and_the_listed_area_in_any_shape(height, aspect, resolution):
    width = max(1, round(height * aspect))
    across, down, ratio = output_size(model("2.5"), resolution, "adaptive", facts(width, height))
    listed = model("2.5").sizes[resolution]["16:9"]
    assert across % 2 == down % 2 == 0
    assert across * down == pytest.approx(listed[0] * listed[1], rel=0.021)
    assert across / down == pytest.approx(width / height, rel=0.006)
    left, right = (int(side) for side in ratio.split(":"))
    assert left * down == right * across
    assert math.gcd(left, right) == 1


@pytest.mark.parametrize(
    "name", [name for name, entry in catalogue().models.items() if entry.adaptive_shape == "nearest"]
)
def test_other_models_take_the_nearest_listed_ratio(name):
    for resolution, row in model(name).sizes.items():
        for ratio, size in row.items():
            assert output_size(model(name), resolution, "adaptive", facts(*size)) == (*size, ratio)


def test_nearest_is_measured_both_ways_alike():
    ratios = catalogue().rules.ratios
    middle = math.sqrt(4 / 3 * 16 / 9)
    assert nearest_ratio(ratios, middle * 0.999) == "4:3"
    assert nearest_ratio(ratios, middle * 1.001) == "16:9"
    assert nearest_ratio(ratios, 1 / middle * 1.001) == "3:4"
    assert nearest_ratio(ratios, 1 / middle * 0.999) == "9:16"
    assert nearest_ratio(ratios, 10) == "21:9"


def test_what_is_not_listed_has_no_size():
    assert output_size(model("1.0-pro"), "4k", "16:9") is None
    assert output_size(model("1.0-pro"), "720p", "2:1") is None
    assert output_size(model("1.0-pro"), "720p", "adaptive") is None
    assert output_size(model("1.0-pro"), "720p", "adaptive", ImageFacts("heic", 5, None, None)) is None


def test_the_crop_of_the_documentation():
    assert centre_crop(1000, 1000, 1280, 720) == (0, 219, 1000, 562)  # narrower: keep the width, H = W * 9 / 16
    assert centre_crop(2000, 1000, 1280, 720) == (111, 0, 1778, 1000)  # wider: keep the height, W = H * 16 / 9
    assert centre_crop(1920, 1080, 1280, 720) == (0, 0, 1920, 1080)


@given(SIDES, SIDES, SIDES, SIDES)
def test_the_crop_lies_in_the_middle_and_touches_two_edges(width, height, target_width, target_height):
    x, y, across, down = centre_crop(width, height, target_width, target_height)
    assert 1 <= across <= width
    assert 1 <= down <= height
    assert across == width or down == height
    assert 0 <= width - across - 2 * x <= 1
    assert 0 <= height - down - 2 * y <= 1
