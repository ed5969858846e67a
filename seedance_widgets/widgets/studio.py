"""Studio: build a request, see it checked while typing, run it, and watch the video in the same output."""

from __future__ import annotations

import asyncio
import random
import secrets
from contextlib import suppress
from dataclasses import fields
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import traitlets

from seedance_widgets import choice
from seedance_widgets.catalog import rules
from seedance_widgets.errors import ConfigurationError, RequestError
from seedance_widgets.jobs import Job, submit
from seedance_widgets.jobs import job as job_of_ledger
from seedance_widgets.notebook import loop as bridge
from seedance_widgets.request import VideoRequest, estimate
from seedance_widgets.request.model import IMAGE_FIELDS
from seedance_widgets.secrecy import quoted
from seedance_widgets.video import Video
from seedance_widgets.widgets.cancel import press
from seedance_widgets.widgets.form import NO_IMAGE, SETTINGS, SLOTS_OF, form_view, problems_of, with_mode
from seedance_widgets.widgets.header import header_state
from seedance_widgets.widgets.image_answers import ImageAnswers
from seedance_widgets.widgets.images import last_frame, put
from seedance_widgets.widgets.job_state import job_state, timeline_state, warm
from seedance_widgets.widgets.media import MediaAnswers, Shelf, video_state
from seedance_widgets.widgets.options import Memo
from seedance_widgets.widgets.runs import Runs
from seedance_widgets.widgets.sendable import STATE
from seedance_widgets.widgets.snippets import snippets
from seedance_widgets.widgets.strings import LANGUAGES, strings_of, text
from seedance_widgets.widgets.surface import Refused, Surface

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from seedance_widgets.catalog import Mode
    from seedance_widgets.providers.base import Provider
    from seedance_widgets.providers.keys import Secret
    from seedance_widgets.widgets.cancel import What
    from seedance_widgets.widgets.form import Kept
    from seedance_widgets.widgets.message import Plain
    from seedance_widgets.widgets.snippets import Snippet

Confirm = Literal["billed", "always", "never"]

_MAY_BE_EMPTY = (*IMAGE_FIELDS, "prompt")
_CONFIRM = ("billed", "always", "never")
_PER_RUN, _SLOWEST = 0.002, 0.3  # seconds from news of a run to its drawing, so that all of them are drawn at once


