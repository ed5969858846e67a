"""What the simulator itself asks of the network: images given by address, and callbacks."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from seedance_widgets.catalog import model, provider_facts, rules
from seedance_widgets.simulator.pictures import Picture, is_web_url, measured, stand_in
from seedance_widgets.simulator.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    import httpx

    from seedance_widgets.simulator.clock import Clock
    from seedance_widgets.simulator.engine import Engine
    from seedance_widgets.simulator.store import Store
    from seedance_widgets.simulator.tasks import Task

logger = logging.getLogger(__name__)

FETCH_SECONDS = 3.0  # of real time: the network does not run faster with our clock
ACKNOWLEDGE_SECONDS = 5.0  # of the provider's time
ACKNOWLEDGE_AT_LEAST = 0.5  # of real time: a receiver does not run faster with our clock either
CALLBACK_TRIES = 4  # once, and three times more where a final status is not acknowledged
RETRIED = {"succeeded", "failed"}
UNCALLED = {"cancelled"}


class Outbound:
    """Fetches images and delivers callbacks, on the simulator's loop.

    Args:
        fetch: Whether to fetch images at all; where not, and where the network fails, a stand-in is drawn.
        body: The callback's JSON for a task, as it is now.
    """

    def __init__(self, clock: Clock, store: Store, *, fetch: bool, body: Callable[[Task], dict[str, Any]]) -> None:
        self.engine: Engine | None = None
        self._clock = clock
        self._store = store
        self._fetch = fetch
        self._body = body
        self._work: set[asyncio.Task[None]] = set()
        self._last: dict[str, asyncio.Task[None]] = {}
        self._clients: dict[bool, httpx.AsyncClient] = {}

    def get_images(self, task: Task) -> None:
        """Begin to fetch what the task's addresses name."""
        if task.missing_images:
            self._start(self._get_images(task))

    def notify(self, task: Task) -> None:
        """Tell the task's callback address of its new status, where the provider would."""
        every = provider_facts(task.provider).callback == "every"
        if task.callback_url is None or task.status in UNCALLED or not (every or task.final):
            return
        before = self._last.get(task.id)
        tries = CALLBACK_TRIES if every and task.status in RETRIED else 1
        self._last[task.id] = self._start(self._deliver(task.callback_url, self._body(task), tries, before))
        if task.final:
            del self._last[task.id]

    async def close(self) -> None:
        """Give up what is under way."""
        for work in self._work:
            work.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)
        for client in self._clients.values():
            await client.aclose()

    def _start(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._work.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._work.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("the simulator failed beside a request", exc_info=error)

    async def _client(self, *, proxies: bool) -> httpx.AsyncClient:
        import httpx  # noqa: PLC0415 - not needed to start the server

        if proxies not in self._clients:
            # In a thread: it reads certificates.
            client = await asyncio.to_thread(httpx.AsyncClient, trust_env=proxies, max_redirects=5)
            self._clients.setdefault(proxies, client)
        return self._clients[proxies]

    async def _deliver(self, url: str, body: dict[str, Any], tries: int, before: asyncio.Task[None] | None) -> None:
        """POST `body` until it is acknowledged; callbacks of one task arrive in their order."""
        import httpx  # noqa: PLC0415 - not needed to start the server

        if before is not None:
            await asyncio.wait({before})
        client = await self._client(proxies=False)
        patience = max(self._clock.real_seconds(ACKNOWLEDGE_SECONDS), ACKNOWLEDGE_AT_LEAST)
        for attempt in range(tries):
            begun = self._clock.now()
            with suppress(httpx.HTTPError, TimeoutError):
                async with asyncio.timeout(patience):
                    answer = await client.post(url, json=body, timeout=None)
                if answer.is_success:
                    return
            if attempt + 1 < tries:
                await self._clock.sleep_until(begun + ACKNOWLEDGE_SECONDS)

    async def _get_images(self, task: Task) -> None:
        images: list[tuple[str, str]] = []
        try:
            for index, (role, where) in enumerate(task.images):
                if where.startswith("sha256:"):
                    images.append((role, where))
                    continue
                picture = await self._get_image(where, role, f"content image {index + 1}", task)
                images.append((role, f"sha256:{picture.digest}"))
                if role == "first_frame" and picture.width and picture.height:
                    task.first_size = (picture.width, picture.height)
        except Refusal as refusal:
            if self.engine is not None:
                self.engine.fail(task, refusal.code, refusal.message)
            return
        task.images = images
        if self.engine is not None:
            self.engine.images_ready(task)

    async def _get_image(self, url: str, role: str, param: str, task: Task) -> Picture:
        data = await self._download(url) if self._fetch and is_web_url(url) else None

        def keep() -> Picture:
            picture = measured(stand_in(url) if data is None else data, role, param, model(task.model))
            self._store.keep_image(str(picture.digest), picture.data or b"")
            return picture

        return await asyncio.to_thread(keep)

    async def _download(self, url: str) -> bytes | None:
        """What is found at an address; None where the network or the host does not give it."""
        import httpx  # noqa: PLC0415 - not needed to start the server

        client = await self._client(proxies=True)
        data = bytearray()
        try:
            async with (
                asyncio.timeout(FETCH_SECONDS),
                client.stream("GET", url, follow_redirects=True, timeout=FETCH_SECONDS) as answer,
            ):
                if not answer.is_success:
                    return None
                async for chunk in answer.aiter_bytes():
                    data += chunk
                    if len(data) > rules().images.max_bytes:  # it is too large; what more there is does not matter
                        break
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError):
            return None
        return bytes(data)
