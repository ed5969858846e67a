"""The runs of a Studio: which are in sight, whose result is shown, and what happens to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seedance_widgets.request.plain import shown
from seedance_widgets.widgets.follow import Follower
from seedance_widgets.widgets.surface import Refused

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterator

    from seedance_widgets.jobs import Job

ROWS = 12  # ended runs that stay in sight; all of them are in `sw.jobs()`


class Runs:
    """The jobs that a Studio follows, the newest first.

    Args:
        changed: Called on `loop` when something of a job has changed that is drawn.
        loop: The notebook's loop.

    Attributes:
        selected: The id of the run whose result is shown, or "".
    """

    def __init__(self, changed: Callable[[Job], None], loop: asyncio.AbstractEventLoop) -> None:
        self.selected = ""
        self._changed = changed
        self._loop = loop
        self._jobs: list[Job] = []
        self._followers: dict[str, Follower] = {}
        self._chosen = False

    def __iter__(self) -> Iterator[Job]:
        return iter(self._jobs)

    def __contains__(self, job: Job) -> bool:
        return job.id in self._followers

    def get(self, job_id: str) -> Job:
        """The run with this id.

        Raises:
            Refused: There is none in sight.
        """
        found = next((job for job in self._jobs if job.id == job_id), None)
        if found is None:
            raise Refused(f"this Studio has no run {shown(job_id)}; sw.job({shown(job_id)}) may know it.")
        return found

    def add(self, job: Job) -> None:
        """Follow a job; the oldest ended one makes room."""
        for old in [one for one in self._jobs if one.done][ROWS - 1 :]:
            self.put_away(old)
        self._jobs.insert(0, job)
        self._chosen = False
        if job.done or not any(one.id == self.selected and one.video is not None for one in self._jobs):
            self.selected = job.id  # a video that is being watched stays until the next one is there
        self._followers[job.id] = Follower(job, self._changed, loop=self._loop)

    def ended(self, job: Job) -> None:
        """A run has ended: its result is shown, unless the person has chosen another one since it was sent."""
        if not self._chosen:
            self.selected = job.id

    def select(self, job_id: str) -> None:
        """Show the result of a run.

        Raises:
            Refused: There is none with this id in sight.
        """
        self.selected, self._chosen = self.get(job_id).id, True

    def put_away(self, job: Job) -> None:
        """Take a run out of sight; the job goes on."""
        self._jobs.remove(job)
        self._followers.pop(job.id).stop()
        if self.selected == job.id:
            self.selected = self._jobs[0].id if self._jobs else ""

    def finished(self) -> Job | None:
        """The run that a saved notebook shows: the selected one if it has ended, else the newest that has."""
        ended = [job for job in self._jobs if job.done]
        return next((job for job in ended if job.id == self.selected), ended[0] if ended else None)

    def stop(self) -> None:
        """Let go of all of them."""
        for follower in self._followers.values():
            follower.stop()
