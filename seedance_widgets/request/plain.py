"""Look at values of any type without being hurt by them: what `check` and `estimate` stand on."""

from __future__ import annotations

import difflib
import math
import operator
import re
from dataclasses import dataclass
from typing import Any, TypeGuard

from seedance_widgets.catalog import SIMULATED, ProviderFacts, catalogue, provider_name
from seedance_widgets.request.images import Image, Unusable
from seedance_widgets.request.intake import kind_of
from seedance_widgets.request.model import VideoRequest
from seedance_widgets.secrecy import quoted

_SHOWN = 60  # characters of a value that a message repeats
_JOINS = "\u200c\u200d"  # within words of some scripts, and within emoji
_SAFE_BITS = 4096  # Python refuses to write out much larger numbers


@dataclass(frozen=True, slots=True)
class Odd:
    """Stands for a value of a type that no field takes; `like` is the plain value it resembles (numpy.int64(5): 5)."""

    type_name: str
    like: Any = None


def tame(value: Any) -> Any:
    """The value itself where it is plain (None, bool, int, float, str, an image, a flat tuple of these), else `Odd`.

    Rules may then compare and show it: no foreign `__eq__`, `__bool__` or `__repr__` is ever called.
    """
    kind = type(value)
    if value is None or kind in {bool, int, float, str, Image, Unusable}:
        return value
    if kind is tuple:
        return tuple(Odd("tuple") if type(item) is tuple else tame(item) for item in value)
    try:
        if isinstance(value, str):  # a subclass, whose own methods may do anything
            return str.__str__(value)
        if isinstance(value, int):
            return int.__int__(value)
        if isinstance(value, float):
            return float.__float__(value)
        like = value.item() if kind.__module__ == "numpy" else operator.index(value)
        return Odd(kind.__name__, like if type(like) in {bool, int, float, str} else None)
    except Exception:  # noqa: BLE001  a foreign object may raise anything; `check` never does
        return Odd(kind.__name__)


def shown(value: Any) -> str:
    """A tamed value for a message, on one line and never long; what may be a key is not repeated."""
    if isinstance(value, str):
        return quoted(value)
    if is_whole(value) and value.bit_length() > _SAFE_BITS:
        return "a number of thousands of digits"
    if value is None or isinstance(value, (bool, int, float)):
        text = repr(value)
        return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."
    if isinstance(value, tuple):
        return f"a list of {len(value)}"
    return f"a value of type {value.type_name if isinstance(value, Odd) else type(value).__name__}"


def printable(text: str) -> str:
    """Somebody's text on one line, without the signs that a terminal would obey."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() or one in _JOINS else " " if one.isspace() else "\ufffd" for one in text)


def said_by(error: BaseException) -> str:
    """The type of a foreign error, and what it says where it can."""
    try:
        return printable(f"{type(error).__name__}: {error}")
    except Exception:  # noqa: BLE001  its own `__str__` may raise
        return type(error).__name__


def not_a_request(value: object) -> str | None:
    """Why this is no request, as a sentence that shows how to make one; None where it is one."""
    # By its type: a foreign object's `__class__` may raise.
    if issubclass(type(value), VideoRequest):
        return None
    plain = tame(value)
    if isinstance(plain, str):
        return f"a VideoRequest was expected, not text; write sw.VideoRequest({shown(plain)})."
    given = "None" if value is None else kind_of(value)
    words = "**values" if issubclass(type(value), dict) else '"what happens in the video"'
    return f"a VideoRequest was expected, not {given}; write sw.VideoRequest({words})."


def is_whole(value: Any) -> TypeGuard[int]:
    """Whether this is an int and no bool."""
    return isinstance(value, int) and not isinstance(value, bool)


def whole_like(value: Any) -> int | None:
    """The whole number that a tamed value of another type stands for: 5.0, "5" and numpy.int64(5) are like 5."""
    if isinstance(value, Odd):
        value = value.like
    if isinstance(value, str):
        if re.fullmatch(r"\s*[+-]?\d{1,20}(\.0*)?\s*s?\s*", value, re.ASCII) is None:
            return None
        return int(value.strip().rstrip("s ").partition(".")[0])
    if isinstance(value, float):
        return round(value) if math.isfinite(value) else None
    return value if is_whole(value) else None


def bool_like(value: Any) -> bool | None:
    """The truth value that a tamed value of another type stands for: 1, "yes" and numpy.True_ are like True."""
    if isinstance(value, Odd):
        value = value.like
    if isinstance(value, str):
        word = value.strip().lower()
        return (
            True if word in {"true", "yes", "on", "1"} else False if word in {"false", "no", "off", "0", ""} else None
        )
    if isinstance(value, bool):
        return value
    return bool(value) if value is None or value in {0, 1} else None


def option_like(value: Any, options: tuple[str, ...]) -> str | None:
    """The option that a tamed value most likely means: "720P", 720 and "720 p" are like "720p"."""
    if isinstance(value, Odd):
        value = value.like
    if not isinstance(value, str):
        value = shown(value) if is_whole(value) else ""
    text = re.sub(r"[\s_]", "", value[:_SHOWN]).lower()
    for option in options:
        if text in {option, option.rstrip("p")}:
            return option
    close = difflib.get_close_matches(text, options, n=1, cutoff=0.6)
    return close[0] if close else None


def provider_of(provider: Any) -> tuple[ProviderFacts | None, bool, str]:
    """The catalogue's facts of a provider, whether it is a simulator, and its name as given.

    Args:
        provider: None, any name that `sw.use` takes, or an object with `.name` and `.id`.
    """
    if provider is None:
        return None, False, ""
    if isinstance(provider, str):
        name = known_as = str.__str__(provider)
    else:
        name, known_as = _text(provider, "name"), _text(provider, "id")
    simulated = any((provider_name(one) or one).startswith(SIMULATED) for one in (known_as, name))
    return catalogue().providers.get((provider_name(name) or "").removeprefix(SIMULATED)), simulated, name


def _text(thing: Any, attribute: str) -> str:
    try:
        value = getattr(thing, attribute, "")
        return str.__str__(value) if isinstance(value, str) else ""
    except Exception:  # noqa: BLE001  `check` never raises, whatever it is handed
        return ""
