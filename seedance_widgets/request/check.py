"""Everything that is wrong with a request, at once, before anything is written, sent or spent."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from seedance_widgets.request import rules_images, rules_model, rules_settings, rules_text
from seedance_widgets.request.case import Case, Finding, Severity

if TYPE_CHECKING:
    from seedance_widgets.request.model import VideoRequest

_RULES = (*rules_text.RULES, *rules_images.RULES, *rules_model.RULES, *rules_settings.RULES)


@dataclass(frozen=True, repr=False)
class Problem:
    """One thing that is wrong with a request.

    Args:
        field: The request's field, by its parameter name.
        severity: `error`: it will not be sent; `warning`: it may be, but look at it first.
        message: What was wrong, what was expected, what to do.
        fix: Changes for `request.replace(**fix)` that cure it and bring no new error; None where only a person can.
    """

    field: str
    severity: Severity
    message: str
    fix: dict[str, Any] | None = None

    def __str__(self) -> str:
        return f"{self.severity}: {self.field}: {self.message}"

    def __repr__(self) -> str:
        changes = ", ".join(f"{name}={value!r}" for name, value in (self.fix or {}).items())
        return f"<{self}{f' Fix: {changes}' if changes else ''}>"


def check(request: VideoRequest, provider: Any = None, *, image_required: bool = False) -> tuple[Problem, ...]:
    """Every problem of a request, in the order of its fields; never raises, whatever the values are.

    Args:
        request: What is asked.
        provider: A catalogue name or a provider, whose own rules are added; None checks what all of them share.
        image_required: Also ask for at least one image, as `generate_video_from_image` does.
    """
    found = _findings(request, provider, image_required=image_required)
    return tuple(
        Problem(
            one.field, one.severity, one.message, _cure(one, found, request, provider, image_required=image_required)
        )
        for one in found
    )


def _findings(request: VideoRequest, provider: Any, *, image_required: bool) -> list[Finding]:
    case = Case(request, provider, image_required=image_required)
    order = [field.name for field in fields(request)] + ["provider"]
    return sorted((one for rule in _RULES for one in rule(case)), key=lambda one: order.index(one.field))


def _cure(
    one: Finding, found: list[Finding], request: VideoRequest, provider: Any, *, image_required: bool
) -> dict[str, Any] | None:
    """The first of the fixes that holds what `Problem.fix` promises: tried on the request before it is offered."""
    for fix in one.fixes:
        left = _findings(request.replace(**fix), provider, image_required=image_required)
        if _known(one) in map(_known, left):
            continue
        watched = [after for after in left if after.severity == "error" or one.severity == "warning"]
        if {_known(after) for after in watched} <= {_known(before) for before in found}:
            return fix
    return None


def _known(finding: Finding) -> tuple[str, Severity, str]:
    return finding.field, finding.severity, finding.message
