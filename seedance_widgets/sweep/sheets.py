"""Sheets: the grid as plain pages of tiles, for whatever writes it to a file."""

from __future__ import annotations

import itertools
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seedance_widgets.sweep.cells import Cell
    from seedance_widgets.sweep.comparison import Compared
    from seedance_widgets.sweep.layout import Dimension, Layout
    from seedance_widgets.video import Video

ACROSS = 6  # tiles in a row where one axis alone is broken into rows


@dataclass(frozen=True)
class Tile:
    """One cell in its place.

    Args:
        row, column: From 0 on.
        video: Its video, or None.
        words: What it is; where there is no video, also why.
    """

    row: int
    column: int
    video: Video | None
    words: str


@dataclass(frozen=True)
class Sheet:
    """One page of the grid.

    Args:
        title: The values of the further axes; empty where there are none.
        columns: Headers from left to right.
        rows: Headers from top to bottom.
        tiles: The cells that are there.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[str, ...]
    tiles: tuple[Tile, ...]


def sheets_of(cells: Sequence[Cell | Compared], layout: Layout) -> list[Sheet]:
    """The pages of a grid: the first dimension makes the columns, the second the rows, each further one pages."""
    placed = list(zip(cells, layout.places, strict=True))
    dimensions = layout.dimensions
    if len(dimensions) < 2:  # noqa: PLR2004  a line, which is broken into rows
        return [_line(cells, dimensions[0] if dimensions else None)]
    columns, rows, *further = dimensions
    pages: dict[tuple[int, ...], list[Tile]] = defaultdict(list)
    for cell, place in placed:
        pages[tuple(place[2:])].append(_tile(cell, place[1], place[0]))
    sheets = []
    for page in itertools.product(*(range(len(one.labels)) for one in further)):
        if tiles := pages.get(page):
            title = " · ".join(one.heads[i] for one, i in zip(further, page, strict=True))
            sheets.append(Sheet(title, columns.heads, rows.heads, tuple(tiles)))
    return sheets


def _line(cells: Sequence[Cell | Compared], dimension: Dimension | None) -> Sheet:
    """One axis: the tiles one after the other, each with its own words instead of headers."""
    across = min(ACROSS, len(cells))
    down = -(-len(cells) // across)
    tiles = tuple(_tile(cell, i // across, i % across) for i, cell in enumerate(cells))
    return Sheet(dimension.title if dimension else "", ("",) * across, ("",) * down, tiles)


def _tile(cell: Cell | Compared, row: int, column: int) -> Tile:
    state = "" if cell.video is not None else f"{cell.words()}: {cell.refusal or cell.error or cell.state}"
    return Tile(row, column, cell.video, state or cell.words())
