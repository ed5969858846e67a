"""Take up what a crash, a restart or a closed script left: poll and download, never submit."""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial
from typing import TYPE_CHECKING, Any

from seedance_widgets import choice
from seedance_widgets.errors import JobCancelled, SeedanceError, UnknownSubmit
from seedance_widgets.jobs.engine import engine_for, live_tracks
from seedance_widgets.jobs.handle import Job, JobList
from seedance_widgets.jobs.ledger import Ledger, now
from seedance_widgets.jobs.record import Record, error_from_dict, error_to_dict
from seedance_widgets.jobs.results import video_of
from seedance_widgets.jobs.store import request_values
from seedance_widgets.jobs.track import Track
from seedance_widgets.notebook import loop as bridge
from seedance_widgets.notebook.card import live_display
from seedance_widgets.request import VideoRequest

if TYPE_CHECKING:
    from collections.abc import Generator

    from seedance_widgets.providers.base import Provider


CARDS = 5  # shown while a cell waits; more would bury the notebook


class Resumed:
    """The jobs that `resume` takes up; works from the moment it is made. Await it for the list, when all have ended."""

    def __init__(self, ledger: Ledger, provider: Provider | None) -> None:
        self._ledger = ledger
        self._provider = provider
        self._loop = bridge.home_loop()
        self._jobs: JobList | None = None
        self._taken = bridge.start(self._loop, self._take_up())
        self._taken.add_done_callback(_report)

    def __await__(self) -> Generator[Any, None, JobList]:
        return self._all_ended().__await__()

    async def taken_up(self) -> JobList:
        """The jobs, as soon as they are followed; on the loop on which jobs live."""
        return await asyncio.shield(self._taken)

    def __repr__(self) -> str:
        if self._jobs is None:
            return "looking for unfinished jobs; `await` this to wait for them"
        return repr(self._jobs)

    def _repr_html_(self) -> str | None:
        return self._jobs._repr_html_() if self._jobs else None

    async def _take_up(self) -> JobList:
        busy = list(live_tracks(self._ledger))
        records = await self._ledger.on_thread(self._ledger.claim_unfinished, busy)
        jobs = [await self._take_up_one(record) for record in records]
        self._jobs = JobList(jobs, empty="no unfinished job: there was nothing to take up")
        return self._jobs

    async def _take_up_one(self, record: Record) -> Job:
        track = await asyncio.to_thread(track_of, self._ledger, record)
        await asyncio.to_thread(lambda: track.timeline)
        try:
            if record.task_id is None:
                await self._settle_unsent(track)
            else:
                await follow(self._ledger, track, self._provider, self._loop)
        except SeedanceError as error:  # one job that cannot be taken up must not keep the others from it
            track.error = error
            await self._ledger.on_thread(self._ledger.give_back, record.id)
        else:
            await self._ledger.on_thread(self._ledger.taken, record.id)
        return Job(track)

    async def _settle_unsent(self, track: Track) -> None:
        """Say how a job ended whose process stopped before there was an answer to the create call."""
        record = track.record
        if record.state == "pending":
            record.state = "cancelled"
            track.error = JobCancelled("the program ended before the create call was sent; nothing was made or billed.")
        else:
            record.state = "unknown"
            track.error = UnknownSubmit(
                "the program ended while the create call was on its way: a task may exist and be billed. "
                "Look at the provider's console before you submit it again.",
                provider=record.provider,
            )
        record.error = error_to_dict(track.error)
        record.ended_at = now()
        track.changed(str(track.error))
        await self._ledger.on_thread(self._ledger.save, track.entry())

    async def _all_ended(self) -> JobList:
        if bridge.running_loop() is not self._loop:
            there = asyncio.run_coroutine_threadsafe(self._all_ended(), self._loop)
            return await asyncio.wrap_future(there)
        jobs = await asyncio.shield(self._taken)
        if bridge.kernel() is not None:
            for job in jobs[:CARDS]:
                live_display(job)
        for job in jobs:
            with contextlib.suppress(SeedanceError):  # it is on the job, and on its card
                await job
        return jobs


async def take_up(ledger: Ledger, record: Record, provider: Provider) -> Track | None:
    """Follow one job of the ledger again that has a task and that nobody follows; it sends nothing.

    Returns:
        None where it is followed or taken up by somebody else.

    Raises:
        SeedanceError: It cannot be followed, for want of a key, say.
    """
    claimed = await ledger.on_thread(ledger.claim_unfinished, list(live_tracks(ledger)), record.id)
    if not claimed:
        return None
    track = await asyncio.to_thread(track_of, ledger, claimed[0])
    await asyncio.to_thread(lambda: track.timeline)
    try:
        await follow(ledger, track, provider, bridge.home_loop())
    except BaseException:
        await ledger.on_thread(ledger.give_back, record.id)
        raise
    await ledger.on_thread(ledger.taken, record.id)
    return track


async def follow(ledger: Ledger, track: Track, provider: Provider | None, loop: asyncio.AbstractEventLoop) -> None:
    """Ask for a claimed job's task again, and fetch its video."""
    record = track.record
    chosen = await asyncio.to_thread(choice.provider_for, record.provider, record.base_url, provider)
    record.error = track.error = None
    record.ended_at = None
    record.estimate = {**record.estimate, "resumed": True}
    if record.state not in {"queued", "running"}:
        record.state = "running"
    engine_for(chosen, ledger, loop).start(track)


def track_of(ledger: Ledger, record: Record) -> Track:
    """What is known of a job from its row in the ledger; blocking, off the loop."""
    request = VideoRequest.from_dict(request_values(ledger.folder, record.request))
    past = partial(ledger.call, ledger.events, record.id)
    track = Track(record, request, label=choice.label_of(record.provider), past=past)
    if record.error is not None:
        track.error = error_from_dict(record.error)
    if record.state == "succeeded":
        track.video = video_of(track, ledger.folder)
    return track


def _report(taken: asyncio.Future[JobList]) -> None:
    """Let an error be seen even where nobody awaits the list."""
    if not taken.cancelled() and (error := taken.exception()) is not None:
        taken.get_loop().call_exception_handler({"message": "resume() failed", "exception": error})
