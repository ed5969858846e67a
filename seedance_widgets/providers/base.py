"""What every provider offers the job engine: the protocol and the plain values that cross it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from seedance_widgets.errors import ProviderError
    from seedance_widgets.request import VideoRequest

BeforeSending = Callable[[], Awaitable[None]]
TaskStatus = Literal["queued", "running", "succeeded", "failed", "cancelled", "expired"]
FINAL: frozenset[TaskStatus] = frozenset({"succeeded", "failed", "cancelled", "expired"})


@dataclass(frozen=True, slots=True)
class Submitted:
    """The answer to a create call: the provider's task id, and the request id for its support."""

    task_id: str
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """One task as the provider tells it; None where it does not tell.

    Args:
        status: `queued`, `running`, `succeeded`, `failed`, `cancelled` or `expired`.
        error: Why it failed.
        tokens: What is billed, in tokens.
        created_at: Unix seconds in the provider's clock.
        raw: The provider's own record, for the timeline; holds no key.
    """

    task_id: str
    status: TaskStatus
    video_url: str | None = None
    last_frame_url: str | None = None
    error: ProviderError | None = None
    seed: int | None = None
    resolution: str | None = None
    ratio: str | None = None
    tokens: int | None = None
    created_at: float | None = None
    updated_at: float | None = None
    raw: Mapping[str, Any] = field(default_factory=dict)

    @property
    def final(self) -> bool:
        """Whether the provider will not change this task any more."""
        return self.status in FINAL


@dataclass(frozen=True, slots=True)
class Limits:
    """How fast this provider may be asked, in calls per second of real time, and how its clock runs.

    `speed` is 1 for a real provider; a simulator that runs sixty times as fast hands out 60 and rates sixty times as
    high. Whoever waits divides by it: an interval of 3 s of the provider's time is `limits.real_seconds(3)`.
    None means that no limit is published (or that a simulator sets none).
    """

    get_per_second: float | None = None
    list_per_second: float | None = None
    delete_per_second: float | None = None
    batch_per_second: float | None = None
    list_ids: int = 500
    batch_ids: int = 50
    max_queued: int | None = None
    rpm: bool = True
    speed: float = 1.0

    def real_seconds(self, seconds: float) -> float:
        """`seconds` of the provider's clock in seconds of ours."""
        return seconds / self.speed


@runtime_checkable
class Provider(Protocol):
    """Who makes the video: wire format, errors and rates of one service, and nothing else.

    A provider may be used from several event loops; each gets its own connections, which `aclose` closes.
    """

    @property
    def name(self) -> str:
        """Catalogue name, whose rules and prices hold: `ark-cn`, `ark-ap` or `acedata`."""

    @property
    def id(self) -> str:
        """What the ledger remembers: the name, with `simulator:` before it where it is one."""

    @property
    def label(self) -> str:
        """For people: `Volcengine Ark`, `Simulator`."""

    @property
    def billed(self) -> bool:
        """Whether a video costs money."""

    @property
    def base_url(self) -> str:
        """Where it is asked."""

    @property
    def limits(self) -> Limits:
        """How fast it may be asked."""

    def body(self, request: VideoRequest, *, shorten: bool = False) -> dict[str, Any]:
        """The JSON body of the create call; `shorten` cuts image data to a few characters, for showing."""

    async def submit(self, request: VideoRequest, *, before_sending: BeforeSending | None = None) -> Submitted:
        """POST the create call once.

        Args:
            request: What is asked; `check` has found no error in it.
            before_sending: Awaited when the connection stands and before anything of the call leaves, perhaps more
                than once. What it raises is raised, and nothing is sent.

        Raises:
            ProviderError: `UnknownSubmit` where the answer was lost; any other says that nothing was made.
        """

    async def poll(self, task_ids: Sequence[str]) -> Mapping[str, Task | ProviderError]:
        """Ask for many tasks in as few calls as the rates allow.

        A task that is gone maps to `NotFound`, one whose record cannot be read to the error that says so.

        Raises:
            ProviderError: The provider as a whole could not be asked (`ConnectionFailed`, `AuthError`, ...), after
                retries.
        """

    async def cancel(self, task_id: str) -> None:
        """Cancel a task that is still queued.

        Raises:
            CannotCancel: It is past that state, or this provider has no such call.
        """

    async def aclose(self) -> None:
        """Close this event loop's connections."""
