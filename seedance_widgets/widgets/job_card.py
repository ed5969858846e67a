"""JobCard: what a displayed job looks like."""

from __future__ import annotations

import asyncio
import weakref
from typing import TYPE_CHECKING, Any, ClassVar

import traitlets

from seedance_widgets.jobs import Job
from seedance_widgets.notebook.card import on_redraw
from seedance_widgets.secrecy import quoted
from seedance_widgets.widgets.cancel import press, watch_button
from seedance_widgets.widgets.follow import Follower
from seedance_widgets.widgets.job_state import job_state, timeline_state, warm
from seedance_widgets.widgets.media import MediaAnswers, Shelf
from seedance_widgets.widgets.sendable import STATE
from seedance_widgets.widgets.snippets import snippets
from seedance_widgets.widgets.strings import text
from seedance_widgets.widgets.surface import Refused, Surface

if TYPE_CHECKING:
    from seedance_widgets.widgets.cancel import What
    from seedance_widgets.widgets.snippets import Snippet


class JobCard(MediaAnswers, Surface):
    """A job in an output: how it is doing, then its video, its facts, its code and its timeline.

    A job that is shown as the last line of a cell looks like this; `JobCard` itself is for another language, and for a
    place in a layout of `ipywidgets`.

    Args:
        job: The job, running or not.
        lang: `en` or `zh`.

    Raises:
        TypeError: Something else was given.
        ValueError: No such language.
    """

    entry: ClassVar[str] = "job_card_surface.js"
    styles: ClassVar[tuple[str, ...]] = ("base.css", "player.css", "jobs.css")
    sections: ClassVar[tuple[str, ...]] = ("common", "state", "job", "result", "player")

    job = traitlets.Dict().tag(**STATE)

    def __init__(self, job: Job, *, lang: str = "en") -> None:
        self._follower: Follower | None = None
        if not isinstance(job, Job):
            raise TypeError(f"a Job was expected, such as sw.job(task_id) gives, not {type(job).__name__}.")
        self.shelf = Shelf()
        self._of = job
        self._away = False
        super().__init__(lang=lang)
        self._follow()
        if job.status != self.job["state"]:  # it went on while we came to follow it
            self.on_loop(self._changed, job)

    @traitlets.default("job")
    def _first_state(self) -> dict[str, Any]:
        return job_state(self._of, self.lang, self.shelf)

    def words(self) -> str:
        """What this is, in one line of plain text."""
        return f"JobCard({self._of.card().text()})"

    def saved(self) -> dict[str, Any]:
        """What a saved notebook keeps: state and facts, and the video with its poster."""
        return self._of.card().mimebundle()

    def close(self) -> None:
        """Take the card away; the job goes on."""
        self._let_go()
        super().close()

    async def answer_cancel(self, job: str, what: What) -> dict[str, str]:
        """The button: cancel, or stop watching, or watch again."""
        self._check(job)
        if what == "watch":
            self._away = False
            self._follow()
            self._changed(self._of)
            return {"words": ""}
        pressed = await press(self._of, what, self.lang)
        if pressed.away and not self._of.done:
            self._let_go()
            self._away = True
            self._draw()
        return {"words": pressed.words}

    async def answer_code(self, job: str) -> list[Snippet]:
        """The request as code."""
        self._check(job)
        return await asyncio.to_thread(lambda: snippets(self._of.request, self._of.maker(), self.lang))

    async def answer_timeline(self, job: str) -> list[dict[str, Any]]:
        """What was sent and answered, and when."""
        self._check(job)
        return await asyncio.to_thread(timeline_state, self._of, self.lang)

    def _check(self, job: str) -> None:
        if job != self._of.id:
            raise Refused(f"this card shows job {self._of.id}; it knows nothing of {quoted(job)}.")

    def _follow(self) -> None:
        self._let_go()
        self._follower = Follower(self._of, self._changed, loop=self._loop)

    def _let_go(self) -> None:
        if self._follower is not None:
            self._follower.stop()

    def _changed(self, job: Job) -> None:
        if job.video is None:
            self._draw()
            self.keep_saved()
        else:
            self.start(self._show_video())

    async def _show_video(self) -> None:
        await asyncio.to_thread(warm, self._of)
        self._draw()
        self.keep_saved()

    def _draw(self) -> None:
        state = job_state(self._of, self.lang, self.shelf)
        if self._away and not self._of.done:
            # Nobody tells it when anything happens: no clock may run on.
            state |= {"live": False, "eta": None, "cancel": watch_button(self.lang), "note": self._put_away()}
        self.job = state

    def _put_away(self) -> str:
        return text(self.lang, "job.put_away", id=self._of.id)


_cards: weakref.WeakKeyDictionary[Job, weakref.ref[JobCard]] = weakref.WeakKeyDictionary()


def show(job: Job) -> None:
    """Display the job's card where IPython shows things; shown again, it is the same card."""
    known = _cards.get(job)
    card = known() if known is not None else None
    if card is None or card.comm is None:  # the first time, or it was closed
        card = JobCard(job)
        _cards[job] = weakref.ref(card)
        on_redraw(job, _keeper(weakref.ref(card)))
    card._ipython_display_()


def _keeper(card: weakref.ref[JobCard]) -> Any:
    """What brings the saved form of a card up to date, and does not keep the card."""

    def keep() -> None:
        if (there := card()) is not None:
            there.save_now()

    return keep
