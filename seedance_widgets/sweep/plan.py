"""The plan: what becomes of every cell, and what that costs, before anything is sent."""

from __future__ import annotations

import html
import math
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from seedance_widgets.catalog import find_model
from seedance_widgets.errors import StorageError
from seedance_widgets.jobs import live_tracks
from seedance_widgets.jobs.ledger import is_unfinished
from seedance_widgets.jobs.made import find_made
from seedance_widgets.jobs.record import FAILED
from seedance_widgets.markup import text_only
from seedance_widgets.request import estimate
from seedance_widgets.request.estimate import money
from seedance_widgets.sweep.axes import RANDOM, REPEAT, short, takes_seed, unfilled_in
from seedance_widgets.sweep.book import slot_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from seedance_widgets.jobs import Job
    from seedance_widgets.jobs.record import Record
    from seedance_widgets.request import Estimate, VideoRequest
    from seedance_widgets.sweep.cells import Cell, Stage
    from seedance_widgets.sweep.sweep import Sweep

Fate = Literal[
    "send",  # it will be bought
    "same",  # an equal cell before it is; both have one video
    "kept",  # the same request with the same seed was made before: that video is taken
    "has",  # it has a job already, which has not ended
    "done",
    "failed",  # it has one that failed: `sweep.retry()` sends it again
    "lost",  # whether it was made is not known: a person must look
    "invalid",
]
_FATES: dict[Fate, str] = {
    "send": "will be sent",
    "same": "same as another cell",
    "kept": "made before: taken from the ledger",
    "has": "under way",
    "done": "done",
    "failed": "failed: retry sends it again",
    "lost": "not known: look at the provider's console first",
    "invalid": "not possible",
}
_SEEDS = 3  # that a note tells
_ROWS = 200  # of a table that is shown; more would weigh down the notebook


@dataclass(frozen=True)
class Line:
    """What becomes of one cell.

    Args:
        cell: Which.
        fate: send, same, kept, has, done, failed, lost or invalid.
        request: What is sent for it.
        estimate: What that makes and costs.
        record: The job from the ledger that serves, where it is kept; or may have served, where that is not known.
        why: The reason, where there is one to be told.
        twin: The equal cell, whose video it will have.
        once: Whether it is not sent where an equal request turns out to have been sent by somebody else.
        looked_at: When a person has looked whether what nobody knows was made; 0 where nobody has.
    """

    cell: Cell
    fate: Fate
    request: VideoRequest
    estimate: Estimate
    record: Record | None = None
    why: str = ""
    twin: Cell | None = None
    once: bool = False
    looked_at: float = 0.0

    @property
    def seconds(self) -> float | None:
        """How long it probably takes once it runs, in real seconds; None where nobody can tell."""
        return duration_of([self.request], self.cell.sweep)

    def price_words(self) -> str:
        """What it costs, for people; `?` where nobody can tell, empty where nothing is sent."""
        if self.fate != "send":
            return ""
        if not self.cell.sweep.billed:
            return "free"
        return "?" if self.estimate.price is None else money(self.estimate.price, self.estimate.currency)

    def time_words(self) -> str:
        """The same for people; empty where nothing is sent."""
        return "" if self.fate != "send" or self.seconds is None else span(self.seconds)


