"""Measuring and exporting the cells of a sweep or a comparison; blocking, for a thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seedance_widgets.errors import SeedanceError, SweepError
from seedance_widgets.folders import new_file
from seedance_widgets.request.images import is_url, load_image
from seedance_widgets.sweep import export
from seedance_widgets.sweep.columns import MEASURE_ERROR
from seedance_widgets.sweep.measure import Subject, measure_all
from seedance_widgets.sweep.sheets import sheets_of

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence
    from concurrent.futures import Executor
    from pathlib import Path

    from seedance_widgets.errors import VideoFileError
    from seedance_widgets.sweep.cells import Cell
    from seedance_widgets.sweep.comparison import Compared, Comparison
    from seedance_widgets.sweep.sweep import Sweep


def measure_cells(
    grid: Sweep | Comparison,
    cells: Sequence[Cell | Compared],
    executor: Executor | None = None,
    on_done: Callable[[int, int], None] | None = None,
) -> int:
    """Measure the videos that were not measured yet; a file that cannot be read has its reason in `measure_error`.

    Such a one is measured again the next time: the file may be back, and a worker may have failed instead of it.

    Args:
        grid: Whose cells.
        cells: Which.
        executor: As for `measure_all`.
        on_done: Told how many are measured, of how many.

    Returns:
        How many could be measured.
    """
    fresh: dict[str, dict[str, Any]] = {}
    kept = grid.measured
    wanted = {
        str(cell.video.path): cell
        for cell in cells
        if cell.video is not None and MEASURE_ERROR in kept.get(str(cell.video.path), {MEASURE_ERROR: ""})
    }
    paths = list(wanted)
    count = 0

    def done(number: int, found: dict[str, float | None] | VideoFileError) -> None:
        nonlocal count
        count += 1
        if isinstance(found, dict):
            fresh[paths[number]] = dict(found)
        kept[paths[number]] = dict(found) if isinstance(found, dict) else {MEASURE_ERROR: str(found)}
        if on_done is not None:
            on_done(count, len(paths))

    measure_all([_subject(path, cell) for path, cell in wanted.items()], executor, done)
    if fresh:
        grid.keep_measured(fresh)
    return len(fresh)


def export_grid(grid: Sweep | Comparison, path: str | os.PathLike[str], *, overwrite: bool = False, **how: Any) -> Path:
    """Write the grid to a file; the suffix says as what. See `Sweep.export`."""
    target = new_file(path)
    kind = target.suffix.lower()
    takes = {".png": {"width", "times"}, ".mp4": {"width", "on_frame"}, ".html": set(), ".csv": set()}.get(kind)
    if takes is None:
        raise SweepError(
            f"{target.name} should end in .png (contact sheet), .mp4 (all videos in step), .html (a page with the "
            "videos) or .csv (a table)."
        )
    if unknown := set(how) - takes:
        raise SweepError(
            f"{kind} takes {', '.join(sorted(takes)) or 'no further options'}, not {', '.join(sorted(unknown))}."
        )
    if kind == ".csv":
        return export.write_table(grid.rows(), target, overwrite=overwrite)
    sheets = sheets_of(grid.cells, grid.layout)
    if kind == ".png":
        return export.write_contact_sheet(sheets, target, overwrite=overwrite, **how)
    if kind == ".mp4":
        return export.write_video(sheets, target, overwrite=overwrite, **how)
    hidden = {"job", "video"}
    facts = [{key: value for key, value in row.items() if key not in hidden} for row in grid.rows()]
    return export.write_page(sheets, target, overwrite=overwrite, title=grid.name or "Videos", facts=facts)


def _subject(path: str, cell: Cell | Compared) -> Subject:
    request = cell.request
    first, last = (None, None) if request is None else (_data(request.first_frame_url), _data(request.last_frame_url))
    return Subject(path, first, last)


def _data(image: Any) -> bytes | None:
    """The bytes of an image that lies on this machine."""
    if image is None or (isinstance(image, str) and is_url(image) and not image.startswith("data:")):
        return None
    try:
        return load_image(image).data
    except (SeedanceError, OSError, ValueError):
        return None
