"""Storyboard: shots in order, each starting where the one before ends."""

from __future__ import annotations

import asyncio
import contextlib
import difflib
import importlib
import threading
import weakref
from typing import TYPE_CHECKING, Any, overload

from seedance_widgets import choice
from seedance_widgets.errors import ConfigurationError, SeedanceError, SweepError
from seedance_widgets.jobs import open_ledger
from seedance_widgets.notebook import loop as bridge
from seedance_widgets.request import VideoRequest
from seedance_widgets.request.estimate import money
from seedance_widgets.request.names import suggest_names
from seedance_widgets.request.plain import printable
from seedance_widgets.storyboard import memory
from seedance_widgets.storyboard.join import join
from seedance_widgets.storyboard.memory import Spec
from seedance_widgets.storyboard.run import Runner, price_of
from seedance_widgets.storyboard.shots import MOST_SHOTS, NO_SHOT, Shot, read_shot, read_shots, wire_of
from seedance_widgets.storyboard.takes import Takes
from seedance_widgets.sweep import arguments
from seedance_widgets.sweep.listeners import Listened
from seedance_widgets.sweep.outcome import Outcome
from seedance_widgets.video import Video

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping, Sequence

    from seedance_widgets.jobs import Job, Ledger
    from seedance_widgets.providers.base import Provider
    from seedance_widgets.simulator import Simulator
    from seedance_widgets.storyboard.join import How
    from seedance_widgets.storyboard.takes import Take

_FAILED = frozenset({"failed", "expired", "cancelled"})
# Each storyboard that is in use: all objects of one share its state, or each of them would buy its shots.
_boards: weakref.WeakValueDictionary[tuple[Ledger, str], Storyboard] = weakref.WeakValueDictionary()


