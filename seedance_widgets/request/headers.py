"""Read what an image file says of itself: its format and its sides, from its headers, without decoding a pixel.

A file that breaks off early is found by walking its structure to the end mark, so that a truncated image is known
before any money is spent on it. Sides are the stored ones: no provider says whether it follows an EXIF rotation, so
`turned` only tells that there is one.
"""

# ruff: noqa: PLR2004  the numbers are the file formats' own

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_HEIC = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"}
_HEIF = {b"mif1", b"msf1", b"mif2"}
_AVIF = {b"avif", b"avis"}
_EXIF_ORIENTATION = 274


class ImageTrouble(ValueError):
    """What is wrong with an image, in one sentence."""


class Header(NamedTuple):
    """What the headers say; `turned` tells that EXIF asks the viewer to rotate the picture."""

    format: str
    width: int | None
    height: int | None
    turned: bool = False


def read_header(stream: BinaryIO, size: int) -> Header:
    """Format and sides of the image in `stream`, a seekable file of `size` bytes.

    Raises:
        ImageTrouble: It is no image, or it is damaged or breaks off early.
    """
    if size == 0:
        raise ImageTrouble("the image is empty (0 bytes)")
    stream.seek(0)
    start = stream.read(64)
    for matches, reader in _FORMATS:
        if matches(start):
            try:
                header = reader(stream, size)
            except (struct.error, OverflowError, IndexError) as error:
                raise ImageTrouble("the image is damaged, or breaks off within its headers") from error
            if header.width == 0 or header.height == 0:
                raise ImageTrouble(f"the image is damaged: its {header.format} header gives a side of 0 pixels")
            return header
    raise ImageTrouble(_what_else(start))


def _what_else(start: bytes) -> str:
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doctype html", b"<html")):
        return "this is a web page (HTML), not an image"
    if text.startswith((b"<svg", b"<?xml")):
        return "this is SVG or XML text, not a picture made of pixels; save it as PNG"
    if text.startswith(b"%pdf"):
        return "this is a PDF file, not an image; save the page as PNG"
    return "the bytes are not an image: they start like none of JPEG, PNG, WebP, BMP, TIFF, GIF, HEIC"


def _truncated(kind: str) -> ImageTrouble:
    return ImageTrouble(f"the {kind} image breaks off before its end; it was cut short when it was saved or copied")


def _at(stream: BinaryIO, position: int, layout: str) -> tuple[int, ...]:
    stream.seek(position)
    return struct.unpack(layout, stream.read(struct.calcsize(layout)))


def _read(stream: BinaryIO, position: int, count: int) -> bytes:
    stream.seek(max(0, position))
    return stream.read(count)


def _jpeg(stream: BinaryIO, size: int) -> Header:
    sides, turned = None, False
    for marker, position, length in _jpeg_segments(stream, size):
        if marker == 0xE1:
            turned = turned or _exif_turned(_read(stream, position, length))
        elif 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:  # start of frame
            height, width = _at(stream, position + 1, ">HH")
            sides = (width, height)
        elif marker == 0xDA:  # start of scan: the picture follows
            if sides is None:
                raise ImageTrouble("the JPEG image is damaged: the picture starts before its size is given")
            if not _jpeg_ends(stream, position + length, size):
                break
            return Header("jpeg", *sides, turned)
    raise _truncated("JPEG")


def _jpeg_segments(stream: BinaryIO, size: int) -> Iterator[tuple[int, int, int]]:
    """Marker, position and length of each segment's contents, up to the end mark or the end of the file."""
    position = 2
    while position < size - 1:
        lead, marker = _at(stream, position, "BB")
        if lead != 0xFF:
            raise ImageTrouble("the JPEG image is damaged: a segment is missing or has a wrong length")
        if marker == 0xD9:
            return
        if marker == 0xFF:  # a fill byte
            position += 1
        elif marker == 0x01 or 0xD0 <= marker <= 0xD8:  # markers without contents
            position += 2
        else:
            (length,) = _at(stream, position + 2, ">H")
            yield marker, position + 4, length - 2
            position += 2 + length


