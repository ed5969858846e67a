"""The bridge to the notebook's event loop: where jobs live, and how a caller without `await` waits for them.

Jobs are tasks on one loop, the "home" loop. In a kernel that is the loop of its main thread, also when the caller is a
widget callback on a subshell's thread; in an asyncio program it is the running loop; in a plain script it is a loop of
our own on a thread of its own, so that jobs go on whatever the script does.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import signal
import sys
import threading
import time
import warnings
from typing import TYPE_CHECKING, Any, TypeVar, cast

from seedance_widgets.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterator
    from concurrent.futures import Future

T = TypeVar("T")

# The stop button must be noticed within this many seconds, also while nothing else happens on the loop.
HEARTBEAT = 0.25

_own: asyncio.AbstractEventLoop | None = None
_own_lock = threading.Lock()
_known_home: asyncio.AbstractEventLoop | None = None
_kept: set[asyncio.Future[Any]] = set()  # a loop holds its tasks weakly


def kernel() -> Any | None:
    """The running ipykernel, or None outside one; IPython is not imported to find out."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return getattr(shell, "kernel", None)


def home_loop() -> asyncio.AbstractEventLoop:
    """The loop on which jobs live, whatever thread asks; it runs."""
    global _known_home  # noqa: PLW0603  one loop for the process is the point of this module
    running = running_loop()
    on_main = threading.current_thread() is threading.main_thread()
    if running is not None and (on_main or kernel() is None):
        if on_main:
            _known_home = running
        return running
    if (current := kernel()) is not None and (io_loop := getattr(current, "io_loop", None)) is not None:
        return cast("asyncio.AbstractEventLoop", io_loop.asyncio_loop)
    if _known_home is not None and _known_home.is_running():
        return _known_home
    return _own_loop()


