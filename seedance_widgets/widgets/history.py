"""History: every job of the ledger, to be searched, watched again, used again, taken up and tidied."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from seedance_widgets.errors import SeedanceError
from seedance_widgets.jobs import Job, adopt, delete_file, forget, resume
from seedance_widgets.jobs import job as job_with
from seedance_widgets.jobs.search import Query, query_of
from seedance_widgets.request.names import suggest_names
from seedance_widgets.secrecy import quoted
from seedance_widgets.widgets.cancel import press
from seedance_widgets.widgets.history_state import PAGE, come_and_ended, history_state, matching, rows_state
from seedance_widgets.widgets.job_state import timeline_state
from seedance_widgets.widgets.media import MediaAnswers, Shelf
from seedance_widgets.widgets.sendable import sendable
from seedance_widgets.widgets.snippets import snippets
from seedance_widgets.widgets.strings import text
from seedance_widgets.widgets.studio_below import StudioBelow
from seedance_widgets.widgets.surface import Refused

if TYPE_CHECKING:
    from datetime import date

    from seedance_widgets.jobs import JobList
    from seedance_widgets.widgets.cancel import What
    from seedance_widgets.widgets.snippets import Snippet

SLOWEST = 2.0  # seconds between two looks at whether jobs have come or ended
MOST = 4 * PAGE  # jobs to which a list grows by those that come
_REUSED = ("settings", "vary_seed", "last_to_first")


class History(MediaAnswers, StudioBelow):
    """Every job of the ledger as a gallery: search it, watch a video again, use its settings again, tidy up.

    Also takes up what a restart left, and adopts tasks that were made elsewhere. Nothing here is ever billed.

    Args:
        lang: `en` or `zh`.

    Raises:
        ValueError: No such language.
    """

    entry: ClassVar[str] = "history_surface.js"
    styles: ClassVar[tuple[str, ...]] = ("base.css", "panel.css", "player.css", "jobs.css", "below.css", "history.css")
    sections: ClassVar[tuple[str, ...]] = ("common", "desk", "state", "job", "result", "player", "history")

    def __init__(self, *, lang: str = "en") -> None:
        self.shelf = Shelf()
        self._asked: tuple[dict[str, str], int] = {}, PAGE  # what the browser shows
        self._found = 0
        self._told: tuple[object, ...] = ()
        self._looking = asyncio.Lock()
        self._watching: asyncio.Task[None] | None = None
        super().__init__(lang=lang)

    @suggest_names
    def find(
        self,
        words: str = "",
        *,
        state: str = "",
        model: str = "",
        provider: str = "",
        since: str | date = "",
        until: str | date = "",
    ) -> JobList:
        """The jobs that match, the newest first.

        Args:
            words: Each must occur in the prompt, the model, the ids or the error.
            state: running, succeeded, failed or unknown.
            model: The model's name in the catalogue.
            provider: Its id in the ledger, such as `ark-cn`.
            since: A date, or an ISO date as a text; it is included.
            until: The last such day.

        Raises:
            TypeError: A value that is no text.
            ValueError: No such state, or no date.
        """
        from seedance_widgets.jobs import JobList  # noqa: PLC0415  the package's own name is a module that is called

        filters = {"state": state, "model": model, "provider": provider, "since": since, "until": until}
        return JobList(matching(query_of(words, filters)))

    def words(self) -> str:
        """What this is, in one line of plain text."""
        return "History: every job of the ledger as a gallery, shown in Jupyter; elsewhere sw.jobs() lists them."

    def saved(self) -> dict[str, Any]:
        """What a saved notebook keeps: how to open it again."""
        words = text(self.lang, "history.run_again")
        return {"text/plain": words, "text/html": f"<p>{words}</p>"}

    async def answer_list(self, query: dict[str, str], count: int = PAGE) -> dict[str, Any]:
        """The newest of the jobs that match."""
        if count < 1:
            raise Refused(f"a list has 1 job or more; {count} is no such number.")
        if unknown := query.keys() - Query.__dataclass_fields__.keys():
            raise Refused(f"a list has no filter called {quoted(min(unknown))}.")
        try:
            query_of("", query)
        except ValueError as error:
            raise Refused(str(error)) from None
        self._asked = query, count  # only now: from here on it is asked again whenever jobs come or end
        told = await self._look()
        if self._watching is None or self._watching.done():
            self._watching = self.start(self._watch())
        return told

    async def answer_rows(self, jobs: list[str]) -> list[dict[str, Any]]:
        """These jobs as they are now, so that those under way can be watched without a search."""
        return await asyncio.to_thread(rows_state, jobs, self.lang, self.shelf)

    async def answer_code(self, job: str) -> list[Snippet]:
        """The request of a job as code."""
        found = await self._job(job)
        return await asyncio.to_thread(lambda: snippets(found.request, found.maker(), self.lang))

    async def answer_timeline(self, job: str) -> list[dict[str, Any]]:
        """What was sent and answered, and when."""
        return await asyncio.to_thread(timeline_state, await self._job(job), self.lang)

    async def answer_cancel(self, job: str, what: What) -> dict[str, str]:
        """Cancel a job that is under way."""
        return {"words": (await press(await self._job(job), what, self.lang)).words}

    async def answer_resume(self) -> dict[str, str]:
        """Take up what a restart left; sends nothing."""
        jobs = await resume().taken_up()
        return {"words": text(self.lang, f"history.taken_up{'_one' * (len(jobs) == 1)}", n=len(jobs))}

    async def answer_adopt(self, task: str) -> dict[str, str]:
        """Take up a task that was made elsewhere."""
        try:
            made = await adopt(task)
        except ValueError as error:
            raise Refused(str(error)) from None
        return {"job": made.id, "words": text(self.lang, "history.adopted", task=made.task_id)}

    async def answer_delete(self, job: str, what: str, asked: str = "") -> dict[str, str]:
        """Delete the file of a job, or its entry too; the browser has asked the person.

        Args:
            job: Its id.
            what: `file` or `entry`.
            asked: `video` where the person was told that the provider may still have the video.
        """
        if what not in {"file", "entry"}:
            raise Refused(f"of a job its file or its entry can be deleted; not {quoted(what)}.")
        found = await self._job(job)
        tidy = delete_file if what == "file" else partial(forget, even_if_unfinished=asked == "video")
        freed = await asyncio.to_thread(tidy, found.id)
        return {"words": text(self.lang, f"history.deleted_{what}", size=f"{freed / 1e6:.1f}")}

    async def answer_reuse(self, job: str, how: str, replace: bool = False) -> dict[str, str]:
        """Put a job's request into a Studio below; `last_to_first` and `vary_seed` as there."""
        if how not in _REUSED:
            raise Refused(f"a job can be used again for {', '.join(_REUSED)}; not for {quoted(how)}.")
        found = await self._job(job)
        request = found.request
        if how == "vary_seed":
            request = request.replace(seed=-1)
        elif how == "last_to_first":
            if found.video is None:
                raise Refused(text(self.lang, "history.no_video"))
            request = await asyncio.to_thread(found.video.extend, str(request.prompt))
        maker = await asyncio.to_thread(found.maker)
        return self.put_into_studio(request, maker, replace=replace)

    async def _look(self) -> dict[str, Any]:
        async with self._looking:  # one after the other: an older look must not have the last word
            query, count = self._asked
            self._told = await asyncio.to_thread(come_and_ended)
            told = await asyncio.to_thread(history_state, Query(**query), count, self.lang, self.shelf)
            self._found = told["found"]
            return told

    async def _watch(self) -> None:
        """Tell the browser when jobs come or end, whoever makes them.

        It is not asked to ask: a kernel in which a cell awaits answers no question until that cell is done.
        """
        try:
            while True:
                await asyncio.sleep(SLOWEST)
                if await asyncio.to_thread(come_and_ended) == self._told:
                    continue
                query, count, before = *self._asked, self._found
                told = await self._look()
                if self._asked == (query, count) and (come := self._found - before) > 0:
                    # What is shown, and perhaps chosen, stays on the list below those that have come.
                    self._asked = query, min(count + come, max(count, MOST))
                    told = await self._look()
                if self.comm is not None:
                    self.send({"type": "list", "query": self._asked[0], "value": sendable(told)})
        except SeedanceError as error:  # the next look that somebody asks for watches again
            self.say(self._words_of(error), trouble=True)

    async def _job(self, job: str) -> Job:
        try:
            return await asyncio.to_thread(job_with, job)
        except KeyError:
            raise Refused(text(self.lang, "history.no_such")) from None
