"""How a picture fits a video: the output's pixels, and the part of an image that is kept."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from seedance_widgets.catalog import ADAPTIVE

if TYPE_CHECKING:
    from seedance_widgets.catalog import Model
    from seedance_widgets.request.images import ImageFacts

# "Exactly the frame's own ratio" is kept where whole even sides allow it within this share of the listed area.
_AREA_TOLERANCE = 0.02


def output_size(
    model: Model, resolution: str, ratio: str, first_frame_facts: ImageFacts | None = None
) -> tuple[int, int, str] | None:
    """The video's width and height in pixels, and its ratio as the provider reports it.

    `adaptive` follows the first frame in one of two ways. Most models take the listed ratio nearest to it, measured by
    the logarithm (INFERENCE: no rule is published). 2.5 keeps the frame's own shape on the area of the listed 16:9
    size: exactly where even sides come within 2 % of that area, else with both sides rounded to even numbers; its
    reported ratio is that of the sides, reduced. That gives the published captures 480 x 854 (`240:427`) and
    1080 x 1920 (`9:16`) of one 9:16 frame, and plain ratios such as `5:4`.

    Returns:
        None where it cannot be known: an unlisted resolution or ratio, or `adaptive` without a frame of known size.
    """
    table = model.sizes.get(resolution)
    if table is None:
        return None
    if ratio != ADAPTIVE:
        return (*table[ratio], ratio) if ratio in table else None
    if first_frame_facts is None or not first_frame_facts.width or not first_frame_facts.height:
        return None
    if model.adaptive_shape == "own":
        landscape = table["16:9"]
        return _own_shape(first_frame_facts.width, first_frame_facts.height, landscape[0] * landscape[1])
    nearest = nearest_ratio(tuple(table), first_frame_facts.width / first_frame_facts.height)
    return (*table[nearest], nearest)


def nearest_ratio(ratios: tuple[str, ...], aspect: float) -> str:
    """The ratio, written `16:9`, that is nearest to `aspect` = width / height."""
    return min(ratios, key=lambda ratio: abs(math.log(aspect_of(ratio) / aspect)))


def aspect_of(ratio: str) -> float:
    """Width / height of a ratio written `16:9`."""
    width, height = ratio.split(":")
    return int(width) / int(height)


def centre_crop(width: int, height: int, target_width: int, target_height: int) -> tuple[int, int, int, int]:
    """The part of a `width` x `height` image that fills a target shape: cut at both edges alike, never padded.

    Returns:
        (x, y, width, height) in pixels of the image; rounded to whole pixels, as no rounding is published.
    """
    if width * target_height < height * target_width:  # narrower than the target: keep the width
        kept = max(1, round(width * target_height / target_width))
        return 0, (height - kept) // 2, width, kept
    kept = min(width, max(1, round(height * target_width / target_height)))
    return (width - kept) // 2, 0, kept, height


def _own_shape(width: int, height: int, area: int) -> tuple[int, int, str]:
    divisor = math.gcd(width, height)
    across, down = width // divisor, height // divisor
    scale = 2 * round(math.sqrt(area / (across * down)) / 2)
    if scale and abs(across * down * scale * scale / area - 1) <= _AREA_TOLERANCE:
        sides = across * scale, down * scale
    else:
        exact_height = math.sqrt(area * height / width)
        sides = _even(exact_height * width / height), _even(exact_height)
    divisor = math.gcd(*sides)
    return (*sides, f"{sides[0] // divisor}:{sides[1] // divisor}")


def _even(value: float) -> int:
    return max(2, 2 * round(value / 2))
