"""What `check` says of every setting."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from seedance_widgets.catalog import ADAPTIVE, Span, catalogue, rules
from seedance_widgets.request.case import Case, Finding, error, warning
from seedance_widgets.request.framing import centre_crop, nearest_ratio, output_size
from seedance_widgets.request.plain import bool_like, is_whole, option_like, shown, whole_like

if TYPE_CHECKING:
    from collections.abc import Iterator

_AUTO = -1
_SIDES = re.compile(r"\s*(\d{1,5})\s*[:x/\u00d7\uff1a]\s*(\d{1,5})\s*", re.ASCII | re.IGNORECASE)
_VISIBLE_CUT = 0.03  # a smaller part cut off at the edges is nothing a person would miss
_FLAGS = ("generate_audio", "return_last_frame", "camera_fixed", "watermark")
_IN_MODE = {
    "text": "from text alone",
    "first_frame": "with a first frame",
    "first_last_frame": "with first and last frame",
    "references": "with reference images",
}


def resolution(case: Case) -> Iterator[Finding]:
    """A resolution that the model makes in this mode."""
    value, options = case["resolution"], rules().resolutions
    if value not in options:
        yield error(
            "resolution",
            f"resolution must be one of {', '.join(options)}; {shown(value)} is not.",
            *_options(case, "resolution", options),
        )
        return
    if case.model is None:
        return
    disputed = case.disputed(f"resolution.{value}")
    made = case.model.resolutions_in(case.mode)
    others = [{"resolution": other} for other in reversed(made) if other != value]
    if value not in made:
        title, way = case.model.title, _IN_MODE[case.mode]
        yield error("resolution", f"{title} does not make {value} {way}; it makes {', '.join(made)}.", *others)
    elif disputed:
        yield warning("resolution", disputed, *others)


def ratio(case: Case) -> Iterator[Finding]:
    """A shape that the model makes in this mode, and what it cuts off the first frame."""
    value, options = case["ratio"], (*rules().ratios, ADAPTIVE)
    if value not in options:
        yield error(
            "ratio",
            f"ratio must be one of {', '.join(options)}; {shown(value)} is not.",
            *_ratio_like(value),
            *_options(case, "ratio", options),
            {"ratio": ADAPTIVE},
        )
        return
    if case.model is None or (case.mode not in case.model.modes and not case.disputed(f"mode.{case.mode}")):
        return
    if value == ADAPTIVE and case.mode not in case.model.adaptive:
        yield error(
            "ratio",
            f"{case.model.title} does not take adaptive {_IN_MODE[case.mode]}; choose a fixed ratio.",
            {"ratio": case.defaults["ratio"]},
        )
    elif value != ADAPTIVE and case.mode in case.model.adaptive_only:
        yield error(
            "ratio",
            f"{case.model.title} takes only adaptive {_IN_MODE[case.mode]}; {value} is refused.",
            {"ratio": ADAPTIVE},
        )
    elif value != ADAPTIVE and case.mode in {"first_frame", "first_last_frame"}:
        yield from _cut(case, value)


def _ratio_like(value: Any) -> tuple[dict[str, Any], ...]:
    """The listed ratio nearest to what was written: "2:1", "1920x1080", 1.5."""
    sides = _SIDES.fullmatch(value) if isinstance(value, str) else None
    aspect = float(sides[1]) / (float(sides[2]) or math.inf) if sides else value
    if not isinstance(aspect, float) or not 0 < aspect < math.inf:
        return ()
    return ({"ratio": nearest_ratio(rules().ratios, aspect)},)


def _cut(case: Case, value: str) -> Iterator[Finding]:
    lost, facts = _lost(case, value), case.first_frame_facts
    if lost is None or lost <= _VISIBLE_CUT or case.model is None or facts is None or facts.aspect is None:
        return
    nearest = nearest_ratio(rules().ratios, facts.aspect)
    best = ADAPTIVE if case.mode in case.model.adaptive else nearest
    better = (_lost(case, best) or 0.0) < lost
    advice = f"{best} keeps more of it." if better else "crop the image yourself to choose what stays."
    yield warning(
        "ratio",
        f"{value} cuts {lost:.0%} off the first frame, which is {facts.width} x {facts.height} px; {advice}",
        *([{"ratio": best}] if better else []),
    )


def _lost(case: Case, value: str) -> float | None:
    """The share of the first frame that a ratio cuts off."""
    facts = case.first_frame_facts
    if (
        case.model is None
        or facts is None
        or not facts.width
        or not facts.height
        or not isinstance(case["resolution"], str)
    ):
        return None
    size = output_size(case.model, case["resolution"], value, facts)
    if size is None:
        return None
    _, _, width, height = centre_crop(facts.width, facts.height, size[0], size[1])
    return 1 - width * height / (facts.width * facts.height)


def duration(case: Case) -> Iterator[Finding]:
    """Whole seconds that the model makes, or -1 where it may choose."""
    value = case["duration"]
    if value is None:
        return
    span = case.model.duration if case.model else any_duration()
    title = case.model.title if case.model else "any model"
    taken = f"{span.first} to {span.last} seconds" + (", or -1 to let the model choose" if span.auto else "")
    if not is_whole(value):
        yield error(
            "duration",
            f"duration must be a whole number of seconds; {shown(value)} is not.",
            *_whole("duration", value, span),
            {"duration": None},
        )
    elif value not in span:
        yield error(
            "duration",
            f"duration for {title} must be {taken}; {shown(value)} is not.",
            {"duration": rules().default_duration if value == _AUTO else span.nearest(value)},
        )


def any_duration() -> Span:
    """What some model or other takes."""
    spans = [one.duration for one in catalogue().models.values()]
    return Span(min(span.first for span in spans), max(span.last for span in spans), auto=True)


def frames(case: Case) -> Iterator[Finding]:
    """25 + 4n, on a model that counts frames, and not beside duration."""
    value, span = case["frames"], rules().frames
    if value is None:
        return
    if case["duration"] is not None:
        fixes = ({"duration": None}, {"frames": None})
        counted = case.model is None or case.model.frames
        yield error(
            "frames", "frames and duration exclude each other; give one of them.", *(fixes if counted else fixes[::-1])
        )
    if case.model and not case.model.frames:
        seconds = case.model.duration.nearest(span.nearest(value) / rules().fps) if is_whole(value) else None
        yield error(
            "frames",
            f"{case.model.title} takes no frame count; give duration in seconds instead.",
            {"frames": None} if case["duration"] is not None else {"frames": None, "duration": seconds},
        )
    elif not is_whole(value):
        yield error(
            "frames",
            f"frames must be a whole number; {shown(value)} is not.",
            *_whole("frames", value, span),
            {"frames": None},
        )
    elif value not in span:
        yield error(
            "frames",
            f"frames must be 25 + 4n between {span.first} and {span.last}; {shown(value)} is not: "
            f"{_nearest(value, span)}.",
            *({"frames": one} for one in _neighbours(value, span)),
            {"frames": None},
        )


def _neighbours(value: int, span: Span) -> list[int]:
    """The allowed numbers on both sides of a value, the nearest one first; one where it lies outside."""
    nearest = span.nearest(value)
    if not span.first < value < span.last:
        return [nearest]
    below = value - (value - span.first) % span.step
    return [nearest, below if nearest != below else below + span.step]


def _nearest(value: int, span: Span) -> str:
    numbers = [str(one) for one in sorted(_neighbours(value, span))]
    return f"nearest {'are' if len(numbers) > 1 else 'is'} {' and '.join(numbers)}"


def flags(case: Case) -> Iterator[Finding]:
    """True or False, and nothing that only looks like it."""
    for field in _FLAGS:
        value = case[field]
        if not isinstance(value, bool):
            like = bool_like(value)
            yield error(
                field,
                f"{field} must be True or False; {shown(value)} is neither.",
                *([] if like is None else [{field: like}]),
                {field: False},
            )


def abilities(case: Case) -> Iterator[Finding]:
    """Sound, a still camera and a last frame, where the model has them."""
    found = case.model
    if found is None:
        return
    if case["generate_audio"] is True and not found.audio:
        yield error(
            "generate_audio",
            f"{found.title} makes no sound; set generate_audio to False, or choose a model that does.",
            {"generate_audio": False},
        )
    if case["camera_fixed"] is True and case.mode in found.modes and case.mode not in found.camera_fixed:
        yield error(
            "camera_fixed",
            f"{found.title} takes no camera_fixed {_IN_MODE[case.mode]}; set it to False and "
            "ask for a still camera in the prompt.",
            {"camera_fixed": False},
        )
    disputed = case.disputed("return_last_frame")
    if case["return_last_frame"] is True and disputed:
        yield warning(
            "return_last_frame",
            f"{disputed} Where none comes, it is taken from the video.",
            {"return_last_frame": False},
        )


def service_tier(case: Case) -> Iterator[Finding]:
    """A tier that exists, and that this model and provider have."""
    value, field = case["service_tier"], "service_tier"
    options = tuple(dict.fromkeys(tier for one in catalogue().providers.values() for tier in one.tiers))
    default = {field: case.defaults[field]}
    if value not in options:
        yield error(
            field,
            f"service_tier must be one of {', '.join(options)}; {shown(value)} is not.",
            *_options(case, field, options),
        )
    elif case.provider and value not in case.provider.tiers:
        yield warning(
            field, f"{case.where} has no {value} tier; it is not sent, and the full price is billed.", default
        )
    elif case.model and value not in case.model.tiers:
        yield error(field, f"{case.model.title} has no {value} tier; it is refused. Use default.", default)


def seed(case: Case) -> Iterator[Finding]:
    """A number that all sources take, on a model that takes one."""
    value, span = case["seed"], rules().seed
    if not is_whole(value):
        yield error(
            "seed",
            f"seed must be a whole number; {shown(value)} is not.",
            *_whole("seed", value, span),
            {"seed": _AUTO},
        )
        return
    if value not in span and not span.last < value <= (span.disputed_last or span.last):
        yield error(
            "seed",
            f"seed must be -1 for a random one, or 0 to {span.last}; {shown(value)} is not.",
            {"seed": span.nearest(value)},
        )
    elif value != _AUTO and case.model and not case.model.seed:
        yield warning(
            "seed", f"{case.model.title} takes no seed; it is not sent, and every run is different.", {"seed": _AUTO}
        )
    elif value not in span:
        yield warning("seed", f"sources differ on seeds above {span.last}; a smaller one is safe.", {"seed": span.last})


def execution_expires_after(case: Case) -> Iterator[Finding]:
    """Seconds after which the provider gives up."""
    value, span, field = case["execution_expires_after"], rules().expires, "execution_expires_after"
    fallback = {field: span.default}
    if not is_whole(value):
        yield error(
            field,
            f"{field} must be a whole number of seconds; {shown(value)} is not.",
            *_whole(field, value, span),
            fallback,
        )
    elif value not in span:
        yield error(
            field,
            f"{field} must be {span.first} to {span.last} seconds; {shown(value)} is not.",
            {field: span.nearest(value)},
        )


def _whole(field: str, value: Any, span: Span) -> tuple[dict[str, int], ...]:
    like = whole_like(value)
    return () if like is None else ({field: like},) if like in span else ({field: span.nearest(like)},)


def _options(case: Case, field: str, options: tuple[str, ...]) -> tuple[dict[str, Any], ...]:
    like = option_like(case[field], options)
    default = {field: case.defaults[field]}
    return (default,) if like is None else ({field: like}, default)


RULES = (
    resolution,
    ratio,
    duration,
    frames,
    flags,
    abilities,
    service_tier,
    seed,
    execution_expires_after,
)
