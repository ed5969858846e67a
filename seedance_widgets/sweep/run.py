"""Running a sweep: which jobs are started when, on the loop on which jobs live."""

from __future__ import annotations

import asyncio
import contextlib
import math
import weakref
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from seedance_widgets.catalog import find_model
from seedance_widgets.errors import CannotCancel, SeedanceError, StorageError, SweepError
from seedance_widgets.jobs import Job, job_of, live_tracks, new_id, open_ledger, submit
from seedance_widgets.jobs.recovery import Resumed
from seedance_widgets.notebook import loop as bridge
from seedance_widgets.request.estimate import money
from seedance_widgets.sweep import memory
from seedance_widgets.sweep.axes import RANDOM, takes_seed
from seedance_widgets.sweep.book import STAGES, slot_of
from seedance_widgets.sweep.cells import Cells
from seedance_widgets.sweep.memory import Place
from seedance_widgets.sweep.pictures import as_planned, kept_pictures
from seedance_widgets.sweep.plan import is_there, plan_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from seedance_widgets.jobs import Ledger
    from seedance_widgets.request import VideoRequest
    from seedance_widgets.sweep.book import Book
    from seedance_widgets.sweep.cells import Cell, Stage
    from seedance_widgets.sweep.pictures import Kept
    from seedance_widgets.sweep.plan import Fate, Line, Plan
    from seedance_widgets.sweep.sweep import Sweep

# Tasks at the provider, as a multiple of what it runs at once: a queue there long enough that it never stands idle
# while we look, and short enough that a pause or a cancel finds most cells still unsent.
AHEAD = 3
_UNKNOWN_AT_ONCE = 10  # of a model that the catalogue does not know


class Rate(NamedTuple):
    """What the provider counts together: jobs of one model, and how many of them it runs at once."""

    model: str
    at_once: int


Twin = tuple["Ledger", str, str]  # the provider, and the request's hash

# What this process has sent with a fixed seed. The ledger hears of a job a moment later, and in that moment two sweeps
# that run at once would buy the same video twice.
_sent: weakref.WeakValueDictionary[Twin, Job] = weakref.WeakValueDictionary()


@dataclass(eq=False)
class Sending:
    """A cell on its way to be sent.

    Args:
        line: What is sent.
        stage: `final` or `preview`.
        job_id: The job that it will have.
        before: The job that it had, or empty.
        twin: By what an equal request is known, of which one video is enough; None where each draws a seed of its own.
    """

    line: Line
    stage: Stage
    job_id: str
    before: str
    twin: Twin | None = None
    dropped: bool = False

    @property
    def cell(self) -> Cell:
        """Which cell."""
        return self.line.cell

    @property
    def slot(self) -> tuple[Stage, str]:
        """Where the book has it."""
        return slot_of(self.cell, self.stage)


