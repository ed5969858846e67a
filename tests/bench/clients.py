"""One client's side of `many_jobs`, in a process of its own: it makes the jobs and counts its CPU time."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.bench.measure import answer, asked, videos_in

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

MODEL = "doubao-seedance-1-0-pro-250528"
WARM_UP = "warm-up [sim:queue=0] [sim:run=1]"


def prompts(jobs: int) -> list[str]:
    return [f"The boat drifts past the lighthouse, take {number}" for number in range(jobs)]


async def measure(make: Callable[[list[str], str], Awaitable[dict[str, float]]], jobs: int, media: Path) -> None:
    """Warm up, wait for the parent's word, make the jobs, tell what it cost."""
    # Another resolution: what our ledger learns of it is no use for the others.
    await make([WARM_UP], "480p")
    kept = videos_in(media)
    answer("ready")
    sys.stdin.readline()
    cpu = time.process_time()
    detected = await make(prompts(jobs), "720p")
    cpu = time.process_time() - cpu
    answer({"cpu": cpu, "detected": detected, "files": videos_in(media) - kept})


async def ours(options: dict[str, Any], home: Path) -> None:
    """`sw.submit`, with everything that it does: check, estimate, ledger, polling, download."""
    os.environ["SEEDANCE_HOME"] = str(home / "seedance_videos")
    import seedance_widgets as sw
    from seedance_widgets.providers.base import Limits

    settings = {"base_url": options["base_url"], "limits": Limits(**options["limits"]), "simulated": True}
    kind = sw.providers.Ark if options["wire"] == "ark" else sw.providers.AceDataCloud
    provider = kind("any", **settings)

    async def make(texts: list[str], resolution: str) -> dict[str, float]:
        requests = [
            sw.VideoRequest(text, model=MODEL, resolution=resolution, duration=options["seconds"]) for text in texts
        ]
        jobs = [sw.submit(request, provider) for request in requests]
        await asyncio.gather(*jobs)
        return {job.task_id: job._track.record.ready_at for job in jobs}

    await measure(make, options["jobs"], home / "seedance_videos" / "media")


async def ark(options: dict[str, Any], home: Path) -> None:
    """Volcengine's own client, in the way of its examples, one coroutine for each video."""
    import httpx
    from volcenginesdkarkruntime import AsyncArk

    async with AsyncArk(api_key="any", base_url=options["base_url"]) as client, httpx.AsyncClient() as links:
        tasks = client.content_generation.tasks

        async def one(text: str, resolution: str) -> tuple[str, float]:
            content = [{"type": "text", "text": text}]
            made = await tasks.create(
                model=MODEL, content=content, resolution=resolution, ratio="16:9", duration=options["seconds"]
            )
            while True:
                await asyncio.sleep(options["interval"])
                task = await tasks.get(task_id=made.id)
                if task.status not in {"queued", "running"}:
                    break
            detected = time.time()
            await fetch(links, task.content.video_url, home / f"{made.id}.mp4")
            return made.id, detected

        await measure(each(one), options["jobs"], home)


async def acedata(options: dict[str, Any], home: Path) -> None:
    """AceDataCloud's own client, with its own `wait`."""
    import httpx
    from acedatacloud import AsyncAceDataCloud

    async with (
        AsyncAceDataCloud(api_token="any", base_url=options["base_url"]) as client,
        httpx.AsyncClient() as links,
    ):

        async def one(text: str, resolution: str) -> tuple[str, float]:
            content = [{"type": "text", "text": text}]
            handle = await client.seedance.generate(
                model=MODEL, content=content, resolution=resolution, duration=options["seconds"]
            )
            await handle.wait(poll_interval=options["interval"])
            detected = time.time()
            await fetch(links, handle.urls()[0], home / f"{handle.id}.mp4")
            return handle.id, detected

        await measure(each(one), options["jobs"], home)


def each(one: Callable[[str, str], Awaitable[tuple[str, float]]]) -> Callable[..., Awaitable[dict[str, float]]]:
    async def make(texts: list[str], resolution: str) -> dict[str, float]:
        return dict(await asyncio.gather(*(one(text, resolution) for text in texts)))

    return make


async def fetch(client: Any, url: str, path: Path) -> None:
    """Download as most people do: all of it, then write."""
    response = await client.get(url)
    response.raise_for_status()
    await asyncio.to_thread(path.write_bytes, response.content)


if __name__ == "__main__":
    given = asked()
    asyncio.run({"ours": ours, "ark": ark, "acedata": acedata}[given["client"]](given, Path(given["home"])))
