"""Comparison: any videos side by side, as the cells of a sweep are."""

from __future__ import annotations

import asyncio
import importlib
import os
from collections import Counter
from dataclasses import fields
from typing import TYPE_CHECKING, Any, overload

from seedance_widgets.errors import SweepError
from seedance_widgets.jobs import Job
from seedance_widgets.notebook import loop as bridge
from seedance_widgets.request import VideoRequest
from seedance_widgets.request.model import IMAGE_FIELDS
from seedance_widgets.sweep import arguments, columns
from seedance_widgets.sweep.axes import Axis, pathlike, short
from seedance_widgets.sweep.cells import Cell
from seedance_widgets.sweep.files import export_grid, measure_cells
from seedance_widgets.sweep.layout import layout_of
from seedance_widgets.sweep.listeners import Listened
from seedance_widgets.sweep.memory import Mark
from seedance_widgets.video import Video

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from concurrent.futures import Executor
    from pathlib import Path

    from seedance_widgets.sweep.layout import Layout

    Shown = Video | Job | Cell | str | Path

_BEGINNING = 20  # signs; texts that have these in common look alike over a small video


class Compared:
    """One of the videos that are compared; it looks like a cell of a sweep.

    Args:
        of: Whose it is.
        index: Its number, from 0 on.
        label: What stands over it.
        video: The video.
    """

    job = preview = current = error = None
    gone = False
    refusal = remark = ""
    state = "succeeded"

    def __init__(self, of: Comparison, index: int, label: str, video: Video) -> None:
        self._of = of
        self.index = index
        self.place = (index,)
        self.label = label
        self.video = video
        self.request = video.request
        self.mark = Mark()

    @property
    def star(self) -> bool:
        """Whether it is one of the chosen."""
        return self.mark.star

    @star.setter
    def star(self, star: bool | None) -> None:
        self._of.mark(self.index, star=False if star is None else star)

    @property
    def rating(self) -> int | None:
        """What a person gave it, from 1 to 5; None before."""
        return self.mark.rating

    @rating.setter
    def rating(self, rating: int | None) -> None:
        self._of.mark(self.index, rating=0 if rating is None else rating)

    @property
    def note(self) -> str:
        """What a person wrote to it, or empty."""
        return self.mark.note

    @note.setter
    def note(self, note: str | None) -> None:
        self._of.mark(self.index, note="" if note is None else note)

    def words(self) -> str:
        """What it is, in one line."""
        return self.label

    def row(self) -> dict[str, Any]:
        """Everything that is known of it, as one flat row of plain values."""
        return {
            "cell": self.index,
            "video": str(self.video.path),
            "label": self.label,
            "star": self.mark.star,
            "rating": self.mark.rating,
            "note": self.mark.note or None,
            **self._of.measured.get(str(self.video.path), {}),
        }


class Comparison(Listened):
    """Some videos side by side, in the grid of a sweep.

    Args:
        videos: Each a `Video`, a finished `Job`, a cell of a sweep or a path.
        labels: What stands over them; by default how their requests differ, or their names.

    Raises:
        SweepError: There is none, or not as many labels.
        TypeError: Something else was given.
        ValueError: A job or a cell has no video.
        VideoFileError: A file is missing or is no video.
    """

    name = ""

    def __init__(self, videos: Sequence[Shown], labels: Sequence[str] | None = None) -> None:
        super().__init__()
        if not videos:
            raise SweepError("compare needs at least one video: sw.compare(one, other).")
        read = [video_of(video) for video in videos]
        if labels is not None and len(labels) != len(read):
            raise SweepError(f"there are {len(read)} videos and {len(labels)} labels; each needs one.")
        names = [str(label) for label in labels] if labels is not None else _names(read)
        self.axes = (Axis("video", tuple(str(video.path) for video in read), tuple(names), "video"),)
        self.cells = [Compared(self, i, name, video) for i, (name, video) in enumerate(zip(names, read, strict=True))]
        self.measured: dict[str, dict[str, Any]] = {}

    @property
    def starred(self) -> list[Compared]:
        """Those with a star."""
        return [cell for cell in self.cells if cell.star]

    @property
    def videos(self) -> list[Video]:
        """The videos, in their order."""
        return [cell.video for cell in self.cells]

    @property
    def layout(self) -> Layout:
        """Where the cells lie when they are shown."""
        return layout_of(self.axes, "product", [cell.place for cell in self.cells])

    def mark(self, cell: int, *, star: bool | None = None, rating: int | None = None, note: str | None = None) -> None:
        """Star, rate or note one of them; kept while this lives.

        Raises:
            SweepError: No such video, a rating that is none, a star that is no bool or a note that is no text.
        """
        rating, note = arguments.read_mark(star, rating, note)
        mark = self[cell].mark
        mark.star = mark.star if star is None else star
        mark.rating = mark.rating if rating is None else rating or None
        mark.note = mark.note if note is None else note
        self.changed()

    def keep_measured(self, found: Mapping[str, Any]) -> None:
        """What was measured is kept while this lives."""

    def measure(self, executor: Executor | None = None) -> None:
        """Measure the videos; see `Sweep.measure`."""
        bridge.run(asyncio.to_thread(measure_cells, self, self.cells, executor))
        self.changed()

    def export(self, path: str | os.PathLike[str], *, overwrite: bool = False, **how: Any) -> Path:
        """Write the grid to a file; see `Sweep.export`."""
        return bridge.run(asyncio.to_thread(export_grid, self, path, overwrite=overwrite, **how))

    def rows(self) -> list[dict[str, Any]]:
        """One flat dict per video."""
        return [cell.row() for cell in self.cells]

    def to_pandas(self) -> Any:
        """The rows as a `pandas.DataFrame`, one line per video.

        Raises:
            ConfigurationError: pandas is not installed.
        """
        return columns.to_pandas(self.rows())

    def summary(self) -> str:
        """How many there are."""
        return "1 video" if len(self.cells) == 1 else f"{len(self.cells):,} videos"

    def __iter__(self) -> Iterator[Compared]:
        return iter(self.cells)

    def __len__(self) -> int:
        return len(self.cells)

    @overload
    def __getitem__(self, wanted: int) -> Compared: ...
    @overload
    def __getitem__(self, wanted: slice) -> list[Compared]: ...
    def __getitem__(self, wanted: Any) -> Compared | list[Compared]:
        """One of them by its number, from the end too, or some of them by a slice."""
        if isinstance(wanted, slice):
            return self.cells[wanted]
        if isinstance(wanted, bool) or not isinstance(wanted, int) or not -len(self) <= wanted < len(self):
            raise SweepError(f"{wanted!r} is none of the videos, which are numbered 0 to {len(self) - 1}.")
        return self.cells[wanted]

    def __repr__(self) -> str:
        return f"Comparison({', '.join(cell.label for cell in self.cells)})"

    def _ipython_display_(self) -> None:
        if bridge.kernel() is None:
            print(repr(self))  # noqa: T201  a terminal
            return
        # By name: only what is shown may load ipywidgets, and the widgets lie above this layer.
        importlib.import_module("seedance_widgets.widgets.sweep_view").show(self)


