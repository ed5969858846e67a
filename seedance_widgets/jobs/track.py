"""Track: what is known of one job just now. The engine writes it, `Job` is the handle that people hold."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import time
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from seedance_widgets.errors import JobError
from seedance_widgets.jobs.record import ENDED, Event, Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from seedance_widgets.jobs.pace import Gate
    from seedance_widgets.providers.base import Provider
    from seedance_widgets.request import VideoRequest
    from seedance_widgets.video import Video


class Driver(Protocol):
    """Who drives the job: the engine."""

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop that the job lives on."""

    @property
    def provider(self) -> Provider:
        """Who is asked."""

    async def cancel(self, track: Track) -> None:
        """Cancel where that still saves anything."""


class Track:
    """The record of a job with what lives only in this process: its timeline's end, its listeners, who drives it.

    Attributes:
        record: What the ledger holds, or will hold in a moment.
        label: How people call the provider.
        note: One sentence on what the job is waiting for, or empty.
        driver: Who drives it; None where this process does not.
        gate: What it must pass before it is sent; None where nobody can hold it back.
        once: Whether it is needless where an equal request was made before.
        looked_at: When a person has looked whether jobs of which nobody knows were made; 0 where nobody has.
        in_queue: Whether it holds one of the places in the provider's queue.
        unsaved: Why the ledger could not take the record as it is, or empty.
        dirty: Whether the ledger is to be given the record soon.
    """

    def __init__(
        self, record: Record, request: VideoRequest, *, label: str, past: Callable[[], list[Event]] = list
    ) -> None:
        self.record = record
        self.request = request
        self.label = label
        self.error: Exception | None = None
        self.video: Video | None = None
        self.note = ""
        self.driver: Driver | None = None
        self.gate: Gate | None = None
        self.once = False
        self.looked_at = 0.0
        self.in_queue = False
        self.unsaved = ""
        self.dirty = False
        self._written = 0
        self._past = past
        self._ended: asyncio.Future[None] | None = None
        self._listeners: list[tuple[Callable[[], None], bool]] = []  # and whether it shows the video

    @property
    def done(self) -> bool:
        """Whether the job has ended, well or not."""
        return self.record.state in ENDED

    @cached_property
    def timeline(self) -> list[Event]:
        """What has happened to the job; what lies in the ledger is read on first use."""
        past = self._past()
        self._written = len(past)
        return past

    def entry(self) -> tuple[Record, list[Event]]:
        """What the ledger is to be given: a copy of the record, and the events that it does not have yet.

        A copy, since the ledger's thread must write the job as it is now, whatever happens to it meanwhile.
        """
        return dataclasses.replace(self.record), self.timeline[self._written :]

    def saved(self, events: int) -> None:
        """The ledger has the last entry, with so many events."""
        self._written += events
        self.unsaved = ""

    @property
    def shown(self) -> bool:
        """Whether a card on display will show the video with its poster."""
        return any(shows for _, shows in self._listeners)

    def attach(self, driver: Driver) -> None:
        """From here on `driver` drives the job."""
        self.driver = driver
        self._ended = driver.loop.create_future()

    def changed(self, text: str = "", *, note: str = "") -> None:
        """Something happened: put `text` on the timeline and tell whoever listens."""
        self.note = note
        if text:
            self.timeline.append(Event(time.time(), self.record.state, text))
        self.tick()

    def tick(self) -> None:
        """Let whoever listens look again."""
        for listener, _ in list(self._listeners):
            try:
                listener()
            except Exception as error:  # noqa: BLE001  a broken view must not stop the job; the loop reports it
                if self.driver is not None:
                    self.driver.loop.call_exception_handler(
                        {"message": f"a view of job {self.record.id} failed; the job goes on", "exception": error}
                    )

    @contextlib.contextmanager
    def listening(self, listener: Callable[[], None], *, shows: bool = False) -> Iterator[None]:
        """Call `listener` at every change, and a few times a second while the job runs.

        Args:
            listener: Called on the job's loop.
            shows: It shows the video with its poster, which is then made before the job ends.
        """
        entry = (listener, shows)
        self._listeners.append(entry)
        try:
            yield
        finally:
            self._listeners.remove(entry)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait, on the job's own loop, until `condition` holds."""
        holds = asyncio.Event()
        with self.listening(lambda: holds.set() if condition() else None):
            if not condition():
                await holds.wait()

    def end(self) -> None:
        """Let go whoever waits."""
        if self._ended is not None and not self._ended.done():
            self._ended.set_result(None)

    async def until_ended(self) -> None:
        """Wait until the job has ended, on any loop; whoever stops waiting leaves the job alone.

        Raises:
            JobError: Nobody in this process drives it.
        """
        driver, ended = self.driver, self._ended
        if driver is None or ended is None or not driver.loop.is_running():
            if not self.done:
                raise JobError(
                    f"job {self.record.id} is {self.record.state} and not followed here (any more); "
                    "`await sw.resume()` takes it up."
                )
        elif asyncio.get_running_loop() is driver.loop:
            await asyncio.shield(ended)
        else:
            await asyncio.shield(asyncio.wrap_future(asyncio.run_coroutine_threadsafe(_until(ended), driver.loop)))


async def _until(future: asyncio.Future[None]) -> None:
    await asyncio.shield(future)
