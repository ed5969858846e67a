"""Job: the handle of one video on its way."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from seedance_widgets import choice
from seedance_widgets.catalog import rules
from seedance_widgets.errors import CannotCancel, ConfigurationError, JobError
from seedance_widgets.jobs.record import ENDED, Event, State
from seedance_widgets.markup import text_only
from seedance_widgets.notebook import loop as bridge
from seedance_widgets.notebook.card import Card, live_display, redraw

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Generator, Iterable
    from contextlib import AbstractContextManager

    from seedance_widgets.jobs.track import Track
    from seedance_widgets.providers.base import Provider
    from seedance_widgets.request import VideoRequest
    from seedance_widgets.video import Video


class Job:
    """One video on its way, from the first line in the ledger to the file on the disk.

    Await it for the `Video`, or call `result()` where `await` cannot be written. Shown in a notebook it is a card that
    follows the job. An exception is never lost: it is in `error`, on the card, and raised to whoever waits.
    """

    def __init__(self, track: Track) -> None:
        self._track = track

    @property
    def request(self) -> VideoRequest:
        """What was asked."""
        return self._track.request

    @property
    def error(self) -> Exception | None:
        """What went wrong, or None."""
        return self._track.error

    @property
    def video(self) -> Video | None:
        """The video, or None before it is there."""
        return self._track.video

    @property
    def note(self) -> str:
        """One sentence on what the job is waiting for just now, or empty."""
        return self._track.unsaved or self._track.note

    @property
    def id(self) -> str:
        """Our id of this job, ten hex digits."""
        return self._track.record.id

    @property
    def status(self) -> State:
        """pending, submitting, queued, running, downloading, succeeded, failed, cancelled, expired or unknown."""
        return self._track.record.state

    @property
    def task_id(self) -> str | None:
        """The provider's id, once it has answered."""
        return self._track.record.task_id

    @property
    def provider(self) -> str:
        """Who makes it: the id that the ledger remembers, such as `ark-cn` or `simulator:ark-cn`."""
        return self._track.record.provider

    @property
    def billed(self) -> bool:
        """Whether it costs money."""
        return self._track.record.billed

    @property
    def created_at(self) -> float:
        """When it was submitted to us, in Unix seconds."""
        return self._track.record.created_at

    @property
    def price(self) -> float | None:
        """What it costs in `currency`: the estimate until the tokens are known; None where it cannot be told."""
        return self._track.record.price

    @property
    def costs(self) -> bool:
        """Whether its `price` was billed, or will be; not where it is free, or failed before its video was made."""
        return self._track.record.costs

    @property
    def counts(self) -> bool:
        """Whether its video was made or still may be: not where it failed before."""
        return self._track.record.counts

    @property
    def currency(self) -> str | None:
        """`USD` or `CNY`."""
        return self._track.record.currency

    @property
    def tokens(self) -> int | None:
        """What the provider counted, once the video is made."""
        return self._track.record.result.get("tokens")

    @property
    def seed(self) -> int | None:
        """The seed that was used, before that the one that was asked for; None where the provider draws one."""
        told = self._track.record.result.get("seed")
        asked = self.request.seed
        return told if told is not None else None if asked == rules().seed.first else asked

    @property
    def done(self) -> bool:
        """Whether it has ended, well or not."""
        return self._track.done

    @property
    def elapsed(self) -> float:
        """Seconds since it was submitted, until it ended."""
        return max(0.0, (self._track.record.ended_at or time.time()) - self._track.record.created_at)

    @property
    def eta(self) -> float | None:
        """Seconds until it is probably done, from how long such videos took; None where nobody can tell.

        An estimate from the ledger's own history, or from published run times before there is any.
        """
        left = self._estimated_left()
        return left if left is not None and left > 0 else None

    @property
    def late(self) -> bool:
        """Whether it has taken longer than estimated."""
        left = self._estimated_left()
        return left is not None and left <= 0

    @property
    def seconds_in(self) -> dict[str, float]:
        """Seconds spent in each state so far; one that was over before it was seen counts to the next.

        Of a job that was resumed or adopted how long the download took is left out: its video may have waited for that.
        """
        record = self._track.record
        starts: list[tuple[str, float | None]] = [
            ("pending", record.created_at),
            ("queued" if record.task_id else "submitting", record.submitted_at),
            ("running", record.running_at),
            ("downloading", record.ready_at),
        ]
        if record.ready_at is not None and record.running_at is None:
            starts[1:3] = [("running", record.submitted_at)]
        ended = record.ended_at or time.time()
        if record.estimate.get("resumed") and record.ready_at is not None:
            ended = record.ready_at  # the video was made while nobody looked: from then on it only waited to be fetched
            starts.pop()
        known = [(state, at) for state, at in starts if at is not None]
        ends = [*(at for _, at in known[1:]), ended]
        return {state: max(0.0, end - at) for (state, at), end in zip(known, ends, strict=True)}

    @property
    def followed(self) -> bool:
        """Whether this process looks after the job, or did until it ended."""
        driver = self._track.driver
        return driver is not None and driver.loop.is_running()

    def maker(self) -> Provider | None:
        """The provider that is asked for this job, or would be; None where there is no key for it. Blocking."""
        record, driver = self._track.record, self._track.driver
        try:
            return choice.provider_for(record.provider, record.base_url, driver.provider if driver else None)
        except ConfigurationError:
            return None

    @property
    def timeline(self) -> tuple[Event, ...]:
        """What was sent, answered and decided, and when."""
        return tuple(self._track.timeline)

    def __await__(self) -> Generator[Any, None, Video]:
        return self._wait().__await__()

    def result(self, timeout: float | None = None) -> Video:
        """Wait for the video, in a script and in a cell alike; an interrupt or a timeout leaves the job running.

        Args:
            timeout: Seconds to wait at most; None waits as long as it takes.

        Raises:
            TimeoutError: It was not done in time; the job goes on.
            SeedanceError: What went wrong with the job.
        """
        return bridge.run(self, timeout)

    def cancel(self) -> Cancelling:
        """Cancel the job where that still saves anything; starts at once, and can be awaited for the outcome.

        Before the submit nothing is sent; a queued task is cancelled at the provider where it has such a call.

        Raises:
            CannotCancel: (when awaited) The task is running, or has ended, or this provider cannot cancel.
        """
        driver = self._track.driver
        if driver is None or not self.followed:
            raise CannotCancel(
                f"job {self.id} is not followed by this process; `await sw.resume()` takes it up, then cancel it."
            )
        return Cancelling(self.id, bridge.start(driver.loop, driver.cancel(self._track)))

    async def watch(self) -> AsyncIterator[State]:
        """Yield the state now and at every change, until the job has ended.

        Raises:
            JobError: Nobody in this process follows the job (any more).
        """
        changes: asyncio.Queue[State] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        with self.listening(lambda job: bridge.call(loop, changes.put_nowait, job.status)):
            ended = asyncio.ensure_future(self._track.until_ended())
            ended.add_done_callback(lambda _: changes.put_nowait(self.status))
            try:
                last = self.status
                yield last
                while last not in ENDED:
                    state = await changes.get()
                    if state != last:
                        last = state
                        yield state
                    elif ended.done():
                        ended.result()  # says why nothing will come any more
                        return
            finally:
                ended.cancel()
                if ended.done() and not ended.cancelled():
                    ended.exception()  # whoever awaits the job is told

    def listening(self, listener: Callable[[Job], None], *, shows: bool = False) -> AbstractContextManager[None]:
        """Call `listener(job)` on the job's loop at every change, and a few times a second while it runs.

        Args:
            listener: Called with this job.
            shows: It shows the video with its poster, which is then made before the job ends.
        """
        return self._track.listening(lambda: listener(self), shows=shows)

    def __repr__(self) -> str:
        return self.card().text()

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return self.card().mimebundle()

    def _ipython_display_(self) -> None:
        live_display(self)

    def card(self) -> Card:
        """What there is to show of this job now."""
        record = self._track.record
        return Card(
            id=self.id,
            prompt=str(self.request.prompt),
            state=self.status,
            provider=self._track.label,
            billed=self.billed,
            task_id=self.task_id,
            model=record.model,
            elapsed=self.elapsed,
            eta=self.eta,
            note=self.note,
            error=None if self.error is None else str(self.error),
            price=self.price,
            currency=self.currency,
            tokens=self.tokens,
            video=self.video,
            seed=self.seed,
            expected_tokens=record.estimate.get("tokens"),
            ready_at=record.ready_at,
            seconds_in=self.seconds_in,
        )

    def _estimated_left(self) -> float | None:
        record = self._track.record
        expected = record.estimate.get("expected_seconds")
        if self.done or expected is None or record.submitted_at is None:
            return None
        return record.submitted_at + float(expected) - time.time()

    async def _wait(self) -> Video:
        from seedance_widgets.jobs.terminal import progress_line  # noqa: PLC0415  tqdm only where somebody waits

        __tracebackhide__ = True  # a stop button's traceback shall end in the cell
        with progress_line(self):
            try:
                await self._track.until_ended()
            except asyncio.CancelledError:
                words = f"the waiting was stopped; the job goes on: `await sw.job({self.id!r})` waits for it again."
                raise asyncio.CancelledError(words) from None
        await asyncio.to_thread(redraw, self)  # showing something waits for the kernel's output thread
        if self.error is not None:
            raise self.error.with_traceback(None)  # a fresh traceback for each who waits
        if self.video is None:
            raise JobError(
                f"job {self.id} stopped as {self.status}: its event loop was closed; `sw.resume()` takes it up."
            )
        return self.video