class Runner:
    """Starts the jobs of one sweep, so many at once, and keeps what is waiting.

    Args:
        book: The sweep's; all objects of that sweep share it, and this.
    """

    def __init__(self, book: Book) -> None:
        self.book = book
        self.loop = bridge.home_loop()
        self.paused = False
        self.sendings: dict[Sending, None] = {}  # in their order
        self._deciding = asyncio.Lock()
        self._taking_up = asyncio.Lock()
        self._taken_up = False
        self._moved = asyncio.Event()
        self._busy: Counter[Rate] = Counter()  # jobs that the provider has
        self._pictures: dict[str, Kept] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def pause(self) -> None:
        """Send nothing more; what was sent goes on."""
        self.paused = True

    def resume(self) -> None:
        """Go on sending."""
        self.paused = False
        bridge.call(self.loop, self._tell)

    async def run(
        self, sweep: Sweep, cells: Sequence[Cell], stage: Stage, *, again: frozenset[Fate], max_cost: float | None
    ) -> Cells:
        """Send what is to be sent and wait until all of these cells have ended."""
        book = self.book
        async with self._deciding:
            if open_ledger() is not sweep.ledger:
                raise SweepError(
                    f"this sweep is kept in {sweep.ledger.folder}, and SEEDANCE_HOME names another folder now: set it "
                    "back, or make the sweep anew. Nothing was sent."
                )
            await asyncio.to_thread(sweep.save)
            sendings: list[Sending] | None = None
            while sweep.book is book and sendings is None:  # decided anew where another kernel has decided meanwhile
                await asyncio.to_thread(book.read, sweep.ledger, sweep.name, sweep.cells)
                await self.take_up(sweep)
                plan = await asyncio.to_thread(plan_of, sweep, cells, stage, again=again)
                agree(plan, max_cost)
                sendings = await self._assign(sweep, plan)
        if sendings is None:  # it turned out to be a sweep that was known already
            return await sweep.runner.run(sweep, cells, stage, again=again, max_cost=max_cost)
        book.changed()
        try:
            async with asyncio.TaskGroup() as group:
                for rate, some in _by_rate(sendings).items():
                    group.create_task(self._feed(some, rate, sweep.concurrency or math.inf, group))
        finally:
            await self._give_back(sweep, [one for one in sendings if one in self.sendings])
            book.changed()
        # Also those that others send: an earlier run, or a kernel that was restarted.
        await self._until(lambda: not any(slot_of(cell, stage) in book.waiting for cell in cells))
        for cell in cells:
            if (job := book.job_of(cell, stage)) is not None:
                with contextlib.suppress(SeedanceError):
                    await job._track.until_ended()  # noqa: SLF001  waits without a card of its own
        book.changed()
        return Cells(cells)

    async def take_up(self, sweep: Sweep) -> None:
        """Follow the jobs that a kernel that was restarted left behind; sends nothing."""
        async with self._taking_up:  # who comes meanwhile waits until they are followed
            left = [
                job
                for job in self.book.jobs
                if not job.followed and (not job.done or (job.status in {"unknown", "failed"} and not self._taken_up))
            ]
            if left:
                await Resumed(sweep.ledger, sweep.provider).taken_up()  # its own, whatever SEEDANCE_HOME is now
                fresh = await asyncio.to_thread(read_jobs, sweep, [job.id for job in left])
                self.book.replace_jobs(fresh)
                for job in fresh.values():
                    self._watch(job)
                self.book.changed()
            self._taken_up = True

    async def cancel(self, sweep: Sweep, cells: Sequence[Cell]) -> str:
        """Drop what is not sent, cancel what is still queued; what runs is billed anyway, and is kept."""
        async with self._deciding:  # a run that has just begun has nothing to drop before it has decided
            keys = {slot_of(cell, stage) for cell in cells for stage in STAGES}
            drop = [one for one in self.sendings if one.slot in keys]
        for one in drop:
            one.dropped = True
        await self._give_back(sweep, drop)
        self.book.changed()
        jobs = {
            job.id: job
            for cell in cells
            for stage in STAGES
            if not self.book.is_kept(cell, stage)  # somebody else wants that one
            if (job := self.book.job_of(cell, stage)) and not job.done and job.followed
        }
        done = await asyncio.gather(*(cancelled(job) for job in jobs.values()))
        self.book.changed()
        return told_of_cancel(len(drop), done, billed=sweep.billed)

    async def _assign(self, sweep: Sweep, plan: Plan) -> list[Sending] | None:
        """Write down which job each cell will have, before anything is sent; None where the plan is out of date."""
        stage, book = plan.stage, self.book
        sendings = [
            Sending(line, stage, new_id(), book.placed(line.cell, stage), _twin_of(line, sweep))
            for line in plan.to_send
        ]
        places = [Place(one.slot[0], one.cell.index, one.job_id, kept=False) for one in sendings]
        before = [one.before for one in sendings]
        kept = [(line.cell, line.record) for line in plan.lines if line.fate == "kept" and line.record]
        places += [Place(slot_of(cell, stage)[0], cell.index, record.id, kept=True) for cell, record in kept]
        before += [book.placed(cell, stage) for cell, _ in kept]
        if not places:
            return []
        written = await sweep.ledger.on_thread(memory.assign, sweep.ledger, sweep.name, places, before, book.known)
        if written is None:
            return None
        if not all(written):  # another kernel was quicker: what that has decided is how it is
            await asyncio.to_thread(book.read, sweep.ledger, sweep.name, sweep.cells)
        for (cell, record), done in zip(kept, written[len(sendings) :], strict=True):
            if done:
                live = live_tracks(sweep.ledger).get(record.id)
                job = Job(live) if live is not None else await asyncio.to_thread(job_of, sweep.ledger, record)
                book.set_job(cell, stage, job, kept=True)
                self._watch(job)
        sendings = [one for one, done in zip(sendings, written, strict=False) if done]
        self._pictures |= await asyncio.to_thread(
            kept_pictures, sweep.ledger.folder, [one.line.request for one in sendings]
        )
        for one in sendings:
            for either in STAGES:  # what went wrong with the preview does not matter any more
                book.set_trouble(one.cell, either, None)
            book.expect(one.slot, one.line.estimate.price or 0.0)
        self.sendings.update(dict.fromkeys(sendings))
        return sendings

    async def _feed(self, sendings: Sequence[Sending], rate: Rate, most: float, group: asyncio.TaskGroup) -> None:
        def may_go() -> bool:
            return not self.paused and self._busy[rate] < AHEAD * rate.at_once and self._busy.total() < most

        for one in sendings:
            job: Job | None = None
            while not one.dropped:
                await self._until(lambda one=one: one.dropped or may_go())  # type: ignore[misc]
                if (job := await self._had(one)) is not None:
                    break
                if may_go() and not one.dropped:  # still: somebody may have paused it
                    job = self._submit(one)
                    break
            self._no_longer_waiting([one])  # only now: whoever looks finds the one or the other
            self.book.changed()
            if job is not None and not job.done:
                group.create_task(self._hold(job, self._place_of(rate)))
            await asyncio.sleep(0)  # a thousand in a row would keep the loop from its turn

    def _place_of(self, rate: Rate) -> Callable[[], None]:
        """Take a place at the provider; call what this returns to give it back."""
        self._busy[rate] += 1

        def give_back() -> None:
            self._busy[rate] -= 1
            self._tell()

        return give_back

    async def _had(self, one: Sending) -> Job | None:
        """The video that another sweep, or somebody else, has sent or got since this was planned."""
        if one.dropped or one.twin is None:
            return None
        ledger, maker, request = one.twin
        sweep = one.cell.sweep
        if (job := _sent.get(one.twin)) is None or job.done:
            record = (await ledger.on_thread(ledger.succeeded, [request], maker)).get(request)
            if record is not None and is_there(sweep, record):
                job = await asyncio.to_thread(job_of, ledger, record)
            elif (job := _sent.get(one.twin)) is None or job.done:  # from here to the submit nothing has its turn
                return None
        place = Place(one.slot[0], one.cell.index, job.id, kept=True)
        await ledger.on_thread(memory.assign, ledger, sweep.name, [place], [one.job_id])
        self.book.set_job(one.cell, one.stage, job, kept=True)
        return job

    def _submit(self, one: Sending) -> Job | None:
        try:
            request = as_planned(one.line.request, self._pictures)
            job = submit(request, one.cell.sweep.provider, job_id=one.job_id)
        except SeedanceError as error:  # an image that was deleted since: this cell, and no other
            self.book.set_trouble(one.cell, one.stage, error)
            return None
        if one.twin is not None:
            _sent[one.twin] = job
        self.book.set_job(one.cell, one.stage, job)
        return job

    async def _hold(self, job: Job, give_back: Callable[[], None]) -> None:
        """Keep the job's place while the provider has it, and follow it to its end."""
        held = True

        def look(job: Job) -> None:
            nonlocal held
            self.book.changed(job)
            if held and (job.done or job.status == "downloading"):  # the provider has room again
                held = False
                give_back()

        with job.listening(look):
            with contextlib.suppress(SeedanceError):
                await job._track.until_ended()  # noqa: SLF001  waits without a card of its own
            look(job)
            if held:  # nobody follows it any more
                give_back()

    def _watch(self, job: Job) -> None:
        """Tell of a job that somebody else started; it has a place too."""
        if job.followed and not job.done:
            task = self.loop.create_task(self._hold(job, self._place_of(rate_of(job.request))))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _give_back(self, sweep: Sweep, sendings: Sequence[Sending]) -> None:
        """These are not sent: their cells may be had by another run, or another kernel."""
        self._no_longer_waiting(sendings)
        if sendings:
            given_back = [(one.job_id, one.before) for one in sendings]
            with contextlib.suppress(StorageError):  # they are free as soon as this process ends
                await sweep.ledger.on_thread(memory.release, sweep.ledger, sweep.name, given_back)

    def _no_longer_waiting(self, sendings: Sequence[Sending]) -> None:
        for one in sendings:
            if self.sendings.pop(one, one) is None:
                self.book.settle(one.slot)
        self._tell()

    def _tell(self) -> None:
        """Let those look again who wait for something of this sweep."""
        self._moved.set()
        self._moved = asyncio.Event()

    async def _until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            await self._moved.wait()


