"""What the rules of `check` look at, and what they find."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from seedance_widgets.catalog import Mode, catalogue, find_model, today
from seedance_widgets.request.images import ImageFacts, facts_of
from seedance_widgets.request.plain import provider_of, tame

if TYPE_CHECKING:
    from collections.abc import Callable

    from seedance_widgets.catalog import Model
    from seedance_widgets.request.model import VideoRequest

Severity = Literal["error", "warning"]

_ENDPOINT = re.compile(r"ep-[A-Za-z0-9-]{1,64}", re.ASCII)


@dataclass(frozen=True)
class Finding:
    """One thing that a rule found; `fixes` are tried in order, the first that cures it is offered."""

    field: str
    severity: Severity
    message: str
    fixes: tuple[dict[str, Any], ...] = ()


def error(field: str, message: str, *fixes: dict[str, Any]) -> Finding:
    """The provider or the tool refuses this."""
    return Finding(field, "error", message, fixes)


def warning(field: str, message: str, *fixes: dict[str, Any]) -> Finding:
    """It may be sent, but probably does not do what is meant."""
    return Finding(field, "warning", message, fixes)


class Case:
    """A request with its values tamed, the model and the provider it is for.

    `case["seed"]` is the request's value of that field; `model` is None where it is unknown or an endpoint id.
    """

    def __init__(self, request: VideoRequest, provider: Any, *, image_required: bool) -> None:
        self.values = {field.name: tame(getattr(request, field.name)) for field in fields(request)}
        self.defaults = {field.name: field.default for field in fields(request)}
        self.provider, self.simulated, self.provider_name = provider_of(provider)
        self.provider_given = provider is not None
        self.image_required = image_required
        name = self.values["model"]
        self.model: Model | None = find_model(name) if isinstance(name, str) else None
        self.endpoint = isinstance(name, str) and _ENDPOINT.fullmatch(name) is not None

    def __getitem__(self, field: str) -> Any:
        return self.values[field]

    @cached_property
    def references(self) -> tuple[Any, ...]:
        """The reference images, also where one was given without a list."""
        given = self["reference_image_urls"]
        return given if isinstance(given, tuple) else (given,)

    @cached_property
    def mode(self) -> Mode:
        """Which kind of image input this is."""
        if self.references:
            return "references"
        if self["last_frame_url"] is not None:
            return "first_last_frame"
        return "first_frame" if self["first_frame_url"] is not None else "text"

    @cached_property
    def first_frame_facts(self) -> ImageFacts | None:
        """What is known of the first frame."""
        frame = self["first_frame_url"]
        return None if frame is None else facts_of(frame)

    @property
    def where(self) -> str:
        """The provider, for a sentence."""
        return self.provider.label if self.provider else "the provider"

    def model_id(self, model: Model) -> str:
        """How this request would name `model`: by its short name where it used one, else by the provider's id."""
        if self["model"] in catalogue().models:
            return model.name
        return model.id_at(self.provider.name if self.provider else next(iter(catalogue().providers)))

    def models(self, takes: Callable[[Model], bool]) -> tuple[dict[str, Any], ...]:
        """Fixes that change to another model which `takes` this and has not been switched off."""
        return tuple(
            {"model": self.model_id(model)}
            for model in catalogue().models.values()
            if takes(model) and not self.retired(model)
        )

    def retired(self, model: Model) -> tuple[str, ...]:
        """Providers at which `model` has been switched off: the chosen one's name, or of all where none is chosen."""
        return tuple(
            name
            for name, day in model.retired.items()
            if day <= today() and (self.provider is None or self.provider.name == name)
        )

    def disputed(self, rule: str) -> str | None:
        """What sources that differ say of this rule at this provider."""
        return self.model.dispute(rule, self.provider.name if self.provider else None) if self.model else None
