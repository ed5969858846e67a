"""What a request will make and cost, before it is sent."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from seedance_widgets.catalog import catalogue, find_model, provider_choices, rules
from seedance_widgets.request.framing import output_size
from seedance_widgets.request.images import facts_of
from seedance_widgets.request.plain import is_whole, not_a_request, provider_of, shown, tame

if TYPE_CHECKING:
    from collections.abc import Mapping

    from seedance_widgets.catalog import Model
    from seedance_widgets.request.model import VideoRequest

_LIST_PRICE = "ark-ap"  # BytePlus's list, in USD, where no provider is named
_SIGNS = {"USD": "$", "CNY": "¥"}
_AUTO = -1
_MILLION = 1_000_000


@dataclass(frozen=True, repr=False)
class Estimate:
    """What a request will make and cost; None where it cannot be known beforehand.

    Args:
        width: Pixels.
        height: Pixels.
        ratio: The ratio that the provider will report; `adaptive` resolved from the first frame.
        frames: Frames of the video.
        seconds: Its length, frames / fps.
        fps: Frames per second.
        tokens: What the provider will count: floor(frames * width * height / 1024).
        price: Money, in `currency`; 0 at a simulator.
        prices: Money and currency by provider; AceDataCloud's is approximate.
        upper_bound: The model chooses the duration: frames, tokens and prices are the largest possible.
        billed: Whether this provider takes money at all.
        approximate: The price is the provider's own round figure, not counted from tokens (AceDataCloud).
        note: Why something is not known that could be: no such provider, say.
    """

    width: int | None = None
    height: int | None = None
    ratio: str | None = None
    frames: int | None = None
    seconds: float | None = None
    fps: int = 24
    tokens: int | None = None
    price: float | None = None
    currency: str = "USD"
    prices: Mapping[str, tuple[float, str] | None] = field(default_factory=dict)
    upper_bound: bool = False
    billed: bool = True
    approximate: bool = False
    note: str = ""

    def __str__(self) -> str:
        if self.note and self.frames is None:
            return self.note
        parts = [f"{self.width} x {self.height}" if self.width else "size not known yet"]
        most = "at most " if self.upper_bound else ""
        if self.frames is not None and self.seconds is not None:
            parts += [f"{most}{self.frames} frames", f"{most}{self.seconds:.2f} s"]
        if self.tokens is not None:
            parts.append(f"{most}{self.tokens:,} tokens")
        if not self.billed:
            parts.append("not billed")
        elif self.price is not None:
            parts.append(("about " if self.approximate else most) + money(self.price, self.currency))
        return " · ".join([*parts, *([self.note] if self.note else [])])

    def __repr__(self) -> str:
        return f"<Estimate {self}>"


def estimate(request: VideoRequest, provider: Any = None) -> Estimate:
    """Size, length, tokens and price of a request; never raises.

    Args:
        request: What is asked; a local first frame resolves `adaptive`.
        provider: A name as in `sw.use` or a provider; None means BytePlus's list price in USD, a simulator is free.
    """
    common = rules()
    if trouble := not_a_request(request):
        return Estimate(fps=common.fps, note=trouble)
    facts, simulated, given_name = provider_of(provider)
    note = ""
    if provider is not None and facts is None:
        note = (
            f"no provider is called {shown(given_name)}, so its price is not known; choose one of {provider_choices()}."
        )
    values = {field.name: tame(getattr(request, field.name)) for field in fields(request)}
    model = find_model(values["model"]) if isinstance(values["model"], str) else None
    priced_at = _LIST_PRICE if provider is None else facts.name if facts else None
    currency = catalogue().providers[priced_at or _LIST_PRICE].currency
    if model is None:
        return Estimate(fps=common.fps, currency=currency, billed=not simulated, note=note)
    frames, upper = _frames(values, model)
    sides = _sides(values, model)
    tokens = frames * sides[0] * sides[1] // common.token_pixels if frames and sides else None
    prices = {name: _price(values, model, name, tokens, frames) for name in catalogue().providers}
    listed = prices.get(priced_at or "")
    return Estimate(
        width=sides[0] if sides else None,
        height=sides[1] if sides else None,
        ratio=sides[2] if sides else None,
        frames=frames,
        seconds=frames / common.fps if frames else None,
        fps=common.fps,
        tokens=tokens,
        price=0.0 if simulated else listed[0] if listed else None,
        currency=currency,
        prices=prices,
        upper_bound=upper,
        billed=not simulated,
        approximate=not simulated and facts is not None and facts.wire == "acedata",
        note=note,
    )


def money(amount: float, currency: str) -> str:
    """An amount for people: `$0.26`, `¥3.70`, with more digits where it is small."""
    digits = 2 if amount >= 0.1 or amount == 0 else 4  # noqa: PLR2004  below ten cents two digits say too little
    return f"{_SIGNS.get(currency, currency + ' ')}{amount:,.{digits}f}"


def _frames(values: Mapping[str, Any], model: Model) -> tuple[int | None, bool]:
    """How many frames, and whether that is only the most there can be."""
    common = rules()
    frames, duration = values["frames"], values["duration"]
    if frames is not None:  # the provider lets frames win over duration
        return (frames if is_whole(frames) and frames in common.frames else None), False
    if duration is None:
        duration = common.default_duration
    if not is_whole(duration) or duration not in model.duration:
        return None, False
    upper = duration == _AUTO
    return common.fps * (model.duration.last if upper else duration) + 1, upper


def _sides(values: Mapping[str, Any], model: Model) -> tuple[int, int, str] | None:
    resolution, ratio = values["resolution"], values["ratio"]
    if not isinstance(resolution, str) or not isinstance(ratio, str):
        return None
    return output_size(model, resolution, ratio, facts_of(values["first_frame_url"]))


def _price(
    values: Mapping[str, Any], model: Model, provider: str, tokens: int | None, frames: int | None
) -> tuple[float, str] | None:
    facts = catalogue().providers[provider]
    audio = values["generate_audio"] is True
    if facts.wire == "acedata":
        # Published per output second at 720p only, and only approximately; other resolutions are not known.
        rate = model.acedata_usd_per_second_720p
        if rate is None or frames is None or values["resolution"] != "720p":
            return None
        return rate * (frames - 1) / rules().fps * (model.acedata_audio_factor if audio else 1.0), facts.currency
    row = model.price_row(resolution=values["resolution"], audio=audio, tier=values["service_tier"])
    if tokens is None or row is None or facts.currency not in row.per_million:
        return None
    return tokens * row.per_million[facts.currency] / _MILLION, facts.currency
