"""Images of a request: whatever a person has at hand becomes a URL, a path, or an immutable `Image`."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, BinaryIO

from seedance_widgets.catalog import rules
from seedance_widgets.errors import StorageError
from seedance_widgets.request import intake
from seedance_widgets.request.headers import ImageTrouble, read_header
from seedance_widgets.request.intake import kind_of
from seedance_widgets.secrecy import looks_like_key, quoted

__all__ = [
    "Image",
    "ImageFacts",
    "ImageTrouble",
    "Unusable",
    "as_image",
    "content_key",
    "facts_of",
    "file_stamp",
    "is_url",
    "load_image",
    "probe",
    "wire_url",
]

_URL = re.compile(r"(https?|asset)://", re.IGNORECASE)
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+):", re.IGNORECASE)
_DISPLAY_BYTES = 1_000_000  # a notebook keeps what is shown: larger images are shown as a thumbnail
_THUMBNAIL = (640, 640)
_FAR_TOO_LARGE = 4  # times what a provider takes


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What an image's headers say.

    Args:
        format: `jpeg`, `png`, `webp`, `bmp`, `tiff`, `gif`, `heic`, `heif` or `avif`.
        bytes: Its length.
        width: Pixels as stored; None where the headers do not tell.
        height: The same.
        turned: EXIF asks the viewer to rotate or mirror the picture.
    """

    format: str
    bytes: int
    width: int | None
    height: int | None
    turned: bool = False

    @property
    def aspect(self) -> float | None:
        """Width / height."""
        return self.width / self.height if self.width and self.height else None


@dataclass(frozen=True, eq=False, repr=False)
class Image:
    """The bytes of an image file: immutable, equal and hashable by content.

    Args:
        data: The file, as it will be sent.
        name: What it was called, for people; no part of its identity.
    """

    data: bytes
    name: str | None = None

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of the bytes, as 64 hex digits."""
        return hashlib.sha256(self.data).hexdigest()

    @cached_property
    def _probed(self) -> ImageFacts | ImageTrouble:
        return _facts_or_trouble(io.BytesIO(self.data), len(self.data))

    @property
    def facts(self) -> ImageFacts | None:
        """Format, bytes and sides; None where the bytes are no image or a damaged one."""
        return self._probed if isinstance(self._probed, ImageFacts) else None

    def data_uri(self) -> str:
        """The bytes as `data:image/<format>;base64,...`."""
        kind = self.facts.format if self.facts else "unknown"
        return f"data:image/{kind};base64,{base64.b64encode(self.data).decode('ascii')}"

    def to_pil(self) -> Any:
        """The picture as a `PIL.Image`.

        Raises:
            ImageTrouble: The bytes are no image that Pillow can read.
        """
        from PIL import Image as Pillow  # noqa: PLC0415  PIL loads only where pixels are wanted

        try:
            picture = Pillow.open(io.BytesIO(self.data))
            picture.load()
        except (OSError, ValueError, SyntaxError, Pillow.DecompressionBombError) as error:
            raise ImageTrouble(f"the image cannot be decoded: {error}") from error
        return picture

    def __eq__(self, other: object) -> bool:
        return self.digest == other.digest if isinstance(other, Image) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        size = f"{len(self.data) / 1e6:.1f} MB" if len(self.data) >= 50_000 else f"{len(self.data):,} bytes"  # noqa: PLR2004  0.1 MB
        facts = self.facts
        if facts is None:
            return f"Image(not readable, {size})"
        sides = f"{facts.width}x{facts.height}" if facts.width else "size unknown"
        return f"Image({facts.format}, {sides}, {size})"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        bundle: dict[str, Any] = {"text/plain": repr(self)}
        facts = self.facts
        if facts is None:
            return bundle
        if facts.format in {"png", "jpeg"} and len(self.data) <= _DISPLAY_BYTES:
            bundle[f"image/{facts.format}"] = self.data
        elif facts.width and facts.height and max(facts.width, facts.height) <= rules().images.max_side:
            try:
                bundle["image/jpeg"] = self._thumbnail()
            except ImageTrouble:  # the text says what it is; showing never raises
                return bundle
        return bundle

    def _thumbnail(self) -> bytes:
        picture = self.to_pil()
        picture.thumbnail(_THUMBNAIL)
        out = io.BytesIO()
        picture.convert("RGB").save(out, "JPEG", quality=85)
        return out.getvalue()


@dataclass(frozen=True, slots=True)
class Unusable:
    """A value that cannot be taken as an image.

    Args:
        reason: What was given and what was expected, in one sentence.
    """

    reason: str


def as_image(value: Any) -> Image | str | Unusable | None:
    """Take what a person gave as an image; never raises.

    Args:
        value: An http(s) or asset URL or a path (kept as given; a PathLike becomes str), a `data:image/...;base64,`
            URI, bytes, a binary file object (read at once from its start, its position restored), a PIL image, a numpy
            array, or an object with `__seedance_image__()`.

    Returns:
        The string, an `Image`, None for None, or `Unusable` with the reason.
    """
    try:
        return _as_image(value)
    except ImageTrouble as trouble:
        return Unusable(str(trouble))
    except Exception as error:  # noqa: BLE001  whatever a foreign object raises ends as a sentence from `check`
        return Unusable(f"{kind_of(value)} could not be read as an image: {_told(error)}")


def is_url(value: str) -> bool:
    """Whether this is an http(s):// or asset:// address, which the provider fetches itself."""
    return _URL.match(value) is not None


