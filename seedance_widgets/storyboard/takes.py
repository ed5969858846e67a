"""Takes: everything that was ever made for a storyboard, and which of it belongs to which shot as it is now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seedance_widgets.jobs import Job, job_of, live_tracks, open_ledger

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from seedance_widgets.jobs import Ledger
    from seedance_widgets.request import VideoRequest
    from seedance_widgets.storyboard.shots import Shot


@dataclass(frozen=True)
class Take:
    """What a job of a storyboard was made from. It is written down before anything of that job is sent.

    Args:
        job: The job's id.
        given: The shot's fields then, as the ledger writes them.
        before: The job of the shot before, whose last frame it started with; empty for a first shot and after a cut.
        base: The hash of what the base gave it: all of it for the first shot, for others all but the pictures.
    """

    job: str
    given: dict[str, Any]
    before: str = ""
    base: str = ""


class Takes:
    """Every take of a storyboard, the oldest first, and what is known of the job of each."""

    def __init__(self) -> None:
        self._all: list[Take] = []
        self._jobs: dict[str, Job] = {}
        self._lost: dict[str, str] = {}

    def read(self, ledger: Ledger, takes: Sequence[Take], owner: str) -> None:
        """Take over what `owner` has written; blocking."""
        written = ledger.call(ledger.find_many, [take.job for take in takes])
        live = live_tracks(ledger)
        being_sent = ledger.is_elsewhere(owner)
        self._all.clear()
        self._lost.clear()
        for take in takes:
            if take.job in written and written[take.job] is None and take.job not in live:
                self._lost[take.job] = (
                    f"the ledger's row of job {take.job} is damaged: it may have been made and billed. Look at the "
                    "provider's console."
                )
            elif take.job not in written and take.job not in live:
                if not being_sent:
                    continue  # it was never sent
                self._lost[take.job] = (
                    f"another notebook is just sending it as job {take.job}; load the storyboard again to see it."
                )
            self._all.append(take)

    def __iter__(self) -> Iterator[Take]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def add(self, take: Take) -> None:
        """A new one, whose job is to be sent."""
        self._all.append(take)

    def drop(self, take: Take) -> None:
        """Its job was not sent."""
        self._all.remove(take)

    def set_job(self, job: Job) -> None:
        """The job of a take, as it is followed now."""
        self._jobs[job.id] = job

    def lost(self, take: Take) -> str:
        """Why nobody can tell what has become of it, or empty."""
        return self._lost.get(take.job, "")

    def job(self, take: Take) -> Job | None:
        """Its job; None where the ledger has none (any more). Blocking."""
        known = self._jobs.get(take.job)
        return known if known is not None else self.fresh_job(take)

    def look_again(self) -> bool:
        """Whether a job that had ended without a video has gone on since, as `sw.resume` lets it. Blocking."""
        ended = {one: job for one, job in self._jobs.items() if job.done and job.video is None}
        if not ended:
            return False
        ledger = open_ledger()
        live, written = live_tracks(ledger), ledger.call(ledger.find_many, list(ended))
        fresh: dict[str, Job] = {}
        for one, job in ended.items():
            if one in live:
                fresh[one] = Job(live[one])
            elif (record := written.get(one)) is not None and record.state != job.status:
                fresh[one] = job_of(ledger, record)
        self._jobs |= fresh
        return bool(fresh)

    def fresh_job(self, take: Take) -> Job | None:
        """Its job as it is followed now, or as the ledger has it. Blocking."""
        ledger = open_ledger()
        live = live_tracks(ledger).get(take.job)
        if live is not None:
            self._jobs[take.job] = Job(live)
        elif (record := ledger.call(ledger.find, take.job)) is not None:
            self._jobs[take.job] = job_of(ledger, record)
        return self._jobs.get(take.job)

    def settle(self, shots: Sequence[Shot], base: VideoRequest) -> None:
        """Give each shot the take that fits it as it is now; one that fits none keeps its last one, outdated.

        In one pass from the first shot to the last, since each begins with the take of the one before. Blocking.
        """
        for place, shot in enumerate(shots):
            shot.put(place)
        if not self._all:
            return
        keys = base_of(base, first=True), base_of(base, first=False)
        taken = {shot.made.job: shot for shot in shots if shot.made is not None and shot.made.given == shot.plain}
        before: Take | None = None
        for place, shot in enumerate(shots):
            start = "" if place == 0 or shot.is_cut else None if before is None else before.job
            found = None
            if start is not None:
                wanted = Take("", shot.plain, start, keys[place > 0])
                found = self._found(shot, wanted, taken)
            shot.take(found, self._jobs.get(found.job) if found else None, self.lost(found) if found else "")
            if shot.made is not None:  # of an outdated one too the job may be another now
                shot.job = self._jobs.get(shot.made.job, shot.job)
            before = found

    def _found(self, shot: Shot, wanted: Take, taken: dict[str, Shot]) -> Take | None:
        """The take of this shot where it fits still, else the newest one that fits and is no other shot's."""
        if shot.made is not None and _fits(shot.made, wanted):
            return shot.made
        for take in reversed(self._all):
            free = taken.get(take.job, shot) is shot
            if free and _fits(take, wanted) and (self.lost(take) or self.job(take) is not None):
                taken[take.job] = shot
                return take
        return None


def base_of(base: VideoRequest, *, first: bool) -> str:
    """The hash of what a base gives to a shot: its pictures belong to the first one.

    Raises:
        StorageError: A local image cannot be read.
    """
    if not first:
        base = base.replace(first_frame_url=None, last_frame_url=None, reference_image_urls=())
    return base.content_hash


def _fits(take: Take, wanted: Take) -> bool:
    return (take.before, take.base, take.given) == (wanted.before, wanted.base, wanted.given)