def agree(plan: Plan, max_cost: float | None) -> None:
    """Refuse what was not agreed to.

    Raises:
        SweepError: It is more jobs than the sweep may have, or is billed and there is no cap or it goes over it;
            nothing was sent.
    """
    most = plan.sweep.max_jobs
    if most is not None and plan.to_send and plan.taken + len(plan.to_send) > most:
        before = f" more on top of {plan.taken:,}" if plan.taken else ""
        raise SweepError(
            f"max_jobs allows {most:,} in all; {len(plan.to_send):,}{before} would be too many. Nothing was sent: take "
            "fewer cells, or raise max_jobs."
        )
    if not plan.billed or not plan.to_send:
        return
    cap = plan.sweep.max_cost if max_cost is None else max_cost
    count, price = len(plan.to_send), money(plan.price, plan.currency)
    if cap is None:
        raise SweepError(
            f"{plan.sweep.provider_label} bills this sweep: {count:,} videos, {price}"
            f"{f', and {plan.unpriced:,} of them without a known price' if plan.unpriced else ''}. "
            f"Nothing was sent; agree by run(max_cost={math.ceil(plan.price * 100) / 100})."
        )
    if plan.unpriced and not math.isinf(cap):
        raise SweepError(
            f"{plan.unpriced:,} of {count:,} videos have no known price at {plan.sweep.provider_label}, so that no cap "
            "can be kept. Nothing was sent; max_cost=float('inf') agrees to any price."
        )
    if plan.committed + plan.price > cap + 1e-9:
        before = f" on top of {money(plan.committed, plan.currency)} spent" if plan.committed else ""
        raise SweepError(
            f"{count:,} videos for {price}{before} go over max_cost, {money(cap, plan.currency)}. Nothing was sent: "
            "take fewer cells, run(preview=True) first, or raise max_cost."
        )


