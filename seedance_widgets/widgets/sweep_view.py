"""SweepView: what a sweep, or a comparison, looks like in an output."""

from __future__ import annotations

import asyncio
import base64
import html
import math
import re
import time
import weakref
from typing import TYPE_CHECKING, Any, ClassVar

import traitlets

from seedance_widgets.errors import SeedanceError
from seedance_widgets.folders import free_name
from seedance_widgets.secrecy import quoted
from seedance_widgets.sweep import Sweep
from seedance_widgets.sweep.contact import small_sheet
from seedance_widgets.sweep.export import KINDS
from seedance_widgets.sweep.files import export_grid, measure_cells
from seedance_widgets.sweep.plan import plan_of
from seedance_widgets.sweep.run import agree
from seedance_widgets.widgets.agreement import Agreement
from seedance_widgets.widgets.media import MediaAnswers, Shelf
from seedance_widgets.widgets.say import say_parts
from seedance_widgets.widgets.sendable import STATE, sendable
from seedance_widgets.widgets.snippets import snippets
from seedance_widgets.widgets.strings import text
from seedance_widgets.widgets.studio_below import StudioBelow
from seedance_widgets.widgets.surface import Refused
from seedance_widgets.widgets.sweep_state import (
    cell_state,
    detail_state,
    first_head,
    grid_state,
    head_state,
    plan_state,
    question,
    table_state,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AbstractContextManager

    from seedance_widgets.jobs import Job
    from seedance_widgets.sweep import Comparison, Plan
    from seedance_widgets.sweep.cells import Stage
    from seedance_widgets.sweep.contact import Pictures
    from seedance_widgets.sweep.plan import Fate

    Grid = Sweep | Comparison

SLOWEST = 0.3  # seconds between two looks at a sweep, however much happens to it
_LONGEST_NOTE = 1000
# Nothing but these: what was not understood must not stand for every cell. What is finished, the stars say.
_BUTTON = re.compile("(make|preview|retry)( [0-9]{1,9})?|finish")
_KEPT_EVERY = 10.0  # seconds between two forms of a running sweep that a saved notebook keeps
_REST = 5  # times as long as it has looked, for a thousand cells take a while
_SHARE = 20  # and never so often that drawing them takes more than one part in so many of the time


class SweepView(MediaAnswers, StudioBelow):
    """A grid of videos that play in step, with the plan, the progress and the table of their sweep.

    A sweep that is shown as the last line of a cell looks like this; `SweepView` itself is for another language, and
    for a place in a layout of `ipywidgets`.

    Args:
        grid: A `Sweep`, or what `sw.compare` gives.
        lang: `en` or `zh`.

    Raises:
        ValueError: No such language.
    """

    entry: ClassVar[str] = "sweep_surface.js"
    styles: ClassVar[tuple[str, ...]] = ("base.css", "panel.css", "player.css", "below.css", "sweep.css")
    sections: ClassVar[tuple[str, ...]] = ("common", "desk", "state", "player", "sweep")

    grid: Any = traitlets.Dict().tag(**STATE)
    head: Any = traitlets.Dict().tag(**STATE)

    def __init__(self, grid: Grid, *, lang: str = "en") -> None:
        self.of = grid
        self.shelf = Shelf()
        self._agreement = Agreement()
        self._sent: dict[int, dict[str, Any]] = {}
        self._dirty: set[str] | None = set()  # ids of jobs; None for everything
        self._drawing: asyncio.Task[None] | None = None
        self._looking = asyncio.Lock()
        self._sheet = ""
        self._on_sheet: list[str] = []
        self._drawn: Pictures = {}
        self._left_out = 0
        self._keep_next = -math.inf  # when the saved notebook is due, while more comes by itself
        super().__init__(lang=lang, grid=grid_state(grid, lang))
        self._listening = grid.listening(self._changed)
        self._listening.__enter__()
        self._changed(None)

    @property
    def sweep(self) -> Sweep:
        """The sweep.

        Raises:
            Refused: It is a comparison, which sends nothing.
        """
        if not isinstance(self.of, Sweep):
            raise Refused("a comparison sends nothing.")
        return self.of

    def words(self) -> str:
        """What this is, in one line of plain text."""
        return repr(self.of)

    def saved(self) -> dict[str, Any]:
        """What a saved notebook keeps: the contact sheet, how it stands, and how to open it again."""
        picture = (
            f'<img alt="" style="max-width:100%" src="data:image/jpeg;base64,{self._sheet}">' if self._sheet else ""
        )
        left_out = f" ({self._left_out:,} cells are not on the picture)" if self._sheet and self._left_out else ""
        again = text(self.lang, "sweep.run_again")
        return {
            "text/plain": f"{self.of!r}\n{again}",
            "text/html": f"<div>{picture}<div>{html.escape(repr(self.of))}{left_out}</div><p>{again}</p></div>",
        }

    def _ipython_display_(self) -> None:
        super()._ipython_display_()
        self.keep_saved()  # with its sheet, which is drawn for what is shown only

    def save_now(self) -> None:
        """Bring what the saved notebook keeps up to date, its contact sheet too. Blocking, seconds for many videos."""
        began = time.monotonic()
        try:
            self._draw_sheet()
            super().save_now()
        finally:
            ended = time.monotonic()
            self._keep_next = ended + max(_KEPT_EVERY, _SHARE * (ended - began))

    _listening: AbstractContextManager[None] | None = None  # before anything can go wrong with its making

    def close(self) -> None:
        """Take the view away; the sweep goes on."""
        if self._listening is not None:
            self._listening.__exit__(None, None, None)
            self._listening = None
        super().close()

    async def answer_cells(self) -> list[dict[str, Any]]:
        """Every cell as it is now; what changes later comes by itself."""
        await self._look(range(len(self.of.cells)))
        return [self._sent[cell.index] for cell in self.of.cells]

    async def answer_run(self, what: str, press: str, agreed: str | None = None) -> dict[str, Any]:
        """A button that sends: make, preview, finish, retry; asks first where it costs money.

        Args:
            what: Which of them; with the number of a cell, as in `retry 7`, for that cell alone.
            press: Of this press of the button; the same one again does nothing.
            agreed: The answer to the question that the last press was answered with.
        """
        sweep = self.sweep
        if _BUTTON.fullmatch(what) is None:
            raise Refused(
                f"there is no button called {quoted(what)}: it must be make, preview, finish or retry, where 'retry 7' "
                "means one cell alone."
            )
        kind, _, number = what.partition(" ")
        cells = [self._cell(int(number))] if number else list(sweep.cells)
        if not self._agreement.is_new(press):
            return {}
        if sweep.provider is None:
            raise Refused(text(self.lang, "told.no_key", label=sweep.provider_label))
        if kind == "finish":
            cells = list(sweep.starred)
        stage: Stage = "preview" if kind == "preview" else "final"
        again: frozenset[Fate] = frozenset({"failed"} if kind == "retry" else ())
        if again:
            stage, failed = await asyncio.to_thread(sweep.failed, cells)
            cells = list(failed)
        plan = await asyncio.to_thread(plan_of, sweep, cells, stage, again=again)
        cap: float | None = None
        if plan.billed and plan.to_send:
            cap = sweep.max_cost if sweep.max_cost is not None else math.inf
        agree(plan, cap)
        if cap is not None:
            line = question(plan, self.lang)
            if not self._agreement.given(agreed, about := _signed(line, plan)):
                return self._agreement.ask(line, about)
            cap = cap if math.isinf(cap) is False else math.inf if plan.unpriced else plan.committed + plan.price + 1e-6
        run = sweep.retry if again else sweep.run
        # The yes was to these: cells that are free again by the time it runs are asked about another time.
        meant = [line.cell for line in plan.lines if line.fate in {"send", "same", "kept"}]
        self.start(self.tell_of(run(meant, preview=stage == "preview", max_cost=cap)))
        return {"sent": len(plan.to_send)}

    async def answer_pause(self, paused: bool) -> None:
        """Hold up sending, or go on."""
        if paused:
            self.sweep.pause()
        else:
            self.sweep.resume()

    async def answer_cancel(self, cell: int | None = None) -> dict[str, str]:
        """Cancel one cell, or all that does not run yet."""
        told: str = await self.sweep.cancel(None if cell is None else self._cell(cell))
        return {"words": say_parts(told, self.lang)}

    async def answer_mark(
        self, cell: int, star: bool | None = None, rating: int | None = None, note: str | None = None
    ) -> None:
        """Star, rate or note a cell."""
        self._cell(cell)
        note = None if note is None else note[:_LONGEST_NOTE]
        await asyncio.to_thread(self.of.mark, cell, star=star, rating=rating, note=note)

    async def answer_detail(self, cell: int) -> dict[str, Any]:
        """What is told of the selected cell."""
        return await asyncio.to_thread(detail_state, self._cell(cell), self.lang)

    async def answer_plan(self, preview: bool = False) -> dict[str, Any]:
        """The plan as a table."""
        plan = await asyncio.to_thread(self.sweep.plan, preview=preview)
        return await asyncio.to_thread(plan_state, plan, self.lang)

    async def answer_table(self) -> dict[str, Any]:
        """What is known, as a table."""
        return await asyncio.to_thread(table_state, self.of)

    async def answer_code(self, cell: int, base: bool = False) -> str:
        """A cell's request as Python; with `base`, a sweep over it."""
        one = self._cell(cell)
        request = one.request
        if request is None:
            raise Refused(text(self.lang, "sweep.no_request"))
        if base and isinstance(self.of, Sweep):
            await asyncio.to_thread(self.of.save)  # else there is nothing to load
            return (
                "import seedance_widgets as sw\n\n"
                f"base = sw.Sweep.load({self.of.name!r})[{one.index}].request  # {one.words()}\n"
                'sweep = sw.Sweep(base, axes={"seed": range(3)})\nsweep\n'
            )
        maker = self.of.provider if isinstance(self.of, Sweep) else None
        made = await asyncio.to_thread(snippets, request, maker, self.lang)
        return str(made[0]["text"])

    async def answer_studio(self, cell: int, replace: bool = False) -> dict[str, str]:
        """Put a cell's request into a Studio below."""
        request = self._cell(cell).request
        if request is None:
            raise Refused(text(self.lang, "sweep.no_request"))
        maker = self.of.provider if isinstance(self.of, Sweep) else None
        return self.put_into_studio(request, maker, replace=replace)

    async def answer_export(self, kind: str) -> dict[str, str]:
        """Write the grid to a new file in the notebook's folder."""
        if f".{kind}" not in KINDS:
            raise Refused(f"there is no export called {quoted(kind)}.")
        target = free_name(self.of.name or "comparison", kind)
        name = text(self.lang, f"sweep.export_{kind}")
        how: dict[str, Any] = {"on_frame": self._progress("sweep.writing", name=name)} if kind == "mp4" else {}
        await asyncio.to_thread(export_grid, self.of, target, **how)
        return {"words": text(self.lang, "sweep.exported", path=target.name)}

    async def answer_measure(self) -> dict[str, str]:
        """Measure the videos that were not measured yet."""
        on_done = self._progress("sweep.measuring")
        count = await asyncio.to_thread(measure_cells, self.of, list(self.of.cells), None, on_done)
        self._changed(None)
        return {"words": text(self.lang, f"sweep.measured{'_one' * (count == 1)}", n=count)}

    def _progress(self, key: str, **values: str) -> Callable[[int, int], None]:
        """What tells the person how far something on a thread is, at most a few times a second."""
        told = -math.inf

        def tell(count: int, of: int) -> None:
            nonlocal told
            if (now := time.monotonic()) - told >= SLOWEST:
                told = now
                self.on_loop(self.say, text(self.lang, key, n=f"{count:,}", all=f"{of:,}", **values))

        return tell

    def _cell(self, number: int) -> Any:
        if not 0 <= number < len(self.of.cells):
            raise Refused(text(self.lang, "sweep.no_such"))
        return self.of.cells[number]

    @traitlets.default("head")
    def _first_head(self) -> dict[str, Any]:
        return first_head(self.of, self.lang)  # what the cells are takes a moment, on a thread

    def _changed(self, job: Job | None) -> None:
        """Something happened, on any thread."""
        self.on_loop(self._soon, job)

    def _soon(self, job: Job | None) -> None:
        if self._closed:
            return
        if job is None:
            self._dirty = None
        elif self._dirty is not None:
            self._dirty.add(job.id)
        if self._drawing is None:
            self._drawing = self.start(self._draw())

    async def _draw(self) -> None:
        """Tell the browser what is new, at most a few times a second."""
        try:
            while self._dirty is None or self._dirty:
                dirty, self._dirty = self._dirty, set()
                began = time.monotonic()
                await self._look(self._touched(dirty), told=True)
                self.head, moves = await asyncio.to_thread(self._look_at_all)
                now = time.monotonic()
                if now >= self._keep_next or not moves:
                    self._keep_next = math.inf  # until this one is there
                    self.keep_saved()
                await asyncio.sleep(max(SLOWEST, _REST * (now - began)))
        finally:
            self._drawing = None

    def _look_at_all(self) -> tuple[dict[str, Any], bool]:
        """How the whole stands, and whether more comes by itself, for then a sheet is soon out of date; blocking."""
        of = self.of
        moves = isinstance(of, Sweep) and (
            any(not job.done for job in of.book.jobs) or (bool(of.book.waiting) and not of.paused)
        )
        return head_state(of, self.lang), moves

    def _draw_sheet(self) -> None:
        """Draw what the saved notebook keeps, where other videos are there than on the last one; blocking."""
        there = [str(cell.video.path) for cell in self.of.cells if cell.video is not None]
        if there and there != self._on_sheet:
            self._on_sheet = there
            try:
                picture, shown = small_sheet(self.of.cells, self.of.layout, self._drawn)
            except SeedanceError as error:  # the grid itself goes on without it
                self.on_loop(self.report, error)
                return
            self._sheet = base64.b64encode(picture).decode("ascii")
            self._left_out = len(self.of.cells) - shown

    def _touched(self, dirty: set[str] | None) -> Iterable[int]:
        if dirty is None:
            return range(len(self.of.cells))
        return [cell.index for cell in self.of.cells if cell.current is not None and cell.current.id in dirty]

    async def _look(self, indices: Iterable[int], *, told: bool = False) -> None:
        async with self._looking:  # one after the other: an older look must not have the last word
            fresh = await asyncio.to_thread(self._states, list(indices))
            changed = [state for state in fresh if self._sent.get(state["i"]) != state]
            self._sent.update({state["i"]: state for state in changed})
        if changed and told and self.comm is not None:
            self.send({"type": "cells", "cells": sendable(changed)})

    def _states(self, indices: list[int]) -> list[dict[str, Any]]:
        return [cell_state(self.of.cells[i], self.lang, self.shelf) for i in indices]


_views: weakref.WeakKeyDictionary[Any, weakref.ref[SweepView]] = weakref.WeakKeyDictionary()


def show(grid: Grid) -> None:
    """Display the grid where IPython shows things; shown again, it is the same view."""
    view = _view(grid)
    if view is None:
        view = SweepView(grid)
        _views[grid] = weakref.ref(view)
    view._ipython_display_()


def show_once(grid: Grid) -> None:
    """Display the grid unless it is on display already."""
    if _view(grid) is None:
        show(grid)


def _view(grid: Grid) -> SweepView | None:
    known = _views.get(grid)
    view = known() if known is not None else None
    return view if view is not None and view.comm is not None else None


def _signed(line: str, plan: Plan) -> str:
    """What was asked about: the same question of the same cells at the same price."""
    return f"{line} {plan.stage} {plan.committed:.6f} {[one.cell.index for one in plan.to_send]}"
