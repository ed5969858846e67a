"""Surface: what every widget of this package has in common.

State goes to the browser as traits, everything from the browser comes as a custom message that is answered: a trait
that the browser sets is held back for good once a cell has awaited (measured with ipykernel 7.4). A message may arrive
on the thread of a kernel subshell; it is only handed to the loop that was the notebook's when the widget was made.
"""

from __future__ import annotations

import asyncio
import html
import inspect
import logging
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar

import anywidget
import traitlets

from seedance_widgets.errors import SeedanceError
from seedance_widgets.notebook import loop as bridge
from seedance_widgets.notebook.saved import saved_bundle
from seedance_widgets.providers.keys import Secret
from seedance_widgets.secrecy import quoted
from seedance_widgets.widgets.bundle import module_of
from seedance_widgets.widgets.message import trouble_with
from seedance_widgets.widgets.sendable import sendable
from seedance_widgets.widgets.strings import LANGUAGES
from seedance_widgets.widgets.trouble import words_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

_LOG = logging.getLogger("seedance_widgets")
_VIEW = "application/vnd.jupyter.widget-view+json"


class Refused(Exception):
    """A message that cannot be done; its text is shown to the person."""


class Answer:
    """What a message is answered with, where bytes go along.

    Args:
        value: What JSON can hold.
        buffers: Bytes, which travel beside it.
    """

    __slots__ = ("buffers", "value")

    def __init__(self, value: Any = None, buffers: Sequence[Any] = ()) -> None:
        self.value = value
        self.buffers = list(buffers)


