"""A simulator in another process is found by its address, and nothing else is taken for one."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import httpx
import pytest
from simulator_callers import start

from seedance_widgets.errors import ConfigurationError
from seedance_widgets.request import VideoRequest
from seedance_widgets.simulator import simulator_provider


def test_it_tells_what_it_is_without_a_key(documented):
    told = httpx.get(documented.acedata_base_url + "/").json()
    assert told == {"simulator": True, "speed": documented.speed, "limits": "documented", "own_key": False}


@pytest.mark.parametrize("kind", ["ark-cn", "ark-ap", "acedata"])
@pytest.mark.parametrize("limits", ["none", "documented"])
async def test_the_provider_is_the_one_that_the_simulator_itself_hands_out(kind, limits):
    with start(limits=limits) as sim:
        provider = simulator_provider(sim.acedata_base_url, kind)
        assert provider == sim.provider(kind)
        assert (provider.billed, provider.label, provider.id) == (False, "Simulator", f"simulator:{kind}")
        assert provider.limits.speed == sim.speed
        assert (await provider.submit(VideoRequest("a cat"))).task_id
        await provider.aclose()


@pytest.mark.parametrize("address", ["{url}/", " {url} ", "{url}/api/v3"])
def test_the_address_may_be_any_that_it_shows(sim, address):
    assert simulator_provider(address.format(url=sim.acedata_base_url)) == sim.provider()


def test_one_with_a_key_of_its_own_asks_for_it():
    with start(api_key="a-key-of-its-own") as sim:
        with pytest.raises(ConfigurationError, match="only the key"):
            simulator_provider(sim.acedata_base_url)
        assert simulator_provider(sim.acedata_base_url, api_key="a-key-of-its-own") == sim.provider()


def test_nobody_there_is_a_sentence():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(ConfigurationError, match=rf"no simulator answers at 127.0.0.1:{port}; start one"):
        simulator_provider(f"http://127.0.0.1:{port}")


def told(**values):
    return json.dumps({"simulator": True, "speed": 20, "limits": "none", **values})


@pytest.mark.parametrize(
    "body",
    [
        "<h1>hello</h1>",
        "",
        "[]",
        "{}",
        "[" * 9000,
        told(simulator=1),
        told(speed=0),
        told(speed=True),
        told(speed="20"),
        told(speed=float("inf")),
        told(limits=[]),
        told(limits="some"),
        "x" * 100_000,
    ],
    ids=range(13),
)
def test_something_else_there_is_a_sentence(body):
    class Other(BaseHTTPRequestHandler):
        def do_GET(self):
            assert "authorization" not in self.headers
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Other)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
    try:
        with pytest.raises(ConfigurationError, match="is no simulator of this package"):
            simulator_provider(f"http://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    "address", ["", "8765", "127.0.0.1:8765", "https://127.0.0.1:1", "http://127.0.0.1", "http://[", "http://x:y", None]
)
def test_what_is_no_address_of_a_simulator_is_a_sentence(address):
    with pytest.raises(ConfigurationError, match=r"must be like http://127.0.0.1:8765"):
        simulator_provider(address)


def test_another_machine_is_never_asked():
    with pytest.raises(ConfigurationError, match="on this machine"):
        simulator_provider("http://ark.example.com:80")


def test_a_wrong_kind_is_a_sentence(sim):
    with pytest.raises(ConfigurationError, match="'sora' is none of them"):
        simulator_provider(sim.acedata_base_url, "sora")


def test_the_command_prints_the_address_for_this_package(tmp_path):
    command = [sys.executable, "-m", "seedance_widgets.simulator", "--port", "0", "--speed", "50"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path, env=dict(os.environ)) as process:
        try:
            lines = []
            for line in process.stdout:
                lines.append(line)
                if line.startswith("Stop it"):
                    break
            (url,) = [line.partition("=")[2].strip() for line in lines if "SEEDANCE_SIMULATOR=" in line]
            provider = simulator_provider(url)
            assert (provider.billed, provider.limits.speed) == (False, 50)
        finally:
            process.terminate()
