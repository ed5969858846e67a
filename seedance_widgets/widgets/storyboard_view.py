"""StoryboardView: what a storyboard looks like in an output."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import html
import math
import secrets
import shutil
import tempfile
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import traitlets

from seedance_widgets import choice
from seedance_widgets.errors import VideoFileError
from seedance_widgets.folders import free_name
from seedance_widgets.notebook.card import SIGNS
from seedance_widgets.request.estimate import money
from seedance_widgets.storyboard import join
from seedance_widgets.storyboard.run import agree, price_of
from seedance_widgets.sweep.plan import span
from seedance_widgets.video import Video
from seedance_widgets.widgets.agreement import Agreement
from seedance_widgets.widgets.media import MediaAnswers, Shelf, video_state
from seedance_widgets.widgets.say import say, say_parts
from seedance_widgets.widgets.sendable import STATE
from seedance_widgets.widgets.strings import text
from seedance_widgets.widgets.surface import Refused, Surface
from seedance_widgets.widgets.trouble import words_of

if TYPE_CHECKING:
    from seedance_widgets.storyboard import Shot, Storyboard

SLOWEST = 0.3  # seconds between two looks, however much happens
_SIGNS = {**SIGNS, "invalid": "⊘", "planned": "○", "waiting": "◔", "outdated": "↻"}
_LONGEST_PROMPT = 8000
_SAVED, _MOST_SAVED = 240, 100  # pixels of a picture in a saved notebook, and how many shots it keeps


class StoryboardView(MediaAnswers, Surface):
    """The shots of a storyboard in their order, each with its prompt, its state and its video, and the whole as a film.

    A storyboard that is shown as the last line of a cell looks like this; `StoryboardView` itself is for another
    language, and for a place in a layout of `ipywidgets`.

    Args:
        board: The storyboard.
        lang: `en` or `zh`.

    Raises:
        ValueError: No such language.
    """

    entry: ClassVar[str] = "storyboard_surface.js"
    styles: ClassVar[tuple[str, ...]] = ("base.css", "panel.css", "player.css", "storyboard.css")
    sections: ClassVar[tuple[str, ...]] = ("common", "desk", "state", "player", "storyboard")

    board: Any = traitlets.Dict().tag(**STATE)

    def __init__(self, board: Storyboard, *, lang: str = "en") -> None:
        self.of = board
        self.shelf = Shelf()
        self._agreement = Agreement()
        self._dirty = True
        self._drawing: asyncio.Task[None] | None = None
        self._one_at_a_time = asyncio.Lock()
        self._folder: str = ""
        self._pictures: dict[Path, str] = {}
        self._keys: weakref.WeakKeyDictionary[Shot, str] = weakref.WeakKeyDictionary()
        super().__init__(lang=lang, board={"name": board.name, "shots": []})
        self._listening = board.listening(lambda _: self.on_loop(self._soon))
        self._listening.__enter__()
        self.on_loop(self._soon)

    def words(self) -> str:
        """What this is, in one line of plain text."""
        return repr(self.of)

    def saved(self) -> dict[str, Any]:
        """What a saved notebook keeps: shots, how they stand, `save_now`'s pictures, and how to open it again."""
        shots = "".join(_saved_shot(shot, self._pictures) for shot in list(self.of.shots)[:_MOST_SAVED])
        again = text(self.lang, "storyboard.run_again")
        return {
            "text/plain": f"{self.of!r}\n{again}",
            "text/html": f"<div><b>{html.escape(self.of.name)}</b><ol>{shots}</ol><p>{again}</p></div>",
        }

    def save_now(self) -> None:
        """Bring what the saved notebook keeps up to date, with a picture of each video. Blocking."""
        videos = [video for shot in list(self.of.shots)[:_MOST_SAVED] if (video := shot.video) is not None]
        known, self._pictures = self._pictures, {}
        for video in videos:
            with contextlib.suppress(VideoFileError):  # the file is gone: the words remain
                data = known.get(video.path) or base64.b64encode(video.poster(_SAVED)).decode("ascii")
                self._pictures[video.path] = data
        super().save_now()

    def close(self) -> None:
        """Take the view away; the storyboard goes on."""
        if not self._closed:
            self._listening.__exit__(None, None, None)
            if self._folder:
                shutil.rmtree(self._folder, ignore_errors=True)
        super().close()

    async def answer_run(self, press: str, agreed: str | None = None) -> dict[str, Any]:
        """The button: make what is missing; asks first where it costs money."""
        return await self._run(press, agreed, None)

    async def answer_rerun(self, shot: str, press: str, agreed: str | None = None) -> dict[str, Any]:
        """Make a shot anew, and those that start with its last frame."""
        number = self._place(shot)
        if self.of.shots[number].under_way:
            raise Refused(text(self.lang, "storyboard.under_way"))
        return await self._run(press, agreed, number)

    async def answer_cancel(self) -> dict[str, str]:
        """Send no more shots, and cancel what is queued."""
        told: str = await self.of.cancel()
        return {"words": say_parts(told, self.lang)}

    async def answer_edit(self, shot: str, prompt: str) -> None:
        """Change the prompt of a shot."""
        await asyncio.to_thread(self.of.edit, self._place(shot), prompt=prompt[:_LONGEST_PROMPT])
        await self._refresh()  # before the answer: from then on what Python tells is what there is

    async def answer_add(self, prompt: str) -> None:
        """Put a shot at the end."""
        await asyncio.to_thread(self.of.insert, len(self.of.shots), prompt[:_LONGEST_PROMPT])

    async def answer_move(self, shot: str, by: int) -> None:
        """Give a shot another place."""
        number = self._place(shot)
        if 0 <= number + by < len(self.of.shots):
            await asyncio.to_thread(self.of.move, number, number + by)

    async def answer_remove(self, shot: str) -> None:
        """Take a shot out."""
        await asyncio.to_thread(self.of.remove, self._place(shot))

    async def answer_film(self, keep: bool = False) -> dict[str, Any]:
        """All shots as one film: to look at, or as a new file in the notebook's folder."""
        shots = list(self.of.shots)
        videos = [video for shot in shots if (video := shot.video) is not None]
        missing = [shot.index for shot in shots if shot.video is None]
        if missing and keep:
            raise Refused(text(self.lang, "storyboard.not_all"))
        if not videos:
            raise Refused(text(self.lang, "storyboard.no_shot"))
        path = free_name(self.of.name, "mp4") if keep else self._preview()
        how = await asyncio.to_thread(join, videos, path, overwrite=not keep)
        video = Video(path)
        state = await asyncio.to_thread(video_state, video, self.shelf)
        words = text(self.lang, f"storyboard.joined_{how}")
        if keep:
            words = text(self.lang, "storyboard.written", path=path.name, how=words)
        if missing:
            words = text(self.lang, "storyboard.without", words=words, shots=_numbers(missing))
        if older := [shot.index for shot in shots if shot.video is not None and shot.outdated]:
            words = text(self.lang, "storyboard.older", words=words, shots=_numbers(older))
        return {"video": state, "words": words}

    def _ipython_display_(self) -> None:
        super()._ipython_display_()
        self.on_loop(self._soon)  # shown again: what was fetched since by `sw.resume` is there too
        self.keep_saved()  # the pictures: from a thread, since to show something must not hold the notebook up

    async def _run(self, press: str, agreed: str | None, again: int | None) -> dict[str, Any]:
        if not self._agreement.is_new(press):
            return {}
        board = self.of
        if board.provider is None:
            raise Refused(text(self.lang, "told.no_key", label=choice.label_of(board.provider_id)))
        wanted = await asyncio.to_thread(board.to_make, () if again is None else (board.shots[again],))
        cap: float | None = None
        if board.billed and wanted:
            price, unpriced = await asyncio.to_thread(price_of, wanted)
            cap = board.max_cost if board.max_cost is not None else math.inf if unpriced else price + 1e-6
            await asyncio.to_thread(agree, board, wanted, cap)
            words = (
                text(self.lang, "storyboard.unknown_price") if unpriced else money(price, wanted[0].estimate.currency)
            )
            label = choice.label_of(board.provider_id)
            line = text(self.lang, "storyboard.question", label=label, n=len(wanted), price=words)
            about = f"{again} {line} {[shot.index for shot in wanted]}"
            if not self._agreement.given(agreed, about):
                return self._agreement.ask(line, about)
            cap = cap if unpriced else price + 1e-6  # the yes was to these shots, and to no more
        begun = board.run(max_cost=cap) if again is None else board.rerun(again, max_cost=cap)
        self.start(self.tell_of(begun))
        return {"sent": len(wanted)}

    def _preview(self) -> Path:
        """A new file each time: what the browser knows by one name must not change."""
        if not self._folder:
            self._folder = tempfile.mkdtemp(prefix="seedance-film-")
        return Path(self._folder, f"{secrets.token_hex(4)}.mp4")

    def _key(self, shot: Shot) -> str:
        """What the browser knows a shot by, wherever it comes to stand."""
        return self._keys.setdefault(shot, secrets.token_hex(4))

    def _place(self, key: str) -> int:
        for number, shot in enumerate(self.of.shots):
            if self._key(shot) == key:
                return number
        raise Refused(text(self.lang, "storyboard.no_such"))

    def _soon(self) -> None:
        if self._closed:
            return
        self._dirty = True
        if self._drawing is None:
            self._drawing = self.start(self._draw())

    async def _draw(self) -> None:
        try:
            while self._dirty:
                self._dirty = False
                await self._refresh()
                self.keep_saved()
                await asyncio.sleep(SLOWEST)
        finally:
            self._drawing = None

    async def _refresh(self) -> None:
        async with self._one_at_a_time:  # an older state must not come after a newer one
            self.board = await asyncio.to_thread(self._state)

    def _state(self) -> dict[str, Any]:
        """How it stands; blocking."""
        board = self.of
        board.look_again()
        shots = [self._shot_state(shot) for shot in list(board.shots)]
        wanted = len(board.to_make())
        kind = "billed" if board.billed else "free"
        label = choice.label_of(board.provider_id)
        done = sum(shot["state"] == "succeeded" for shot in shots)
        return {
            "name": board.name,
            "provider": {"words": text(self.lang, f"storyboard.{kind}", label=label), "billed": board.billed},
            "summary": text(self.lang, "storyboard.summary", n=len(shots), done=done) if shots else "",
            "make": wanted,
            "all": 0 < len(shots) == done,
            "any": any(shot["video"] for shot in shots),
            "busy": any(shot["busy"] for shot in shots),
            "cancel": any(shot["state"] in {"waiting", "pending", "queued"} for shot in shots),
            "shots": shots,
        }

    def _shot_state(self, shot: Shot) -> dict[str, Any]:
        state, job, video = shot.state, shot.job, None
        line = ""
        if shot.video is not None:
            try:
                video = video_state(shot.video, self.shelf)
            except VideoFileError as error:
                line = say(str(error), self.lang)
        if state == "invalid":
            line = say(shot.refusal, self.lang)
        elif shot.error is not None:
            line = words_of(shot.error, self.lang)
        elif job is not None and not job.done and job.eta is not None:
            line = text(self.lang, "storyboard.left", time=span(job.eta))
        elif state in {"planned", "outdated"}:
            line = say_parts(str(shot.estimate), self.lang)
        return {
            "key": self._key(shot),
            "prompt": shot.prompt,
            "state": state,
            "sign": _SIGNS[state],
            "line": line,
            "video": video,
            "cut": shot.index > 0 and shot.before is None,
            "busy": shot.under_way,
        }


_views: weakref.WeakKeyDictionary[Any, weakref.ref[StoryboardView]] = weakref.WeakKeyDictionary()


def show(board: Storyboard) -> None:
    """Display the storyboard where IPython shows things; shown again, it is the same view."""
    known = _views.get(board)
    view = known() if known is not None else None
    if view is None or view.comm is None:
        view = StoryboardView(board)
        _views[board] = weakref.ref(view)
    view._ipython_display_()


def _saved_shot(shot: Shot, pictures: dict[Path, str]) -> str:
    picture = ""
    if shot.video is not None and (data := pictures.get(shot.video.path)):
        picture = f'<img alt="" width="{_SAVED}" src="data:image/jpeg;base64,{data}"><br>'
    return f'<li style="margin-bottom:8px">{picture}{html.escape(f"{shot.prompt}: {shot.state}")}</li>'


def _numbers(shots: list[int]) -> str:
    return ", ".join(map(str, shots))
