"""A real terminal for a script, by a pseudo-terminal."""

import fcntl
import os
import struct
import subprocess
import sys
import termios
import textwrap

import pytest

pty = pytest.importorskip("pty")

ROWS, COLUMNS = 24, 100


def in_a_terminal(script: str, *, until: str = "") -> str:
    """Run a script with stderr on a terminal of 100 columns; return what the terminal got.

    Its stdin stays open until the terminal has shown `until`: who reads it there waits for that.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)],
        stdin=subprocess.PIPE,
        stderr=theirs,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "COLUMNS": str(COLUMNS)},
    )
    os.close(theirs)
    shown = b""
    while True:
        if until.encode() in shown:
            process.stdin.close()
        try:
            part = os.read(ours, 4096)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        shown += part
    process.stdin.close()
    process.wait(60)
    os.close(ours)
    assert process.returncode == 0, shown.decode()
    return shown.decode()
