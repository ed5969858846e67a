"""What the browser asks about the images of the form."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from seedance_widgets.request.model import IMAGE_FIELDS
from seedance_widgets.samples import sample_image
from seedance_widgets.secrecy import quoted
from seedance_widgets.widgets import images
from seedance_widgets.widgets.intake import Intake
from seedance_widgets.widgets.surface import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from seedance_widgets.request import VideoRequest
    from seedance_widgets.widgets.media import Shelf


class ImageAnswers:
    """For the Studio: images that come in pieces, by address, from the package, or from an earlier video."""

    request: VideoRequest
    shelf: Shelf

    def __init__(self, **traits: Any) -> None:
        self.intake = Intake(self._uploads_moved)
        super().__init__(**traits)

    def _uploads_moved(self) -> None:
        """An upload has begun, ended or been given up."""
        raise NotImplementedError

    def take_images(self, request: VideoRequest, *touched: str) -> None:
        """Take what the person did to the images; `touched` are the fields."""
        raise NotImplementedError

    def put_image(self, slot: str, instead_of: Any, image: Any) -> None:
        """Take an image that has come: into its slot, where the form still shows it."""
        raise NotImplementedError

    def answer_image_begin(self, upload: str, slot: str, index: int | None, name: str, size: int) -> None:
        """An image is about to arrive."""
        self.intake.begin(upload, name, size, slot=_slot(slot), instead_of=self._there(slot, index))

    async def answer_image_chunk(self, upload: str, offset: int, buffers: list[Any]) -> dict[str, int]:
        """A part of it; the last one puts the image into its slot."""
        received, done = await self.intake.chunk(upload, offset, buffers[0] if buffers else b"")
        if done is not None:
            try:
                self.put_image(done.slot, done.instead_of, done.image)
            finally:
                self.intake.tell()  # only now: who waits for uploads shall find the image in its slot
        return {"received": received}

    def answer_image_abort(self, upload: str) -> None:
        """It will not arrive."""
        self.intake.abort(upload)

    async def answer_image_url(self, slot: str, index: int | None, url: str) -> None:
        """An image by its address or path."""
        await self._put(slot, index, images.typed_image, url)

    def answer_image_remove(self, slot: str, index: int | None = None) -> None:
        """Take an image out."""
        self.take_images(images.remove(self.request, _slot(slot), index), slot)

    def answer_image_move(self, index: int, to: int) -> None:
        """Another order of the reference images."""
        self.take_images(images.move(self.request, index, to))

    async def answer_image_sample(self, slot: str, index: int | None = None) -> None:
        """The picture that comes with the package."""
        await self._put(slot, index, sample_image)

    async def answer_image_recent(self) -> list[dict[str, Any]]:
        """Earlier videos whose last frame can be used."""
        return await asyncio.to_thread(images.recent, self.shelf)

    async def answer_image_take(self, slot: str, job: str, index: int | None = None) -> None:
        """The last frame of an earlier video."""
        await self._put(slot, index, images.last_frame_of, job)

    def _there(self, slot: str, index: int | None) -> Any:
        """What is in the place that an image is for: until it comes, the others may have moved."""
        return images.reference_at(self.request, slot, index)

    async def _put(self, slot: str, index: int | None, get: Callable[..., Any], *args: Any) -> None:
        instead_of = self._there(_slot(slot), index)
        self.put_image(slot, instead_of, await asyncio.to_thread(get, *args))


def _slot(name: str) -> str:
    if name not in IMAGE_FIELDS:
        raise Refused(f"a slot is one of {', '.join(IMAGE_FIELDS)}; {quoted(name)} is not.")
    return name
