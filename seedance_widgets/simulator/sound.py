"""The sound of a simulated video: a soft chord that prompt and seed choose."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from seedance_widgets.simulator.motion import dice_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

RATE = 48_000
_FADE_SECONDS = 0.5
_CHORDS = ((0, 7, 12, 16), (0, 7, 12, 15), (0, 5, 12, 17), (0, 7, 14, 16), (0, 7, 10, 15))  # semitones above the root


def chord_blocks(prompt: str, seed: int, samples: int) -> Iterator[NDArray[np.float32]]:
    """The whole sound in blocks of one second.

    Args:
        prompt: Chooses root and chord.
        seed: The same.
        samples: How many there are at 48,000 a second.

    Yields:
        Arrays of shape (2, up to 48000), left and right, from -1 to 1.
    """
    dice = dice_for("sound", prompt, seed)
    root = 110.0 * 2 ** (dice.randrange(12) / 12)
    notes = [root * 2 ** (semitone / 12) for semitone in dice.choice(_CHORDS)]
    voices = [(hertz, dice.uniform(0.06, 0.17), dice.uniform(0, math.tau), dice.uniform(0.25, 0.75)) for hertz in notes]
    fade = min(_FADE_SECONDS * RATE, samples / 2)
    for start in range(0, samples, RATE):
        index = np.arange(start, min(start + RATE, samples), dtype=np.float32)
        within = (index - start) / np.float32(RATE)  # single precision is enough, as each second starts anew
        block = np.zeros((2, len(index)), np.float32)
        for hertz, swell, phase, side in voices:
            angle = _turn(hertz, start) + np.float32(math.tau * hertz) * within
            tone = np.sin(angle) + np.float32(0.25) * np.sin(2 * angle + np.float32(phase))
            tone *= np.float32(0.7) + np.float32(0.3) * np.sin(_turn(swell, start) + math.tau * swell * within)
            block[0] += tone * np.float32(1 - side)
            block[1] += tone * np.float32(side)
        block *= np.float32(0.09) * np.clip(np.minimum(index, samples - 1 - index) / np.float32(fade), 0, 1)
        yield block


def _turn(hertz: float, start: int) -> np.float32:
    """The angle of a wave at sample `start`, in radians below a full turn."""
    return np.float32(math.tau * math.fmod(hertz * start / RATE, 1.0))
