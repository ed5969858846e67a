"""One line of progress while somebody waits in a terminal."""

from __future__ import annotations

import contextlib
import shutil
import sys
from typing import TYPE_CHECKING

from seedance_widgets.notebook.loop import kernel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seedance_widgets.jobs.handle import Job


@contextlib.contextmanager
def progress_line(job: Job) -> Iterator[None]:
    """Show the job's state, its seconds and what is probably left, where stderr is a terminal and not a notebook."""
    if kernel() is not None or not sys.stderr.isatty():
        yield
        return
    from tqdm import tqdm  # noqa: PLC0415  only where there is a line to draw

    size = shutil.get_terminal_size()  # 80 x 24 where the terminal does not tell
    with tqdm(total=100, bar_format="{bar:20} {desc}", ncols=size.columns, nrows=size.lines, file=sys.stderr) as line:

        def draw(job: Job) -> None:
            left = job.eta
            whole = job.elapsed + left if left is not None else 0.0
            # An estimate from how long such videos take: it stops short of the end until the end is there.
            line.n = 100 if job.status == "succeeded" else min(95, int(100 * job.elapsed / whole)) if whole else line.n
            line.set_description_str(f"{job.status} {job.card().progress_words()}")

        with job.listening(draw):
            draw(job)
            try:
                yield
            finally:
                draw(job)
