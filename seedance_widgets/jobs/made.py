"""Which jobs make another one needless: an equal request that was made, is under way, or may have been made.

The functions belong to the ledger's thread, as its methods do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from seedance_widgets.jobs.ledger import batches, is_number, is_unfinished, record_of
from seedance_widgets.jobs.record import Record
from seedance_widgets.jobs.store import MEDIA

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Sequence

    from seedance_widgets.jobs.ledger import Ledger
    from seedance_widgets.jobs.record import Event


def find_made(
    ledger: Ledger, hashes: Sequence[str], provider: str, active: Collection[str], looked_at: float = 0.0
) -> dict[str, Record]:
    """By a request's hash the job of this provider that makes another one needless.

    The newest of those that have their video; else the newest that is under way, in whatever process, or that one which
    has ended left; else the newest of which nobody knows whether it was made, if none was sent after it.

    Args:
        ledger: Where.
        hashes: Of the requests.
        provider: Its id.
        active: Ids of the jobs that this process is busy with.
        looked_at: When a person has looked at the provider's console: older ones of which nobody knows were not made.
    """
    found: dict[str, tuple[int, Record]] = {}
    for some in batches(hashes):
        marks = ", ".join("?" * len(some))
        query = f"SELECT * FROM jobs WHERE request_hash IN ({marks}) AND provider = ? ORDER BY created_at"  # noqa: S608
        for row in ledger.rows(query, [*some, provider]):
            record = record_of(row) or _damaged(row)
            rank = _rank(ledger, record, active, looked_at)
            best, before = found.get(record.request_hash, (0, None))
            if rank and rank >= best:
                found[record.request_hash] = rank, record
            elif before is not None and before.state == "unknown" and record.submitted_at is not None:
                del found[record.request_hash]  # it was sent again by somebody who has looked
    return {request: record for request, (_, record) in found.items()}


def add_unless_made(
    ledger: Ledger, record: Record, events: Sequence[Event], active: Collection[str], looked_at: float
) -> Record | None:
    """Write a new job, unless another one makes it needless; that one, or None where it was written."""
    with ledger.transaction():
        found = find_made(ledger, [record.request_hash], record.provider, active, looked_at)
        made = found.get(record.request_hash)
        if made is None:
            ledger.insert((record, events))
    return made


def _rank(ledger: Ledger, record: Record, active: Collection[str], looked_at: float) -> int:
    """How good a job is in place of another one: 3 it has its video, 2 under way, 1 not known, 0 not at all."""
    if record.state == "succeeded":
        return 3 if record.video and (ledger.folder / MEDIA / record.video).is_file() else 0
    if record.state == "pending":  # it will be sent only where somebody is about to
        return 2 if record.id in active or ledger.is_elsewhere(record.owner) else 0
    if record.state == "unknown" and record.created_at <= looked_at:
        return 0
    if is_unfinished(record):
        return 2
    return 1 if record.state == "unknown" else 0


def _damaged(row: sqlite3.Row) -> Record:
    """The job of a damaged row, as far as it stands in the way of an equal one: it may have been made and billed."""
    created_at = row["created_at"]
    return Record(
        id=str(row["id"]),
        provider=str(row["provider"]),
        base_url="",
        billed=bool(row["billed"]),
        model="",
        created_at=created_at if is_number(created_at) else 0.0,
        request={"prompt": ""},
        request_hash=str(row["request_hash"]),
        state="unknown",
    )
