"""How fast jobs may be submitted: create calls a minute, tasks in the provider's queue, pauses that it asks for."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from typing import TYPE_CHECKING

from seedance_widgets.catalog import find_model

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from seedance_widgets.providers.base import Limits

MINUTE = 60.0


class Pace:
    """The gate that every create call of one engine passes.

    Args:
        limits: The provider's limits; where `rpm` is false, or no rate of the model is published, nothing is held back.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._windows: dict[tuple[str, int], _Window] = {}
        self._places = asyncio.Semaphore(limits.max_queued) if limits.max_queued else None
        self._closed_until = 0.0

    async def take_place(self) -> None:
        """Wait for a place in the provider's queue; `leave_place` gives it back."""
        if self._places is not None:
            await self._places.acquire()

    def leave_place(self) -> None:
        """The task has left the provider's queue."""
        if self._places is not None:
            self._places.release()

    def pause(self, real_seconds: float) -> None:
        """No create call for this long: the provider asked for it, and one job's answer holds for all."""
        self._closed_until = max(self._closed_until, asyncio.get_running_loop().time() + real_seconds)

    @contextlib.asynccontextmanager
    async def turn(self, model: str, resolution: str) -> AsyncIterator[None]:
        """Hold one create call: entered when it stays inside the model's calls per minute and no pause is on."""
        known = find_model(model)
        rpm = known.rates_at(resolution).rpm if known is not None and self._limits.rpm else 0
        # Keyed by the rate too: 2.0 at 4k has a window of its own.
        key = (known.name if known is not None else model, rpm)
        if key not in self._windows:
            self._windows[key] = _Window(rpm, self._limits.real_seconds(MINUTE))
        window = self._windows[key]
        await window.enter(self)
        try:
            yield
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

    async def enter(self, pace: Pace) -> None:
        loop = asyncio.get_running_loop()
        async with self._turn:  # first come, first served
            while True:
                now = loop.time()
                while self._answered and self._answered[0] <= now - self._seconds:
                    self._answered.popleft()
                if wait := pace.closed_for(now):
                    await asyncio.sleep(wait)
                elif not self._calls or self._under_way + len(self._answered) < self._calls:
                    self._under_way += 1
                    return
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
