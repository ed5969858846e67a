"""Chromium for the tests of this folder.

Playwright's async interface is used, and every test here runs on one loop for the whole session: the sync interface
keeps a loop running in the main thread, where no asyncio test of the other folders could run after it, and a browser
belongs to the loop that started it.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import re
from contextlib import suppress
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import async_playwright, expect

import seedance_widgets as sw
from seedance_widgets.widgets.sweep_view import SweepView
from tests.browser import chromium
from tests.browser.grid import BASE, Grid
from tests.browser.lab import Desk, LabServer
from tests.browser.stage import Ears, Theatre

expect.set_options(timeout=15_000)


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(items):
    here = Path(__file__).parent
    for item in items:
        if here not in item.path.parents:
            continue
        if "lab" in item.fixturenames:
            item.add_marker(pytest.mark.xdist_group("lab"))  # one JupyterLab, in one process
        if pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="package", loop_scope="session", autouse=True)
async def _nothing_is_left_to_other_folders():
    """Connections that this folder's tests let go are closed while their loop still turns, not in some later test."""
    yield
    gc.collect()
    # What closes them are async generators, which the loop finishes in tasks of their own.
    await end_tasks_by_themselves()


async def end_tasks_by_themselves() -> None:
    """Wait for the tasks that the loop has made to close async generators."""
    await asyncio.sleep(0)  # they are made in the loop's next turn
    closing = [task for task in asyncio.all_tasks() if "aclose" in repr(task.get_coro())]
    await asyncio.gather(*closing, return_exceptions=True)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser():
    """Chromium, started once."""
    async with async_playwright() as playwright:
        started = await chromium.launch(playwright)
        yield started
        await started.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def theatre(browser):
    made = Theatre(browser)
    yield made
    made.close()


@pytest_asyncio.fixture(loop_scope="session")
async def stage(theatre, home):
    """An empty page on which modules and surfaces are shown; the test fails on any error that it has not announced."""
    loop = asyncio.get_running_loop()
    before = asyncio.all_tasks()
    opened = await theatre.open()
    ears = Ears(opened)
    logging.getLogger("seedance_widgets").addHandler(ears)
    loop.set_exception_handler(lambda _, what: opened.trouble.append(f"loop: {what}"))
    yield opened
    await theatre.clear(opened)
    await end_tasks(asyncio.all_tasks() - before)
    loop.set_exception_handler(None)
    logging.getLogger("seedance_widgets").removeHandler(ears)
    assert opened.unexpected() == []


async def end_tasks(tasks) -> None:
    """End what a test has left on the loop, such as its jobs; playwright's own tasks serve the next test too."""
    ours = [task for task in tasks if task is not asyncio.current_task() and "/playwright/" not in _file_of(task)]
    for task in ours:
        task.cancel()
    for task in ours:
        with suppress(asyncio.CancelledError, Exception):
            await task


def _file_of(task) -> str:
    code = getattr(task.get_coro(), "cr_code", None)
    return code.co_filename if code else ""


@pytest.fixture
def sweep_of(sim):
    """Make a sweep on the simulator."""

    def of(axes, base=BASE, **options):
        return sw.Sweep(base, axes, provider=sim.provider(), **options)

    return of


@pytest.fixture
def open_grid(stage):
    """Show a sweep or a comparison, with its Python side behind it."""

    async def opened(grid, **options):
        return await Grid(stage, await stage.surface(SweepView(grid, **options))).ready()

    return opened


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def lab_desk(browser, tmp_path_factory):
    """A JupyterLab server and the page it is open in."""
    server = LabServer(tmp_path_factory.mktemp("lab"))
    await server.start()
    desk = Desk(server, browser)
    yield desk
    await desk.forget()
    await server.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def lab(lab_desk, request):
    """JupyterLab, ready to `open` a notebook; the test fails on any error on its page that it has not announced."""
    opened = await lab_desk.open(re.sub(r"\W+", "_", request.node.name)[:80])
    yield opened
    try:
        await opened.close()
    except Exception:
        await lab_desk.forget()
        raise
    if opened.in_trouble:
        await lab_desk.forget()
    assert opened.unexpected() == []