@dataclass(frozen=True)
class Plan:
    """What becomes of every cell; shows itself as a table.

    Args:
        sweep: Whose plan.
        stage: `final`, or `preview` for everything at 480p.
        lines: One per cell.
        committed: What the sweep's jobs have cost so far, and will by what is under way or waits for its turn.
        taken: How many jobs that are.
    """

    sweep: Sweep
    stage: Stage
    lines: tuple[Line, ...]
    committed: float
    taken: int

    @cached_property
    def to_send(self) -> tuple[Line, ...]:
        """The cells that will be sent, the cheapest first: the costly axis is the outermost."""
        sent = [line for line in self.lines if line.fate == "send"]
        return tuple(sorted(sent, key=lambda line: (_cost(line.estimate), line.cell.index)))

    @property
    def counts(self) -> dict[str, int]:
        """How many cells have which fate."""
        return dict(Counter(line.fate for line in self.lines))

    @property
    def tokens(self) -> int | None:
        """What will be counted, at most; None where one cell's cannot be told."""
        known = [line.estimate.tokens for line in self.to_send]
        return None if None in known else sum(one or 0 for one in known)

    @property
    def price(self) -> float:
        """What will be spent, at most, in `currency`, for the cells whose price is known."""
        return sum(line.estimate.price or 0.0 for line in self.to_send)

    @property
    def unpriced(self) -> int:
        """How many cells have no known price."""
        return sum(line.estimate.price is None for line in self.to_send)

    @property
    def list_price(self) -> float | None:
        """What a simulator's sweep would cost at Volcengine Ark, in CNY; None where that cannot be told."""
        prices = [line.estimate.prices.get("ark-cn") for line in self.to_send]
        return None if None in prices else sum(price[0] for price in prices if price)

    @property
    def currency(self) -> str:
        """`USD` or `CNY`."""
        return self.lines[0].estimate.currency if self.lines else "USD"

    @property
    def billed(self) -> bool:
        """Whether it costs money."""
        return self.sweep.billed

    @cached_property
    def seconds(self) -> float | None:
        """How long it probably takes, in real seconds: what runs at once, and published run times."""
        return duration_of([line.request for line in self.to_send], self.sweep)

    @property
    def notes(self) -> tuple[str, ...]:
        """What is worth knowing of the whole."""
        told = [axis.note for axis in self.sweep.axes if axis.note]
        requests = [line.cell.request for line in self.lines]
        repeated = any(axis.name == REPEAT for axis in self.sweep.axes)
        if repeated and requests and all(one.seed != RANDOM and takes_seed(one) for one in requests):
            seeds = list(dict.fromkeys(short(one.seed, 1) for one in requests))
            fixed = ", ".join([*seeds[:_SEEDS], *(["…"] if len(seeds) > _SEEDS else [])])
            told.append(
                f"The seed is fixed ({fixed}): all repeats are one video, made once. seed=-1 draws one for each."
            )
        if unfilled := unfilled_note(line.request for line in self.to_send):
            told.append(unfilled)
        if self.unpriced and self.billed:
            told.append(f"{self.unpriced:,} cells have no published price.")
        return tuple(told)

    def total(self) -> str:
        """The sum in one line."""
        count = len(self.to_send)
        parts = ["1 cell" if len(self.lines) == 1 else f"{len(self.lines):,} cells", f"{count:,} to send"]
        parts += [f"{self.counts[fate]:,} {_FATES[fate]}" for fate in _FATES if fate != "send" and fate in self.counts]
        if count:
            if (most := self.sweep.max_jobs) is not None:
                over = ", which is refused" if self.too_many else ""
                parts.append(f"{self.taken + count:,} of {most:,} jobs{over}")
            if self.tokens is not None:
                parts.append(f"{self.tokens:,} tokens")
            parts.append(self.cost_words())
            if self.seconds is not None:
                parts.append(f"about {span(self.seconds)}")
        return " · ".join(parts)

    def cost_words(self) -> str:
        """What it costs, and what of the cap that is."""
        if not self.billed:
            listed = f" (at Volcengine Ark {money(self.list_price, 'CNY')})" if self.list_price else ""
            return f"free{listed}"
        words = money(self.price, self.currency)
        if self.unpriced:
            words = f"{words} and {self.unpriced:,} cells of unknown price" if self.price else "price not known"
        cap = self.sweep.max_cost
        if cap is None or math.isinf(cap):
            return words
        over = ", which is refused" if self.goes_over(cap) else ""
        return f"{words} of {money(cap, self.currency)}{over}"

    @property
    def too_many(self) -> bool:
        """Whether the sweep would have more jobs than it may, with those that it has had."""
        most = self.sweep.max_jobs
        return most is not None and bool(self.to_send) and self.taken + len(self.to_send) > most

    def goes_over(self, cap: float) -> bool:
        """Whether the sweep would cost more than this, with what was spent before."""
        return self.committed + self.price > cap + 1e-9

    def __repr__(self) -> str:
        rows = [
            f"{line.cell.index:>5}  {line.price_words():>9}  {line.time_words():>6}  "
            f"{_FATES[line.fate]}"
            f"{': ' + line.why if line.why else ''}  {line.cell.words()}"
            for line in self.lines[:_ROWS]
        ]
        return "\n".join([self.total(), *self.notes, *rows, *self._rest()])

    def _repr_html_(self) -> str:
        axes = (axis.title for axis in self.sweep.axes)
        heads = ["cell", *axes, "what becomes of it", "pixels", "tokens", "price", "time"]
        cells = []
        for line in self.lines[:_ROWS]:
            one = line.estimate
            size = f"{one.width} x {one.height}" if one.width else ""
            values = [
                str(line.cell.index),
                *line.cell.labels.values(),
                _FATES[line.fate] + (f": {line.why}" if line.why else ""),
            ]
            values += [size, "" if one.tokens is None else f"{one.tokens:,}", line.price_words()]
            values.append(line.time_words())
            dim = "" if line.fate == "send" else ' style="opacity:.6"'
            cells.append(f"<tr{dim}>" + "".join(f"<td>{html.escape(value)}</td>" for value in values) + "</tr>")
        head = "".join(f"<th>{html.escape(text)}</th>" for text in heads)
        notes = "".join(f"<p>{html.escape(text)}</p>" for text in (self.total(), *self.notes))
        rest = "".join(f"<p>{html.escape(text)}</p>" for text in self._rest())
        return text_only(f"{notes}<table><thead><tr>{head}</tr></thead><tbody>{''.join(cells)}</tbody></table>{rest}")

    def _rest(self) -> list[str]:
        left = len(self.lines) - _ROWS
        return [f"and {left:,} more cells"] if left > 0 else []


