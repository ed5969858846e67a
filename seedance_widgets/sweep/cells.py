"""Cells: one request of a sweep each, with its job, its video and what a person thinks of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from seedance_widgets.catalog import find_model
from seedance_widgets.markup import text_only
from seedance_widgets.request import Estimate, Problem, VideoRequest, check, estimate
from seedance_widgets.sweep.axes import RANDOM, REPEAT, takes_seed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from seedance_widgets.jobs import Job
    from seedance_widgets.sweep.memory import Mark
    from seedance_widgets.sweep.sweep import Sweep
    from seedance_widgets.video import Video

Stage = Literal["final", "preview"]
_SHOWN = 20  # cells of a list that is shown, each in one line
PREVIEW = "480p"  # the cheapest size that every Seedance model makes


class Cell:
    """One cell of a sweep.

    Args:
        sweep: Whose cell it is.
        index: Its number, from 0 on.
        place: Its coordinates, one index per axis.
        values: What it takes on each axis, by the axis's name.
        request: What is asked.
    """

    def __init__(
        self, sweep: Sweep, index: int, place: tuple[int, ...], values: dict[str, Any], request: VideoRequest
    ) -> None:
        self.sweep = sweep
        self.index = index
        self.place = place
        self.values = values
        self.request = request

    @property
    def labels(self) -> dict[str, str]:
        """The values as short texts, by the axis's name."""
        return {axis.name: axis.labels[i] for axis, i in zip(self.sweep.axes, self.place, strict=True)}

    @cached_property
    def problems(self) -> tuple[Problem, ...]:
        """What `sw.check` finds; a cell with an error is not sent. Reads local images."""
        return check(self.request, self.sweep.provider or self.sweep.provider_id)

    @property
    def refusal(self) -> str:
        """Why it is not sent, or empty."""
        return next((problem.message for problem in self.problems if problem.severity == "error"), "")

    @cached_property
    def estimate(self) -> Estimate:
        """What it will make and cost."""
        return estimate(self.request, self.sweep.provider or self.sweep.provider_id)

    @property
    def remark(self) -> str:
        """What is special about it, or empty."""
        if self.state == "unknown":
            call = f"sweep.retry({self.index}, looked=True)"
            return f"Look at the provider's console; if it is not there, {call} sends it again."
        if "seed" in self.values and not takes_seed(self.request):
            if self.sweep.mode == "zip":  # its neighbours differ in more than the seed
                return f"{self.request.model} takes no seed; it is not sent, and every run is different."
            return f"{self.request.model} takes no seed: this is repeat {self.values_index('seed') + 1}."
        return ""

    def values_index(self, axis: str) -> int:
        """Where it lies on this axis."""
        return next(i for one, i in zip(self.sweep.axes, self.place, strict=True) if one.name == axis)

    @cached_property
    def key(self) -> str:
        """Equal for cells that are one and the same video: equal requests, unless each draws a seed of its own."""
        return self._key(self.request)

    @cached_property
    def preview_request(self) -> VideoRequest:
        """The same at 480p, or at the smallest size that the model makes."""
        model = find_model(str(self.request.model))
        sizes = model.resolutions_in(self.request.mode) if model is not None else (PREVIEW,)
        return self.request.replace(resolution=PREVIEW if PREVIEW in sizes else sizes[0])

    @cached_property
    def preview_key(self) -> str:
        """As `key`, for the preview."""
        return self._key(self.preview_request)

    @cached_property
    def preview_estimate(self) -> Estimate:
        """What the preview will make and cost."""
        return estimate(self.preview_request, self.sweep.provider or self.sweep.provider_id)

    def final_request(self) -> VideoRequest:
        """The request as it is sent: with the seed that the preview was made with, where it drew one."""
        preview = self.preview
        drawn = preview.seed if preview is not None and preview.status == "succeeded" else None
        if self.request.seed == RANDOM and drawn is not None and takes_seed(self.request):
            return self.request.replace(seed=drawn)
        return self.request

    @property
    def changes(self) -> dict[str, Any]:
        """The fields in which its request differs from the sweep's base."""
        base = self.sweep.base
        return {
            field.name: value
            for field in fields(VideoRequest)
            if (value := getattr(self.request, field.name)) is not (other := getattr(base, field.name))
            and value != other
        }

    def key_at(self, stage: Stage) -> str:
        """The key of its video, or of its preview."""
        return self.key if stage == "final" else self.preview_key

    @property
    def job(self) -> Job | None:
        """Its job; None before it is sent. Cells with equal requests have one and the same."""
        return self.sweep.book.job_of(self, "final")

    @property
    def preview(self) -> Job | None:
        """The job of its preview, where there was one."""
        return self.sweep.book.job_of(self, "preview")

    @property
    def current(self) -> Job | None:
        """Its job, or before that the job of its preview."""
        return self.job or self.preview

    @property
    def preview_only(self) -> bool:
        """Whether it has a preview, and no job of its own yet."""
        return self.job is None and self.preview is not None

    @property
    def video(self) -> Video | None:
        """Its video, or before that its preview; None while there is neither."""
        for job in (self.job, self.preview):
            if job is not None and job.video is not None:
                return job.video
        return None

    @property
    def gone(self) -> bool:
        """Whether it was made, and its file is no longer there; looks at the disk."""
        job = self.job
        return job is not None and job.status == "succeeded" and (job.video is None or not job.video.path.is_file())

    @property
    def error(self) -> Exception | None:
        """What went wrong, or None."""
        for stage in ("final", "preview"):
            if error := self.sweep.book.trouble(self, stage):
                return error
        return None if self.current is None else self.current.error

    @property
    def state(self) -> str:
        """invalid, planned, waiting (its turn will come), or the status of its job."""
        book = self.sweep.book
        if book.is_waiting(self):
            return "waiting"
        if book.lost(self, "final") or book.lost(self, "preview"):
            return "unknown"
        if book.trouble(self, "final") or book.trouble(self, "preview"):
            return "failed"
        if self.current is not None:
            return self.current.status
        return "invalid" if self.refusal else "planned"

    @property
    def mark(self) -> Mark:
        """Star, rating and note; `cell.star = True` or `sweep.mark(cell, star=True)` sets them."""
        return self.sweep.book.mark(self)

    @property
    def star(self) -> bool:
        """Whether it is one of the chosen. Set, it is kept as by `sweep.mark`; so are rating and note."""
        return self.mark.star

    @star.setter
    def star(self, star: bool | None) -> None:
        self.sweep.mark(self, star=False if star is None else star)

    @property
    def rating(self) -> int | None:
        """What a person gave it, from 1 to 5; None before."""
        return self.mark.rating

    @rating.setter
    def rating(self, rating: int | None) -> None:
        self.sweep.mark(self, rating=0 if rating is None else rating)

    @property
    def note(self) -> str:
        """What a person wrote to it, or empty."""
        return self.mark.note

    @note.setter
    def note(self, note: str | None) -> None:
        self.sweep.mark(self, note="" if note is None else note)

    def row(self) -> dict[str, Any]:
        """Everything that is known of it, as one flat row of plain values."""
        job, video = self.current, self.video
        row: dict[str, Any] = {"cell": self.index}
        for name, value in self.values.items():
            plain = value is None or isinstance(value, (str, int, float, bool))
            row[name] = value if plain and name not in _IMAGES else self.labels[name]
        row |= {
            "state": self.state,
            "preview": self.preview_only,
            "used_seed": None if job is None else job.seed,
            "tokens": None if job is None else job.tokens,
            "price": None if job is None else job.price,
            "currency": None if job is None else job.currency,
            "seconds": None if job is None or not job.done else round(job.elapsed, 3),
            "estimated_tokens": self.estimate.tokens,
            "job": None if job is None else job.id,
            "task_id": None if job is None else job.task_id,
            "video": None if video is None else str(video.path),
            "error": None if self.error is None else str(self.error),
            "refusal": self.refusal or None,
            "star": self.mark.star,
            "rating": self.mark.rating,
            "note": self.mark.note or None,
        }
        return row | (self.sweep.book.measured.get(str(video.path), {}) if video is not None else {})

    def words(self) -> str:
        """Its values in one line: `seed 1 · 720p`."""
        parts = (axis.titled(i) for axis, i in zip(self.sweep.axes, self.place, strict=True))
        return " · ".join(parts) or "the base"

    def __repr__(self) -> str:
        return f"<Cell {self.index}: {self.words()}: {self.state}>"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        line, video = repr(self), self.video
        if video is None:
            return {"text/plain": line}
        shown = video._repr_mimebundle_()
        words = text_only(f"<div>{escape(line)}</div>")
        return {**shown, "text/plain": f"{line}\n{shown['text/plain']}", "text/html": words + shown["text/html"]}

    def _key(self, request: VideoRequest) -> str:
        if request.seed != RANDOM and takes_seed(request):
            return request.content_hash
        drawn = [self.values[REPEAT]] if REPEAT in self.values else []
        if "seed" in self.values and not takes_seed(request):
            drawn.append(self.values_index("seed"))
        return f"{request.content_hash} {drawn}" if drawn else request.content_hash