def compare(*videos: Shown, labels: Sequence[str] | None = None) -> Comparison:
    """Show videos side by side, playing in step: with a wipe or the difference of two, stars, ratings and notes.

    Args:
        *videos: Each a `Video`, a finished `Job`, a cell of a sweep that has a video, or the path of a video file.
        labels: What stands over them; by default how their requests differ, or their names.

    Raises:
        SweepError: There is none, or not as many labels.
        TypeError: Something else was given.
        ValueError: A job or a cell has no video.
        VideoFileError: A file is missing or is no video.
    """
    given = videos[0] if len(videos) == 1 and isinstance(videos[0], (list, tuple)) else videos
    return Comparison(list(given), labels)


def video_of(given: Any) -> Video:
    """The video that is meant: a `Video`, a finished `Job`, a cell of a sweep or a path.

    Raises:
        TypeError: Something else was given.
        ValueError: The job or the cell has no video.
        VideoFileError: The file is missing or is no video.
    """
    if isinstance(given, Job):
        if given.video is None:
            raise ValueError(f"job {given.id} has no video: it is {given.status}; await it first.")
        return given.video
    if isinstance(given, Cell):
        if given.video is None:
            raise ValueError(f"cell {given.index} has no video: it is {given.state}; run the sweep first.")
        return given.video
    if isinstance(given, Video):
        _ = given.width  # a file that is gone says so now
        return given
    if isinstance(given, (str, os.PathLike)):
        return Video.open(given)
    raise TypeError(f"a Video, a finished Job, a cell of a sweep or a path was expected, not {type(given).__name__}.")


def _names(videos: Sequence[Video]) -> list[str]:
    """How the videos' requests differ, else the names of their files; no two are called the same."""
    requests = [video.request for video in videos]
    names = [video.path.stem for video in videos]
    if len(videos) > 1 and all(requests):
        rows = [[getattr(request, field.name) for request in requests] for field in fields(VideoRequest)]
        differing = [
            (field.name, row)
            for field, row in zip(fields(VideoRequest), rows, strict=True)
            if any(value != row[0] for value in row)
        ]
        differing.sort(key=lambda one: one[0] == "prompt")  # the long one last: what is cut off differs the least
        if differing:
            told = [_said(name, row) for name, row in differing]
            names = [" · ".join(parts) for parts in zip(*told, strict=True)]
    seen: Counter[str] = Counter()
    for i, name in enumerate(names):
        seen[name] += 1
        if seen[name] > 1:
            names[i] = f"{name} ({seen[name]})"
    return names


def _said(field: str, values: Sequence[Any]) -> list[str]:
    """What the requests take in a field in which they differ, as short texts."""
    if field in IMAGE_FIELDS:
        values = [pathlike(value) for value in values]  # by name: where a file lies says nothing over a video
    elif all(isinstance(value, str) for value in values):
        values = _unlike([" ".join(value.split()) for value in values])
    return [f"{field} {short(value, i)}" if _is_bare(value) else short(value, i) for i, value in enumerate(values, 1)]


def _is_bare(value: Any) -> bool:
    return isinstance(value, (bool, int, float)) or value is None


def _unlike(texts: Sequence[str]) -> list[str]:
    """Of texts that begin alike only what follows: cut short, as labels are, they would be the same."""
    told = []
    for text in texts:
        alike = {other for other in texts if other[:_BEGINNING] == text[:_BEGINNING]}
        begin = os.path.commonprefix(list(alike))  # noqa: RUF071  signs are meant
        at = begin.rfind(" ") + 1 or len(begin)  # at the beginning of a word, where there are words
        told.append(f"…{text[at:]}" if len(alike) > 1 else text)
    return told
