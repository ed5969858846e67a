"""The line magic `%seedance`: what it takes and what it shows."""

from __future__ import annotations

import functools
import html
import inspect
import re
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError

from seedance_widgets import choice
from seedance_widgets.catalog import model, provider_choices, provider_name
from seedance_widgets.catalog.tables import models
from seedance_widgets.errors import ConfigurationError
from seedance_widgets.jobs import Job, job, list_jobs, open_ledger, resume
from seedance_widgets.jobs.engine import live_tracks
from seedance_widgets.jobs.record import ENDED
from seedance_widgets.magics.vocabulary import (
    ANNOTATIONS,
    KEY,
    OWN,
    PARAMETER,
    SWITCHES,
    listed,
    nearest,
    provider_words,
)
from seedance_widgets.markup import text_only
from seedance_widgets.request import VideoRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    from seedance_widgets.providers.base import Provider

_LAST = 5  # jobs in the status: more are a list of their own


class Panel:
    """A few lines that show themselves.

    Args:
        lines: Plain text.
        below: Shown under them, where it is something that shows itself too.
        aligned: They stand under one another, sign by sign.
    """

    def __init__(self, *lines: str, below: Any = None, aligned: bool = False) -> None:
        self._lines = lines
        self._aligned = aligned
        self._below = below

    def __repr__(self) -> str:
        return "\n".join([*self._lines, *([] if self._below is None else [repr(self._below)])])

    def _repr_html_(self) -> str:
        rows = "".join(f"<div>{html.escape(line) or '&nbsp;'}</div>" for line in self._lines)
        below = "" if self._below is None else self._below._repr_html_()
        shape = "font-family:monospace;" if self._aligned else ""
        return text_only(f'<div style="{shape}white-space:pre-wrap">{rows}</div>{below}')


def run_line(line: str) -> Any:
    """Do what the line asks for, and return what is to be shown."""
    word, *arguments = line.split() or ["status"]
    if word not in COMMANDS:
        raise UsageError(_unknown_command(word))
    run, most, usage = COMMANDS[word]
    if len(arguments) > most:
        raise UsageError(KEY if word == "provider" else f"too many words; write %seedance {usage}.")
    return run(*arguments)


def _unknown_command(word: str) -> str:
    # A word that is far from all of ours is not repeated: it may be a key that went astray.
    if (match := PARAMETER.match(word)) and match["name"] in {*ANNOTATIONS, *OWN, "prompt"}:
        return f"{match['name']}= belongs to a cell: begin it with %%seedance (two signs) and write the prompt below."
    close = nearest(word, COMMANDS)
    return f"%seedance has no such word; {f'did you mean {close}?' if close else f'it takes {listed(COMMANDS)}.'}"


def _status() -> Panel:
    try:
        who = _who(choice.resolve())
    except ConfigurationError as error:
        who = f"no provider: {error}"
    ledger = open_ledger()
    live = live_tracks(ledger)
    states = {record.id: record.state for record in ledger.call(ledger.all)}
    states |= {job_id: track.record.state for job_id, track in live.items()}
    unfinished = [job_id for job_id, state in states.items() if state not in ENDED]
    left = len([job_id for job_id in unfinished if job_id not in live])
    words = f"{len(unfinished)} unfinished"
    if left:
        words += f", {left} of them not followed by this kernel: %seedance resume takes up what nobody follows"
    return Panel(
        f"provider: {who}",
        f"videos and ledger: {ledger.folder}",
        f"jobs: {len(states)}, {words}",
        *([f"the last {_LAST} of them:"] if len(states) > _LAST else []),
        below=list_jobs(_LAST),
    )


def _provider(name: str = "") -> Panel:
    if not name:
        return Panel(f"{_who(choice.resolve())}", f"%seedance provider NAME changes it: {provider_choices()}")
    return Panel(_who(choice.use(known_provider(name))))


def known_provider(name: str) -> str:
    """A name of a provider, as it was given.

    Raises:
        UsageError: There is none of that name.
    """
    if provider_name(name) is not None:
        return name
    close = nearest(name, provider_words())
    raise UsageError(
        f"no provider is called so; {f'did you mean {close}?' if close else f'choose one of {provider_choices()}.'}"
    )


def _models(name: str = "") -> Any:
    try:
        return model(name) if name else models()
    except KeyError as error:
        raise UsageError(str(error.args[0])) from None


def _jobs(count: str = "") -> Any:
    if count and not (count.isascii() and count.isdigit()):
        raise UsageError("how many jobs is a whole number; write %seedance jobs 10, or %seedance jobs for all.")
    return list_jobs(int(count[:18]) if count else None)  # nobody has more jobs, and SQLite takes no larger number


def _job(job_id: str = "") -> Job:
    if not job_id:
        raise UsageError("which job? Write %seedance job ID; %seedance jobs lists them with their ids.")
    try:
        return job(job_id)
    except KeyError as error:
        raise UsageError(str(error.args[0])) from None


def _help() -> Panel:
    return Panel(*help_text().splitlines(), aligned=True)


def _resume() -> Any:
    return resume()


@functools.cache
def help_text() -> str:
    """The text of `%seedance help`."""
    # The request's own documentation, so that no parameter is described twice; `python -OO` leaves none.
    told = dict(re.findall(r"^ {4}(\w+): (.+)$", inspect.getdoc(VideoRequest) or "", re.MULTILINE))
    parameters = {f"{name}=": told.get(name, "") for name in ANNOTATIONS} | {f"{name}=": OWN[name] for name in OWN}
    width = max(map(len, parameters)) + 2
    return "\n".join(
        [
            "Videos from images and words.",
            "",
            "%seedance [status]         who makes them, where they are kept, the last jobs",
            "%seedance provider [NAME]  show or choose who makes them",
            "%seedance models [NAME]    all models, or one in full",
            "%seedance jobs [COUNT]     the jobs, the newest first",
            "%seedance job ID           one job, with its card",
            "%seedance resume           take up unfinished jobs; `await _` waits for them",
            "%seedance help             this text",
            "",
            "%%seedance first_frame_url=cat.png duration=5",
            "The cat looks up and yawns.",
            "",
            "starts a video with the cell's text as its prompt, exactly as it stands, and shows its card;",
            "`await _` in the next cell gives the video.",
            "",
            *(f"{name:<{width}}{words}" for name, words in {**parameters, **SWITCHES}.items()),
            "",
            "$name or {expression} gives the value itself, an image too: first_frame_url=$photo. Within a longer text",
            "it is written in: first_frame_url=shots/{number}.png; $$ and {{ stand for the signs. 'Single quotes' hold",
            'text as it is, "double quotes" take $ and {}. Several images: reference_image_urls=a.png,$b or a list,',
            "reference_image_urls=['a.png', 'b.png'].",
        ]
    )


COMMANDS: dict[str, tuple[Callable[..., Any], int, str]] = {
    "status": (_status, 0, "status"),
    "provider": (_provider, 1, "provider [NAME]"),
    "models": (_models, 1, "models [NAME]"),
    "jobs": (_jobs, 1, "jobs [COUNT]"),
    "job": (_job, 1, "job ID"),
    "resume": (_resume, 0, "resume"),
    "help": (_help, 0, "help"),
}


def _who(provider: Provider) -> str:
    return f"{provider.label}, {'billed' if provider.billed else 'not billed'}, at {provider.base_url}"
