"""The button that ends a run or the watching of it: what it honestly says, and what it does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypedDict

from seedance_widgets.catalog import SIMULATED, catalogue
from seedance_widgets.errors import SeedanceError
from seedance_widgets.secrecy import quoted
from seedance_widgets.widgets.strings import text
from seedance_widgets.widgets.surface import Refused
from seedance_widgets.widgets.trouble import words_of

if TYPE_CHECKING:
    from seedance_widgets.jobs import Job

What = Literal["cancel", "put_away", "watch"]


_KNOWN = ("cancel", "put_away")


class Button(TypedDict):
    """What is written on it, what it will come to, and what the browser asks for when it is pressed."""

    what: What
    label: str
    hint: str


@dataclass(frozen=True, slots=True)
class Pressed:
    """What came of a press.

    Args:
        words: One sentence.
        away: The run is not to be shown any more; the job itself goes on.
    """

    words: str
    away: bool = False


def cancel_button(job: Job, lang: str) -> Button | None:
    """The button for the state that the job is in at its provider; None where nothing can be cancelled.

    Args:
        job: The job.
        lang: `en` or `zh`.
    """
    if job.done or not job.followed:
        return None
    who = job.card().provider
    match job.status:
        case "pending":
            return _button("cancel", "do_not_send", lang)
        case "submitting":
            hint = "cancel_submitting" if _cancels_queued(job) else "cancel_submitting_never"
            return _button("cancel", "cancel", lang, hint, who)
        case "queued" if _cancels_queued(job):
            return _button("cancel", "cancel", lang, "cancel_queued", who)
        case "downloading":
            return _button("put_away", "stop_watching", lang, "stop_downloading", who)
        case _:
            hint = "stop_running" if job.billed else "stop_running_free"
            return _button("put_away", "stop_watching", lang, hint, who)


def watch_button(lang: str) -> Button:
    """The button of a run that is not watched any more."""
    return _button("watch", "watch_again", lang)


async def press(job: Job, what: What, lang: str) -> Pressed:
    """Do what the button said when it was pressed, whatever the job has come to since.

    Args:
        job: The job.
        what: `cancel` asks the provider where that still saves anything; `put_away` leaves the job alone.
        lang: `en` or `zh`.

    Raises:
        Refused: It is neither.
    """
    if what not in _KNOWN:
        raise Refused(f"a run can be asked to {', '.join(_KNOWN)}; not to {quoted(what)}.")
    if what == "put_away" and job.done:
        return Pressed(text(lang, "job.has_ended"))
    if what == "put_away":
        return Pressed(text(lang, "job.put_away", id=job.id), away=True)
    try:
        await job.cancel()
    except SeedanceError as error:
        return Pressed(words_of(error, lang))
    return Pressed(text(lang, "job.was_cancelled"))


def _button(what: What, label: str, lang: str, hint: str = "", who: str = "") -> Button:
    return Button(
        what=what, label=text(lang, f"job.{label}"), hint=text(lang, f"job.{hint or label + '_hint'}", who=who)
    )


def _cancels_queued(job: Job) -> bool:
    facts = catalogue().providers.get(job.provider.removeprefix(SIMULATED))
    return facts is not None and facts.cancel == "queued"
