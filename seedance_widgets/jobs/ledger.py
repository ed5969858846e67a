"""The ledger: every job in one SQLite file, written before any money is spent.

All of SQLite runs on one thread of its own: a durable write waits for the disk, and the notebook's loop must not.
Several kernels may share a folder: SQLite's WAL keeps their writes apart, and a lock file per process tells who lives.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import math
import os
import sqlite3
import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from seedance_widgets.errors import StorageError
from seedance_widgets.folders import home
from seedance_widgets.jobs.owner import Owner, is_alive
from seedance_widgets.jobs.record import ENDED, STATES, Event, Record
from seedance_widgets.request import VideoRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

P = ParamSpec("P")
T = TypeVar("T")

FILE = "ledger.sqlite3"
VERSION = 4
_MOST = 2**63 - 1  # the largest whole number that SQLite takes
_AT_ONCE = 500  # values in one statement; SQLite takes 999 at the least
_JSON = ("request", "error", "result", "estimate")
_COLUMNS = tuple(field.name for field in dataclasses.fields(Record))

_UPSERT = (
    f"INSERT INTO jobs ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))}) "  # noqa: S608  our own names
    f"ON CONFLICT (id) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in _COLUMNS if name != 'id')}"
)

# SQLite reads the JSON: a create call waits for this, and to build a hundred records keeps the loop from its turn.
# What was resumed does not count: its ready_at is when we came back, not when it was made.
_LATENESS = """
SELECT took, CASE WHEN json_valid(estimate) THEN json_extract(estimate, '$.typical_seconds') END AS typical
FROM (
    SELECT ready_at - submitted_at AS took, request, estimate FROM jobs
    WHERE provider = ? AND model = ? AND ready_at > submitted_at ORDER BY ready_at DESC LIMIT ?
)
WHERE CASE WHEN json_valid(request) THEN json_extract(request, '$.resolution') END = ?
AND NOT CASE WHEN json_valid(estimate) THEN coalesce(json_extract(estimate, '$.resumed'), 0) ELSE 1 END
"""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    id TEXT PRIMARY KEY, provider TEXT NOT NULL, base_url TEXT NOT NULL, billed INTEGER NOT NULL, model TEXT NOT NULL,
    request TEXT NOT NULL, request_hash TEXT NOT NULL, owner TEXT NOT NULL, created_at REAL NOT NULL,
    state TEXT NOT NULL, task_id TEXT, request_id TEXT, submitted_at REAL, running_at REAL, ready_at REAL,
    ended_at REAL, error TEXT, result TEXT NOT NULL, video TEXT, last_frame TEXT, estimate TEXT NOT NULL,
    price REAL, currency TEXT
);
CREATE INDEX IF NOT EXISTS jobs_by_task ON jobs (task_id);
CREATE INDEX IF NOT EXISTS jobs_by_time ON jobs (created_at);
CREATE INDEX IF NOT EXISTS jobs_by_hash ON jobs (request_hash);
CREATE INDEX IF NOT EXISTS jobs_by_kind ON jobs (provider, model, ready_at);
CREATE TABLE IF NOT EXISTS events (
    job TEXT NOT NULL, at REAL NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS events_by_job ON events (job, at);
CREATE TABLE IF NOT EXISTS sweeps (
    name TEXT PRIMARY KEY, created_at REAL NOT NULL, provider TEXT NOT NULL, base_url TEXT NOT NULL, spec TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS sweep_cells (
    sweep TEXT NOT NULL, stage TEXT NOT NULL, cell INTEGER NOT NULL, job TEXT NOT NULL, kept INTEGER NOT NULL,
    owner TEXT NOT NULL, PRIMARY KEY (sweep, stage, cell)
);
CREATE TABLE IF NOT EXISTS sweep_past (sweep TEXT NOT NULL, job TEXT NOT NULL, PRIMARY KEY (sweep, job));
CREATE TABLE IF NOT EXISTS sweep_marks (
    sweep TEXT NOT NULL, cell INTEGER NOT NULL, star INTEGER NOT NULL, rating INTEGER, note TEXT NOT NULL,
    PRIMARY KEY (sweep, cell)
);
CREATE TABLE IF NOT EXISTS measured (video TEXT PRIMARY KEY, columns TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS storyboards (
    name TEXT PRIMARY KEY, created_at REAL NOT NULL, provider TEXT NOT NULL, base_url TEXT NOT NULL, spec TEXT NOT NULL
);
"""

