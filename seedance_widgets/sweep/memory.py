"""What the ledger remembers of a sweep: its axes, which job each cell has, stars, ratings and notes.

The row that gives a cell its job is written before anything of that job is sent. A job id that is in no row of `jobs`
was therefore never sent, and one that is there is never sent again. The row names the process that will send it: as
long as that lives, no other one takes the cell.
"""

from __future__ import annotations

import contextlib
import json
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from seedance_widgets.errors import SweepError
from seedance_widgets.jobs.ledger import batches
from seedance_widgets.jobs.store import MEDIA, keep_inputs, request_values
from seedance_widgets.request import VideoRequest
from seedance_widgets.request.model import IMAGE_FIELDS
from seedance_widgets.sweep import arguments
from seedance_widgets.sweep.axes import Axis

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from seedance_widgets.jobs import Ledger

# What may be changed without its being another sweep.
_LIMITS = frozenset({"max_cost", "max_jobs", "concurrency"})


@dataclass(frozen=True)
class Spec:
    """What a sweep is made of, as it is written down.

    Args:
        places: The coordinates of its cells, one index per axis.
        max_cost: In the provider's currency; None for none.
        max_jobs: How many it may have in all; None for any number.
        concurrency: How many may be under way at once; None where nothing was said.
    """

    base: VideoRequest
    axes: tuple[Axis, ...]
    mode: str
    places: tuple[tuple[int, ...], ...]
    max_cost: float | None
    max_jobs: int | None
    concurrency: int | None
    provider: str
    base_url: str


@dataclass(frozen=True)
class Place:
    """The job of one cell.

    Args:
        stage: `final` or `preview`.
        cell: The cell's number.
        job: The job's id.
        kept: It was bought before and elsewhere.
        owner: The process that gave it to the cell.
    """

    stage: Literal["final", "preview"]
    cell: int
    job: str
    kept: bool
    owner: str = ""


@dataclass
class Mark:
    """What a person thinks of a cell."""

    star: bool = False
    rating: int | None = None
    note: str = ""


def write_spec(ledger: Ledger, name: str, spec: Spec, *, known: bool = False) -> None:
    """Write the sweep down; on the ledger's thread.

    Args:
        ledger: Where.
        name: What it is called.
        spec: What it is made of.
        known: It is the one that the ledger has under this name: its provider may have been changed.

    Raises:
        SweepError: Another sweep has this name.
        StorageError: It cannot be written, or an image cannot be kept.
    """
    text = json.dumps(_plain_spec(ledger.folder, spec), ensure_ascii=True, default=repr)  # a field's odd value
    found = ledger.rows("SELECT spec, provider, base_url FROM sweeps WHERE name = ?", [name])
    if found:
        # The cap may change from run to run; cells and images may not.
        same = _comparable(found[0]["spec"]) == _comparable(text) and (known or found[0]["provider"] == spec.provider)
        if not same:
            raise SweepError(
                f"there is a sweep called {name!r} with other cells; sw.Sweep.load({name!r}) goes on with it, or "
                "choose another name."
            )
    with ledger.transaction() as db:
        db.execute(
            "INSERT INTO sweeps (name, created_at, provider, base_url, spec) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (name) DO UPDATE SET spec = excluded.spec, provider = excluded.provider, "
            "base_url = excluded.base_url",
            [name, time.time(), spec.provider, spec.base_url, text],
        )


def read_spec(ledger: Ledger, name: str) -> Spec:
    """What was written; on the ledger's thread.

    Raises:
        KeyError: No such sweep.
        SweepError: What was written is damaged.
    """
    found = ledger.rows("SELECT * FROM sweeps WHERE name = ?", [name])
    if not found:
        raise KeyError(name)
    row = found[0]
    try:
        return _spec(ledger.folder, json.loads(row["spec"]), str(row["provider"]), str(row["base_url"]))
    except (TypeError, ValueError, KeyError, AttributeError, IndexError, RecursionError) as error:
        raise SweepError(
            f"what {ledger.folder} says of the sweep {name!r} is damaged ({error}). Its videos are not lost: sw.jobs() "
            "lists them."
        ) from None


def names(ledger: Ledger) -> list[str]:
    """Every sweep, the newest first; on the ledger's thread."""
    return [str(row["name"]) for row in ledger.rows("SELECT name FROM sweeps ORDER BY created_at DESC")]


