"""`make bench`: every figure as a ratio against a peer in the same run, with its goal; never a failure.

Each part tells in its own module what it measures and how. The figures go to build/bench.json too.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import sys
import time
from typing import Any

from tests.bench.measure import BUILD, Figure

# Where each part's `run` is; imported when its turn comes.
PARTS = {
    "import": "imports",
    "widgets": "widgets",
    "render": "render",
    "memory": "memory",
    "stall": "stall",
    "jobs": "many_jobs",
    "sweep": "sweep",
}
RENDER_GOAL = 1.3


def main() -> int:
    """Measure, print and write down; the exit code is always 0."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--only", choices=PARTS, action="append", help="this part only; may be repeated")
    parser.add_argument("--runs", type=int, help="runs of each side, in turn; the default is the part's own")
    options = parser.parse_args()
    say(f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, {os.cpu_count()} cores\n")
    say(f"{'':62} {'ours':>9} {'peer':>9} {'':2} {'ratio':>6}  goal")
    report: dict[str, Any] = {"python": platform.python_version(), "cores": os.cpu_count(), "parts": {}}
    for name in options.only or PARTS:
        began = time.monotonic()
        try:
            figures = measure(name, options.runs)
        except Exception as error:  # noqa: BLE001  one part's trouble must not hide the others' figures
            say(f"{name}: not measured: {type(error).__name__}: {error}")
            report["parts"][name] = {"error": f"{type(error).__name__}: {error}"}
            continue
        for figure in figures:
            say(line(figure))
        report["parts"][name] = {
            "seconds": round(time.monotonic() - began, 1),
            "figures": [as_json(figure) for figure in figures],
        }
        say("")
    BUILD.mkdir(exist_ok=True)
    path = BUILD / "bench.json"
    path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    say(f"{path}")
    return 0


def measure(name: str, runs: int | None) -> list[Figure]:
    """The figures of one part."""
    told = importlib.import_module(f"tests.bench.{PARTS[name]}").run(**({"runs": runs} if runs else {}))
    return rendering(told) if name == "render" else told


def rendering(told: dict[str, float]) -> list[Figure]:
    """The renderer's own figures, as lines of the table."""
    wall = told["render_seconds"] * 1000, told["encode_seconds"] * 1000
    cpu = told["render_cpu_seconds"] * 1000, told["encode_cpu_seconds"] * 1000
    return [
        Figure("render 1280x720, 5 s / encoding alone", *wall, "ms", goal=RENDER_GOAL),
        Figure("the same, CPU", *cpu, "ms"),
    ]


def line(figure: Figure) -> str:
    """One line of the table."""
    ratio = "" if figure.ratio is None else f"{figure.ratio:.3f}"
    return (
        f"{figure.name:62} {number(figure.ours):>9} {number(figure.peer):>9} {figure.unit:2} {ratio:>6}  {goal(figure)}"
    ).rstrip()


def goal(figure: Figure) -> str:
    """What was wanted, and whether it is so."""
    if figure.goal is None:
        return ""
    unit = f" {figure.unit}" if figure.on == "ours" else ""
    word = {True: "met", False: "MISSED", None: "unknown"}[figure.met]
    return f"<= {figure.goal:.3g}{unit}  {word}"


def number(value: float | None) -> str:
    """Three or four digits that count."""
    if value is None:
        return ""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.2f}"


def as_json(figure: Figure) -> dict[str, Any]:
    """The figure as build/bench.json has it."""
    return {
        "name": figure.name,
        "unit": figure.unit,
        "ours": figure.ours,
        "peer": figure.peer,
        "ratio": figure.ratio,
        "goal": figure.goal,
        "goal_is_for": figure.on,
        "met": figure.met,
        "runs": figure.runs,
    }


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
