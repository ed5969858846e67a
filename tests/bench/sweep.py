"""A sweep of 1,000 cells under the published limits, against the loop that people write with volcengine-ark-runtime.

One simulator with `limits="documented"`, in this process, its clock twenty times as fast as ours; each side in a fresh
process of its own. The videos are 480p and 2 s of 1.0-pro-fast, of which the account runs ten at once. What
is downloaded is one and the same small file, so that the machine is busy with the clients and not with rendering. The
other side is a coroutine for each video: create, ask every 3 s of the provider's clock, download; refused for its rate,
it waits 3 s and tries again, as the examples do.

    bound     what the limits leave: the tasks' own run times, ten at once
    polling   calls for the status, against one call per task every 3 s from its creation to its end
    lag       from the simulator's `succeeded` to the moment at which the client has read it, seconds of its clock
"""

from __future__ import annotations

import asyncio
import dataclasses
import os
import statistics
import time
from functools import partial
from pathlib import Path
from typing import Any

from seedance_widgets.simulator import Simulator
from tests.bench.clients import fetch
from tests.bench.many_jobs import real_time, same_file
from tests.bench.measure import Figure, answer, ask, asked, compare, folder, in_turn, most_held, percentile, videos_in
from tests.bench.stall import ticker

RUNS = 1  # a minute and a half for each side
CELLS = 1000
SPEED = 20.0
INTERVAL = 3.0
MODEL = "doubao-seedance-1-0-pro-fast-251015"
AT_ONCE = 10


def run(runs: int = RUNS, cells: int = CELLS) -> list[Figure]:
    """What the provider saw, how long it took, and what it cost the notebook."""
    pairs = in_turn(runs, *(partial(one_side, client, cells) for client in ("ours", "naive")))

    def figure(key: str, unit: str, title: str, **goal: Any) -> Figure:
        return compare(f"{cells:,} cells: {title} / naive loop", unit, [(a[key], b[key]) for a, b in pairs], **goal)

    return [
        figure("refused", "", "429 received", goal=0, on="ours"),
        figure("polling", "", "status calls to one GET per 3 s", goal=1 / 20, on="ours"),
        figure("lag", "s", "median lag", goal=2.0, on="ours"),
        figure("wall", "", "time to the bound of the limits", goal=1.1, on="ours"),
        figure("late", "ms", "loop p99", goal=20.0, on="ours"),
        figure("memory", "MB", "RSS growth", goal=100.0, on="ours"),
        figure("broken", "", "files that are not whole", goal=0, on="ours"),
        figure("cpu", "ms", "CPU per cell"),
    ]


def one_side(client: str, cells: int) -> dict[str, float]:
    """One client's sweep, from the first call to the last file."""
    with (
        folder() as home,
        same_file(home / "video.mp4"),
        Simulator(speed=SPEED, limits="documented") as simulator,
    ):
        provider = simulator.provider()
        told = ask(
            "tests.bench.sweep",
            client=client,
            cells=cells,
            home=str(home),
            served=str(home / "video.mp4"),
            base_url=provider.base_url,
            limits=dataclasses.asdict(provider.limits),
        )
        requests = list(simulator.requests)
        tasks = simulator._engine.tasks
        ended = {task_id: task.ended_at for task_id, task in tasks.items()}
        lags = [(at - real_time(simulator, ended[task_id])) * SPEED for task_id, at in told["detected"].items()]
    if len(lags) != cells or len(tasks) != cells:
        raise RuntimeError(f"{client} made {len(tasks)} tasks for {cells} cells and found {len(lags)} done.")
    bound = sum(task.ended_at - task.started_at for task in tasks.values()) / AT_ONCE
    asking = sum((task.ended_at - task.created_at) / INTERVAL for task in tasks.values())
    status = sum(one.method == "GET" and not one.path.startswith("/media/") for one in requests)
    return {
        "refused": sum(one.status == 429 for one in requests),
        "polling": status / asking,
        "lag": statistics.median(lags),
        "wall": told["wall"] * SPEED / bound,
        "late": told["late"],
        "memory": told["memory"],
        "broken": cells - told["whole"],
        "cpu": told["cpu"] * 1000 / cells,
    }


async def ours(options: dict[str, Any], home: Path) -> dict[str, float]:
    """`sw.Sweep`: check, plan, ledger, polling, downloads."""
    import seedance_widgets as sw
    from seedance_widgets.providers.base import Limits

    provider = sw.providers.Ark("any", base_url=options["base_url"], limits=Limits(**options["limits"]), simulated=True)
    base = sw.VideoRequest("a {mood} boat", model=MODEL, resolution="480p", duration=2)
    count = options["cells"] // 10
    moods = [f"mood number {number}" for number in range(10)]
    sweep = sw.Sweep(base, {"seed": range(count), "mood": moods}, provider=provider)
    await sweep.run()
    return {job.task_id: job._track.record.ready_at for job in sweep.jobs}


async def naive(options: dict[str, Any], home: Path) -> dict[str, float]:
    """The loop that people write, one coroutine for each video."""
    import httpx
    from volcenginesdkarkruntime import AsyncArk
    from volcenginesdkarkruntime._exceptions import ArkRateLimitError

    pause = INTERVAL / SPEED
    media = home / "seedance_videos" / "media"
    media.mkdir(parents=True)

    async def patiently(call: Any) -> Any:
        while True:
            try:
                return await call()
            except ArkRateLimitError:
                await asyncio.sleep(pause)

    async with (
        AsyncArk(api_key="any", base_url=options["base_url"], max_retries=0) as client,
        httpx.AsyncClient() as links,
    ):
        tasks = client.content_generation.tasks

        async def one(number: int) -> tuple[str, float]:
            content = [{"type": "text", "text": f"a boat, take {number}"}]
            made = await patiently(
                lambda: tasks.create(model=MODEL, content=content, resolution="480p", ratio="16:9", duration=2)
            )
            while True:
                await asyncio.sleep(pause)
                task = await patiently(lambda: tasks.get(task_id=made.id))
                if task.status not in {"queued", "running"}:
                    break
            detected = time.time()
            await fetch(links, task.content.video_url, media / f"{made.id}.mp4")
            return made.id, detected

        return dict(await asyncio.gather(*(one(number) for number in range(options["cells"]))))


async def _measure(options: dict[str, Any]) -> dict[str, Any]:
    home = Path(options["home"])
    os.environ["SEEDANCE_HOME"] = str(home / "seedance_videos")
    # What every notebook has loaded by then is not the sweep's.
    from seedance_widgets.jobs import list_jobs
    from seedance_widgets.providers import Ark  # noqa: F401

    list_jobs()
    late: list[float] = []
    before, cpu, began = most_held(reset=True), time.process_time(), time.perf_counter()
    async with ticker(late):
        detected = await {"ours": ours, "naive": naive}[options["client"]](options, home)
    wall, cpu = time.perf_counter() - began, time.process_time() - cpu
    most = most_held()
    media, served = home / "seedance_videos" / "media", Path(options["served"]).read_bytes()
    whole = sum(path.read_bytes() == served for path in media.glob("*.mp4"))
    return {
        "wall": wall,
        "cpu": cpu,
        "late": percentile([1000 * one for one in late], 0.99),
        "memory": (most - before) / 1e6,
        "detected": detected,
        "whole": whole if videos_in(media) == whole else 0,
    }


if __name__ == "__main__":
    answer(asyncio.run(_measure(asked())))
