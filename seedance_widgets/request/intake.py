"""Turn what a person has at hand (data: URI, bytes, file, PIL image, numpy array) into the bytes of an image file."""

from __future__ import annotations

import binascii
import io
import re
import sys
from pathlib import Path
from typing import Any

from seedance_widgets.catalog import rules
from seedance_widgets.request.headers import ImageTrouble

_DATA_URI = re.compile(r"data:image/([a-z0-9.+-]+);base64,", re.ASCII)
_PNG_MODES = {"1", "L", "LA", "P", "RGB", "RGBA"}
_COMPRESSION = 3  # PNG's level: half the time of the default for a few percent more bytes
_GREY, _COLOUR = 2, 3  # dimensions of an array
_BYTE, _WORD = 255, 65535  # the brightest value in 8 and in 16 bits


def to_file(value: Any) -> tuple[bytes, str | None]:
    """The bytes of an image file and its name, where it has one.

    Raises:
        ImageTrouble: The value is none of the kinds taken, or holds something else than an image.
    """
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value), None
    pillow = sys.modules.get("PIL.Image")  # whoever passes a PIL image has loaded it
    if pillow is not None and isinstance(value, pillow.Image):
        return _from_pil(value), None
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, numpy.ndarray):
        return _from_array(value), None
    if callable(getattr(value, "read", None)):
        return _from_stream(value)
    raise ImageTrouble(
        f"{kind_of(value)} is no image; give an https:// URL, a path, bytes, a file opened in binary mode, "
        "a PIL image, a numpy array or a Video"
    )


def from_data_uri(text: str) -> bytes:
    """The bytes that a data:image/ URI holds.

    Raises:
        ImageTrouble: It is not written as the providers ask, or its base64 text is damaged.
    """
    head = _DATA_URI.match(text)
    if head is None:
        raise ImageTrouble(
            f"the data: URI starts with {text[:40]!r}; expected data:image/<lowercase format>;base64, "
            "such as data:image/png;base64,"
        )
    try:
        return binascii.a2b_base64(text[head.end() :].encode("ascii"), strict_mode=True)
    except (binascii.Error, UnicodeEncodeError):
        if any(character.isspace() for character in text):
            raise ImageTrouble("the data: URI holds line breaks or spaces; take them out") from None
        raise ImageTrouble("the data: URI's base64 text is damaged or incomplete; encode the image again") from None


def kind_of(value: Any) -> str:
    """The type of a value, for a sentence: `an int`, `a list`."""
    name = type(value).__name__
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


def _from_stream(file: Any) -> tuple[bytes, str | None]:
    # One byte more than a whole request may have: enough to know that it is too large, and no endless stream.
    limit = rules().images.max_body_bytes + 1
    try:
        before = file.tell()
        file.seek(0)
    except (AttributeError, OSError, ValueError):
        before = None  # not seekable: read on from where it is
    try:
        data = file.read(limit)
    finally:
        if before is not None:
            file.seek(before)
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise ImageTrouble("the file was opened in text mode; open it with mode 'rb'")
    name = getattr(file, "name", None)
    return bytes(data), Path(name).name if isinstance(name, str) else None


def _from_pil(picture: Any) -> bytes:
    limit = rules().images.max_side
    if max(picture.size) > limit:
        raise ImageTrouble(f"the PIL image is {picture.width} x {picture.height} px; a side may have at most {limit}")
    if not all(picture.size):
        raise ImageTrouble(f"the PIL image is empty: {picture.width} x {picture.height} px")
    if picture.mode in {"I", "F"} or picture.mode.startswith("I;16"):
        picture = _in_bytes(picture)
    if picture.mode not in _PNG_MODES:
        picture = picture.convert("RGB")
    out = io.BytesIO()
    picture.save(out, "PNG", compress_level=_COMPRESSION)
    return out.getvalue()


def _in_bytes(picture: Any) -> Any:
    """A picture with larger numbers than PNG's 8 bits, scaled: PIL's own conversion would cut off what is above 255."""
    import numpy as np  # noqa: PLC0415  only for these rare modes
    from PIL import Image as Pillow  # noqa: PLC0415  whoever passes a PIL image has loaded it

    pixels, what = np.asarray(picture), f"the PIL image (mode {picture.mode})"
    if picture.mode == "F":
        return Pillow.fromarray(_unit_to_bytes(pixels, what))
    low, high = int(pixels.min()), int(pixels.max())
    if low < 0 or high > _WORD:
        raise ImageTrouble(f"the numbers of {what} run from {low} to {high}; expected 0 to {_BYTE}, or to {_WORD}")
    if picture.mode != "I" or high > _BYTE:  # mode I does not tell how many bits are meant
        pixels = (pixels.astype("uint32") + _WORD // _BYTE // 2) // (_WORD // _BYTE)
    return Pillow.fromarray(pixels.astype("uint8"))


def _unit_to_bytes(numbers: Any, what: str) -> Any:
    """Floats from 0 to 1 as bytes."""
    import numpy as np  # noqa: PLC0415  whoever passes an array has loaded it

    if not np.isfinite(numbers).all():
        raise ImageTrouble(f"{what} holds NaN or infinity; expected numbers from 0 to 1")
    low, high = float(numbers.min()), float(numbers.max())
    if low < 0 or high > 1:
        raise ImageTrouble(f"the numbers of {what} run from {low:g} to {high:g}; expected 0 to 1, or 8-bit pixels")
    return np.rint(numbers.astype("float64") * _BYTE).astype("uint8")


def _from_array(array: Any) -> bytes:
    import numpy as np  # noqa: PLC0415  whoever passes an array has loaded it
    from PIL import Image as Pillow  # noqa: PLC0415  loads only where pixels are wanted

    shape, limit = " x ".join(str(side) for side in array.shape) or "a single number", rules().images.max_side
    if array.ndim == _COLOUR and array.shape[2] == 1:
        array = array[:, :, 0]
    channels_fit = array.ndim == _GREY or (array.ndim == _COLOUR and array.shape[2] in {3, 4})
    if not channels_fit or array.size == 0:
        raise ImageTrouble(f"the array's shape is {shape}; expected height x width, alone or with 3 or 4 channels")
    if max(array.shape[:2]) > limit:
        raise ImageTrouble(f"the array's shape is {shape}; a side may have at most {limit} pixels")
    if np.issubdtype(array.dtype, np.floating):
        array = _unit_to_bytes(array, "the array")
    elif array.dtype != np.uint8:
        raise ImageTrouble(f"the array's dtype is {array.dtype}; expected uint8, or floats from 0 to 1")
    return _from_pil(Pillow.fromarray(np.ascontiguousarray(array)))