_open: dict[Path, Ledger] = {}
_open_lock = threading.Lock()
if hasattr(os, "register_at_fork"):  # a forked process has neither the thread nor the right to the connection
    os.register_at_fork(after_in_child=_open.clear)


def open_ledger(folder: Path | None = None) -> Ledger:
    """The ledger of `folder` (default `home()`), opened once per process.

    Raises:
        StorageError: The folder cannot be made or written, or the file is no ledger.
    """
    folder = folder or home()
    with _open_lock:
        if folder in _open and not _open[folder].in_place:  # deleted or moved while in use
            del _open[folder]
        if folder not in _open:
            _open[folder] = Ledger(folder)
        return _open[folder]


class Ledger:
    """Every job of one folder.

    The methods below belong to the ledger's thread: reach them by `ledger.call(ledger.find, id)`, which blocks, or on
    an event loop by `await ledger.on_thread(ledger.find, id)`. Calls are carried out in the order in which they come.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="seedance-ledger")
        self._db: sqlite3.Connection
        self._file: tuple[int, int]
        self._being_taken: set[str] = set()
        try:
            self._thread.submit(self._connect).result()
        except BaseException:
            self._thread.shutdown(wait=False)
            raise

    def call(self, method: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run one of the methods below and wait for it."""
        return self._thread.submit(method, *args, **kwargs).result()

    async def on_thread(self, method: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run one of the methods below without holding up the loop; carried out even if the caller is cancelled."""
        return await asyncio.shield(asyncio.wrap_future(self._thread.submit(method, *args, **kwargs)))

    def soon(self, method: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
        """Run one of the methods below without waiting for it; not at all where the program is ending."""
        with contextlib.suppress(RuntimeError):
            self._thread.submit(method, *args, **kwargs)

    @property
    def in_place(self) -> bool:
        """Whether the file is still the one that was opened; what is written to a deleted one is lost."""
        try:
            found = (self.folder / FILE).stat()
        except OSError:
            return False
        return (found.st_dev, found.st_ino) == self._file

    def save(self, *entries: tuple[Record, Sequence[Event]]) -> None:
        """Write jobs as they are now, each with what happened to it; on the disk, all or none, when this returns."""
        with self.transaction():
            self.insert(*entries)

    def insert(self, *entries: tuple[Record, Sequence[Event]]) -> None:
        """The same, as a part of a transaction."""
        self._db.executemany(_UPSERT, [_row(record) for record, _ in entries])
        self._db.executemany(
            "INSERT INTO events (job, at, kind, text) VALUES (?, ?, ?, ?)",
            [(record.id, event.at, event.kind, event.text) for record, events in entries for event in events],
        )

    def delete(self, job_id: str) -> None:
        """Forget a job and its timeline; a sweep may make its cell again."""
        with self.transaction() as db:
            db.execute("DELETE FROM sweep_cells WHERE job = ?", [job_id])
            db.execute("DELETE FROM jobs WHERE id = ?", [job_id])
            db.execute("DELETE FROM events WHERE job = ?", [job_id])

    def find(self, id_or_task: str) -> Record | None:
        """The job with this id or with this task id at its provider, the newest where several have it."""
        query = "SELECT * FROM jobs WHERE id = ?1 OR task_id = ?1 ORDER BY created_at DESC LIMIT 1"
        found = self._read(query, [id_or_task])
        return found[0] if found else None

    def all(self, *, limit: int | None = None) -> list[Record]:
        """Every job, the newest first."""
        return self._read(
            "SELECT * FROM jobs ORDER BY created_at DESC LIMIT ?", [-1 if limit is None else min(limit, _MOST)]
        )

    def find_many(self, ids: Sequence[str]) -> dict[str, Record | None]:
        """Those of these jobs that were ever written down; None for a row that is damaged."""
        found: dict[str, Record | None] = {}
        for some in batches(ids):
            marks = ", ".join("?" * len(some))
            for row in self.rows(f"SELECT * FROM jobs WHERE id IN ({marks})", some):  # noqa: S608  question marks
                found[str(row["id"])] = record_of(row)
        return found

    def events(self, job_id: str) -> list[Event]:
        """The timeline of one job, in order."""
        rows = self.rows("SELECT at, kind, text FROM events WHERE job = ? ORDER BY at, rowid", [job_id])
        return [Event(at=row["at"], kind=row["kind"], text=row["text"]) for row in rows]

    def left(self, active: Iterable[str] = ()) -> list[Record]:
        """The jobs that are not finished and that nobody looks after, the oldest first.

        Args:
            active: Ids that this process is busy with.
        """
        busy = self._being_taken.union(active)
        query = "SELECT * FROM jobs WHERE state NOT IN ('succeeded', 'cancelled', 'expired') ORDER BY created_at"
        unfinished = [one for one in self._read(query, []) if one.id not in busy and is_unfinished(one)]
        alive = {owner: self.is_elsewhere(owner) for owner in {one.owner for one in unfinished}}
        return [one for one in unfinished if not alive[one.owner]]

    def claim_unfinished(self, active: Iterable[str] = (), only: str = "") -> list[Record]:
        """Take over the jobs that nobody looks after: their process has ended, or is this one and has let them go.

        Each is followed, or given back by `give_back`; until one of the two it is claimed no second time.

        Args:
            active: Ids that this process is busy with.
            only: The id of the one job that is wanted; empty for all.
        """
        mine = self._owner.name
        taken = []
        for record in self.left(active):
            if only not in {"", record.id}:
                continue
            # Two kernels may try at once: the first UPDATE wins, the other one finds the owner changed.
            if self._write("UPDATE jobs SET owner = ? WHERE id = ? AND owner = ?", [mine, record.id, record.owner]):
                record.owner = mine
                self._being_taken.add(record.id)
                taken.append(record)
        return taken

    def add_claimed(self, record: Record, events: Sequence[Event]) -> bool:
        """Write a new job for a task that was made elsewhere, claimed already; False where its task has a job."""
        with self.transaction() as db:
            if db.execute("SELECT 1 FROM jobs WHERE task_id = ?", [record.task_id]).fetchone():
                return False
            self.insert((record, events))
        self._being_taken.add(record.id)
        return True

    def taken(self, job_id: str) -> None:
        """The claimed job is followed now, or settled."""
        self._being_taken.discard(job_id)

    def give_back(self, job_id: str) -> None:
        """This process cannot follow the claimed job: another one may."""
        self._being_taken.discard(job_id)
        self._write("UPDATE jobs SET owner = '' WHERE id = ? AND owner = ?", [job_id, self._owner.name])

    def lateness(self, provider: str, model: str, resolution: str, limit: int = 100) -> float | None:
        """How long the latest jobs of this kind took against what is typical: the median ratio; None where none is."""
        rows = self.rows(_LATENESS, [provider, model, limit, resolution])
        ratios = [took / typical for took, typical in rows if is_number(took) and is_number(typical) and typical > 0]
        return statistics.median(ratios) if ratios else None

    def is_elsewhere(self, owner: str) -> bool:
        """Whether another process that still runs is called so."""
        return owner != self._owner.name and is_alive(self.folder, owner)

    @property
    def owner(self) -> str:
        """Who this process is in the ledger."""
        return self._owner.name

    def close(self) -> None:
        """Close the file and give up the ownership of its jobs."""
        _open.pop(self.folder, None)
        self.call(self._disconnect)
        self._thread.shutdown()

    def _connect(self) -> None:
        with _storage_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(self.folder / FILE, timeout=30, isolation_level=None)
            self._db.row_factory = sqlite3.Row
            # Bytes that are no text, in one row, must not keep the others from being read.
            self._db.text_factory = lambda data: data.decode("utf-8", "replace")
            try:
                # FULL: a row must survive a power cut, since money follows it.
                self._db.execute("PRAGMA journal_mode = WAL")
                self._db.execute("PRAGMA synchronous = FULL")
                self._migrate()
                self._owner = Owner(self.folder)
                found = (self.folder / FILE).stat()
                self._file = (found.st_dev, found.st_ino)
            except BaseException:
                self._db.close()
                raise

    def _migrate(self) -> None:
        found = self._db.execute("PRAGMA user_version").fetchone()[0]
        if found > VERSION:
            raise StorageError(
                f"{self.folder / FILE} was written by a newer seedance_widgets (format {found}, not {VERSION}); "
                "upgrade the package, or set SEEDANCE_HOME to another folder."
            )
        if found < VERSION:  # IF NOT EXISTS: another kernel may be doing the same, and older tables stay as they are
            self._db.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;")

    def _disconnect(self) -> None:
        self._owner.release()
        self._db.close()

    def _write(self, statement: str, values: list[Any]) -> int:
        with self.transaction():
            return self._db.execute(statement, values).rowcount

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Write, all or nothing; on the disk when it is left."""
        with _storage_errors(self.folder):
            if not self.in_place:
                raise FileNotFoundError(f"{FILE} was deleted or replaced while in use")
            try:
                self._db.execute("BEGIN IMMEDIATE")
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):  # nothing to roll back where BEGIN itself failed
                    self._db.execute("ROLLBACK")
                raise

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """What a query finds; nothing where a value can stand in no row, such as a list or half a character."""
        if not all(_can_be_kept(value) for value in values):
            return []
        with _storage_errors(self.folder):
            return self._db.execute(statement, values).fetchall()

    def _read(self, statement: str, values: list[Any]) -> list[Record]:
        return [record for row in self.rows(statement, values) if (record := record_of(row)) is not None]