class JobList(list[Job]):
    """Jobs, the newest first; shows itself as a table.

    Args:
        jobs: The jobs.
        empty: What is shown where there are none.
    """

    def __init__(self, jobs: Iterable[Job] = (), *, empty: str = "no jobs yet") -> None:
        super().__init__(jobs)
        self.empty = empty

    def __repr__(self) -> str:
        from seedance_widgets.notebook.card import jobs_text  # noqa: PLC0415  only where it is shown

        return jobs_text([job.card() for job in self]) or self.empty

    def _repr_html_(self) -> str:
        from seedance_widgets.notebook.card import jobs_html  # noqa: PLC0415  only where it is shown

        return text_only(jobs_html([job.card() for job in self]) or f"<p>{self.empty}</p>")


class Cancelling:
    """A cancellation under way; await it for the outcome.

    Args:
        job_id: Of the job that is cancelled.
        outcome: Done when it is.
    """

    def __init__(self, job_id: str, outcome: asyncio.Future[None]) -> None:
        self._job_id = job_id
        self._outcome = outcome
        outcome.add_done_callback(_look)

    def __await__(self) -> Generator[Any, None, None]:
        return self._outcome.__await__()

    def __repr__(self) -> str:
        if not self._outcome.done():
            return f"cancelling job {self._job_id}"
        error = None if self._outcome.cancelled() else self._outcome.exception()
        return f"job {self._job_id} was cancelled" if error is None else f"job {self._job_id}: {error}"


def _look(outcome: asyncio.Future[None]) -> None:
    if not outcome.cancelled():
        outcome.exception()  # it is on the job's card, and raised to whoever awaits
