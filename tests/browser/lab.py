"""JupyterLab as it comes, in Chromium: one server and one page for the session, a notebook and kernel per test."""

from __future__ import annotations

import asyncio
import json
import os
import re
import socket
import sys
from typing import TYPE_CHECKING

import httpx
import nbformat
from playwright.async_api import Error as PlaywrightError

from tests.browser.stage import SCREENSHOTS

if TYPE_CHECKING:
    from pathlib import Path

PATIENCE = 60  # seconds for what a busy machine may take its time with

# What JupyterLab itself gets wrong, with or without us.
_THEIRS = (
    r"removeChild.*\n.*jlab_core",  # its splash screen is taken away twice
    r"Could not restore the debugger state",  # the kernel was restarted
)


class LabServer:
    """A JupyterLab server with an unmodified configuration and folders of its own.

    Args:
        folder: Where its notebooks and its own files go.
    """

    def __init__(self, folder: Path) -> None:
        self.root = folder / "notebooks"
        self.root.mkdir()
        self._log = folder / "server.log"
        self._folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        # The question whether news are wanted would lie over the notebook until it is answered.
        self._setting("@jupyterlab/apputils-extension/notification", {"fetchNews": "false", "checkForUpdates": False})
        with self._log.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--expose-app-in-browser"),
                f"--port={self.url.rsplit(':', 1)[1]}",
                "--ServerApp.port_retries=0",
                "--IdentityProvider.token=",
                f"--ServerApp.root_dir={self.root}",
                stdout=log,
                stderr=log,
                env=self._environment(),
            )
        async with httpx.AsyncClient(base_url=self.url) as client, asyncio.timeout(PATIENCE):
            while True:
                if self._process.returncode is not None:
                    raise RuntimeError(f"JupyterLab did not start:\n{self.log()}")
                try:
                    if (await client.get("/api")).is_success:
                        return
                except httpx.TransportError:
                    await asyncio.sleep(0.05)

    async def stop(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            await self._process.wait()

    def log(self) -> str:
        """The end of what the server, and the kernels, printed."""
        return self._log.read_text("utf-8", "replace")[-5000:]

    async def end_kernels(self) -> None:
        async with httpx.AsyncClient(base_url=self.url, timeout=PATIENCE) as client:
            for session in (await client.get("/api/sessions")).json():
                await client.delete(f"/api/sessions/{session['id']}")

    def _environment(self) -> dict[str, str]:
        ours = ("SEEDANCE_", "ARK_", "BYTEPLUS_", "ACEDATACLOUD_", "JUPYTER")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        folders = {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "JUPYTER_RUNTIME_DIR": "runtime"}
        private = {name: str(self._folder / place) for name, place in {**folders, "IPYTHONDIR": "ipython"}.items()}
        return {**kept, **private, "JUPYTER_PREFER_ENV_PATH": "1"}

    def _setting(self, plugin: str, values: dict) -> None:
        file = self._folder / "config" / "lab" / "user-settings" / f"{plugin}.jupyterlab-settings"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(values))


