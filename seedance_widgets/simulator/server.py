"""Simulator: the server itself, on a thread and an event loop of its own."""

from __future__ import annotations

import asyncio
import atexit
import logging
import socket
import sqlite3
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from seedance_widgets.errors import ConfigurationError, StorageError
from seedance_widgets.simulator.client import ARK_PATH, KEY, provider_at
from seedance_widgets.simulator.clock import Clock
from seedance_widgets.simulator.engine import Engine
from seedance_widgets.simulator.limits import RateLimits
from seedance_widgets.simulator.log import RequestLog
from seedance_widgets.simulator.outbound import Outbound
from seedance_widgets.simulator.store import Store

if TYPE_CHECKING:
    import os
    from collections.abc import Coroutine

    from starlette.types import Scope

    from seedance_widgets.providers.base import Provider
    from seedance_widgets.simulator.acedata_wire import Shape
    from seedance_widgets.simulator.limits import LimitsName
    from seedance_widgets.simulator.listen import Listener
    from seedance_widgets.simulator.log import Received
    from seedance_widgets.simulator.tasks import Task

logger = logging.getLogger(__name__)

KEEP_ALIVE = 600  # seconds: a poller's pause must not meet a connection that is just being closed
START_SECONDS = 20.0


class Simulator:
    """A provider on this machine: a real HTTP server that speaks Ark's and AceDataCloud's wire formats.

    It starts with `start`, as a context manager, or when an address or a provider is first asked of it, and it stops
    with `close` or with the process.

    Args:
        speed: How many seconds pass on its clock in one of ours; its limits and waits run with it.
        limits: `documented` for the published rates and queues, `none` for none.
        port: TCP port; 0 for a free one.
        state: A folder where it keeps its tasks, for the next process; None to forget them.
        host: Address to listen on; only this machine can reach the default.
        api_key: The only key that is accepted; None for any but `wrong`.
        shape: Which of AceDataCloud's two result shapes it tells: `A`, `B` or `alternate`.
        empty_unknown: Answer `{}` for ids that AceDataCloud does not know, instead of 404; both are documented.
        fetch: Fetch images that are given by address; a stand-in is drawn where that is not possible.
    """

    def __init__(
        self,
        speed: float = 20.0,
        limits: LimitsName = "none",
        port: int = 0,
        state: str | os.PathLike[str] | None = None,
        *,
        host: str = "127.0.0.1",
        api_key: str | None = None,
        shape: Shape = "A",
        empty_unknown: bool = False,
        fetch: bool = True,
    ) -> None:
        if not speed > 0:
            raise ConfigurationError(f"speed must be more than 0; {speed!r} is not.")
        if limits not in {"none", "documented"}:
            raise ConfigurationError(f'limits must be "none" or "documented"; {limits!r} is neither.')
        self.speed = speed
        self.limits = limits
        self.clock = Clock(speed)
        self._host = host
        self._port = port
        self._state = None if state is None else Path(state)
        self._options: dict[str, Any] = {"api_key": api_key, "shape": shape, "empty_unknown": empty_unknown}
        self._fetch = fetch
        self._log = RequestLog()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._server: Listener | None = None
        self._serving: asyncio.Task[None] | None = None
        self._app: Any = None
        self._engine: Engine | None = None

    def __repr__(self) -> str:
        where = f"at {self._base_url}" if self._thread is not None else "not started"
        return f"<Simulator {where}, {self.speed:g} times as fast, limits {self.limits}, not billed>"

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def ark_base_url(self) -> str:
        """The base URL for clients of Volcengine Ark and BytePlus ModelArk."""
        return f"{self._url()}{ARK_PATH}"

    @property
    def acedata_base_url(self) -> str:
        """The base URL for clients of AceDataCloud."""
        return self._url()

    @property
    def requests(self) -> list[Received]:
        """What it received, in order, each with .method .path .query .status .time .body; keys are never kept."""
        return self._log.entries()

    def provider(self, kind: Literal["ark", "ark-cn", "ark-ap", "acedata"] = "ark") -> Provider:
        """The provider object that asks this simulator, in its clock and within its limits."""
        key = self._options["api_key"] or KEY
        return provider_at(self._url(), kind, api_key=key, speed=self.speed, limits=self.limits)

    def start(self) -> Self:
        """Start it; nothing happens where it runs already.

        Raises:
            ConfigurationError: The port cannot be had.
            StorageError: The state folder cannot be used.
        """
        with self._lock:
            if self._thread is not None:
                return self
            listener = self._listen()
            try:
                store = Store(self._state)
            except (OSError, sqlite3.Error) as error:
                listener.close()
                raise StorageError(f"the simulator cannot keep its tasks in {self._state}: {error}") from error
            self.clock.show(store.start_time())
            ready = threading.Event()
            failure: list[BaseException] = []
            arguments = (listener, store, ready, failure)
            thread = threading.Thread(target=self._run, args=arguments, name="seedance-simulator", daemon=True)
            thread.start()
            if not ready.wait(START_SECONDS) or failure:
                listener.close()
                raise ConfigurationError("the simulator did not start.") from (failure[0] if failure else None)
            self._thread = thread
            atexit.register(self.close)
        return self

    def close(self) -> None:
        """Stop it; what it was doing goes on in the next process where `state` was given."""
        with self._lock:
            thread, self._thread = self._thread, None
            if thread is None or self._loop is None or self._stop is None:
                return
            atexit.unregister(self.close)
            self._loop.call_soon_threadsafe(self._stop.set)
            thread.join()

    def offline(self) -> None:
        """Refuse every connection, as a provider that is down does; the clock and the tasks go on."""
        self._on_loop(self._take_down())

    def online(self) -> None:
        """Listen again, on the same port."""
        self._on_loop(self._bring_up())

    @property
    def _base_url(self) -> str:
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self._host, self._host)  # noqa: S104 - an address to show
        return f"http://{host}:{self._port}"

    def _url(self) -> str:
        self.start()
        return self._base_url

    def _listen(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        # With the protocol named, asyncio switches Nagle off; without, each answer on a kept connection waits 40 ms.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((self._host, self._port))
        except (OSError, OverflowError) as error:
            listener.close()
            raise ConfigurationError(
                f"the simulator cannot listen on {self._host}:{self._port} ({error}); choose another port, or 0."
            ) from error
        self._port = listener.getsockname()[1]
        return listener

    def _on_loop(self, work: Coroutine[None, None, None]) -> None:
        self.start()
        if self._loop is not None:
            asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _run(self, listener: socket.socket, store: Store, ready: threading.Event, failure: list[BaseException]) -> None:
        """The thread: a loop of its own, from the first request to the last."""
        loop = self._loop = asyncio.new_event_loop()
        try:
            loop.run_until_complete(self._main(listener, store, ready))
        except BaseException as error:
            failure.append(error)
            if ready.is_set():
                logger.exception("the simulator stopped")
        finally:
            listener.close()
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()
            store.close(self.clock.now())
            ready.set()

    async def _main(self, listener: socket.socket, store: Store, ready: threading.Event) -> None:
        from seedance_widgets.simulator import acedata_wire, ark_wire  # noqa: PLC0415 - with starlette, when it is needed
        from seedance_widgets.simulator.app import Service  # noqa: PLC0415 - the same
        from seedance_widgets.simulator.media import Media  # noqa: PLC0415 - the same

        self._stop = asyncio.Event()
        media = Media(self.clock, store, self._base_url)
        limits = RateLimits(self.limits, self.clock)

        def callback_body(task: Task) -> dict[str, Any]:
            if task.provider == "acedata":
                return acedata_wire.result(task, self._options["shape"], media.url)
            return ark_wire.task_body(task, media.url)

        outbound = Outbound(self.clock, store, fetch=self._fetch, body=callback_body)
        engine = self._engine = outbound.engine = Engine(self.clock, store, limits, outbound)
        engine.load()
        service = Service(self.clock, engine, media, store, limits, self._log, drop=self._drop, **self._options)
        self._app = service.asgi()
        await self._bring_up(listener)
        running = asyncio.create_task(engine.run())
        stopping = asyncio.create_task(self._stop.wait())
        ready.set()
        try:
            await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                await running  # it never ends by itself: this raises what went wrong
        finally:
            await self._take_down()
            for one in (running, stopping):
                one.cancel()
            await asyncio.gather(running, stopping, return_exceptions=True)
            await outbound.close()
            await engine.close()
            media.close()  # blocking, on a loop that has nothing else left to do

    async def _bring_up(self, listener: socket.socket | None = None) -> None:
        if self._serving is not None:
            return
        from seedance_widgets.simulator.listen import Listener  # noqa: PLC0415 - with uvicorn, when it is needed

        self._server = Listener(self._app, KEEP_ALIVE)
        self._serving = asyncio.create_task(self._server.serve([listener or self._listen()]))
        await self._server.up()

    async def _take_down(self) -> None:
        if self._server is not None and self._serving is not None:
            self._server.down()
            await self._serving
        self._server = self._serving = None

    def _drop(self, scope: Scope) -> None:
        if self._server is not None:
            self._server.drop(scope)