def plan_of(sweep: Sweep, cells: Sequence[Cell], stage: Stage, *, again: frozenset[Fate] = frozenset()) -> Plan:
    """Look at every cell; blocking: reads images and the ledger.

    Args:
        sweep: Whose cells.
        cells: Those that are to be run.
        stage: `final` or `preview`.
        again: Send those too whose fate is one of these: `failed`, `lost`.

    Raises:
        StorageError: The ledger cannot be read.
    """
    looked_at = time.time() if "lost" in again else 0.0
    lines = [_line(sweep, cell, stage, again=again) for cell in cells]
    first: dict[str, Cell] = {}
    wanted: dict[str, str] = {}
    for i, line in enumerate(lines):
        if line.fate != "send":
            continue
        key = line.cell.key_at(stage)
        twin = first.setdefault(key, line.cell)
        if twin is not line.cell:
            lines[i] = Line(line.cell, "same", line.request, line.estimate, why=f"cell {twin.index}", twin=twin)
        elif line.request.seed != RANDOM and takes_seed(line.request):
            wanted[key] = line.request.content_hash
            lines[i] = replace(line, once=True, looked_at=looked_at)
    found = _made(sweep, wanted.values(), looked_at) if wanted else {}
    for i, line in enumerate(lines):
        key = line.cell.key_at(stage) if line.fate in {"send", "same"} else ""
        if (record := found.get(wanted.get(key, ""))) is None:
            continue
        if record.state != "unknown" or is_unfinished(record):
            lines[i] = Line(line.cell, "kept", line.request, line.estimate, record, _stands(record))
        else:
            why = f"job {record.id} has an equal request, and may have been made and billed"
            lines[i] = Line(line.cell, "lost", line.request, line.estimate, record, why)
    return Plan(sweep, stage, tuple(lines), sweep.book.spent + sweep.book.to_come, sweep.book.taken)


def _made(sweep: Sweep, hashes: Iterable[str], looked_at: float) -> dict[str, Record]:
    """The jobs, of whatever sweep or process, that make it needless to send these requests."""
    ledger = sweep.ledger
    return ledger.call(
        find_made, ledger, list(set(hashes)), sweep.provider_id, live_tracks(ledger), looked_at=looked_at
    )


def _stands(record: Record) -> str:
    """How a job stands that serves before it has its video."""
    return "" if record.state == "succeeded" else "it is under way"


