"""One bar for a whole sweep while somebody waits in a terminal."""

from __future__ import annotations

import contextlib
import importlib
import sys
import time
from typing import TYPE_CHECKING

from seedance_widgets.notebook.loop import kernel
from seedance_widgets.sweep.cells import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from seedance_widgets.jobs import Job
    from seedance_widgets.sweep.cells import Cell
    from seedance_widgets.sweep.sweep import Sweep

_SLOWEST = 0.25  # seconds between two drawings, however much happens
_ENDED = frozenset({"succeeded", "failed", "cancelled", "expired", "unknown", "invalid"})


@contextlib.contextmanager
def progress_bar(sweep: Sweep, cells: Sequence[Cell]) -> Iterator[None]:
    """Show how many cells have ended, in a notebook as the grid, in a terminal as a bar; else nothing."""
    if kernel() is not None:
        # By name: only what is shown may load ipywidgets, and the widgets lie above this layer.
        importlib.import_module("seedance_widgets.widgets.sweep_view").show_once(sweep)
        yield
        return
    if not sys.stderr.isatty():
        yield
        return
    from tqdm import tqdm  # noqa: PLC0415  only where there is a bar to draw

    def ended() -> int:
        return sum(cell.state in _ENDED for cell in cells)

    with tqdm(total=len(cells), initial=ended(), unit="cell", dynamic_ncols=True, file=sys.stderr) as bar:
        drawn = 0.0

        def draw(_: Job | None = None, *, at_once: bool = False) -> None:
            nonlocal drawn
            if not at_once and time.monotonic() - drawn < _SLOWEST:
                return
            drawn = time.monotonic()
            bar.n = ended()
            bar.initial = min(bar.initial, bar.n)  # what had ended before tells nothing of the pace
            bar.set_postfix_str(counted(cells), refresh=True)

        with sweep.listening(draw):
            draw(at_once=True)
            try:
                yield
            finally:
                draw(at_once=True)
