"""Connections belong to an event loop and end with it."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import threading
import warnings

import pytest

from seedance_widgets import errors
from seedance_widgets.providers import Ark

from .conftest import KEY, Reply, Server


@pytest.fixture
def elsewhere():
    """A server on a loop and thread of its own, so that other loops may come and go."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(Server().start(), loop).result()
    server.rule = lambda call: Reply(200, {"id": "a", "status": "running"})
    yield server
    asyncio.run_coroutine_threadsafe(server.close(), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.mark.parametrize("close", [True, False])
def test_one_provider_serves_several_loops_and_leaves_nothing_open(elsewhere, fast, close):
    provider = Ark(KEY, base_url=elsewhere.url, limits=fast)

    async def use():
        await provider.poll(["a"])
        if close:
            await provider.aclose()

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gc.collect()  # what other tests have left is not looked for here
        warnings.simplefilter("error")
        for _ in range(3):
            asyncio.run(use())
            gc.collect()
    assert len(provider._caller._pool._loops) <= 1
    asyncio.run(use())
    assert len(provider._caller._pool._loops) <= 1


def test_two_loops_at_once_have_each_their_connections(elsewhere, fast):
    provider = Ark(KEY, base_url=elsewhere.url, limits=fast)
    found, both = [], threading.Barrier(2)

    async def use():
        found.append((await provider.poll(["a"]))["a"].status)
        await asyncio.to_thread(both.wait)
        found.append(len(provider._caller._pool._loops))
        await asyncio.to_thread(both.wait)
        await provider.aclose()

    threads = [threading.Thread(target=lambda: asyncio.run(use())) for _ in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(map(str, found)) == ["2", "2", "running", "running"]
    assert provider._caller._pool._loops == {}


def test_a_provider_that_is_forgotten_closes_its_connections(elsewhere, fast):
    async def use():
        provider = Ark(KEY, base_url=elsewhere.url, limits=fast)
        await provider.poll(["a"])
        clients = provider._caller._pool._loops[asyncio.get_running_loop()]
        calls, closed = clients.calls, asyncio.Event()
        close = calls.aclose

        async def aclose():
            await close()
            closed.set()

        calls.aclose = aclose
        del provider, clients
        gc.collect()
        await asyncio.wait_for(closed.wait(), 5)

    asyncio.run(use())


async def test_after_aclose_it_can_be_used_again(server, ark):
    server.rule = lambda call: Reply(200, {"id": "a", "status": "running"})
    for _ in range(2):
        assert (await ark.poll(["a"]))["a"].status == "running"
        await ark.aclose()
    await ark.aclose()


async def test_no_proxy_stands_before_this_machine(server, fast, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    server.replies = [Reply(200, {"id": "a", "status": "running"})]
    provider = Ark(KEY, base_url=server.url, limits=fast)
    assert (await provider.poll(["a"]))["a"].status == "running"
    await provider.aclose()


async def test_a_proxy_that_refuses_means_that_nothing_was_sent(server, fast, monkeypatch, request_of):
    monkeypatch.setenv("HTTPS_PROXY", server.url)
    server.rule = lambda call: Reply(407, b"")
    provider = Ark(KEY, base_url="https://ark.example", limits=fast)
    server._one = _refuse_connect(server)
    with pytest.raises(errors.ConnectionFailed, match="proxy"):
        await provider.submit(request_of())
    await provider.aclose()


def _refuse_connect(server):
    async def one(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"CONNECT")
        assert KEY.encode() not in head
        writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n")
        await writer.drain()
        return False

    return one


async def test_a_proxy_setting_that_cannot_be_used_is_a_configuration_error(monkeypatch, request_of):
    monkeypatch.setenv("HTTPS_PROXY", "nonsense://user:password@host")
    with pytest.raises(errors.ConfigurationError, match="HTTPS_PROXY") as caught:
        await Ark(KEY).submit(request_of())
    assert "password" not in str(caught.value)


def test_the_package_imports_no_http_library_until_a_provider_is_made():
    heavy = "{'httpx', 'numpy', 'PIL', 'anyio'} & set(sys.modules)"
    code = (
        f"import sys, seedance_widgets.providers as p; print({heavy} or 'none'); p.Ark; print('httpx' in sys.modules)"
    )
    shown = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert shown.split("\n")[:2] == ["none", "True"]
