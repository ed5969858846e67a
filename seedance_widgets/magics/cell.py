"""The cell magic `%%seedance`: a request from a line and a prompt, shown or sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from IPython.core.error import UsageError

from seedance_widgets import choice
from seedance_widgets.catalog import provider_name
from seedance_widgets.errors import RequestError
from seedance_widgets.jobs import Job, submit
from seedance_widgets.magics.commands import Panel
from seedance_widgets.magics.reading import Asked, read_line
from seedance_widgets.request import VideoRequest, check, estimate
from seedance_widgets.request.estimate import money

if TYPE_CHECKING:
    from collections.abc import Sequence

    from IPython.core.interactiveshell import InteractiveShell

    from seedance_widgets.request import Estimate, Problem


class DryRun(Panel):
    """What a request would do, without doing it.

    Args:
        request: What would be asked.
        problems: What `check` finds.
        estimate: What it would make and cost.
        who: Who would make it.
        over: Why its price would stop it, or empty.
    """

    def __init__(
        self, request: VideoRequest, problems: Sequence[Problem], estimate: Estimate, who: str, over: str
    ) -> None:
        self.request = request
        self.problems = tuple(problems)
        self.estimate = estimate
        found = [str(problem) for problem in problems] + ([f"error: max_cost: {over}"] if over else [])
        super().__init__(f"{who}: {estimate}", *(found or ["no problems"]), "nothing was sent")


def run_cell(shell: InteractiveShell, line: str, cell: str) -> Job | DryRun:
    """Send what the cell asks for, or only tell what it would do."""
    asked = read_line(line, shell.user_ns)
    prompt = cell.strip()
    if not prompt:
        raise UsageError("the cell is empty below %%seedance; write there what happens in the video: it is the prompt.")
    request = VideoRequest(prompt, **asked.settings)
    made = _dry_run(request, asked) if asked.dry_run else _submit(request, asked)
    if asked.out:
        shell.push({asked.out: made})  # type: ignore[no-untyped-call]
    return made


def _submit(request: VideoRequest, asked: Asked) -> Job:
    provider = choice.resolve(asked.provider)
    if asked.max_cost is not None:
        # What is wrong comes first: the price of a request that cannot be sent is no answer.
        if errors := [problem for problem in check(request, provider) if problem.severity == "error"]:
            raise RequestError(errors)
        if over := _over(estimate(request, provider), asked.max_cost):
            raise UsageError(f"{over} Nothing was sent.")
    return submit(request, provider)


def _dry_run(request: VideoRequest, asked: Asked) -> DryRun:
    given = asked.provider
    # A name is enough to check and to reckon: no key is needed, and no simulator starts.
    named = provider_name(given) if isinstance(given, str) else None
    provider = named or choice.resolve(given)
    who = choice.label_of(provider) if isinstance(provider, str) else provider.label
    expected = estimate(request, provider)
    return DryRun(request, check(request, provider), expected, who, _over(expected, asked.max_cost))


def _over(expected: Estimate, most: float | None) -> str:
    """Why the price stops a request, or empty."""
    if most is None or not expected.billed:
        return ""
    if expected.price is None:
        return f"the price is not known beforehand, so max_cost={most:g} cannot be kept; leave max_cost out to send it."
    if expected.price <= most:
        return ""
    about = "at most " if expected.upper_bound else "about "
    price, limit = money(expected.price, expected.currency), money(most, expected.currency)
    return f"it would cost {about}{price}, more than max_cost, {limit}; allow more or ask for less."
