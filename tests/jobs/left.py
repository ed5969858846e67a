"""A job that nobody follows any more, as a kernel leaves one that is restarted."""

from __future__ import annotations

import asyncio

import seedance_widgets as sw


async def left_behind(request, provider):
    """Submit it on a loop of its own, and close that one while the provider has it; its id."""

    def leave() -> str:
        async def start() -> str:
            job = sw.submit(request, provider)
            async for state in job.watch():
                if state == "queued":
                    break
            return job.id

        with asyncio.Runner() as runner:  # `asyncio.run` leaves its loop open once nest_asyncio has been here
            return runner.run(start())

    return await asyncio.to_thread(leave)
