"""Follow a job for as long as it runs, and tell only when something has changed that is drawn."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from seedance_widgets.notebook import loop as bridge

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from seedance_widgets.jobs import Job


class Follower:
    """Calls `changed(job)` at every change worth drawing, the last time when the job has ended.

    A running job ticks several times a second; the clock in the browser needs none of that.

    Args:
        job: The job; one that has ended is left alone.
        changed: Called on `loop`.
        loop: The notebook's loop.
    """

    def __init__(self, job: Job, changed: Callable[[Job], None], *, loop: asyncio.AbstractEventLoop) -> None:
        self._changed = changed
        self._loop = loop
        self._last = _drawn(job)
        self._stack = contextlib.ExitStack()
        if not job.done:
            self._stack.enter_context(job.listening(self._look, shows=True))
            if _drawn(job) != self._last:  # it went on while we came to listen
                self._look(job)

    def stop(self) -> None:
        """Let go of the job; from any thread."""
        self._stack.close()

    def _look(self, job: Job) -> None:
        now = _drawn(job)
        if now == self._last:
            return
        self._last = now
        if job.done:
            self.stop()
        bridge.call(self._loop, self._changed, job)


def _drawn(job: Job) -> tuple[object, ...]:
    return job.status, job.note, job.task_id, job.video is None, str(job.error or "")
