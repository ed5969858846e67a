"""The connections of one provider on one event loop: made on first use, closed with the loop."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

import httpx
from aiolimiter import AsyncLimiter

from seedance_widgets.errors import ConfigurationError
from seedance_widgets.providers.keys import is_loopback

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncGenerator, Generator

    from seedance_widgets.providers.base import Limits
    from seedance_widgets.providers.keys import Secret

Kind = Literal["get", "list", "delete", "batch"]

CONNECT_SECONDS = 10.0
SILENCE_SECONDS = 60.0  # without a byte in either direction
KEEP_SECONDS = 3.0
CONNECTIONS = 20


class Bearer(httpx.Auth):
    """Sets the header at the last moment, so that the key is in no client's and no request's arguments."""

    def __init__(self, secret: Secret) -> None:
        self._secret = secret

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the header."""
        request.headers["Authorization"] = f"Bearer {self._secret.reveal()}"
        yield request


@dataclass(slots=True)
class Connections:
    """What one event loop needs: a client for creates, one for all other calls, and the rates of each kind of call."""

    creates: httpx.AsyncClient
    calls: httpx.AsyncClient
    lifetime: AsyncGenerator[None, None]
    # Whoever waits for a connection waits here: httpx goes through its whole queue each time one comes or goes.
    places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(CONNECTIONS))
    limiters: dict[Kind, AsyncLimiter] = field(default_factory=dict)

    def limiter(self, kind: Kind, limits: Limits) -> AsyncLimiter | None:
        """What the calls of this kind wait for; None where no rate is published."""
        rate: float | None = getattr(limits, f"{kind}_per_second")
        if rate is None:
            return None
        if kind not in self.limiters:
            # One at a time, a little slower than published: a full bucket would let twice the rate out in its first
            # second, and calls that leave in step do not quite arrive in step.
            self.limiters[kind] = AsyncLimiter(1, 1.05 / rate + 0.002)
        return self.limiters[kind]


class Pool:
    """The connections of one provider, for each event loop its own.

    Args:
        base_url: Where the provider is.
        secret: Its key.
    """

    def __init__(self, base_url: str, secret: Secret) -> None:
        self._base_url = base_url
        self._secret = secret
        self._loops: dict[asyncio.AbstractEventLoop, Connections] = {}

    async def here(self) -> Connections:
        """This event loop's connections.

        Raises:
            ConfigurationError: The environment names a proxy or a certificate file that cannot be used.
        """
        loop = asyncio.get_running_loop()
        for closed in [one for one in list(self._loops) if one.is_closed()]:
            self._loops.pop(closed, None)
        if loop not in self._loops:
            try:
                # Reading the certificates takes some 20 ms.
                tls = await asyncio.to_thread(tls_context) if self._base_url.startswith("https:") else False
                if loop not in self._loops:
                    await self._open(loop, tls)
            except (OSError, ValueError, ImportError, httpx.InvalidURL) as error:
                raise ConfigurationError(
                    f"no connection can be prepared ({type(error).__name__}): check the proxy and certificate settings "
                    "of the environment, HTTPS_PROXY, ALL_PROXY and SSL_CERT_FILE."
                ) from None
        return self._loops[loop]

    async def aclose(self) -> None:
        """Close this event loop's connections."""
        connections = self._loops.pop(asyncio.get_running_loop(), None)
        if connections is not None:
            await connections.lifetime.aclose()

    async def _open(self, loop: asyncio.AbstractEventLoop, tls: ssl.SSLContext | bool) -> None:
        # A create gets a connection of its own: one that was kept may be closed at the other end just now, and the
        # call would be lost without anybody being able to tell.
        creates, calls = self._client(tls, keep=0), self._client(tls, keep=CONNECTIONS)
        lifetime = _close_with_loop(creates, calls)
        await anext(lifetime)
        self._loops[loop] = Connections(creates, calls, lifetime)

    def _client(self, tls: ssl.SSLContext | bool, *, keep: int) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            auth=Bearer(self._secret),
            headers={"Accept": "application/json", "User-Agent": "seedance-widgets"},
            timeout=httpx.Timeout(SILENCE_SECONDS, connect=CONNECT_SECONDS, pool=None),
            limits=httpx.Limits(
                max_connections=CONNECTIONS, max_keepalive_connections=keep, keepalive_expiry=KEEP_SECONDS
            ),
            follow_redirects=False,  # the key is for this server alone
            trust_env=not is_loopback(urlsplit(self._base_url).hostname),  # no proxy stands before this machine
            verify=tls,  # False only for http:// to this machine, where there is nothing to verify
        )


async def _close_with_loop(*clients: httpx.AsyncClient) -> AsyncGenerator[None, None]:
    """Close the clients when this generator is closed: by `aclose`, or by its event loop when that shuts down."""
    try:
        yield
    finally:
        for client in clients:
            await client.aclose()


@cache
def tls_context() -> ssl.SSLContext:
    """What a safe connection is checked against; reading the certificates blocks for some milliseconds."""
    return httpx.create_ssl_context()
