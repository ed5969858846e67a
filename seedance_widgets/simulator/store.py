"""Where the simulator keeps its records, images and rendered files, so that a restarted process goes on with them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import sqlite3
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_SCHEMA = """
CREATE TABLE IF NOT EXISTS task (id TEXT PRIMARY KEY, record TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS clock (one INTEGER PRIMARY KEY CHECK (one = 1), simulated REAL NOT NULL, real REAL NOT NULL);
"""


# An update keeps the row's place: records are read back in the order in which they were made.
_KEEP = "INSERT INTO task VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET record = excluded.record"


class Store:
    """A folder with `tasks.db`, `images/` and `media/`; all of its work is done on one thread of its own.

    Args:
        folder: Where to keep it; None for a temporary folder which goes with the simulator.
    """

    def __init__(self, folder: Path | None) -> None:
        self._temporary = folder is None
        self.folder = Path(tempfile.mkdtemp(prefix="seedance-simulator-")) if folder is None else folder
        self.media = self.folder / "media"
        self.images = self.folder / "images"
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="simulator-store")
        self._database = self._thread.submit(self._open).result()

    def start_time(self) -> float:
        """What the clock shows when the simulator starts.

        While no simulator runs, time passes as fast as ours: a night with the notebook closed costs a night of a
        link's life, not a fortnight of it.
        """
        row, newest = self._thread.submit(self._read_clock).result()
        now = time.time() if row is None else row[0] + max(0.0, time.time() - row[1])
        return max(now, newest)  # what has happened stays in the past, also if another process's clock was ahead

    def load(self) -> list[dict[str, Any]]:
        """Every record that is kept."""
        return self._thread.submit(self._load).result()

    async def look_up(self, task_ids: list[str]) -> list[dict[str, Any]]:
        """The records of these tasks, if another process keeps its own in the same folder."""
        if self._temporary:
            return []
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._look_up, task_ids)

    async def put(self, task_id: str, record: dict[str, Any], now: float) -> None:
        """Keep a record, and what the clock showed then."""
        await self._run(lambda: self._put(task_id, json.dumps(record), now))

    async def drop(self, task_id: str, files: tuple[str, ...], now: float) -> None:
        """Forget a record and its rendered files."""
        await self._run(lambda: self._drop(task_id, files, now))

    def keep_image(self, digest: str, data: bytes) -> None:
        """Keep an image under its digest; blocking."""
        path = self.images / digest
        if not path.exists():
            # Written under another name first: two calls may bring the same image at once.
            with tempfile.NamedTemporaryFile(dir=self.images, delete=False) as out:
                out.write(data)
            Path(out.name).replace(path)

    def image(self, digest: str) -> bytes:
        """The image with this digest; blocking."""
        return (self.images / digest).read_bytes()

    def close(self, now: float) -> None:
        """Write what is left, and remove a temporary folder."""
        try:
            self._thread.submit(self._close, now).result()
        except RuntimeError:  # the interpreter is going down and starts nothing any more; the thread has ended
            self._close(now)
        self._thread.shutdown()
        if self._temporary:
            shutil.rmtree(self.folder, ignore_errors=True)

    async def _run(self, work: Callable[[], None]) -> None:
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except RuntimeError:
            if not threading.main_thread().is_alive():
                work()  # the interpreter is going down: its threads have ended, this one alone is left
            else:
                raise

    def _open(self) -> sqlite3.Connection:
        for folder in (self.folder, self.images, self.media):
            folder.mkdir(parents=True, exist_ok=True)
        database = sqlite3.connect(self.folder / "tasks.db", isolation_level=None, timeout=30, check_same_thread=False)
        database.execute("PRAGMA journal_mode=WAL")
        database.execute(f"PRAGMA synchronous={'OFF' if self._temporary else 'NORMAL'}")
        database.executescript(_SCHEMA)
        return database

    def _read_clock(self) -> tuple[tuple[float, float] | None, float]:
        newest = max((record["updated_at"] for record in self._load()), default=0.0)
        return self._database.execute("SELECT simulated, real FROM clock").fetchone(), newest

    def _load(self) -> list[dict[str, Any]]:
        return [json.loads(record) for (record,) in self._database.execute("SELECT record FROM task ORDER BY rowid")]

    def _look_up(self, task_ids: list[str]) -> list[dict[str, Any]]:
        read = "SELECT record FROM task WHERE id = ?"
        rows = (self._database.execute(read, (task_id,)).fetchone() for task_id in task_ids)
        return [json.loads(row[0]) for row in rows if row is not None]

    def _put(self, task_id: str, record: str, now: float) -> None:
        with self._transaction():
            self._database.execute(_KEEP, (task_id, record))
            self._write_clock(now)

    def _drop(self, task_id: str, files: tuple[str, ...], now: float) -> None:
        for name in files:
            (self.media / name).unlink(missing_ok=True)
        with self._transaction():
            self._database.execute("DELETE FROM task WHERE id = ?", (task_id,))
            self._write_clock(now)

    def _write_clock(self, now: float) -> None:
        self._database.execute("INSERT OR REPLACE INTO clock VALUES (1, ?, ?)", (now, time.time()))

    @contextlib.contextmanager
    def _transaction(self) -> Any:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")

    def _close(self, now: float) -> None:
        with contextlib.closing(self._database):
            if self._database.execute("SELECT count(*) FROM task").fetchone()[0]:
                self._write_clock(now)
            else:  # nothing depends on this clock any more: the next start shows the real time
                self._database.execute("DELETE FROM clock")
