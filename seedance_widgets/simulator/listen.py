"""uvicorn without what belongs to a process of its own: no signals, no ticks, and a switch to go down and come back."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import uvicorn

if TYPE_CHECKING:
    import socket

    from starlette.types import ASGIApp, Scope


class Listener(uvicorn.Server):
    """One listening socket and its connections.

    Args:
        keep_alive: Seconds that an idle connection is kept open.
    """

    def __init__(self, app: ASGIApp, keep_alive: int) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http="h11",
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                date_header=False,
                timeout_keep_alive=keep_alive,
            )
        )
        self._up = asyncio.Event()
        self._down = asyncio.Event()

    async def up(self) -> None:
        """Wait until it listens."""
        await self._up.wait()

    def down(self) -> None:
        """Stop listening and break every connection."""
        self._down.set()

    def drop(self, scope: Scope) -> None:
        """Close the connection that a request came on, once what was already written is out."""
        for connection in self.server_state.connections:
            if scope["client"] is not None and getattr(connection, "client", None) == tuple(scope["client"]):
                connection.transport.close()

    async def main_loop(self) -> None:
        """Wait for `down`; uvicorn's own loop would wake ten times a second."""
        await self.on_tick(0)
        self._up.set()
        await self._down.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Break what is open, at once, and wait until every answer in the making has ended."""
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        tasks = list(self.server_state.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for server in self.servers:
            await server.wait_closed()
        for one in sockets or []:
            one.close()
