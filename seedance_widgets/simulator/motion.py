"""How the camera moves in a simulated video: words of the prompt choose the move, the seed its details."""

from __future__ import annotations

import hashlib
import math
import re
from dataclasses import dataclass
from random import Random
from typing import NamedTuple


class Pose(NamedTuple):
    """Where the camera looks: `x`, `y` shift its window by shares of the picture, `zoom` > 1 comes closer."""

    x: float = 0.0
    y: float = 0.0
    zoom: float = 1.0


@dataclass(frozen=True, slots=True)
class Move:
    """One camera move, from rest at time 0 to its full extent at time 1.

    Args:
        x: Shift to the right, in picture widths.
        y: Shift downwards, in picture heights.
        zoom: How much closer at the end: 1.12 fills the frame with 1 / 1.12 of the picture.
        arc: Height of a swing around the path, in picture widths; 0 for a straight line.
        shake: Unsteadiness of the hand, in picture heights; 0 for a tripod.
        phase: Where the shake starts, in radians.
    """

    x: float = 0.0
    y: float = 0.0
    zoom: float = 1.0
    arc: float = 0.0
    shake: float = 0.0
    phase: float = 0.0

    def pose(self, time: float, seconds: float) -> Pose:
        """The camera at `time` from 0 to 1 of a video that lasts `seconds`."""
        eased = _ease(time)
        x = self.x * eased + self.arc * math.sin(math.pi * eased)
        y = self.y * eased
        if self.shake:
            # Three slow waves that share no common period, grown from nothing so that the first frame stays exact.
            now, grown = time * seconds, min(1.0, 3.0 * time) * self.shake
            waves = ((0.9, 0.5), (1.7, 0.3), (2.9, 0.2))
            x += grown * sum(
                part * (math.sin(rate * now * 2.1 + self.phase) - math.sin(self.phase)) for rate, part in waves
            )
            y += grown * sum(part * math.sin(rate * now * 2.6) for rate, part in waves)
        return Pose(x, y, self.zoom**eased)


STILL = Move()

# The first pattern that the prompt contains decides; Chinese words stand beside the English ones.
_WORDS: tuple[tuple[str, Move], ...] = (
    (r"locked|static (camera|shot)|tripod|camera (is )?(fixed|still)|固定|静止镜头", STILL),
    (r"zoom(s|ing)? out|pull(s|ing)? (back|out)|dolly(ing)? (out|back)|拉远|拉镜|后拉", Move(zoom=1 / 1.13)),
    (r"hand-?held|shaky|手持", Move(zoom=1.04, shake=0.011)),
    (r"orbit|arc shot|circl(es|ing) around|revolv|环绕|旋转", Move(x=0.075, zoom=1.09, arc=0.02)),
    (r"(pan|truck|track|mov|slid)(s|es|e|ning|king|ing)? (to the )?left|左移|向左|左摇", Move(x=-0.09, zoom=1.04)),
    (r"(pan|truck|track|mov|slid)(s|es|e|ning|king|ing)? (to the )?right|右移|向右|右摇", Move(x=0.09, zoom=1.04)),
    (r"tilt(s|ing)? up|crane(s)? up|ris(e|es|ing) (up|shot)|ascend|上升|上摇|向上", Move(y=-0.1, zoom=1.05)),
    (r"tilt(s|ing)? down|crane(s)? down|descend|下降|下摇|向下", Move(y=0.1, zoom=1.05)),
    (r"(push|dolly|zoom|mov)(es|e|s|ing)? (in|closer|forward)|close(s)? in|推近|推进|推镜|拉近", Move(zoom=1.16)),
    (r"\bpan(s|ning)?\b|摇镜", Move(x=0.09, zoom=1.04)),
    (r"fly|drone|aerial|航拍", Move(y=-0.06, zoom=1.12)),
)


def choose_move(prompt: str, seed: int, *, camera_fixed: bool) -> Move:
    """The move that the prompt's words ask for; without any, a gentle push whose drift depends on prompt and seed."""
    if camera_fixed:
        return STILL
    dice = dice_for("move", prompt, seed)
    asked = next((move for pattern, move in _WORDS if re.search(pattern, prompt, re.IGNORECASE)), None)
    if asked is STILL:
        return STILL
    if asked is None:
        angle = dice.uniform(0, math.tau)
        return Move(x=0.022 * math.cos(angle), y=0.022 * math.sin(angle), zoom=dice.uniform(1.07, 1.1))
    # The same words with another seed: the same move, a little quicker or slower and with another drift.
    vigour = dice.uniform(0.85, 1.15)
    return Move(
        x=asked.x * vigour + dice.uniform(-0.008, 0.008),
        y=asked.y * vigour + dice.uniform(-0.008, 0.008),
        zoom=asked.zoom**vigour,
        arc=asked.arc * dice.choice((-1, 1)),
        shake=asked.shake * vigour,
        phase=dice.uniform(0, math.tau),
    )


def dice_for(purpose: str, prompt: str, seed: int) -> Random:
    """Random numbers that are the same on every machine for the same purpose, prompt and seed."""
    text = f"{purpose}\0{seed}\0{prompt}".encode("utf-8", "surrogatepass")
    return Random(hashlib.sha256(text).digest())  # noqa: S311 - for pictures, not for secrets


def _ease(time: float) -> float:
    """Start and stop softly, with an even speed between: a quarter of the way on parabolas at either end."""
    ramp = 0.25
    speed = 1 / (1 - ramp)
    if time < ramp:
        return speed * time * time / (2 * ramp)
    if time > 1 - ramp:
        return 1 - speed * (1 - time) ** 2 / (2 * ramp)
    return speed * (time - ramp / 2)
