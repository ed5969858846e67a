"""Listeners: telling views of a sweep, a comparison or a storyboard that something has changed."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from seedance_widgets.notebook import loop as bridge

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterator

    from seedance_widgets.jobs import Job

    Listener = Callable[[Job | None], Any]


class Listened:
    """What can be listened to."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop on which jobs live."""
        return bridge.home_loop()

    def changed(self, job: Job | None = None) -> None:
        """Tell whoever listens; with the job that changed, or without where it may be anything."""
        for listener in list(self._listeners):
            try:
                listener(job)
            except Exception as error:  # noqa: BLE001  a broken view must not stop what it looks at; the loop reports it
                told = {"message": f"a view of {type(self).__name__} failed; it goes on", "exception": error}
                bridge.call(self.loop, self.loop.call_exception_handler, told)

    @contextlib.contextmanager
    def listening(self, listener: Listener) -> Iterator[None]:
        """Call `listener(job)` at every change, on any thread; job is None where anything may have changed."""
        self._listeners.append(listener)
        try:
            yield
        finally:
            self._listeners.remove(listener)

    def take_listeners_of(self, other: Listened) -> None:
        """Whoever listens to the other listens to both from here on."""
        self._listeners += other._listeners
        other._listeners = self._listeners
