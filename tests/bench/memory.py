"""What a download of 1 GB adds to the memory of a fresh process: ours against `httpx.get(url).content`.

Neither of the official clients downloads anything; that line is what their users write. The server is a process of its
own that sends the same megabyte over and over.
"""

from __future__ import annotations

import asyncio
import time
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from tests.bench.measure import Figure, answer, ask, asked, child, compare, folder, in_turn, most_held

RUNS = 3
MIB = 1024 * 1024
SIZE = 1024 * MIB
GOAL_MB = 32.0


def run(runs: int = RUNS) -> list[Figure]:
    """Growth of the peak over what the process held just before, and the seconds that it took."""
    with child("tests.bench.memory", role="server") as server:
        url = server.hear()
        pairs = in_turn(runs, *(partial(_one, side, url) for side in ("ours", "peer")))
    memory = [(ours["mb"], peer["mb"]) for ours, peer in pairs]
    seconds = [(ours["seconds"], peer["seconds"]) for ours, peer in pairs]
    cpu = [(ours["cpu"], peer["cpu"]) for ours, peer in pairs]
    return [
        compare("1 GB download: memory / httpx.get().content", "MB", memory, goal=GOAL_MB, on="ours"),
        compare("1 GB download: time until it is on the disk", "s", seconds),
        compare("1 GB download: CPU", "s", cpu),
    ]


def _one(side: str, url: str) -> dict[str, float]:
    with folder() as path:
        return ask("tests.bench.memory", role=side, url=url, target=str(path / "video.mp4"))


def _ours(url: str, target: Path) -> None:
    from seedance_widgets.jobs import store

    asyncio.run(store.download(url, target, real_seconds=float))


def _peer(url: str, target: Path) -> None:
    import httpx

    target.write_bytes(httpx.get(url).content)


def _measure(side: str, url: str, target: Path) -> None:
    import httpx  # noqa: F401  imported before the count begins

    from seedance_widgets.jobs import store  # noqa: F401  the same

    before = most_held(reset=True)
    began, cpu = time.perf_counter(), time.process_time()
    {"ours": _ours, "peer": _peer}[side](url, target)
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    if target.stat().st_size != SIZE:
        raise RuntimeError(f"{target.stat().st_size:,} bytes came of {SIZE:,}")
    answer({"mb": (most_held() - before) / 1e6, "seconds": seconds, "cpu": cpu})


class _Server(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(SIZE))
        self.end_headers()
        block = bytes(range(256)) * (MIB // 256)
        for _ in range(SIZE // MIB):
            self.wfile.write(block)

    def log_message(self, *_: object) -> None:
        pass


def _serve() -> None:
    with HTTPServer(("127.0.0.1", 0), _Server) as server:
        answer(f"http://127.0.0.1:{server.server_port}/video.mp4")
        server.serve_forever()


if __name__ == "__main__":
    given = asked()
    if given["role"] == "server":
        _serve()
    else:
        _measure(given["role"], given["url"], Path(given["target"]))
