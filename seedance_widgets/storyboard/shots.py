"""Shots: what each one asks for, what it shows, and how it stands."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterable, Mapping, Sized
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, fields
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from seedance_widgets.catalog import find_model, provider_facts
from seedance_widgets.errors import SweepError
from seedance_widgets.request import Image, VideoRequest, check, estimate
from seedance_widgets.request.model import IMAGE_FIELDS
from seedance_widgets.request.plain import said_by

if TYPE_CHECKING:
    from seedance_widgets.jobs import Job
    from seedance_widgets.request import Estimate, Problem
    from seedance_widgets.storyboard.storyboard import Storyboard
    from seedance_widgets.storyboard.takes import Take
    from seedance_widgets.video import Video

ADAPTIVE = "adaptive"
MOST_SHOTS = 1000
NO_SHOT = "there is no shot yet; board.insert(0, 'The boat leaves') puts one in."
_FIELDS = tuple(one.name for one in fields(VideoRequest))
_OF_ITS_OWN = ("first_frame_url", "reference_image_urls")  # a shot that names one of these is a cut


@dataclass(frozen=True)
class Outlook:
    """What a shot will ask as things stand, what is wrong with that, and what it will make and cost.

    Args:
        start: What it starts with: the video before, or a picture in place of its last frame; None for neither.
    """

    start: Any
    request: VideoRequest
    problems: tuple[Problem, ...]
    estimate: Estimate


@dataclass(eq=False)
class Shot:
    """One shot of a storyboard.

    Args:
        board: Whose.
        given: The fields of `VideoRequest` in which it differs from the base.
        made: The take that it shows; None before it was sent.
        job: The job of that; None before, and where nothing is known of it.
        trouble: Why it could not be sent, or empty.
        held: The run left it out: the shot before gave it nothing to start with.
        lost: Nobody can tell whether its job was sent: it is never sent again by itself.
        waiting: Its turn is still to come.
        outdated: What it shows was made from something that has changed since: its own fields, or the shot before.
        looked: Its outlook as it was found last, or None.
    """

    board: Storyboard
    given: dict[str, Any]
    made: Take | None = None
    job: Job | None = None
    trouble: str = ""
    held: bool = False
    lost: bool = False
    waiting: bool = field(default=False, repr=False)
    outdated: bool = False
    _place: int = field(default=0, repr=False)
    _plain: dict[str, Any] | None = field(default=None, repr=False)
    looked: Outlook | None = field(default=None, repr=False)

    @property
    def index(self) -> int:
        """Its number, from 0 on; -1 once it was taken out."""
        shots = self.board.shots
        if self._place < len(shots) and shots[self._place] is self:
            return self._place
        return next((number for number, shot in enumerate(shots) if shot is self), -1)

    @property
    def prompt(self) -> str:
        """What happens in it."""
        return str(self.given.get("prompt", self.board.base.prompt))

    @property
    def plain(self) -> dict[str, Any]:
        """Its fields as the ledger writes them. Blocking: it may read images, once."""
        if self._plain is None:
            self._plain = self.board.plain(self.given)
        return self._plain

    @property
    def is_cut(self) -> bool:
        """Whether it starts with a picture of its own, or with none: wherever it stands, it waits for no other one."""
        return any(self.given.get(name) for name in _OF_ITS_OWN)

    @property
    def before(self) -> Shot | None:
        """The shot with whose last frame it starts; None for the first one and after a cut."""
        index = self.index
        return None if index < 1 or self.is_cut else self.board.shots[index - 1]

    @property
    def video(self) -> Video | None:
        """Its video; None before there is one. An outdated shot keeps its old one until it is made anew."""
        return None if self.job is None else self.job.video

    @property
    def under_way(self) -> bool:
        """Whether it is being made, or its turn is still to come."""
        return self.waiting or (self.job is not None and not self.job.done)

    @property
    def ready(self) -> Video | None:
        """The video with whose last frame the next shot can start; None where it is still to be made, or made anew."""
        return None if self.outdated else self.video

    @property
    def not_ready(self) -> str:
        """Why the next shot cannot start with the last frame of this one, or empty."""
        if self.video is None:
            begun = self.job is not None or self.trouble  # else its state would be a look at its images
            return "which failed" if begun and self.state == "failed" else "which has no video"
        if self.outdated:
            return "which is outdated"
        return "which could not be made anew" if self.trouble or self.held else ""

    @property
    def state(self) -> str:
        """planned, waiting, invalid, outdated, or the status of its job."""
        if self.waiting:
            return "waiting"
        if self.job is not None and not self.job.done:
            return self.job.status
        if self.trouble:
            return "unknown" if self.lost else "failed"
        if self.job is not None:
            return "outdated" if self.outdated else self.job.status
        return "invalid" if self.refusal else "planned"

    @property
    def error(self) -> Exception | None:
        """What went wrong, or why a run left it out; or None."""
        if self.trouble:
            return SweepError(self.trouble)
        before = self.before if self.held else None
        if before is not None and (what := before.not_ready):
            return SweepError(f"it starts with the last frame of shot {before.index}, {what}.")
        return None if self.job is None else self.job.error

    @property
    def request(self) -> VideoRequest:
        """What is asked; before the shot before is made, with a picture of that size in place of its last frame."""
        return self.outlook.request

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What `sw.check` finds; a shot with an error is not sent."""
        return self.outlook.problems

    @property
    def refusal(self) -> str:
        """Why it cannot be sent, or empty."""
        return next((one.message for one in self.problems if one.severity == "error"), "")

    @property
    def estimate(self) -> Estimate:
        """What it will make and cost."""
        return self.outlook.estimate

    @property
    def outlook(self) -> Outlook:
        """Request, problems and estimate; what was found out is kept until something changes. Blocking."""
        chain, before = [self], self.before
        # The size of one that is not made is known only by what comes before it, up to one that was looked at: to go
        # to the first shot for each of a thousand would take a minute.
        while before is not None and before.ready is None and before.looked is None:
            chain.append(before)
            before = before.before
        start: Any = None if before is None else before.ready
        if before is not None and start is None and before.looked is not None:
            start = _in_place_of(before.looked)
        for shot in reversed(chain):
            found = shot.looked_at(start)
            start = _in_place_of(found)
        return found

    def looked_at(self, start: Any) -> Outlook:
        """Its outlook where it starts with this video or picture, or with neither."""
        found = self.looked
        if found is None or found.start is not start:
            provider = self.board.provider or self.board.provider_id
            request = self._built({} if start is None else {"first_frame_url": start})
            found = Outlook(start, request, check(request, provider), estimate(request, provider))
            self.looked = found
        return found

    def change(self, given: dict[str, Any]) -> None:
        """Give it other fields. Blocking.

        Raises:
            StorageError: An image cannot be kept; nothing has changed.
        """
        self._plain = self.board.plain(given)
        self.given, self.trouble, self.held = given, "", False

    def put(self, place: int) -> None:
        """It stands here, and what it will ask is looked at anew."""
        self._place, self.looked = place, None

    def take(self, take: Take | None, job: Job | None, lost: str) -> None:
        """This take is what it is now; with None, what it shows is outdated."""
        self.outdated = take is None and self.made is not None
        if take is None and self.lost:  # what it is now is something else
            self.made, self.job, self.trouble, self.lost, self.outdated = None, None, "", False, False
        elif take is not None and (take is not self.made or lost):
            self.made, self.job, self.trouble, self.held, self.lost = take, job, lost, False, bool(lost)

    def __repr__(self) -> str:
        index = self.index
        return f"<Shot {index if index >= 0 else '(taken out)'}: {self.prompt!r}: {self.state}>"

    def _built(self, start: dict[str, Any]) -> VideoRequest:
        values = {**self.given, **start}
        if start:
            values = {"last_frame_url": None, "reference_image_urls": (), **values}
        elif self.index > 0:  # a cut: the base's pictures belong to the first shot
            values = {**dict.fromkeys(IMAGE_FIELDS), **values}
        for one, other in (("duration", "frames"), ("frames", "duration")):
            if self.given.get(one) is not None and other not in self.given:
                values[other] = None
        request = self.board.base.replace(**values)
        model = find_model(str(request.model))
        if model is not None and request.mode in model.adaptive_only and "ratio" not in self.given:
            request = request.replace(ratio=ADAPTIVE)
        return self._with_last_frame(request)

    def _with_last_frame(self, request: VideoRequest) -> VideoRequest:
        """Ask for the last frame as a picture where the provider gives it without a word of complaint."""
        if request.return_last_frame or "return_last_frame" in self.given:
            return request
        asked = request.replace(return_last_frame=True)
        fine = not any(one.field == "return_last_frame" for one in check(asked, self.board.provider))
        return asked if fine and self.board.wire == "ark" else request


