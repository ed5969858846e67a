"""What waiting looks like in a terminal."""

import re
import subprocess
import sys
import textwrap

from tests.terminal import in_a_terminal

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
