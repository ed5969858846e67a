"""Keyword names with a helping hand: an unknown one is a TypeError that holds the nearest spelling."""

from __future__ import annotations

import difflib
import functools
import inspect
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

T = TypeVar("T", bound="Callable[..., Any]")


def suggest_names(target: T, instead: Callable[[str, Sequence[Any], Mapping[str, Any]], str] | None = None) -> T:
    """Make a class or function name the nearest parameter when it is called with an unknown keyword.

    Args:
        target: The class or function.
        instead: Told the unknown keyword and what the call was given; what it says stands in place of the nearest
            parameter, where it says anything.
    """
    if inspect.isclass(target):
        setattr(target, "__init__", _checked(target.__init__, target.__name__, instead))  # noqa: B010  mypy refuses the assignment
        return target
    checked: T = _checked(target, target.__name__, instead)
    return checked


def _checked(call: Any, shown: str, instead: Callable[[str, Sequence[Any], Mapping[str, Any]], str] | None) -> Any:
    known = [name for name in inspect.signature(call).parameters if name != "self"]

    @functools.wraps(call)
    def checked(*args: Any, **kwargs: Any) -> Any:
        for name in kwargs.keys() - known:
            hint = "" if instead is None else instead(name, args, kwargs)
            if not hint:
                close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
                hint = f"did you mean {close[0]}?" if close else f"it takes {', '.join(known)}."
            raise TypeError(f"{shown} has no parameter {name!r}; {hint}")
        return call(*args, **kwargs)

    return checked