class Surface(anywidget.AnyWidget):
    """One widget: synced traits are drawn, `answer_...` methods answer what the browser asks.

    A method `answer_select(self, job)` answers the message `{"type": "select", "job": ...}`; dots in a type become
    underscores. It may be a coroutine, may take `buffers`, and returns what JSON can hold or an `Answer`. It is called
    only where each field is what it is annotated with. What it raises reaches the person as a sentence. A field called
    `secret` arrives as a `Secret`, which shows itself nowhere.

    Args:
        lang: `en` or `zh`.

    Raises:
        ValueError: No such language.
    """

    entry: ClassVar[str] = ""
    styles: ClassVar[tuple[str, ...]] = ()
    sections: ClassVar[tuple[str, ...]] = ()

    _tasks: Any = ()  # until it is made: a widget whose arguments were refused is closed as well
    _closed = True  # the same

    lang = traitlets.Unicode("en").tag(sync=True)
    strings = traitlets.Dict().tag(sync=True)  # another language's words; the first one's come with the modules
    saved_id = traitlets.Unicode().tag(sync=True)

    def __init__(self, *, lang: str = "en", **traits: Any) -> None:
        if lang not in LANGUAGES:
            raise ValueError(f"lang must be one of {', '.join(LANGUAGES)}; {lang!r} is not.")
        self._loop = bridge.home_loop()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closed = False
        self._saved: list[Any] = []
        self._stale = self._keeping = False
        self._esm = module_of(self.entry, self.styles, lang, self.sections)
        super().__init__(lang=lang, saved_id=secrets.token_hex(6), **traits)
        self.on_msg(self._arrived)

    def words(self) -> str:
        """What this is, in one line of plain text."""
        return f"{type(self).__name__}()"

    def saved(self) -> dict[str, Any]:
        """What a saved notebook keeps of this: a MIME bundle."""
        return {"text/plain": "", "text/html": f"<div>{html.escape(self.words())}</div>"}

    def keep_saved(self) -> None:
        """Bring what the saved notebook keeps up to date; soon, and from a thread.

        Showing something waits for the kernel's output thread, for 10 ms and more where ten videos end at once.
        """
        if self._saved:
            self.on_loop(self._keep_soon)

    def _keep_soon(self) -> None:
        self._stale = True
        if not self._keeping:
            self._keeping = True
            self.start(self._keep())

    async def _keep(self) -> None:
        try:
            while self._stale:  # one after the other: the last one shown is the newest
                self._stale = False
                await asyncio.to_thread(self.save_now)
        finally:
            self._keeping = False

    def save_now(self) -> None:
        """Bring what the saved notebook keeps up to date. Blocking."""
        bundle = saved_bundle(self.saved_id, self.saved())
        for handle in tuple(self._saved):
            handle.update(bundle, raw=True)

    def start(self, work: Any) -> asyncio.Task[Any]:
        """Run a coroutine on the notebook's loop, held until it is done; call this on that loop."""
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def on_loop(self, function: Callable[..., Any], *args: Any) -> None:
        """Call `function` on the notebook's loop, from any thread."""
        bridge.call(self._loop, function, *args)

    def say(self, words: str, *, trouble: bool = False) -> None:
        """Tell the person something that was not asked for: news, or what went wrong. On the loop."""
        if self.comm is not None:
            self.send({"type": "words", "words": words, "trouble": trouble})

    async def tell_of(self, outcome: Awaitable[Any]) -> None:
        """Tell the person where something that a press has begun goes wrong."""
        try:
            await outcome
        except SeedanceError as error:
            self.say(self._words_of(error), trouble=True)

    def _words_of(self, error: SeedanceError) -> str:
        return str(error) if self.lang == "en" else words_of(error, self.lang)

    def report(self, error: BaseException) -> None:
        """Tell the loop's exception handler of what nobody else will hear of."""
        self._loop.call_exception_handler({"message": f"{type(self).__name__} failed", "exception": error})

    def close(self) -> None:
        """Take the widget away; what was asked of it and is not done yet is not done any more."""
        self._closed = True
        super().close()
        if self._tasks:
            with suppress(RuntimeError):  # the loop is closed, and nothing on it goes on
                self.on_loop(self._stop_tasks)

    def _stop_tasks(self) -> None:
        for task in self._tasks:
            task.cancel()

    def __repr__(self) -> str:
        return self.words()

    def _ipython_display_(self) -> None:
        from IPython.display import display  # noqa: PLC0415  only where something is shown

        data, _ = super()._repr_mimebundle_() or ({}, {})
        if bridge.kernel() is None or _VIEW not in data:
            print(self.words())  # noqa: T201  a terminal
            return
        # Two outputs: the live view, and under it what is left of it in the saved notebook. A front end without the
        # model shows the second one; one that has it hides it. Updating the first would draw the view anew.
        display({"text/plain": self.words(), "text/html": "", _VIEW: data[_VIEW]}, raw=True)  # type: ignore[no-untyped-call]
        handle = display(saved_bundle(self.saved_id, self.saved()), raw=True, display_id=secrets.token_hex(8))  # type: ignore[no-untyped-call]
        self._saved.append(handle)

    def _arrived(self, _: Any, content: Any, buffers: Sequence[Any]) -> None:
        if not isinstance(content, dict) or not isinstance(content.get("type"), str):
            return
        content = dict(content)
        if content.get("secret") is None:
            content.pop("secret", None)
        else:  # before a frame that raises, or a loop that logs what it is handed, could hold it
            content["secret"] = Secret(content["secret"] if isinstance(content["secret"], str) else "")
        with suppress(RuntimeError):  # the loop is closed: nobody is left to be told
            self.on_loop(self._handle, content, list(buffers or ()))

    def _handle(self, content: dict[str, Any], buffers: list[Any]) -> None:
        if not self._closed:
            self.start(self._answer(content, buffers))

    async def _answer(self, content: dict[str, Any], buffers: list[Any]) -> None:
        number = content.pop("call", None)
        try:
            answer = await self._done(content, buffers)
            self._reply(number, ok=True, value=answer.value, buffers=answer.buffers)
        except Refused as error:
            self._reply(number, ok=False, value=str(error))
        except SeedanceError as error:
            self._reply(number, ok=False, value=self._words_of(error))
        except Exception as error:  # noqa: BLE001  whatever it is, the person is told and the log has it
            _LOG.exception("a message to %s failed", type(self).__name__)
            self._reply(number, ok=False, value=f"{type(error).__name__}: {error}")

    async def _done(self, content: dict[str, Any], buffers: list[Any]) -> Answer:
        kind = content.pop("type")
        method = getattr(self, f"answer_{kind.replace('.', '_')}", None) if _is_name(kind) else None
        if method is None:
            raise Refused(f"{type(self).__name__} knows no message called {quoted(kind)}.")
        if (trouble := trouble_with(kind, content, method)) is not None:
            raise Refused(trouble)
        if "buffers" in inspect.signature(method).parameters:
            content["buffers"] = buffers
        made = method(**content)
        if inspect.isawaitable(made):
            made = await made
        return made if isinstance(made, Answer) else Answer(made)

    def _reply(self, number: Any, *, ok: bool, value: Any, buffers: Sequence[Any] = ()) -> None:
        if number is not None and self.comm is not None:
            self.send(sendable({"type": "answer", "call": number, "ok": ok, "value": value}), list(buffers))

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.report(error)


def _is_name(kind: str) -> bool:
    return kind.replace(".", "_").isidentifier() and not kind.startswith("_")
