"""What the provider's record of a task tells beyond its state: what was asked, and so what it costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seedance_widgets.catalog import find_model
from seedance_widgets.request import estimate

if TYPE_CHECKING:
    from seedance_widgets.jobs.track import Track
    from seedance_widgets.providers.base import Provider, Task

_KINDS: dict[str, type] = {
    "model": str,
    "resolution": str,
    "ratio": str,
    "duration": int,
    "frames": int,
    "seed": int,
    "service_tier": str,
    "generate_audio": bool,
    "prompt": str,
}


def settings_told(task: Task) -> dict[str, Any]:
    """The parameters of the request that the record of the task holds; of a task under way those are few."""
    response = task.raw.get("response")
    inner = response.get("data") if isinstance(response, dict) else None  # AceDataCloud has Ark's own record in there
    told = {**(inner if isinstance(inner, dict) else {}), **task.raw}
    told |= {"resolution": task.resolution, "ratio": task.ratio, "seed": task.seed}
    return {name: told[name] for name, kind in _KINDS.items() if type(told.get(name)) is kind}


def settle(track: Track, task: Task, provider: Provider) -> None:
    """Take over from a finished task what it really cost, and what was asked where that was not known.

    Args:
        track: Its job; the price becomes that of the tokens that were counted.
        task: As the provider tells it, succeeded.
        provider: Who made it.
    """
    record, told = track.record, settings_told(task)
    adopted = bool(record.estimate.get("adopted"))
    if adopted:
        track.request = track.request.replace(**told)
        record.request, record.model = track.request.to_dict(), track.request.model
    tokens, price = record.estimate.get("tokens"), record.estimate.get("price")
    if (price is None or not tokens) and (not adopted or _prices_are_clear(told)):
        # The price of a token, whatever the length: its size was not known beforehand, or nobody here asked for it.
        expected = estimate(track.request.replace(**told), provider)
        tokens, price = expected.tokens, expected.price
        record.currency = record.currency or expected.currency
    if price is not None and tokens and task.tokens:
        record.price = price * task.tokens / tokens


def _prices_are_clear(told: dict[str, Any]) -> bool:
    """Whether enough is told to say by which row of the price list a task is billed."""
    model = find_model(told.get("model", ""))
    if model is None or "resolution" not in told:
        return False
    return "generate_audio" in told or all(row.audio is None for row in model.prices)
