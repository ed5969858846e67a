"""What waiting for a sweep looks like in a terminal: one bar that counts its cells."""

import re

from tests.terminal import in_a_terminal

# Two cells end by themselves, one of them in failure; the third one waits until the terminal has shown that.
SCRIPT = """
import sys, threading
import seedance_widgets as sw

def cancel():
    sys.stdin.read()
    sw.run(sweep.cancel())

with sw.Simulator(speed=100) as sim:
    base = sw.VideoRequest("a {mood} boat", model="1.0-pro", resolution="480p", duration=2, seed=5)
    sweep = sw.Sweep(base, {"mood": ["calm", "[sim:fail]", "[sim:queue=6000]"]}, provider=sim.provider())
    threading.Thread(target=cancel, daemon=True).start()
    for count in ("once", "twice"):
        sw.run(sweep.run())
        sys.stderr.write(count + "\\n")
"""


def test_a_sweep_in_a_terminal_is_one_bar_that_counts_its_cells_each_time_it_is_run():
    lines = in_a_terminal(SCRIPT, until="2/3 ").split("\r\n")
    first, once, second, twice, rest = lines
    assert (once, twice, rest) == ("once", "twice", "")  # each bar has ended its line
    drawn = [one for one in first.split("\r") if one.strip()]
    counts = [int(re.search(r"\| (\d)/3 \[", one)[1]) for one in drawn]
    assert counts == sorted(counts)
    assert (counts[0], counts[-1]) == (0, 3)
    between = drawn[counts.index(2)]
    assert "3 cells · 1 done · 1 failed · 1 queued]" in between
    assert "3 cells · 1 done · 1 failed · 1 cancelled]" in drawn[-1]
    assert all(len(one.rstrip()) <= 100 for one in drawn)
    # The second time there is nothing to wait for, and what was made before tells nothing of the pace.
    again = [one for one in second.split("\r") if one]
    assert all("| 3/3 [" in one and "?cell/s" in one for one in again)
    assert "3 cells · 1 done · 1 failed · 1 cancelled]" in again[-1]
