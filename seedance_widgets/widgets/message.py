"""What the browser sends, held against the method that answers it: the annotation of a field is the rule for it.

So a method may trust what it is annotated with; whether there is such a cell, job or button it sees to itself.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, NamedTuple

from seedance_widgets.request.plain import shown
from seedance_widgets.secrecy import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

Plain = str | int | float | bool
_DIGITS = 15  # a browser counts no further exactly; the places, sizes and numbers of ours are all smaller
_OR_NONE = " | None"


class _Kind(NamedTuple):
    """What a field must be.

    Args:
        words: What is expected, for the person.
        fits: Whether a value is that, but for its parts.
        part: The annotation of what is in it; empty where that may be anything.
    """

    words: str
    fits: Callable[[Any], bool]
    part: str = ""


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_whole(value: Any) -> bool:
    return type(value) is int and abs(value) < 10**_DIGITS


def _is_number(value: Any) -> bool:
    return type(value) in {int, float} and value == value  # noqa: PLR0124  NaN is not itself


_TEXT = _Kind("a text", _is_text)
# By the annotation as it is written: what stands behind it may be there for type checkers only.
_KINDS: Mapping[str, _Kind] = {
    "str": _TEXT,
    "Mode": _TEXT,
    "What": _TEXT,
    "int": _Kind(f"a whole number of at most {_DIGITS} digits", _is_whole),
    "float": _Kind("a number", _is_number),
    "bool": _Kind("true or false", lambda value: type(value) is bool),
    "list[str]": _Kind("a list of texts", lambda value: isinstance(value, list), part="str"),
    "dict[str, str]": _Kind("texts by name", lambda value: isinstance(value, dict), part="str"),
    "dict[str, Plain | None]": _Kind("values by name", lambda value: isinstance(value, dict), part="Plain | None"),
    "Plain": _Kind("a text, a number, true or false", lambda value: isinstance(value, (str, int, float))),
    "Secret": _Kind("a text", lambda _: True),  # the surface has made one of whatever came
}


def trouble_with(kind: str, fields: Mapping[str, Any], method: Callable[..., Any]) -> str | None:
    """Why a message is not answered, as a sentence; None where it holds what the method takes.

    Args:
        kind: What the message is called.
        fields: What it holds.
        method: What answers it; `buffers` come with a message and are none of its fields.
    """
    known = {name: one for name, one in inspect.signature(method).parameters.items() if name != "buffers"}
    needed = [name for name, one in known.items() if one.default is one.empty]
    if unknown := [name for name in fields if name not in known]:
        return f"the message {quoted(kind)} has no field called {quoted(unknown[0])}."
    if missing := [name for name in needed if name not in fields]:
        return f"the message {quoted(kind)} is not complete: {', '.join(missing)} must be given."
    rules = ((name, value, known[name].annotation) for name, value in fields.items())
    return _first(_wrong(name, value, rule) for name, value, rule in rules if rule is not inspect.Parameter.empty)


def _wrong(name: str, value: Any, rule: str) -> str | None:
    if value is None and rule.endswith(_OR_NONE):
        return None
    kind = _KINDS[rule.removesuffix(_OR_NONE)]
    if not kind.fits(value):
        return f"{name} must be {kind.words}; {_said(value)} is not."
    if not kind.part:
        return None
    parts = value.items() if isinstance(value, dict) else enumerate(value)
    return _first(_wrong(f"{name}[{shown(place)}]", one, kind.part) for place, one in parts)


def _first(troubles: Iterable[str | None]) -> str | None:
    return next((one for one in troubles if one is not None), None)


def _said(value: Any) -> str:
    if isinstance(value, dict):
        return f"a group of {len(value)} values"
    return shown(tuple(value) if isinstance(value, list) else value)
