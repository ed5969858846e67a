"""From a finished task to files on the disk, and from the files to the `Video`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from seedance_widgets.errors import DownloadFailed, JobExpired, NotFound, ProviderError, VideoFileError
from seedance_widgets.jobs import store
from seedance_widgets.video import Video

if TYPE_CHECKING:
    from pathlib import Path

    from seedance_widgets.jobs.track import Track
    from seedance_widgets.providers.base import Provider, Task

LINKS = 3  # to try, each a fresh one where the last was dead


async def fetch(provider: Provider, task: Task, which: Literal["video_url", "last_frame_url"], target: Path) -> str:
    """Download one of a task's files, with a fresh link where the old one is dead.

    Returns:
        The name of the file.

    Raises:
        DownloadFailed: It could not be fetched, or is no video.
        JobExpired: The provider no longer keeps it.
        StorageError: It cannot be written.
    """
    for attempt in range(LINKS):
        url = getattr(task, which)
        if not url:
            raise DownloadFailed(f"{provider.label} says that the video is made, but gives no link to it.")
        try:
            check = _check_video if which == "video_url" else None
            await store.download(url, target, real_seconds=provider.limits.real_seconds, check=check)
        except store.LinkExpired as error:
            if attempt == LINKS - 1:
                raise DownloadFailed(
                    f"the video was made, but its link is dead ({error}) and no fresh one could be had; "
                    "`await sw.resume()` tries again while the provider keeps it."
                ) from None
            answers = await provider.poll([task.task_id])
            fresh = answers.get(task.task_id)
            if fresh is None or isinstance(fresh, NotFound):
                raise JobExpired("the video was made, but the provider no longer keeps it.") from None
            if isinstance(fresh, ProviderError):
                raise fresh from None
            task = fresh
        else:
            break
    return target.name


def video_of(track: Track, folder: Path) -> Video | None:
    """The job's video as it lies in the ledger's media folder; None where it never came to that."""
    record = track.record
    if record.video is None:
        return None
    media = folder / store.MEDIA
    return Video(
        media / record.video,
        request=track.request,
        task_id=record.task_id,
        url=record.result.get("url"),
        seed=record.result.get("seed"),
        tokens=record.result.get("tokens"),
        price=record.price,
        currency=record.currency,
        provider=record.provider,
        last_frame_path=media / record.last_frame if record.last_frame else None,
    )


def _check_video(path: Path) -> None:
    """Keep only a file that really is a video."""
    try:
        Video(path).frames  # noqa: B018  reads the file's own facts
    except VideoFileError as error:
        raise DownloadFailed(
            f"the video was made, but what its link gave is no video ({error}); `await sw.resume()` tries again while "
            "the provider keeps it."
        ) from None
