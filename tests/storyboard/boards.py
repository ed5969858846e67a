"""What the tests of storyboards share."""

from __future__ import annotations

import asyncio
import gc

import seedance_widgets as sw
from seedance_widgets.storyboard import storyboard

BASE = sw.VideoRequest("", first_frame_url=sw.sample_image(), model="1.0-pro", resolution="480p", duration=2)


def board_of(sim, shots=("leaves", "passes", "lands"), base=BASE, **options):
    return sw.Storyboard(list(shots), base=base, provider=sim.provider(), **options)


def creates(sim):
    return [entry for entry in sim.requests if entry.method == "POST"]


def states(board):
    return [shot.state for shot in board.shots]


def restart():
    """What is left after the kernel was restarted: the ledger."""
    gc.collect()
    storyboard._boards.clear()


async def until(board, condition):
    """Wait until the storyboard looks like that."""
    holds = asyncio.Event()
    loop = asyncio.get_running_loop()
    with board.listening(lambda _: loop.call_soon_threadsafe(lambda: holds.set() if condition() else None)):
        if not condition():
            async with asyncio.timeout(60):
                await holds.wait()
