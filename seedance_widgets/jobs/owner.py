"""Which process looks after which jobs: a lock file per process, let go by the system however the process ends."""

from __future__ import annotations

import contextlib
import os
import secrets
import threading
from typing import TYPE_CHECKING

import filelock

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = ".owners"
ASKED = 0.1  # seconds: who only asks holds the lock for a moment, an owner for good
_asking = threading.Lock()


class Owner:
    """This process in one ledger folder; alive while it holds its lock."""

    def __init__(self, folder: Path) -> None:
        (folder / FOLDER).mkdir(exist_ok=True)
        self.name = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._path = _path(folder, self.name)
        self._lock = filelock.FileLock(self._path, thread_local=False)
        self._lock.acquire(timeout=5)

    def release(self) -> None:
        """Give the lock up; the jobs may be taken over."""
        self._lock.release()
        with contextlib.suppress(OSError):
            self._path.unlink()


def is_alive(folder: Path, name: str) -> bool:
    """Whether the process called `name` still runs; cleans up after one that does not."""
    path = _path(folder, name)
    with _asking:  # two who ask at once would each take the other for the owner
        if not path.exists():
            return False
        lock = filelock.FileLock(path, thread_local=False)
        try:
            lock.acquire(timeout=ASKED, poll_interval=ASKED / 20)  # another process may be asking the same
        except filelock.Timeout:
            return True
        lock.release()
        with contextlib.suppress(OSError):
            path.unlink()
        return False


def _path(folder: Path, name: str) -> Path:
    # The name comes from the ledger's own column; keep it a name all the same.
    safe = "".join(character for character in name if character.isalnum() or character == "-")
    return folder / FOLDER / f"{safe}.lock"
