"""What a simulated video shows: input images as pictures of its exact size, and references blended into one."""

from __future__ import annotations

import math
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageFilter, ImageOps, UnidentifiedImageError

from seedance_widgets.request.framing import centre_crop
from seedance_widgets.simulator.motion import dice_for

if TYPE_CHECKING:
    from collections.abc import Sequence

_PALETTE_SIDE = 64  # a picture this small tells its colours


class UnreadablePicture(ValueError):
    """These bytes cannot be decoded as a picture."""


def fit_picture(data: bytes, width: int, height: int) -> Image.Image:
    """Decode an image and cut it to the video's shape: upright, flattened, centre-cropped, never padded.

    Args:
        data: An encoded image of any mode and depth.
        width: Of the video, in pixels.
        height: Of the video, in pixels.

    Returns:
        RGB, of its own size; only its shape is that of `width` x `height`.

    Raises:
        UnreadablePicture: The bytes are no picture, or are damaged.
    """
    picture = _decode(data)
    return picture.crop(_kept(picture, width, height))


def blend_references(references: Sequence[bytes], prompt: str, seed: int, width: int, height: int) -> Image.Image:
    """One picture in which every reference can be found: the first fills it, the others are laid over it softly.

    Colours are drawn towards what all references share, so that they look like parts of one scene.

    Raises:
        UnreadablePicture: One of them is no picture.
    """
    pictures = [_decode(data) for data in references]
    palettes = [_palette(picture) for picture in pictures]
    shared = np.mean(palettes, axis=0)
    scene = _tone(_cut(pictures[0], width, height), palettes[0], shared)
    dice = dice_for("references", prompt, seed)
    others = list(zip(pictures[1:], palettes[1:], strict=True))
    if not others:
        return scene
    columns = min(len(others), max(1, round(math.sqrt(len(others) * width / height))))
    rows = math.ceil(len(others) / columns)
    side = min(width / (columns - 0.1), 1.15 * height / rows)
    for index, (picture, palette) in enumerate(others):
        row, column = divmod(index, columns)
        in_row = min(columns, len(others) - row * columns)
        size = max(8, round(side * dice.uniform(0.9, 1.05)))
        centre_x = width * (column + 0.5) / in_row + dice.uniform(-0.06, 0.06) * side
        centre_y = height * (row + 0.5) / rows + dice.uniform(-0.06, 0.06) * side
        layer = _tone(_cut(picture, size, size), palette, shared)
        scene.paste(layer, (round(centre_x - size / 2), round(centre_y - size / 2)), _soft_disc(size))
    return scene


def _decode(data: bytes) -> Image.Image:
    try:
        with Image.open(BytesIO(data)) as opened:
            opened.load()
            return _flatten(ImageOps.exif_transpose(opened))
    except UnidentifiedImageError:
        return _decode_as_film(data)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise UnreadablePicture(f"the image cannot be decoded: {error}") from error


def _decode_as_film(data: bytes) -> Image.Image:
    """HEIC is a still film to FFmpeg, and unknown to Pillow."""
    import av  # noqa: PLC0415 - only for the formats that Pillow does not know

    try:
        with av.open(BytesIO(data)) as container:
            stills: Any = container
            picture: Image.Image = next(stills.decode(video=0)).to_image()
            return picture
    except (av.FFmpegError, StopIteration, IndexError, ValueError) as error:
        raise UnreadablePicture("the image cannot be decoded: its format is not known.") from error


def _flatten(picture: Image.Image) -> Image.Image:
    """Any mode as RGB: 16 bits scaled to 8, floats from 0 to 1, transparency over white."""
    if picture.mode in {"I", "F"} or picture.mode.startswith("I;16"):
        values: Any = np.nan_to_num(np.asarray(picture).astype(np.float32))
        # 32-bit modes do not say what white is: the smallest usual white that covers the brightest pixel.
        usual = (65535.0,) if picture.mode.startswith("I;16") else (1.0, 255.0, 65535.0)
        brightest = values.max(initial=0)
        white = next((one for one in usual if brightest <= one), brightest)
        return Image.fromarray(np.clip(values * (255.0 / white), 0, 255).astype(np.uint8)).convert("RGB")
    if picture.has_transparency_data:
        seen = picture.convert("RGBA")
        paper = Image.new("RGBA", seen.size, "white")
        return Image.alpha_composite(paper, seen).convert("RGB")
    return picture.convert("RGB")


def _cut(picture: Image.Image, width: int, height: int) -> Image.Image:
    box = _kept(picture, width, height)
    return picture.resize((width, height), Image.Resampling.LANCZOS, box=box, reducing_gap=2.0)


def _kept(picture: Image.Image, width: int, height: int) -> tuple[int, int, int, int]:
    x, y, kept_width, kept_height = centre_crop(picture.width, picture.height, width, height)
    return x, y, x + kept_width, y + kept_height


def _palette(picture: Image.Image) -> Any:
    """Mean and spread of the three colour channels, shape (2, 3)."""
    small = np.asarray(picture.resize((_PALETTE_SIDE, _PALETTE_SIDE), Image.Resampling.BOX), np.float32)
    return np.stack([small.mean(axis=(0, 1)), small.std(axis=(0, 1)) + 1.0])


def _tone(picture: Image.Image, own: Any, shared: Any) -> Image.Image:
    """Half way from the picture's own colours to the shared ones."""
    gain = np.clip(shared[1] / own[1], 0.6, 1.6) ** 0.5
    offset = own[0] + 0.5 * (shared[0] - own[0]) - own[0] * gain
    table = np.clip(np.arange(256)[None, :] * gain[:, None] + offset[:, None], 0, 255).astype(np.uint8)
    return picture.point([int(value) for value in table.ravel()])


def _soft_disc(side: int) -> Image.Image:
    small = Image.new("L", (96, 96), 0)
    small.paste(225, (22, 22, 74, 74))
    return small.filter(ImageFilter.GaussianBlur(10)).resize((side, side), Image.Resampling.BICUBIC)
