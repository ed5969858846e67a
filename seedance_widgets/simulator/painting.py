"""A landscape painted from a prompt, for simulated videos that start from words alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from seedance_widgets.simulator.motion import dice_for

if TYPE_CHECKING:
    from random import Random

    from numpy.typing import NDArray

    Plane = NDArray[np.float32]

# Painted this large at most, then enlarged: shapes are soft, and a 4k picture costs no more than a small one.
_LONG_SIDE = 720

_DARK = 80  # a sky whose three channels add up to less is a night sky

# (words, sky at the top, sky half way, sky at the horizon, sun or moon, land near the viewer)
_LIGHTS: tuple[tuple[str, tuple[tuple[int, int, int], ...]], ...] = (
    (
        r"night|midnight|moon|star|space|galaxy|夜|星|月",
        ((6, 10, 34), (18, 30, 74), (64, 84, 128), (240, 240, 226), (6, 10, 20)),
    ),
    (
        r"sunset|sunrise|dusk|dawn|evening|golden|autumn|desert|日落|日出|黄昏|傍晚|清晨|沙漠",
        ((34, 40, 98), (164, 92, 118), (255, 178, 112), (255, 232, 178), (26, 18, 34)),
    ),
    (
        r"fog|mist|rain|storm|snow|winter|ice|雾|雨|雪|冬",
        ((92, 112, 134), (150, 168, 182), (214, 220, 222), (246, 244, 236), (44, 56, 66)),
    ),
    (
        r"\bday|noon|summer|spring|sunny|blue|forest|meadow|garden|晴|白天|夏|春|森林|花",
        ((44, 112, 196), (122, 180, 230), (236, 232, 208), (255, 250, 224), (26, 62, 48)),
    ),
)
_GROUNDS: tuple[tuple[str, str], ...] = (
    (r"sea|ocean|water|lake|river|beach|boat|ship|wave|lighthouse|island|海|湖|河|浪|船|灯塔|岛", "water"),
    (r"city|street|town|building|skyline|tower|tokyo|shanghai|neon|城|街|楼|塔", "city"),
    (r"mountain|peak|alps|cliff|canyon|山|峰", "peaks"),
    (r"forest|meadow|field|garden|hill|desert|dune|森林|草|田|花|沙", "hills"),
)


def paint(prompt: str, seed: int, width: int, height: int) -> Image.Image:
    """Paint sky, light and land as the prompt's words suggest; without any such word the dice choose.

    Returns:
        An RGB picture of `width` x `height` pixels, the same for the same arguments.
    """
    dice = dice_for("painting", prompt, seed)
    scale = min(1.0, _LONG_SIDE / max(width, height))
    size = max(2, round(width * scale)), max(2, round(height * scale))
    lights, grounds = [colours for _, colours in _LIGHTS], [name for _, name in _GROUNDS]
    colours = np.array(_by_words(_LIGHTS, prompt) or dice.choice(lights), np.float32)
    ground = _by_words(_GROUNDS, prompt) or dice.choice(grounds)
    top, half, low, lamp, land = colours
    across, down = size
    x = np.linspace(0, across / down, across, dtype=np.float32)[None, :]
    y = np.linspace(0, 1, down, dtype=np.float32)[:, None]
    horizon = dice.uniform(0.56, 0.66)
    picture = _sky(x, y, horizon, (top, half, low))
    night = bool(top.sum() < _DARK)
    if night:
        _stars(picture, dice, horizon)
    sun = dice.uniform(0.25, 0.75) * across / down, horizon * dice.uniform(0.42, 0.8)
    _clouds(picture, dice, y / horizon, low)
    line = round(horizon * down)
    mirror = picture[line - 1 :: -1][: down - line].copy() if ground == "water" else None
    _lamp(picture, x, y, sun, lamp)
    if mirror is not None:
        _water(picture, mirror, x, y, horizon, sun, lamp, dice)
    elif ground == "city":
        _city(picture, y, horizon, low, land, dice, lit=night)
    else:
        _ridges(picture, x, y, horizon, low, land, dice, sharp=ground == "peaks")
    painted = Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8))
    return painted if painted.size == (width, height) else painted.resize((width, height), Image.Resampling.BICUBIC)


def _by_words(table: tuple[tuple[str, Any], ...], prompt: str) -> Any:
    return next((value for pattern, value in table if re.search(pattern, prompt, re.IGNORECASE)), None)


def _lay(picture: Plane, cover: Plane, colour: Any) -> None:
    """Cover `picture` (height, width, 3) with `colour` where `cover` (broadcast to height, width) is 1."""
    for channel, value in enumerate(colour):
        layer = value - picture[..., channel]
        layer *= cover
        picture[..., channel] += layer


def _sky(x: Plane, y: Plane, horizon: float, colours: tuple[Plane, Plane, Plane]) -> Plane:
    levels = np.clip(y[:, 0] / horizon, 0, 1)
    rows = np.stack([np.interp(levels, (0, 0.55, 1), [colour[k] for colour in colours]) for k in range(3)], axis=1)
    return np.repeat(rows[:, None, :].astype(np.float32), x.shape[1], axis=1)


def _noise(dice: Random, shape: tuple[int, int], size: tuple[int, int]) -> Plane:
    """Soft noise from 0 to 1: a few random rows and columns (`shape`), enlarged to `size` (height, width)."""
    cells = np.random.default_rng(dice.getrandbits(64)).random(shape, np.float32)
    soft = Image.fromarray(cells).resize((size[1], size[0]), Image.Resampling.BICUBIC)
    return np.array(soft, np.float32)


def _stars(picture: Plane, dice: Random, horizon: float) -> None:
    down, across = picture.shape[:2]
    for _ in range(90):
        row, column = int(dice.random() ** 1.4 * horizon * down), dice.randrange(across)
        picture[row : row + 2, column : column + 2] += dice.uniform(40, 150)


def _clouds(picture: Plane, dice: Random, level: Plane, colour: Plane) -> None:
    sky = picture[: int(np.searchsorted(level[:, 0], 1.15))]
    soft = _noise(dice, (5, 6), sky.shape[:2])
    soft += 0.5 * _noise(dice, (12, 11), sky.shape[:2])
    soft += 0.25 * _noise(dice, (29, 23), sky.shape[:2])
    cover = np.clip((soft - 0.92) * 1.5, 0, 0.55) * np.clip(1.15 - level[: len(sky)], 0, 1)
    _lay(sky, cover.astype(np.float32), colour * 0.7 + 72)


def _lamp(picture: Plane, x: Plane, y: Plane, at: tuple[float, float], colour: Plane) -> None:
    distance = np.sqrt((x - at[0]) ** 2 + (y - at[1]) ** 2)
    _lay(picture, np.float32(0.55) * np.exp(-distance / np.float32(0.16)), colour)
    _lay(picture, np.clip((0.062 - distance) * 300, 0, 1), colour)


def _water(
    picture: Plane,
    mirror: Plane,
    x: Plane,
    y: Plane,
    horizon: float,
    sun: tuple[float, float],
    lamp: Plane,
    dice: Random,
) -> None:
    down, across = picture.shape[:2]
    line = down - len(mirror)
    depth = (y[line:] - horizon) / (1 - horizon)
    # The sky upside down, darker and bluer with depth, broken by waves that grow towards the viewer.
    picture[line:] = mirror * (0.62 - 0.3 * depth[..., None]) + np.array((4, 14, 28), np.float32)
    waves = _noise(dice, (90, 14), (down - line, across)) + 0.6 * _noise(dice, (46, 9), (down - line, across)) - 0.8
    picture[line:] += (waves * (10 + 22 * depth))[..., None]
    path = np.exp(-(((x - sun[0]) / (0.05 + 0.22 * depth)) ** 2)) * np.clip(waves * 3.4, 0, 1) * (1 - 0.35 * depth)
    _lay(picture[line:], (0.85 * path).astype(np.float32), lamp)
    far = horizon - 0.012 - 0.03 * np.clip(np.sin(x * dice.uniform(2, 4) + dice.uniform(0, 6)), 0, 1)
    cover = np.clip((y[:line] - far) * down, 0, 1)
    _lay(picture[:line], 0.75 * cover, picture[0, 0] * 0.6 + 14)


def _ridges(
    picture: Plane, x: Plane, y: Plane, horizon: float, low: Plane, land: Plane, dice: Random, *, sharp: bool
) -> None:
    down = picture.shape[0]
    layers = 5
    for layer in range(layers):
        near = (layer + 1) / layers
        ridge = np.zeros_like(x)
        for octave in range(5):
            wave = x * dice.uniform(1.6, 2.6) * 2**octave + dice.uniform(0, 7)
            shape = 1 - 2 * np.abs(np.sin(wave)) if sharp else np.sin(wave)
            ridge += shape * 0.55**octave
        line = horizon - 0.06 + 0.3 * near**1.4 - ridge * (0.075 if sharp else 0.04) * (1.3 - 0.7 * near)
        head = max(0, int(line.min() * down) - 1)
        below = y[head:] - line
        colour = land * near + (low * 0.72 + land * 0.28) * (1 - near)
        haze = np.clip(1 - below / 0.28, 0.25, 1) * np.float32((1 - near) * 0.35)
        cover = np.clip(below * down, 0, 1)
        _lay(picture[head:], cover, colour)
        _lay(picture[head:], cover * haze, low)


def _city(picture: Plane, y: Plane, horizon: float, low: Plane, land: Plane, dice: Random, *, lit: bool) -> None:
    down, across = picture.shape[:2]
    lamps = np.array((255, 214, 140), np.float32)
    for layer in range(3):
        near = (layer + 1) / 3
        colour = land * near + (low * 0.6 + land * 0.4) * (1 - near)
        left = 0
        while left < across:
            right = left + round(down * dice.uniform(0.04, 0.1) * (0.7 + near))
            head = round(down * (horizon + 0.12 * near - dice.uniform(0.05, 0.36) * (0.75 + 0.4 * near)))
            picture[head:, left:right] = colour
            if layer:
                step = max(4, round(down * 0.016 * (0.6 + near)))
                for row in range(head + step, down, 2 * step):
                    for column in range(left + step, right - step, 2 * step):
                        if dice.random() < (0.45 if lit else 0.2):
                            picture[row : row + step, column : column + step // 2 + 1] += (lamps - colour) * (
                                0.8 * near
                            )
            left = right + dice.randrange(1, 6)
    cover = np.clip((y - 0.82) / 0.18, 0, 0.7)
    _lay(picture, np.broadcast_to(cover, (down, across)), np.float32(0.6) * land)
