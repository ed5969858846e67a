"""What `check` says of the model and the provider."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seedance_widgets.catalog import catalogue, close_models, nearest_models, provider_choices
from seedance_widgets.request.case import Case, Finding, error, warning
from seedance_widgets.request.plain import shown

if TYPE_CHECKING:
    from collections.abc import Iterator


def provider(case: Case) -> Iterator[Finding]:
    """A provider that the catalogue knows."""
    if case.provider_given and case.provider is None:
        yield error(
            "provider", f"no provider is called {shown(case.provider_name)}; choose one of {provider_choices()}."
        )


def model(case: Case) -> Iterator[Finding]:
    """A model that exists, at this provider, today."""
    value = case["model"]
    if case.endpoint:
        if case.provider and case.provider.wire != "ark":
            yield error("model", f"{case.where} has no endpoints; {shown(value)} must be a model id, see sw.models().")
        else:
            yield warning(
                "model",
                f"{shown(value)} is an endpoint; which model stands behind it is not known here, "
                "so its limits are not checked and its price is not estimated.",
            )
        return
    found = case.model
    if found is None:
        close = close_models(value) if isinstance(value, str) else []
        hint = nearest_models(value) if isinstance(value, str) else "give its name; sw.models() lists them."
        yield error("model", f"no model is called {shown(value)}; {hint}", *({"model": name} for name in close))
        return
    if case.provider and case.provider.name not in found.ids:
        yield error(
            "model", f"{case.where} does not offer {found.title}; choose another model.", *case.models(lambda _: True)
        )
    for name in case.retired(found):
        other = catalogue().models.get(found.replacement or "")
        day, label = found.retired[name].isoformat(), catalogue().providers[name].label
        instead = f" Its replacement is {other.title}." if other else ""
        fixes = ({"model": case.model_id(other)},) if other else ()
        yield warning("model", f"{found.title} was switched off at {label} on {day}.{instead}", *fixes)


RULES = (model, provider)
