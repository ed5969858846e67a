"""Where this package keeps what it makes."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from seedance_widgets.errors import StorageError


def home() -> Path:
    """The folder of the ledger and its videos: `SEEDANCE_HOME`, else `seedance_videos` beside the notebook.

    Raises:
        StorageError: There is no such home folder (`~somebody`), or the current folder is gone.
    """
    return _absolute(os.environ.get("SEEDANCE_HOME") or "seedance_videos")


@cache
def _absolute(given: str) -> Path:
    # Settled once per process, so that a later `os.chdir` does not hide yesterday's videos.
    try:
        return Path(given).expanduser().absolute()
    except (OSError, RuntimeError) as error:
        raise StorageError(
            f"{given!r} is no folder to keep videos in ({error}); set SEEDANCE_HOME to another one."
        ) from None
