"""What the browser draws of a job: plain values, made of what the job knows, in the words of the surface."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from seedance_widgets.catalog import catalogue, find_model, rules
from seedance_widgets.errors import ProviderError, VideoFileError
from seedance_widgets.notebook.card import SIGNS
from seedance_widgets.request.images import is_url
from seedance_widgets.widgets.cancel import cancel_button
from seedance_widgets.widgets.media import video_state
from seedance_widgets.widgets.say import say
from seedance_widgets.widgets.strings import text
from seedance_widgets.widgets.trouble import sentence_of, words_of

if TYPE_CHECKING:
    from seedance_widgets.jobs import Job
    from seedance_widgets.notebook.card import Card
    from seedance_widgets.widgets.media import Shelf, VideoState

_MINUTE, _HOUR = 60, 3600
_AUTO = -1  # a duration that the model chooses
_SHORT = 0.5  # seconds that nobody wants to hear of
_EXACT = 100  # seconds up to which nobody wants minutes
_TOLD = ("queued", "running", "downloading")  # the states whose seconds are worth a word


def warm(job: Job) -> None:
    """Read from the video's file what drawing the job needs of it; blocking, once."""
    if job.video is not None:
        job.video._repr_mimebundle_()


def job_state(job: Job, lang: str, shelf: Shelf) -> dict[str, Any]:
    """A JobState. It reads the header of the video's file, unless that is `warm`.

    Args:
        job: The job.
        lang: `en` or `zh`.
        shelf: Keeps the pictures and the video that the browser may ask for.
    """
    card = job.card()
    video, gone = _video(job, lang, shelf)
    note = "" if job.done else _note(job, lang)
    return {
        "id": job.id,
        "state": job.status,
        "sign": SIGNS[job.status],
        "prompt": card.prompt,
        "provider": card.provider,
        "billed": job.billed,
        "cost": cost_words(card, lang),
        "model": card.model,
        "task_id": job.task_id,
        "at": time.time(),
        "elapsed": job.elapsed,
        "spans": [[state, seconds] for state, seconds in card.seconds_in.items() if state in _TOLD],
        "eta": job.eta,
        "late": job.late,
        "live": job.followed and not job.done,
        "note": gone or note,
        "error": _error(job, card, lang),
        "cancel": cancel_button(job, lang),
        "line": _line(job, card, lang),
        "facts": _facts(job, card, video, lang),
        "shape": _shape(job, video),
        "video": video,
        "poster": video["poster"] if video else _first_picture(job, shelf),
        "done": job.done,
        "created": _clock(job.created_at),
    }


def timeline_state(job: Job, lang: str) -> list[dict[str, Any]]:
    """What was sent, answered and decided, and what it cost. Blocking: it may ask the ledger.

    Args:
        job: The job.
        lang: `en` or `zh`.

    Returns:
        In the order of time: `at` in seconds since the job was made, `clock` of this machine, `sign` and `state`, and
        `text`, one sentence.
    """
    card = job.card()
    lines = [
        {
            "at": max(0.0, event.at - job.created_at),
            "clock": _clock(event.at),
            "sign": SIGNS.get(event.kind, ""),
            "state": event.kind,
            "text": words_of(job.error, lang) if job.error and event.text == str(job.error) else say(event.text, lang),
        }
        for event in job.timeline
    ]
    for line in lines:
        if line["state"] == "submitting":
            line["text"] = text(lang, "job.sent_with", text=line["text"], what=_asked(job, lang))
    if lines and job.done:
        lines[-1]["text"] = text(lang, "job.cost_at_end", text=lines[-1]["text"], cost=_cost_and_tokens(card, lang))
    return lines


def cost_words(card: Card, lang: str) -> str:
    """What it costs, as `Card.cost_words` says it."""
    known, amount = card.cost
    return text(lang, f"job.cost_{known.replace(' ', '_')}", amount=amount)


