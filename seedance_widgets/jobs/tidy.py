"""What people do with old jobs: delete a file, forget an entry, adopt a task that was made elsewhere."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Literal

from seedance_widgets import choice
from seedance_widgets.errors import JobError, NotFound, ProviderError, StorageError
from seedance_widgets.jobs.engine import engine_for, live_tracks
from seedance_widgets.jobs.handle import Job
from seedance_widgets.jobs.ledger import is_unfinished, now, open_ledger
from seedance_widgets.jobs.record import ENDED, Record
from seedance_widgets.jobs.recovery import take_up, track_of
from seedance_widgets.jobs.store import MEDIA, keep_inputs
from seedance_widgets.jobs.told import settings_told
from seedance_widgets.jobs.track import Track
from seedance_widgets.notebook import loop as bridge
from seedance_widgets.request import VideoRequest
from seedance_widgets.request.plain import shown, tame
from seedance_widgets.secrecy import quoted

if TYPE_CHECKING:
    from collections.abc import Container
    from pathlib import Path

    from seedance_widgets.jobs.ledger import Ledger
    from seedance_widgets.providers.base import Provider, Task

_LONGEST_ID = 200


def delete_file(job_id: str) -> int:
    """Delete the video of a job, and its last frame; the entry stays. Blocking.

    Returns:
        How many bytes that freed.

    Raises:
        KeyError: The ledger knows no such job.
        JobError: The job is under way, here, elsewhere or left by a restart; or its video is still to be fetched.
        StorageError: It cannot be deleted.
    """
    ledger = open_ledger()
    return _delete_files(ledger, _settled(ledger, job_id))


def forget(job_id: str, *, even_if_unfinished: bool = False) -> int:
    """Delete a job's entry in the ledger, and its files. Blocking; what it cost is no longer in any total.

    Args:
        job_id: Its id.
        even_if_unfinished: Also where the provider may still have a video that was never fetched. A job that is under
            way is kept in any case.

    Returns:
        How many bytes that freed.

    Raises:
        KeyError: The ledger knows no such job.
        JobError: The job is under way, here, elsewhere or left by a restart; or its video is still to be fetched.
        StorageError: It cannot be deleted.
    """
    ledger = open_ledger()
    freed = _delete_files(ledger, _settled(ledger, job_id, even_if_unfinished=even_if_unfinished))
    ledger.call(ledger.delete, job_id)
    return freed


def read_id(job_id: Any) -> str:
    """The id of a job as it was given.

    Raises:
        TypeError: It can be none.
    """
    if not isinstance(job_id, str):
        raise TypeError(f"a job is found by its id, a text as sw.jobs() lists them; {shown(tame(job_id))} is none.")
    return job_id


Deletion = Literal["never", "plain", "video", "doubt"]


def deletion(job: Job) -> Deletion:
    """Whether a person may delete the job's entry, and what is lost with it.

    Returns:
        `never` while it is under way, `video` where the provider may still have a video that was not fetched, `doubt`
        where nobody knows whether it was made, else `plain`.
    """
    return _deletion(job._track.record, live_tracks(open_ledger()))  # noqa: SLF001  the rule is the record's


def _deletion(record: Record, live: Container[str]) -> Deletion:
    if record.id in live or record.state not in ENDED:
        return "never"
    if is_unfinished(record):
        return "video"
    return "doubt" if record.state == "unknown" else "plain"


def _delete_files(ledger: Ledger, record: Record) -> int:
    freed = 0
    for path in _files(ledger, record):
        try:
            freed += path.stat().st_size
            path.unlink()
        except FileNotFoundError:
            continue
        except OSError as error:
            raise StorageError(f"{path} cannot be deleted: {error.strerror or error}.") from error
    return freed


async def adopt(task_id: Any, provider: Provider | str | None = None) -> Job:
    """Take up a task that was made elsewhere: in the provider's console, by another program, with a lost ledger.

        job = await sw.jobs.adopt("cgt-20261120-abcde")
        video = await job

    It is looked up at the provider, written to the ledger and followed; nothing is made or billed by this.

    Args:
        task_id: The provider's id of the task.
        provider: Who made it; by default `sw.provider()`.

    Returns:
        Its job; the one of the ledger where that knows the task already, followed again where nobody did.

    Raises:
        ValueError: That is no task id.
        JobError: Another kernel looks after it, or it is being taken up here just now.
        NotFound: The provider knows no such task.
        ProviderError: The provider could not be asked.
    """
    if not isinstance(task_id, str) or not task_id.strip() or len(task_id) > _LONGEST_ID or not task_id.isprintable():
        raise ValueError("a task id is the text that the provider gave, such as cgt-20261120-abcde.")
    task_id = task_id.strip()
    chosen = await asyncio.to_thread(choice.resolve, provider)
    ledger = await asyncio.to_thread(open_ledger)
    for track in live_tracks(ledger).values():
        if track.record.task_id == task_id:
            return Job(track)
    known = await ledger.on_thread(ledger.find, task_id)
    if known is not None and known.task_id == task_id:
        return await _known(ledger, known, chosen)
    found = (await chosen.poll([task_id])).get(task_id)
    if found is None or isinstance(found, NotFound):
        raise NotFound(
            f"{chosen.label} knows no task {quoted(task_id)}: look at the id, the account and the region.",
            provider=chosen.name,
        )
    if isinstance(found, ProviderError):
        raise found
    track = await asyncio.to_thread(_track, ledger, chosen, found)
    record, events = track.entry()
    if not await ledger.on_thread(ledger.add_claimed, record, events):  # somebody was faster
        known = await ledger.on_thread(ledger.find, task_id)
        return await _known(ledger, known or record, chosen)
    track.saved(len(events))
    engine_for(chosen, ledger, bridge.home_loop()).start(track)
    await ledger.on_thread(ledger.taken, record.id)
    return Job(track)


def _track(ledger: Ledger, provider: Provider, task: Task) -> Track:
    """A job for a task that we did not make; what was asked is known only as far as the provider tells it."""
    from seedance_widgets.jobs import new_id  # noqa: PLC0415  this module is part of that package

    request = VideoRequest.from_dict({"prompt": "", **settings_told(task)})
    record = Record(
        id=new_id(),
        provider=provider.id,
        base_url=provider.base_url,
        billed=provider.billed,
        model=request.model,
        created_at=task.created_at or time.time(),
        request=keep_inputs(ledger.folder, request),
        request_hash="",  # what was really asked is not known: it stands for no other request
        owner=ledger.owner,
        state="running" if task.status == "running" else "queued",
        task_id=task.task_id,
        submitted_at=task.created_at or now(),
        estimate={"resumed": True, "adopted": True},
    )
    track = Track(record, request, label=provider.label)
    track.changed("adopted: the task was made elsewhere")
    return track


async def _known(ledger: Ledger, record: Record, provider: Provider) -> Job:
    """The job of a task that the ledger knows and this process does not follow: taken up, unless it has ended."""
    if not is_unfinished(record):
        return Job(await asyncio.to_thread(track_of, ledger, record))
    track = await take_up(ledger, record, provider) or live_tracks(ledger).get(record.id)
    if track is not None:
        return Job(track)
    if await ledger.on_thread(ledger.is_elsewhere, record.owner):
        raise JobError(
            f"job {record.id} belongs to another kernel: wait for it or take it up there, or end that kernel."
        )
    raise JobError(f"job {record.id} is being taken up just now; `sw.job({record.id!r})` is its job in a moment.")


def _settled(ledger: Ledger, job_id: str, *, even_if_unfinished: bool = False) -> Record:
    """The job, which has ended.

    Raises:
        KeyError: There is none.
        JobError: It has not, or there is a video that would be lost.
    """
    live = live_tracks(ledger)
    if read_id(job_id) in live:
        raise JobError(f"job {job_id} is under way; cancel it, or let it end, before it is deleted.")
    record = ledger.call(ledger.find, job_id)
    if record is None or record.id != job_id:
        raise KeyError(f"no job is called {quoted(job_id)} in {ledger.folder}; it may have been deleted already.")
    means = _deletion(record, live)
    if means == "never":
        if ledger.call(ledger.is_elsewhere, record.owner):
            raise JobError(f"job {job_id} is under way in another kernel; cancel it there, or let it end.")
        raise JobError(
            f"job {job_id} is {record.state}, and nobody follows it; `await sw.resume()` takes it up. When it has "
            "ended it can be deleted."
        )
    if means == "video" and not even_if_unfinished:
        raise JobError(
            f"the provider may still have the video of job {job_id}: `await sw.resume()` fetches it, and "
            f"`sw.jobs.forget({job_id!r}, even_if_unfinished=True)` gives it up."
        )
    return record


def _files(ledger: Ledger, record: Record) -> list[Path]:
    return [ledger.folder / MEDIA / name for name in (record.video, record.last_frame) if name]