class Lab:
    """One notebook in JupyterLab.

    Attributes:
        page: playwright's page.
        folder: The notebook's folder, which is the kernel's; videos go to `seedance_videos` in it.
        trouble: Errors of the page and its console; the test fails on any that it has not announced with `expects`.
    """

    def __init__(self, server: LabServer, page, folder: Path) -> None:
        self.server = server
        self.page = page
        self.folder = folder
        self.trouble: list[str] = []
        self._expected: list[str] = []
        self._listeners = {"pageerror": self._page_error, "console": self._console}
        for event, listener in self._listeners.items():
            page.on(event, listener)

    # ------------------------------------------------------------------------------------------ the notebook

    async def open(self, *cells: str, name: str = "notebook") -> None:
        """Write a notebook with these code cells, open it, and wait for its kernel."""
        self.folder.mkdir(exist_ok=True)
        book = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        )
        self.file = self.folder / f"{name}.ipynb"
        nbformat.write(book, self.file)
        await self._js(
            """async (path) => {
                const panel = await app.commands.execute("docmanager:open", { path, factory: "Notebook" });
                await panel.context.ready;
                await panel.sessionContext.ready;
            }""",
            str(self.file.relative_to(self.server.root)),
        )
        await self.wait_idle()

    async def start(self, index: int) -> None:
        """Press Shift+Enter in a cell and do not wait."""
        await self._js(
            """(index) => {
                panel.content.activeCellIndex = index;
                panel.content.deselectAll();
                void app.commands.execute("notebook:run-cell");
            }""",
            index,
        )

    async def run(self, index: int) -> str:
        """Run a cell, wait until it is done, and return what it printed.

        Raises:
            AssertionError: It raised.
        """
        await self.start(index)
        await self.wait_done(index)
        errors = [one for one in await self.outputs(index) if one["output_type"] == "error"]
        assert not errors, "\n".join(errors[0]["traceback"])
        return await self.printed(index)

    async def run_all(self) -> None:
        """Run All Cells, and wait until the kernel is idle."""
        await self._js('() => { void app.commands.execute("notebook:run-all-cells"); }')
        for index in range(await self._js("() => panel.content.widgets.length")):
            await self.wait_done(index)

    async def wait_done(self, index: int) -> None:
        """Wait until a cell that was started has ended."""
        await self._until(
            """(index) => {
                const cell = panel.content.model.cells.get(index);
                return cell.executionCount !== null && cell.executionState === "idle";
            }""",
            index,
        )

    async def wait_idle(self) -> None:
        """Wait until the kernel has nothing to do."""
        await self._until('() => panel.sessionContext.session?.kernel?.status === "idle"')

    async def outputs(self, index: int) -> list[dict]:
        """The outputs of a cell, as they would be saved."""
        return await self._js("(index) => panel.content.model.cells.get(index).toJSON().outputs", index)

    async def printed(self, index: int) -> str:
        """What a cell printed."""
        streams = [one["text"] for one in await self.outputs(index) if one["output_type"] == "stream"]
        return "".join(text if isinstance(text, str) else "".join(text) for text in streams)

    async def value(self, expression: str):
        """A value of the kernel that JSON can hold, asked for between cells."""
        answer = await self._js(
            """async (code) => {
                const request = { code: "", silent: true, store_history: false, user_expressions: { value: code } };
                const future = panel.sessionContext.session.kernel.requestExecute(request);
                return (await future.done).content.user_expressions.value;
            }""",
            f"__import__('json').dumps({expression})",
        )
        assert answer["status"] == "ok", f"{expression}: {answer.get('ename')}: {answer.get('evalue')}"
        return json.loads(eval(answer["data"]["text/plain"]))  # the repr of a str

    async def wait_value(self, expression: str, timeout: float = PATIENCE):
        """Wait until an expression of the kernel is true, and return it."""
        async with asyncio.timeout(timeout):
            while not (value := await self.value(expression)):
                await asyncio.sleep(0.05)
        return value

    async def save(self) -> dict:
        """Save the notebook; returns what is on disk."""
        await self._js('() => app.commands.execute("docmanager:save")')
        await self._until("() => !panel.context.model.dirty")
        return json.loads(self.file.read_text("utf-8"))

    # -------------------------------------------------------------------------------------------- the kernel

    async def interrupt(self) -> None:
        """The stop button."""
        await self._js("() => panel.sessionContext.session.kernel.interrupt()")

    async def restart_kernel(self) -> None:
        """Restart the kernel, having said yes."""
        await self._js("() => panel.sessionContext.session.kernel.restart()")
        await self.wait_idle()

    async def reload(self) -> None:
        """Reload the page, as F5 does; the kernel lives on."""
        path = str(self.file.relative_to(self.server.root))
        await self.page.goto(f"{self.server.url}/lab/tree/{path}")
        await _loaded(self.page)
        await self._until("(path) => app.shell.currentWidget?.context?.path === path", path)
        await self._js("async () => { await panel.context.ready; await panel.sessionContext.ready; }")

    # ---------------------------------------------------------------------------------------------- the page

    def cell(self, index: int):
        """Locator of a cell."""
        return self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook .jp-Cell").nth(index)

    def output(self, index: int):
        """Locator of a cell's outputs."""
        return self.cell(index).locator(".jp-Cell-outputArea")

    def surface(self, index: int):
        """Locator of our widget in a cell's outputs."""
        return self.output(index).locator(".seedance")

    async def theme(self, name: str) -> None:
        """JupyterLab's `light` or `dark` theme."""
        await self._js(
            """async (theme) => {
                await app.commands.execute("apputils:change-theme", { theme });
                while (document.body.dataset.jpThemeName !== theme) await new Promise(requestAnimationFrame);
            }""",
            f"JupyterLab {name.title()}",
        )

    async def screenshot(self, name: str, index: int | None = None) -> None:
        """Write a cell's outputs, or the whole window, to `build/screenshots/<name>-light.png` and `-dark.png`."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        for theme in ("dark", "light"):
            await self.theme(theme)
            what = self.page if index is None else self.output(index)
            await what.screenshot(path=SCREENSHOTS / f"{name}-{theme}.png", animations="disabled", caret="hide")

    # ------------------------------------------------------------------------------------------- what went wrong

    def expects(self, pattern: str) -> None:
        """Let the test pass with, and only with, trouble that contains this regular expression."""
        self._expected.append(pattern)

    async def wait_trouble(self, pattern: str, timeout: float = 15) -> None:
        """Wait until something went wrong."""
        try:
            async with asyncio.timeout(timeout):
                while not any(re.search(pattern, one) for one in self.trouble):
                    await asyncio.sleep(0.01)
        except TimeoutError:
            raise AssertionError(f"no trouble with {pattern!r}; there is: {self.trouble}") from None

    @property
    def in_trouble(self) -> bool:
        """Whether trouble was announced: JupyterLab may say it again seconds later, in no other test."""
        return bool(self._expected)

    def unexpected(self) -> list[str]:
        """The trouble that nobody announced."""
        known = (*_THEIRS, *self._expected)
        return [one for one in self.trouble if not any(re.search(pattern, one) for pattern in known)]

    async def close(self) -> None:
        """Put the notebook away without asking, and end its kernel."""
        for pattern in self._expected:
            await self.wait_trouble(pattern)
        for event, listener in self._listeners.items():
            self.page.remove_listener(event, listener)
        await self._js(
            """() => {
                document.querySelectorAll(".jp-Dialog").forEach((dialog) => dialog.remove());
                [...app.shell.widgets("main")].forEach((widget) => widget.dispose());
            }"""
        )
        await self.theme("light")
        await self.server.end_kernels()

    # -------------------------------------------------------------------------------------------------- within

    def _js(self, function: str, argument=None):
        """Awaitable: call a JS function on the page; `app` is JupyterLab, `panel` the notebook in front."""
        return self.page.evaluate(_bound(function), argument)

    async def _until(self, function: str, argument=None) -> None:
        try:
            await self.page.wait_for_function(_bound(function), arg=argument, timeout=PATIENCE * 1000)
        except PlaywrightError as error:
            raise AssertionError(f"{error}\ntrouble so far: {self.trouble}\n{self.server.log()}") from None

    def _page_error(self, error) -> None:
        self.trouble.append(f"page error: {error.stack or error}")

    def _console(self, message) -> None:
        if message.type == "error":
            where = message.location
            self.trouble.append(f"console: {message.text} ({where.get('url')}:{where.get('lineNumber')})")


def _bound(function: str) -> str:
    return (
        "(argument) => { const app = window.jupyterapp, panel = app.shell.currentWidget; "
        f"return ({function})(argument); }}"
    )


class Desk:
    """The page on which Lab stays open from test to test: loading it takes longer than most tests."""

    def __init__(self, server: LabServer, browser) -> None:
        self._server = server
        self._browser = browser
        self._page = None

    async def open(self, name: str) -> Lab:
        if self._page is None or self._page.is_closed():
            context = await self._browser.new_context(viewport={"width": 1500, "height": 1000})
            context.set_default_timeout(30_000)
            self._page = await context.new_page()
            await self._page.goto(f"{self._server.url}/lab?reset")  # or it opens what the last page had open
            await _loaded(self._page)
        return Lab(self._server, self._page, self._server.root / name)

    async def forget(self) -> None:
        """Begin the next test with a fresh page."""
        if self._page is not None:
            await self._page.context.close()
        self._page = None


async def _loaded(page) -> None:
    await page.wait_for_function(
        "() => window.jupyterapp && window.jupyterapp.restored.then(() => true)", timeout=PATIENCE * 1000
    )
