"""Sweep: one request, varied over some of its fields."""

from __future__ import annotations

import asyncio
import contextlib
import difflib
import importlib
import weakref
from collections.abc import Iterable, Mapping
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, overload

from seedance_widgets import choice
from seedance_widgets.errors import ConfigurationError, SweepError
from seedance_widgets.jobs import JobList, open_ledger
from seedance_widgets.jobs.record import FAILED
from seedance_widgets.notebook import loop as bridge
from seedance_widgets.request.names import suggest_names
from seedance_widgets.sweep import arguments, columns, memory
from seedance_widgets.sweep import axes as axis_rules
from seedance_widgets.sweep.book import Book
from seedance_widgets.sweep.cells import Cell, Cells, counted
from seedance_widgets.sweep.contact import contact_sheet as draw_contact_sheet
from seedance_widgets.sweep.files import export_grid, measure_cells
from seedance_widgets.sweep.layout import layout_of
from seedance_widgets.sweep.memory import Spec
from seedance_widgets.sweep.outcome import Outcome
from seedance_widgets.sweep.plan import Fate, Plan, plan_of
from seedance_widgets.sweep.progress import progress_bar
from seedance_widgets.sweep.run import Runner
from seedance_widgets.sweep.sheets import sheets_of

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Executor
    from pathlib import Path

    import PIL.Image

    from seedance_widgets.jobs import Job, Ledger
    from seedance_widgets.providers.base import Provider
    from seedance_widgets.request import VideoRequest
    from seedance_widgets.simulator import Simulator
    from seedance_widgets.sweep.axes import Axis, Exclude
    from seedance_widgets.sweep.cells import Stage
    from seedance_widgets.sweep.layout import Layout

_LATEST = 5
# The book of each sweep that is in use: what one object of a sweep does, all of them must know, or it is bought twice.
_books: weakref.WeakValueDictionary[tuple[Ledger, str], Book] = weakref.WeakValueDictionary()