def _jpeg_ends(stream: BinaryIO, position: int, size: int) -> bool:
    """Whether the end mark follows; within picture data, 0xFF is never followed by 0xD9."""
    if _read(stream, max(position, size - 2), 2) == b"\xff\xd9":
        return True
    stream.seek(position)
    before = b""
    while block := stream.read(1 << 20):
        if b"\xff\xd9" in before + block:
            return True
        before = block[-1:]
    return False


def _exif_turned(segment: bytes) -> bool:
    if not segment.startswith(b"Exif\0\0"):
        return False
    try:
        tags = dict(_tiff_tags(io.BytesIO(segment[6:])))
    except (struct.error, ImageTrouble, OverflowError):
        return False  # damaged metadata does not make the picture unusable
    return tags.get(_EXIF_ORIENTATION, (1,))[0] not in {0, 1}


def _png(stream: BinaryIO, size: int) -> Header:
    width, height = _at(stream, 16, ">II")
    if _read(stream, 12, 4) != b"IHDR":
        raise ImageTrouble("the PNG image is damaged: its first chunk is not the header")
    if _read(stream, size - 8, 4) != b"IEND":  # nearly always it is there; otherwise something may follow the picture
        position = 8
        while True:
            if position + 12 > size:
                raise _truncated("PNG")
            length, kind = struct.unpack(">I4s", _read(stream, position, 8))
            position += 12 + length
            if kind == b"IEND":
                break
    return Header("png", width, height)


def _gif(stream: BinaryIO, size: int) -> Header:
    width, height, flags = _at(stream, 6, "<HHB")
    if _read(stream, size - 1, 1) != b";":
        data = _read(stream, 0, size)
        position = 13 + _colours(flags)
        while (kind := data[position : position + 1]) != b";":
            if kind == b",":
                position = _after_blocks(data, position + 11 + _colours(data[position + 9]))
            elif kind == b"!":
                position = _after_blocks(data, position + 2)
            else:
                raise _truncated("GIF")
    return Header("gif", width, height)


