"""Read the catalogue: what each model accepts, what each provider asks, and the rules that hold for all."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal

from seedance_widgets.markup import text_only

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

Mode = Literal["text", "first_frame", "first_last_frame", "references"]

ADAPTIVE = "adaptive"


@dataclass(frozen=True, slots=True)
class Span:
    """Whole numbers from `first` to `last`, both included, every `step`.

    `auto` says that -1 ("the model decides") is taken too. `disputed_last` is a larger end that some sources give.
    """

    first: int
    last: int
    step: int = 1
    auto: bool = False
    default: int | None = None
    disputed_last: int | None = None

    def __contains__(self, value: object) -> bool:
        if not isinstance(value, int) or isinstance(value, bool):
            return False
        if self.auto and value == -1:
            return True
        return self.first <= value <= self.last and (value - self.first) % self.step == 0

    def nearest(self, value: float) -> int:
        """The allowed number closest to `value`, the smaller one of two that are equally close."""
        low = max(self.first, min(self.last, self.first + int((value - self.first) // self.step) * self.step))
        high = min(self.last, low + self.step)
        return high if abs(high - value) < abs(low - value) else low


@dataclass(frozen=True, slots=True)
class ImageRules:
    """What every provider asks of an input image: bytes, pixels, width / height."""

    formats: tuple[str, ...]
    max_bytes: int
    warn_bytes: int
    min_side: int
    max_side: int
    min_aspect: float
    max_aspect: float
    max_body_bytes: int
    warn_body_bytes: int


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for every model."""

    modes: tuple[Mode, ...]
    resolutions: tuple[str, ...]
    ratios: tuple[str, ...]
    fps: int
    default_duration: int
    frames: Span
    seed: Span
    expires: Span
    prompt_commands: tuple[str, ...]
    prompt_words: int
    prompt_chinese: int
    prompt_chars: int
    token_pixels: int
    images: ImageRules


@dataclass(frozen=True, slots=True)
class Rates:
    """Create calls a minute and tasks running at once, per account and model."""

    rpm: int
    concurrency: int


@dataclass(frozen=True, slots=True)
class ProviderFacts:
    """What is published of a provider: address, rates per second, retention in seconds, what its calls can do.

    `label` names it for people, `brand` where space is short; `aliases` is what people may call it.
    """

    name: str
    label: str
    brand: str
    aliases: tuple[str, ...]
    wire: Literal["ark", "acedata"]
    base_url: str
    key_env: tuple[str, ...]
    currency: str
    tiers: tuple[str, ...]
    cancel: Literal["queued", "never"]
    callback: Literal["every", "final"]
    url_seconds: int
    get_per_second: float | None = None
    list_per_second: float | None = None
    delete_per_second: float | None = None
    list_ids: int | None = None
    batch_per_second: float | None = None
    batch_ids: int | None = None
    max_queued: int | None = None
    url_downloads: int | None = None
    task_seconds: int | None = None
    cancelled_seconds: int | None = None
    prompt_chars: int | None = None
    task_timeout: int | None = None


@dataclass(frozen=True, slots=True)
class PriceRow:
    """Money per million tokens, for the requests that meet the conditions; None means any."""

    per_million: Mapping[str, float]
    resolutions: tuple[str, ...] | None = None
    audio: bool | None = None
    tier: str | None = None

    def applies(self, *, resolution: str, audio: bool, tier: str) -> bool:
        """Whether a request with these settings is billed by this row."""
        return (
            (self.resolutions is None or resolution in self.resolutions)
            and (self.audio is None or audio == self.audio)
            and (self.tier is None or tier == self.tier)
        )


@dataclass(frozen=True, slots=True)
class Dispute:
    """A rule on which sources differ at one provider: `check` warns with `says` instead of refusing."""

    provider: str
    rule: str
    says: str


