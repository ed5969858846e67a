"""Making the shots of a storyboard, each when the one before is there, on the loop on which jobs live."""

from __future__ import annotations

import asyncio
import contextlib
import math
from typing import TYPE_CHECKING

from seedance_widgets import choice
from seedance_widgets.errors import SeedanceError, SweepError
from seedance_widgets.jobs import Job, job_of, live_tracks, new_id, resume, submit
from seedance_widgets.notebook import loop as bridge
from seedance_widgets.request.estimate import money
from seedance_widgets.storyboard.shots import Made

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

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

    async def run(self, cap: float | None, again: Sequence[Shot]) -> list[Shot]:
        """Make what is missing or outdated, and `again`; one run after the other."""
        board = self.board
        async with self._turn:
            await self.take_up()
            wanted = await asyncio.to_thread(board.to_make, again)
            await asyncio.to_thread(agree, board, wanted, cap)
            for shot in wanted:
                shot.waiting, shot.trouble = True, ""
            board.changed()
            try:
                await asyncio.gather(*(self._make_in_turn(chain) for chain in _chains(wanted)))
            finally:
                for shot in wanted:
                    shot.waiting = False
                board.changed()
        return board.shots

    async def take_up(self) -> None:
        """Follow the jobs that a kernel that was restarted left behind; sends nothing."""
        board = self.board
        if board.taken_up:
            return
        board.taken_up = True
        left = [shot for shot in board.shots if shot.job is not None and not shot.job.followed and not shot.job.done]
        if not left:
            return
        await resume(board.provider).taken_up()
        for shot in left:
            if shot.made is None:
                continue
            live = live_tracks(board.ledger).get(shot.made.job)
            record = await board.ledger.on_thread(board.ledger.find, shot.made.job)
            if live is not None:
                shot.job = Job(live)
            elif record is not None:
                shot.job = await asyncio.to_thread(job_of, board.ledger, record)
        board.changed()

    async def _make_in_turn(self, chain: Sequence[Shot]) -> None:
        before = chain[0].before
        if before is not None and before.under_way and before.job is not None:
            await _ended(before.job)
        for shot in chain:
            before = shot.before
            if before is not None and before.video is None:
                shot.waiting = False
                shot.trouble = f"it starts with the last frame of shot {before.index}, which has no video."
                continue
            await self._make(shot)

    async def _make(self, shot: Shot) -> None:
        board, before, old = self.board, shot.before, (shot.made, shot.job)
        try:
            request = await asyncio.to_thread(lambda: shot.request)
            given = await asyncio.to_thread(board.plain, shot.given)
            made = Made(new_id(), given, "" if before is None or before.made is None else before.made.job)
            shot.made, shot.job = made, None
            await asyncio.to_thread(board.save)  # before anything of it is sent
            shot.job = submit(request, board.provider, job_id=made.job)
        except SeedanceError as error:  # nothing was sent: what was there before stays
            shot.made, shot.job = old
            shot.trouble, shot.waiting = str(error), False
            with contextlib.suppress(SeedanceError):
                await asyncio.to_thread(board.save)
            return
        shot.lost = shot.waiting = False
        board.changed()
        with shot.job.listening(board.changed):
            await _ended(shot.job)


def agree(board: Storyboard, wanted: Sequence[Shot], cap: float | None) -> None:
    """Refuse what cannot be sent or was not agreed to. Blocking: it looks at images.

    Raises:
        SweepError: A shot cannot be sent, it is billed and there is no cap, or it goes over it; nothing was sent.
    """
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


def _chains(wanted: Sequence[Shot]) -> list[list[Shot]]:
    """Shots that must wait for one another; the chains go side by side."""
    chains: list[list[Shot]] = []
    for shot in wanted:
        if chains and shot.before is chains[-1][-1]:
            chains[-1].append(shot)
        else:
            chains.append([shot])
    return chains


async def _ended(job: Job) -> None:
    with contextlib.suppress(SeedanceError):
        await job._track.until_ended()  # noqa: SLF001  waits without a card of its own
