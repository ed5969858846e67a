"""What the ledger remembers of one job."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from seedance_widgets import errors
from seedance_widgets.providers import error_from_dict as provider_error_from_dict

State = Literal[
    "pending",  # written down, nothing sent
    "submitting",  # the create call is on its way
    "queued",
    "running",
    "downloading",
    "succeeded",
    "failed",
    "cancelled",
    "expired",
    "unknown",  # the create call's answer was lost, or the task cannot be asked for: a person must look
]
STATES: tuple[State, ...] = get_args(State)
ENDED: frozenset[State] = frozenset({"succeeded", "failed", "cancelled", "expired", "unknown"})
FAILED: frozenset[State] = frozenset({"failed", "cancelled", "expired"})  # it made no video, as far as it is known


@dataclass(slots=True)
class Record:
    """One row of the ledger. Times are Unix seconds of this machine; None where it has not come to that.

    Args:
        id: Ours, ten hex digits; it also names the files.
        provider: `Provider.id`: who was asked.
        request: `VideoRequest.to_dict()` with local images as names of files in the ledger's folder.
        request_hash: `VideoRequest.content_hash`.
        owner: Which process looks after the job; empty before it is in the ledger.
        error: `{"kind", "message", ...}` of what went wrong.
        video, last_frame: Names of files in the ledger's media folder.
        result: What the provider told of the finished task: seed, tokens, ratio, url.
        price: In `currency`: the estimate until the tokens are known, then what they cost; None where not known.
    """

    id: str
    provider: str
    base_url: str
    billed: bool
    model: str
    created_at: float
    request: dict[str, Any] = field(default_factory=dict)
    request_hash: str = ""
    owner: str = ""
    state: State = "pending"
    task_id: str | None = None
    request_id: str | None = None
    submitted_at: float | None = None
    running_at: float | None = None
    ready_at: float | None = None
    ended_at: float | None = None
    error: dict[str, Any] | None = None
    result: dict[str, Any] = field(default_factory=dict)
    video: str | None = None
    last_frame: str | None = None
    estimate: dict[str, Any] = field(default_factory=dict)
    price: float | None = None
    currency: str | None = None

    @property
    def costs(self) -> bool:
        """Whether it was billed, or will be: a simulator's is not, nor what failed before its video was made.

        A video that was made is billed whatever became of its file; one of which nobody knows counts until it is known.
        """
        return self.billed and self.counts

    @property
    def counts(self) -> bool:
        """Whether its video was made or still may be: not where it failed before."""
        return self.state not in FAILED or self.ready_at is not None


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a job's timeline: what was sent, answered or decided, and when."""

    at: float
    kind: str
    text: str


def error_to_dict(error: Exception) -> dict[str, Any]:
    """What the ledger keeps of an error."""
    if isinstance(error, errors.ProviderError):
        return error.to_dict()
    return {"kind": type(error).__name__, "message": str(error)}


def error_from_dict(values: dict[str, Any]) -> Exception:
    """The error that `error_to_dict` wrote, as near as can be."""
    kind = getattr(errors, str(values.get("kind")), None)
    if isinstance(kind, type) and issubclass(kind, errors.ProviderError):
        return provider_error_from_dict(values)
    message = str(values.get("message", "the ledger does not say what went wrong."))
    if isinstance(kind, type) and issubclass(kind, errors.SeedanceError) and kind is not errors.RequestError:
        return kind(message)
    return errors.SeedanceError(message)
