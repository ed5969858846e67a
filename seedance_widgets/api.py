"""The tool as two coroutines: from an image, and from text, to a video."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from seedance_widgets.jobs import submit
from seedance_widgets.notebook.card import progress_display
from seedance_widgets.request import VideoRequest
from seedance_widgets.request.names import suggest_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seedance_widgets.providers.base import Provider
    from seedance_widgets.video import Video


@suggest_names
async def generate_video_from_image(
    prompt: str,
    first_frame_url: Any = None,
    last_frame_url: Any = None,
    reference_image_urls: Sequence[Any] | None = None,
    model: str = "doubao-seedance-1-0-pro-250528",
    resolution: str = "720p",
    ratio: str = "16:9",
    duration: int | None = None,
    frames: int | None = None,
    generate_audio: bool = False,
    service_tier: str = "default",
    seed: int = -1,
    return_last_frame: bool = False,
    callback_url: str | None = None,
    execution_expires_after: int = 172800,
    *,
    camera_fixed: bool = False,
    watermark: bool = False,
    provider: Provider | str | None = None,
) -> Video:
    """Animate an image: give a first frame, a first and a last frame, or reference images, and a sentence.

    An image is an https:// URL, a data:image/ URI, a path, bytes, a binary file object, a PIL image, a numpy array or a
    `Video`, which stands for its last frame.

    Args:
        prompt: What happens in the video: how things and the camera move.
        first_frame_url: The image the video starts with.
        last_frame_url: The image the video ends with; needs a first frame.
        reference_image_urls: Images that guide the look; not together with first or last frame.
        model: Id at any provider, or short name such as `1.0-pro`; `sw.models()` lists them.
        resolution: `480p`, `720p`, `1080p` or `4k`.
        ratio: `16:9`, `4:3`, `1:1`, `3:4`, `9:16`, `21:9`, or `adaptive` to follow the image.
        duration: Seconds; None means 5 where `frames` is None too.
        frames: 25 + 4n from 29 to 289, instead of `duration`.
        generate_audio: Sound with the picture, on a model that makes it.
        service_tier: `default`, or `flex` at half the price and in its own time.
        seed: 0 to 2147483647; -1 for a random one.
        return_last_frame: Also fetch the last frame as an image.
        callback_url: Where the provider reports the task's changes.
        execution_expires_after: Seconds after which the provider gives up, 3600 to 259200.
        camera_fixed: Ask for a camera that stands still.
        watermark: Put the provider's "AI generated" mark on the picture.
        provider: Who makes it; by default `sw.provider()`.

    Returns:
        The video, a file on this machine.

    Raises:
        RequestError: The request has errors; nothing was written, sent or spent.
        SeedanceError: What went wrong on the way; see `seedance_widgets.errors`.
    """
    # In a thread: pixels given as an array are encoded, which takes a while.
    request = await asyncio.to_thread(
        VideoRequest,
        prompt=prompt,
        first_frame_url=first_frame_url,
        last_frame_url=last_frame_url,
        reference_image_urls=() if reference_image_urls is None else reference_image_urls,
        model=model,
        resolution=resolution,
        ratio=ratio,
        duration=duration,
        frames=frames,
        generate_audio=generate_audio,
        service_tier=service_tier,
        seed=seed,
        return_last_frame=return_last_frame,
        callback_url=callback_url,
        execution_expires_after=execution_expires_after,
        camera_fixed=camera_fixed,
        watermark=watermark,
    )
    job = submit(request, provider, image_required=True)
    with progress_display(job):
        return await job


async def generate_video(prompt: str, *, provider: Provider | str | None = None, **settings: Any) -> Video:
    """Make a video from text alone, or from anything a `VideoRequest` can hold.

    Args:
        prompt: What the video shows.
        provider: Who makes it; by default `sw.provider()`.
        **settings: Fields of `VideoRequest`; an unknown name raises TypeError with the nearest one.

    Returns:
        The video, a file on this machine.

    Raises:
        RequestError: The request has errors; nothing was written, sent or spent.
        SeedanceError: What went wrong on the way; see `seedance_widgets.errors`.
    """
    job = submit(await asyncio.to_thread(VideoRequest, prompt, **settings), provider)
    with progress_display(job):
        return await job
