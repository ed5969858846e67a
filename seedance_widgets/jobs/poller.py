"""The poller: asks one provider for all watched tasks together, as seldom as one can and still be prompt."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seedance_widgets.errors import AuthError, ConfigurationError, NotFound, ProviderError

if TYPE_CHECKING:
    from collections.abc import Callable

    from seedance_widgets.providers.base import Provider, Task

# In seconds of the provider's clock. A video takes a minute or more, so that being 1 s late on the average is prompt.
QUICK = 2.0
QUICK_OF_MANY = 2.4  # from so many tasks on the provider's patience counts more than a fifth of a second
MANY = 10
SLOW = 15.0
EARLY_SHARE = 0.08
LATE = 1.5  # times the typical time: until then it may be ready at any moment
TOGETHER = 2.0  # whatever is due so soon is asked for in the same call
# A task that was just made may not be found yet; one that stays away this often is gone.
MISSES = 3
FIRST_TROUBLE = 2.0
LONGEST_TROUBLE = 30.0


@dataclass(slots=True, eq=False)
class _Watched:
    task_id: str
    since: float
    typical: float
    at: float
    told: Callable[[Task], None]
    troubled: Callable[[ProviderError | None], None]
    outcome: asyncio.Future[Task]
    misses: int = 0
    trouble: float = 0.0


class Poller:
    """Follows tasks of one provider on one event loop.

    Args:
        provider: Decides how to ask for many ids (one by one, by list, by batch) within its published rates.
    """

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._watched: set[_Watched] = set()
        self._more = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def follow(
        self,
        task_id: str,
        *,
        elapsed: float,
        typical: float,
        told: Callable[[Task], None],
        troubled: Callable[[ProviderError | None], None],
    ) -> Task:
        """Wait until the task is final and return it.

        Args:
            task_id: The provider's id.
            elapsed: Seconds of the provider's clock since it was submitted.
            typical: Seconds of the provider's clock that such a task takes.
            told: Called with the task each time it was asked for.
            troubled: Called with the error while it cannot be asked for, and with None when it can again.

        Raises:
            NotFound: The provider does not know the task (any more).
            AuthError: The key no longer opens it.
        """
        loop = asyncio.get_running_loop()
        now = loop.time()
        real = self._provider.limits.real_seconds
        entry = _Watched(task_id, now - real(elapsed), real(typical), now, told, troubled, loop.create_future())
        entry.at = now + self._interval(entry, now)
        self._watched.add(entry)
        self._more.set()
        if self._task is None or self._task.done():
            self._task = loop.create_task(self._poll_until_idle())
        try:
            return await entry.outcome
        finally:
            self._watched.discard(entry)
            self._more.set()  # the last one to go lets the poller end

    async def _poll_until_idle(self) -> None:
        try:
            while self._watched:
                await self._until_due()
                await self._ask()
        except BaseException as error:
            # Whoever waits must not wait for ever, whatever went wrong here.
            for entry in list(self._watched):
                if not entry.outcome.done():
                    if isinstance(error, asyncio.CancelledError):
                        entry.outcome.cancel()
                    else:
                        entry.outcome.set_exception(error)
            if not isinstance(error, Exception):
                raise

    async def _until_due(self) -> None:
        loop = asyncio.get_running_loop()
        while self._watched:
            wait = min(entry.at for entry in self._watched) - loop.time()
            if wait <= 0:
                return
            self._more.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._more.wait(), wait)

    async def _ask(self) -> None:
        loop = asyncio.get_running_loop()
        soon = loop.time() + self._provider.limits.real_seconds(TOGETHER)
        due = [entry for entry in self._watched if entry.at <= soon]
        if not due:
            return
        try:
            answers = await self._provider.poll([entry.task_id for entry in due])
        except (AuthError, ConfigurationError) as error:
            for entry in due:
                if not entry.outcome.done():
                    entry.outcome.set_exception(error)
            return
        except ProviderError as error:
            answers = dict.fromkeys((entry.task_id for entry in due), error)
        now = loop.time()
        for entry in due:
            if not entry.outcome.done():
                self._take(entry, answers.get(entry.task_id))
                entry.at = now + (self._provider.limits.real_seconds(entry.trouble) or self._interval(entry, now))

    def _take(self, entry: _Watched, answer: Task | ProviderError | None) -> None:
        if answer is None or isinstance(answer, NotFound):
            entry.misses += 1
            entry.trouble = 0.0
            if entry.misses >= MISSES:
                entry.outcome.set_exception(
                    answer or NotFound("the provider does not know this task.", provider=self._provider.name)
                )
        elif isinstance(answer, ProviderError):
            # Each task backs off for itself: one that cannot be asked for holds up no other.
            entry.trouble = min(LONGEST_TROUBLE, max(FIRST_TROUBLE, entry.trouble * 2))
            entry.troubled(answer)
        else:
            entry.misses = 0
            if entry.trouble:
                entry.trouble = 0.0
                entry.troubled(None)
            entry.told(answer)
            if answer.final:
                entry.outcome.set_result(answer)

    def _interval(self, entry: _Watched, now: float) -> float:
        """Seconds until asking again: seldom before such a task can be ready, often around then, seldom again after."""
        real = self._provider.limits.real_seconds
        elapsed = now - entry.since
        quick = real(QUICK_OF_MANY if len(self._watched) >= MANY else QUICK)
        if elapsed < entry.typical / 2:
            return max(quick, min(real(SLOW), entry.typical * EARLY_SHARE, entry.typical / 2 - elapsed))
        late = max(0.0, elapsed - LATE * entry.typical)
        return min(real(SLOW), quick + late * EARLY_SHARE)
