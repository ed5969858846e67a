"""Asks a Studio what the browser would ask."""

import asyncio

import pytest

FAST = {"model": "1.0-pro", "resolution": "480p", "duration": 2}


class Front:
    """Asks a Studio what the browser would ask."""

    def __init__(self, studio) -> None:
        self.studio = studio
        self.sent = []
        self.calls = 0
        studio.send = lambda content, buffers=None: self.sent.append((content, buffers))

    async def ask(self, kind, /, *buffers, **content):
        self.calls += 1
        call = f"v:{self.calls}"
        self.studio._arrived(self.studio, {**content, "type": kind, "call": call}, list(buffers))
        async with asyncio.timeout(60):
            while True:
                for answer, _ in self.sent:
                    if answer.get("call") == call:
                        if not answer["ok"]:
                            raise AssertionError(answer["value"])
                        return answer["value"]
                await asyncio.sleep(0.005)

    async def refused(self, kind, /, **content):
        with pytest.raises(AssertionError) as refusal:
            await self.ask(kind, **content)
        return str(refusal.value)

    async def press(self, **content):
        self.calls += 1
        return await self.ask("generate", press=str(self.calls), **content)

    def shown(self):
        return [problem for problem in self.studio.view["problems"] if not problem["quiet"]]


async def until(condition):
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.005)


async def fill(front, **changes):
    await front.ask("image.sample", slot="first_frame_url")
    await front.ask("set", changes={"prompt": "a boat", **FAST, **changes})
