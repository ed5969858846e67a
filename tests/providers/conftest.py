"""A server on this machine that can be told to misbehave."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

KEY = "sk-0123456789-abcdef-SECRET"


@dataclass
class Call:
    method: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    body: Any
    at: float
    target: str


@dataclass
class Reply:
    """`how`: answer, drop (hang up), half (hang up in the middle), hang (say nothing), garbage, drip (for ever)."""

    status: int = 200
    body: Any = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    how: str = "answer"


def drop():
    return Reply(how="drop")


class Server:
    """Answers each call with the next of `replies`, the last one again and again, or with what `rule(call)` says."""

    def __init__(self):
        self.calls = []
        self.replies = [Reply()]
        self.rule = None
        self.longest_target = None
        self.hang_up_on_long = False
        self.connections = 0
        self._asked = 0
        self._open = set()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    async def start(self, tls=None):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=tls, limit=2**20)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def close(self):
        self._server.close()
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _serve(self, reader, writer):
        self.connections += 1
        self._open.add(asyncio.current_task())
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
                while await self._one(reader, writer):
                    pass
        except asyncio.CancelledError:
            pass
        finally:
            self._open.discard(asyncio.current_task())
            writer.transport.abort()

    async def _one(self, reader, writer):
        line = await reader.readline()
        if not line:
            return False
        at = time.monotonic()
        method, target, _ = line.decode().split()
        headers = {}
        while header := (await reader.readline()).decode().strip():
            name, _, value = header.partition(":")
            headers[name.lower()] = value.strip()
        data = await reader.readexactly(int(headers.get("content-length", "0")))
        parts = urlsplit(target)
        call = Call(method, parts.path, parse_qsl(parts.query), headers, json.loads(data) if data else None, at, target)
        self.calls.append(call)
        if self.longest_target is not None and len(target) > self.longest_target:
            if self.hang_up_on_long:
                return False
            reply = Reply(414, b"<html>414 Request-URI Too Large</html>")
        elif self.rule is not None:
            reply = self.rule(call)
        else:
            reply = self.replies[min(self._asked, len(self.replies) - 1)]
            self._asked += 1
        return await self._answer(writer, reply)

    @staticmethod
    async def _answer(writer, reply):
        if reply.how == "drop":
            return False
        if reply.how == "garbage":
            writer.write(b"\x00\x01 this is not HTTP\r\n\r\n")
            await writer.drain()
            return False
        if reply.how == "hang":
            await asyncio.Event().wait()
        body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        head = f"HTTP/1.1 {reply.status} Whatever\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in reply.headers.items())
        if reply.how == "drip":
            writer.write(f"{head}content-length: 100000\r\n\r\n".encode())
            while True:
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(0.01)
        writer.write(f"{head}content-length: {len(body)}\r\n\r\n".encode())
        writer.write(body if reply.how == "answer" else body[: len(body) // 2])
        await writer.drain()
        return reply.how == "answer"


@pytest.fixture
async def server():
    running = await Server().start()
    yield running
    await running.close()


@pytest.fixture
def fast():
    """Limits without rates whose back-off takes no time."""
    from seedance_widgets.providers import Limits

    return Limits(speed=1000.0)


@pytest.fixture
async def ark(server, fast):
    from seedance_widgets.providers import Ark

    provider = Ark(KEY, base_url=server.url, limits=fast)
    yield provider
    await provider.aclose()


@pytest.fixture
async def ace(server, fast):
    from seedance_widgets.providers import AceDataCloud

    provider = AceDataCloud(KEY, base_url=server.url, limits=fast)
    yield provider
    await provider.aclose()


@pytest.fixture
def request_of():
    """A small request, as given; with the tool's defaults."""
    from seedance_widgets.request.model import VideoRequest

    def make(prompt="a cat looks up", **changes):
        return VideoRequest(prompt, **changes)

    return make


@pytest.fixture
def self_signed(tmp_path):
    """A TLS context for this machine with a certificate that nobody vouches for."""
    import datetime as dt

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now, day = dt.datetime.now(dt.UTC), dt.timedelta(days=1)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - day, now + day)
    data = made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    data += key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path / "self-signed.pem"
    path.write_bytes(data)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(path)
    return tls
