"""What the parts of the bench share: figures, turns, fresh processes."""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build"
_KEYS = ("ARK_API_KEY", "BYTEPLUS_API_KEY", "ACEDATACLOUD_API_TOKEN", "SEEDANCE_PROVIDER", "ARK_BASE_URL")


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table.

    Args:
        name: What was measured.
        ours: The median of the runs.
        peer: The peer's median in the same runs; None where there is none.
        unit: Of both.
        goal: The most that is good; None where none is set and the figure is for information.
        on: What the goal is for: the ratio to the peer, or our figure itself.
        runs: Each run's (ours, peer).
    """

    name: str
    ours: float
    peer: float | None
    unit: str
    goal: float | None = None
    on: Literal["ratio", "ours"] = "ratio"
    runs: tuple[tuple[float, float | None], ...] = field(default=())

    @property
    def ratio(self) -> float | None:
        return None if not self.peer else self.ours / self.peer

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None where there is none, or it cannot be told."""
        value = self.ratio if self.on == "ratio" else self.ours
        return None if self.goal is None or value is None else value <= self.goal


def compare(name: str, unit: str, runs: list[tuple[float, float]], **goal: Any) -> Figure:
    """The medians of runs that were made in turn."""
    ours, peer = (statistics.median(side) for side in zip(*runs, strict=True))
    return Figure(name, ours, peer, unit, runs=tuple(runs), **goal)


def in_turn(runs: int, *sides: Callable[[], Any]) -> list[tuple[Any, ...]]:
    """What each side gave in each run: A B, A B, ..., so that a busy moment of the machine falls on all."""
    return [tuple(side() for side in sides) for _ in range(runs)]


def most_held(*, reset: bool = False) -> int:
    """The most bytes that this process ever held; with `reset`, from now on.

    Not `ru_maxrss` where it can be helped: a process begins with that of the one which started it.
    """
    status = Path("/proc/self/status")
    if not status.exists():  # no Linux
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    if reset:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    line = next(line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


class Child:
    """A fresh Python process that runs a module and talks in lines of JSON."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def hear(self) -> Any:
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._process.args} ended without an answer (see its message above).")
        return json.loads(line)

    def say(self, word: str) -> None:
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()


@contextlib.contextmanager
def child(module: str, **asked: Any) -> Iterator[Child]:
    """Start `python -m module {asked}` in the repository's root; end it when the block ends."""
    command = [sys.executable, "-m", module, json.dumps(asked)]
    with subprocess.Popen(
        command, cwd=ROOT, env=_environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Child(process)
        finally:
            process.terminate()


def ask(module: str, **asked: Any) -> Any:
    """The one answer of a fresh process."""
    with child(module, **asked) as process:
        return process.hear()


def asked() -> dict[str, Any]:
    """In a child: what it was started with."""
    return json.loads(sys.argv[1])


def answer(value: Any) -> None:
    """In a child: tell the parent."""
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """A folder on the disk (the system's own may be in memory), removed afterwards."""
    BUILD.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=BUILD, prefix="bench-") as path:
        yield Path(path)


def percentile(values: list[float], share: float) -> float:
    """The smallest value that at least `share` of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -int(-share * len(ordered) // 1) - 1))]


def videos_in(path: Path) -> int:
    """How many videos lie in a folder."""
    return len(list(path.glob("*.mp4")))


def _environment() -> Mapping[str, str]:
    return {name: value for name, value in os.environ.items() if name not in _KEYS}
