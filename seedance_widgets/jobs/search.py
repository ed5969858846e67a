"""Which jobs of the ledger are wanted, as plain lines: a `Job` is made only of what is shown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from seedance_widgets.catalog import find_model
from seedance_widgets.jobs.engine import live_tracks
from seedance_widgets.jobs.handle import Job
from seedance_widgets.jobs.ledger import Ledger, record_of
from seedance_widgets.jobs.record import Record, State, error_from_dict
from seedance_widgets.jobs.recovery import track_of
from seedance_widgets.request import VideoRequest
from seedance_widgets.request.plain import shown, tame
from seedance_widgets.secrecy import quoted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

GROUPS: dict[str, tuple[State, ...]] = {
    "running": ("pending", "submitting", "queued", "running", "downloading"),
    "succeeded": ("succeeded",),
    "failed": ("failed", "expired", "cancelled"),
    "unknown": ("unknown",),
}


@dataclass(frozen=True, slots=True)
class Line:
    """What a search and a total need of one job.

    Args:
        model: Its name in the catalogue, else as it was asked.
        costs: Whether it was billed, or will be.
        tokens: What the provider counted.
        expected_tokens: What was estimated.
        searched: The text in which words are looked for, in small letters.
    """

    id: str
    provider: str
    model: str
    state: State
    created_at: float
    billed: bool
    costs: bool
    price: float | None
    currency: str | None
    tokens: int | None
    expected_tokens: int | None
    searched: str


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

    def matches(self, line: Line) -> bool:
        """Whether the job is one of them."""
        return (
            (not self.state or line.state in GROUPS.get(self.state, ()))
            and (not self.model or line.model == self.model)
            and (not self.provider or line.provider == self.provider)
            and (self._first is None or line.created_at >= self._first)
            and (self._end is None or line.created_at < self._end)
            and all(word in line.searched for word in self._words)
        )

    def where(self, models: Sequence[str]) -> tuple[str, list[Any]]:
        """What of this SQLite can tell: a condition that each of them meets, and its values.

        Args:
            models: Every model in the ledger, as it was asked.
        """
        told: list[tuple[str, Sequence[Any]]] = []
        if self.state:
            told.append(_one_of("state", GROUPS.get(self.state, ())))
        if self.model:
            told.append(_one_of("model", [asked for asked in models if model_name(asked) == self.model]))
        if self.provider:
            told.append(("provider = ?", [self.provider]))
        if self._first is not None:
            told.append(("created_at >= ?", [self._first]))
        if self._end is not None:
            told.append(("created_at < ?", [self._end]))
        return " AND ".join(condition for condition, _ in told) or "1", [value for _, some in told for value in some]

    @cached_property
    def _words(self) -> list[str]:
        return self.words.casefold().split()

    @cached_property
    def _first(self) -> float | None:
        return _start_of(self.since)

    @cached_property
    def _end(self) -> float | None:
        return _start_of(self.until, days=1)


def query_of(words: Any, filters: Mapping[str, Any]) -> Query:
    """What a person asks for, each value checked: a misspelt filter must not pass for one that finds nothing.

    Raises:
        TypeError: One that is no text.
        ValueError: No such state, or no date.
    """
    given = {"words": words, **filters}
    for name in ("since", "until"):
        day = given.get(name)
        if isinstance(day, date):
            given[name] = day.strftime("%Y-%m-%d")
    for name, value in given.items():
        if not isinstance(value, str):
            raise TypeError(f"{name} must be a text; {shown(tame(value))} is not.")
    if given.get("state") and given["state"] not in GROUPS:
        raise ValueError(f"state must be one of {', '.join(GROUPS)}; {quoted(given['state'])} is not.")
    for name in ("since", "until"):
        if given.get(name) and _start_of(given[name]) is None:
            raise ValueError(f"{name} must be a date, such as '2026-11-20'; {quoted(given[name])} is none.")
    return Query(**given)


# What was read before, by job: a row that has not changed since is not read again.
_read: WeakKeyDictionary[Ledger, dict[str, tuple[int, Line | None]]] = WeakKeyDictionary()


def search(ledger: Ledger, query: Query) -> list[Line]:
    """The jobs that match, the newest first; those that this process is busy with as they are now. Blocking."""
    live = live_tracks(ledger)
    condition, values = query.where(models_in(ledger) if query.model else ())
    rows = ledger.call(ledger.rows, f"SELECT * FROM jobs WHERE {condition} ORDER BY created_at DESC", values)  # noqa: S608  question marks
    known = _read.setdefault(ledger, {})
    lines = [_line(track.record, track.request, track.error) for track in live.values()]
    for row in rows:
        if row["id"] in live:
            continue
        sign, line = known.get(row["id"], (0, None))
        if sign != hash(row):
            line = None if (record := record_of(row)) is None else _line_of(record)
            known[row["id"]] = (hash(row), line)
        if line is not None:
            lines.append(line)
    found = [line for line in lines if query.matches(line)]
    return sorted(found, key=lambda line: -line.created_at) if live else found


def jobs_at(ledger: Ledger, ids: Sequence[str]) -> list[Job]:
    """The jobs with these ids that there are, in this order. Blocking."""
    live = live_tracks(ledger)
    written = ledger.call(ledger.find_many, [one for one in ids if one not in live])
    tracks = (live.get(one) or ((record := written.get(one)) and track_of(ledger, record)) for one in ids)
    return [Job(track) for track in tracks if track]


def models_in(ledger: Ledger) -> list[str]:
    """Every model that was asked for, as it was asked. Blocking."""
    rows = ledger.call(ledger.rows, "SELECT DISTINCT model FROM jobs")
    return [row["model"] for row in rows if isinstance(row["model"], str)]


def providers_in(ledger: Ledger) -> list[str]:
    """Every provider, by its id in the ledger. Blocking."""
    rows = ledger.call(ledger.rows, "SELECT DISTINCT provider FROM jobs")
    return [row["provider"] for row in rows if isinstance(row["provider"], str)]


def model_name(asked: str) -> str:
    """What the catalogue calls a model; one that it does not know keeps its name."""
    known = find_model(asked)
    return asked if known is None else known.name


def _line_of(record: Record) -> Line:
    error = None if record.error is None else error_from_dict(record.error)
    return _line(record, VideoRequest.from_dict(record.request), error)


def _line(record: Record, request: VideoRequest, error: Exception | None) -> Line:
    model = model_name(record.model)
    searched = [str(request.prompt), model, record.model, record.id, record.task_id or "", str(error or "")]
    return Line(
        id=record.id,
        provider=record.provider,
        model=model,
        state=record.state,
        created_at=record.created_at,
        billed=record.billed,
        costs=record.costs,
        price=record.price,
        currency=record.currency,
        tokens=record.result.get("tokens"),
        expected_tokens=record.estimate.get("tokens"),
        searched=" ".join(searched).casefold(),
    )


def _one_of(column: str, values: Sequence[str]) -> tuple[str, Sequence[str]]:
    return f"{column} IN ({', '.join('?' * len(values))})", values


def _start_of(day: str, *, days: int = 0) -> float | None:
    """Midnight of a day, and so many days on; None where it is no date, or one that no clock reaches."""
    try:
        first = date.fromisoformat(day) + timedelta(days=days)
        return datetime(first.year, first.month, first.day).astimezone().timestamp()
    except (ValueError, OverflowError, OSError):
        return None