class Studio(ImageAnswers, MediaAnswers, Surface):
    """A form, its check, its runs and its videos, in one output. Everything in it is live in Python.

        studio = sw.Studio()
        studio                       # fill it in, press Generate
        studio.request               # what the form holds now; set it, and the form is drawn anew
        job = studio.generate()      # what the button does
        video = await studio.job

    `request`, `job` and `video` can be set and observed (`studio.observe(print, "video")`), `problems` and `estimate`
    observed. The provider is settled when the Studio is made; the form says which one it is and whether it is billed.

    Args:
        request: What the form starts with; None for an empty form.
        provider: Who makes the videos; by default `sw.provider()`.
        lang: `en` or `zh`.
        confirm: Which runs ask once more before they are sent: `billed` ones, `always`, or `never`.

    Raises:
        ValueError: No such language, or no such way to confirm.
        ConfigurationError: `provider` is none.
    """

    entry: ClassVar[str] = "studio.js"
    styles: ClassVar[tuple[str, ...]] = (
        "base.css",
        "panel.css",
        "player.css",
        "slots.css",
        "fields.css",
        "jobs.css",
        "studio.css",
    )
    sections: ClassVar[tuple[str, ...]] = (
        "common",
        "studio",
        "slot",
        "field",
        "vocabulary",
        "fix",
        "state",
        "job",
        "result",
        "player",
        "code",
    )

    view = traitlets.Dict().tag(**STATE)
    header = traitlets.Dict().tag(**STATE)
    jobs: Any = traitlets.List().tag(**STATE)
    selected = traitlets.Unicode().tag(sync=True)
    single: Any = traitlets.Dict().tag(**STATE)  # a video that was set and that no run in sight has made

    request = traitlets.Instance(VideoRequest)
    problems = traitlets.Tuple(read_only=True)
    estimate = traitlets.Any(read_only=True)
    job = traitlets.Instance(Job, allow_none=True)
    video = traitlets.Instance(Video, allow_none=True)

    def __init__(
        self,
        request: VideoRequest | None = None,
        *,
        provider: Provider | str | None = None,
        lang: str = "en",
        confirm: Confirm = "billed",
    ) -> None:
        self._runs = Runs(self._run_went_on, bridge.home_loop())
        if confirm not in _CONFIRM:
            raise ValueError(f"confirm must be one of {', '.join(_CONFIRM)}; {confirm!r} is not.")
        self.confirm = confirm
        self.shelf = Shelf()
        self._provider: Provider | None = None
        self._provider_trouble = ""
        self._mode: Mode = "first_frame"
        self._kept: Kept = {}
        self._touched: set[str] = set()
        self._revision = 0
        self._latest: Video | None = None
        self._drawing: asyncio.TimerHandle | None = None
        self._presses: set[str] = set()
        self._questions: dict[str, tuple[VideoRequest, Provider, str]] = {}
        self._memo = Memo()
        self._setting = False
        self._starts_empty = request is None
        self._choose(provider)
        # With its first state, so that all of it is in the message that opens the widget.
        super().__init__(lang=lang, request=VideoRequest("") if request is None else request)

    # ------------------------------------------------------------------------------------------- for Python

    @property
    def provider(self) -> Provider | None:
        """Who makes the videos; None where that is not settled yet. Set it with anything that `sw.use` takes."""
        return self._provider

    @provider.setter
    def provider(self, given: Provider | str) -> None:
        self._provider, self._provider_trouble = choice.resolve(given), ""
        self._redraw()

    def generate(self) -> Job:
        """Send what the form holds, as the button does, and return its `Job`; a script asks nobody to confirm.

        Raises:
            RequestError: The form has errors; nothing was written, sent or spent.
            ConfigurationError: No provider is settled.
        """
        if self._provider is None:
            raise ConfigurationError(self._provider_trouble)
        if errors := self._errors():
            raise RequestError(errors)
        job = submit(self.request, self._provider, image_required=self._mode != "text")
        try:
            self.job = job
        except Exception as error:  # noqa: BLE001  somebody's observer; the job is sent, and it must not look as if not
            self.report(error)
        return job

    def words(self) -> str:
        """What this is, in one line of plain text."""
        return f"Studio({self.view['estimate']['line']})"

    def saved(self) -> dict[str, Any]:
        """What a saved notebook keeps: the card of the run that is shown, with its video."""
        if self.single and self.video is not None:
            return self.video._repr_mimebundle_()
        if (shown := self._runs.finished()) is not None:
            return shown.card().mimebundle()
        words = text(self.lang, "studio.run_again")
        return {"text/plain": words, "text/html": f"<p>{words}</p>"}

    def close(self) -> None:
        """Take the Studio away; its runs go on."""
        self._runs.stop()
        super().close()

    # --------------------------------------------------------------------------------------------- the form

    @traitlets.observe("request")
    def _request_was_set(self, change: Mapping[str, Any]) -> None:
        if self._setting:
            return
        if not self._starts_empty:
            self._mode, self._kept = change["new"].mode, {}
            self._touched = {field.name for field in fields(VideoRequest)}
        self._starts_empty = False
        self._redraw()

    def _set_request(self, request: VideoRequest, mode: Mode | None = None) -> None:
        """Take what the person did in the form; the mode stays, whatever images there are."""
        self._setting = True
        try:
            self._mode = mode or self._mode
            self.request = request
        finally:  # also where an observer has raised: what is shown is what would be sent
            self._setting = False
            self._redraw()

    def _redraw(self) -> None:
        """Check, estimate and draw what the form holds."""
        self._revision += 1
        if any(getattr(self.request, name) for name in IMAGE_FIELDS if name not in SLOTS_OF[self._mode]):
            self._mode = self.request.mode  # an image that would be sent is always in sight
        try:
            with self.hold_trait_notifications():
                self.set_trait("problems", problems_of(self.request, self._mode, self._provider))
                self.set_trait("estimate", estimate(self.request, self._provider))
        finally:
            self._draw_form()
            self.header = header_state(self._provider, self._provider_trouble, self.lang)

    def _draw_form(self) -> None:
        view = form_view(
            self.request,
            self._mode,
            self._provider,
            self.lang,
            revision=self._revision,
            key_of=self.shelf.key_of,
            problems=self.problems,
            memo=self._memo,
        )
        self.view = {**view, **self._to_do(view["problems"], view["blocked"])}

    def _to_do(self, problems: Sequence[dict[str, Any]], blocked: str) -> dict[str, Any]:
        """Nothing is wrong yet with what nobody has touched: it is still to do. What is on its way is not missing."""
        empty = self._empty_fields()
        arriving = {upload.slot for upload in self.intake.pending}
        shown = [
            {**problem, "quiet": problem["field"] in empty and problem["field"] not in self._touched}
            for problem in problems
        ]
        if self._provider is None:
            return {"problems": shown, "blocked": self._provider_trouble, "uploading": bool(arriving)}
        errors = {problem["field"] for problem in shown if problem["severity"] == "error"}
        left = errors - (arriving & empty)
        if left and left <= empty and all(p["quiet"] for p in shown if p["field"] in left):
            what = ", ".join(text(self.lang, f"studio.todo_{field}") for field in sorted(left, key=_MAY_BE_EMPTY.index))
            blocked = text(self.lang, "studio.todo", what=what)
        return {"problems": shown, "blocked": blocked if left else "", "uploading": bool(arriving)}

    def _empty_fields(self) -> set[str]:
        """The prompt and the images that the form does not have yet."""
        values: dict[str, Any] = {name: getattr(self.request, name) for name in _MAY_BE_EMPTY}
        return {
            name for name, value in values.items() if value is None or (isinstance(value, (str, tuple)) and not value)
        }

    def _errors(self) -> list[Any]:
        return [problem for problem in self.problems if problem.severity == "error"]

    def answer_set(self, changes: dict[str, Plain | None]) -> None:
        """Take settings from the form, whatever they are: what is wrong with one is told where it stands."""
        unknown = sorted(set(changes) - set(SETTINGS))
        if unknown:
            raise Refused(f"the form has no field called {', '.join(map(quoted, unknown))}.")
        self._touched |= set(changes)
        self._set_request(self.request.replace(**changes))

    def answer_mode(self, mode: Mode) -> None:
        """Take another kind of image input."""
        if mode not in rules().modes:
            raise Refused(f"mode must be one of {', '.join(rules().modes)}; {quoted(mode)} is not.")
        request, self._kept = with_mode(self.request, self._mode, mode, self._kept)
        self._set_request(request, mode)

    def answer_fix(self, revision: int, problem: int, choice: int) -> None:
        """Press one of the fixes of a problem."""
        cures = self.problems[problem].fixes if 0 <= problem < len(self.problems) else ()
        if revision != self._revision or not 0 <= choice < len(cures):
            raise Refused(text(self.lang, "studio.changed_meanwhile"))
        changes = dict(cures[choice])
        mode = changes.pop("mode", None)
        if mode is not None:
            self.answer_mode(mode)
        request = self.request.replace(**changes)
        # A cure that takes or moves images leaves others: the form shows the kind that is there now.
        self._set_request(request, request.mode if request.images and changes.keys() & set(IMAGE_FIELDS) else None)

    def answer_lang(self, lang: str) -> None:
        """Speak another language."""
        if lang not in LANGUAGES:
            raise Refused(f"lang must be one of {', '.join(LANGUAGES)}.")
        with self.hold_sync():
            self.lang = lang
            self._redraw()
            self._draw_runs()
            self.strings = strings_of(lang, self.sections)

    async def answer_provider(self, name: str, secret: Secret | None = None) -> None:
        """Choose who makes the videos; a key that was typed is kept by that provider alone."""
        make = (choice.resolve, name) if secret is None else (choice.keyed, name, secret)
        self._provider, self._provider_trouble = await asyncio.to_thread(*make), ""
        self._redraw()

    def _choose(self, given: Provider | str | None) -> None:
        try:
            self._provider = choice.resolve(given)
        except ConfigurationError as error:
            if given is not None:
                raise
            self._provider_trouble = str(error)  # several keys are set, say: the person chooses in the form

    def take_images(self, request: VideoRequest, *touched: str) -> None:
        """Take what the person did to the images."""
        self._touched |= set(touched)
        self._set_request(request)

    def put_image(self, slot: str, instead_of: Any, image: Any) -> None:
        """Take an image that has come; one whose slot the mode has no place for any more is kept for the way back."""
        if slot in SLOTS_OF[self._mode]:
            self.take_images(put(self.request, slot, instead_of, image), slot)
        else:
            as_it_was = self.request.replace(**{slot: self._kept.get(slot, NO_IMAGE[slot])})
            self._kept = {**self._kept, slot: getattr(put(as_it_was, slot, instead_of, image), slot)}

    def _uploads_moved(self) -> None:
        self._draw_form()

    # ----------------------------------------------------------------------------------------------- runs

    async def answer_generate(self, press: str, agreed: str | None = None) -> dict[str, Any]:
        """The button: wait for uploads, look once more, ask where it costs, send."""
        if press in self._presses:
            return {}
        self._presses.add(press)
        if not await self.intake.settled():
            return {"blocked": text(self.lang, "studio.image_missing")}
        self._redraw()  # an image file may be another one by now
        if self._provider is None or self._errors():
            self._touched |= self._empty_fields()
            self._draw_form()
            return {"blocked": self.view["blocked"]}
        if self.confirm == "always" or (self.confirm == "billed" and self._provider.billed):
            line = self._question(self._provider)
            request, provider, said = self._questions.pop(agreed or "", (None, None, ""))
            if request is not self.request or provider is not self._provider or said != line:
                token = secrets.token_urlsafe(9)
                still = {key: asked for key, asked in self._questions.items() if asked[0] is self.request}
                self._questions = {**still, token: (self.request, self._provider, line)}
                return {"confirm": {"line": line, "agreed": token}}
        self._questions.clear()  # another view may still show one: it was about what is sent now
        try:
            return {"job": self.generate().id}
        finally:
            self._redraw()

    def _question(self, provider: Provider) -> str:
        if not provider.billed:
            return text(self.lang, "studio.confirm_free", label=provider.label)
        if self.estimate.price is None:
            return text(self.lang, "studio.confirm_unknown", label=provider.label)
        price = self.view["estimate"]["price"]
        return text(self.lang, "studio.confirm_billed", label=provider.label, price=price)

    def _add(self, job: Job) -> None:
        """Show a job and follow it; on the notebook's loop."""
        if job not in self._runs:
            self._runs.add(job)
            self.single = {}
            self._draw_runs()
            if job.done:
                self.start(self._show_end(job))

    def _run_went_on(self, job: Job) -> None:
        if job.done:
            self.start(self._show_end(job))
        elif self._drawing is None:  # hundreds of runs report more often than anybody can look
            wait = min(_SLOWEST, _PER_RUN * sum(1 for _ in self._runs))
            self._drawing = self._loop.call_later(wait, self._draw_runs)

    async def _show_end(self, job: Job) -> None:
        await asyncio.to_thread(warm, job)
        if job not in self._runs:
            return
        self._runs.ended(job)
        if self._runs.selected == job.id:
            self.single = {}
        self._draw_runs()
        if job.video is not None:
            self._latest = job.video
            self.video = job.video
        self.keep_saved()

    def _draw_runs(self) -> None:
        if self._drawing is not None:
            self._drawing.cancel()
            self._drawing = None
        with self.hold_sync():
            self.jobs = [job_state(job, self.lang, self.shelf) for job in self._runs]
            self.selected = self._runs.selected

    @traitlets.observe("job")
    def _job_was_set(self, change: Mapping[str, Any]) -> None:
        if (job := change["new"]) is not None:
            self.on_loop(self._add, job)

    @traitlets.observe("video")
    def _video_was_set(self, change: Mapping[str, Any]) -> None:
        if (video := change["new"]) is not None and video is not self._latest:
            self.on_loop(self.start, self._show_video(video))

    async def _show_video(self, video: Video) -> None:
        """Show a video that was set: with its run, where the ledger knows that, else by itself."""
        run = next((run for run in self._runs if run.video == video), None)
        if run is None and video.task_id is not None:
            with suppress(KeyError):
                run = await asyncio.to_thread(job_of_ledger, video.task_id)
        if run is None or run.video != video:
            self.single = {**await asyncio.to_thread(video_state, video, self.shelf)}
        elif run in self._runs:
            self.answer_select(run.id)
        else:
            self._add(run)
            self.job = run
        self.keep_saved()

    def answer_select(self, job: str) -> None:
        """Show the result of a run."""
        self._runs.select(job)
        self.single = {}
        self._draw_runs()
        self.keep_saved()

    async def answer_cancel(self, job: str, what: What) -> dict[str, str]:
        """The button of a run: cancel it, or take it out of sight while it goes on."""
        run = self._runs.get(job)
        pressed = await press(run, what, self.lang)
        if pressed.away and run in self._runs:
            self._runs.put_away(run)
            self._draw_runs()
        return {"words": pressed.words}

    async def answer_job_use(self, job: str, how: str) -> None:
        """Carry something of a run back into the form."""
        run = self._runs.get(job)
        if how == "last_to_first":
            if run.video is None:
                raise Refused(text(self.lang, "studio.no_video"))
            image = await asyncio.to_thread(last_frame, run.video)
            request = self.request.replace(first_frame_url=image, last_frame_url=None, reference_image_urls=())
            self._set_request(request, "first_frame")
        elif how in {"vary_seed", "settings"}:
            seed = random.randint(0, rules().seed.last) if how == "vary_seed" else run.request.seed  # noqa: S311  no secret
            self.request = run.request.replace(seed=seed)
        else:
            raise Refused(f"a run can be used for last_to_first, vary_seed or settings; not for {quoted(how)}.")

    async def answer_code(self, job: str | None = None) -> list[Snippet]:
        """The request as code: that of a run, or of the form as it is."""
        if job is None:
            return await asyncio.to_thread(snippets, self.request, self._provider, self.lang)
        run = self._runs.get(job)
        return await asyncio.to_thread(lambda: snippets(run.request, run.maker(), self.lang))

    async def answer_timeline(self, job: str) -> list[dict[str, Any]]:
        """What was sent and answered, and when."""
        return await asyncio.to_thread(timeline_state, self._runs.get(job), self.lang)
