"""What each control of the form offers, and why something is not to be had: `check` itself is asked for the reasons."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from seedance_widgets.catalog import ADAPTIVE, catalogue, find_model, rules, today
from seedance_widgets.request.check import findings
from seedance_widgets.request.estimate import money
from seedance_widgets.request.framing import aspect_of, output_size
from seedance_widgets.request.images import facts_of
from seedance_widgets.request.plain import provider_of, shown
from seedance_widgets.request.rules_settings import any_duration
from seedance_widgets.widgets.say import say
from seedance_widgets.widgets.strings import text

if TYPE_CHECKING:
    from seedance_widgets.catalog import Mode, Model
    from seedance_widgets.request import VideoRequest

# Stands for an image that is not there yet, where it is asked what the model would do with one.
PLACEHOLDER = "https://placeholder.example/image.png"
_JSON_BITS = 4096
_TRIED = {
    "generate_audio": True,
    "camera_fixed": True,
    "watermark": True,
    "return_last_frame": True,
    "callback_url": "https://placeholder.example/",
    "execution_expires_after": rules().expires.default,
}


class Memo:
    """Keeps the options for as long as nothing but the prompt changes: they are asked for at every key."""

    def __init__(self) -> None:
        self._key: Any = None
        self._values: tuple[Any, ...] = ()
        self._options: dict[str, Any] = {}

    def options(self, request: VideoRequest, mode: Mode, provider: Any, lang: str) -> dict[str, Any]:
        """The `options` of the Studio's view.

        Args:
            request: What the form holds.
            mode: The kind of image input that the form is set to.
            provider: Who makes the video; None for what all of them share.
            lang: `en` or `zh`.
        """
        values = tuple(getattr(request, field.name) for field in fields(request) if field.name != "prompt")
        # By identity and type: comparing images by content would hash megabytes, and True is not 1.
        signs = tuple(map(_sign, (*values, *request.references)))
        key = (signs, mode, getattr(provider, "id", provider), lang)
        if key != self._key:
            self._options = _Options(request, mode, provider, lang).all()
            self._key, self._values = key, values  # the values are held, so that their identities stay theirs
        return self._options


def _sign(value: Any) -> tuple[type, Any]:
    return type(value), value if type(value) in {str, int, bool} else id(value)


def as_if(request: VideoRequest, mode: Mode) -> VideoRequest:
    """The request as it would be with the images that its mode asks for."""
    changes: dict[str, Any] = {}
    if mode in {"first_frame", "first_last_frame"} and request.first_frame_url is None:
        changes["first_frame_url"] = PLACEHOLDER
    if mode == "first_last_frame" and request.last_frame_url is None:
        changes["last_frame_url"] = PLACEHOLDER
    if mode == "references" and not request.references:
        changes["reference_image_urls"] = (PLACEHOLDER,)
    return request.replace(**changes) if changes else request


def plain(value: Any) -> Any:
    """A value for JSON; what that cannot hold is shown as text."""
    if type(value) is int and value.bit_length() > _JSON_BITS:
        return shown(value)  # neither JSON nor `str` writes one of thousands of digits
    if value is None or type(value) in {bool, int, str}:
        return value
    if type(value) is float and value == value and abs(value) != float("inf"):  # noqa: PLR0124  NaN is not itself
        return value
    try:
        return str(value)
    except Exception:  # noqa: BLE001  a foreign object may raise anything; the form shows what it can
        return type(value).__name__


class _Options:
    def __init__(self, request: VideoRequest, mode: Mode, provider: Any, lang: str) -> None:
        self.request = as_if(request.replace(prompt=""), mode)  # no option depends on it, and it may be long
        self.mode = mode
        self.provider = provider
        self.facts, _, _ = provider_of(provider)
        self.lang = lang
        self.model = find_model(request.model)
        self.first = facts_of(request.first_frame_url)

    def all(self) -> dict[str, Any]:
        common = rules()
        duration = self.model.duration if self.model else any_duration()
        first, auto = duration.first, duration.auto
        return {
            "mode": [self._mode(mode) for mode in ("first_frame", "first_last_frame", "references", "text")],
            "model": self._models(),
            "resolution": self._with_current("resolution", [self._resolution(one) for one in common.resolutions]),
            "ratio": self._with_current("ratio", [self._ratio(one) for one in (*common.ratios, ADAPTIVE)]),
            "service_tier": self._with_current("service_tier", self._tiers()),
            **{field: {"reason": self.reason(field, {field: value})} for field, value in _TRIED.items()},
            "seed": {
                "first": 0,
                "last": common.seed.last,
                "reason": self.reason("seed", {"seed": 1}, any_severity=True),
            },
            "duration": {
                "first": first,
                "last": duration.last,
                "step": duration.step,
                "auto": auto,
                "default": common.default_duration,
                "reason": self.reason("duration", {"duration": first, "frames": None}),
            },
            "frames": {
                "first": common.frames.first,
                "last": common.frames.last,
                "step": common.frames.step,
                "fps": common.fps,
                "reason": self.reason("frames", {"frames": common.frames.first, "duration": None}),
            },
            "execution_expires_after": {
                "first": common.expires.first,
                "last": common.expires.last,
                "default": common.expires.default,
                "reason": None,
            },
            "reference_image_urls": {"most": self.model.references if self.model else 1, "reason": None},
            "images": self._images(),
        }

    def reason(self, field: str, changes: dict[str, Any], *, any_severity: bool = False) -> str | None:
        """What `check` has against a value, in the words of the surface."""
        for found in findings(self.request.replace(**changes), self.provider):
            if found.field == field and (any_severity or found.severity == "error"):
                return say(found.message, self.lang)
        return None

    def _mode(self, mode: Mode) -> dict[str, Any]:
        without: dict[str, Any] = {"first_frame_url": None, "last_frame_url": None, "reference_image_urls": ()}
        field = {"references": "reference_image_urls", "first_last_frame": "last_frame_url"}.get(
            mode, "first_frame_url"
        )
        probe = as_if(self.request.replace(**without), mode)
        changes = {name: getattr(probe, name) for name in without}
        return self._option(mode, text(self.lang, f"form.{mode}"), reason=self.reason(field, changes))

    def _models(self) -> list[dict[str, Any]]:
        made = [self._model(model) for model in catalogue().models.values()]
        value = str(plain(self.request.model))
        if all(option["value"] != value for option in made):
            made.append(self._option(value, value, detail=self.reason("model", {}, any_severity=True) or ""))
        return made

    def _model(self, model: Model) -> dict[str, Any]:
        name = self.facts.name if self.facts else next(iter(catalogue().providers))
        asked = self.model is model
        value = self.request.model if asked else model.ids.get(name, model.name)
        day = model.retired.get(name)
        reason = None
        if name not in model.ids:
            reason = self.reason("model", {"model": model.name})
        elif day is not None and day <= today():
            reason = text(self.lang, "form.switched_off", day=day.isoformat())
        detail = [self._price(model, name), say(model.purpose, self.lang)]
        if day is not None and day > today():
            detail.append(text(self.lang, "form.goes_off", day=day.isoformat()))
        label = model.title.removeprefix("Seedance ")  # they all are, and the menu is not wide
        return self._option(value, label, detail=" · ".join(filter(None, detail)), reason=reason)

    def _price(self, model: Model, name: str) -> str:
        facts = catalogue().providers[name]
        if facts.wire == "acedata":
            rate = model.acedata_usd_per_second_720p
            amount = None if rate is None else money(rate, facts.currency)
            return "" if amount is None else text(self.lang, "form.price_second", price=amount)
        # As the form stands: a list price of a size that is not chosen would make the dear one look cheap.
        wanted = [one for one in (str(plain(self.request.resolution)), "720p") if one in model.resolutions]
        resolution = wanted[0] if wanted else model.resolutions[-1]
        row = model.price_row(resolution=resolution, audio=self.request.generate_audio is True, tier="default")
        if row is None or facts.currency not in row.per_million:
            return ""
        return text(self.lang, "form.price_million", price=money(row.per_million[facts.currency], facts.currency))

    def _resolution(self, value: str) -> dict[str, Any]:
        detail = self._pixels(value, self.request.ratio)
        return self._option(value, value, detail=detail, reason=self.reason("resolution", {"resolution": value}))

    def _ratio(self, value: str) -> dict[str, Any]:
        detail = self._pixels(self.request.resolution, value)
        option = self._option(value, value, detail=detail, reason=self.reason("ratio", {"ratio": value}))
        shape = self.first.aspect if value == ADAPTIVE and self.first else None
        aspect = (shape or 1.0) if value == ADAPTIVE else aspect_of(value)
        return {**option, "shape": [round(aspect, 4), 1]}

    def _tiers(self) -> list[dict[str, Any]]:
        tiers = dict.fromkeys(tier for one in catalogue().providers.values() for tier in one.tiers)
        return [
            self._option(
                tier,
                text(self.lang, f"form.tier_{tier}"),
                reason=self.reason("service_tier", {"service_tier": tier}, any_severity=True),
            )
            for tier in tiers
        ]

    def _images(self) -> dict[str, Any]:
        limits = rules().images
        heic = ("heic", "heif") if self.model is None or self.model.heic != "no" else ()
        accept = ",".join(f"image/{kind}" for kind in (*limits.formats, *heic))
        return {"accept": accept, "max_bytes": limits.max_bytes - 1}

    def _pixels(self, resolution: Any, ratio: Any) -> str:
        if self.model is None or not isinstance(resolution, str) or not isinstance(ratio, str):
            return ""
        size = output_size(self.model, resolution, ratio, self.first)
        return f"{size[0]} × {size[1]}" if size else ""

    def _with_current(self, field: str, options: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The menu must show the truth, also where the value is none of its own."""
        value = str(plain(getattr(self.request, field)))
        if any(option["value"] == value for option in options):
            return options
        extra = self._option(value, value, reason=self.reason(field, {}))
        return [*options, {**extra, "shape": [1, 1]} if field == "ratio" else extra]

    @staticmethod
    def _option(value: Any, label: str, *, detail: str = "", reason: str | None = None) -> dict[str, Any]:
        return {"value": str(value), "label": label, "detail": detail, "reason": reason}
