"""VideoRequest: what is asked, immutable, the same for every provider."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from seedance_widgets.request.images import Image, Unusable, as_image, content_key
from seedance_widgets.request.names import suggest_names

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from seedance_widgets.catalog import Mode

IMAGE_FIELDS = ("first_frame_url", "last_frame_url", "reference_image_urls")


@suggest_names
@dataclass(frozen=True, repr=False)
class VideoRequest:
    """What is asked of a model. Values are kept as given: `check` says what is wrong with them.

    An image is an https:// URL, a data:image/ URI, a path, bytes, a binary file object, a PIL image, a numpy array
    (height, width[, 3 or 4]; uint8, or floats from 0 to 1) or a `Video`, which stands for its last frame.

    Args:
        prompt: What happens in the video.
        first_frame_url: The image the video starts with.
        last_frame_url: The image the video ends with; needs a first frame.
        reference_image_urls: Images that guide the look; not together with first or last frame.
        model: Id at any provider, or short name such as `1.0-pro`; `sw.models()` lists them.
        resolution: `480p`, `720p`, `1080p` or `4k`.
        ratio: `16:9`, `4:3`, `1:1`, `3:4`, `9:16`, `21:9`, or `adaptive` to follow the image.
        duration: Seconds; None means 5 where `frames` is None too; -1 lets a model that can decide.
        frames: 25 + 4n from 29 to 289, instead of `duration`.
        generate_audio: Sound with the picture.
        service_tier: `default`, or `flex` at half the price and in its own time.
        seed: 0 to 2147483647; -1 for a random one.
        return_last_frame: Also fetch the last frame as an image.
        callback_url: Where the provider reports the task's changes.
        execution_expires_after: Seconds after which the provider gives up, 3600 to 259200.
        camera_fixed: Ask for a camera that stands still.
        watermark: Put the provider's "AI generated" mark on the picture.

    Raises:
        TypeError: An unknown keyword; the message holds the nearest name.
    """

    prompt: str
    first_frame_url: Any = None
    last_frame_url: Any = None
    reference_image_urls: Any = ()
    model: str = "doubao-seedance-1-0-pro-250528"
    resolution: str = "720p"
    ratio: str = "16:9"
    duration: int | None = None
    frames: int | None = None
    generate_audio: bool = False
    service_tier: str = "default"
    seed: int = -1
    return_last_frame: bool = False
    callback_url: str | None = None
    execution_expires_after: int = 172800
    camera_fixed: bool = False
    watermark: bool = False

    def __post_init__(self) -> None:
        # Mutable images become immutable here, so that a request never changes under a job's feet.
        for name in ("first_frame_url", "last_frame_url"):
            object.__setattr__(self, name, as_image(getattr(self, name)))
        references = self.reference_image_urls
        if references is None:
            references = ()
        elif isinstance(references, (list, tuple)):
            references = tuple(as_image(value) for value in references)
        else:  # one image where a list belongs: `check` says so and offers the list
            references = as_image(references)
        object.__setattr__(self, "reference_image_urls", references)

    @property
    def references(self) -> tuple[Any, ...]:
        """The reference images, also where a single one was given without a list."""
        given = self.reference_image_urls
        return given if isinstance(given, tuple) else (given,)

    @property
    def mode(self) -> Mode:
        """Which kind of image input this is; where kinds are mixed, `check` objects."""
        if self.references:
            return "references"
        if self.last_frame_url is not None:
            return "first_last_frame"
        return "first_frame" if self.first_frame_url is not None else "text"

    @property
    def images(self) -> tuple[tuple[str, Any], ...]:
        """Every image with its role: `first_frame`, `last_frame` or `reference_image`."""
        pairs = [("first_frame", self.first_frame_url), ("last_frame", self.last_frame_url)]
        pairs += [("reference_image", value) for value in self.references]
        return tuple((role, value) for role, value in pairs if value is not None)

    @cached_property
    def content_hash(self) -> str:
        """64 hex digits that are equal for equal requests; local images count by their bytes, not by their names.

        Raises:
            StorageError: A local image cannot be read.
        """
        facts = self.to_dict(image=content_key)
        canonical = json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=repr)
        return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()

    def replace(self, **changes: Any) -> VideoRequest:
        """A copy with `changes`; an unknown name raises TypeError with the nearest one."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return VideoRequest(**{**values, **changes})

    def to_dict(self, *, image: Callable[[Any], Any] | None = None) -> dict[str, Any]:
        """Plain values that JSON can hold and `from_dict` takes back.

        Args:
            image: How to write an image; by default URLs and paths as they are, image data as data: URIs.
        """
        write = image or _plain_image
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        for name in ("first_frame_url", "last_frame_url"):
            values[name] = None if values[name] is None else write(values[name])
        given = values["reference_image_urls"]
        values["reference_image_urls"] = [write(one) for one in given] if isinstance(given, tuple) else write(given)
        return values

    def __repr__(self) -> str:
        given = [
            f"{field.name}={getattr(self, field.name)!r}"
            for field in dataclasses.fields(self)[1:]
            if not _same(getattr(self, field.name), field.default)
        ]
        return f"VideoRequest({', '.join([repr(self.prompt), *given])})"

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> VideoRequest:
        """The request that `to_dict` wrote.

        Raises:
            TypeError: An unknown name, or no prompt.
        """
        return cls(**values)


def _plain_image(value: Any) -> Any:
    if isinstance(value, Image):
        return value.data_uri()
    return str(value) if isinstance(value, Unusable) else value


def _same(value: Any, default: Any) -> bool:
    """Whether a value is the default, of the same type: 1 is not True."""
    return type(value) is type(default) and value == default
