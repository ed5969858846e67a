"""A band of warm light that drifts over a simulated video: what moves even where the camera stands still."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from seedance_widgets.simulator.motion import dice_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Plane = NDArray[np.uint8]

_WHITE = 235  # the largest luma of video range
_TINT = 0.14  # how far the colour planes follow the luma


class DriftingLight:
    """A soft diagonal band that enters the picture, crosses it, and leaves it where the last frame must be exact.

    Its brightness depends on x + y (or x - y) alone, so one row of numbers serves the whole picture: each line of
    pixels reads it one step further on. That is what makes it cheap enough for every frame.

    Args:
        width: Of the picture, in pixels.
        height: Of the picture, in pixels.
        strength: Luma levels added in the middle of the band.
        leaves: Whether it is gone again at the end.
    """

    def __init__(self, prompt: str, seed: int, width: int, height: int, *, strength: int, leaves: bool) -> None:
        dice = dice_for("light", prompt, seed)
        self._falling = dice.random() < 0.5  # noqa: PLR2004 - a coin
        self._span = width + height
        self._reach = 3.2 * (sigma := self._span * dice.uniform(0.11, 0.15))
        self._end = self._span + self._reach if leaves else self._span * dice.uniform(0.5, 0.7)
        self._luma = _profile(self._span, self._reach, sigma, strength)
        self._room = _WHITE - self._luma
        self._chroma = _profile(self._span // 2, self._reach / 2, sigma / 2, strength * _TINT)
        self._chroma_room = 255 - self._chroma

    def shine(self, planes: Sequence[Plane], time: float) -> None:
        """Light the Y, U and V planes, in place, as they are at `time` from 0 to 1."""
        centre = -self._reach + (self._end + self._reach) * time
        luma, blue, red = planes
        np.minimum(luma, self._seen(self._room, luma, centre), out=luma)
        np.add(luma, self._seen(self._luma, luma, centre), out=luma)
        warmth = self._seen(self._chroma, red, centre / 2)
        np.minimum(red, self._seen(self._chroma_room, red, centre / 2), out=red)
        np.add(red, warmth, out=red)
        np.maximum(blue, warmth, out=blue)
        np.subtract(blue, warmth, out=blue)

    def _seen(self, profile: Plane, plane: Plane, centre: float) -> Plane:
        # Always from left to right, one byte at a time: NumPy is ten times as fast that way.
        height, width = plane.shape
        start = (len(profile) - 1) // 2 - round(centre)
        start, step = (start, 1) if self._falling else (start + height - 1, -1)
        return np.lib.stride_tricks.as_strided(profile[start:], (height, width), (step, 1), writeable=False)


def _profile(span: int, reach: float, sigma: float, strength: float) -> Plane:
    # Long enough for every window: it starts at most span + reach left of the middle, and ends as far to the right.
    half = math.ceil(span + reach) + 4
    distance = np.arange(-half, half + 1, dtype=np.float64)
    band = np.where(np.abs(distance) < reach - 2, np.exp(-0.5 * (distance / sigma) ** 2), 0.0)
    return np.rint(strength * band).astype(np.uint8)
