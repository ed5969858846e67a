"""The images of a request that are no URLs, as code names them: a path, or a file name for image data."""

from __future__ import annotations

import itertools
import os
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from seedance_widgets.request import Image
from seedance_widgets.request.images import facts_of, is_url

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seedance_widgets.request import VideoRequest

_LONGEST_NAME = 200  # bytes; file systems take 255
# A path, a home folder or a data: URI, where a file name was expected.
_NO_NAME = re.compile(r".*[/\\]|~|data:|\.{0,2}$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class LocalImage:
    """An image of the request that is no URL.

    Args:
        value: The image as the request has it.
        role: What code calls it: `first_frame`, `reference_image_2`.
        where: Where the request has it: `first_frame_url`, `reference_image_urls[1]`.
        mark: An address that stands for it where a body is written.
    """

    value: Any
    role: str
    where: str
    mark: str

    @property
    def kind(self) -> str:
        """Its format, as a data: URI tells it."""
        facts = facts_of(self.value)
        return facts.format if facts is not None else "unknown"


class LocalImages:
    """All of them, in the order of the body.

    `marked` is the request with an address in the place of each: its body can be written without reading any.

    Args:
        request: The request whose images they are.
    """

    def __init__(self, request: VideoRequest) -> None:
        self._images: list[LocalImage] = []
        first = self._marked(request.first_frame_url, "first_frame", "first_frame_url")
        last = self._marked(request.last_frame_url, "last_frame", "last_frame_url")
        references = tuple(
            self._marked(value, f"reference_image_{number + 1}", f"reference_image_urls[{number}]")
            for number, value in enumerate(request.references)
        )
        self.marked = request.replace(first_frame_url=first, last_frame_url=last, reference_image_urls=references)

    def __iter__(self) -> Iterator[LocalImage]:
        return iter(self._images)

    def __len__(self) -> int:
        return len(self._images)

    @cached_property
    def files(self) -> dict[Any, str]:
        """A file name for each image that is data: its own one where that can be used, and none twice."""
        taken = {image.value.casefold() for image in self if isinstance(image.value, str)}
        named: dict[Any, str] = {}
        for image in self:
            if isinstance(image.value, str) or image.value in named:
                continue
            name = own_name(image.value) or f"{image.role}.{image.kind}"
            stem, ending = os.path.splitext(name)  # noqa: PTH122  a name, which pathlib would take apart as a path
            numbered = (f"{stem}-{number}{ending}" for number in itertools.count(2))
            free = next(one for one in itertools.chain([name], numbered) if one.casefold() not in taken)
            named[image.value] = free
            taken.add(free.casefold())
        return named

    def path(self, image: LocalImage) -> str:
        """Where a program other than ours finds the image."""
        if not isinstance(image.value, str):
            return self.files[image.value]
        with suppress(ValueError):  # signs that no path has
            return os.path.expanduser(image.value)  # noqa: PTH111  pathlib raises where there is no home folder
        return image.value

    def _marked(self, value: Any, role: str, where: str) -> Any:
        if value is None or (isinstance(value, str) and is_url(value)):
            return value
        image = LocalImage(value, role, where, f"asset://{secrets.token_hex(16)}")
        self._images.append(image)
        return image.mark


def own_name(image: Any) -> str | None:
    """The name that image data came with, where a file here can be called so."""
    name = image.name if isinstance(image, Image) else None
    if not isinstance(name, str) or not name.isprintable() or not name.strip() or _NO_NAME.match(name):
        return None
    return name if len(name.encode()) <= _LONGEST_NAME else None