def probe(value: Any) -> ImageFacts:
    """Format, bytes and sides of an `Image` or a path, from the headers alone.

    Raises:
        ImageTrouble: It is missing, no image, damaged, or a URL, whose image is not here to be read.
    """
    if isinstance(value, Image):
        found = value._probed  # noqa: SLF001  the same module
    elif isinstance(value, str) and not is_url(value):
        found = _probe_file(*file_stamp(value))
    else:
        raise ImageTrouble(_not_here(value))
    if isinstance(found, ImageTrouble):
        raise ImageTrouble(str(found))  # a fresh one, so that no traceback piles up
    return found


def facts_of(value: Any) -> ImageFacts | None:
    """The facts of an image, None where they cannot be known; never raises."""
    try:
        return probe(value)
    except ImageTrouble:
        return None


def content_key(value: Any) -> Any:
    """What stands for an image in a hash: its content's digest, or its URL.

    Raises:
        StorageError: The file cannot be read.
    """
    if isinstance(value, Image):
        return f"sha256:{value.digest}"
    if not isinstance(value, str):
        return f"unusable:{value.reason}" if isinstance(value, Unusable) else None
    if is_url(value):
        return f"url:{value}"
    try:
        return f"sha256:{_digest_file(*file_stamp(value))}"
    except (ImageTrouble, OSError) as error:
        raise StorageError(f"the image cannot be read: {error}") from error


def load_image(value: Any) -> Image:
    """The bytes behind an `Image` or a path. Blocking: it may read a file.

    Raises:
        StorageError: The file cannot be read (any more).
        ImageTrouble: The value is a URL, whose image is not here, or no image.
    """
    if isinstance(value, Image):
        return value
    if not isinstance(value, str) or is_url(value):
        raise ImageTrouble(_not_here(value))
    try:
        path, _, _ = file_stamp(value)
        return Image(Path(path).read_bytes(), name=Path(path).name)
    except (ImageTrouble, OSError) as error:
        raise StorageError(f"the image cannot be read: {error}") from error


def wire_url(value: Any) -> str:
    """What is sent for an image: a URL as it is, anything else as a data: URI. Blocking: it may read a file.

    Raises:
        StorageError: The file cannot be read (any more).
        ImageTrouble: The value is no image.
    """
    return value if isinstance(value, str) and is_url(value) else load_image(value).data_uri()


