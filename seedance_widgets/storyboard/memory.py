"""What the ledger remembers of a storyboard: its shots, and the job of each, written before that job is sent."""

from __future__ import annotations

import json
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seedance_widgets.errors import SweepError
from seedance_widgets.jobs.store import keep_inputs, request_values
from seedance_widgets.request import VideoRequest
from seedance_widgets.storyboard.shots import Made

if TYPE_CHECKING:
    from pathlib import Path

    from seedance_widgets.jobs import Ledger


@dataclass(frozen=True)
class Spec:
    """What a storyboard is made of, as it is written down; the shots as (fields, what each was made from)."""

    base: VideoRequest
    shots: tuple[tuple[dict[str, Any], Made | None], ...]
    max_cost: float | None
    provider: str
    base_url: str


def plain_fields(folder: Path, given: dict[str, Any]) -> dict[str, Any]:
    """The fields of a shot as JSON holds them, its local images kept in the ledger's folder; blocking."""
    kept = keep_inputs(folder, VideoRequest(**given))
    return {name: kept[name] for name in given}


def write(ledger: Ledger, name: str, spec: Spec) -> None:
    """Write a storyboard down, over what was there; on the ledger's thread."""
    cap = spec.max_cost
    text = json.dumps(
        {
            "base": keep_inputs(ledger.folder, spec.base),
            "shots": [
                {
                    "given": plain_fields(ledger.folder, given),
                    "made": None if made is None else {"job": made.job, "given": made.given, "before": made.before},
                }
                for given, made in spec.shots
            ],
            "max_cost": "any" if cap is not None and math.isinf(cap) else cap,
        },
        ensure_ascii=True,
        default=repr,
    )
    with ledger.transaction() as db:
        db.execute(
            "INSERT INTO storyboards (name, created_at, provider, base_url, spec) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (name) DO UPDATE SET spec = excluded.spec, base_url = excluded.base_url, "
            "provider = excluded.provider",
            [name, time.time(), spec.provider, spec.base_url, text],
        )


def read(ledger: Ledger, name: str) -> Spec:
    """What was written; on the ledger's thread.

    Raises:
        KeyError: No such storyboard.
        SweepError: What was written is damaged.
    """
    found = ledger.rows("SELECT * FROM storyboards WHERE name = ?", [name])
    if not found:
        raise KeyError(name)
    row = found[0]
    folder = ledger.folder
    try:
        values = json.loads(row["spec"])
        cap = values["max_cost"]
        return Spec(
            VideoRequest.from_dict(request_values(folder, values["base"])),
            tuple((request_values(folder, one["given"]), _made(one["made"])) for one in values["shots"]),
            math.inf if cap == "any" else None if cap is None else float(cap),
            str(row["provider"]),
            str(row["base_url"]),
        )
    except (TypeError, ValueError, KeyError, AttributeError, RecursionError) as error:
        raise SweepError(
            f"what {folder} says of the storyboard {name!r} is damaged ({error}). Its videos are not lost: sw.jobs() "
            "lists them."
        ) from None


def names(ledger: Ledger) -> list[str]:
    """Every storyboard, the newest first; on the ledger's thread."""
    return [str(row["name"]) for row in ledger.rows("SELECT name FROM storyboards ORDER BY created_at DESC")]


def _made(values: dict[str, Any] | None) -> Made | None:
    return None if values is None else Made(str(values["job"]), dict(values["given"]), str(values["before"]))
