"""What every test starts from: a folder of its own, no keys, and pictures that are drawn here."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import textwrap

import hypothesis
import pytest

hypothesis.settings.register_profile("untimed", deadline=None)  # how fast it is, tests/bench says
hypothesis.settings.load_profile("untimed")

KEYS = (
    "ARK_API_KEY",
    "ARK_BASE_URL",
    "BYTEPLUS_API_KEY",
    "ACEDATACLOUD_API_TOKEN",
    "ACEDATACLOUD_API_BASE_URL",
    "SEEDANCE_PROVIDER",
    "SEEDANCE_SIMULATOR",
)


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A ledger folder of the test's own, and an environment without keys."""
    for name in KEYS:
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "seedance_videos"
    monkeypatch.setenv("SEEDANCE_HOME", str(folder))
    yield folder
    if folder.exists():
        folder.chmod(0o755)
    from seedance_widgets.jobs import ledger

    if folder in ledger._open:
        ledger._open[folder].close()


def draw(width: int, height: int, *, seed: int = 0):
    """A smooth picture with edges in it, as a PIL image."""
    import numpy as np
    from PIL import Image

    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    red = 127 + 110 * np.sin(x / 90 + seed)
    green = 127 + 110 * np.cos(y / 70 + seed * 2)
    blue = 255 * (x + y) / (width + height)
    pixels = np.stack([red, green, blue], axis=2)
    pixels[height // 3 : height // 2, width // 4 : width // 2] = (240, 240, 235)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


@pytest.fixture
def png() -> bytes:
    """A 640 x 400 PNG."""
    buffer = io.BytesIO()
    draw(640, 400).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def sim():
    """A simulator without limits, a hundred times as fast as the real thing."""
    from seedance_widgets import Simulator

    with Simulator(speed=100) as simulator:
        yield simulator


@pytest.fixture
def in_script():
    """Run a script in a process of its own, with more environment variables by keyword."""

    def run(script: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", textwrap.dedent(script)],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env={**os.environ, **env},
        )

    return run
