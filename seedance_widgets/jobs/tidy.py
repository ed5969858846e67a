"""What people do with old jobs: delete a file, forget an entry, adopt a task that was made elsewhere."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from seedance_widgets import choice
from seedance_widgets.errors import JobError, NotFound, ProviderError, StorageError
from seedance_widgets.jobs.engine import engine_for, live_tracks
from seedance_widgets.jobs.handle import Job
from seedance_widgets.jobs.ledger import now, open_ledger
from seedance_widgets.jobs.record import Record
from seedance_widgets.jobs.recovery import track_of
from seedance_widgets.jobs.store import MEDIA, keep_inputs
from seedance_widgets.jobs.track import Track
from seedance_widgets.notebook import loop as bridge
from seedance_widgets.request import VideoRequest

if TYPE_CHECKING:
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
        JobError: The job is under way.
        StorageError: It cannot be deleted.
    """
    ledger = open_ledger()
    record = _settled(ledger, job_id)
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


def forget(job_id: str) -> int:
    """Delete a job's entry in the ledger, and its files. Blocking; what it cost is no longer in any total.

    Returns:
        How many bytes that freed.

    Raises:
        KeyError: The ledger knows no such job.
        JobError: The job is under way.
        StorageError: It cannot be deleted.
    """
    freed = delete_file(job_id)
    ledger = open_ledger()
    ledger.call(ledger.delete, job_id)
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
        Its job; the one of the ledger where that knows the task already.

    Raises:
        ValueError: That is no task id.
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
        return Job(await asyncio.to_thread(track_of, ledger, known))
    found = (await chosen.poll([task_id])).get(task_id)
    if found is None or isinstance(found, NotFound):
        raise NotFound(
            f"{chosen.label} knows no task {task_id!r}: look at the id, the account and the region.",
            provider=chosen.name,
        )
    if isinstance(found, ProviderError):
        raise found
    track = await asyncio.to_thread(_track, ledger, chosen, found)
    await ledger.on_thread(ledger.save, track.entry())
    engine_for(chosen, ledger, bridge.home_loop()).start(track)
    return Job(track)


def _track(ledger: Ledger, provider: Provider, task: Task) -> Track:
    """A job for a task that we did not make; what was asked is known only as far as the provider tells it."""
    from seedance_widgets.jobs import new_id  # noqa: PLC0415  this module is part of that package

    told: dict[str, Any] = {"resolution": task.resolution, "ratio": task.ratio, "seed": task.seed}
    raw = task.raw
    told |= {"model": raw.get("model"), "duration": raw.get("duration"), "prompt": raw.get("prompt")}
    whole = {"seed", "duration"}
    kinds = {name: int if name in whole else str for name in told}
    values: dict[str, Any] = {name: value for name, value in told.items() if isinstance(value, kinds[name])}
    request = VideoRequest.from_dict({"prompt": "", **values})
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
        estimate={"resumed": True},
    )
    track = Track(record, request, label=provider.label)
    track.changed("adopted: the task was made elsewhere")
    return track


def _settled(ledger: Ledger, job_id: str) -> Record:
    if job_id in live_tracks(ledger):
        raise JobError(f"job {job_id} is under way; cancel it, or let it end, before it is deleted.")
    record = ledger.call(ledger.find, job_id)
    if record is None or record.id != job_id:
        raise KeyError(f"no job is called {job_id!r} in {ledger.folder}; it may have been deleted already.")
    return record


def _files(ledger: Ledger, record: Record) -> list[Path]:
    return [ledger.folder / MEDIA / name for name in (record.video, record.last_frame) if name]