def running_loop() -> asyncio.AbstractEventLoop | None:
    """The loop that runs in this thread, or None."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def call(loop: asyncio.AbstractEventLoop, function: Callable[..., Any], *args: Any) -> None:
    """Call `function` on `loop`: at once where we are on it, else handed over."""
    if running_loop() is loop:
        function(*args)
    else:
        loop.call_soon_threadsafe(function, *args)


def run(awaitable: Awaitable[T], timeout: float | None = None) -> T:
    """Wait for `awaitable` and return its result, in a script and in a cell alike.

    An interrupt (Ctrl+C, the stop button) or a timeout stops the waiting; a job goes on.

    Args:
        awaitable: A coroutine, a `Job` or any awaitable.
        timeout: Seconds to wait at most; None waits as long as it takes.

    Raises:
        TimeoutError: `timeout` seconds have passed.
        KeyboardInterrupt: The waiting was interrupted.
        ConfigurationError: This loop cannot be nested; await instead.
    """
    loop = home_loop()
    if running_loop() is not loop:
        return _wait_from_outside(awaitable, loop, timeout)
    _make_nestable(loop)
    return _wait_inside(loop, awaitable, timeout)


def start(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, T]) -> asyncio.Future[T]:
    """Start `work` on `loop` from any thread; it is held until it is done. The future belongs to `loop`, or to ours."""
    if running_loop() is loop:
        task = loop.create_task(work)
        _kept.add(task)
        task.add_done_callback(_kept.discard)
        return task
    return asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, loop), loop=running_loop() or loop)


def _wait_inside(loop: asyncio.AbstractEventLoop, awaitable: Awaitable[T], timeout: float | None) -> T:
    task = loop.create_task(_as_coroutine(awaitable, timeout))
    interrupted = False

    def interrupt(*_: object) -> None:
        nonlocal interrupted
        if interrupted:  # a second press: whatever it takes
            raise KeyboardInterrupt
        interrupted = True
        loop.call_soon_threadsafe(task.cancel)

    with _on_sigint(interrupt):
        try:
            return loop.run_until_complete(task)
        except asyncio.CancelledError:
            if interrupted:
                raise KeyboardInterrupt from None
            raise
        except KeyboardInterrupt:
            task.cancel()
            raise


def _wait_from_outside(awaitable: Awaitable[T], loop: asyncio.AbstractEventLoop, timeout: float | None) -> T:
    future: Future[T] = asyncio.run_coroutine_threadsafe(_as_coroutine(awaitable, None), loop)
    end = None if timeout is None else time.monotonic() + timeout
    while True:
        left = HEARTBEAT if end is None else min(HEARTBEAT, end - time.monotonic())
        try:
            return future.result(max(0.0, left))
        except TimeoutError:
            if future.done():  # the awaitable's own TimeoutError
                raise
            if end is not None and time.monotonic() >= end:
                future.cancel()
                raise TimeoutError(_timed_out(timeout)) from None
        except KeyboardInterrupt:
            future.cancel()
            raise


async def _as_coroutine(awaitable: Awaitable[T], seconds: float | None) -> T:
    try:
        async with asyncio.timeout(seconds) as deadline:
            return await awaitable
    except TimeoutError:
        if deadline.expired():
            raise TimeoutError(_timed_out(seconds)) from None
        raise


def _timed_out(timeout: float | None) -> str:
    return f"not done after {timeout:g} s; the job goes on, and can be waited for again"


@contextlib.contextmanager
def _on_sigint(handler: Callable[..., None]) -> Iterator[None]:
    """Let SIGINT call `handler`, so that it can never land in the middle of somebody's job."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGINT)
    if before is not signal.default_int_handler and kernel() is None:
        yield  # the program has its own way with Ctrl+C
        return
    signal.signal(signal.SIGINT, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _make_nestable(loop: asyncio.AbstractEventLoop) -> None:
    """Let `loop` be run from inside itself; patches asyncio on first use, never at import."""
    _warn_of_old_nesting()
    import nest_asyncio2  # noqa: PLC0415  patches asyncio: only where somebody blocks in a cell

    try:
        nest_asyncio2.apply(loop)
    except ValueError as error:  # uvloop and other loops that are not written in Python
        raise ConfigurationError(
            f"this event loop cannot be waited on from inside itself ({error}); write `await` before the call instead."
        ) from None


def _warn_of_old_nesting() -> None:
    if not hasattr(asyncio, "_nest_patched") or hasattr(asyncio, "_nest_asyncio2"):
        return
    if (current := kernel()) is None or not _loses_messages(getattr(current, "implementation_version", "")):
        return
    warnings.warn(
        "nest_asyncio 1.x is applied in this kernel. On ipykernel 7.1 and newer it loses every click and every queued "
        "cell that arrives while a call blocks. Restart the kernel and leave out nest_asyncio.apply(): "
        "seedance_widgets brings nest-asyncio2, which loses none.",
        RuntimeWarning,
        stacklevel=4,
    )


def _loses_messages(version: str) -> bool:
    numbers = [int(part) for part in version.split(".")[:2] if part.isdigit()]
    return tuple(numbers) >= (7, 1)


def _own_loop() -> asyncio.AbstractEventLoop:
    global _own  # noqa: PLW0603  one loop for the process is the point of this module
    with _own_lock:
        if _own is None or _own.is_closed():
            loop = _own = asyncio.new_event_loop()
            runs = threading.Event()
            loop.call_soon(runs.set)
            threading.Thread(target=loop.run_forever, name="seedance-loop", daemon=True).start()
            runs.wait()
            atexit.register(_close, loop)
        return _own


def _close(loop: asyncio.AbstractEventLoop) -> None:
    """Cancel what is left on our own loop, so that an exiting script leaves no warnings; the ledger keeps the jobs."""

    async def cancel_all() -> None:
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        await loop.shutdown_asyncgens()

    with contextlib.suppress(TimeoutError):
        asyncio.run_coroutine_threadsafe(cancel_all(), loop).result(5)
    loop.call_soon_threadsafe(loop.stop)


def _forget() -> None:
    """In a forked process: the loops and threads stayed behind."""
    global _own, _known_home  # noqa: PLW0603  one loop for the process is the point of this module
    _own = _known_home = None
    _kept.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
