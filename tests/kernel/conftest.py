"""A real ipykernel, driven over its own protocol, as a front end would."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass, field
from queue import Empty

import pytest
from jupyter_client.manager import KernelManager

from tests.kernel.comms import FrontEnd

PATIENCE = 60


@dataclass
class Cell:
    """What a cell left: its streams, displays and error."""

    status: str = ""
    text: str = ""
    stderr: str = ""
    results: list = field(default_factory=list)
    displays: dict = field(default_factory=dict)
    updates: list = field(default_factory=list)
    error: str = ""


class Kernel:
    """One kernel with a client on it.

    Attributes:
        front: Its widgets, as a front end has them.
        published: Everything that it published, oldest first.
    """

    def __init__(self, folder) -> None:
        self.manager = KernelManager()
        self.manager.kernel_spec.argv[0] = sys.executable
        self.manager.start_kernel(cwd=str(folder), env={**os.environ, "PYTHONWARNINGS": "default"})
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=PATIENCE)
        self.cells: dict[str, Cell] = {}
        self.front = FrontEnd(self.client, self.until)
        self.published: list[dict] = []

    def send(self, code: str) -> str:
        """Send a cell without waiting; the id asks for it later."""
        message = self.client.execute(code)
        self.cells[message] = Cell()
        return message

    def wait(self, message: str, timeout: float = PATIENCE) -> Cell:
        """Wait until a cell is done and everything that it published is here."""
        self.until(lambda: self.cells[message].status == "idle", timeout)
        return self.cells[message]

    def run(self, code: str, timeout: float = PATIENCE) -> Cell:
        """Run a cell and wait for it."""
        return self.wait(self.send(code), timeout)

    def until(self, condition, timeout: float = PATIENCE) -> None:
        """Take in what the kernel publishes until `condition` holds."""
        end = time.monotonic() + timeout
        while not condition():
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"not so within {timeout} s; the kernel's cells: {self.cells}")
            try:
                self._take(self.client.get_iopub_msg(timeout=min(left, 0.5)))
            except Empty:
                continue

    def until_dead(self, timeout: float = PATIENCE) -> None:
        """Wait until the kernel's process has ended by itself."""
        self.manager.provisioner.process.wait(timeout)

    def _take(self, message) -> None:
        self.published.append(message)
        self.front.take(message)
        cell = self.cells.get(message["parent_header"].get("msg_id"), Cell())
        content = message["content"]
        match message["msg_type"]:
            case "status" if content["execution_state"] == "idle":
                cell.status = "idle"
            case "stream" if content["name"] == "stderr":
                cell.stderr += content["text"]
            case "stream":
                cell.text += content["text"]
            case "execute_result":
                cell.results.append(content["data"])
            case "display_data":
                cell.displays[content.get("transient", {}).get("display_id")] = content["data"]
            case "update_display_data":
                cell.updates.append(content["data"])
            case "error":
                cell.error = "\n".join([content["ename"], content["evalue"], *content["traceback"]])

    def close(self) -> None:
        self.client.stop_channels()
        if self.manager.has_kernel:
            self.manager.shutdown_kernel(now=True)
        self.manager.cleanup_resources()


@pytest.fixture
def kernel(tmp_path):
    """A fresh kernel in the test's own folder."""
    started = Kernel(tmp_path)
    yield started
    started.close()


@pytest.fixture
def start_kernel(tmp_path):
    """Start kernels, several if need be, in the test's own folder."""
    started = []

    def start() -> Kernel:
        started.append(Kernel(tmp_path))
        return started[-1]

    yield start
    for one in started:
        one.close()