@dataclass(frozen=True, slots=True, repr=False)
class Model:
    """One model of the catalogue.

    Args:
        name: Short name, such as `1.0-pro`.
        ids: Its id at each provider.
        modes: Which image inputs it takes.
        references: The largest number of reference images; 0 where it takes none.
        sizes: (width, height) in pixels by resolution and ratio.
        duration: Whole seconds; `auto` where -1 is taken.
        camera_fixed: Modes in which the camera can be asked to stand still.
        assets: Whether it takes `asset://` images of the provider's own library.
        retired: The day it was switched off, by provider.
        run_seconds: Seconds that a 10 s clip takes, by resolution, before any history is known.
    """

    name: str
    title: str
    purpose: str
    ids: Mapping[str, str]
    modes: tuple[Mode, ...]
    resolutions: tuple[str, ...]
    provider_resolution: str
    sizes: Mapping[str, Mapping[str, tuple[int, int]]]
    adaptive: tuple[Mode, ...]
    duration: Span
    tiers: tuple[str, ...]
    rates: Rates
    prices: tuple[PriceRow, ...]
    run_seconds: Mapping[str, float]
    source: str
    references: int = 0
    resolutions_by_mode: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    adaptive_only: tuple[Mode, ...] = ()
    adaptive_shape: Literal["nearest", "own"] = "nearest"
    frames: bool = False
    seed: bool = False
    audio: bool = False
    camera_fixed: tuple[Mode, ...] = ()
    heic: Literal["no", "disputed", "yes"] = "no"
    assets: bool = False
    rates_by_resolution: Mapping[str, Rates] = field(default_factory=dict)
    acedata_usd_per_second_720p: float | None = None
    acedata_audio_factor: float = 1.0
    retired: Mapping[str, date] = field(default_factory=dict)
    replacement: str | None = None
    disputed: tuple[Dispute, ...] = ()

    def resolutions_in(self, mode: str) -> tuple[str, ...]:
        """The resolutions that this model makes in `mode`."""
        return self.resolutions_by_mode.get(mode, self.resolutions)

    def rates_at(self, resolution: str) -> Rates:
        """The published rates for this resolution."""
        return self.rates_by_resolution.get(resolution, self.rates)

    def typical_seconds(self, resolution: str, seconds: float) -> float:
        """How long a clip of `seconds` takes to be made, before any history is known.

        From the published times of a 10 s clip; a third of it does not depend on the length (INFERENCE).
        """
        base = self.run_seconds.get(resolution, max(self.run_seconds.values()))
        return base * (seconds + 5.0) / 15.0

    def id_at(self, provider: str) -> str:
        """The id that `provider` knows this model by."""
        return self.ids[provider]

    def dispute(self, rule: str, provider: str | None) -> str | None:
        """What the sources that differ say of `rule` at `provider`; None where all agree."""
        return next((d.says for d in self.disputed if d.rule == rule and d.provider == provider), None)

    def __repr__(self) -> str:
        return f"<Model {self.name}: {self.title}, {self.purpose}>"

    def __str__(self) -> str:
        from seedance_widgets.catalog.tables import model_text  # noqa: PLC0415  tables.py reads this module

        return model_text(self)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": str(self)}  # in full where it is shown by itself; the short repr stands in lists

    def _repr_html_(self) -> str:
        from seedance_widgets.catalog.tables import model_html  # noqa: PLC0415  tables.py reads this module

        return text_only(model_html(self))

    def price_row(self, *, resolution: str, audio: bool, tier: str) -> PriceRow | None:
        """The row of the token price list that bills a request with these settings."""
        return next((row for row in self.prices if row.applies(resolution=resolution, audio=audio, tier=tier)), None)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All models by short name, all providers by name, and the common rules."""

    as_of: date
    rules: Rules
    providers: Mapping[str, ProviderFacts]
    models: Mapping[str, Model]


@cache
def catalogue() -> Catalogue:
    """The whole catalogue, read once."""
    raw = tomllib.loads(files(__package__).joinpath("models.toml").read_text("utf-8"))
    return Catalogue(
        as_of=raw["as_of"],
        rules=_rules(raw["rules"]),
        providers={name: ProviderFacts(name=name, **_frozen(table)) for name, table in raw["providers"].items()},
        models={name: _model(name, table, raw["sizes"]) for name, table in raw["models"].items()},
    )


def rules() -> Rules:
    """What holds for every model."""
    return catalogue().rules


def provider_facts(name: str) -> ProviderFacts:
    """What is published of the provider `name`: `ark-cn`, `ark-ap` or `acedata`."""
    return catalogue().providers[name]


def today() -> date:
    """The day by which it is judged whether a model has been switched off."""
    return datetime.now().astimezone().date()


def _rules(raw: dict[str, Any]) -> Rules:
    made: dict[str, Any] = {key: Span(**raw.pop(key)) for key in ("frames", "seed", "expires")}
    made["images"] = ImageRules(**_frozen(raw.pop("images")))
    return Rules(**made, **_frozen(raw))


def _model(name: str, raw: dict[str, Any], sizes: dict[str, Any]) -> Model:
    raw["sizes"] = {
        resolution: {ratio: (pixels[0], pixels[1]) for ratio, pixels in row.items()}
        for resolution, row in sizes[raw["sizes"]].items()
        if resolution in raw["resolutions"]
    }
    raw["duration"] = Span(**raw["duration"])
    raw["rates"] = Rates(**raw["rates"])
    raw["rates_by_resolution"] = {key: Rates(**value) for key, value in raw.get("rates_by_resolution", {}).items()}
    raw["resolutions_by_mode"] = {key: tuple(value) for key, value in raw.get("resolutions_by_mode", {}).items()}
    raw["prices"] = tuple(_price_row(row) for row in raw["prices"])
    raw["disputed"] = tuple(Dispute(**row) for row in raw.get("disputed", ()))
    return Model(name=name, **_frozen(raw))


def _price_row(raw: dict[str, Any]) -> PriceRow:
    money = {key: value for key, value in raw.items() if key.isupper()}
    conditions = {key: value for key, value in raw.items() if not key.isupper()}
    return PriceRow(per_million=money, **_frozen(conditions))


def _frozen(table: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}
