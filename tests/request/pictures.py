"""Image files for the tests of this folder, made in memory."""

from __future__ import annotations

import io
import struct

import numpy as np
from PIL import Image


def picture(width=640, height=360, kind="PNG", **options):
    """The bytes of an image file with a smooth gradient, so that every format has something to hold."""
    across = np.linspace(0, 255, width, dtype="uint8")
    down = np.linspace(0, 255, height, dtype="uint8")
    pixels = np.stack(
        [np.tile(across, (height, 1)), np.tile(down[:, None], (1, width)), np.full((height, width), 90)], 2
    )
    out = io.BytesIO()
    Image.fromarray(pixels.astype("uint8")).save(out, kind, **options)
    return out.getvalue()


def png_header(width, height, length=0):
    """A PNG that claims any size without holding the pixels: enough for whoever reads headers only."""
    ihdr = struct.pack(">I4sIIBBBBBI", 13, b"IHDR", width, height, 8, 2, 0, 0, 0, 0)
    filler = struct.pack(">I4s", length, b"teXt") + b"\0" * length + b"\0" * 4
    return b"\x89PNG\r\n\x1a\n" + ihdr + filler + struct.pack(">I4sI", 0, b"IEND", 0xAE426082)


def heic(width, height, brand=b"heic"):
    """The boxes of a HEIC file that say what it is and how large, with a small tile before the picture's own size."""
    ispe = b"".join(struct.pack(">I4sIII", 20, b"ispe", 0, *sides) for sides in ((512, 512), (width, height)))
    meta = struct.pack(">I4sI", 12 + len(ispe), b"meta", 0) + ispe
    ftyp = struct.pack(">I4s4sI4s", 20, b"ftyp", brand, 0, b"mif1")
    return ftyp + meta + struct.pack(">I4s", 16, b"mdat") + b"\0" * 8
