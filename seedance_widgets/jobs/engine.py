"""The engine: takes jobs from the ledger's first line to the file on the disk. One per event loop and provider."""

from __future__ import annotations

import asyncio
import atexit
import itertools
import os
import random
import sys
import threading
from typing import TYPE_CHECKING, Any

from seedance_widgets.catalog import provider_facts
from seedance_widgets.errors import (
    CannotCancel,
    ConnectionFailed,
    JobCancelled,
    JobExpired,
    NotFound,
    ProviderError,
    SeedanceError,
    UnknownSubmit,
)
from seedance_widgets.jobs import results, store
from seedance_widgets.jobs.ledger import Ledger, now
from seedance_widgets.jobs.pace import Pace
from seedance_widgets.jobs.poller import Poller
from seedance_widgets.jobs.record import error_to_dict
from seedance_widgets.jobs.told import settle
from seedance_widgets.jobs.writer import Writer
from seedance_widgets.notebook import loop as bridge
from seedance_widgets.providers.http import may_repeat_create

if TYPE_CHECKING:
    from pathlib import Path

    from seedance_widgets.jobs.record import Record, State
    from seedance_widgets.jobs.track import Track
    from seedance_widgets.providers.base import Provider, Task

# Seconds of the provider's clock. A create call is repeated only after an answer that nothing was made.
FIRST_PAUSE = 2.0
LONGEST_PAUSE = 30.0
PATIENCE = 3600.0  # with a provider that says "later"
PATIENCE_OFFLINE = 120.0  # with one that cannot be reached
DOWNLOADS_AT_ONCE = 4
MOST_LATE = 5.0  # history may stretch or shrink what is typical so far
BEATS_UNTIL_SAVED = 8

_BY_THE_USER = "cancelled by the user"

_engines: dict[asyncio.AbstractEventLoop, list[Engine]] = {}
_engines_lock = threading.Lock()
_cut_off: list[Track] = []  # jobs that could not go on because the program was ending
if hasattr(os, "register_at_fork"):  # a forked process has none of the loops
    os.register_at_fork(after_in_child=_engines.clear)


def engine_for(provider: Provider, ledger: Ledger, loop: asyncio.AbstractEventLoop) -> Engine:
    """The engine of this provider on this loop, so that all its jobs share one poller and one set of rates."""
    for dead in [known for known in _engines if known.is_closed()]:
        del _engines[dead]
    with _engines_lock:
        engines = _engines.setdefault(loop, [])
        for engine in engines:
            if engine.provider == provider and engine.ledger is ledger:
                return engine
        engine = Engine(provider, ledger, loop)
        engines.append(engine)
        atexit.unregister(_say_what_is_left)  # the last to be registered is the first to run: before a loop is closed
        atexit.register(_say_what_is_left)
        return engine


class MadeBefore(JobCancelled):
    """Nothing was sent, since a job with an equal request makes another one needless.

    Args:
        record: That job: it has its video, is under way, or may have been made.
    """

    def __init__(self, record: Record) -> None:
        super().__init__(f"nothing was sent: job {record.id} has an equal request, and is {record.state}.")
        self.record = record


class _Shut(Exception):
    """The job's gate was shut just before its create call was sent."""


def _is_the_end(error: Exception) -> bool:
    """Whether this is how Python refuses work while the program ends."""
    words = ("cannot schedule new futures", "at interpreter shutdown")
    return isinstance(error, RuntimeError) and any(one in str(error) for one in words)


def _say_what_is_left() -> None:
    """A script that ends early is told which of its jobs go on at the provider, and which were never sent."""
    engines = [one for loop, some in _engines.items() if loop.is_running() for one in some]
    left = [track for one in engines for track in list(one.tracks.values()) if not track.done]
    tracks = list({id(track): track for track in (*left, *_cut_off)}.values())
    if not tracks or bridge.kernel() is not None:
        return
    sent = sum(track.record.state != "pending" for track in tracks)
    if sent:
        jobs = "1 job is" if sent == 1 else f"{sent} jobs are"
        sys.stderr.write(f"{jobs} still under way; `sw.run(sw.resume())` takes up what was sent, and sends nothing.\n")
    if unsent := len(tracks) - sent:
        jobs = "1 job was" if unsent == 1 else f"{unsent} jobs were"
        it = "it" if unsent == 1 else "them"
        sys.stderr.write(
            f"{jobs} not sent before the program ended: nothing is made or billed. `sw.run(job)` waits for {it}.\n"
        )


