"""How fast jobs may be submitted: create calls a minute, tasks in the provider's queue, pauses that it asks for."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from typing import TYPE_CHECKING

from seedance_widgets.catalog import find_model
from seedance_widgets.notebook import loop as bridge

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from seedance_widgets.providers.base import Limits

MINUTE = 60.0


class Gate:
    """Before the create calls of some jobs: while it is shut, none of them is sent. To be used from any thread.

    Args:
        loop: On which the jobs live.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._opened = asyncio.Event()
        self.is_open = True
        self.opened_at = 0.0  # in the loop's time

    def shut(self) -> None:
        """Hold back what is not sent yet."""
        self.is_open = False

    def open(self) -> None:
        """Let go what was held back."""
        self.opened_at = self._loop.time()
        self.is_open = True
        bridge.call(self._loop, self._tell)

    async def passed(self) -> None:
        """Wait, on the loop, until it is open."""
        while not self.is_open:
            await self._opened.wait()

    def _tell(self) -> None:
        self._opened.set()
        self._opened = asyncio.Event()


class Pace:
    """What every create call of one engine has to wait for.

    Args:
        limits: The provider's limits; where `rpm` is false, or no rate of the model is published, nothing is held back.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._windows: dict[tuple[str, int], _Window] = {}
        self._places = asyncio.Semaphore(limits.max_queued) if limits.max_queued else None
        self._closed_until = 0.0

    def leave_place(self) -> None:
        """The task has left the provider's queue, or was never made."""
        if self._places is not None:
            self._places.release()

    def pause(self, real_seconds: float) -> None:
        """No create call for this long: the provider asked for it, and one job's answer holds for all."""
        self._closed_until = max(self._closed_until, asyncio.get_running_loop().time() + real_seconds)

    @contextlib.asynccontextmanager
    async def turn(self, model: str, resolution: str, gate: Gate | None = None) -> AsyncIterator[None]:
        """Hold one create call, for which nothing stands in the way.

        Entered when its task has a place in the provider's queue, the model's calls per minute allow it, no pause is on
        and its gate is open. Left without an error it keeps its place, until `leave_place`.
        """
        known = find_model(model)
        rpm = known.rates_at(resolution).rpm if known is not None and self._limits.rpm else 0
        # Keyed by the rate too: 2.0 at 4k has a window of its own.
        key = (known.name if known is not None else model, rpm)
        if key not in self._windows:
            self._windows[key] = _Window(rpm, self._limits.real_seconds(MINUTE))
        window = self._windows[key]
        while True:
            if gate is not None:
                await gate.passed()
            if self._places is not None:
                await self._places.acquire()
            try:
                entered = await window.enter(self, gate)
            except BaseException:
                self.leave_place()
                raise
            if entered:
                break
            self.leave_place()  # it was shut meanwhile: who waits behind it must not be kept from others' places
        try:
            yield
        except BaseException:
            self.leave_place()
            raise
        finally:
            window.leave()

    def closed_for(self, now: float) -> float:
        """Seconds until the pause is over; 0 where none is on."""
        return max(0.0, self._closed_until - now)


class _Window:
    """At most `calls` (0: any number) in every `seconds`.

    A call counts from its start until `seconds` after its answer: the server saw it somewhere between the two, so that
    in the server's own clock, too, no window ever holds more.
    """

    def __init__(self, calls: int, seconds: float) -> None:
        self._calls = calls
        self._seconds = seconds
        self._under_way = 0
        self._answered: deque[float] = deque()
        self._turn = asyncio.Lock()
        self._left = asyncio.Event()

    async def enter(self, pace: Pace, gate: Gate | None) -> bool:
        """Wait for the turn of one call; False where its gate is shut by then."""
        loop = asyncio.get_running_loop()
        async with self._turn:  # first come, first served
            while True:
                if gate is not None and not gate.is_open:
                    return False
                now = loop.time()
                while self._answered and self._answered[0] <= now - self._seconds:
                    self._answered.popleft()
                if wait := pace.closed_for(now):
                    await asyncio.sleep(wait)
                elif not self._calls or self._under_way + len(self._answered) < self._calls:
                    self._under_way += 1
                    return True
                elif self._answered:
                    await asyncio.sleep(self._answered[0] + self._seconds - now)
                else:
                    self._left.clear()
                    await self._left.wait()

    def leave(self) -> None:
        self._under_way -= 1
        if self._calls:
            self._answered.append(asyncio.get_running_loop().time())
        self._left.set()