def read_shots(given: Any) -> list[dict[str, Any]]:
    """The fields of each shot of a list.

    Raises:
        SweepError: It is no list, holds too many, or one that is none.
        TypeError: An unknown field; the message holds the nearest name.
    """
    if isinstance(given, (str, bytes, Mapping, AbstractSet)) or not isinstance(given, Iterable):  # a set has no order
        raise SweepError(
            f"shots must be a list of prompts, such as ['The boat leaves', 'It lands']; {type(given).__name__} is not."
        )
    try:
        listed = list(itertools.islice(given, MOST_SHOTS + 1))
    except Exception as error:  # a foreign iterator may raise anything
        raise SweepError(f"the shots could not be gone through: {said_by(error)}.") from error
    if len(listed) > MOST_SHOTS:
        count = f"{len(given):,}" if isinstance(given, Sized) else f"more than {MOST_SHOTS:,}"
        raise SweepError(f"a storyboard has at most {MOST_SHOTS:,} shots, and these are {count}; make several of it.")
    return [read_shot(one) for one in listed]


def read_shot(given: Any) -> dict[str, Any]:
    """The fields of a shot, from a prompt, a dict or a `VideoRequest`.

    Raises:
        SweepError: It is something else, or has no prompt.
        TypeError: An unknown field; the message holds the nearest name.
    """
    if isinstance(given, str):
        given = {"prompt": str(given)}  # numpy's texts are texts of their own
    elif isinstance(given, VideoRequest):
        defaults = VideoRequest("")
        values = {name: getattr(given, name) for name in _FIELDS}
        given = {name: value for name, value in values.items() if name == "prompt" or value != getattr(defaults, name)}
    if not isinstance(given, Mapping):
        raise SweepError(
            f"a shot is a prompt, a dict of fields such as {{'prompt': 'The boat lands'}}, or a VideoRequest; "
            f"{type(given).__name__} is not."
        )
    if not isinstance(given.get("prompt"), str) or not given["prompt"].strip():
        raise SweepError("a shot needs a prompt that says what happens in it.")
    request = VideoRequest(**given)  # an unknown name is a TypeError with the nearest one
    return {name: getattr(request, name) for name in given}


def wire_of(provider_id: str) -> str:
    """Which wire this provider speaks: `ark` or `acedata`."""
    return provider_facts(provider_id.rpartition(":")[2]).wire


def _in_place_of(found: Outlook) -> Image:
    return _stand_in(found.estimate.width or 1280, found.estimate.height or 720)


@lru_cache(maxsize=32)
def _stand_in(width: int, height: int) -> Image:
    """A picture of the size of a video that is not made yet."""
    from PIL import Image as Pillow  # noqa: PLC0415  only where a plan is made

    data = io.BytesIO()
    Pillow.new("1", (width, height)).save(data, "PNG")
    return Image(data.getvalue(), name="the last frame of the shot before")
