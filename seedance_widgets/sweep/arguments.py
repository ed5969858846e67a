"""The arguments of a sweep, each read with a sentence for what it cannot be."""

from __future__ import annotations

import math
import secrets
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

from seedance_widgets.errors import SweepError
from seedance_widgets.request import VideoRequest
from seedance_widgets.request.plain import shown, tame
from seedance_widgets.sweep.axes import FIELDS, unfilled_in

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_NAME = 120  # characters


def read_base(base: Any) -> VideoRequest:
    """The request that is varied."""
    if isinstance(base, VideoRequest):
        return base
    request = getattr(base, "request", None)
    if isinstance(request, VideoRequest):
        return request
    raise SweepError(
        "base must be a VideoRequest, such as sw.VideoRequest('The boat drifts', first_frame_url='boat.png'), or what "
        f"has one: a Studio, a video, a job; {type(base).__name__} is not."
    )


def axis_instead(name: str, given: Sequence[Any], named: Mapping[str, Any]) -> str:
    """What to say to a keyword of `Sweep` that is a field or a placeholder, both of which are axes; else empty."""
    base = named.get("base", given[1] if len(given) > 1 else None)  # the first one is the sweep itself
    request = getattr(base, "request", base)
    if name not in FIELDS and name not in unfilled_in(getattr(request, "prompt", None)):
        return ""
    return f"what is varied belongs into axes: sw.Sweep(base, axes={{{name!r}: ...}})."


def read_name(name: Any) -> str:
    """The name in the ledger; one of its own where none is given."""
    if name is None:
        return f"sweep-{secrets.token_hex(3)}"
    if not isinstance(name, str) or not name.strip() or len(name) > _NAME or not name.isprintable():
        raise SweepError(f"name must be a text of 1 to {_NAME} characters on one line; {name!r} is not.")
    return name.strip()


def read_cap(max_cost: Any) -> float | None:
    """What may be spent; None where nothing was said."""
    if max_cost is None:
        return None
    try:
        amount = math.nan if isinstance(max_cost, bool) or not isinstance(max_cost, Real) else float(max_cost)
    except OverflowError:  # a whole number with hundreds of digits: any amount
        amount = math.inf if max_cost > 0 else -math.inf
    if math.isnan(amount) or amount < 0:
        raise SweepError(
            f"max_cost must be an amount of money from 0 on, in the provider's currency; {shown(tame(max_cost))} is "
            "not."
        )
    return amount


def read_count(name: str, count: Any) -> int | None:
    """A whole number from 1 on; None where nothing was said."""
    if count is None:
        return None
    if isinstance(count, bool) or not isinstance(count, Integral) or count < 1:
        raise SweepError(f"{name} must be a whole number from 1 on; {shown(tame(count))} is not.")
    return int(count)


def read_mark(star: Any, rating: Any, note: Any) -> tuple[int | None, str | None]:
    """Refuse what is no mark; rating and note as they can be written down. None stands for what stays as it is."""
    if rating is not None and (isinstance(rating, bool) or not isinstance(rating, Real) or rating not in range(6)):
        raise SweepError(f"a rating is a whole number from 1 to 5, or 0 for none; {shown(tame(rating))} is not.")
    if not isinstance(star, bool | None) or not isinstance(note, str | None):
        raise SweepError(f"a star is True or False and a note a text, not {star!r} and {note!r}.")
    whole = None if rating is None else int(float(rating))  # 2.0 is 2, and is written so
    return whole, None if note is None else note.encode("utf-8", "replace").decode("utf-8")
