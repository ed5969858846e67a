"""The images of the form: put in, taken out, put in another order, or taken from an earlier video."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seedance_widgets.jobs import job as job_of_ledger
from seedance_widgets.jobs import list_jobs
from seedance_widgets.request.images import Unusable, as_image, facts_of
from seedance_widgets.widgets.surface import Refused

if TYPE_CHECKING:
    from seedance_widgets.request import Image, VideoRequest
    from seedance_widgets.video import Video
    from seedance_widgets.widgets.media import Shelf

MANY = "reference_image_urls"
RECENT = 12
_WORDS = 80  # characters of a prompt in a list


def reference_at(request: VideoRequest, slot: str, index: int | None) -> Any:
    """The reference image in a place; None where there is none, or where the slot takes one image alone."""
    there = request.references if slot == MANY else ()
    return there[index] if index is not None and 0 <= index < len(there) else None


def put(request: VideoRequest, slot: str, instead_of: Any, image: Any) -> VideoRequest:
    """The request with an image in a slot.

    Args:
        request: What the form holds.
        slot: The field.
        instead_of: The reference image to replace, wherever it is by now; None, or one that is gone, adds one.
        image: What the field takes.
    """
    if slot != MANY:
        return request.replace(**{slot: image})
    images = list(request.references)
    place = next((i for i, one in enumerate(images) if one is instead_of), len(images))
    images[place : place + 1] = [image]
    return request.replace(**{MANY: images})


def remove(request: VideoRequest, slot: str, index: int | None) -> VideoRequest:
    """The request without the image of a slot."""
    if slot != MANY:
        return request.replace(**{slot: None})
    return request.replace(**{MANY: [one for place, one in enumerate(request.references) if place != index]})


def move(request: VideoRequest, index: int, to: int) -> VideoRequest:
    """The request with a reference image in another place."""
    images = list(request.references)
    if 0 <= index < len(images):
        images.insert(max(0, min(to, len(images) - 1)), images.pop(index))
    return request.replace(**{MANY: images})


def typed_image(text: str) -> Any:
    """What a person has typed as an image: a URL, a data: URI or the path of a file. Blocking.

    Raises:
        Refused: It can be none.
    """
    words = text.strip()
    if not words:
        raise Refused("type an https:// address, or the path of a file on the notebook's machine.")
    image = as_image(words)
    if isinstance(image, Unusable):
        raise Refused(f"{image.reason}.")
    facts_of(image)  # what is wanted of it later is read here, off the loop, and remembered
    return image


def recent(shelf: Shelf) -> list[dict[str, Any]]:
    """Earlier videos whose last frame can be used, the newest first. Blocking: it asks the ledger."""
    found = [job for job in list_jobs(10 * RECENT) if job.video is not None and job.video.path.is_file()]
    return [
        {"job": job.id, "words": job.card().prompt[:_WORDS], "poster": shelf.key_of(job.video)}
        for job in found[:RECENT]
    ]


def last_frame_of(job_id: str) -> Image:
    """The last frame of an earlier video. Blocking.

    Raises:
        Refused: There is no such video.
    """
    try:
        video = job_of_ledger(job_id).video
    except KeyError as error:
        raise Refused(str(error.args[0])) from None
    if video is None:
        raise Refused(f"job {job_id} has no video.")
    return last_frame(video)


def last_frame(video: Video) -> Image:
    """The last frame of a video, with what is wanted of it later computed here, off the loop. Blocking."""
    image = video.last_frame
    _ = image.digest, image.facts
    return image
