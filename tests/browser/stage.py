"""The stage: a page in Chromium on which our ES modules run without Jupyter.

Modules are given a model as anywidget gives it to `render`. Behind that model stands either a `FakeModel`, whose state
and answers are the test's, or a real widget: `Stage.surface` puts a comm under it that ends in the page, so that the
browser's half talks to the Python class as it does in a notebook, only without server and kernel between them.

Everything runs on one loop: the test, playwright, the server of the page, and the widget, whose home loop it is.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
import re
import struct
import sys
import time
from contextlib import suppress
from pathlib import Path

from comm.base_comm import BaseComm
from playwright.async_api import Error as PlaywrightError
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler, StaticFileHandler
from tornado.websocket import WebSocketClosedError, WebSocketHandler

import seedance_widgets
from seedance_widgets.widgets.strings import strings_of, table
from seedance_widgets.widgets.surface import Answer

HERE = Path(__file__).parent
ASSETS = Path(seedance_widgets.__file__).parent / "widgets" / "assets"
THEMES = Path(sys.prefix) / "share" / "jupyter" / "lab" / "themes" / "@jupyterlab"
SCREENSHOTS = HERE.parents[1] / "build" / "screenshots"

# A Jupyter server drops a longer message, and the connection with it, without a word to anybody.
LONGEST_MESSAGE = 10 * 1024 * 1024


def pack(header: dict, buffers=()) -> bytes:
    parts = [bytes(part) for part in buffers]
    text = json.dumps({**header, "lengths": [len(part) for part in parts]}).encode()
    return b"".join([struct.pack(">I", len(text)), text, *parts])


def unpack(frame: bytes) -> tuple[dict, list[memoryview]]:
    (length,) = struct.unpack_from(">I", frame)
    header = json.loads(frame[4 : 4 + length])
    at, buffers = 4 + length, []
    for size in header["lengths"]:
        buffers.append(memoryview(frame)[at : at + size])
        at += size
    return header, buffers


class FakeModel:
    """A model whose Python side is the test.

    Args:
        stage: Where it is.
        state: The traits that the page reads.
        answers: What is done with each message of `rpc.call(type, payload, buffers)`: a function, plain or async, that
            takes the payload as keywords, and `buffers` if it has such a parameter. It returns the value, or an
            `Answer` with buffers; what it raises rejects the call.
    """

    def __init__(self, stage: Stage, state: dict, answers: dict) -> None:
        self.id = stage.new_id()
        self.state = dict(state)
        self.answers = answers
        self.sent: list[dict] = []
        self._stage = stage
        stage.models[self.id] = self
        stage.to_page({"model": self.id, "kind": "open", "content": self.state})

    def of(self, kind: str) -> list[dict]:
        """The payloads of every message of this type that came so far."""
        without = ("type", "call")
        return [{k: v for k, v in one.items() if k not in without} for one in self.sent if one["type"] == kind]

    def update(self, **changes) -> None:
        """Change traits; the page is told."""
        self.state.update(changes)
        self._stage.to_page({"model": self.id, "kind": "update", "content": changes})

    def say(self, content: dict, buffers=()) -> None:
        """Send the page a custom message that it has not asked for."""
        self._stage.to_page({"model": self.id, "kind": "custom", "content": content}, buffers)

    async def take(self, content: dict, buffers) -> None:
        self.sent.append(content)
        payload = dict(content)
        kind, call = payload.pop("type"), payload.pop("call", None)
        answer = self.answers.get(kind)
        if answer is None:
            self._stage.trouble.append(f"the page sent {content}, and the test has no answer for {kind!r}")
            return
        if "buffers" in inspect.signature(answer).parameters:
            payload["buffers"] = buffers
        try:
            made = answer(**payload)
            made = await made if inspect.isawaitable(made) else made
            ok, made = True, made if isinstance(made, Answer) else Answer(made)
        except Exception as error:  # noqa: BLE001  the page is told, as a Surface tells it
            ok, made = False, Answer(str(error))
        self.say({"type": "answer", "call": call, "ok": ok, "value": made.value}, made.buffers)


class PageComm(BaseComm):
    """A comm that ends in the page: what ipywidgets publishes goes there, what the page sends comes back.

    Args:
        stage: Where the page is.
        **opening: What `comm.create_comm` is given.
    """

    def __init__(self, stage: Stage, **opening) -> None:
        self._stage = stage
        self._home = asyncio.get_running_loop()
        self.messages = 0
        self.bytes = 0
        super().__init__(**opening)
        self.id = self.comm_id
        stage.models[self.id] = self

    def publish_msg(self, msg_type, data=None, metadata=None, buffers=None, **keys) -> None:
        data = data or {}
        match msg_type, data.get("method"):
            case "comm_open", _:
                kind, content = "open", data["state"]
            case "comm_msg", "update":
                kind, content = "update", data["state"]
            case "comm_msg", "custom":
                kind, content = "custom", data["content"]
            case _:
                return
        if kind != "custom" and data.get("buffer_paths"):
            raise AssertionError(f"bytes in synced state: {data['buffer_paths']}")
        frame = pack({"model": self.comm_id, "kind": kind, "content": content}, buffers or ())
        self.messages += 1
        self.bytes += len(frame)
        if _is_running(self._home):
            self._stage.write(frame)
        else:  # a widget may be changed on any thread
            self._home.call_soon_threadsafe(self._stage.write, frame)

    async def take(self, content: dict, buffers) -> None:
        self.handle_msg({"content": {"data": {"method": "custom", "content": content}}, "buffers": buffers})


def _is_running(loop) -> bool:
    try:
        return asyncio.get_running_loop() is loop
    except RuntimeError:
        return False


class View:
    """One view on the stage.

    Attributes:
        root: Locator of the place it is drawn in.
        model: The `FakeModel`, or the `PageComm` under the widget, which counts its `messages` and `bytes`.
    """

    def __init__(self, stage: Stage, number: int, model) -> None:
        self.root = stage.page.locator("#outputs > div").nth(number)
        self.model = model
        self._stage = stage
        self._number = number

    async def dispose(self) -> None:
        """Let the view go, as a closed output does; for a surface only."""
        await self._stage.page.evaluate("number => stage.dispose(number)", self._number)

    async def again(self) -> View:
        """Show the same widget once more, as a later cell does."""
        number = await self._stage.page.evaluate("id => stage.render(id)", self.model.id)
        return View(self._stage, number, self.model)


class Stage:
    """One page, its models, and everything that went wrong on it.

    Attributes:
        page: playwright's page.
        trouble: Errors of the console, of the page, of the loop and of our log; the test fails on any that it has not
            announced with `expects`.
    """

    def __init__(self, page) -> None:
        self.page = page
        self.models: dict = {}
        self.trouble: list[str] = []
        self._expected: list[str] = []
        self._socket: WebSocketHandler | None = None
        self._waiting: list[bytes] = []
        self._count = 0
        self._tasks: set[asyncio.Task] = set()
        page.on("pageerror", lambda error: self.trouble.append(f"page error: {error.stack or error}"))
        page.on("console", self._console)

    # ------------------------------------------------------------------------------------------- for tests

    async def mount(self, body: str, state: dict | None = None, *, answers=None, lang="en", styles=()) -> View:
        """Run JS on the page, with a fake model.

        Args:
            body: The body of an async function. In its reach: `model`, `rpc` (of that model), `t` (its translator),
                `root` (an element with the class `seedance`), `h` and `createEdits`; everything else by
                `await import("/assets/....js")`. What it returns is `mounted` on the page afterwards.
            state: Traits of the model; `lang`, `strings` (every section) and `saved_id` are there already.
            answers: See `FakeModel`.
            lang: `en` or `zh`.
            styles: Style sheets of `assets/`, `base.css` comes by itself.
        """
        strings = strings_of(lang, tuple(table()))
        given = {"lang": lang, "strings": strings, "saved_id": "0", **(state or {})}
        model = FakeModel(self, given, answers or {})
        number = await self.page.evaluate(
            "([id, body, styles]) => stage.mount(id, body, styles)", [model.id, body, ["base.css", *styles]]
        )
        return View(self, number, model)

    async def surface(self, widget) -> View:
        """Show a real widget of ours, its module in the browser and its Python class behind it; twice for two views."""
        if not isinstance(widget.comm, PageComm):
            widget.comm = PageComm(self, target_name="jupyter.widget", data={"state": widget.get_state()})
        number = await self.page.evaluate("id => stage.render(id)", widget.comm.id)
        return View(self, number, widget.comm)

    def js(self, script: str, argument=None):
        """Awaitable: evaluate a JS function on the page, such as `"view => mounted.fields.draw(view)"`."""
        return self.page.evaluate(script, argument)

    async def until(self, condition, timeout: float = 15) -> None:
        """Wait until `condition()` holds in Python; for the page use playwright's `expect`."""
        try:
            async with asyncio.timeout(timeout):
                while not condition():
                    await asyncio.sleep(0.005)
        except TimeoutError:
            raise AssertionError(f"not so within {timeout} s; trouble so far: {self.trouble}") from None

    async def until_js(self, condition: str, locator, timeout: float = 15) -> None:
        """Wait until a function of the element is true in the page."""
        element = await locator.element_handle()
        await self.page.wait_for_function(condition, arg=element, timeout=timeout * 1000)

    async def theme(self, name: str) -> None:
        """JupyterLab's `light` or `dark` theme, from its own style sheets."""
        await self.page.evaluate("name => stage.theme(name)", name)

    async def stop_clock(self) -> float:
        """Stop the page's clock, so that only `page.clock.run_for` moves it; what it shows, in Unix seconds."""
        now = time.time()
        await self.page.clock.install(time=now)
        await self.page.clock.pause_at(now + 60)
        return now + 60

    async def width(self, pixels: int) -> None:
        """How wide the outputs are."""
        await self.page.evaluate("width => { document.querySelector('#outputs').style.width = `${width}px`; }", pixels)

    async def screenshot(self, name: str) -> None:
        """Write the outputs to `build/screenshots/<name>-light.png` and `-dark.png`."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        outputs = self.page.locator("#outputs")
        usual = self.page.viewport_size
        # All of it in sight: what sticks to the edge of the window would lie over the rest.
        height = await outputs.evaluate("element => element.scrollHeight")
        await self.page.set_viewport_size({**usual, "height": max(usual["height"], height + 60)})
        for theme in ("dark", "light"):
            await self.theme(theme)
            await outputs.screenshot(path=SCREENSHOTS / f"{name}-{theme}.png", animations="disabled", caret="hide")
        await self.page.set_viewport_size(usual)

    def expects(self, pattern: str) -> None:
        """Let the test pass in spite of trouble that contains this regular expression."""
        self._expected.append(pattern)

    def unexpected(self) -> list[str]:
        """The trouble that nobody announced."""
        return [one for one in self.trouble if not any(re.search(pattern, one) for pattern in self._expected)]

    # --------------------------------------------------------------------------------------------- the wire

    def new_id(self) -> str:
        self._count += 1
        return f"fake-{self._count}"

    def to_page(self, header: dict, buffers=()) -> None:
        self.write(pack(header, buffers))

    def write(self, frame: bytes) -> None:
        if self._socket is None:
            self._waiting.append(frame)
        elif not self._socket.closed:
            self._run(self._delivered(self._socket.write_message(frame, binary=True)))

    async def _delivered(self, writing) -> None:
        with suppress(WebSocketClosedError):  # the page went while it was on its way: as if it had gone before
            await writing

    def connected(self, socket) -> None:
        self._socket = socket
        waiting, self._waiting = self._waiting, []
        for frame in waiting:
            self.write(frame)

    def disconnected(self, socket) -> None:
        if self._socket is socket:
            self._socket = None

    def received(self, frame: bytes) -> None:
        if len(frame) > LONGEST_MESSAGE:
            self.trouble.append(f"a message of {len(frame):,} bytes: a Jupyter server drops it silently")
            return
        header, buffers = unpack(frame)
        self._run(self.models[header["model"]].take(header["content"], buffers))

    def _run(self, work) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.trouble.append(f"the stage failed: {error!r}")

    def _console(self, message) -> None:
        if message.type == "error":
            where = message.location
            self.trouble.append(f"console: {message.text} ({where.get('url')}:{where.get('lineNumber')})")


class Blank(RequestHandler):
    def get(self) -> None:
        self.set_header("Cache-Control", "no-store")
        self.write((HERE / "stage.html").read_bytes())


class Script(RequestHandler):
    def get(self) -> None:
        self.set_header("Content-Type", "text/javascript")
        self.set_header("Cache-Control", "no-store")
        self.write((HERE / "stage.js").read_bytes())


class Files(StaticFileHandler):
    def set_extra_headers(self, path) -> None:
        self.set_header("Cache-Control", "no-store")


class Wire(WebSocketHandler):
    """The page's socket, handed to the stage whose turn it is."""

    def initialize(self, theatre) -> None:
        self._theatre = theatre
        self._stage = None

    def open(self) -> None:
        self._stage = self._theatre.stage
        self.set_nodelay(True)
        self._stage.connected(self)

    def on_message(self, message) -> None:
        self._stage.received(message)

    def on_close(self) -> None:
        if self._stage is not None:
            self._stage.disconnected(self)

    @property
    def closed(self) -> bool:
        return self.ws_connection is None or self.ws_connection.is_closing()