def _can_be_kept(value: Any) -> bool:
    if isinstance(value, str):
        try:
            return bool(value.encode()) or not value
        except UnicodeEncodeError:
            return False
    return value is None or isinstance(value, float) or (isinstance(value, int) and -_MOST - 1 <= value <= _MOST)


def batches(values: Sequence[str]) -> Iterator[Sequence[str]]:
    """A statement takes only so many values."""
    for start in range(0, len(values), _AT_ONCE):
        yield values[start : start + _AT_ONCE]


def is_unfinished(record: Record) -> bool:
    """Whether the provider may still have something for this job that is not on the disk."""
    if record.state not in ENDED:
        return True
    if record.task_id is None:  # never made, or only a person can find out
        return False
    # A task that could not be asked for, and a video that was made but could not be fetched or stored, are not lost
    # while the provider keeps them.
    return record.state == "unknown" or (record.state == "failed" and record.ready_at is not None)


def _row(record: Record) -> list[Any]:
    values = {field: getattr(record, field) for field in _COLUMNS}
    for name in _JSON:
        values[name] = None if values[name] is None else json.dumps(values[name], ensure_ascii=True, default=repr)
    values["billed"] = int(record.billed)
    return [values[name] for name in _COLUMNS]


def record_of(row: sqlite3.Row) -> Record | None:
    """The job of a row; None for a damaged one, which must not hide the others."""
    values = {name: row[name] for name in _COLUMNS}
    try:
        for name in _JSON:
            values[name] = None if values[name] is None else json.loads(values[name])
        VideoRequest.from_dict(values["request"])
    except (TypeError, ValueError, RecursionError):
        return None
    values["billed"] = bool(values["billed"])
    record = Record(**values)
    return record if _is_sound(record) else None