def _twin_of(line: Line, sweep: Sweep) -> Twin | None:
    request = line.request
    if request.seed == RANDOM or not takes_seed(request):
        return None
    return sweep.ledger, sweep.provider_id, request.content_hash


def rate_of(request: VideoRequest) -> Rate:
    """With which others the provider counts a job with this request."""
    model = find_model(request.model)
    if model is None:
        return Rate(str(request.model), _UNKNOWN_AT_ONCE)
    return Rate(model.name, model.rates_at(request.resolution).concurrency)


def _by_rate(sendings: Sequence[Sending]) -> dict[Rate, list[Sending]]:
    groups: dict[Rate, list[Sending]] = defaultdict(list)
    for one in sendings:
        groups[rate_of(one.line.request)].append(one)
    return groups


def read_jobs(sweep: Sweep, ids: Sequence[str]) -> dict[str, Job]:
    """The jobs with these ids as they are now; blocking."""
    ledger = sweep.ledger
    records = ledger.call(ledger.find_many, list(ids))
    return {one: job_of(ledger, record) for one in ids if (record := records.get(one)) is not None}


def told_of_cancel(dropped: int, done: Sequence[bool], *, billed: bool) -> str:
    """What a cancel came to: how many were not sent, and of each job that was, whether it could still be cancelled."""
    told = [f"{dropped:,} not sent"] if dropped else []
    told += [f"{sum(done):,} cancelled in the queue"] if any(done) else []
    bill = ", and are billed" if billed else ""
    told += [f"{len(done) - sum(done):,} already running go on{bill}"] if not all(done) else []
    return " · ".join(told) or "there was nothing to cancel"


async def cancelled(job: Job) -> bool:
    """Cancel a job; whether that could still be done."""
    try:
        await job.cancel()
    except (CannotCancel, SeedanceError):
        return False
    return True
