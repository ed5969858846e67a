"""What the browser draws of the ledger: which jobs match, what they cost in all, how long their links live."""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from seedance_widgets.catalog import catalogue, find_model
from seedance_widgets.jobs import list_jobs
from seedance_widgets.jobs.ledger import is_unfinished
from seedance_widgets.request.estimate import money
from seedance_widgets.widgets.job_state import job_state
from seedance_widgets.widgets.strings import text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from seedance_widgets.jobs import Job
    from seedance_widgets.widgets.media import Shelf

PAGE = 24  # jobs that are shown at first, and each further time that more are asked for
_GROUPS = {
    "running": ("pending", "submitting", "queued", "running", "downloading"),
    "succeeded": ("succeeded",),
    "failed": ("failed", "expired", "cancelled"),
    "unknown": ("unknown",),
}
_HOUR = 3600


@dataclass(frozen=True)
class Query:
    """Which jobs are wanted; an empty value means all.

    Args:
        words: Each must occur in the prompt, the model, the ids or the error; case does not count.
        state: running, succeeded, failed or unknown.
        model: The model's name in the catalogue.
        provider: Its id in the ledger.
        since, until: ISO dates of this machine's calendar, both included.
    """

    words: str = ""
    state: str = ""
    model: str = ""
    provider: str = ""
    since: str = ""
    until: str = ""

    def matches(self, job: Job) -> bool:
        """Whether the job is one of them."""
        if self.state and job.status not in _GROUPS.get(self.state, ()):
            return False
        if (self.model and _model(job) != self.model) or (self.provider and job.provider != self.provider):
            return False
        first, last = _day(self.since), _day(self.until)
        made = job.created_at
        if first is not None and made < _start(first):
            return False
        if last is not None and made >= _start(last + timedelta(days=1)):
            return False
        searched = " ".join(
            [
                str(job.request.prompt),
                _model(job),
                str(job.request.model),
                job.id,
                job.task_id or "",
                str(job.error or ""),
            ]
        ).casefold()
        return all(word in searched for word in self.words.casefold().split())


def history_state(query: Query, count: int, lang: str, shelf: Shelf) -> dict[str, Any]:
    """The newest of the jobs that match. Blocking: it reads the ledger.

    Args:
        query: Which.
        count: How many.
        lang: `en` or `zh`.
        shelf: Keeps the pictures and videos that the browser may ask for.
    """
    jobs = list_jobs()
    found = [job for job in jobs if query.matches(job)]
    page = found[:count]
    unfinished = sum(is_unfinished(job._track.record) and not job.followed for job in jobs)  # noqa: SLF001  the ledger's rule
    return {
        "rows": [row_state(job, lang, shelf) for job in page],
        "found": len(found),
        "all": len(jobs),
        "totals": totals(found, lang),
        "unfinished": unfinished,
        "live": any(not job.done and job.followed for job in page),
        "models": sorted({_model(job) for job in jobs}),
        "providers": sorted({(job.provider, job.card().provider) for job in jobs}),
    }


def row_state(job: Job, lang: str, shelf: Shelf) -> dict[str, Any]:
    """A JobState, with how long the provider still keeps the video."""
    state = job_state(job, lang, shelf)
    left = link_hours(job)
    line = state["line"]
    if left is not None:
        words = text(lang, "history.link", hours=f"{left:.0f}") if left > 0 else text(lang, "history.link_dead")
        line = f"{line} · {words}" if line else words
    made = datetime.fromtimestamp(job.created_at).astimezone()
    return state | {"line": line, "day": f"{made:%Y-%m-%d %H:%M}", "deletable": job.done}


def link_hours(job: Job) -> float | None:
    """Hours until the provider's link dies; None where there is none."""
    ready = job.card().ready_at
    facts = catalogue().providers.get(job.provider.rpartition(":")[2])
    if ready is None or facts is None:
        return None
    return max(0.0, (ready + facts.url_seconds - time.time()) / _HOUR)


def totals(jobs: Sequence[Job], lang: str) -> str:
    """What these jobs cost, and how near the estimates came, in one line."""
    spent: dict[str, float] = defaultdict(float)
    estimated = billed = 0
    free = 0
    for job in jobs:
        if job.status != "succeeded":
            continue
        if not job.billed:
            free += 1
        elif job.price is not None and job.currency:
            spent[job.currency] += job.price
        expected = job.card().expected_tokens
        if job.tokens and expected:
            estimated += expected
            billed += job.tokens
    count = len(jobs)
    parts = [text(lang, "history.count_one") if count == 1 else text(lang, "history.count", n=f"{count:,}")]
    parts += [text(lang, "history.spent", price=money(amount, currency)) for currency, amount in sorted(spent.items())]
    parts += [text(lang, "history.free", n=f"{free:,}")] if free else []
    if estimated:
        off = 100 * (billed - estimated) / estimated
        parts.append(text(lang, "history.tokens", billed=f"{billed:,}", estimated=f"{estimated:,}", off=f"{off:+.1f}"))
    return " · ".join(parts)


def matching(query: Query) -> Iterable[Job]:
    """The jobs that match, the newest first. Blocking."""
    return [job for job in list_jobs() if query.matches(job)]


def _model(job: Job) -> str:
    known = find_model(str(job.request.model))
    return known.name if known is not None else str(job.request.model)


def _day(words: str) -> date | None:
    try:
        return date.fromisoformat(words)
    except ValueError:
        return None


def _start(day: date) -> float:
    return datetime(day.year, day.month, day.day).astimezone().timestamp()
