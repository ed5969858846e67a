"""Input images as the provider sees them: taken out of data URIs, looked at, measured, refused."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import textwrap
import warnings
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from seedance_widgets.catalog import rules
from seedance_widgets.simulator.refusal import Refusal, invalid

if TYPE_CHECKING:
    from seedance_widgets.catalog import Model

ASSET = "asset://"

_DATA_URI = re.compile(r"data:image/([a-z0-9.+-]+);base64,")
_HEIC_BRANDS = {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"}
_SEEN: dict[bytes, tuple[str, int, int, str]] = {}
_SEEN_MOST = 1000
# The caption of a stand-in: letters of the host, in all and on a line, and pixels of a line.
_HOST_MOST, _HOST_LINE, _LINE_HEIGHT = 78, 26, 40


@dataclass(frozen=True, slots=True)
class Picture:
    """One image of a request: its role, and either where it is or what it is.

    Args:
        param: Its path in the request, for messages.
        url: An http(s) or asset address; None where the data came along.
        data: The encoded image; None where only the address is known.
        width: Pixels; None where they are not known.
        height: Pixels; None where they are not known.
    """

    role: str
    param: str
    url: str | None = None
    data: bytes | None = None
    format: str | None = None
    width: int | None = None
    height: int | None = None

    @property
    def digest(self) -> str | None:
        """SHA-256 of the data, in hex."""
        return None if self.data is None else hashlib.sha256(self.data).hexdigest()


def picture_from(url: str, role: str, param: str, model: Model) -> Picture:
    """The picture that an `image_url.url` stands for.

    Raises:
        Refusal: It is no usable address, or the data is no acceptable image.
    """
    if not url:
        raise Refusal(400, "InvalidImageURL.EmptyURL", "the image URL is empty.", param)
    if url.startswith("data:"):
        return measured(_decode(url, param), role, param, model)
    if not is_web_url(url) and not (url.lower().startswith(ASSET) and len(url) > len(ASSET)):
        raise _no_format(param, "an http(s) URL, data:image/<type>;base64,... or asset://<id> was expected.")
    return Picture(role, param, url=url)


def measured(data: bytes, role: str, param: str, model: Model) -> Picture:
    """The picture in `data`, if it keeps every limit for input images.

    Raises:
        Refusal: It does not; the message says which one.
    """
    limits = rules().images
    if len(data) >= limits.max_bytes:
        raise invalid(param, f"the image has {len(data)} bytes; less than {limits.max_bytes} were expected.")
    kind, width, height, why = _look(data)
    if why:
        raise _no_format(param, why)
    if kind == "heic":
        if model.heic == "no":
            raise _no_format(param, f"heic images are not supported for model {model.name}.")
        return Picture(role, param, data=data, format=kind)
    if kind not in limits.formats:
        raise _no_format(param, f"format {kind} is not one of {', '.join(limits.formats)}.")
    if not (limits.min_side <= min(width, height) and max(width, height) <= limits.max_side):
        sides = f"each side must have {limits.min_side} to {limits.max_side} pixels"
        raise invalid(param, f"the image has {width}x{height} pixels; {sides}.")
    if not limits.min_aspect <= width / height <= limits.max_aspect:
        shape = f"width / height must be {limits.min_aspect} to {limits.max_aspect}"
        raise invalid(param, f"the image has {width}x{height} pixels; {shape}.")
    return Picture(role, param, data=data, format=kind, width=width, height=height)


def is_web_url(url: str) -> bool:
    """Whether this is an http(s) address with a host and without spaces or control characters."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(host) and not re.search(r"[\x00-\x20\x7f]", url)


def is_heic(data: bytes) -> bool:
    """Whether this is a HEIC or HEIF image."""
    return data[4:8] == b"ftyp" and data[8:12] in _HEIC_BRANDS


def stand_in(url: str) -> bytes:
    """A PNG that stands for an image which cannot be fetched: colours from the address, its host's name on it."""
    from PIL import Image, ImageDraw  # noqa: PLC0415 - heavy, and needed for unreachable images only

    seed = hashlib.sha256(url.encode("utf-8", "replace")).digest()
    corners = Image.new("RGB", (2, 2))
    corners.putdata([(seed[i], seed[i + 1], seed[i + 2]) for i in (0, 3, 6, 9)])
    image = corners.resize((1280, 720), Image.Resampling.BICUBIC)
    host = urlsplit(url).hostname or url[:40]
    lines = ["stand-in for an image of", *textwrap.wrap(host[:_HOST_MOST], _HOST_LINE)]
    # In the middle, and so narrow that it outlasts the crop to any ratio; the corners are for the video's own marks.
    top = (720 - _LINE_HEIGHT * len(lines)) // 2
    pen = ImageDraw.Draw(image)
    pen.rectangle((450, top - 16, 830, top + _LINE_HEIGHT * len(lines) + 16), fill=(20, 20, 20))
    for number, line in enumerate(lines):
        at = (640, top + _LINE_HEIGHT * (number + 0.5))
        pen.text(at, line, fill=(235, 235, 235), font_size=26, anchor="mm")
    out = BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def _decode(url: str, param: str) -> bytes:
    head = _DATA_URI.match(url)
    if head is None:
        raise _no_format(param, "a data URI must read data:image/<type in lower case>;base64,<data>.")
    try:
        data = base64.b64decode(url[head.end() :], validate=True)
    except (binascii.Error, ValueError):
        raise _no_format(param, "the data URI holds no valid base64.") from None
    if not data:
        raise _no_format(param, "the data URI holds no data.")
    return data


def _no_format(param: str, why: str) -> Refusal:
    return Refusal(400, "InvalidImageURL.InvalidFormat", f"the image cannot be used: {why}", param)


def _look(data: bytes) -> tuple[str, int, int, str]:
    """What `data` is; a sweep sends the same image many times, and it is decoded once."""
    key = hashlib.sha256(data).digest()
    seen = _SEEN.get(key)
    if seen is None:
        if len(_SEEN) >= _SEEN_MOST:
            _SEEN.clear()
        seen = _SEEN[key] = _look_at(data)
    return seen


def _look_at(data: bytes) -> tuple[str, int, int, str]:
    """Format, width, height and why it is no image; decodes it all, since a header alone proves little."""
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415 - heavy, and needed for data URIs only

    if is_heic(data):
        return "heic", 0, 0, ""
    limits = rules().images
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # odd metadata and sheer size: the limits below judge
        try:
            with Image.open(BytesIO(data)) as image:
                kind = (image.format or "").lower().replace("mpo", "jpeg")
                width, height = image.size
                if kind in limits.formats and max(width, height) <= limits.max_side:
                    image.draft("RGB", (width // 8, height // 8))  # JPEG only: an eighth of the work
                    image.load()
        except UnidentifiedImageError:
            return "", 0, 0, "the data is not an image in a known format."
        except Image.DecompressionBombError:
            return "", 0, 0, "the image has too many pixels."
        except Exception as error:  # noqa: BLE001 - a damaged file can raise anything in a decoder
            return "", 0, 0, f"the image is damaged or incomplete ({type(error).__name__})."
    return kind, width, height, ""
