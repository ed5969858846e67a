"""Where this package keeps what it makes."""

from __future__ import annotations

import os
from pathlib import Path

_first_home: Path | None = None


def home() -> Path:
    """The folder of the ledger and its videos: `SEEDANCE_HOME`, else `seedance_videos` beside the notebook.

    The latter is settled once per process, so that a later `os.chdir` does not hide yesterday's videos.
    """
    global _first_home  # noqa: PLW0603  one folder for the process
    if given := os.environ.get("SEEDANCE_HOME"):
        return Path(given).expanduser().absolute()
    if _first_home is None:
        _first_home = Path("seedance_videos").absolute()
    return _first_home