def _colours(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _after_blocks(data: bytes, position: int) -> int:
    while length := data[position]:
        position += 1 + length
    return position + 1


def _bmp(stream: BinaryIO, size: int) -> Header:
    offset, header = _at(stream, 10, "<II")
    if header == 12:
        width, height, _, depth = _at(stream, 18, "<HHHH")
        compression, packed = 0, 0
    else:
        width, height, _, depth, compression, packed = _at(stream, 18, "<iiHHII")
    width, height = abs(width), abs(height)  # a negative height means that the rows run downwards
    pixels = packed if compression in {1, 2, 4, 5} else (width * depth + 31) // 32 * 4 * height
    if offset + pixels > size:
        raise _truncated("BMP")
    return Header("bmp", width, height)


def _webp(stream: BinaryIO, size: int) -> Header:
    (riff,) = _at(stream, 4, "<I")
    if riff + 8 > size + (riff & 1):
        raise _truncated("WebP")
    kind = _read(stream, 12, 4)
    if kind == b"VP8 ":
        width, height = (side & 0x3FFF for side in _at(stream, 26, "<HH"))
    elif kind == b"VP8L":
        (bits,) = _at(stream, 21, "<I")
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    elif kind == b"VP8X":
        sides = _read(stream, 24, 6)
        width, height = (int.from_bytes(sides[at : at + 3], "little") + 1 for at in (0, 3))
    else:
        raise ImageTrouble("the WebP image is damaged: its first chunk is unknown")
    return Header("webp", width, height)


def _tiff(stream: BinaryIO, size: int) -> Header:
    tags = dict(_tiff_tags(stream))
    if 256 not in tags or 257 not in tags:
        raise ImageTrouble("the TIFF image is damaged: it does not give its size")
    for offsets, lengths in ((273, 279), (324, 325)):  # strips, tiles
        pieces = zip(tags.get(offsets, ()), tags.get(lengths, ()), strict=False)
        if any(offset + length > size for offset, length in pieces):
            raise _truncated("TIFF")
    return Header("tiff", tags[256][0], tags[257][0], tags.get(_EXIF_ORIENTATION, (1,))[0] not in {0, 1})


def _tiff_tags(stream: BinaryIO) -> Iterator[tuple[int, tuple[int, ...]]]:
    """The whole-number tags of the first image of a TIFF or BigTIFF structure (EXIF data is one too)."""
    start = _read(stream, 0, 16)
    order = {b"II": "<", b"MM": ">"}.get(start[:2])
    if order is None:
        raise ImageTrouble("the TIFF image is damaged: its byte order is unknown")
    big = struct.unpack_from(order + "H", start, 2)[0] == 43
    word, count_word, entry = ("Q", "Q", 20) if big else ("I", "H", 12)
    (position,) = struct.unpack_from(order + word, start, 8 if big else 4)
    (count,) = _at(stream, position, order + count_word)
    position += struct.calcsize(count_word)
    wanted = {256, 257, 273, 274, 279, 324, 325}
    for index in range(min(count, 4096)):
        at = position + index * entry
        tag, kind, values = _at(stream, at, order + "HH" + word)
        layout = {3: "H", 4: "I", 16: "Q"}.get(kind)
        if tag not in wanted or layout is None or not 0 < values <= 1 << 20:
            continue
        room = 8 if big else 4
        at += 4 + struct.calcsize(word)
        if values * struct.calcsize(layout) > room:
            (at,) = _at(stream, at, order + word)
        yield tag, _at(stream, at, f"{order}{values}{layout}")


def _heif(stream: BinaryIO, size: int) -> Header:
    (length,) = _at(stream, 0, ">I")
    brands = _read(stream, 8, min(length, 256) - 8)
    kinds = {brands[at : at + 4] for at in range(0, len(brands), 4)}
    if kinds & _AVIF:
        kind = "avif"
    elif kinds & _HEIC:
        kind = "heic"
    elif kinds & _HEIF:
        kind = "heif"
    else:
        raise ImageTrouble("this is a video or sound file, not an image")
    position = 0
    sides: tuple[int, int] | tuple[None, None] = (None, None)
    while position < size:
        length, box = struct.unpack(">I4s", _read(stream, position, 8))
        if length == 1:
            (length,) = _at(stream, position + 8, ">Q")
        length = length or size - position
        if length < 8 or position + length > size:
            raise _truncated(kind.upper())
        if box == b"meta":
            sides = _largest_ispe(_read(stream, position, min(length, 1 << 20)))
        position += length
    return Header(kind, *sides)


def _largest_ispe(meta: bytes) -> tuple[int, int] | tuple[None, None]:
    """The largest image of the container; the smaller ones are its tiles and its thumbnail."""
    found = []
    at = meta.find(b"ispe")
    while at != -1 and at + 16 <= len(meta):
        found.append(struct.unpack_from(">II", meta, at + 8))
        at = meta.find(b"ispe", at + 4)
    return max(found, key=lambda sides: sides[0] * sides[1]) if found else (None, None)


_FORMATS: tuple[tuple[Callable[[bytes], bool], Callable[[BinaryIO, int], Header]], ...] = (
    (lambda start: start.startswith(b"\xff\xd8\xff"), _jpeg),
    (lambda start: start.startswith(b"\x89PNG\r\n\x1a\n"), _png),
    (lambda start: start.startswith((b"GIF87a", b"GIF89a")), _gif),
    (lambda start: start.startswith(b"BM") and start[6:10] == b"\0\0\0\0", _bmp),
    (lambda start: start.startswith(b"RIFF") and start[8:12] == b"WEBP", _webp),
    (lambda start: start[:4] in {b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"}, _tiff),
    (lambda start: start[4:8] == b"ftyp", _heif),
)
