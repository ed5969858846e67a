"""What becomes of the tasks as the clock runs: queue, slots, ends, expiry, retention. Events on a heap, no polling."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import logging
from collections import deque
from typing import TYPE_CHECKING, Any, Literal

from seedance_widgets.catalog import model, provider_facts
from seedance_widgets.simulator.tasks import Task

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

    from seedance_widgets.providers.base import TaskStatus
    from seedance_widgets.simulator.clock import Clock
    from seedance_widgets.simulator.limits import RateLimits
    from seedance_widgets.simulator.outbound import Outbound
    from seedance_widgets.simulator.store import Store

logger = logging.getLogger(__name__)

Kind = Literal["ready", "end", "expire", "timeout", "forget"]


class Engine:
    """All tasks; lives on the simulator's event loop alone.

    A task's state is a function of time: `catch_up` plays every event that is due, in its order and with its own time,
    so that a clock which jumps leaves the same records as one that runs.

    Args:
        outbound: Told of each change of a status, and asked for images that are given by address.
    """

    def __init__(self, clock: Clock, store: Store, limits: RateLimits, outbound: Outbound) -> None:
        self.clock = clock
        self.tasks: dict[str, Task] = {}
        self.media: dict[str, Task] = {}
        self._store = store
        self._limits = limits
        self._outbound = outbound
        self._events: list[tuple[float, int, Kind, str]] = []
        self._counter = itertools.count()
        self._nudge = asyncio.Event()
        self._slots: dict[str, int] = {}
        self._waiting: dict[str, deque[Task]] = {}
        self._late: set[str] = set()
        self._ends: dict[str, asyncio.Event] = {}
        self._background: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Play the events as they come due, until cancelled."""
        while True:
            self._nudge.clear()
            self.catch_up()
            await self.clock.wait_until(self._events[0][0] if self._events else None, self._nudge)

    def load(self) -> None:
        """Take up what the store kept of an earlier process."""
        for record in self._store.load():
            self._take_up(record)

    async def adopt(self, task_ids: list[str]) -> None:
        """Take up those of these tasks that another process has made in the same folder meanwhile."""
        unknown = [one for one in task_ids if one not in self.tasks]
        if unknown:
            for record in await self._store.look_up(unknown):
                self._take_up(record)
            self.catch_up()

    async def create(self, task: Task) -> None:
        """Begin a task; returns once it is kept."""
        if not task.missing_images:
            task.settle_size()
        self._admit(task)
        self._outbound.notify(task)
        await self._store.put(task.id, task.to_dict(), self.clock.now())

    def catch_up(self) -> None:
        """Play every event that is due by now."""
        now = self.clock.now()
        while self._events and self._events[0][0] <= now:
            when, _, kind, task_id = heapq.heappop(self._events)
            task = self.tasks.get(task_id)
            if task is not None:
                self._play(kind, task, when)

    def find(self, task_id: str, account: str) -> Task | None:
        """The task of this account, as it is now."""
        self.catch_up()
        task = self.tasks.get(task_id)
        return task if task is not None and task.account == account else None

    def of_account(self, account: str) -> Iterator[Task]:
        """Every task of this account, the newest first."""
        self.catch_up()
        return (task for task in reversed(self.tasks.values()) if task.account == account)

    def queued(self, account: str) -> int:
        """How many tasks of this account are queued."""
        return sum(task.status == "queued" for task in self.of_account(account))

    def cancel(self, task: Task) -> None:
        """Take a queued task out of the queue."""
        self._finish(task, "cancelled", self.clock.now())

    def drop(self, task: Task) -> None:
        """Remove a record with its files."""
        self.tasks.pop(task.id, None)
        for token in (task.video_token, task.frame_token):
            self.media.pop(token, None)
        self._late.discard(task.id)
        self._end_event(task.id, forget=True)
        files = (f"{task.video_token}.mp4", f"{task.frame_token}.jpg")
        self._later(self._store.drop(task.id, files, self.clock.now()))

    def images_ready(self, task: Task) -> None:
        """Every image of the task is there now: its size is known, and what waited for that ends."""
        if task.final or task.id not in self.tasks:
            return
        task.settle_size()
        self._keep(task)
        if task.id in self._late:
            self._play("end", task, self.clock.now())

    def fail(self, task: Task, code: str, message: str) -> None:
        """End a task with an error."""
        if not task.final and task.id in self.tasks:
            task.failure = (code, message)
            self._finish(task, "failed", self.clock.now())

    async def wait_end(self, task: Task) -> None:
        """Wait until nothing will change any more, or the record is gone."""
        while not task.final and task.id in self.tasks:
            await self._ends.setdefault(task.id, asyncio.Event()).wait()

    async def close(self) -> None:
        """Wait until everything is written."""
        while self._background:
            await asyncio.gather(*self._background, return_exceptions=True)

    def _admit(self, task: Task) -> None:
        self.tasks[task.id] = task
        self.media[task.video_token] = self.media[task.frame_token] = task
        facts = provider_facts(task.provider)
        if task.status == "queued":
            self._plan(task.created_at + task.queue_seconds, "ready", task)
        if not task.final:
            self._plan(task.created_at + task.expires_after, "expire", task)
            if facts.task_timeout is not None:
                self._plan(task.created_at + facts.task_timeout, "timeout", task)
            self._outbound.get_images(task)
        self._plan(self._forget_at(task), "forget", task)

    def _take_up(self, record: dict[str, Any]) -> None:
        try:
            task = Task.from_dict(record)
            model(task.model)
        except (KeyError, TypeError):  # written by another version, or of a model that is not known any more
            logger.warning("the simulator cannot go on with the task %.40r of an earlier version.", record.get("id"))
            return
        if task.id in self.tasks:
            return
        self._admit(task)
        if task.status == "running":
            slot = self._slot(task)
            self._slots[slot] = self._slots.get(slot, 0) + 1
            self._plan_end(task)

    def _forget_at(self, task: Task) -> float:
        facts, ark = provider_facts(task.provider), provider_facts("ark-cn")
        if task.status == "cancelled" and task.ended_at is not None:
            return task.ended_at + (facts.cancelled_seconds or ark.cancelled_seconds or 0)
        # AceDataCloud publishes nothing here; it keeps its records as long as Ark does.
        return task.created_at + (facts.task_seconds or ark.task_seconds or 0)

    def _plan(self, when: float, kind: Kind, task: Task) -> None:
        heapq.heappush(self._events, (when, next(self._counter), kind, task.id))
        self._nudge.set()

    def _plan_end(self, task: Task) -> None:
        if task.outcome != "never" and task.started_at is not None:
            self._plan(task.started_at + task.run_seconds, "end", task)

    def _play(self, kind: Kind, task: Task, when: float) -> None:
        if kind == "forget":
            self.drop(task)
        elif task.final:
            return
        elif kind == "ready":
            self._start_or_wait(task, when)
        elif kind == "expire":
            self._finish(task, "expired", when)
        elif kind == "timeout":
            task.failure = ("Timeout", "timeout when generating video")
            self._finish(task, "failed", when)
        else:
            self._end(task, when)

    def _start_or_wait(self, task: Task, when: float) -> None:
        slot = self._slot(task)
        rates = task.about.rates_at(task.resolution)
        most = self._limits.concurrency(rates.concurrency)
        if most is None or self._slots.get(slot, 0) < most:
            self._slots[slot] = self._slots.get(slot, 0) + 1
            task.started_at = when
            self._plan_end(task)
            self._change(task, "running", when)
        else:
            self._waiting.setdefault(slot, deque()).append(task)

    def _end(self, task: Task, when: float) -> None:
        if task.missing_images:  # an image is still on its way; `images_ready` comes back here
            self._late.add(task.id)
        elif task.outcome == "gone":
            task.ended_at = when
            self._free_slot(task, when)
            self.drop(task)
        else:
            self._finish(task, "failed" if task.outcome == "failed" else "succeeded", when)

    def _finish(self, task: Task, status: TaskStatus, when: float) -> None:
        task.ended_at = when
        self._free_slot(task, when)
        self._change(task, status, when)
        if status == "cancelled":
            self._plan(self._forget_at(task), "forget", task)
        self._end_event(task.id)

    def _free_slot(self, task: Task, when: float) -> None:
        if task.started_at is None:
            return
        slot = self._slot(task)
        self._slots[slot] -= 1
        waiting = [one for one in self._waiting.pop(slot, ()) if not one.final and one.id in self.tasks]
        # The queue goes by priority (2.x), then by age.
        waiting.sort(key=lambda one: (-one.priority, one.created_at))
        for one in waiting:
            self._start_or_wait(one, when)

    def _change(self, task: Task, status: TaskStatus, when: float) -> None:
        task.status, task.updated_at = status, when
        self._keep(task)
        self._outbound.notify(task)

    def _keep(self, task: Task) -> None:
        self._later(self._store.put(task.id, task.to_dict(), self.clock.now()))

    def _end_event(self, task_id: str, *, forget: bool = False) -> None:
        event = self._ends.pop(task_id, None) if forget else self._ends.get(task_id)
        if event is not None:
            event.set()

    def _slot(self, task: Task) -> str:
        own = task.resolution if task.resolution in task.about.rates_by_resolution else ""
        return f"{task.account} {task.model} {own}"

    def _later(self, work: Coroutine[None, None, None]) -> None:
        """Run `work` beside everything else; what it raises is reported."""
        background = asyncio.get_running_loop().create_task(work)
        self._background.add(background)
        background.add_done_callback(self._done)

    def _done(self, background: asyncio.Task[None]) -> None:
        self._background.discard(background)
        if not background.cancelled() and (error := background.exception()) is not None:
            logger.error("the simulator could not keep a record in %s", self._store.folder, exc_info=error)