def _is_sound(record: Record) -> bool:
    """Whether a row that another program, or a later version, may have written holds what this one goes by."""
    texts: list[Any] = [record.id, record.provider, record.base_url, record.model, record.owner, record.request_hash]
    perhaps: list[Any] = [record.task_id, record.request_id, record.video, record.last_frame, record.currency]
    state: Any = record.state
    error: Any = record.error
    created_at: Any = record.created_at
    objects: list[Any] = [record.request, record.result, record.estimate]
    if not all(isinstance(one, dict) for one in objects):
        return False
    numbers: list[Any] = [record.submitted_at, record.running_at, record.ready_at, record.ended_at, record.price]
    numbers += [record.result.get("tokens"), *record.estimate.values()]
    return (
        state in STATES
        and all(isinstance(one, str) for one in texts)
        and all(isinstance(one, str | None) for one in perhaps)
        and is_number(created_at)
        and all(one is None or is_number(one) for one in numbers)
        and isinstance(error, dict | None)
        and isinstance(record.request.get("prompt"), str)
    )


def is_number(value: Any) -> bool:
    """Whether a value of a row is a number to count with."""
    return isinstance(value, int | float) and math.isfinite(value)


@contextlib.contextmanager
def _storage_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        raise StorageError(
            f"the ledger in {folder} cannot be used ({error}); nothing is sent without it. "
            "Free some space or make the folder writable, or set SEEDANCE_HOME to another folder."
        ) from error


def now() -> float:
    """Unix seconds, as the ledger writes them."""
    return time.time()
