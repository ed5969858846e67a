"""Everything that is wrong with a request, at once, before anything is written, sent or spent."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from seedance_widgets.request import rules_images, rules_model, rules_settings, rules_text
from seedance_widgets.request.case import Case, Finding, Severity
from seedance_widgets.request.plain import not_a_request

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seedance_widgets.request.model import VideoRequest

_TRIED = 6  # fixes of one problem: a rule may offer every other model
_SHOWN = 80  # characters of a fix's value that a text repeats: it may be a whole prompt
_RULES = (*rules_text.RULES, *rules_images.RULES, *rules_model.RULES, *rules_settings.RULES)


@dataclass(frozen=True, repr=False)
class Problem:
    """One thing that is wrong with a request.

    Args:
        field: The request's field, by its parameter name; `request` or `provider` where that itself is wrong.
        severity: `error`: it will not be sent; `warning`: it may be, but look at it first.
        message: What was wrong, what was expected, what to do.
        fix: Changes for `request.replace(**fix)` that cure it and bring no new error; None where only a person can.
        fixes: Every such cure that is known, the best one first; `fix` is that one.
    """

    field: str
    severity: Severity
    message: str
    fix: dict[str, Any] | None = None
    fixes: tuple[dict[str, Any], ...] = ()

    @property
    def advice(self) -> str:
        """The message, with the fix as arguments of `request.replace`; long values are shortened."""
        changes = ", ".join(f"{name}={_brief(value)}" for name, value in (self.fix or {}).items())
        return f"{self.message} Fix: {changes}" if changes else self.message

    def __str__(self) -> str:
        return f"{self.severity}: {self.field}: {self.advice}"

    def __repr__(self) -> str:
        return f"<{self}>"


def check(request: VideoRequest, provider: Any = None, *, image_required: bool = False) -> tuple[Problem, ...]:
    """Every problem of a request, in the order of its fields; never raises, whatever the values are.

    Args:
        request: What is asked.
        provider: A name as in `sw.use` or a provider, whose own rules are added; None checks what all of them share.
        image_required: Also ask for at least one image, as `generate_video_from_image` does.
    """
    if trouble := not_a_request(request):
        return (Problem("request", "error", trouble),)
    found = findings(request, provider, image_required=image_required)
    problems = []
    for one in found:
        cures = tuple(_cures(one, found, request, provider, image_required=image_required))
        problems.append(Problem(one.field, one.severity, one.message, cures[0] if cures else None, cures))
    return tuple(problems)


def findings(request: VideoRequest, provider: Any, *, image_required: bool = False) -> list[Finding]:
    """What the rules find, in the order of the fields, with no cure tried: quicker than `check`."""
    case = Case(request, provider, image_required=image_required)
    order = [field.name for field in fields(request)] + ["provider"]
    return sorted((one for rule in _RULES for one in rule(case)), key=lambda one: order.index(one.field))


def _cures(
    one: Finding, found: list[Finding], request: VideoRequest, provider: Any, *, image_required: bool
) -> Iterator[dict[str, Any]]:
    """Those of the fixes that hold what `Problem.fix` promises: each is tried on the request before it is offered."""
    offered: list[dict[str, Any]] = []
    for fix in one.fixes[:_TRIED]:
        if any(fix is other or fix == other for other in offered):
            continue
        left = findings(request.replace(**fix), provider, image_required=image_required)
        if _known(one) in map(_known, left):
            continue
        watched = [after for after in left if after.severity == "error" or one.severity == "warning"]
        if {_known(after) for after in watched} <= {_known(before) for before in found}:
            offered.append(fix)
            yield fix


def _brief(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."


def _known(finding: Finding) -> tuple[str, Severity, str]:
    return finding.field, finding.severity, finding.message
