"""Making the shots of a storyboard, each when the one before is there, on the loop on which jobs live."""

from __future__ import annotations

import asyncio
import contextlib
import math
from typing import TYPE_CHECKING

from seedance_widgets import choice
from seedance_widgets.errors import SeedanceError, SweepError
from seedance_widgets.jobs import new_id, resume, submit
from seedance_widgets.notebook import loop as bridge
from seedance_widgets.request.estimate import money
from seedance_widgets.storyboard.memory import ChangedElsewhere
from seedance_widgets.storyboard.shots import NO_SHOT
from seedance_widgets.storyboard.takes import Take, base_of
from seedance_widgets.sweep.run import cancelled, told_of_cancel

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from seedance_widgets.jobs import Job
    from seedance_widgets.request import VideoRequest
    from seedance_widgets.storyboard.shots import Shot
    from seedance_widgets.storyboard.storyboard import Storyboard


class Runner:
    """Makes the shots of one storyboard, on one loop.

    Args:
        board: Whose.
    """

    def __init__(self, board: Storyboard) -> None:
        self.board = board
        self.loop = bridge.home_loop()
        self._turn = asyncio.Lock()
        self._deciding = asyncio.Lock()
        self._taking_up = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, cap: float | None, again: Mapping[Shot, Take | None]) -> list[Shot]:
        """Make what is missing or outdated, and `again`, each with the take that it had; one run after the other."""
        board = self.board
        async with self._turn:
            async with self._deciding:
                await self.take_up()
                wanted = await asyncio.to_thread(self._agreed, cap, again)
            board.changed()
            try:
                # All of them to their ends, whatever becomes of one: the next run must not begin before.
                ends = await asyncio.gather(*map(self._make_in_turn, _chains(wanted)), return_exceptions=True)
            finally:
                for shot in wanted:
                    shot.waiting = False
                board.changed()
        for error in ends:
            if error is not None:
                raise error
        for shot in list(board.shots):  # those too that an earlier kernel has sent
            if shot.job is not None and not shot.job.done:
                await self._follow(shot.job)
        return board.shots

    async def cancel(self) -> str:
        """Drop the shots whose turn is still to come, cancel what is queued; what runs is billed anyway: it stays."""
        board = self.board
        async with self._deciding:  # a run that has just begun has nothing to drop before it has decided
            dropped = [shot for shot in board.shots if shot.waiting]
        for shot in dropped:
            shot.waiting = False
        board.changed()
        jobs = [job for shot in board.shots if (job := shot.job) is not None and not job.done and job.followed]
        done = await asyncio.gather(*map(cancelled, jobs))
        board.changed()
        return told_of_cancel(len(dropped), done, billed=board.billed)

    async def take_up(self) -> None:
        """Follow the jobs that a kernel that was restarted left behind; sends nothing. Ends when they are followed."""
        board = self.board
        async with self._taking_up:
            left = [shot for shot in board.shots if shot.job is not None and _is_left(shot.job)]
            if not left:
                return
            await resume(board.provider).taken_up()
            for shot in left:
                if shot.made is not None and (job := await asyncio.to_thread(board.takes.fresh_job, shot.made)):
                    shot.job = job
                    self._watch(job)
        board.changed()

    def _watch(self, job: Job) -> None:
        """Tell of a job that an earlier kernel has sent."""
        task = self.loop.create_task(self._follow(job))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _follow(self, job: Job) -> None:
        with job.listening(self.board.changed):
            await _ended(job)
        await asyncio.to_thread(self.board.settle)  # its video is what the next one starts with
        self.board.changed(job)

    def _agreed(self, cap: float | None, again: Mapping[Shot, Take | None]) -> list[Shot]:
        """What is to be made; from here on nobody changes it. Blocking."""
        board = self.board
        with board.lock:
            board.settle()
            for shot, made in again.items():
                # Its turn may come late: whoever asks twice, or while a run makes it, wants it once.
                if shot.under_way or shot.made != made or shot.index < 0:
                    raise SweepError(
                        f"shot {shot.index} is made anew already, or has another video, since this was asked. Nothing "
                        f"was sent by it; rerun({shot.index}) makes it anew once more."
                        if shot.index >= 0
                        else "the shot that was to be made anew was taken out since. Nothing was sent."
                    )
            wanted = board.to_make(list(again))
            agree(board, wanted, cap)
            for shot in wanted:
                shot.waiting, shot.trouble, shot.held = True, "", False
        return wanted

    async def _make_in_turn(self, chain: Sequence[Shot]) -> None:
        before = chain[0].before
        if before is not None and before.under_way and before.job is not None:
            await _ended(before.job)
        for shot in chain:
            await self._make(shot)

    async def _make(self, shot: Shot) -> None:
        board, old = self.board, (shot.made, shot.job)
        if _is_dropped(shot):
            return
        try:
            found = await asyncio.to_thread(self._written, shot)
            if found is None:
                shot.held, shot.waiting = True, False
                return
            request, take = found
            if _is_dropped(shot):  # meanwhile
                await asyncio.to_thread(self._give_back, shot, take, old)
                return
            try:
                job = submit(request, board.provider, job_id=take.job)
            except BaseException:
                await asyncio.to_thread(self._give_back, shot, take, old)
                raise
        except SeedanceError as error:  # nothing was sent: what was there before stays
            shot.trouble, shot.waiting = str(error), False
            if isinstance(error, ChangedElsewhere):
                raise
            return
        board.takes.set_job(job)
        shot.made, shot.job, shot.lost, shot.waiting = take, job, False, False
        await asyncio.to_thread(board.settle)  # those after it begin with another one now
        board.changed()
        with job.listening(board.changed):
            await _ended(job)

    def _written(self, shot: Shot) -> tuple[VideoRequest, Take] | None:
        """What is asked, and the take that it will be, which the ledger has from now on. Blocking.

        Returns:
            None where the shot before gives it nothing to start with.
        """
        board, before, old = self.board, shot.before, (shot.made, shot.job)
        with board.lock:
            if before is not None and before.not_ready:
                return None
            base = base_of(board.base, first=shot.index == 0)
            take = Take(new_id(), shot.plain, "" if before is None or before.made is None else before.made.job, base)
            request = shot.request
            board.takes.add(take)
            shot.made, shot.job = take, None
            try:
                board.write()  # before anything of it is sent
            except BaseException:
                board.takes.drop(take)
                shot.made, shot.job = old
                raise
        return request, take

    def _give_back(self, shot: Shot, take: Take, old: tuple[Take | None, Job | None]) -> None:
        """It was not sent. Blocking."""
        with self.board.lock:
            self.board.takes.drop(take)
            shot.made, shot.job = old
            with contextlib.suppress(SeedanceError):
                self.board.write()


