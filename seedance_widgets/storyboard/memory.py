"""What the ledger remembers of a storyboard: its shots, and every take, written before the job of that is sent."""

from __future__ import annotations

import json
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seedance_widgets.errors import SweepError
from seedance_widgets.jobs.store import keep_inputs, request_values
from seedance_widgets.request import VideoRequest
from seedance_widgets.storyboard.shots import read_shot
from seedance_widgets.storyboard.takes import Take
from seedance_widgets.sweep import arguments

if TYPE_CHECKING:
    from pathlib import Path

    from seedance_widgets.jobs import Ledger


class ChangedElsewhere(SweepError):
    """Another process has written the storyboard since this one has read it."""


@dataclass(frozen=True)
class Spec:
    """What a storyboard is made of, as it is written down.

    Args:
        shots: The fields of each, and the job of its take; empty where it has none.
        takes: Every one that was ever made, the oldest first.
        owner: The process that wrote it.
        text: What is in the ledger, letter by letter: whoever writes next must have read this.
    """

    base: VideoRequest
    shots: tuple[tuple[dict[str, Any], str], ...]
    takes: tuple[Take, ...]
    max_cost: float | None
    provider: str
    base_url: str
    owner: str = ""
    text: str = ""


def plain_fields(folder: Path, given: dict[str, Any]) -> dict[str, Any]:
    """The fields of a shot as JSON holds them, its local images kept in the ledger's folder; blocking."""
    kept = keep_inputs(folder, VideoRequest(**given))
    return {name: kept[name] for name in given}


def write(ledger: Ledger, name: str, spec: Spec, before: str) -> str:
    """Write a storyboard down, where nobody else has since; on the ledger's thread.

    Args:
        ledger: Where.
        name: Of the storyboard.
        spec: What it is now.
        before: What the ledger had when this process read or wrote it last; empty for nothing.

    Returns:
        What the ledger has now.

    Raises:
        ChangedElsewhere: It has something else; nothing was written.
    """
    cap = spec.max_cost
    text = json.dumps(
        {
            "base": keep_inputs(ledger.folder, spec.base),
            "shots": [{"given": given, "made": job} for given, job in spec.shots],
            "takes": [
                {"job": take.job, "given": take.given, "before": take.before, "base": take.base} for take in spec.takes
            ],
            "max_cost": "any" if cap is not None and math.isinf(cap) else cap,
            "owner": ledger.owner,
        },
        ensure_ascii=True,
        default=repr,
    )
    with ledger.transaction() as db:
        found = db.execute("SELECT spec FROM storyboards WHERE name = ?", [name]).fetchone()
        if found is not None and found["spec"] != before:
            raise ChangedElsewhere(
                f"the storyboard {name!r} was changed by another notebook since; sw.Storyboard.load({name!r}) has what "
                "it is now. Nothing was sent."
            )
        db.execute(
            "INSERT INTO storyboards (name, created_at, provider, base_url, spec) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (name) DO UPDATE SET spec = excluded.spec, base_url = excluded.base_url, "
            "provider = excluded.provider",
            [name, time.time(), spec.provider, spec.base_url, text],
        )
    return text


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
            tuple((read_shot(request_values(folder, one["given"])), str(one["made"])) for one in values["shots"]),
            tuple(
                Take(str(one["job"]), dict(one["given"]), str(one["before"]), str(one["base"]))
                for one in values["takes"]
            ),
            math.inf if cap == "any" else arguments.read_cap(cap),  # NaN is above no price
            str(row["provider"]),
            str(row["base_url"]),
            str(values["owner"]),
            row["spec"],
        )
    except (TypeError, ValueError, KeyError, AttributeError, RecursionError) as error:
        raise SweepError(
            f"what {folder} says of the storyboard {name!r} is damaged ({error}). Its videos are not lost: sw.jobs() "
            "lists them."
        ) from None


def names(ledger: Ledger) -> list[str]:
    """Every storyboard, the newest first; on the ledger's thread."""
    return [str(row["name"]) for row in ledger.rows("SELECT name FROM storyboards ORDER BY created_at DESC")]
