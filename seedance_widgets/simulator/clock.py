"""The simulator's clock: provider time, which runs `speed` times as fast as ours and can be stopped and moved."""

from __future__ import annotations

import asyncio
import threading
import time


class Clock:
    """Unix seconds in the provider's time.

    Args:
        speed: How many of its seconds pass in one of ours; more than 0.
        start: What it shows at first; None for the real time.
    """

    def __init__(self, speed: float = 1.0, start: float | None = None) -> None:
        self.speed = speed
        self._lock = threading.Lock()
        self._rate = speed
        # The time shown at one moment of the monotonic clock; everything else follows from the rate.
        self._origin = (time.time() if start is None else start, time.monotonic())
        self._watchers: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()

    def __repr__(self) -> str:
        return f"<Clock {self.now():.3f}, {f'{self._rate:g} times as fast' if self._rate else 'stopped'}>"

    def now(self) -> float:
        """The time in the provider's clock, in Unix seconds."""
        with self._lock:
            return self._now()

    def show(self, now: float) -> None:
        """Set the clock; only for one that nobody has looked at yet."""
        with self._lock:
            self._origin = (now, time.monotonic())

    def pause(self) -> None:
        """Stop the clock; only `advance` moves it until `resume`."""
        self._change(rate=0.0)

    def resume(self) -> None:
        """Let the clock run at its speed again."""
        self._change(rate=self.speed)

    def advance(self, seconds: float) -> None:
        """Move the clock forward at once; what happens in between happens in its order.

        Args:
            seconds: In the provider's time; 0 or more.

        Raises:
            ValueError: Time does not run backwards.
        """
        if seconds < 0:
            raise ValueError(f"a clock moves forward only; {seconds} is less than 0.")
        self._change(by=seconds)

    def real_seconds(self, seconds: float) -> float:
        """`seconds` of this clock in seconds of ours, at its nominal speed."""
        return seconds / self.speed

    async def wait_until(self, when: float | None, event: asyncio.Event) -> None:
        """Wait until the clock shows `when` (None: for ever), `event` is set, or the clock is stopped or moved.

        Who needs the exact time looks at `now` again, in a loop.
        """
        watcher = (asyncio.get_running_loop(), event)
        with self._lock:
            self._watchers.add(watcher)
            rate, left = self._rate, None if when is None else when - self._now()
        try:
            if left is not None and left <= 0:
                return
            # A hair more than needed, or rounding would wake the waiter just before its time.
            timeout = left / rate + 1e-4 if left is not None and rate else None
            async with asyncio.timeout(timeout):
                await event.wait()
        except TimeoutError:
            pass
        finally:
            with self._lock:
                self._watchers.discard(watcher)

    async def sleep_until(self, when: float) -> None:
        """Wait until the clock shows `when`, however often it is stopped or moved meanwhile."""
        event = asyncio.Event()
        while self.now() < when:
            event.clear()
            await self.wait_until(when, event)

    def _now(self) -> float:
        shown, moment = self._origin
        return shown + (time.monotonic() - moment) * self._rate

    def _change(self, *, rate: float | None = None, by: float = 0.0) -> None:
        with self._lock:
            self._origin = (self._now() + by, time.monotonic())
            if rate is not None:
                self._rate = rate
            for loop, event in self._watchers:
                loop.call_soon_threadsafe(event.set)
