"""The Studio's form as plain values: what it holds, offers, objects to and estimates. Python decides, JS draws."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from seedance_widgets.catalog import find_model, rules
from seedance_widgets.request import Image, Problem, VideoRequest, check, estimate
from seedance_widgets.request.estimate import money
from seedance_widgets.request.framing import centre_crop, output_size
from seedance_widgets.request.images import facts_of, is_url
from seedance_widgets.request.model import IMAGE_FIELDS
from seedance_widgets.request.rules_text import prompt_length
from seedance_widgets.widgets.options import PLACEHOLDER, Memo, as_if, plain
from seedance_widgets.widgets.say import say
from seedance_widgets.widgets.strings import text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from seedance_widgets.catalog import Mode
    from seedance_widgets.request.estimate import Estimate

Kept = dict[str, Any]

SETTINGS = tuple(field.name for field in fields(VideoRequest) if field.name not in IMAGE_FIELDS)
SLOTS_OF: Mapping[Mode, tuple[str, ...]] = {
    "text": (),
    "first_frame": ("first_frame_url",),
    "first_last_frame": ("first_frame_url", "last_frame_url"),
    "references": ("reference_image_urls",),
}
_DEFAULTS = {field.name: field.default for field in fields(VideoRequest)}
NO_IMAGE: Mapping[str, Any] = {"first_frame_url": None, "last_frame_url": None, "reference_image_urls": ()}
_FOREVER = 10**12  # seconds; what is beyond is shown as it is
_LONG = 24  # characters of a value on a button
_UNKNOWN = "–"  # noqa: RUF001  the dash that stands for a figure not known yet


def problems_of(request: VideoRequest, mode: Mode, provider: Any) -> tuple[Problem, ...]:
    """What is wrong with the form: what `check` finds, and the images that its mode still lacks."""
    found = [_without_placeholder(problem) for problem in check(as_if(request, mode), provider)]
    order = [field.name for field in fields(VideoRequest)]
    missing = [_missing(request, field) for field in SLOTS_OF[mode] if not getattr(request, field)]
    return tuple(sorted([*missing, *found], key=lambda one: order.index(one.field) if one.field in order else -1))


def with_mode(request: VideoRequest, now: Mode, mode: Mode, kept: Kept) -> tuple[VideoRequest, Kept]:
    """The request in another mode, with what the new one has no place for kept for the way back.

    Args:
        request: What the form holds.
        now: The kind of image input so far; what is empty in its slots was taken out, and does not come back.
        mode: The kind of image input from here on.
        kept: What is kept so far.

    Returns:
        The request, and what is kept now.
    """
    there = {name: getattr(request, name) for name in IMAGE_FIELDS if getattr(request, name)}
    kept = {name: value for name, value in kept.items() if name not in SLOTS_OF[now]} | there
    slots = SLOTS_OF[mode]
    values = {name: kept.get(name) if name in slots else none for name, none in NO_IMAGE.items()}
    if mode == "references":
        # An image that was a frame is a reference as well, and the other way round.
        values["reference_image_urls"] = kept.get("reference_image_urls") or tuple(
            kept[name] for name in ("first_frame_url", "last_frame_url") if kept.get(name)
        )
    elif slots and not values["first_frame_url"] and kept.get("reference_image_urls"):
        values["first_frame_url"] = kept["reference_image_urls"][0]
    return request.replace(**values), kept


def form_view(
    request: VideoRequest,
    mode: Mode,
    provider: Any,
    lang: str,
    *,
    revision: int,
    key_of: Callable[[Any], str],
    problems: tuple[Problem, ...] | None = None,
    memo: Memo | None = None,
) -> dict[str, Any]:
    """Everything that the form shows, as values that JSON can hold; never raises, whatever the request holds.

    Args:
        request: What the form holds.
        mode: The kind of image input that it is set to.
        provider: Who makes the video; None for what all of them share.
        lang: `en` or `zh`.
        revision: Grows with every change; a press on a fix names the one that it belongs to.
        key_of: The name by which the browser asks for an image's picture.
        problems: What `problems_of` found, where that is known already.
        memo: Keeps the options from one call to the next.
    """
    found = problems_of(request, mode, provider) if problems is None else problems
    errors = sum(problem.severity == "error" for problem in found)
    prompt: Any = request.prompt
    words, chinese = prompt_length(prompt) if isinstance(prompt, str) else (0, 0)
    return {
        "revision": revision,
        "mode": mode,
        "values": {name: plain(getattr(request, name)) for name in SETTINGS},
        "images": _images(request, key_of, lang),
        "options": (memo or Memo()).options(request, mode, provider, lang),
        "prompt": _length(words, chinese, lang),
        "advanced": _advanced(request, lang),
        "problems": [
            {
                "field": problem.field,
                "severity": problem.severity,
                "message": _said(problem.message, lang),
                "fixes": [fix_label(fix, lang) for fix in problem.fixes],
            }
            for problem in found
        ],
        "estimate": _estimate(estimate(request, provider), lang),
        "blocked": blocked_words(errors, lang),
    }


def blocked_words(errors: int, lang: str) -> str:
    """Why the form cannot be sent; empty where it can."""
    return text(lang, "form.blocked_one" if errors == 1 else "form.blocked", count=errors) if errors else ""


def fix_label(fix: Mapping[str, Any], lang: str) -> str:
    """The words on the button that makes these changes."""
    changes = {name: value for name, value in fix.items() if value is not None} or dict(fix)
    name, value = next(iter(changes.items()))
    if name == "mode":
        return text(lang, "fix.mode", mode=text(lang, f"form.{value}"))
    if name in IMAGE_FIELDS:
        gone = not value
        kind = "remove" if gone else "keep_some" if name == "reference_image_urls" else "use_as"
        return text(lang, f"fix.{kind}", field=text(lang, f"fix.{name}"))
    if name == "model":
        model = find_model(value)
        return text(lang, "fix.use", value=model.name if model else value)
    if name == "prompt":
        return text(lang, "fix.prompt")
    if value is None:
        return text(lang, "fix.remove", field=name)
    if isinstance(value, bool):
        return text(lang, "fix.on" if value else "fix.off", field=name)
    if name in {"ratio", "resolution", "service_tier"}:
        return text(lang, "fix.use", value=value)
    if name == "seed" and value == rules().seed.first:
        return text(lang, "fix.random")
    if name == "duration":
        return text(lang, "fix.auto") if value == rules().seed.first else text(lang, "fix.seconds", value=value)
    shown = str(value)
    return shown if len(shown) <= _LONG else f"{shown[: _LONG - 1]}…"


def _missing(request: VideoRequest, field: str) -> Problem:
    """The image that the mode still lacks, and the ways to do without it."""
    fixes: list[Kept] = []
    if field == "last_frame_url":
        fixes.append({"mode": "first_frame"})
    elif field == "first_frame_url" and request.last_frame_url is not None:
        fixes.append({"first_frame_url": request.last_frame_url, "last_frame_url": None})
    else:
        model = find_model(request.model)
        fixes += [{"mode": "text"}] if model and "text" in model.modes else []
    return Problem(field, "error", f"form.missing_{field}", fixes[0] if fixes else None, tuple(fixes))


def _said(message: str, lang: str) -> str:
    """A message of `check`, or one of the form's own."""
    return text(lang, message) if message.startswith("form.") else say(message, lang)


