"""How many calls the provider takes: create calls a minute by model, other calls a second, by account."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Literal

from seedance_widgets.catalog import provider_facts
from seedance_widgets.simulator.refusal import Refusal

if TYPE_CHECKING:
    from seedance_widgets.simulator.clock import Clock
    from seedance_widgets.simulator.validate import Asked

LimitsName = Literal["none", "documented"]
MINUTE = 60.0
# A client that keeps exactly to a rate is sometimes a little early; so much of a second is forgiven.
GRACE = 0.5
ROUNDING = 1e-3  # the clock's own, in calls


class RateLimits:
    """The published rates, or none at all.

    Args:
        name: `none` or `documented`.
        clock: Whose minutes and seconds are counted.
    """

    def __init__(self, name: LimitsName, clock: Clock) -> None:
        self.enforced = name == "documented"
        self._clock = clock
        self._creates: dict[tuple[str, str], deque[float]] = {}
        self._buckets: dict[tuple[str, str], tuple[float, float]] = {}

    def count_create(self, account: str, asked: Asked) -> None:
        """Count one create call.

        Raises:
            Refusal: The last minute has had as many for this model as are allowed.
        """
        if not self.enforced:
            return
        rpm = asked.model.rates_at(asked.resolution).rpm
        group = asked.resolution if asked.resolution in asked.model.rates_by_resolution else ""
        times = self._creates.setdefault((account, f"{asked.model.name} {group}"), deque())
        now = self._clock.now()
        while times and times[0] <= now - MINUTE:
            times.popleft()
        if len(times) >= rpm:
            message = f"the requests per minute (RPM) limit {rpm} of model {asked.model_id} has been exceeded."
            raise Refusal(429, "ModelAccountRpmRateLimitExceeded", message)
        times.append(now)

    def count_call(self, account: str, kind: Literal["get", "list", "delete"]) -> None:
        """Count one other call of the Ark wire.

        Raises:
            Refusal: They come faster than allowed.
        """
        rate = getattr(provider_facts("ark-cn"), f"{kind}_per_second") if self.enforced else None
        if rate is None:
            return
        now = self._clock.now()
        most = rate + rate * GRACE
        left, at = self._buckets.get((account, kind), (most, now))
        left = min(most, left + (now - at) * rate)
        if left < 1 - ROUNDING:
            self._buckets[account, kind] = (left, now)
            message = f"the limit of {rate:g} {kind.upper()} calls per second of this account has been exceeded."
            raise Refusal(429, "AccountRateLimitExceeded", message)
        self._buckets[account, kind] = (left - 1, now)

    def check_queue(self, queued: int, provider: str) -> None:
        """Look whether one more task may be queued where limits are enforced.

        Raises:
            Refusal: The account has as many queued as are allowed.
        """
        most = provider_facts(provider).max_queued
        if most is not None and queued >= most:
            message = f"too many tasks are queued: the account has {queued}, at most {most} are allowed."
            raise Refusal(429, "QuotaExceeded", message)

    def concurrency(self, asked_model_rates: int) -> int | None:
        """How many tasks of one model run at once; None for any number."""
        return asked_model_rates if self.enforced else None
