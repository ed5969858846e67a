"""What waiting looks like in a terminal: a real one, by a pseudo-terminal."""

import os
import re
import subprocess
import sys
import textwrap

import pytest

pty = pytest.importorskip("pty")


def in_a_terminal(script: str) -> str:
    """Run a script with stderr on a terminal of 100 columns; return what the terminal got."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)],
        stderr=theirs,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "COLUMNS": "100"},
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            part = os.read(ours, 4096)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        shown += part
    process.wait(60)
    os.close(ours)
    assert process.returncode == 0, shown.decode()
    return shown.decode()


SCRIPT = """
import seedance_widgets as sw
with sw.Simulator(speed=50) as sim:
    request = sw.VideoRequest("a boat [sim:run=60]", model="1.0-pro", resolution="480p", duration=2)
    print(sw.submit(request, sim.provider()).result().path)
"""


def test_waiting_shows_one_line_with_state_seconds_and_what_is_left():
    shown = in_a_terminal(SCRIPT)
    assert "running" in shown
    assert "succeeded" in shown
    assert re.search(r"about \d+ s to go", shown)
    assert "\n" not in shown.strip().replace("\r\n", "")


def test_without_a_terminal_nothing_is_drawn():
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(SCRIPT)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.strip().endswith(".mp4")
    assert done.stderr == ""
