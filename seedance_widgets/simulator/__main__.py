"""`python -m seedance_widgets.simulator`: the simulator for clients in other processes."""

from __future__ import annotations

import argparse
import signal
import sys
import threading

from seedance_widgets.errors import SeedanceError
from seedance_widgets.simulator.client import KEY
from seedance_widgets.simulator.server import Simulator

EXAMPLES = """\
Any Ark or AceDataCloud client can be pointed at it:

  ARK_API_KEY={key} python -c 'from volcenginesdkarkruntime import Ark; Ark(base_url="http://127.0.0.1:8765/api/v3")'
  ACEDATACLOUD_API_BASE_URL=http://127.0.0.1:8765 ACEDATACLOUD_API_TOKEN={key} mcp-seedance

Magic words in a prompt, such as [sim:fail], trigger each failure: see help("seedance_widgets.simulator").
"""


def main(arguments: list[str] | None = None) -> int:
    """Serve until interrupted; returns the exit code."""
    options = _parser().parse_args(arguments)
    simulator = Simulator(
        speed=options.speed,
        limits=options.limits,
        port=options.port,
        state=options.state,
        host=options.host,
        api_key=options.api_key,
        shape=options.shape,
    )
    stopped = threading.Event()
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, lambda *_: stopped.set())
    try:
        with simulator:
            key = options.api_key or KEY
            say = sys.stdout.write
            say(f"Seedance simulator, {options.speed:g} times as fast, limits {options.limits}; nothing is billed.\n\n")
            say(f"  Ark, BytePlus   {simulator.ark_base_url}\n  AceDataCloud    {simulator.acedata_base_url}\n\n")
            if options.api_key is None:
                say("For notebooks with seedance_widgets:\n\n")
                say(f"  export SEEDANCE_SIMULATOR={simulator.acedata_base_url}\n\n")
            say("For any other client:\n\n")
            say(f"  export ARK_API_KEY={key} ARK_BASE_URL={simulator.ark_base_url}\n")
            say(f"  export ACEDATACLOUD_API_TOKEN={key} ACEDATACLOUD_API_BASE_URL={simulator.acedata_base_url}\n\n")
            say("Stop it with Ctrl+C.\n")
            sys.stdout.flush()
            stopped.wait()
    except SeedanceError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m seedance_widgets.simulator",
        description="A Seedance provider on this machine: the real HTTP interfaces, real videos, no key, no cost.",
        epilog=EXAMPLES.format(key=KEY),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (default: %(default)s, this machine only)")
    add("--port", type=int, default=8765, help="TCP port, 0 for a free one (default: %(default)s)")
    add("--speed", type=float, default=20.0, help="its seconds in one of ours (default: %(default)s)")
    add("--limits", choices=("none", "documented"), default="none", help="rates and queues (default: %(default)s)")
    add("--state", metavar="FOLDER", help="keep the tasks here for the next start (default: forget them)")
    add("--api-key", metavar="KEY", help="accept this key only (default: any but 'wrong')")
    add(
        "--shape",
        choices=("A", "B", "alternate"),
        default="A",
        help="AceDataCloud's result shape (default: %(default)s)",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