def _without_placeholder(problem: Problem) -> Problem:
    """A cure that would put the stand-in for a missing image somewhere is none."""
    cures = tuple(fix for fix in problem.fixes if not any(_holds_placeholder(value) for value in fix.values()))
    return Problem(problem.field, problem.severity, problem.message, cures[0] if cures else None, cures)


def _holds_placeholder(value: Any) -> bool:
    values = value if isinstance(value, (list, tuple)) else (value,)
    return any(isinstance(one, str) and one == PLACEHOLDER for one in values)


def _images(request: VideoRequest, key_of: Callable[[Any], str], lang: str) -> dict[str, Any]:
    model, first = find_model(request.model), facts_of(request.first_frame_url)
    resolution, ratio = (value if isinstance(value, str) else "" for value in _shape_of(request))
    size = output_size(model, resolution, ratio, first) if model else None

    def slot(value: Any, *, framed: bool) -> dict[str, Any] | None:
        if value is None:
            return None
        facts = facts_of(value)
        known = facts is not None and facts.width and facts.height
        words = [f"{facts.width} × {facts.height}"] if facts and known else []
        words += [_bytes(facts.bytes)] if facts else []
        address = isinstance(value, str) and is_url(value)
        return {
            "key": key_of(value),
            "name": _name(value, lang),
            "kind": "url" if address else "path" if isinstance(value, str) else "data",
            "url": value if address and value.lower().startswith(("http:", "https:")) else None,
            "width": facts.width if facts else None,
            "height": facts.height if facts else None,
            "bytes": facts.bytes if facts else None,
            "facts": " · ".join(words),
            "crop": _crop(facts.width, facts.height, size) if framed and facts and known and size else None,
        }

    return {
        "first_frame_url": slot(request.first_frame_url, framed=True),
        "last_frame_url": slot(request.last_frame_url, framed=True),
        "reference_image_urls": [slot(value, framed=False) for value in request.references if value is not None],
    }


