"""Where the cells lie when they are shown: columns, rows and pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from seedance_widgets.sweep.axes import REPEAT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seedance_widgets.sweep.axes import Axis


@dataclass(frozen=True)
class Dimension:
    """One direction of the grid: an axis, or the axes of a zip, which go side by side.

    Args:
        title: What it is.
        labels: Its values as short texts.
        heads: The same where the title does not stand beside them.
        note: Why it is not what was asked for, or empty.
    """

    title: str
    labels: tuple[str, ...]
    heads: tuple[str, ...]
    note: str = ""


@dataclass(frozen=True)
class Layout:
    """The dimensions, and where each cell lies in them.

    Args:
        dimensions: The first makes the columns, the second the rows, each further one pages.
        places: One index per dimension for each cell, in the order of the cells.
    """

    dimensions: tuple[Dimension, ...]
    places: tuple[tuple[int, ...], ...]


def layout_of(axes: Sequence[Axis], mode: str, places: Sequence[tuple[int, ...]]) -> Layout:
    """The grid of a sweep.

    Args:
        axes: Its axes.
        mode: `product` or `zip`.
        places: The coordinates of its cells, one index per axis.
    """
    if mode == "product":
        return Layout(tuple(_dimension(axis) for axis in axes), tuple(places))
    repeated = bool(axes) and axes[-1].name == REPEAT
    beside = tuple(axes[:-1]) if repeated else tuple(axes)
    if not beside:
        return Layout(tuple(_dimension(axis) for axis in axes), tuple(places))
    joined = Dimension(
        " · ".join(axis.title for axis in beside),
        _side_by_side([axis.labels for axis in beside]),
        _side_by_side([_heads(axis) for axis in beside]),
        " ".join(axis.note for axis in beside if axis.note),
    )
    if not repeated:
        return Layout((joined,), tuple(place[:1] for place in places))
    return Layout((joined, _dimension(axes[-1])), tuple((place[0], place[-1]) for place in places))


def _dimension(axis: Axis) -> Dimension:
    return Dimension(axis.title, axis.labels, _heads(axis), axis.note)


def _heads(axis: Axis) -> tuple[str, ...]:
    return tuple(axis.titled(i) for i in range(len(axis)))


def _side_by_side(rows: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(" · ".join(words) for words in zip(*rows, strict=True))