def assign(
    ledger: Ledger, name: str, places: Sequence[Place], before: Sequence[str], known: frozenset[Place] | None = None
) -> list[bool] | None:
    """Give cells their jobs, where they still have those that they had; on the ledger's thread.

    Args:
        ledger: Where.
        name: Of the sweep.
        places: The new ones.
        before: The job that each of these cells had as far as we know; empty for none.
        known: What `places_of` gave when it was decided: a cap can be kept only where nobody has decided since.

    Returns:
        For each, whether it was written; if not, another process has given the cell a job since. None where `known` is
        not what there is any more; then nothing was written.
    """
    with ledger.transaction() as db:
        if known is not None and known != frozenset(places_of(ledger, name)):
            return None
        db.executemany(  # what was bought for the sweep stays in its total
            "INSERT OR IGNORE INTO sweep_past (sweep, job) SELECT sweep, job FROM sweep_cells "
            "WHERE sweep = ? AND job = ? AND NOT kept",
            [(name, old) for old in before if old],
        )
        return [
            db.execute(
                "INSERT OR IGNORE INTO sweep_cells (sweep, stage, cell, job, kept, owner) VALUES (?, ?, ?, ?, ?, ?)",
                [name, one.stage, one.cell, one.job, int(one.kept), ledger.owner],
            ).rowcount
            > 0
            if not old
            # By the job: equal cells, and a preview that equals another cell's video, have one job in several rows.
            else db.execute(
                "UPDATE sweep_cells SET job = ?, kept = ?, owner = ? WHERE sweep = ? AND job = ?",
                [one.job, int(one.kept), ledger.owner, name, old],
            ).rowcount
            > 0
            for one, old in zip(places, before, strict=True)
        ]


def past_of(ledger: Ledger, name: str) -> list[str]:
    """The jobs that were bought for cells which have another one now; on the ledger's thread."""
    return [str(row["job"]) for row in ledger.rows("SELECT job FROM sweep_past WHERE sweep = ?", [name])]


def release(ledger: Ledger, name: str, jobs: Sequence[tuple[str, str, bool]]) -> None:
    """Give cells back whose jobs will not be sent; on the ledger's thread.

    Args:
        ledger: Where.
        name: Of the sweep.
        jobs: Each job's id, the id of the job that its cell had before, or empty, and whether that one was bought
            elsewhere.
    """
    with ledger.transaction() as db:
        db.executemany(
            "UPDATE sweep_cells SET job = ?, kept = ? WHERE sweep = ? AND job = ?",
            [(before, int(kept), name, job) for job, before, kept in jobs if before],
        )
        db.executemany(
            "DELETE FROM sweep_cells WHERE sweep = ? AND job = ?",
            [(name, job) for job, before, _ in jobs if not before],
        )


def places_of(ledger: Ledger, name: str) -> list[Place]:
    """Which cells have which jobs; on the ledger's thread."""
    rows = ledger.rows("SELECT * FROM sweep_cells WHERE sweep = ? ORDER BY cell", [name])
    return [
        Place(
            "preview" if row["stage"] == "preview" else "final",
            row["cell"],
            str(row["job"]),
            bool(row["kept"]),
            str(row["owner"]),
        )
        for row in rows
        if isinstance(row["cell"], int)
    ]


def write_mark(
    ledger: Ledger, name: str, cell: int, star: bool | None = None, rating: int | None = None, note: str | None = None
) -> Mark:
    """Change what is given, and nothing else: another kernel may have written the rest; on the ledger's thread.

    Args:
        ledger: Where.
        name: Of the sweep.
        cell: Its number.
        star: None: as it is.
        rating: 0 for none.
        note: As for the star.

    Returns:
        What stands there now.
    """
    with ledger.transaction() as db:
        db.execute(
            "INSERT INTO sweep_marks (sweep, cell, star, rating, note) "
            "VALUES (?1, ?2, ifnull(?3, 0), nullif(?4, 0), ifnull(?5, '')) ON CONFLICT (sweep, cell) DO UPDATE SET "
            "star = ifnull(?3, star), rating = nullif(ifnull(?4, rating), 0), note = ifnull(?5, note)",
            [name, cell, None if star is None else int(star), rating, note],
        )
        return marks_of(ledger, name)[cell]


