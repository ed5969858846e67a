"""Running a sweep: which jobs are started when, on the loop on which jobs live."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections import Counter
from typing import TYPE_CHECKING, Any

from seedance_widgets.errors import CannotCancel, SeedanceError, StorageError, SweepError
from seedance_widgets.jobs import Gate, Job, MadeBefore, job_of, open_ledger, submit
from seedance_widgets.jobs.record import FAILED
from seedance_widgets.jobs.recovery import Resumed
from seedance_widgets.notebook import loop as bridge
from seedance_widgets.request.estimate import money
from seedance_widgets.sweep import memory
from seedance_widgets.sweep.book import STAGES, slot_of
from seedance_widgets.sweep.cells import Cells
from seedance_widgets.sweep.memory import Place
from seedance_widgets.sweep.pictures import as_planned, kept_pictures
from seedance_widgets.sweep.plan import plan_of
from seedance_widgets.sweep.sending import by_rate, rate_of, sendings_of

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from seedance_widgets.sweep.book import Book
    from seedance_widgets.sweep.cells import Cell, Stage
    from seedance_widgets.sweep.pictures import Kept
    from seedance_widgets.sweep.plan import Fate, Plan
    from seedance_widgets.sweep.sending import Rate, Sending
    from seedance_widgets.sweep.sweep import Sweep

# Tasks at the provider, as a multiple of what it runs at once: a queue there long enough that it never stands idle
# while we look, and short enough that a pause or a cancel finds most cells still unsent.
AHEAD = 3
LOOK_AGAIN = 2.0  # seconds between two looks at the ledger, for what other processes make


class Runner:
    """Starts the jobs of one sweep, so many at once, and keeps what is waiting.

    Args:
        book: The sweep's; all objects of that sweep share it, and this.
    """

    def __init__(self, book: Book) -> None:
        self.book = book
        self.loop = bridge.home_loop()
        self._gate = Gate(self.loop)
        self.sendings: dict[Sending, None] = {}  # in their order
        self._deciding = asyncio.Lock()
        self._undecided = 0  # runs that were begun, and have not decided what they send
        self._taking_up = asyncio.Lock()
        self._taken_up = False
        self._moved = asyncio.Event()
        self._busy: Counter[Rate] = Counter()  # jobs that the provider has
        self._pictures: dict[str, Kept] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def paused(self) -> bool:
        """Whether nothing is sent for now."""
        return not self._gate.is_open

    def pause(self) -> None:
        """Send nothing more, of what the engine has already neither; what was sent goes on."""
        self._gate.shut()

    def resume(self) -> None:
        """Go on sending."""
        self._gate.open()
        bridge.call(self.loop, self._tell)

    @property
    def undecided(self) -> bool:
        """Whether a run was begun that has not decided yet what it sends."""
        return self._undecided > 0

    def begin(
        self, sweep: Sweep, cells: Sequence[Cell], stage: Stage, *, again: frozenset[Fate], max_cost: float | None
    ) -> Coroutine[Any, Any, Cells]:
        """What sends what is to be sent and waits until all of these cells have ended."""
        self._undecided += 1
        return self._run(sweep, cells, stage, again=again, max_cost=max_cost)

    async def _run(
        self, sweep: Sweep, cells: Sequence[Cell], stage: Stage, *, again: frozenset[Fate], max_cost: float | None
    ) -> Cells:
        book = self.book
        try:
            sendings = await self._decide(sweep, cells, stage, again=again, max_cost=max_cost)
        finally:
            self._undecided -= 1
        if sendings is None:  # it turned out to be a sweep that was known already
            return await sweep.runner.begin(sweep, cells, stage, again=again, max_cost=max_cost)
        book.changed()
        try:
            await self.take_up(sweep)  # what it has from the ledger may have been left by a process that has ended
            async with asyncio.TaskGroup() as group:
                for rate, some in by_rate(sendings).items():
                    group.create_task(self._feed(some, rate, sweep.concurrency or math.inf, group))
        finally:
            await self._give_back(sweep, [one for one in sendings if one in self.sendings])
            book.changed()
        # Also those that others send: an earlier run, or a kernel that was restarted.
        slots = {slot for cell in cells for slot in (slot_of(cell, stage), book.equal_slot(cell, stage))}
        await self._until(lambda: slots.isdisjoint(book.waiting))
        await self._share(sweep, cells, stage)
        await self._until_made_elsewhere(sweep, cells, stage)
        for cell in cells:
            await self._until_ended(cell, stage)
        book.changed()
        return Cells(cells)

    async def _decide(
        self, sweep: Sweep, cells: Sequence[Cell], stage: Stage, *, again: frozenset[Fate], max_cost: float | None
    ) -> list[Sending] | None:
        """What is to be sent; None where the sweep has another book, and so another runner."""
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
        return sendings

    async def _share(self, sweep: Sweep, cells: Sequence[Cell], stage: Stage) -> None:
        """Give cells the job of another cell that was sent meanwhile for the same video, at the other stage."""
        for cell in cells:
            job = self.book.equal_job(cell, stage)
            if job is not None and job.status not in FAILED and self.book.job_of(cell, stage) is None:
                place = Place(slot_of(cell, stage)[0], cell.index, job.id, kept=True)
                before = [self.book.placed(cell, stage)]
                with contextlib.suppress(StorageError):
                    await sweep.ledger.on_thread(memory.assign, sweep.ledger, sweep.name, [place], before)
                self.book.set_job(cell, stage, job, kept=True)

    async def _until_ended(self, cell: Cell, stage: Stage) -> None:
        while (job := self.book.job_of(cell, stage)) is not None:
            with contextlib.suppress(SeedanceError):
                await job._track.until_ended()  # noqa: SLF001  waits without a card of its own
            if not isinstance(job.error, MadeBefore) or self.book.trouble(cell, stage) is not None:
                return
            await self._until(  # the other one is about to take its place
                lambda job=job: self.book.job_of(cell, stage) is not job or self.book.trouble(cell, stage) is not None  # type: ignore[misc]
            )

    async def _until_made_elsewhere(self, sweep: Sweep, cells: Sequence[Cell], stage: Stage) -> None:
        """Other notebooks make some of these cells: the ledger tells when they have, and when they were killed."""
        while self._is_open(cells, stage):
            others_live = await asyncio.to_thread(self._is_made_elsewhere, sweep, cells, stage)
            await asyncio.to_thread(self.book.read, sweep.ledger, sweep.name, sweep.cells)
            await self.take_up(sweep)
            self.book.changed()
            if not others_live:
                break  # what is open now can be followed by nobody, for want of a key say
            await asyncio.sleep(LOOK_AGAIN)

    def _is_open(self, cells: Sequence[Cell], stage: Stage) -> bool:
        """Whether any of these cells has not ended, and nobody here sees to it."""
        return self._will_be_sent_elsewhere(cells, stage) or bool(self._strays(cells, stage))

    def _is_made_elsewhere(self, sweep: Sweep, cells: Sequence[Cell], stage: Stage) -> bool:
        """Whether another process that lives sees to any of them; asks the disk."""
        owners = {job._track.record.owner for job in self._strays(cells, stage)}  # noqa: SLF001
        return self._will_be_sent_elsewhere(cells, stage) or any(map(sweep.ledger.is_elsewhere, owners))

    def _will_be_sent_elsewhere(self, cells: Sequence[Cell], stage: Stage) -> bool:
        return any(slot_of(cell, stage) in self.book.elsewhere for cell in cells)

    def _strays(self, cells: Sequence[Cell], stage: Stage) -> list[Job]:
        """Their jobs that have not ended and are not followed here."""
        jobs = (self.book.job_of(cell, stage) for cell in cells)
        return [job for job in jobs if job is not None and not job.done and not job.followed]

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

    def abandon(self) -> None:
        """Its loop has ended: nothing that waits will be sent."""
        for one in list(self.sendings):
            one.dropped = True
            for cell in one.cells:
                self.book.settle(slot_of(cell, one.stage))
        self.sendings.clear()

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
        unsent = sum(job.task_id is None and job.status == "cancelled" for job in jobs.values())
        sent = [one for job, one in zip(jobs.values(), done, strict=True) if job.task_id is not None]
        self.book.changed()
        return told_of_cancel(len(drop) + unsent, sent, billed=sweep.billed)

    async def _assign(self, sweep: Sweep, plan: Plan) -> list[Sending] | None:
        """Write down which job each cell will have, before anything is sent; None where the plan is out of date."""
        stage, book = plan.stage, self.book
        sendings = sendings_of(plan, book)
        places = [Place(one.slot[0], one.cell.index, one.job_id, kept=False) for one in sendings]
        before = [one.before for one in sendings]
        kept = [
            (line.cell, line.record)
            for line in plan.lines
            if line.record is not None and line.record.id != book.placed(line.cell, stage)
        ]
        places += [Place(slot_of(cell, stage)[0], cell.index, record.id, kept=True) for cell, record in kept]
        before += [book.placed(cell, stage) for cell, _ in kept]
        shared = [(one, cell) for one in sendings for cell in one.sharing]
        places += [Place(slot_of(cell, stage)[0], cell.index, one.job_id, kept=True) for one, cell in shared]
        before += [book.placed(cell, stage) for _, cell in shared]
        if not places:
            return []
        written = await sweep.ledger.on_thread(memory.assign, sweep.ledger, sweep.name, places, before, book.known)
        if written is None:
            return None
        if not all(written):  # another kernel was quicker: what that has decided is how it is
            await asyncio.to_thread(book.read, sweep.ledger, sweep.name, sweep.cells)
        for (cell, record), done in zip(kept, written[len(sendings) :], strict=False):
            if done:
                job = await asyncio.to_thread(job_of, sweep.ledger, record)
                book.set_job(cell, stage, job, kept=True)
                book.set_trouble(cell, stage, None)
                self._watch(job, place=False)
        lost = [one for one, done in zip(sendings, written, strict=False) if not done]
        await self._give_back(sweep, lost)  # what shares their jobs
        sendings = [one for one, done in zip(sendings, written, strict=False) if done]
        self._pictures |= await asyncio.to_thread(
            kept_pictures, sweep.ledger.folder, [one.line.request for one in sendings]
        )
        for one in sendings:
            for cell in one.cells:
                for either in STAGES:  # what went wrong with the preview does not matter any more
                    book.set_trouble(cell, either, None)
                book.expect(slot_of(cell, stage), one.line.estimate.price or 0.0 if cell is one.cell else None)
        self.sendings.update(dict.fromkeys(sendings))
        return sendings

    async def _feed(self, sendings: Sequence[Sending], rate: Rate, most: float, group: asyncio.TaskGroup) -> None:
        def may_go() -> bool:
            return not self.paused and self._busy[rate] < AHEAD * rate.at_once and self._busy.total() < most

        for one in sendings:
            await self._until(lambda one=one: one.dropped or may_go())  # type: ignore[misc]
            job = None if one.dropped else self._submit(one)
            self._no_longer_waiting([one])  # only now: whoever looks finds the one or the other
            self.book.changed()
            if job is not None:
                group.create_task(self._see_through(one, job, self._place_of(rate)))
            await asyncio.sleep(0)  # a thousand in a row would keep the loop from its turn

    def _place_of(self, rate: Rate) -> Callable[[], None]:
        """Take a place at the provider; call what this returns to give it back."""
        self._busy[rate] += 1

        def give_back() -> None:
            self._busy[rate] -= 1
            self._tell()

        return give_back

    def _submit(self, one: Sending) -> Job | None:
        try:
            request = as_planned(one.line.request, self._pictures)
            provider = one.cell.sweep.provider
            job = submit(
                request,
                provider,
                job_id=one.job_id,
                gate=self._gate,
                once=one.line.once,
                looked_at=one.line.looked_at,
                ledger=one.cell.sweep.ledger,
            )
        except SeedanceError as error:  # an image that was deleted since: this cell, and no other
            self._not_sent(one, error)
            return None
        for cell in one.cells:
            self.book.set_job(cell, one.stage, job, kept=cell is not one.cell)
        return job

    def _not_sent(self, one: Sending, error: SeedanceError) -> None:
        for cell in one.cells:
            self.book.set_trouble(cell, one.stage, error)
        self._tell()

    async def _see_through(self, one: Sending, job: Job, give_back: Callable[[], None]) -> None:
        """Follow a job that was started; take another one in its place where it turns out to be needless."""
        await self._hold(job, give_back)
        if not isinstance(job.error, MadeBefore):
            return
        sweep, record = one.cell.sweep, job.error.record
        try:
            found = await asyncio.to_thread(job_of, sweep.ledger, record)
        except SeedanceError as error:
            self._not_sent(one, error)
            return
        place = Place(one.slot[0], one.cell.index, record.id, kept=True)
        with contextlib.suppress(StorageError):  # the row names a job that was never sent: it is looked for again
            await sweep.ledger.on_thread(memory.assign, sweep.ledger, sweep.name, [place], [one.job_id])
        for cell in one.cells:
            self.book.set_job(cell, one.stage, found, kept=True)
        self._watch(found, place=False)
        self._tell()
        self.book.changed()

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

    def _watch(self, job: Job, *, place: bool = True) -> None:
        """Tell of a job that somebody else started; one of this sweep, from before a restart, has a place too."""
        if job.followed and not job.done:
            give_back = self._place_of(rate_of(job.request)) if place else lambda: None
            task = self.loop.create_task(self._hold(job, give_back))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _give_back(self, sweep: Sweep, sendings: Sequence[Sending]) -> None:
        """These are not sent: their cells may be had by another run, or another kernel."""
        self._no_longer_waiting(sendings)
        if sendings:
            given_back = [(one.job_id, one.before, one.before_kept) for one in sendings]
            with contextlib.suppress(StorageError):  # they are free as soon as this process ends
                await sweep.ledger.on_thread(memory.release, sweep.ledger, sweep.name, given_back)

    def _no_longer_waiting(self, sendings: Sequence[Sending]) -> None:
        for one in sendings:
            if self.sendings.pop(one, one) is None:
                for cell in one.cells:
                    self.book.settle(slot_of(cell, one.stage))
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
    if plan.too_many:
        before = f" more on top of {plan.taken:,}" if plan.taken else ""
        raise SweepError(
            f"max_jobs allows {plan.sweep.max_jobs:,} in all; {len(plan.to_send):,}{before} would be too many. Nothing "
            "was sent: take fewer cells, or raise max_jobs."
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
    if plan.goes_over(cap):
        before = f" on top of {money(plan.committed, plan.currency)} spent" if plan.committed else ""
        raise SweepError(
            f"{count:,} videos for {price}{before} go over max_cost, {money(cap, plan.currency)}. Nothing was sent: "
            "take fewer cells, run(preview=True) first, or raise max_cost."
        )


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
