"""How late a 5 ms ticker is on the loop where ten videos run and download, against the same ticker alone.

Ten of the tool's defaults (720p, 5 s) with a first frame, from a fresh process. The simulator renders them in the same
process, as in a notebook without a key, or in another one, as with a real provider. The count begins when the ten
`submit` calls have returned (they are the cell's own work, and their time is told), and ends with the last file.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import time
from functools import partial
from pathlib import Path
from typing import Any

from tests.bench.measure import Figure, answer, ask, asked, compare, folder, in_turn, percentile, videos_in

RUNS = 3
VIDEOS = 10
SPEED = 20.0
TICK = 0.005
ALONE_SECONDS = 6.0
GOAL_MS = 20.0


def run(runs: int = RUNS) -> list[Figure]:
    """Lateness in milliseconds: median, 99th percentile and worst."""
    sides = in_turn(runs, _same, _apart, partial(_child, "alone"))
    figures = []
    for index, where in enumerate(("in this process", "in another process")):
        for key, title in (("p50", "p50"), ("p99", "p99"), ("worst", "worst")):
            pairs = [(run[index][key], run[2][key]) for run in sides]
            goal: dict[str, Any] = {"goal": GOAL_MS, "on": "ours"} if key == "p99" else {}
            figures.append(compare(f"loop {title}, simulator {where} / idle", "ms", pairs, **goal))
        wall = sorted(run[index]["submit"] for run in sides)[runs // 2]
        figures.append(Figure(f"the {VIDEOS} submit calls, simulator {where}", wall, None, "ms"))
    return figures


def _same() -> dict[str, float]:
    return _child("same")


def _apart() -> dict[str, float]:
    from seedance_widgets.simulator import Simulator

    with Simulator(speed=SPEED) as simulator:
        provider = simulator.provider()
        return _child("apart", base_url=provider.base_url, limits=dataclasses.asdict(provider.limits))


def _child(where: str, **more: Any) -> dict[str, float]:
    with folder() as home:
        return ask("tests.bench.stall", where=where, home=str(home), **more)


async def _measure(options: dict[str, Any]) -> dict[str, float]:
    os.environ["SEEDANCE_HOME"] = options["home"]
    late: list[float] = []
    if options["where"] == "alone":
        async with ticker(late):
            await asyncio.sleep(ALONE_SECONDS)
        submit = 0.0
    else:
        from tests.bench.render import photograph

        first = photograph(1280, 720)
        with contextlib.ExitStack() as stack:
            began = time.perf_counter()
            jobs = _submit(options, first, stack)
            submit = time.perf_counter() - began
            async with ticker(late):
                await asyncio.gather(*jobs)
            if videos_in(Path(options["home"], "media")) != VIDEOS:
                raise RuntimeError("not every video is on the disk")
    milliseconds = [1000 * one for one in late]
    return {
        "p50": percentile(milliseconds, 0.5),
        "p99": percentile(milliseconds, 0.99),
        "worst": max(milliseconds),
        "ticks": len(late),
        "submit": submit * 1000,
    }


def _submit(options: dict[str, Any], first: bytes, stack: contextlib.ExitStack) -> list[Any]:
    import seedance_widgets as sw
    from seedance_widgets.providers.base import Limits

    if options["where"] == "same":
        provider = stack.enter_context(sw.Simulator(speed=SPEED)).provider()
    else:
        provider = sw.providers.Ark(
            "any", base_url=options["base_url"], limits=Limits(**options["limits"]), simulated=True
        )
    prompts = (f"The boat drifts past the lighthouse, take {number}" for number in range(VIDEOS))
    return [sw.submit(sw.VideoRequest(prompt, first_frame_url=first), provider) for prompt in prompts]


@contextlib.asynccontextmanager
async def ticker(late: list[float]):
    """Note how late each tick is. They are due at fixed times: a long stall makes every tick in it late, not one."""
    loop = asyncio.get_running_loop()

    async def tick() -> None:
        due = loop.time() + TICK
        while True:
            await asyncio.sleep(due - loop.time())
            now = loop.time()
            while due <= now:
                late.append(now - due)
                due += TICK

    task = loop.create_task(tick())
    try:
        yield
    finally:
        task.cancel()


if __name__ == "__main__":
    answer(asyncio.run(_measure(asked())))
