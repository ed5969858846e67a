"""Storyboard: shots in order, each starting where the one before ends."""

from __future__ import annotations

import asyncio
import difflib
import importlib
from typing import TYPE_CHECKING, Any

from seedance_widgets import choice
from seedance_widgets.errors import ConfigurationError, SweepError
from seedance_widgets.jobs import Job, job_of, live_tracks, open_ledger
from seedance_widgets.notebook import loop as bridge
from seedance_widgets.request import VideoRequest
from seedance_widgets.request.estimate import money
from seedance_widgets.request.names import suggest_names
from seedance_widgets.storyboard import memory
from seedance_widgets.storyboard.join import join
from seedance_widgets.storyboard.memory import Spec
from seedance_widgets.storyboard.run import Runner, price_of
from seedance_widgets.storyboard.shots import Shot, read_shot, wire_of
from seedance_widgets.sweep import arguments
from seedance_widgets.sweep.listeners import Listened
from seedance_widgets.sweep.run import Outcome
from seedance_widgets.video import Video

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from seedance_widgets.jobs import Ledger
    from seedance_widgets.providers.base import Provider
    from seedance_widgets.simulator import Simulator
    from seedance_widgets.storyboard.join import How

_FAILED = frozenset({"failed", "expired", "cancelled"})


@suggest_names
class Storyboard(Listened):
    """Shots in order, each starting with the last frame of the one before, joined to one film.

        board = sw.Storyboard(["The boat leaves", "It passes the lighthouse", "It lands"], base=base, name="voyage")
        await board.run()
        film = board.join("voyage.mp4")

    A shot that names its own `first_frame_url`, or reference images, is a cut: it waits for no other one. Changed
    shots, and those after them, are outdated, and are made anew by `run`. With a name it goes on where it was.

    Args:
        shots: Each a prompt, a dict of `VideoRequest` fields with a prompt, or a `VideoRequest`.
        base: What the shots have in common, the first one's picture too; a `VideoRequest` or what has one.
        name: What it is called in the ledger; by default `board-` and six signs.
        provider: Who makes the videos; by default `sw.provider()`.
        max_cost: What may be spent in one run, in the provider's currency; `float("inf")` for any amount.

    Attributes:
        joined_by: How `join` wrote the last film: `copy` (no picture was encoded again) or `encode`; empty before.

    Raises:
        SweepError: No shot, one that is none, or a value out of range.
        TypeError: A shot has an unknown field; the message holds the nearest name.
        ConfigurationError: No such provider, or its key is missing.
    """

    def __init__(
        self,
        shots: Sequence[Any],
        *,
        base: Any = None,
        name: str | None = None,
        provider: Provider | Simulator | str | None = None,
        max_cost: float | None = None,
    ) -> None:
        if isinstance(shots, (str, dict)) or not shots:
            raise SweepError("shots must be a list with at least one prompt, such as ['The boat leaves', 'It lands'].")
        self.base = VideoRequest("") if base is None else arguments.read_base(base)
        self.provider: Provider | None = choice.resolve(provider)
        self._set_up(
            [Shot(self, read_shot(one)) for one in shots],
            arguments.read_name(name).replace("sweep-", "board-", 1 if name is None else 0),
            arguments.read_cap(max_cost),
            self.provider.id,
            self.provider.base_url,
        )
        if name is not None and self.name in self.names():
            self._adopt(self.ledger.call(memory.read, self.ledger, self.name))

    def _set_up(self, shots: list[Shot], name: str, cap: float | None, provider_id: str, base_url: str) -> None:
        super().__init__()
        self.shots = shots
        self.name = name
        self.max_cost = cap
        self.provider_id = provider_id
        self.base_url = base_url
        self.wire = wire_of(provider_id)
        self.joined_by: How | str = ""
        self.taken_up = False
        self._made_runner: Runner | None = None

    @classmethod
    def load(cls, name: str, provider: Provider | Simulator | str | None = None) -> Storyboard:
        """The storyboard with this name, with every video that was made for it; sends nothing.

        Raises:
            KeyError: No such storyboard; the message holds the nearest name.
            SweepError: What the ledger says of it is damaged; its videos are in `sw.jobs()`.
            StorageError: The ledger cannot be read.
        """
        ledger = open_ledger()
        try:
            spec = ledger.call(memory.read, ledger, name)
        except KeyError:
            close = difflib.get_close_matches(str(name), cls.names(), n=1, cutoff=0.5)
            hint = f"did you mean {close[0]!r}?" if close else f"there is {', '.join(cls.names()[:5]) or 'none yet'}."
            raise KeyError(f"no storyboard is called {name!r} in {ledger.folder}; {hint}") from None
        board = cls.__new__(cls)
        board.base = spec.base
        given = None if provider is None else choice.resolve(provider)
        try:
            board.provider = choice.provider_for(spec.provider, spec.base_url, given)
        except ConfigurationError:
            board.provider = None  # what was made can be looked at without a key
        shots = [Shot(board, given) for given, _ in spec.shots]
        board._set_up(shots, name, spec.max_cost, spec.provider, spec.base_url)  # noqa: SLF001  its own
        board._take_over(spec, follow=True)  # noqa: SLF001  the same
        return board

    @staticmethod
    def names() -> list[str]:
        """Every storyboard of the ledger, the newest first."""
        ledger = open_ledger()
        return ledger.call(memory.names, ledger)

    @property
    def ledger(self) -> Ledger:
        """Where it is remembered."""
        return open_ledger()

    @property
    def billed(self) -> bool:
        """Whether it costs money."""
        return not self.provider_id.startswith("simulator:")

    @property
    def videos(self) -> list[Video]:
        """The videos that are there, in the order of the shots."""
        return [shot.video for shot in self.shots if shot.video is not None]

    def to_make(self, again: Sequence[Shot] = ()) -> list[Shot]:
        """The shots that `run` would send: never made, or outdated; and those whose start will change by that.

        Args:
            again: Shots that are to be made anew, whatever they are now.
        """
        wanted: list[Shot] = []
        for shot in self.shots:
            begins_anew = shot.before in wanted
            missing = shot.job is None or _may_be_sent_again(shot.job) or shot.outdated
            if shot in again or ((begins_anew or missing) and not shot.under_way and not shot.lost):
                wanted.append(shot)
        return wanted

    def plan(self) -> str:
        """What `run` would send and what that costs, in one line for each shot."""
        wanted = self.to_make()
        lines = []
        for shot in self.shots:
            expected = shot.estimate
            fate = (shot.refusal or str(expected)) if shot in wanted else shot.state
            lines.append(f"{shot.index:>3}  {shot.prompt}: {fate}")
        price, unpriced = price_of(wanted)
        cost = money(price, wanted[0].estimate.currency) if wanted and self.billed else "free"
        total = f"{len(self.shots)} shots · {len(wanted)} to make · {cost}"
        return "\n".join([total + (f" and {unpriced} of unknown price" if unpriced else ""), *lines])

    def run(self, *, max_cost: float | None = None) -> Outcome:
        """Make the shots that are missing or outdated, each when the one before is there; cuts go side by side.

        Starts at once; await it for the end. A shot that fails stops those that start with its last frame, no other
        one; run again, it is sent again.

        Args:
            max_cost: What this run may cost; a provider that bills needs it here or in `Storyboard`.

        Raises:
            SweepError: (when awaited) It is billed and nothing was agreed, it goes over the cap, or a shot cannot be
                sent as it is; nothing was sent.
        """
        return self._start(max_cost, ())

    def rerun(self, index: int, *, max_cost: float | None = None, **changes: Any) -> Outcome:
        """Make a shot anew, with changed fields or as it is, and those after it that start with its last frame.

        Args:
            index: Its number.
            max_cost: As for `run`.
            **changes: Fields of `VideoRequest`.
        """
        shot = self._shot(index)
        if shot.under_way:
            raise SweepError(f"shot {index} is under way; let it end, or cancel its job, before it is made anew.")
        if changes:
            self.edit(index, **changes)
        return self._start(max_cost, (shot,))

    def edit(self, index: int, **changes: Any) -> Shot:
        """Change fields of a shot; None takes a field back to the base. Nothing is sent.

        Raises:
            SweepError: No such shot, or no prompt left.
            TypeError: An unknown field; the message holds the nearest name.
        """
        shot = self._shot(index)
        kept = {
            name: value for name, value in {**shot.given, **changes}.items() if value is not None or name == "prompt"
        }
        shot.given = read_shot(kept)
        shot.trouble = ""
        self.save()
        return shot

    def insert(self, index: int, shot: Any) -> Shot:
        """Put a new shot before the one with this number; at the end with `len(board.shots)`."""
        made = Shot(self, read_shot(shot))
        self.shots.insert(index, made)
        self.save()
        return made

    def remove(self, index: int) -> None:
        """Take a shot out; its video stays in the ledger."""
        if len(self.shots) == 1:
            raise SweepError("a storyboard has at least one shot; edit this one instead.")
        self.shots.remove(self._shot(index))
        self.save()

    def move(self, index: int, to: int) -> None:
        """Give a shot another place."""
        shot = self._shot(index)
        self._shot(to)
        self.shots.remove(shot)
        self.shots.insert(to, shot)
        self.save()

    def join(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> Video:
        """One film of all shots; the notebook's jobs go on meanwhile. `joined_by` tells whether it was encoded anew.

        Raises:
            SweepError: A shot has no video yet, or the name does not end in .mp4.
            FileExistsError: There is such a file, and `overwrite` is False.
            VideoFileError: A shot's file is gone.
            StorageError: It cannot be written.
        """
        missing = [str(shot.index) for shot in self.shots if shot.video is None]
        if missing:
            raise SweepError(f"shot {', '.join(missing)} has no video yet; run the storyboard first.")
        self.joined_by = bridge.run(asyncio.to_thread(join, self.videos, path, overwrite=overwrite))
        return Video.open(path)

    def plain(self, given: dict[str, Any]) -> dict[str, Any]:
        """A shot's fields as the ledger writes them."""
        return memory.plain_fields(self.ledger.folder, given)

    def save(self) -> None:
        """Write it to the ledger. Blocking."""
        spec = Spec(
            self.base,
            tuple((shot.given, shot.made) for shot in self.shots),
            self.max_cost,
            self.provider_id,
            self.base_url,
        )
        self.ledger.call(memory.write, self.ledger, self.name, spec)
        self.changed()

    def __len__(self) -> int:
        return len(self.shots)

    def __repr__(self) -> str:
        states = ", ".join(shot.state for shot in self.shots)
        return f"Storyboard({self.name!r}: {len(self.shots)} shots: {states})"

    def _ipython_display_(self) -> None:
        if bridge.kernel() is None:
            print(repr(self))  # noqa: T201  a terminal
            return
        # By name: only what is shown may load ipywidgets, and the widgets lie above this layer.
        importlib.import_module("seedance_widgets.widgets.storyboard_view").show(self)

    @property
    def _runner(self) -> Runner:
        """Of the loop that runs now: a script may have several, one after the other."""
        if self._made_runner is None or not self._made_runner.loop.is_running():
            self._made_runner = Runner(self)
        return self._made_runner

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop on which its jobs live."""
        return self._runner.loop

    def _start(self, max_cost: float | None, again: Sequence[Shot]) -> Outcome:
        cap = arguments.read_cap(max_cost)
        if self.provider is None:
            self.provider = choice.provider_for(self.provider_id, self.base_url)  # says which key is missing
        return Outcome(
            "making the shots", self._runner.run(self.max_cost if cap is None else cap, again), self._runner.loop
        )

    def _adopt(self, spec: Spec) -> None:
        """Go on with what was made under this name, where it is the same storyboard."""
        ours = [self.plain(shot.given) for shot in self.shots]
        theirs = [self.plain(given) for given, _ in spec.shots]
        if ours != theirs or self.base.content_hash != spec.base.content_hash or spec.provider != self.provider_id:
            raise SweepError(
                f"there is a storyboard called {self.name!r} with other shots; sw.Storyboard.load({self.name!r}) goes "
                "on with it, or choose another name."
            )
        self._take_over(spec)

    def _take_over(self, spec: Spec, *, follow: bool = False) -> None:
        """Find the jobs of the shots; blocking."""
        ledger = self.ledger
        ids = [made.job for _, made in spec.shots if made is not None]
        known = ledger.call(ledger.find_many, ids)
        live = live_tracks(ledger)
        for shot, (_, made) in zip(self.shots, spec.shots, strict=True):
            if made is None:
                continue
            record = known.get(made.job)
            if made.job in live:
                shot.job = Job(live[made.job])
            elif record is not None:
                shot.job = job_of(ledger, record)
            elif made.job in known:
                shot.lost = True
                shot.trouble = (
                    f"the ledger's row of job {made.job} is damaged: it may have been made and billed. Look at the "
                    "provider's console."
                )
            else:
                continue  # it was never sent
            shot.made = made
        if follow:
            bridge.start(self.loop, self._runner.take_up())

    def _shot(self, index: Any) -> Shot:
        if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index < len(self.shots):
            raise SweepError(f"there is no shot {index!r}; the shots are numbered 0 to {len(self.shots) - 1}.")
        return self.shots[index]


def _may_be_sent_again(job: Job) -> bool:
    """Whether it failed, and there is no video at the provider that only has to be fetched."""
    return job.status in _FAILED and job.card().ready_at is None