def duration_of(requests: Sequence[VideoRequest], sweep: Sweep) -> float | None:
    """How long these probably take, one behind the other where no more run at once; None where nobody can tell."""
    provider = sweep.provider
    if provider is None:
        return None
    seconds: dict[str, list[float]] = defaultdict(list)
    at_once: dict[str, int] = {}
    for request in requests:
        model = find_model(str(request.model))
        length = estimate(request, provider).seconds
        if model is None or length is None:
            return None
        rates = model.rates_at(request.resolution)
        key = f"{model.name} {rates.concurrency}"
        at_once[key] = min(rates.concurrency, sweep.concurrency or rates.concurrency)
        seconds[key].append(model.typical_seconds(request.resolution, length))
    each = [max(sum(some) / at_once[key], *some) for key, some in seconds.items()]
    whole = max(each, default=0.0)
    if sweep.concurrency:
        whole = max(whole, sum(sum(some) for some in seconds.values()) / sweep.concurrency)
    return provider.limits.real_seconds(whole)


def unfilled_note(requests: Iterable[VideoRequest]) -> str:
    """What to say where prompts hold names in braces that no axis fills; else empty."""
    names = sorted({name for request in requests for name in unfilled_in(request.prompt)})
    if not names:
        return ""
    told = ", ".join(f"{{{name}}}" for name in names)
    return f"The prompt holds {told}, which no axis fills: it is sent as it stands."


def span(seconds: float) -> str:
    """Seconds for people: `40 s`, `12 min`, `3.5 h`."""
    if seconds < 100:  # noqa: PLR2004  up to a minute and a half in seconds
        return f"{math.ceil(seconds)} s"
    return f"{math.ceil(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"  # noqa: PLR2004  the same


def _line(sweep: Sweep, cell: Cell, stage: Stage, *, again: frozenset[Fate]) -> Line:
    preview = stage == "preview"
    expected = cell.preview_estimate if preview else cell.estimate
    if cell.refusal:
        return Line(cell, "invalid", cell.request, expected, why=cell.refusal)
    request = cell.preview_request if preview else cell.final_request()
    if (lost := sweep.book.lost(cell, stage)) and "lost" not in again:
        return Line(cell, "lost", request, expected, why=lost)
    slot = slot_of(cell, stage)
    slots = slot, sweep.book.equal_slot(cell, stage)
    if any(one in sweep.book.waiting for one in slots):
        return Line(cell, "has", request, expected)
    if any(one in sweep.book.elsewhere for one in slots):
        return Line(cell, "has", request, expected, why="another notebook makes it")
    job = sweep.book.job_of(cell, stage)
    if job is None or _never_sent(job):
        equal = sweep.book.equal_job(cell, stage)
        if equal is not None and (found := _fate_of(equal)[0]) not in {"failed", *again}:
            record = equal._track.record  # noqa: SLF001  what `Job` is a handle of
            if found == "lost":
                return Line(cell, "lost", request, expected, record, str(equal.error or ""))
            return Line(cell, "kept", request, expected, record, _stands(record))
        try:
            _ = cell.key_at(stage), request.content_hash
        except StorageError as error:  # an image that was deleted since
            return Line(cell, "invalid", request, expected, why=str(error))
        return Line(cell, "send", request, expected)
    fate, why = _fate_of(job)
    if fate in again:
        fate, why = "send", ""
    return Line(cell, fate, request, expected, why=why)


def _fate_of(job: Job) -> tuple[Fate, str]:
    """What becomes of a cell that has this job, and why."""
    if job.status == "unknown":
        return "lost", str(job.error or "")
    if job.status == "succeeded" and job.video is not None and not job.video.path.is_file():
        return "failed", "its file is gone"
    if job.status == "failed" and job.card().ready_at is not None:
        return "has", "it was made; resume() fetches it"
    if job.status in FAILED:
        return "failed", str(job.error or "")
    return ("done" if job.status == "succeeded" else "has"), ""


def _never_sent(job: Job) -> bool:
    """Whether it ended before anything was sent: a kernel that was restarted, a rest that was cancelled."""
    return job.status == "cancelled" and job.task_id is None


def _cost(expected: Estimate) -> float:
    if expected.price:
        return expected.price
    listed = expected.prices.get("ark-cn")
    return listed[0] if listed else float(expected.tokens or 0)