def _as_image(value: Any) -> Image | str | Unusable | None:
    if value is None or isinstance(value, (Image, Unusable)):
        return value
    if isinstance(value, str):
        text = str.__str__(value)
        return Image(intake.from_data_uri(text)) if text[:5].lower() == "data:" else text
    if isinstance(value, os.PathLike):
        return os.fsdecode(value)
    if hasattr(type(value), "__seedance_image__"):
        made = value.__seedance_image__()
        return made if isinstance(made, Image) else Unusable(f"{kind_of(value)} gave no image")
    return Image(*intake.to_file(value))


def _not_here(value: Any) -> str:
    """Why there are no bytes of this value."""
    if isinstance(value, Unusable):
        return value.reason
    return (
        "the image is behind a URL; it is not known here" if isinstance(value, str) else f"{kind_of(value)} is no image"
    )


def _facts_or_trouble(stream: BinaryIO, size: int) -> ImageFacts | ImageTrouble:
    try:
        header = read_header(stream, size)
    except ImageTrouble as trouble:
        return trouble
    return ImageFacts(header.format, size, header.width, header.height, header.turned)


def file_stamp(value: str) -> tuple[str, int, int]:
    """The expanded path with its time and length: while they stay, what was read of it holds.

    Raises:
        ImageTrouble: It is missing, or no file.
    """
    scheme = _SCHEME.match(value)
    if not value.strip():
        raise ImageTrouble("the path is empty; give a URL or the path of an image, or None")
    try:
        path = os.path.expanduser(value)  # noqa: PTH111  pathlib raises where there is no home folder
        found = os.stat(path)  # noqa: PTH116  pathlib would refuse odd names in other ways
    except (OSError, ValueError) as error:
        if scheme and (value[scheme.end() :].startswith("//") or scheme[1].lower() in {"file", "javascript", "blob"}):
            raise ImageTrouble(
                f"{scheme[1].lower()}: addresses are not taken; give an https:// URL or the path of a file"
            ) from None
        raise ImageTrouble(f"{_short(value)} cannot be opened: {_told(error)}; give an existing path or URL") from None
    if not os.path.isfile(path):  # noqa: PTH113  the same
        raise ImageTrouble(f"{_short(value)} is a folder or device, not a file; give the path of an image")
    return path, found.st_mtime_ns, found.st_size


@lru_cache(maxsize=512)
def _read_headers(path: str, mtime_ns: int, size: int) -> ImageFacts | ImageTrouble:  # noqa: ARG001  for the cache
    # A damaged file is remembered too: finding that it breaks off may mean reading all of it.
    with open(path, "rb") as stream:  # noqa: PTH123  the path was checked as a string
        return _facts_or_trouble(stream, size)


def _probe_file(path: str, mtime_ns: int, size: int) -> ImageFacts | ImageTrouble:
    if size > _FAR_TOO_LARGE * (most := rules().images.max_bytes):  # its headers might be anywhere in it
        raise ImageTrouble(f"{_short(path)} has {size / 1e6:,.0f} MB; an image must stay below {most / 1e6:.1f} MB")
    try:
        return _read_headers(path, mtime_ns, size)
    except OSError as error:
        raise ImageTrouble(f"{_short(path)} cannot be read: {_told(error)}") from None


@lru_cache(maxsize=512)
def _digest_file(path: str, mtime_ns: int, size: int) -> str:  # noqa: ARG001  time and size are there for the cache
    with open(path, "rb") as stream:  # noqa: PTH123  the path was checked as a string
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _short(text: str) -> str:
    if looks_like_key(text):
        return quoted(text)
    return repr(text if len(text) <= 60 else f"{text[:28]}...{text[-28:]}")  # noqa: PLR2004  fits a line


def _told(error: Exception) -> str:
    """The error in words: an OSError's reason without its number and path."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror[0].lower() + error.strerror[1:]
    try:
        return str(error) or type(error).__name__
    except Exception:  # noqa: BLE001  a foreign error whose text raises too
        return type(error).__name__