def live_tracks(ledger: Ledger) -> dict[str, Track]:
    """The jobs of `ledger` that this process is busy with, on loops that still live, by id."""
    return {
        track_id: track
        for loop, engines in list(_engines.items())
        if not loop.is_closed()
        for engine in engines
        if engine.ledger is ledger
        for track_id, track in list(engine.tracks.items())
    }


class Engine:
    """Submits, follows and downloads the jobs of one provider on one loop.

    Attributes:
        tracks: The jobs that have not ended, by id.
    """

    def __init__(self, provider: Provider, ledger: Ledger, loop: asyncio.AbstractEventLoop) -> None:
        self.provider = provider
        self.ledger = ledger
        self.loop = loop
        self.tracks: dict[str, Track] = {}
        self._tasks: set[asyncio.Task[Any]] = set()  # strong references: a loop holds its tasks weakly
        self._cancelling = 0
        self._drivers: dict[str, asyncio.Task[None]] = {}
        self._writer = Writer(ledger)
        self._pace = Pace(provider.limits)
        self._poller = Poller(provider)
        self._downloads = asyncio.Semaphore(DOWNLOADS_AT_ONCE)
        self._heart: asyncio.Task[None] | None = None

    def start(self, track: Track) -> None:
        """Take `track` on; from any thread."""
        track.attach(self)
        self.tracks[track.record.id] = track
        bridge.call(self.loop, self._start, track)

    def keep(self, task: asyncio.Task[Any]) -> None:
        """Hold `task` until it is done."""
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def cancel(self, track: Track) -> None:
        """Cancel where that still saves anything; see `Job.cancel`.

        Raises:
            CannotCancel: The task is running, or has ended, or this provider cannot cancel.
        """
        # While the create call is under way, only its answer decides what there is to cancel.
        await track.until(lambda: track.record.state != "submitting")
        record = track.record
        if track.done:
            raise CannotCancel(f"this job has already ended ({record.state}); there is nothing to cancel.")
        if record.state == "queued" and record.task_id is not None:
            self._cancelling += 1
            try:
                await self.provider.cancel(record.task_id)
            except ProviderError as error:
                track.changed(f"not cancelled: {error.message}", note=error.message)
                raise
            finally:
                self._cancelling -= 1
        elif record.state != "pending":
            message = (
                f"this job is {record.state}: {self.provider.label} cancels queued tasks only, and bills a running one "
                "when it succeeds. You may stop waiting; the video will be kept."
            )
            track.changed(note=message)
            raise CannotCancel(message)
        if driver := self._drivers.get(record.id):
            driver.cancel(_BY_THE_USER)
        await track.until_ended()

    def _start(self, track: Track) -> None:
        task = self.loop.create_task(self._drive(track))
        self._drivers[track.record.id] = task
        self.keep(task)
        if self._heart is None or self._heart.done():
            self._heart = self.loop.create_task(self._beat())
            self.keep(self._heart)

    @property
    def busy(self) -> bool:
        """Whether any call to the provider is under way or to come."""
        return bool(self._drivers) or self._cancelling > 0

    async def _beat(self) -> None:
        """Keep the stop button responsive and the clocks on the cards going; close the connections when all is done.

        The loop notices an interrupt only when something happens on it.
        """
        try:
            for beat in itertools.count(1):
                if not self.busy and not self.tracks:
                    break
                for track in list(self.tracks.values()):
                    track.tick()
                if beat % BEATS_UNTIL_SAVED == 0:
                    await self._writer.save_rest(self.tracks.values())
                    self._let_go_of_the_saved()
                if self._drivers:
                    await asyncio.wait(self._drivers.values(), timeout=bridge.HEARTBEAT)
                else:
                    await asyncio.sleep(bridge.HEARTBEAT)
        finally:
            # First: a job that starts while the connections close must have a heart of its own.
            self._heart = None
            # Another ledger's engine may share the provider, and with it the connections.
            if not any(engine.busy for engine in _engines.get(self.loop, ()) if engine.provider is self.provider):
                await self.provider.aclose()

    async def _drive(self, track: Track) -> None:
        try:
            if track.record.task_id is None:
                await self._prepare(track)
                await self._submit(track)
            await self._finish(track, await self._follow(track))
        except asyncio.CancelledError as error:
            if error.args != (_BY_THE_USER,):
                self.ledger.soon(self.ledger.give_back, track.record.id)
                raise  # the loop is closing; the ledger knows enough for `resume`, in this process or another
            await self._fail(track, "cancelled", JobCancelled("the job was cancelled before it ran; it is not billed."))
        except JobCancelled as error:
            await self._fail(track, "cancelled", error)
        except JobExpired as error:
            await self._fail(track, "expired", error)
        except Exception as error:
            if _is_the_end(error):  # threads end before the loop does: as if it were closing
                _cut_off.append(track)
                raise asyncio.CancelledError from error
            await self._fail(track, _state_after(error, track.record), error)
        finally:
            self._leave_queue(track)
            self._drivers.pop(track.record.id, None)
            if not track.unsaved:  # else the heart goes on until the ledger has it, and nobody else takes it up
                self.tracks.pop(track.record.id, None)
            track.end()

    async def _prepare(self, track: Track) -> None:
        """Write the job down, with its images, before anything is sent."""
        record = track.record
        folder = self.ledger.folder

        def gather() -> None:
            store.check_space(folder)
            record.request_hash = track.request.content_hash
            record.request = store.keep_inputs(folder, track.request)

        await asyncio.to_thread(gather)
        record.owner = self.ledger.owner
        lateness = await self.ledger.on_thread(
            self.ledger.lateness, record.provider, record.model, str(track.request.resolution)
        )
        if typical := record.estimate.get("typical_seconds"):
            record.estimate["expected_seconds"] = typical * min(MOST_LATE, max(1 / MOST_LATE, lateness or 1.0))
        if not track.once:
            await self._writer.save(track, "pending", "written down")
        elif (made := await self._writer.add(track, live_tracks(self.ledger))) is not None:
            record.owner = ""  # the ledger has nothing of it
            raise MadeBefore(made)

    async def _submit(self, track: Track) -> None:
        """POST the create call; again only after an answer that says that nothing was made."""
        record, gate = track.record, track.gate
        real = self.provider.limits.real_seconds
        began: float | None = None

        async def write_down() -> None:
            if record.state != "submitting":
                if gate is not None and not gate.is_open:
                    raise _Shut
                record.submitted_at = now()
                await self._writer.save(track, "submitting", "the create call is sent")

        for attempt in itertools.count():
            try:
                async with self._pace.turn(record.model, str(track.request.resolution), gate):
                    began = self.loop.time() if began is None else began
                    submitted = await self.provider.submit(track.request, before_sending=write_down)
                    track.in_queue = True
                break
            except _Shut:
                continue
            except ProviderError as error:
                offline = isinstance(error, ConnectionFailed)
                patience = real(PATIENCE_OFFLINE if offline else PATIENCE)
                tried_since = max(began or 0.0, gate.opened_at if gate is not None else 0.0)
                if not may_repeat_create(error) or self.loop.time() - tried_since > patience:
                    raise
                # First, for whoever comes next; what the ledger is told takes a moment.
                pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2**attempt) * random.uniform(0.7, 1.3)  # noqa: S311  jitter
                self._pace.pause(real(pause))
                await self._writer.save(track, "pending", f"nothing was made: {error.message}", note=_later(error))
        record.task_id = submitted.task_id
        record.request_id = submitted.request_id
        await self._writer.save_at_any_cost(track, "queued", f"accepted as {submitted.task_id}")

    async def _follow(self, track: Track) -> Task:
        record = track.record
        limits = self.provider.limits
        task_id = record.task_id or ""
        expected = float(record.estimate.get("expected_seconds") or 60.0) * limits.speed

        def told(task: Task) -> None:
            if task.status in {"queued", "running"} and task.status != record.state:
                if task.status == "running":
                    record.running_at = record.running_at or now()
                    self._leave_queue(track)
                self._writer.save_soon(track, task.status, f"{task.status} at the provider")

        def troubled(error: ProviderError | None) -> None:
            asked = self.provider.label
            track.changed(note=(error and f"{asked} cannot be asked just now ({error.message}); trying on") or "")

        try:
            return await self._poller.follow(
                task_id,
                elapsed=(now() - (record.submitted_at or now())) * limits.speed,
                typical=expected,
                told=told,
                troubled=troubled,
            )
        except NotFound as error:
            error.message = (
                f"{self.provider.label} does not know the task {task_id}: it belongs to another account or region, or "
                "its record was deleted."
            )
            kept = provider_facts(self.provider.name).task_seconds
            if kept is not None and now() - record.created_at > limits.real_seconds(kept):
                raise JobExpired(f"{error.message} Records are kept for {kept // 86400} days.") from None
            raise
        finally:
            self._leave_queue(track)

    async def _finish(self, track: Track, task: Task) -> None:
        record = track.record
        if task.status == "cancelled":
            raise JobCancelled("the task was cancelled at the provider before it ran; it is not billed.")
        if task.status == "expired":
            raise JobExpired(
                f"{self.provider.label} gave up on the task: it was not done within execution_expires_after "
                f"({track.request.execution_expires_after} s). Nothing is billed; submit it again."
            )
        if task.status == "failed":
            error = task.error or ProviderError("the provider says that the task failed, and not why.")
            await self._fail(track, "failed", error)
            return
        record.ready_at = self._ready_at(record, task)
        told = {"seed": task.seed, "ratio": task.ratio, "resolution": task.resolution, "tokens": task.tokens}
        record.result = {**told, "url": task.video_url}
        settle(track, task, self.provider)
        self._writer.save_soon(track, "downloading", "the video is made")
        async with self._downloads:
            record.video = await results.fetch(self.provider, task, "video_url", self._media(track, ".mp4"))
            if task.last_frame_url:
                try:
                    target = self._media(track, "-last.jpg")
                    record.last_frame = await results.fetch(self.provider, task, "last_frame_url", target)
                except SeedanceError as error:  # the video's own end serves as well
                    track.changed(f"the last frame is taken from the video: {error}")
        video = results.video_of(track, self.ledger.folder)
        if video is not None and track.shown:  # made here, not on the loop when the card is drawn
            await asyncio.to_thread(video.poster)
        track.video = video
        record.ended_at = now()
        await self._writer.save_at_any_cost(track, "succeeded", "the file is on the disk")

    @staticmethod
    def _ready_at(record: Record, task: Task) -> float:
        """When the video was made: now, or while nobody followed it. A simulator's clock may be ahead of ours."""
        resumed = record.estimate.get("resumed")
        return min((resumed and (task.updated_at or record.ready_at)) or now(), now())

    def _media(self, track: Track, suffix: str) -> Path:
        name = store.media_name(track.record.id, track.record.created_at, suffix)
        return self.ledger.folder / store.MEDIA / name

    def _let_go_of_the_saved(self) -> None:
        over = [one for one in self.tracks.values() if one.done and not one.unsaved]
        for track in over:
            if track.record.id not in self._drivers:
                del self.tracks[track.record.id]

    async def _fail(self, track: Track, state: State, error: Exception) -> None:
        track.error = error
        record = track.record
        record.error = error_to_dict(error)
        record.ended_at = now()
        if record.owner:  # else it never reached the ledger, and nothing was sent
            await self._writer.save_at_any_cost(track, state, str(error))
        else:
            record.state = state
            track.changed(str(error))

    def _leave_queue(self, track: Track) -> None:
        if track.in_queue:
            track.in_queue = False
            self._pace.leave_place()


def _state_after(error: Exception, record: Record) -> State:
    """What an error makes of a job, where it is not the provider's verdict on the task."""
    if record.task_id is None:
        # Our own errors say that nothing was made; of any other one during the create call nobody can tell.
        lost = isinstance(error, UnknownSubmit) or (
            record.state == "submitting" and not isinstance(error, SeedanceError)
        )
        return "unknown" if lost else "failed"
    # The task lives on, and may well succeed: `resume` asks for it again, or fetches its video again.
    return "failed" if record.ready_at is not None else "unknown"


def _later(error: ProviderError) -> str:
    return f"nothing was made ({error.message}); it is sent again in a moment"