_IMAGES = frozenset({"first_frame_url", "last_frame_url", "reference_image_urls"})


class Cells(list[Cell]):
    """Some cells of a sweep; says how they stand in one line, shows each in one, and tells its jobs and videos."""

    @property
    def jobs(self) -> list[Job]:
        """The jobs of those that have one, each once."""
        return list({job.id: job for cell in self if (job := cell.current) is not None}.values())

    @property
    def videos(self) -> list[Video]:
        """The videos of those that have one."""
        return [video for cell in self if (video := cell.video) is not None]

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(self._told_of(name), name=name, obj=self)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(self._told_of(name), name=name, obj=self)

    def __repr__(self) -> str:
        return counted(self)

    def _repr_pretty_(self, printer: Any, _: bool) -> None:
        lines = [repr(self)]
        if self and len(self) == len(self[0].sweep):  # what `await sweep.run()` gives: the grid shows each already
            printer.text(lines[0])
            return
        lines += map(repr, self[:_SHOWN])
        if (left := len(self) - _SHOWN) > 0:
            lines.append(f"and {left:,} more {'cell' if left == 1 else 'cells'}")
        printer.text("\n".join(lines))

    def _told_of(self, name: str) -> str:
        """What to say to an attribute that these do not have: most likely one cell was expected."""
        if not hasattr(Cell, name) and not any(name in vars(cell) for cell in self[:1]):
            return f"{type(self).__name__!r} object has no attribute {name!r}"
        if not self:
            return f"there is no cell here that could have its {name}."
        differing = [
            axis.name for i, axis in enumerate(self[0].sweep.axes) if len({cell.place[i] for cell in self}) > 1
        ]
        found = "1 cell was found" if len(self) == 1 else f"{len(self):,} cells were found"
        alone = f", or find one alone by more axis values: {', '.join(differing)}" if differing else ""
        every = f"all by .{name}s" if name in {"job", "video"} else "each in a loop"
        return f"{found}, and each has its own {name}: take one by [0], {every}{alone}."


# States in words for people; one that is not here is a word for people itself.
WORDS = {
    "succeeded": "done",
    "invalid": "not possible",
    "planned": "not sent",
    "waiting": "waiting",
    "failed": "failed",
    "unknown": "not known",
}


def counted(cells: Iterable[Cell]) -> str:
    """How many cells are in which state: `12 cells · 9 done · 1 running`."""
    counts = counts_of(cells)
    number = sum(counts.values())
    total = "1 cell" if number == 1 else f"{number:,} cells"
    words = {**WORDS, "preview": "preview" if counts["preview"] == 1 else "previews"}
    return " · ".join([total, *(f"{count:,} {words.get(state, state)}" for state, count in counts.items())])


def counts_of(cells: Iterable[Cell]) -> Counter[str]:
    """How many cells are in which state; those of which only the preview is made are `preview`, and not done."""
    states = ((cell, cell.state) for cell in cells)
    return Counter("preview" if state == "succeeded" and cell.preview_only else state for cell, state in states)
