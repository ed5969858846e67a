"""What the tests of sweeps have in common."""

from __future__ import annotations

import asyncio
import gc

import seedance_widgets as sw

BASE = sw.VideoRequest("a {mood} boat", model="1.0-pro", resolution="480p", duration=2, seed=5)


def creates(sim):
    return [entry for entry in sim.requests if entry.method == "POST"]


def sweep_of(sim, axes=None, base=BASE, **options):
    return sw.Sweep(base, {"seed": range(3)} if axes is None else axes, provider=sim.provider(), **options)


async def until(sweep, condition):
    """Wait until `condition` holds, looking whenever something happens to the sweep."""
    holds = asyncio.Event()

    def look(_):
        if condition():
            sweep.loop.call_soon_threadsafe(holds.set)

    with sweep.listening(look):
        look(None)
        await asyncio.wait_for(holds.wait(), 60)


async def as_after_a_restart():
    """Let the sweeps go that nobody holds: while one is in use, what it knows holds for all of its name."""
    await asyncio.sleep(0)  # the loop still has the result that was awaited last
    gc.collect()


async def awaited(outcome):
    return await outcome
