"""Images on their way from the browser: in pieces that are acknowledged one by one.

One message of 12 MB is lost without a word (the server's limit is 10 MiB), and some hosts stop at 1 MB: the browser
sends small pieces, and each is answered with how many bytes are here.
"""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from seedance_widgets.catalog import rules
from seedance_widgets.request import Image
from seedance_widgets.widgets.surface import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE = 30.0  # seconds without a piece after which an upload no longer holds up a run
FORGOTTEN = 600.0  # seconds without a piece after which what has come is let go
_NAME = 120  # characters
# Control characters, those that turn the direction of text, and halves of one: a name shall look like what it is.
_INVISIBLE = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")


@dataclass(frozen=True, slots=True)
class Arrived:
    """An image that is here, and the slot that it is for."""

    slot: str
    instead_of: Any
    image: Image


@dataclass(slots=True, eq=False)
class Upload:
    """One image on its way.

    Args:
        slot: The field of the request that it is for.
        instead_of: The reference image that it replaces; None for another one.
        name: What its file is called, for people.
        size: Bytes in all.
    """

    slot: str
    instead_of: Any
    name: str
    size: int
    arrived: bool = False
    data: bytearray = field(default_factory=bytearray, repr=False)
    heard: float = field(default_factory=time.monotonic)

    @property
    def received(self) -> int:
        """Bytes that are here."""
        return len(self.data)

    @property
    def silence(self) -> float:
        """Seconds since the last piece."""
        return time.monotonic() - self.heard


class Intake:
    """Takes images in; on the notebook's loop.

    Args:
        changed: Called when an upload has begun, ended or been given up.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._uploads: dict[str, Upload] = {}
        self._settling: set[str] = set()
        self._news = asyncio.Event()

    @property
    def pending(self) -> tuple[Upload, ...]:
        """The uploads under way that still move."""
        return tuple(one for one in self._uploads.values() if one.silence < PATIENCE)

    def begin(self, upload: str, name: str, size: int, *, slot: str, instead_of: Any = None) -> None:
        """An image is about to come.

        Args:
            upload: The browser's name for this upload.
            name: What the file is called.
            size: Bytes in all.
            slot: The field of the request that it is for.
            instead_of: The reference image that it replaces; None for another one.

        Raises:
            Refused: It is empty, or larger than any provider takes.
        """
        most = rules().images.max_bytes
        if size <= 0:
            raise Refused("the file is empty (0 bytes); choose another one.")
        if size >= most:
            raise Refused(
                f"the file has {size / 1e6:.1f} MB; an image must stay below {most / 1e6:.1f} MB. "
                "Save it smaller, as JPEG say."
            )
        for left in [one for one, coming in self._uploads.items() if coming.silence > FORGOTTEN]:
            del self._uploads[left]  # its page is gone; the bytes go as well
        self._uploads[upload] = Upload(slot, instead_of, plain_name(name), size)
        self._tell()

    async def chunk(self, upload: str, offset: int, data: Any) -> tuple[int, Arrived | None]:
        """A piece has come.

        Args:
            upload: The upload that it is part of.
            offset: Where it belongs.
            data: The bytes.

        Returns:
            How many bytes are here, and the image once it is whole.

        Raises:
            Refused: No such upload, or bytes are missing before this piece.
        """
        coming = self._uploads.get(upload)
        if coming is None:
            raise Refused("this upload was given up; drop the image again.")
        piece = memoryview(data).cast("B")
        if offset > coming.received or offset < 0 or offset + len(piece) > coming.size:
            raise Refused(f"{coming.name} arrived with a gap at byte {coming.received:,}; drop the image again.")
        coming.heard = time.monotonic()
        coming.data += piece[coming.received - offset :]  # what came twice is taken once
        if coming.received < coming.size or upload in self._settling:
            return coming.received, None
        self._settling.add(upload)
        try:
            image = await asyncio.to_thread(_image, coming)
        finally:
            self._settling.discard(upload)
        if self._uploads.pop(upload, None) is None:  # given up meanwhile
            return coming.size, None
        coming.arrived = True
        return coming.size, Arrived(coming.slot, coming.instead_of, image)

    def abort(self, upload: str) -> None:
        """It will not come."""
        self._uploads.pop(upload, None)
        self._tell()

    def tell(self) -> None:
        """What has arrived has been put into its place."""
        self._tell()

    async def settled(self) -> bool:
        """Wait until no upload is under way any more; one that has stopped moving is waited for no longer.

        Returns:
            Whether each that was waited for is here: who has asked meant the form with all of them.
        """
        awaited: list[Upload] = []
        while pending := self.pending:
            awaited += [one for one in pending if one not in awaited]
            self._news.clear()
            try:
                async with asyncio.timeout(max(0.05, PATIENCE - max(one.silence for one in pending))):
                    await self._news.wait()
            except TimeoutError:
                self._changed()
        return all(one.arrived for one in awaited)

    def _tell(self) -> None:
        self._news.set()
        self._changed()


def plain_name(name: object) -> str:
    """A file's name as text for people: no folders, nothing invisible, no more than a line."""
    text = _INVISIBLE.sub("", str(name)).replace("\\", "/").rsplit("/", 1)[-1].strip()
    if len(text) > _NAME:
        stem, dot, ending = text.rpartition(".")
        text = f"{stem[: _NAME - 12]}…{dot}{ending[:10]}" if stem else text[:_NAME]
    return text or "image"


def _image(coming: Upload) -> Image:
    """The image, with what is wanted of it later computed here, off the loop."""
    image = Image(bytes(coming.data), name=coming.name)
    _ = image.digest, image.facts
    return image