def agree(board: Storyboard, wanted: Sequence[Shot], cap: float | None) -> None:
    """Refuse what cannot be sent or was not agreed to. Blocking: it looks at images.

    Raises:
        SweepError: There is no shot, one cannot be sent, it is billed and there is no cap, or it goes over it; nothing
            was sent.
    """
    if not board.shots:
        raise SweepError(NO_SHOT)
    for shot in wanted:
        if refusal := shot.refusal:
            raise SweepError(f"shot {shot.index} cannot be sent: {refusal} Nothing was sent.")
    if not board.billed or not wanted:
        return
    price, unpriced = price_of(wanted)
    words = money(price, wanted[0].estimate.currency)
    if cap is None:
        raise SweepError(
            f"{choice.label_of(board.provider_id)} bills {len(wanted)} shots: {words}"
            f"{f', and {unpriced} of them without a known price' if unpriced else ''}. Nothing was sent; agree by "
            f"run(max_cost={math.ceil(price * 100) / 100})."
        )
    if unpriced and not math.isinf(cap):
        raise SweepError(
            f"{unpriced} of {len(wanted)} shots have no known price, so that no cap can be kept. Nothing was sent; "
            "max_cost=float('inf') agrees to any price."
        )
    if price > cap + 1e-9:
        raise SweepError(
            f"{len(wanted)} shots for {words} go over max_cost, {money(cap, wanted[0].estimate.currency)}. "
            "Nothing was sent."
        )


def price_of(shots: Iterable[Shot]) -> tuple[float, int]:
    """What these cost, and how many of them have no known price."""
    prices = [shot.estimate.price for shot in shots]
    return sum(price or 0.0 for price in prices), sum(price is None for price in prices)


def _is_dropped(shot: Shot) -> bool:
    """Whether it was cancelled while its turn was still to come."""
    return not shot.waiting


def _chains(wanted: Sequence[Shot]) -> list[list[Shot]]:
    """Shots that must wait for one another; the chains go side by side."""
    chains: list[list[Shot]] = []
    for shot in wanted:
        if chains and shot.before is chains[-1][-1]:
            chains[-1].append(shot)
        else:
            chains.append([shot])
    return chains


def _is_left(job: Job) -> bool:
    """Whether an earlier kernel left it under way, or its video is made and was not fetched."""
    return job.video is None and job.card().ready_at is not None if job.done else not job.followed


async def _ended(job: Job) -> None:
    with contextlib.suppress(SeedanceError):
        await job._track.until_ended()  # noqa: SLF001  waits without a card of its own
