"""What the browser draws of the ledger: which jobs match, what they cost in all, how long their links live."""

from __future__ import annotations

import time
from collections import defaultdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from seedance_widgets.catalog import catalogue
from seedance_widgets.choice import label_of
from seedance_widgets.jobs import deletion, live_tracks, open_ledger
from seedance_widgets.jobs.record import ENDED
from seedance_widgets.jobs.search import Query, jobs_at, model_name, models_in, providers_in, search
from seedance_widgets.request.estimate import money
from seedance_widgets.widgets.job_state import job_state
from seedance_widgets.widgets.strings import text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seedance_widgets.jobs import Job
    from seedance_widgets.jobs.search import Line
    from seedance_widgets.widgets.media import Shelf

PAGE = 24  # jobs that are shown at first, and each further time that more are asked for
_HOUR = 3600


def history_state(query: Query, count: int, lang: str, shelf: Shelf) -> dict[str, Any]:
    """The newest of the jobs that match. Blocking: it reads the ledger.

    Args:
        query: Which.
        count: How many.
        lang: `en` or `zh`.
        shelf: Keeps the pictures and videos that the browser may ask for.
    """
    ledger = open_ledger()
    found = search(ledger, query)
    live = live_tracks(ledger)
    records = [track.record for track in live.values()]
    providers = {*providers_in(ledger), *(record.provider for record in records)}
    models = {*models_in(ledger), *(record.model for record in records)}
    return {
        "rows": rows_state([line.id for line in found[:count]], lang, shelf),
        "found": len(found),
        "any": bool(providers),
        "totals": totals(found, lang),
        "unfinished": len(ledger.call(ledger.left, list(live))),
        "models": sorted({model_name(asked) for asked in models}),
        "providers": sorted((one, label_of(one)) for one in providers),
    }


def come_and_ended() -> tuple[object, ...]:
    """What differs as soon as a job has come, has ended or is gone, here or in another notebook. Blocking, cheap."""
    ledger = open_ledger()
    asked = "SELECT state, COUNT(*), MAX(created_at) FROM jobs GROUP BY state"
    written = {state: (count, newest) for state, count, newest in ledger.call(ledger.rows, asked)}
    ended = sorted((state, *written[state]) for state in written if state in ENDED)
    live = sorted((number, track.done) for number, track in live_tracks(ledger).items())
    # Of those under way it tells how many there are: what becomes of them until they end is looked at by itself.
    return str(ledger.folder), sum(count for count, _ in written.values()), tuple(ended), tuple(live)


def rows_state(ids: Sequence[str], lang: str, shelf: Shelf) -> list[dict[str, Any]]:
    """A JobState for each of these jobs that there is, in this order. Blocking."""
    return [row_state(job, lang, shelf) for job in jobs_at(open_ledger(), ids)]


def row_state(job: Job, lang: str, shelf: Shelf) -> dict[str, Any]:
    """A JobState, with how long the provider still keeps the video and what may be deleted."""
    state = job_state(job, lang, shelf)
    left = link_hours(job)
    line = state["line"]
    if left is not None:
        dead = "history.link_dead" if state["video"] else "history.link_gone"
        words = text(lang, "history.link", hours=f"{left:.0f}") if left > 0 else text(lang, dead)
        line = f"{line} · {words}" if line else words
    made = datetime.fromtimestamp(job.created_at).astimezone()
    return state | {"line": line, "day": f"{made:%Y-%m-%d %H:%M}", "deletion": deletion(job)}


def link_hours(job: Job) -> float | None:
    """Hours until the provider's link dies; None where there is none. A simulator's link lives in a time of its own."""
    ready = job.card().ready_at
    facts = catalogue().providers.get(job.provider)
    if ready is None or facts is None:
        return None
    return max(0.0, (ready + facts.url_seconds - time.time()) / _HOUR)


def totals(lines: Sequence[Line], lang: str) -> str:
    """What these jobs cost, and how near the estimates came, in one line."""
    spent: dict[str, float] = defaultdict(float)
    still_open: dict[str, float] = defaultdict(float)
    estimated = counted = free = unpriced = 0
    for line in lines:
        if not line.costs:
            free += line.state == "succeeded"
        elif line.price is None or not line.currency:
            unpriced += 1
        else:
            spent[line.currency] += line.price
            still_open[line.currency] += 0 if line.tokens else line.price
        if line.state == "succeeded" and line.tokens and line.expected_tokens:
            estimated += line.expected_tokens
            counted += line.tokens
    count = len(lines)
    parts = [text(lang, "history.count_one") if count == 1 else text(lang, "history.count", n=f"{count:,}")]
    for currency, amount in sorted(spent.items()):
        words = {"price": money(amount, currency), "open": money(still_open[currency], currency)}
        parts.append(text(lang, "history.spent_partly" if still_open[currency] else "history.spent", **words))
    parts += [text(lang, "history.unpriced", n=f"{unpriced:,}")] if unpriced else []
    parts += [text(lang, "history.free", n=f"{free:,}")] if free else []
    if estimated:
        off = 100 * (counted - estimated) / estimated
        parts.append(text(lang, "history.tokens", billed=f"{counted:,}", estimated=f"{estimated:,}", off=f"{off:+.1f}"))
    return " · ".join(parts)


def matching(query: Query) -> list[Job]:
    """The jobs that match, the newest first. Blocking."""
    ledger = open_ledger()
    return jobs_at(ledger, [line.id for line in search(ledger, query)])