class Theatre:
    """Chromium and the server of the page, for all tests; one stage at a time."""

    def __init__(self, browser) -> None:
        self._browser = browser
        self.stage: Stage | None = None
        application = Application(
            [
                ("/", Blank),
                ("/stage.js", Script),
                ("/wire", Wire, {"theatre": self}),
                ("/assets/(.*)", Files, {"path": str(ASSETS)}),
                ("/themes/(.*)", Files, {"path": str(THEMES)}),
            ],
            websocket_max_message_size=1 << 30,
        )
        self._server = HTTPServer(application)
        (socket,) = bind_sockets(0, "127.0.0.1")
        self._server.add_socket(socket)
        self.url = f"http://127.0.0.1:{socket.getsockname()[1]}/"

    async def open(self) -> Stage:
        context = await self._browser.new_context(viewport={"width": 1100, "height": 900})
        context.set_default_timeout(15_000)
        stage = self.stage = Stage(await context.new_page())
        await stage.page.goto(self.url)
        await stage.page.evaluate("() => stage.ready")
        return stage

    async def clear(self, stage: Stage) -> None:
        try:
            await stage.page.context.close()
        except PlaywrightError as error:
            stage.trouble.append(f"closing the page: {error}")
        for model in stage.models.values():
            if isinstance(model, PageComm):
                model.close()

    def close(self) -> None:
        self._server.stop()


class Ears(logging.Handler):
    """Hears what our package logs as an error."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(logging.ERROR)
        self._stage = stage

    def emit(self, record) -> None:
        self._stage.trouble.append(f"log: {self.format(record)}")
