"""The small words at the edges of a simulated video."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from numpy.typing import NDArray

_HEIGHT = 0.034  # of the picture's shorter side


class Mark:
    """A small word in the middle of the upper edge, or in the lower right corner.

    Light letters with a faint dark edge are legible on any ground; it is so small and faint that a frame stays within
    30 dB of its picture.
    """

    def __init__(self, text: str, width: int, height: int, *, corner: bool) -> None:
        size = max(11, round(_HEIGHT * min(width, height)))
        font = ImageFont.load_default(size)
        edge = max(1, size // 14)
        box = list(font.getbbox(text, stroke_width=edge))
        box[1::2] = font.getbbox("Ag", stroke_width=edge)[1::2]  # every word on the same line
        x0, y0, x1, y1 = (round(value) for value in box)
        at, shape = (-x0, -y0), (x1 - x0, y1 - y0)
        letters, outline = Image.new("L", shape), Image.new("L", shape)
        ImageDraw.Draw(letters).text(at, text, font=font, fill=140)
        ImageDraw.Draw(outline).text(at, text, font=font, fill=70, stroke_width=edge, stroke_fill=70)
        light, dark = (np.asarray(mask, np.float32) / 255 for mask in (letters, outline))
        self._kept = (1 - light) * (1 - dark)
        self._added = 16 * dark * (1 - light) + 235 * light
        gap = round(0.8 * size)
        left = width - gap - shape[0] if corner else (width - shape[0]) // 2
        top = height - gap - shape[1] if corner else gap
        self._place = np.s_[top : top + shape[1], left : left + shape[0]]

    def stamp(self, luma: NDArray[np.uint8]) -> None:
        """Draw the word into a Y plane."""
        part = luma[self._place]
        part[...] = np.rint(part * self._kept + self._added)
