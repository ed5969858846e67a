"""What is on its way to be sent: which job each cell will have, and what the provider counts together."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from seedance_widgets.catalog import find_model
from seedance_widgets.jobs import new_id
from seedance_widgets.sweep.book import slot_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seedance_widgets.request import VideoRequest
    from seedance_widgets.sweep.book import Book
    from seedance_widgets.sweep.cells import Cell, Stage
    from seedance_widgets.sweep.plan import Line, Plan

_UNKNOWN_AT_ONCE = 10  # of a model that the catalogue does not know


class Rate(NamedTuple):
    """What the provider counts together: jobs of one model, and how many of them it runs at once."""

    model: str
    at_once: int


@dataclass(eq=False)
class Sending:
    """A cell on its way to be sent.

    Args:
        line: What is sent.
        stage: `final` or `preview`.
        job_id: The job that it will have.
        before: The job that it had, or empty.
        before_kept: Whether that was bought elsewhere.
        sharing: Cells that have another entry in the book, and will have the same job.
    """

    line: Line
    stage: Stage
    job_id: str
    before: str
    before_kept: bool = False
    sharing: list[Cell] = field(default_factory=list)
    dropped: bool = False

    @property
    def cell(self) -> Cell:
        """Which cell."""
        return self.line.cell

    @property
    def slot(self) -> tuple[Stage, str]:
        """Where the book has it."""
        return slot_of(self.cell, self.stage)

    @property
    def cells(self) -> list[Cell]:
        """One cell of each entry that will have the job."""
        return [self.cell, *self.sharing]


def sendings_of(plan: Plan, book: Book) -> list[Sending]:
    """What is to be sent, each with the cells that will have the same video under another entry of the book."""
    stage = plan.stage
    sendings = {
        line.cell: Sending(
            line, stage, new_id(), book.placed(line.cell, stage), before_kept=book.is_kept(line.cell, stage)
        )
        for line in plan.to_send
    }
    taken = {one.slot for one in sendings.values()}
    for line in plan.lines:
        one = sendings.get(line.twin) if line.twin is not None else None
        if one is not None and (slot := slot_of(line.cell, stage)) not in taken:
            taken.add(slot)
            one.sharing.append(line.cell)
    return list(sendings.values())


def rate_of(request: VideoRequest) -> Rate:
    """With which others the provider counts a job with this request."""
    model = find_model(request.model)
    if model is None:
        return Rate(str(request.model), _UNKNOWN_AT_ONCE)
    return Rate(model.name, model.rates_at(request.resolution).concurrency)


def by_rate(sendings: Sequence[Sending]) -> dict[Rate, list[Sending]]:
    """In their order, by what the provider counts together."""
    groups: dict[Rate, list[Sending]] = defaultdict(list)
    for one in sendings:
        groups[rate_of(one.line.request)].append(one)
    return groups
