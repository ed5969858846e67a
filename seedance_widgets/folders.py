"""Where this package keeps what it makes, and how a file gets there: whole or not at all."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seedance_widgets.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator

_STEM = 180  # bytes of a name; most file systems take 255


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


@contextlib.contextmanager
def whole_file(path: Path, *, overwrite: bool) -> Iterator[Path]:
    """A file beside `path` that takes its name when the block has ended well.

    Args:
        path: Where it shall be.
        overwrite: Replace a file that is there.

    Raises:
        FileExistsError: There is such a file, and `overwrite` is False.
        StorageError: It cannot be written.
    """
    try:
        if path.exists() and not overwrite:
            raise FileExistsError(  # noqa: TRY301  passed on below like one of the system's own
                f"{path} is there already; pass overwrite=True to replace it."
            )
        descriptor, name = tempfile.mkstemp(prefix=".", suffix=".part", dir=path.parent)
        os.close(descriptor)
        unfinished = Path(name)
        try:
            yield unfinished
            unfinished.chmod(0o644)  # a temporary file is its owner's alone
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
    except FileExistsError:
        raise
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror or error}.") from error


def new_file(given: Any) -> Path:
    """Where a file shall be, as an absolute path.

    Raises:
        StorageError: No file can be called so.
    """
    try:
        path = Path(given).absolute()
        os.fsencode(path)  # half a character
    except (TypeError, ValueError, OSError):
        path = None
    if path is None or "\0" in str(path):
        told = repr(given) if isinstance(given, str) else f"a value of type {type(given).__name__}"
        raise StorageError(f"no file can be called {told}; give a path, such as 'grid.png'.")
    return path


def free_name(name: str, kind: str) -> Path:
    """A file in the current folder that is not there yet.

    Args:
        name: What it is called, in any words; long ones are cut to 180 bytes.
        kind: The suffix, without its dot.
    """
    stem = re.sub(r"[^\w.-]+", "-", name).strip("-.").encode()[:_STEM].decode(errors="ignore") or "untitled"
    numbers = itertools.chain([""], (f"-{number}" for number in itertools.count(2)))
    return next(path for number in numbers if not (path := Path(f"{stem}{number}.{kind}").absolute()).exists())
