"""300 jobs against the official clients doing the same: create, ask every 3 s until done, download.

One simulator, in this process; each client in a fresh process of its own, which counts its own CPU time after one
warm-up job. The simulator's clock runs two or three times as fast as ours, its limits are off, and the clients' 3 s are
seconds of its clock. The jobs are 720p of 1.0-pro: 5 s, the tool's default, which the simulator makes in 36 to 49 s,
and 10 s, the length whose run time is published, in 72 to 98 s; both wait 1 to 3 s in the queue. The longer a video
takes, the more the others ask. What is downloaded is one and the same 480p, 2 s file, rendered beforehand, so that the
machine is busy with the clients and not with rendering. Our side writes its ledger and files as always, on the disk.

The lag is from the moment at which the simulator's record says `succeeded` to the moment at which the client has read
that, in seconds of the simulator's clock. The goal for requests is for the calls to the API, create and status: the
300 downloads go to the object store, and are the same for all.
"""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
import statistics
import time
from functools import partial
from typing import TYPE_CHECKING, Any
from unittest import mock

from seedance_widgets.simulator import Simulator
from seedance_widgets.simulator.render import Scene, render
from tests.bench.measure import Figure, child, compare, folder, in_turn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RUNS = 3
JOBS = 300
CLIPS = {5: 2.0, 10: 3.0}  # seconds of video: how fast the simulator's clock runs
INTERVAL = 3.0
PEERS = {"ark": "volcengine-ark-runtime", "acedata": "acedatacloud"}


def run(runs: int = RUNS, jobs: int = JOBS) -> list[Figure]:
    """For each wire and length: CPU per job, requests and lag, ours against the official client's."""
    figures = []
    for wire, peer in PEERS.items():
        for seconds, speed in CLIPS.items():
            sides = (partial(one_side, client, wire, jobs, seconds, speed) for client in ("ours", wire))
            figures += compare_sides(in_turn(runs, *sides), f"{jobs} x {seconds} s", peer)
    return figures


def compare_sides(pairs: list[tuple[Any, ...]], jobs: str, peer: str) -> list[Figure]:
    """The lines of the table for (ours, theirs) of each run."""

    def figure(key: str, unit: str, title: str, **goal: Any) -> Figure:
        return compare(f"{jobs}: {title} / {peer}", unit, [(ours[key], theirs[key]) for ours, theirs in pairs], **goal)

    return [
        figure("cpu", "ms", "CPU per job", goal=1 / 3),
        figure("api", "", "requests to the API", goal=0.1),
        figure("status", "", "of these, for the status"),
        figure("all", "", "requests with downloads"),
        figure("lag", "s", "median lag", goal=1.0),
        figure("lag_p99", "s", "p99 lag"),
        figure("wall", "s", "until all are on the disk"),
        figure("server", "", "simulator, share of a core"),
    ]


def one_side(client: str, wire: str, jobs: int, seconds: int, speed: float) -> dict[str, float]:
    """One client's 300 jobs from the first call to the last file."""
    with folder() as home, same_file(home / "video.mp4"), Simulator(speed=speed, limits="none") as simulator:
        provider = simulator.provider(wire)
        with child(
            "tests.bench.clients",
            client=client,
            wire=wire,
            jobs=jobs,
            seconds=seconds,
            home=str(home),
            base_url=provider.base_url,
            limits=dataclasses.asdict(provider.limits),
            interval=INTERVAL / speed,
        ) as process:
            process.hear()  # ready
            before, cpu, began = len(simulator.requests), time.process_time(), time.perf_counter()
            process.say("go")
            told = process.hear()
            wall, cpu = time.perf_counter() - began, time.process_time() - cpu
        requests = simulator.requests[before:]
        lags = [
            (detected - real_time(simulator, simulator._engine.tasks[task_id].ended_at)) * speed
            for task_id, detected in told["detected"].items()
        ]
    if not len(lags) == told["files"] == jobs:
        raise RuntimeError(f"{client} found {len(lags)} of {jobs} jobs done and left {told['files']} files.")
    downloads = sum(one.path.startswith("/media/") for one in requests)
    creates = sum(one.method == "POST" and not one.path.endswith("/seedance/tasks") for one in requests)
    return {
        "cpu": told["cpu"] * 1000 / jobs,
        "all": len(requests),
        "api": len(requests) - downloads,
        "status": len(requests) - downloads - creates,
        "lag": statistics.median(lags),
        "lag_p99": sorted(lags)[int(0.99 * len(lags))],
        "wall": wall,
        "server": cpu / wall,
    }


def real_time(simulator: Simulator, simulated: float) -> float:
    """A moment of the simulator's clock in Unix seconds of ours."""
    return time.time() - (simulator.clock.now() - simulated) / simulator.speed


@contextlib.contextmanager
def same_file(path: Path) -> Iterator[None]:
    """Let the simulator deliver copies of one small video."""
    render(Scene(864, 480, 49, seed=7, prompt="a boat"), path)
    with mock.patch("seedance_widgets.simulator.render.render", lambda _, target: shutil.copyfile(path, target)):
        yield
