import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import pytest

from seedance_widgets.notebook import loop as bridge


def in_fresh_python(script: str) -> subprocess.CompletedProcess[str]:
    """Run a script in a process of its own: nesting patches asyncio for good."""
    return subprocess.run(
        [sys.executable, "-W", "error::ResourceWarning", "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_run_returns_the_result_in_a_script():
    async def work() -> int:
        await asyncio.sleep(0)
        return 42

    assert bridge.run(work()) == 42


def test_tasks_started_in_a_script_go_on_whatever_the_script_does():
    done = in_fresh_python("""
        import asyncio, threading
        from seedance_widgets.notebook import loop as bridge
        made = threading.Event()
        async def job():
            await asyncio.sleep(0.05)
            made.set()
            return "made"
        task = bridge.start(bridge.home_loop(), job())
        assert made.wait(10)
        print(bridge.run(task))
    """)
    assert (done.stdout, done.stderr) == ("made\n", "")


def test_several_threads_of_a_script_wait_at_once():
    done = in_fresh_python("""
        import asyncio
        from concurrent.futures import ThreadPoolExecutor
        from seedance_widgets.notebook import loop as bridge
        async def job(n):
            await asyncio.sleep(0.01 * n)
            return n
        with ThreadPoolExecutor(8) as pool:
            print(sorted(pool.map(lambda n: bridge.run(job(n)), range(8))))
    """)
    assert (done.stdout, done.stderr) == ("[0, 1, 2, 3, 4, 5, 6, 7]\n", "")


def test_a_script_that_leaves_tasks_behind_ends_without_a_warning():
    done = in_fresh_python("""
        import asyncio
        from seedance_widgets.notebook import loop as bridge
        async def nothing(): pass
        bridge.start(bridge.home_loop(), asyncio.sleep(1000))
        bridge.run(nothing())
    """)
    assert (done.returncode, done.stderr) == (0, "")


def test_run_nests_inside_a_running_loop():
    done = in_fresh_python("""
        import asyncio, sys
        from seedance_widgets.notebook import loop as bridge
        assert "nest_asyncio2" not in sys.modules
        async def inner(): await asyncio.sleep(0.01); return 7
        async def outer():
            seven = bridge.run(inner())
            await asyncio.sleep(0)
            return seven
        print(asyncio.run(outer()))
    """)
    assert (done.stdout, done.stderr) == ("7\n", "")


def test_a_timeout_ends_the_waiting_and_says_that_the_job_goes_on():
    with pytest.raises(TimeoutError, match=r"not done after 0.02 s; the job goes on"):
        bridge.run(asyncio.sleep(10), 0.02)


def test_the_awaitables_own_timeout_is_not_taken_for_ours():
    async def work() -> None:
        raise TimeoutError("mine")

    with pytest.raises(TimeoutError, match="mine"):
        bridge.run(work(), 10)


@pytest.fixture
def sigint():
    """Python's own way with SIGINT, which a process started in the background does not have."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_an_interrupt_ends_the_waiting_within_a_heartbeat(sigint):
    async def work() -> None:
        await asyncio.sleep(30)

    began = time.monotonic()
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        bridge.run(work())
    assert time.monotonic() - began < 5
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


async def test_another_thread_waits_without_holding_up_the_loop():
    async def work() -> str:
        await asyncio.sleep(0.01)
        return threading.current_thread().name

    bridge.home_loop()  # the loop of the main thread is known from here on
    name = await asyncio.to_thread(bridge.run, work())
    assert name == "MainThread"


async def test_another_thread_can_time_out():
    bridge.home_loop()
    with pytest.raises(TimeoutError, match="goes on"):
        await asyncio.to_thread(bridge.run, asyncio.sleep(10), 0.02)


def test_old_nesting_is_named_where_it_loses_clicks(monkeypatch):
    class Kernel:
        implementation_version = "7.4.0"

    monkeypatch.setattr(bridge, "kernel", Kernel)
    monkeypatch.setattr(asyncio, "_nest_patched", True, raising=False)
    monkeypatch.delattr(asyncio, "_nest_asyncio2", raising=False)
    with pytest.warns(RuntimeWarning, match=r"nest_asyncio 1.x .* loses every click"):
        bridge._warn_of_old_nesting()


@pytest.mark.parametrize(
    ("version", "loses"), [("6.31.0", False), ("7.0.1", False), ("7.1.0", True), ("8.0", True), ("", False)]
)
def test_which_kernels_lose_messages_under_old_nesting(version, loses):
    assert bridge._loses_messages(version) is loses