def _shape_of(request: VideoRequest) -> tuple[Any, Any]:
    return request.resolution, request.ratio


def _crop(width: Any, height: Any, size: tuple[int, int, str]) -> dict[str, float] | None:
    """The part of an image that is kept, as fractions of it; None where nothing is cut."""
    x, y, kept_width, kept_height = centre_crop(width, height, size[0], size[1])
    if kept_width == width and kept_height == height:
        return None
    return {"x": x / width, "y": y / height, "width": kept_width / width, "height": kept_height / height}


def _name(value: Any, lang: str) -> str:
    if isinstance(value, Image):
        return value.name or text(lang, "form.image")
    if not isinstance(value, str):
        return text(lang, "form.no_image")
    return value if is_url(value) else value.replace("\\", "/").rsplit("/", 1)[-1]


def _bytes(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 100_000 else f"{count / 1e3:.1f} kB"  # noqa: PLR2004  0.1 MB


def _length(words: int, chinese: int, lang: str) -> dict[str, Any]:
    common = rules()
    if chinese > words:
        count = text(lang, "form.characters", count=f"{chinese:,}", most=f"{common.prompt_chinese:,}")
    else:
        count = text(lang, "form.words", count=f"{words:,}", most=f"{common.prompt_words:,}")
    return {"count": count, "over": chinese > common.prompt_chinese or words > common.prompt_words}


def _advanced(request: VideoRequest, lang: str) -> str:
    seed = request.seed
    parts = [
        text(lang, "form.seed_random")
        if plain(seed) == rules().seed.first
        else text(lang, "form.seed", seed=plain(seed)),
        text(lang, "form.audio" if request.generate_audio is True else "form.no_audio"),
        text(lang, "form.tier", tier=plain(request.service_tier)),
    ]
    parts += [
        text(lang, f"form.{name}_on")
        for name in ("return_last_frame", "camera_fixed", "watermark")
        if getattr(request, name) is True
    ]
    parts.append(text(lang, "form.no_callback" if plain(request.callback_url) in {None, ""} else "form.callback"))
    expires: Any = request.execution_expires_after
    hours = f"{expires / 3600:g}" if isinstance(expires, (int, float)) and abs(expires) < _FOREVER else plain(expires)
    return " · ".join([*parts, text(lang, "form.expires", hours=hours)])


def _estimate(known: Estimate, lang: str) -> dict[str, str]:
    most = text(lang, "form.at_most") if known.upper_bound else ""
    size = f"{known.width} × {known.height}" if known.width else _UNKNOWN
    frames = _UNKNOWN if known.frames is None else f"{most}{known.frames}"
    seconds = _UNKNOWN if known.seconds is None else f"{most}{known.seconds:.2f}"
    tokens = _UNKNOWN if known.tokens is None else f"{most}{known.tokens:,}"
    if not known.billed:
        price = text(lang, "form.free")
    elif known.price is None:
        price = text(lang, "form.price_unknown")
    else:
        amount = money(known.price, known.currency)
        price = text(lang, "form.about", price=amount) if known.approximate else f"{most}{amount}"
    line = text(lang, "form.line", size=size, frames=frames, seconds=seconds, tokens=tokens, price=price)
    return {"size": size, "frames": frames, "seconds": seconds, "tokens": tokens, "price": price, "line": line}