def marks_of(ledger: Ledger, name: str) -> dict[int, Mark]:
    """Stars, ratings and notes by cell; on the ledger's thread."""
    rows = ledger.rows("SELECT * FROM sweep_marks WHERE sweep = ?", [name])
    return {
        row["cell"]: Mark(
            bool(row["star"]), row["rating"] if isinstance(row["rating"], int) else None, str(row["note"])
        )
        for row in rows
        if isinstance(row["cell"], int)
    }


def write_measured(ledger: Ledger, found: Mapping[str, Mapping[str, Any]]) -> None:
    """Write what was measured, by the path of the video; on the ledger's thread."""
    with ledger.transaction() as db:
        db.executemany(
            "INSERT INTO measured (video, columns) VALUES (?1, ?2) ON CONFLICT (video) DO UPDATE SET columns = ?2",
            [(_short(ledger, path), json.dumps(columns)) for path, columns in found.items()],
        )


def measured_of(ledger: Ledger, paths: Sequence[str]) -> dict[str, dict[str, Any]]:
    """What was measured of these videos before; on the ledger's thread."""
    known: dict[str, dict[str, Any]] = {}
    wanted = {_short(ledger, path): path for path in paths}
    for some in batches(list(wanted)):
        marks = ", ".join("?" * len(some))
        for row in ledger.rows(f"SELECT * FROM measured WHERE video IN ({marks})", some):  # noqa: S608  question marks
            with contextlib.suppress(ValueError):  # a damaged row is measured again
                columns = json.loads(row["columns"])
                if isinstance(columns, dict):
                    known[wanted[row["video"]]] = columns
    return known


def _short(ledger: Ledger, path: str) -> str:
    """A path as the ledger writes it: by its name in the ledger's own folder, which may be moved."""
    return Path(path).name if Path(path).parent == ledger.folder / MEDIA else path


def _plain_spec(folder: Path, spec: Spec) -> dict[str, Any]:
    return {
        "base": keep_inputs(folder, spec.base),
        "axes": [
            {
                "name": axis.name,
                "values": [_plain_value(folder, axis.name, value) for value in axis.values],
                "labels": list(axis.labels),
                "title": axis.title,
                "note": axis.note,
            }
            for axis in spec.axes
        ],
        "mode": spec.mode,
        "places": [list(place) for place in spec.places],
        "max_cost": spec.max_cost if spec.max_cost is None or math.isfinite(spec.max_cost) else "any",
        "max_jobs": spec.max_jobs,
        "concurrency": spec.concurrency,
    }


def _spec(folder: Path, values: dict[str, Any], provider: str, base_url: str) -> Spec:
    axes = tuple(
        Axis(
            name=str(axis["name"]),
            values=tuple(_value(folder, axis["name"], value) for value in axis["values"]),
            labels=tuple(str(label) for label in axis["labels"]),
            title=str(axis["title"]),
            note=str(axis["note"]),
        )
        for axis in values["axes"]
    )
    places = tuple(tuple(int(i) for i in place) for place in values["places"])
    for place in places:
        for axis, i in zip(axes, place, strict=True):
            _ = axis.values[i], axis.labels[i]
    cap = values["max_cost"]
    return Spec(
        base=VideoRequest.from_dict(request_values(folder, values["base"])),
        axes=axes,
        mode=str(values["mode"]),
        places=places,
        max_cost=math.inf if cap == "any" else None if cap is None else float(cap),
        max_jobs=arguments.read_count("max_jobs", values["max_jobs"]),
        concurrency=arguments.read_count("concurrency", values["concurrency"]),
        provider=provider,
        base_url=base_url,
    )


def _plain_value(folder: Path, axis: str, value: Any) -> Any:
    return keep_inputs(folder, VideoRequest("", **{axis: value}))[axis] if axis in IMAGE_FIELDS else value


def _value(folder: Path, axis: str, value: Any) -> Any:
    read = request_values(folder, {axis: value})[axis]
    return getattr(VideoRequest("", **{axis: read}), axis) if axis in IMAGE_FIELDS else read


def _comparable(spec: str) -> Any:
    try:
        values = json.loads(spec)
        for axis in values["axes"]:
            del axis["note"]  # it is ours to word otherwise
        return {key: value for key, value in values.items() if key not in _LIMITS}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
