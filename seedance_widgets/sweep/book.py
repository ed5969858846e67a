"""The book of a sweep: which job each cell has, what went wrong, what people think of it, what was measured."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Literal

from seedance_widgets.errors import SweepError
from seedance_widgets.jobs import Job, job_of, live_tracks
from seedance_widgets.sweep import memory
from seedance_widgets.sweep.listeners import Listened
from seedance_widgets.sweep.memory import Mark, Place

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from seedance_widgets.errors import SeedanceError
    from seedance_widgets.jobs import Ledger
    from seedance_widgets.sweep.cells import Cell, Stage
    from seedance_widgets.sweep.run import Runner

Slot = tuple[Literal["final", "preview"], str]
STAGES: tuple[Stage, ...] = ("final", "preview")


def slot_of(cell: Cell, stage: Stage) -> Slot:
    """Where a book has a cell at a stage; a preview that is the final request itself is the final one."""
    if stage == "preview" and cell.preview_key == cell.key:
        stage = "final"
    return stage, cell.key_at(stage)


class Book(Listened):
    """What has become of the cells. Equal cells share one entry, since they share one video.

    In one process, all objects of one sweep share one book: what one of them does, each of them shows.

    Attributes:
        waiting: The entries whose turn to be sent is still to come, each with its price; None where it will have the
            job of another entry.
        elsewhere: Those that another process, which still runs, will send; the same.
        measured: What was measured, by the path of the video.
        runner: What sends the cells; None before there was anything to send.
    """

    def __init__(self) -> None:
        super().__init__()
        self.marking = threading.Lock()  # two marks of one cell at once both count
        self._lock = threading.Lock()  # threads plan and draw while the loop sends
        self._reading = threading.Lock()
        self.making = threading.Lock()  # of the runner
        self.runner: Runner | None = None
        self.elsewhere: dict[Slot, float | None] = {}
        self.waiting: dict[Slot, float | None] = {}
        self.measured: dict[str, dict[str, Any]] = {}
        self._asked: set[str] = set()  # videos of which the ledger was asked what was measured
        self._jobs: dict[Slot, Job] = {}
        self._kept: set[Slot] = set()
        self._lost: dict[Slot, str] = {}
        self._never: dict[Slot, str] = {}
        self._trouble: dict[Slot, SeedanceError] = {}
        self._marks: dict[int, Mark] = {}
        self._past: dict[str, Job] = {}  # bought for cells that have another job now
        self.known: frozenset[Place] = frozenset()  # what the ledger had when it was read last

    def read(self, ledger: Ledger, name: str, cells: Sequence[Cell]) -> None:
        """Take over what the ledger knows of the sweep with this name, and we do not; blocking."""
        with self._reading:  # one after the other: what an older look has found must not come last
            self._read(ledger, name, cells)

    def _read(self, ledger: Ledger, name: str, cells: Sequence[Cell]) -> None:
        listed = places = ledger.call(memory.places_of, ledger, name)
        # One that has failed here may have been fetched since, by `resume()` say.
        mine = {job.id for job in self.jobs if job.status == "succeeded" or (job.followed and not job.done)}
        past = [job_id for job_id in ledger.call(memory.past_of, ledger, name) if job_id not in self._past]
        known = ledger.call(ledger.find_many, past)
        fresh = {record.id: job_of(ledger, record) for record in known.values() if record is not None}
        self._past = {**self._past, **fresh}
        places = [place for place in places if 0 <= place.cell < len(cells)]
        slots = {place: slot_of(cells[place.cell], place.stage) for place in places}
        had = {slot: job.id for slot, job in self._entries() if job.id in mine}
        places = [place for place in places if had.get(slots[place]) != place.job]
        known = ledger.call(ledger.find_many, [place.job for place in places])
        live = live_tracks(ledger)
        lives: dict[str, bool] = {}
        elsewhere: dict[Slot, float | None] = {}
        counted: set[str] = set()
        lost: dict[Slot, str] = {}
        never: dict[Slot, str] = {}
        for place in places:
            cell, stage, slot = cells[place.cell], place.stage, slots[place]
            if place.job in live:
                self.set_job(cell, stage, Job(live[place.job]), kept=place.kept)
            elif (record := known.get(place.job)) is not None:
                self.set_job(cell, stage, job_of(ledger, record), kept=place.kept)
            elif place.job in known:
                lost[slot] = place.job
            elif slot not in self.waiting:
                if place.owner not in lives:
                    lives[place.owner] = ledger.is_elsewhere(place.owner)
                if lives[place.owner]:
                    expected = cell.estimate if stage == "final" else cell.preview_estimate
                    elsewhere[slot] = None if place.job in counted else expected.price or 0.0
                    counted.add(place.job)
                else:
                    never[slot] = place.job
        self.elsewhere, self._lost, self._never = elsewhere, lost, never
        self._remember_measured(ledger)
        self._let_go({place.job for place in listed}, live)
        with self.marking:
            self._marks = ledger.call(memory.marks_of, ledger, name)
        self.known = frozenset(listed)

    def _remember_measured(self, ledger: Ledger) -> None:
        paths = [str(job.video.path) for job in self.jobs if job.video is not None]
        fresh = [path for path in paths if path not in self._asked]
        self._asked.update(fresh)
        if fresh:
            self.measured = {**ledger.call(memory.measured_of, ledger, fresh), **self.measured}

    def _let_go(self, listed: set[str], live: Mapping[str, Any]) -> None:
        """Jobs whose entry a person has deleted: their cells may be made again."""
        with self._lock:
            gone = [slot for slot, job in self._jobs.items() if job.id not in listed and job.id not in live]
            for slot in gone:
                del self._jobs[slot]

    def placed(self, cell: Cell, stage: Stage) -> str:
        """The id of the job that the ledger has for this cell, or empty; also of one that was never sent."""
        slot = slot_of(cell, stage)
        job = self._jobs.get(slot)
        return self._lost.get(slot) or self._never.get(slot) or (job.id if job is not None else "")

    @property
    def jobs(self) -> list[Job]:
        """Every job, each once."""
        return list({job.id: job for _, job in self._entries()}.values())

    @property
    def spent(self) -> float:
        """What the jobs cost, those under way by their estimate; videos taken from the ledger cost nothing."""
        return sum(job.price or 0.0 for job in self._bought() if job.costs)

    @property
    def taken(self) -> int:
        """How many jobs it has had or will have, those that failed before their videos were made left out."""
        with self._lock:
            to_come = sum(price is not None for some in (self.waiting, self.elsewhere) for price in some.values())
        return to_come + sum(job.counts for job in self._bought())

    def _bought(self) -> Iterable[Job]:
        """The jobs that were sent for it, also those that others have replaced."""
        bought = {job.id: job for slot, job in self._entries() if slot not in self._kept}
        return {**self._past, **bought}.values()

    @property
    def to_come(self) -> float:
        """What those will cost whose turn is still to come, here and in other processes."""
        with self._lock:
            return sum(price or 0.0 for some in (self.waiting, self.elsewhere) for price in some.values())

    def expect(self, slot: Slot, price: float | None) -> None:
        """This entry will be sent when its turn comes; price None where it will have the job of another one."""
        with self._lock:
            self.waiting[slot] = price

    def settle(self, slot: Slot) -> None:
        """This entry was sent, or will not be."""
        with self._lock:
            self.waiting.pop(slot, None)

    def _entries(self) -> list[tuple[Slot, Job]]:
        with self._lock:
            return list(self._jobs.items())

    def job_of(self, cell: Cell, stage: Stage) -> Job | None:
        """The job that this cell has at this stage."""
        return self._jobs.get(slot_of(cell, stage)) if self._jobs else None

    def equal_slot(self, cell: Cell, stage: Stage) -> Slot:
        """Where another cell's video lies that is the same at the other stage: its preview, or its final one."""
        stage, key = slot_of(cell, stage)
        return ("preview" if stage == "final" else "final"), key

    def equal_job(self, cell: Cell, stage: Stage) -> Job | None:
        """The job of another cell that makes this one's video at the other stage."""
        return self._jobs.get(self.equal_slot(cell, stage)) if self._jobs else None

    def set_job(self, cell: Cell, stage: Stage, job: Job, *, kept: bool = False) -> None:
        """This cell, and each that equals it, has this job; `kept` where it was bought before and elsewhere."""
        slot = slot_of(cell, stage)
        with self._lock:
            before = self._jobs.get(slot)
            if before is not None and before.id != job.id:
                if slot not in self._kept:
                    self._past = {**self._past, before.id: before}  # a new one: threads add them up
                self._jobs.update({one: job for one, had in self._jobs.items() if had.id == before.id})
            self._jobs[slot] = job
        self._never.pop(slot, None)
        self._lost.pop(slot, None)
        if kept:
            self._kept.add(slot)
        else:
            self._kept.discard(slot)

    def replace_jobs(self, fresh: dict[str, Job]) -> None:
        """The same jobs, by id, as they are followed now."""
        with self._lock:
            self._jobs.update({slot: fresh[job.id] for slot, job in self._jobs.items() if job.id in fresh})

    def is_kept(self, cell: Cell, stage: Stage) -> bool:
        """Whether its video was bought before, for something else."""
        return slot_of(cell, stage) in self._kept

    def lost(self, cell: Cell, stage: Stage) -> str:
        """Why it cannot be told whether the cell was sent, or empty."""
        job_id = self._lost.get(slot_of(cell, stage)) if self._lost else None
        return f"the ledger's row of job {job_id} is damaged: it may have been made and billed" if job_id else ""

    def set_trouble(self, cell: Cell, stage: Stage, error: SeedanceError | None) -> None:
        """The cell could not be sent; None where it is tried again."""
        if error is not None:
            self._trouble[slot_of(cell, stage)] = error
        elif self._trouble:
            self._trouble.pop(slot_of(cell, stage), None)

    def trouble(self, cell: Cell, stage: Stage) -> SeedanceError | None:
        """Why it could not be sent, or cannot be told; None where all is well."""
        if lost := self.lost(cell, stage):
            return SweepError(f"{lost}. Look at the provider's console; the cell is not sent again by itself.")
        return self._trouble.get(slot_of(cell, stage)) if self._trouble else None

    def is_waiting(self, cell: Cell) -> bool:
        """Whether its turn to be sent is still to come, here or in another process."""
        if not self.waiting and not self.elsewhere:
            return False
        slots = [slot_of(cell, stage) for stage in STAGES]
        return any(slot in self.waiting or slot in self.elsewhere for slot in slots)

    def mark(self, cell: Cell) -> Mark:
        """Star, rating and note of a cell."""
        return self._marks.get(cell.index) or Mark()

    def set_mark(self, cell: Cell, mark: Mark) -> None:
        """This is what a person thinks of it now."""
        self._marks[cell.index] = mark
