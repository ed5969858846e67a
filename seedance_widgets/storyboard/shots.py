"""Shots: what each one asks for, and what it was made from."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from seedance_widgets.catalog import find_model, provider_facts
from seedance_widgets.errors import SweepError
from seedance_widgets.request import Image, VideoRequest, check, estimate
from seedance_widgets.request.model import IMAGE_FIELDS

if TYPE_CHECKING:
    from seedance_widgets.jobs import Job
    from seedance_widgets.request import Estimate, Problem
    from seedance_widgets.storyboard.storyboard import Storyboard
    from seedance_widgets.video import Video

ADAPTIVE = "adaptive"
_FIELDS = tuple(one.name for one in fields(VideoRequest))
_OF_ITS_OWN = ("first_frame_url", "reference_image_urls")  # a shot that names one of these is a cut


@dataclass
class Made:
    """What a shot's job was made from.

    Args:
        job: The job's id; written down before anything of it is sent.
        given: The shot's fields then, as the ledger writes them.
        before: The job of the shot before, whose last frame it started with; empty after a cut.
    """

    job: str
    given: dict[str, Any]
    before: str = ""


@dataclass(eq=False)
class Shot:
    """One shot of a storyboard.

    Args:
        board: Whose.
        given: The fields of `VideoRequest` in which it differs from the base.
        made: What its job was made from; None before it was sent.
        job: Its job; None before, and where nothing is known of it.
        trouble: Why it could not be sent, or empty.
        lost: Nobody can tell whether its job was sent: it is never sent again by itself.
    """

    board: Storyboard
    given: dict[str, Any]
    made: Made | None = None
    job: Job | None = None
    trouble: str = ""
    lost: bool = False
    waiting: bool = field(default=False, repr=False)

    @property
    def index(self) -> int:
        """Its number, from 0 on."""
        return self.board.shots.index(self)

    @property
    def prompt(self) -> str:
        """What happens in it."""
        return str(self.given.get("prompt", self.board.base.prompt))

    @property
    def before(self) -> Shot | None:
        """The shot with whose last frame it starts; None for the first one and after a cut."""
        index = self.index
        if index == 0 or any(self.given.get(name) for name in _OF_ITS_OWN):
            return None
        return self.board.shots[index - 1]

    @property
    def video(self) -> Video | None:
        """Its video; None before there is one. An outdated shot keeps its old one until it is made anew."""
        return None if self.job is None else self.job.video

    @property
    def under_way(self) -> bool:
        """Whether it is being made, or its turn is still to come."""
        return self.waiting or (self.job is not None and not self.job.done)

    @property
    def outdated(self) -> bool:
        """Whether it was made from something that has changed since: its own fields, or the shot before."""
        if self.made is None:
            return False
        before = self.before
        if self.made.given != self.board.plain(self.given):
            return True
        if before is None:
            return bool(self.made.before)
        return before.outdated or before.made is None or before.made.job != self.made.before

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
        """What went wrong, or None."""
        if self.trouble:
            return SweepError(self.trouble)
        return None if self.job is None else self.job.error

    @property
    def request(self) -> VideoRequest:
        """What is asked; before the shot before is made, with a picture of that size in place of its last frame."""
        before = self.before
        if before is None:
            return self._built({})
        if before.video is not None and not before.outdated:
            return self._built({"first_frame_url": before.video})
        return self._built({"first_frame_url": _stand_in(before.estimate)})

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What `sw.check` finds; a shot with an error is not sent."""
        return check(self.request, self.board.provider)

    @property
    def refusal(self) -> str:
        """Why it cannot be sent, or empty."""
        return next((one.message for one in self.problems if one.severity == "error"), "")

    @property
    def estimate(self) -> Estimate:
        """What it will make and cost."""
        return estimate(self.request, self.board.provider)

    def __repr__(self) -> str:
        return f"<Shot {self.index}: {self.prompt!r}: {self.state}>"

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


def read_shot(given: Any) -> dict[str, Any]:
    """The fields of a shot, from a prompt, a dict or a `VideoRequest`.

    Raises:
        SweepError: It is something else, or has no prompt.
        TypeError: An unknown field; the message holds the nearest name.
    """
    if isinstance(given, str):
        given = {"prompt": given}
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


def _stand_in(expected: Estimate) -> Image:
    """A picture of the size of a video that is not made yet."""
    from PIL import Image as Pillow  # noqa: PLC0415  only where a plan is made

    data = io.BytesIO()
    Pillow.new("RGB", (expected.width or 1280, expected.height or 720)).save(data, "PNG")
    return Image(data.getvalue(), name="the last frame of the shot before")