class Plan(str):
    """What a run of a storyboard would send, as text; a notebook shows its lines as they are, without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


@suggest_names
class Storyboard(Listened):
    """Shots in order, each starting with the last frame of the one before, joined to one film.

        board = sw.Storyboard(["The boat leaves", "It passes the lighthouse", "It lands"], base=base, name="voyage")
        await board.run()
        film = board.join("voyage.mp4")

    A shot that names its own `first_frame_url`, or reference images, is a cut: it waits for no other one. Changed
    shots, and those after them, are outdated, and are made anew by `run`. With a name it goes on where it was; without
    shots it begins empty, or with the shots that the name has.

    Args:
        shots: Each a prompt, a dict of `VideoRequest` fields with a prompt, or a `VideoRequest`.
        base: What the shots have in common, the first one's picture too; a `VideoRequest` or what has one.
        name: What it is called in the ledger; by default `board-` and six signs.
        provider: Who makes the videos; by default `sw.provider()`.
        max_cost: What may be spent in one run, in the provider's currency; `float("inf")` for any amount.

    Attributes:
        joined_by: How `join` wrote the last film: `copy` (no picture was encoded again) or `encode`; empty before.

    Raises:
        SweepError: A shot that is none, or a value out of range.
        TypeError: A shot has an unknown field; the message holds the nearest name.
        ConfigurationError: No such provider, or its key is missing.
    """

    def __init__(
        self,
        shots: Sequence[Any] = (),
        *,
        base: Any = None,
        name: str | None = None,
        provider: Provider | Simulator | str | None = None,
        max_cost: float | None = None,
    ) -> None:
        given = read_shots(shots)
        request = None if base is None else arguments.read_base(base)
        cap = arguments.read_cap(max_cost)
        called = arguments.read_name(name).replace("sweep-", "board-", 1 if name is None else 0)
        if name is not None and not given and called in self.names():  # at the provider that it has, without a key too
            self.__dict__ = type(self).load(called, provider).__dict__  # all objects of one share their state
            self._become([], request, None, cap)
            return
        maker = choice.resolve(provider)
        self._set_up(called, request or VideoRequest(""), cap, maker.id, maker.base_url)
        self._provider: Provider | None = maker
        if name is None:
            self.shots += [Shot(self, one) for one in given]
            self.settle()
        else:
            self._go_on_by_name(given, request, maker, cap)

    def _set_up(self, name: str, base: VideoRequest, cap: float | None, provider_id: str, base_url: str) -> None:
        super().__init__()
        self.name = name
        self._base = base
        self._max_cost = cap
        self._provider = None
        self.provider_id, self.base_url, self.wire = provider_id, base_url, wire_of(provider_id)
        self.shots: list[Shot] = []
        self.takes = Takes()
        self.joined_by: How | str = ""
        self.lock = threading.RLock()
        self._text = ""  # what the ledger had when this process read or wrote it last
        self._made_runner: Runner | None = None
        self._first = self  # all objects of one storyboard share this state, whose shots belong to the first of them

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
        given = None if provider is None else choice.resolve(provider)
        board = _boards.get((ledger, name))
        if board is None:
            board = cls.__new__(cls)
            board._set_up(name, spec.base, spec.max_cost, spec.provider, spec.base_url)  # noqa: SLF001  its own
        board._read(spec)  # noqa: SLF001  the same
        if board.provider is None or given is not None:
            # What was made can be looked at without a key.
            with contextlib.suppress(ConfigurationError):
                board._ask(choice.provider_for(spec.provider, spec.base_url, given))  # noqa: SLF001  the same
        board.settle()
        board = _boards.setdefault((ledger, name), board)
        board._take_up()  # noqa: SLF001  the same
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
    def provider(self) -> Provider | None:
        """Who makes the videos; None where the key is missing. Another one is refused while a shot is under way."""
        return self._provider

    @provider.setter
    def provider(self, given: Provider | Simulator | str | None) -> None:
        if given is None:  # it is chosen again when it is needed, the same one
            self._provider = None
        else:
            self._ask(choice.resolve(given))
        self.changed()

    def _ask(self, maker: Provider) -> None:
        """Have this provider make the videos, and be written and reckoned as its."""
        with self.lock:
            # What is under way was agreed to at that one's prices. A simulator's address changes with each kernel.
            other = maker.id != self.provider_id or (maker.billed and maker.base_url != self.base_url)
            if other and any(shot.under_way for shot in self.shots):
                raise SweepError(
                    f"shots are under way at {choice.label_of(self.provider_id)}; let them end, or cancel their jobs, "
                    "before another provider makes the next ones."
                )
            self._provider = maker
            self.provider_id, self.base_url, self.wire = maker.id, maker.base_url, wire_of(maker.id)
            for place, shot in enumerate(self.shots):
                shot.put(place)  # what was reckoned is another provider's

    @property
    def base(self) -> VideoRequest:
        """What every shot has where it says nothing of its own. Another one may be set while no shot is under way.

        Raises:
            SweepError: It holds no request, or a shot is under way: the rest was agreed to at the price that it has.
            StorageError: It cannot be written down; nothing has changed.
        """
        return self._base

    @base.setter
    def base(self, base: Any) -> None:
        base = arguments.read_base(base)
        with self._change():
            self._must_stand_still("what all of them begin with is changed")
            self._base = base

    @property
    def max_cost(self) -> float | None:
        """What may be spent in one run, in the provider's currency; None where that was not said."""
        return self._max_cost

    @max_cost.setter
    def max_cost(self, given: float | None) -> None:
        self._max_cost = arguments.read_cap(given)

    @property
    def billed(self) -> bool:
        """Whether it costs money."""
        # Whom we ask decides, and what is written of it where there is no key.
        return not self.provider_id.startswith("simulator:") or (self._provider is not None and self._provider.billed)

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
            begins_anew = bool(wanted) and shot.before is wanted[-1]
            missing = shot.job is None or _may_be_sent_again(shot.job) or shot.outdated
            if shot in again or ((begins_anew or missing) and not shot.under_way and not shot.lost):
                wanted.append(shot)
        return wanted

    def plan(self) -> Plan:
        """What `run` would send and what that costs, in one line for each shot."""
        self.settle()  # files may have come or gone since
        wanted = self.to_make()
        lines = []
        for shot in self.shots:
            fate = (shot.refusal or str(shot.estimate)) if shot in wanted else shot.state
            lines.append(f"{shot.index:>3}  {printable(shot.prompt)}: {fate}")
        price, unpriced = price_of(wanted)
        cost = money(price, wanted[0].estimate.currency) if wanted and self.billed else "free"
        total = f"{len(self.shots)} shots · {len(wanted)} to make · {cost}"
        return Plan("\n".join([total + (f" and {unpriced} of unknown price" if unpriced else ""), *lines]))

    def run(self, *, max_cost: float | None = None) -> Outcome:
        """Make the shots that are missing or outdated, each when the one before is there; cuts go side by side.

        Starts at once; await it for the end. A shot that fails stops those that start with its last frame, no other
        one: they are not sent, and their `error` says why. Run again, it is sent again.

        Args:
            max_cost: What this run may cost; a provider that bills needs it here or in `Storyboard`.

        Raises:
            SweepError: (when awaited) It is billed and nothing was agreed, it goes over the cap, or a shot cannot be
                sent as it is; nothing was sent.
        """
        return self._start(max_cost, {})

    def rerun(self, index: int, *, max_cost: float | None = None, **changes: Any) -> Outcome:
        """Make a shot anew, with changed fields or as it is, and those after it that start with its last frame.

        Args:
            index: Its number.
            max_cost: As for `run`.
            **changes: Fields of `VideoRequest`.

        Raises:
            SweepError: (when awaited, as for `run`) It was made anew already since this was called.
        """
        shot = self._shot(index)
        if shot.under_way:
            raise SweepError(f"shot {index} is under way; let it end, or cancel its job, before it is made anew.")
        if changes:
            self.edit(index, **changes)
        return self._start(max_cost, {shot: shot.made})

    def cancel(self) -> Outcome:
        """Send no more shots of the run that is under way, and cancel those that are still queued at the provider.

        What runs there goes on, since it is billed anyway. Await the returned object for a sentence that says what was
        done.
        """
        return Outcome("cancelling", self._runner.cancel(), self.loop)

    def edit(self, index: int, **changes: Any) -> Shot:
        """Change fields of a shot; None takes a field back to the base. Nothing is sent.

        A change that is taken back brings the video back that was made before it.

        Raises:
            SweepError: No such shot, no prompt left, or it is under way.
            TypeError: An unknown field; the message holds the nearest name.
        """
        with self._change():
            shot = self._shot(index)
            if shot.under_way:
                raise SweepError(f"shot {index} is under way; let it end, or cancel its job, before it is changed.")
            given = {**shot.given, **changes}
            shot.change(read_shot({name: given[name] for name in given if given[name] is not None or name == "prompt"}))
        return shot

    def insert(self, index: Any, shot: Any) -> Shot:
        """Put a new shot before the one with this number; at the end with `len(board.shots)`.

        Raises:
            SweepError: It is no shot, there is no such place, or a shot is under way and this is not the end.
            TypeError: An unknown field; the message holds the nearest name.
        """
        made = Shot(self._first, read_shot(shot))
        if len(self.shots) >= MOST_SHOTS:
            raise SweepError(f"a storyboard has at most {MOST_SHOTS:,} shots, and so many are there already.")
        with self._change():
            if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index <= len(self.shots):
                raise SweepError(f"a shot is put at a place from 0 to {len(self.shots)}; {index!r} is none.")
            if index < len(self.shots):
                self._must_stand_still()
            self.shots.insert(index, made)
        return made

    def remove(self, index: int) -> None:
        """Take a shot out; its video stays in the ledger.

        Raises:
            SweepError: No such shot, or a shot is under way.
        """
        with self._change():
            shot = self._shot(index)
            self._must_stand_still()
            self.shots.remove(shot)

    def move(self, index: int, to: int) -> None:
        """Give a shot another place.

        Raises:
            SweepError: No such shot or place, or a shot is under way.
        """
        with self._change():
            shot = self._shot(index)
            self._shot(to)
            self._must_stand_still()
            self.shots.remove(shot)
            self.shots.insert(to, shot)

    def join(self, path: str | os.PathLike[str], *, overwrite: bool = False, outdated: bool = False) -> Video:
        """One film of all shots; the notebook's jobs go on meanwhile. `joined_by` tells whether it was encoded anew.

        Args:
            path: The new file.
            overwrite: Replace a file that is there.
            outdated: Join shots that have changed since they were made too, with the videos that they still have.

        Raises:
            SweepError: There is no shot, one has no video yet or has changed since it was made, or the name does not
                end in .mp4.
            FileExistsError: There is such a file, and `overwrite` is False.
            VideoFileError: A shot's file is gone.
            StorageError: It cannot be written.
        """
        if not self.shots:
            raise SweepError(NO_SHOT)
        if missing := [shot.index for shot in self.shots if shot.video is None]:
            has = "has" if len(missing) == 1 else "have"
            raise SweepError(f"{_called(missing)} {has} no video yet; run the storyboard first.")
        if older := [shot.index for shot in self.shots if shot.outdated and not outdated]:
            one = len(older) == 1
            changed = "has changed since it was made" if one else "have changed since they were made"
            it, as_it_is = ("it", "it is") if one else ("them", "they are")
            raise SweepError(
                f"{_called(older)} {changed}; run() makes {it} anew, join(..., outdated=True) joins {it} as {as_it_is}."
            )
        self.joined_by = bridge.run(asyncio.to_thread(join, self.videos, path, overwrite=overwrite))
        return Video.open(path)

    def plain(self, given: dict[str, Any]) -> dict[str, Any]:
        """A shot's fields as the ledger writes them."""
        return memory.plain_fields(self.ledger.folder, given)

    def settle(self) -> None:
        """Give each shot the video that was made for it as it is now, where there is one. Blocking."""
        with self.lock:
            self.takes.look_again()
            self.takes.settle(self.shots, self.base)

    def look_again(self) -> None:
        """The same where a job that had failed has gone on since: `sw.resume` may have fetched its video. Blocking."""
        with self.lock:
            if self.takes.look_again():
                self.takes.settle(self.shots, self.base)

    def save(self) -> None:
        """Write it to the ledger. Blocking.

        Raises:
            SweepError: Another process has written it since it was read.
            StorageError: It cannot be written.
        """
        self.write()
        self.changed()

    def write(self) -> None:
        """The same, and tell nobody."""
        with self.lock:
            spec = Spec(
                self.base,
                tuple((shot.plain, "" if shot.made is None else shot.made.job) for shot in self.shots),
                tuple(self.takes),
                self.max_cost,
                self.provider_id,
                self.base_url,
            )
            ledger = self.ledger
            self._text = ledger.call(memory.write, ledger, self.name, spec, self._text)
            _boards.setdefault((ledger, self.name), self._first)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Storyboard) and self._first is other._first

    def __hash__(self) -> int:
        return id(self._first)

    def __len__(self) -> int:
        return len(self.shots)

    def __iter__(self) -> Iterator[Shot]:
        return iter(self.shots)

    @overload
    def __getitem__(self, wanted: int) -> Shot: ...
    @overload
    def __getitem__(self, wanted: slice) -> list[Shot]: ...
    def __getitem__(self, wanted: Any) -> Shot | list[Shot]:
        """A shot by its number, from the end too, or some of them by a slice."""
        if isinstance(wanted, slice):
            return self.shots[wanted]
        if isinstance(wanted, bool) or not isinstance(wanted, int):
            raise TypeError(f"a shot is found by its number, such as board[0], not by {wanted!r}.")
        if not -len(self.shots) <= wanted < len(self.shots):
            raise IndexError(self._no_shot(wanted))
        return self.shots[wanted]

    def __repr__(self) -> str:
        with contextlib.suppress(SeedanceError):  # what is known is shown where the ledger cannot be read
            self.look_again()
        states = ", ".join(shot.state for shot in self.shots)
        return f"Storyboard({self.name!r}: {len(self.shots)} shots{': ' if states else ''}{states})"

    def _ipython_display_(self) -> None:
        if bridge.kernel() is None:
            print(repr(self))  # noqa: T201  a terminal
            return
        # By name: only what is shown may load ipywidgets, and the widgets lie above this layer.
        importlib.import_module("seedance_widgets.widgets.storyboard_view").show(self._first)

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

    def _start(self, max_cost: float | None, again: Mapping[Shot, Take | None]) -> Outcome:
        cap = arguments.read_cap(max_cost)
        if self._provider is None:
            self._ask(choice.provider_for(self.provider_id, self.base_url))  # says which key is missing
        work = self._runner.run(self.max_cost if cap is None else cap, again)
        stopped = "the storyboard goes on: `await board.run()` waits for it, and makes what is missing then."
        return Outcome("making the shots", work, self._runner.loop, stopped=stopped)

    @contextlib.contextmanager
    def _change(self) -> Iterator[None]:
        """Change the shots or their base: when this is left it is written down, or nothing has changed. Blocking."""
        with self.lock:
            base, shots = self._base, list(self.shots)
            # The loop writes into those that are under way, at any time, and no change is made to them.
            before = [(shot, vars(shot).copy()) for shot in shots if not shot.under_way]
            try:
                yield
                self.settle()
                self.write()
            except BaseException:
                self._base, self.shots[:] = base, shots
                for shot, values in before:
                    vars(shot).update(values)
                with contextlib.suppress(SeedanceError):
                    self.settle()
                raise
        self.changed()

    def _must_stand_still(self, before: str = "shots come to other places") -> None:
        for shot in self.shots:
            if shot.under_way:
                raise SweepError(f"shot {shot.index} is under way; let it end, or cancel its job, before {before}.")

    def _go_on_by_name(
        self, given: list[dict[str, Any]], base: VideoRequest | None, maker: Provider, cap: float | None
    ) -> None:
        """Be what the ledger, or another object, has under this name, with these shots."""
        ledger = self.ledger
        first = _boards.get((ledger, self.name), self)
        try:
            spec = ledger.call(memory.read, ledger, self.name)
        except KeyError:  # it is new
            pass
        else:
            first._read(spec)  # noqa: SLF001  its own
        first._become(given, base, maker, cap)  # noqa: SLF001  the same
        _boards[ledger, self.name] = first
        # Two objects that each had shots and jobs of their own would buy everything twice.
        self.__dict__ = first.__dict__
        if self._text:
            self._take_up()

    def _take_up(self) -> None:
        """Follow what a kernel that was restarted has left under way; sends nothing."""
        Outcome("taking up what was under way", self._runner.take_up(), self.loop)

    def _read(self, spec: Spec) -> None:
        """Take over what the ledger has, where that is news and nothing is under way here; blocking."""
        with self.lock:
            if spec.text == self._text or any(shot.under_way for shot in self.shots):
                return
            self._base, self._max_cost = spec.base, spec.max_cost
            self.provider_id, self.base_url, self.wire = spec.provider, spec.base_url, wire_of(spec.provider)
            self.takes.read(self.ledger, spec.takes, spec.owner)
            takes = {take.job: take for take in self.takes}
            self.shots[:] = [Shot(self._first, given) for given, _ in spec.shots]
            for shot, (_, job_id) in zip(self.shots, spec.shots, strict=True):
                if (take := takes.get(job_id)) is not None:
                    shot.take(take, self.takes.job(take), self.takes.lost(take))
            self._text = spec.text
            self.settle()
        self.changed()

    def _become(
        self, given: list[dict[str, Any]], base: VideoRequest | None, maker: Provider | None, cap: float | None
    ) -> None:
        """Go on with these shots, or those that are here, where they have something in common with them; blocking."""
        with self.lock:
            if base is None:
                base = VideoRequest("") if given else self.base
            given = given or [shot.given for shot in self.shots]
            maker_id = self.provider_id if maker is None else maker.id
            if self._text or any(shot.under_way for shot in self.shots):
                fields = [self.plain(one) for one in given]
                known = [*(shot.plain for shot in self.shots), *(take.given for take in self.takes)]
                if maker_id != self.provider_id or (fields and not any(one in known for one in fields)):
                    raise SweepError(
                        f"there is a storyboard called {self.name!r} with other shots; "
                        f"sw.Storyboard.load({self.name!r}) goes on with it, or choose another name."
                    )
                self._replace(given, fields, base)
            else:  # nothing was made or written yet
                self.shots[:] = [Shot(self._first, one) for one in given]
                self._base = base
            if maker is not None:
                self._ask(maker)
            self._max_cost = self._max_cost if cap is None else cap
            self.settle()
        self.changed()

    def _replace(self, given: list[dict[str, Any]], fields: list[dict[str, Any]], base: VideoRequest) -> None:
        """Have these shots: those that are here already, one that is changed in its place, or a new one."""
        here, free = list(self.shots), dict.fromkeys(self.shots)
        found: list[Shot | None] = []
        for place, plain in enumerate(fields):
            same = [shot for shot in free if shot.plain == plain]
            shot = min(same, key=lambda one: abs(one.index - place), default=None)
            if shot is not None:
                del free[shot]
            found.append(shot)
        begins_anew = base.content_hash != self.base.content_hash
        if begins_anew or found[: len(here)] != here:
            self._must_stand_still()
        if begins_anew:
            self._base = base
        shots = []
        for place, shot in enumerate(found):
            kept = shot
            if kept is None and place < len(here) and here[place] in free:
                kept = here[place]
                kept.change(given[place])
            shots.append(Shot(self._first, given[place]) if kept is None else kept)
        self.shots[:] = shots

    def _no_shot(self, index: Any) -> str:
        there = f"the shots are numbered 0 to {len(self.shots) - 1}." if self.shots else "there are none yet."
        return f"there is no shot {index!r}; {there}"

    def _shot(self, index: Any) -> Shot:
        if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index < len(self.shots):
            raise SweepError(self._no_shot(index))
        return self.shots[index]


def _called(shots: Sequence[int]) -> str:
    """Shots by their numbers: `shot 1`, `shots 0, 1 and 2`."""
    *others, last = map(str, shots)
    return f"shots {', '.join(others)} and {last}" if others else f"shot {last}"


def _may_be_sent_again(job: Job) -> bool:
    """Whether it failed, and there is no video at the provider that only has to be fetched."""
    return job.status in _FAILED and job.card().ready_at is None