def seconds_words(seconds: float, lang: str) -> str:
    """A time as people say it: `31 s`, `2 min 5 s`, `1 h 3 min`."""
    whole = round(seconds)
    if whole < _EXACT:
        return text(lang, "job.seconds", s=whole)
    if whole < _HOUR:
        return text(lang, "job.minutes", m=whole // _MINUTE, s=whole % _MINUTE)
    return text(lang, "job.hours", h=whole // _HOUR, m=whole % _HOUR // _MINUTE)


# ------------------------------------------------------------------------------------------------------- what is there


def _video(job: Job, lang: str, shelf: Shelf) -> tuple[VideoState | None, str]:
    """The video, or why there is none though it was made."""
    if job.video is None:
        return None, ""
    try:
        return video_state(job.video, shelf), ""
    except VideoFileError as error:
        return None, sentence_of(error, lang)


def _first_picture(job: Job, shelf: Shelf) -> str | None:
    """What there is to see before the video: the first image that lies on this machine."""
    local = (value for _, value in job.request.images if not (isinstance(value, str) and is_url(value)))
    first = next(local, None)
    return None if first is None else shelf.key_of(first)


def _shape(job: Job, video: VideoState | None) -> list[int] | None:
    """The picture's shape as far as it is known, so that the video takes no more room than what was there before it."""
    if video is not None:
        return [video["width"], video["height"]]
    model, request = find_model(job.request.model), job.request
    sizes = model.sizes.get(request.resolution, {}) if model else {}
    return list(sizes[request.ratio]) if request.ratio in sizes else None


def _note(job: Job, lang: str) -> str:
    if not job.followed:
        return text(lang, "job.not_followed")
    return say(job.note, lang)


# -------------------------------------------------------------------------------------------------------------- words


def _error(job: Job, card: Card, lang: str) -> dict[str, str] | None:
    """What went wrong, why, what to do, and whether it costs."""
    error = job.error
    if error is None:
        return None
    known = error.advice if isinstance(error, ProviderError) else None
    return {
        "text": sentence_of(error, lang),
        "meaning": say(known.meaning, lang) if known and known.meaning != str(error) else "",
        "cause": say(known.cause, lang) if known else "",
        "next_step": say(known.next_step, lang) if known else "",
        "billed": text(lang, f"job.error_{card.cost[0].replace(' ', '_')}", amount=card.cost[1]),
    }


def _line(job: Job, card: Card, lang: str) -> str:
    seed = None if card.seed is None else text(lang, "job.with_seed", seed=card.seed)
    known = [job.task_id, str(job.request.resolution), seed, cost_words(card, lang)]
    return " · ".join(one for one in known if one)


def _asked(job: Job, lang: str) -> str:
    """What the create call asked for, in short."""
    request = job.request
    if request.frames is not None:
        length = text(lang, "job.frames", frames=request.frames)
    elif request.duration == _AUTO:
        length = text(lang, "job.auto_length")
    else:
        length = text(lang, "job.seconds", s=request.duration or rules().default_duration)
    images = len(request.images)
    known = [request.model, request.resolution, request.ratio, length]
    if images:
        known.append(text(lang, "job.image" if images == 1 else "job.images", count=images))
    return " · ".join(str(one) for one in known)


def _facts(job: Job, card: Card, video: VideoState | None, lang: str) -> list[list[str]]:
    """Label and value, in the order in which people ask for them."""
    facts: dict[str, str | None] = {"prompt": card.prompt, "model": card.model}
    if video is not None:
        facts["size"] = text(lang, "job.size", width=video["width"], height=video["height"])
        facts["length"] = text(
            lang, "job.length", seconds=f"{video['duration']:.2f}", frames=video["frames"], fps=f"{video['fps']:g}"
        )
        facts["sound"] = text(lang, "job.with_sound" if video["has_audio"] else "job.no_sound")
    else:
        facts["size"] = f"{job.request.resolution}, {job.request.ratio}"
    facts["seed"] = text(lang, "job.seed_random") if card.seed is None else str(card.seed)
    facts["tokens"] = _tokens(card, lang) if card.tokens is not None or not job.done else None
    facts["cost"] = cost_words(card, lang)
    facts["provider"] = card.provider
    facts["made_in"] = _made_in(card, lang) if job.done else None  # until then the clock tells
    facts["created"] = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(job.created_at))
    facts["file"] = job.video.path.name if job.video else None
    facts["link"] = _link(job, card, lang)
    facts["task"] = job.task_id
    facts["request"] = job.error.request_id if isinstance(job.error, ProviderError) else None
    facts["job"] = job.id
    return [[text(lang, f"job.fact_{name}"), value] for name, value in facts.items() if value]


def _tokens(card: Card, lang: str) -> str | None:
    counted, expected = card.tokens, card.expected_tokens
    if counted is None:
        return None if expected is None else text(lang, "job.tokens_expected", tokens=f"{expected:,}")
    if expected in {None, counted}:
        return text(lang, "job.tokens_counted" if expected is None else "job.tokens_as_expected", tokens=f"{counted:,}")
    return text(lang, "job.tokens_both", tokens=f"{counted:,}", expected=f"{expected:,}")


def _cost_and_tokens(card: Card, lang: str) -> str:
    cost = cost_words(card, lang)
    return cost if card.tokens is None else f"{text(lang, 'job.tokens_counted', tokens=f'{card.tokens:,}')} · {cost}"


def _made_in(card: Card, lang: str) -> str:
    """The seconds of each state that is worth a word."""
    spent = [(state, seconds) for state, seconds in card.seconds_in.items() if state in _TOLD and seconds >= _SHORT]
    return text(lang, "job.comma").join(
        text(lang, f"job.spent_{state}", time=seconds_words(seconds, lang)) for state, seconds in spent
    )


def _link(job: Job, card: Card, lang: str) -> str | None:
    """Until when the provider's own link to the video holds; a simulator's clock is not ours."""
    facts = catalogue().providers.get(job.provider)
    if facts is None or card.ready_at is None or job.video is None or not job.video.url:
        return None
    until = card.ready_at + facts.url_seconds
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(until))
    return text(lang, "job.link_until" if until > time.time() else "job.link_dead", when=when)


def _clock(at: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(at))
