"""What a sweep or a storyboard is doing, to be awaited from any cell and any loop."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from seedance_widgets.notebook import loop as bridge

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator


class Outcome:
    """Something that a sweep is doing; it began when this was made. Await it for the end.

    Args:
        what: For people: what it is.
        work: What does it.
        loop: Where.
        show: Called where somebody waits; shows the progress until it is left.
        stopped: For whoever stops waiting: what goes on, and how to wait for it again or end it.
    """

    def __init__(
        self,
        what: str,
        work: Coroutine[Any, Any, Any],
        loop: asyncio.AbstractEventLoop,
        show: Callable[[], contextlib.AbstractContextManager[None]] = contextlib.nullcontext,
        stopped: str = "what was begun goes on.",
    ) -> None:
        self._what = what
        self._stopped = stopped
        self._show = show
        self._awaited = False
        self._loop = loop
        self._future = bridge.start(loop, work)
        self._future.add_done_callback(self._ended)

    def __await__(self) -> Generator[Any, None, Any]:
        self._awaited = True
        return self._wait().__await__()

    def __repr__(self) -> str:
        if not self._future.done():
            return f"{self._what}: it goes on; `await` this to wait for it"
        error = None if self._future.cancelled() else self._future.exception()
        return f"{self._what}: {error}" if error is not None else f"{self._what}: done"

    async def _wait(self) -> Any:
        __tracebackhide__ = True  # a stop button's traceback shall end in the cell
        with self._show():
            # Whoever stops waiting leaves the sweep alone.
            home = self._future.get_loop()
            try:
                if asyncio.get_running_loop() is home:
                    return await asyncio.shield(self._future)
                there = asyncio.run_coroutine_threadsafe(_shielded(self._future), home)
                return await asyncio.shield(asyncio.wrap_future(there))
            except asyncio.CancelledError:
                if self._future.cancelled():  # its loop was closed: nothing goes on
                    raise
                raise asyncio.CancelledError(f"the waiting was stopped; {self._stopped}") from None

    def _ended(self, future: asyncio.Future[Any]) -> None:
        if future.cancelled() or (error := future.exception()) is None or self._awaited:
            return
        self._loop.call_soon_threadsafe(self._report, error)

    def _report(self, error: BaseException) -> None:
        """A turn later: whoever awaits in the same cell has begun by then."""
        if not self._awaited:
            self._loop.call_exception_handler({"message": f"{self._what} failed", "exception": error})


async def _shielded(future: asyncio.Future[Any]) -> Any:
    return await asyncio.shield(future)