@partial(suggest_names, instead=arguments.axis_instead)
class Sweep:
    """One request, varied over some of its fields: planned, run, watched, compared and kept.

        sweep = sw.Sweep(base, axes={"seed": range(3), "resolution": ["480p", "720p"]}, name="lighthouse")
        sweep.plan()
        await sweep.run()

    Shown in a notebook it is a grid of videos that play in step. Nothing is sent before `run`, or before the button
    that says what it costs. With a name it may be made again, say after a restart: it goes on where it was.

    Args:
        base: What is varied: a `VideoRequest`, or what has one: a Studio, a video, a job, a cell of another sweep.
        axes: Fields and their values, such as `{"seed": range(3)}`; `{placeholders}` of the prompt count as fields;
            `{label: value}` in place of a list names the values. The first axis makes the columns, the second the
            rows, each further one pages.
        mode: `product`: every value with every other; `zip`: the axes side by side.
        exclude: Which cells to leave out: a function of a cell's values, a dict such as `{"seed": 3}`, a list of them.
        repeats: How often each cell is made, from 1 on; needs a random seed to make a difference.
        max_cost: What may be spent in all, in the provider's currency; `float("inf")` for any amount.
        max_jobs: How many jobs it may have in all, previews and retries too; what failed before its video was made
            does not count.
        concurrency: How many jobs may be under way at once; by default three times what the provider runs at once.
        name: What it is called in the ledger, up to 120 characters; by default `sweep-` and six signs.
        provider: Who makes the videos; by default `sw.provider()`.

    Raises:
        SweepError: An axis that is no field, is empty or no list; more than 10,000 cells; a value out of range.
        ConfigurationError: No such provider, or its key is missing.
    """

    def __init__(
        self,
        base: Any,
        axes: Mapping[str, Any] | None = None,
        *,
        mode: str = "product",
        exclude: Exclude = None,
        repeats: int = 1,
        max_cost: float | None = None,
        max_jobs: int | None = None,
        concurrency: int | None = None,
        name: str | None = None,
        provider: Provider | Simulator | str | None = None,
    ) -> None:
        request = arguments.read_base(base)
        made = axis_rules.read_axes(request, axes, mode=mode, repeats=repeats)
        left_out = axis_rules.excluder(made, exclude)
        places = [place for place in axis_rules.coordinates(made, mode) if not left_out(place)]
        if not places:
            raise SweepError("exclude leaves out every cell; there is nothing to make.")
        self.max_cost, self.max_jobs, self.concurrency = max_cost, max_jobs, concurrency
        self._set_up(request, made, mode, places, name)
        self._maker: Provider | None = choice.resolve(provider)
        self.provider_id = self._maker.id
        self.base_url = self._maker.base_url
        if name is not None and self.name in self.names():
            self.save()  # refuses where that one is another sweep
            self._take_up()

    def _set_up(
        self,
        base: VideoRequest,
        axes: tuple[Axis, ...],
        mode: str,
        places: Sequence[tuple[int, ...]],
        name: str | None,
    ) -> None:
        self.base = base
        self.axes = axes
        self.mode = mode
        self.name = arguments.read_name(name)
        self.cells = Cells(
            Cell(self, i, place, values := axis_rules.values_at(axes, place), axis_rules.request_at(base, values))
            for i, place in enumerate(places)
        )
        self.book = Book()
        self._saved = False

    @classmethod
    def load(cls, name: str, provider: Provider | Simulator | str | None = None) -> Sweep:
        """The sweep with this name, with everything that was made for it; what was under way is followed again.

        Sends nothing: `run()` does, for the cells that were never sent.

        Args:
            name: As `Sweep.names()` lists it.
            provider: Who to ask, where it is none that can be made from the environment.

        Raises:
            KeyError: No such sweep; the message holds the nearest name.
            SweepError: What the ledger says of it is damaged; its videos are in `sw.jobs()`.
            StorageError: The ledger cannot be read.
        """
        ledger = open_ledger()
        try:
            spec = ledger.call(memory.read_spec, ledger, name)
        except KeyError:
            raise KeyError(_unknown(name, cls.names(), ledger)) from None
        sweep = cls.__new__(cls)
        sweep._set_up(spec.base, spec.axes, spec.mode, spec.places, name)  # noqa: SLF001  its own
        sweep.max_cost, sweep.max_jobs, sweep.concurrency = spec.max_cost, spec.max_jobs, spec.concurrency
        sweep.provider_id, sweep.base_url = spec.provider, spec.base_url
        given = None if provider is None else choice.resolve(provider)
        try:
            sweep._maker = choice.provider_for(spec.provider, spec.base_url, given)  # noqa: SLF001  its own
        except ConfigurationError:
            sweep._maker = None  # noqa: SLF001  what was made can be looked at without a key
        sweep._read()  # noqa: SLF001  its own
        sweep._take_up()  # noqa: SLF001  the same
        return sweep

    @staticmethod
    def names() -> list[str]:
        """Every sweep of the ledger, the newest first.

        Raises:
            StorageError: The ledger cannot be read.
        """
        ledger = open_ledger()
        return ledger.call(memory.names, ledger)

    @classmethod
    def from_studio(cls, studio: Any, axes: Mapping[str, Any] | None = None, **given: Any) -> Sweep:
        """A sweep over the form of a Studio as it is now, at the provider that it shows.

            sw.Sweep.from_studio(studio, seed=range(3), resolution=["480p", "720p"], max_cost=5)

        Args:
            studio: A `Studio`.
            axes: As for `Sweep`.
            **given: Axes by their names, and whatever else `Sweep` takes.

        Raises:
            SweepError: As for `Sweep`.
            TypeError: A keyword that is neither; the message holds the nearest one.
        """
        request = arguments.read_base(studio)
        varied, options = axis_rules.split_options(request, given)
        made: Any = axes
        if varied and (axes is None or isinstance(made, Mapping)):  # anything else is refused below
            made = {**(axes or {}), **varied}
        return cls(request, made, **{"provider": getattr(studio, "provider", None), **options})

    def plan(self, cells: Any = None, *, preview: bool = False) -> Plan:
        """What becomes of every cell, and what that costs; sends nothing. Reads images and the ledger.

        Args:
            cells: Which, as for `run`; all by default.
            preview: Everything at 480p, or the smallest size that a model makes.
        """
        if self._saved:
            self.book.read(self.ledger, self.name, self.cells)  # what was done since, here and elsewhere
        return plan_of(self, self._chosen(cells), _stage(preview=preview))

    def run(self, cells: Any = None, *, preview: bool = False, max_cost: float | None = None) -> Outcome:
        """Make the videos of all cells that have none; starts at once, await it for the end.

        What runs is not sent again, what failed only by `retry`, and what is not known never. One failure stops no
        other cell: it is in `cell.error`.

        Args:
            cells: A cell, several, their numbers, or a dict of axis values; all by default. `sweep.starred` makes the
                chosen ones.
            preview: Everything at 480p, or the smallest size that a model makes: look, star the best, then run those.
            max_cost: What the sweep may cost in all; a provider that bills needs it here or in `Sweep`.

        Returns:
            What can be awaited, for the cells.

        Raises:
            SweepError: (when awaited) It is billed and nothing was agreed, or it goes over the cap; nothing was sent.
        """
        return self._start(
            "running the sweep", self._chosen(cells), preview=preview, max_cost=max_cost, again=frozenset()
        )

    def retry(
        self,
        cells: Any = None,
        *,
        preview: bool | None = None,
        looked: bool = False,
        max_cost: float | None = None,
    ) -> Outcome:
        """Send those cells again that failed, expired or were cancelled, or whose file is gone.

        Args:
            cells: Which, as for `run`; by default all that failed.
            preview: Those of the previews, or not; by default the previews where nothing else has failed.
            looked: Send those too of which is not known whether they were made: you have looked at the provider's
                console, and they are not there. Else they would be bought twice.
            max_cost: As for `run`.

        Raises:
            SweepError: It is not known whether these cells were made, and `looked` is False.
        """
        stage, failed = self.failed(cells, preview=preview, looked=looked)
        if (
            cells is not None
            and not failed
            and (lost := [one for one in self._chosen(cells) if one.state == "unknown"])
        ):
            raise SweepError(
                f"whether cell {lost[0].index} was made is not known, so that it is not sent again by itself. Look at "
                f"the provider's console; if it is not there, retry({lost[0].index}, looked=True) sends it again."
            )
        again: frozenset[Fate] = frozenset({"failed", "lost"} if looked else {"failed"})
        preview = stage == "preview"
        return self._start("sending again what failed", failed, preview=preview, max_cost=max_cost, again=again)

    def failed(self, cells: Any = None, *, preview: bool | None = None, looked: bool = False) -> tuple[Stage, Cells]:
        """What `retry` sends: the stage, and the cells that failed there; looks at the disk.

        Args:
            cells: Which, as for `run`; by default all.
            preview: As for `retry`.
            looked: As for `retry`.
        """
        chosen = self._chosen(cells)
        finals = [] if preview else [cell for cell in chosen if self._has_failed(cell, "final", looked=looked)]
        if finals or preview is False:
            return "final", Cells(finals)
        previews = [cell for cell in chosen if cell.job is None and self._has_failed(cell, "preview", looked=looked)]
        return ("preview" if previews or preview else "final"), Cells(previews)

    def pause(self) -> None:
        """Send nothing more for now; what was sent goes on."""
        self.runner.pause()
        self.changed()

    def resume(self) -> None:
        """Go on sending after a pause."""
        self.runner.resume()
        self.changed()

    def cancel(self, cells: Any = None) -> Outcome:
        """Send nothing more, and cancel what is queued at the provider; what runs there goes on, and is billed.

        Args:
            cells: Which, as for `run`; by default all.
        """
        chosen = self._chosen(cells)
        return Outcome("cancelling", self.runner.cancel(self, chosen), self.runner.loop)

    def mark(
        self, cell: Cell | int, *, star: bool | None = None, rating: int | None = None, note: str | None = None
    ) -> None:
        """Star a cell, rate it from 1 to 5 (0: no rating) or write a note to it; kept in the ledger.

        Raises:
            SweepError: No such cell, or a rating that is none.
            StorageError: It cannot be written.
        """
        one = self._one(cell)
        rating, note = arguments.read_mark(star, rating, note)
        self.save()
        with self.book.marking:
            mark = self.ledger.call(memory.write_mark, self.ledger, self.name, one.index, star, rating, note)
            self.book.set_mark(one, mark)
        self.changed()

    @property
    def provider(self) -> Provider | None:
        """Who makes the videos; None where its key is missing. Another one may be set while nothing waits to be sent.

        Raises:
            SweepError: Cells wait to be sent to the one that was planned.
            ConfigurationError: No such provider, or its key is missing.
        """
        return self._maker

    @provider.setter
    def provider(self, provider: Provider | Simulator | str) -> None:
        maker = choice.resolve(provider)
        if (self.unsent or self.deciding) and maker.id != self.provider_id:
            raise SweepError(f"cells wait to be sent to {self.provider_label}; let them end, or cancel them first.")
        self._maker, self.provider_id, self.base_url = maker, maker.id, maker.base_url
        for cell in self.cells:  # what another one refuses and bills is another matter
            for known in ("problems", "estimate", "preview_estimate"):
                cell.__dict__.pop(known, None)

    @property
    def max_cost(self) -> float | None:
        """What may be spent in all, in the provider's currency; None where nothing was said."""
        return self._max_cost

    @max_cost.setter
    def max_cost(self, max_cost: float | None) -> None:
        self._max_cost = arguments.read_cap(max_cost)

    @property
    def max_jobs(self) -> int | None:
        """How many jobs it may have in all; None where nothing was said."""
        return self._max_jobs

    @max_jobs.setter
    def max_jobs(self, max_jobs: int | None) -> None:
        self._max_jobs = arguments.read_count("max_jobs", max_jobs)

    @property
    def concurrency(self) -> int | None:
        """How many jobs may be under way at once; None for three times what the provider runs at once."""
        return self._concurrency

    @concurrency.setter
    def concurrency(self, concurrency: int | None) -> None:
        self._concurrency = arguments.read_count("concurrency", concurrency)

    @property
    def jobs(self) -> JobList:
        """Every job of the sweep, previews too, each once."""
        return JobList(self.book.jobs)

    @property
    def starred(self) -> Cells:
        """The cells with a star."""
        return Cells(cell for cell in self.cells if cell.star)

    @property
    def videos(self) -> list[Any]:
        """The videos that are there, in the order of the cells."""
        return self.cells.videos

    @property
    def billed(self) -> bool:
        """Whether it costs money."""
        return not self.provider_id.startswith("simulator:")

    @property
    def provider_label(self) -> str:
        """How people call the provider."""
        return choice.label_of(self.provider_id)

    @property
    def spent(self) -> float:
        """What its jobs cost, in the provider's currency; those under way by their estimate. Reused videos are free."""
        return self.book.spent

    @property
    def to_come(self) -> list[VideoRequest]:
        """What will be sent when its turn comes."""
        runner = self.book.runner
        return [] if runner is None else [one.line.request for one in list(runner.sendings)]

    @property
    def paused(self) -> bool:
        """Whether sending is held up."""
        runner = self.book.runner
        return runner is not None and runner.paused

    @property
    def held(self) -> bool:
        """Whether anything waits to be sent, and is held up."""
        return self.paused and self.unsent

    @property
    def unsent(self) -> bool:
        """Whether anything waits to be sent."""
        return bool(self.book.waiting) or any(job.status == "pending" for job in self.book.jobs)

    @property
    def deciding(self) -> bool:
        """Whether a run was begun that has not decided yet what it sends."""
        runner = self.book.runner
        return runner is not None and runner.loop.is_running() and runner.undecided

    @property
    def running(self) -> bool:
        """Whether anything is under way or waits for its turn."""
        return bool(self.book.waiting) or any(not job.done for job in self.book.jobs)

    @property
    def measured(self) -> dict[str, dict[str, Any]]:
        """What was measured, by the path of the video."""
        return self.book.measured

    @property
    def layout(self) -> Layout:
        """Where the cells lie when they are shown."""
        return layout_of(self.axes, self.mode, [cell.place for cell in self.cells])

    def measure(self, executor: Executor | None = None, cells: Any = None) -> Cells:
        """Add columns computed from the videos' files; the notebook's jobs go on meanwhile.

        They are the columns of `seedance_widgets.sweep.measure.COLUMNS`: fidelity to first and last frame (PSNR in dB,
        SSIM), motion, sharpness, flicker, loop seam, brightness. What is measured already is not measured again.

        Args:
            executor: Any `concurrent.futures.Executor`, such as Dask's `Client.get_executor()`; by default a pool of
                processes on this machine.
            cells: Which, as for `run`; by default all that have a video.

        Returns:
            The cells that have a video.

        Raises:
            SweepError: That is no executor.
        """
        chosen = Cells(cell for cell in self._chosen(cells) if cell.video is not None)
        bridge.run(asyncio.to_thread(measure_cells, self, chosen, executor))
        self.changed()
        return chosen

    def keep_measured(self, found: Mapping[str, Mapping[str, Any]]) -> None:
        """Write what was measured to the ledger, by the path of the video. Blocking."""
        self.ledger.call(memory.write_measured, self.ledger, found)

    def export(self, path: str | os.PathLike[str], *, overwrite: bool = False, **how: Any) -> Path:
        """Write the grid to a file; the suffix says as what. The notebook's jobs go on meanwhile.

        Args:
            path: `.png` a contact sheet, `.mp4` all videos in step, `.html` a page with the videos, `.csv` a table.
            overwrite: Replace a file that is there.
            **how: `width` in pixels of one picture (`.png`, `.mp4`), `times` in seconds (`.png`).

        Returns:
            Where it is.

        Raises:
            SweepError: Another suffix, or something that is too large; the message says what to do.
            FileExistsError: There is such a file, and `overwrite` is False.
            StorageError: It cannot be written.
        """
        return bridge.run(asyncio.to_thread(export_grid, self, path, overwrite=overwrite, **how))

    def contact_sheet(self, **how: Any) -> PIL.Image.Image:
        """Every picture in its place, as one image.

        Args:
            **how: `width` in pixels of one picture, `times` in seconds.
        """
        return draw_contact_sheet(sheets_of(self.cells, self.layout), **how)

    def summary(self) -> str:
        """How it stands, in one line."""
        return f"{counted(self.cells)}{' · paused' if self.held else ''}"

    def __iter__(self) -> Iterator[Cell]:
        return iter(self.cells)

    def __len__(self) -> int:
        return len(self.cells)

    @overload
    def __getitem__(self, wanted: int) -> Cell: ...
    @overload
    def __getitem__(self, wanted: slice) -> Cells: ...
    @overload
    def __getitem__(self, wanted: Mapping[str, Any]) -> Cell | Cells: ...
    def __getitem__(self, wanted: Any) -> Cell | Cells:
        """A cell by its number, or by values of the axes: the one cell, or all that have these values."""
        if isinstance(wanted, slice):
            return Cells(self.cells[wanted])
        if isinstance(wanted, Mapping):
            found = self._by_values(wanted)
            return found[0] if len(found) == 1 else found
        if isinstance(wanted, int) and not isinstance(wanted, bool):
            return self._one(wanted)
        raise KeyError(f"a cell is found by its number or by a dict such as {{'seed': 1}}, not by {wanted!r}.")

    def rows(self) -> list[dict[str, Any]]:
        """One flat dict per cell: values, state, cost, file, marks and what was measured."""
        return [cell.row() for cell in self.cells]

    def to_pandas(self) -> Any:
        """The rows as a `pandas.DataFrame`, one line per cell.

        Raises:
            ConfigurationError: pandas is not installed.
        """
        return columns.to_pandas(self.rows())

    @cached_property
    def ledger(self) -> Ledger:
        """Where it is remembered."""
        return open_ledger()

    @property
    def runner(self) -> Runner:
        """What sends its cells, on the loop that runs now: a script may have several, one after the other."""
        with self.book.making:  # two threads that begin at once have one runner, or each would send all
            runner = self.book.runner
            if runner is None or not runner.loop.is_running():
                if runner is not None:
                    runner.abandon()
                runner = self.book.runner = Runner(self.book)
            return runner

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop on which its jobs live."""
        return self.runner.loop

    def save(self) -> None:
        """Write it to the ledger, with its images. Blocking.

        Raises:
            SweepError: Another sweep has this name.
            StorageError: It cannot be written.
        """
        spec = Spec(
            self.base,
            self.axes,
            self.mode,
            tuple(cell.place for cell in self.cells),
            self.max_cost,
            self.max_jobs,
            self.concurrency,
            self.provider_id,
            self.base_url,
        )
        self.ledger.call(memory.write_spec, self.ledger, self.name, spec, known=self._saved)
        if not self._saved:
            self._read()

    def changed(self, job: Job | None = None) -> None:
        """Tell whoever listens; with the job that changed, or without where it may be anything."""
        self.book.changed(job)

    @contextlib.contextmanager
    def listening(self, listener: Callable[[Job | None], Any]) -> Iterator[None]:
        """Call `listener(job)` at every change, on any thread; job is None where any cell may have changed."""
        with self.book.listening(listener):
            yield

    def __repr__(self) -> str:
        axes = " x ".join(f"{len(axis):,} {axis.title}" for axis in self.axes) or "the base"
        return f"Sweep({self.name!r}: {axes}; {self.summary()})"

    def _ipython_display_(self) -> None:
        if bridge.kernel() is None:
            print(repr(self))  # noqa: T201  a terminal
            return
        # By name: only what is shown may load ipywidgets, and the widgets lie above this layer.
        importlib.import_module("seedance_widgets.widgets.sweep_view").show(self)

    def _start(
        self, what: str, cells: Sequence[Cell], *, preview: bool, max_cost: float | None, again: frozenset[Fate]
    ) -> Outcome:
        cap = arguments.read_cap(max_cost)
        if self._maker is None:
            self._maker = choice.provider_for(self.provider_id, self.base_url)  # says which key is missing
        if self.paused:
            if self.unsent or self.deciding:
                raise SweepError(
                    "the sweep is paused, and some of its cells wait: sweep.resume() goes on with them, and then this "
                    "may be sent too. Nothing was sent."
                )
            self.runner.resume()  # what it was paused for has been cancelled
        work = self.runner.begin(self, cells, _stage(preview=preview), again=again, max_cost=cap)
        # Only `run`, called as before, waits for the same and buys nothing more.
        wait = "`sweep` shows how it stands" if again else "the same `await sweep.run(...)` waits for it again"
        stopped = f"the sweep goes on: {wait}, `sweep.cancel()` sends no more of it."
        return Outcome(what, work, self.runner.loop, lambda: progress_bar(self, cells), stopped)

    def _read(self) -> None:
        """Take over what the ledger knows, and what another object of this sweep is doing; blocking."""
        self._saved = True
        shared = _books.setdefault((self.ledger, self.name), self.book)
        if shared is not self.book:
            shared.take_listeners_of(self.book)
            self.book = shared
        self.book.read(self.ledger, self.name, self.cells)

    def _take_up(self) -> None:
        """Follow what a kernel that was restarted has left under way; sends nothing."""
        Outcome("taking up what was under way", self.runner.take_up(self), self.runner.loop)

    def _has_failed(self, cell: Cell, stage: Stage, *, looked: bool = False) -> bool:
        if self.book.trouble(cell, stage) is not None:
            return looked or not self.book.lost(cell, stage)
        job = self.book.job_of(cell, stage)
        if job is None:
            return False
        return job.status in FAILED or (looked and job.status == "unknown") or (stage == "final" and cell.gone)

    def _chosen(self, cells: Any) -> list[Cell]:
        if cells is None:
            return list(self.cells)
        if isinstance(cells, (Cell, int)):
            return [self._one(cells)]
        if isinstance(cells, Mapping):
            return list(self._by_values(cells))
        if isinstance(cells, Iterable) and not isinstance(cells, (str, bytes)):
            return [self._one(cell) for cell in cells]
        raise SweepError(f"cells are given as cells, numbers or a dict such as {{'seed': 1}}; {cells!r} is none.")

    def _one(self, cell: Any) -> Cell:
        if isinstance(cell, Cell) and cell.sweep is self:
            return cell
        if isinstance(cell, int) and not isinstance(cell, bool) and -len(self.cells) <= cell < len(self.cells):
            return self.cells[cell]
        raise SweepError(f"{cell!r} is no cell of this sweep, whose cells are numbered 0 to {len(self.cells) - 1}.")

    def _by_values(self, wanted: Mapping[str, Any]) -> Cells:
        axes = {axis.name: (number, axis) for number, axis in enumerate(self.axes)}
        places: list[tuple[int, list[int]]] = []
        for name, value in wanted.items():
            if name not in axes:
                close = difflib.get_close_matches(str(name), list(axes), n=1, cutoff=0.5)
                hint = f"did you mean {close[0]!r}?" if close else f"its axes are {', '.join(axes) or 'none'}."
                raise KeyError(f"this sweep has no axis {name!r}; {hint}")
            number, axis = axes[name]
            at = axis.index_of(value)
            if not at:
                raise KeyError(axis.lacks(value))
            places.append((number, at))
        found = Cells(cell for cell in self.cells if all(cell.place[number] in at for number, at in places))
        if not found:
            raise KeyError(f"no cell has {dict(wanted)!r}: it was left out by exclude, or lies in no row of a zip.")
        return found


def _stage(*, preview: bool) -> Stage:
    return "preview" if preview else "final"


def _unknown(name: Any, known: Sequence[str], ledger: Ledger) -> str:
    close = difflib.get_close_matches(str(name), known, n=1, cutoff=0.5)
    hint = f"did you mean {close[0]!r}?" if close else f"there is {', '.join(known[:_LATEST]) or 'none yet'}."
    return f"no sweep is called {name!r} in {ledger.folder}; {hint}"
