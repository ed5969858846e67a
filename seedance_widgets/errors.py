"""Every error this package raises.

SeedanceError
├── RequestError                 `check` found errors; nothing was written, sent or spent
├── SweepError                   a sweep that cannot be built or run as asked; nothing was sent
├── ConfigurationError           no key, an unknown provider name, a setting that cannot be used
├── StorageError                 the ledger or the media folder cannot be written or read
│   └── VideoFileError           a video's file is gone, or is no video
├── ProviderError                a provider said no, or could not be asked
│   ├── AuthError                the key is missing, wrong, expired or not allowed here
│   ├── InvalidRequest           a value was refused; `.field` names it
│   ├── ModerationError          the prompt, an image or the result was refused by the safety filter
│   ├── RateLimited              too many calls for now; nothing was made
│   ├── QuotaExceeded            the balance, plan or queue is used up; nothing was made
│   ├── NotFound                 no such task, model or endpoint
│   ├── CannotCancel             the task is past the state in which it can be cancelled
│   ├── ServerError              the provider failed
│   ├── ConnectionFailed         the provider could not be reached; nothing was sent
│   └── UnknownSubmit            a create call whose answer was lost: a task may exist and be billed
└── JobError                     how a job ended, where it did not succeed
    ├── JobCancelled
    ├── JobExpired               the provider gave up on it, or its result is gone
    └── DownloadFailed           the video was made, its file could not be fetched or is damaged
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seedance_widgets.request.check import Problem

Repeat = Literal["safe", "after_wait", "after_change", "never"]


@dataclass(frozen=True, slots=True)
class Advice:
    """What the error catalogue knows of an error code.

    Args:
        meaning: What the provider says with this code.
        cause: What most likely led to it.
        next_step: What to do now.
        billed: Whether the attempt costs money; None where no source tells.
        repeat: Whether the same call may be made again: `safe` at once, `after_wait`, `after_change` of the request,
            or `never` by itself (a person must look first).
    """

    meaning: str
    cause: str
    next_step: str
    billed: bool | None
    repeat: Repeat


class SeedanceError(Exception):
    """The root of every error of this package."""


class RequestError(SeedanceError, ValueError):
    """The request has errors; nothing was written, sent or spent.

    Args:
        problems: Every `Problem` with severity "error".
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        lines = [f"{problem.field}: {problem.advice}" for problem in self.problems]
        super().__init__("the request cannot be sent.\n  " + "\n  ".join(lines))

    def __reduce__(self) -> tuple[type[RequestError], tuple[Any, ...]]:
        return type(self), (self.problems,)


class SweepError(SeedanceError, ValueError):
    """A sweep cannot be built or run as asked; the message says why, and nothing was sent for it."""


class ConfigurationError(SeedanceError):
    """No key, an unknown provider name, or a setting that cannot be used."""


class StorageError(SeedanceError):
    """The ledger or the media folder cannot be written or read."""


class VideoFileError(StorageError, ValueError):
    """A video's file is gone, cannot be read, or is no video."""


class ProviderError(SeedanceError):
    """A provider said no, or could not be asked.

    Args:
        message: One sentence, fit to be shown: the provider's, without any key.
        code: The provider's own code, `AuthenticationError` say; empty where there was no answer.
        provider: Catalogue name of the provider.
        status: HTTP status; None where there was no answer.
        request_id: What the provider's support asks for; None where it gave none.
        field: Which field of the request was refused, in this package's names.
        advice: What the error catalogue knows of this code.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        provider: str = "",
        status: int | None = None,
        request_id: str | None = None,
        field: str | None = None,
        advice: Advice | None = None,
    ) -> None:
        self.message = message
        self.code = code
        self.provider = provider
        self.status = status
        self.request_id = request_id
        self.field = field
        self.advice = advice
        super().__init__(message)

    def __str__(self) -> str:
        parts = [self.message if not self.code or self.code in self.message else f"{self.code}: {self.message}"]
        if self.advice is not None:
            parts.append(self.advice.next_step)
            if self.advice.billed is not None:
                parts.append("It is billed." if self.advice.billed else "Nothing is billed.")
        return " ".join(parts)

    def to_dict(self) -> dict[str, Any]:
        """What the ledger keeps of this error; `providers.error_from_dict` makes it again."""
        return {
            "kind": type(self).__name__,
            "message": self.message,
            "code": self.code,
            "provider": self.provider,
            "status": self.status,
            "request_id": self.request_id,
            "field": self.field,
        }

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.to_dict(), self.advice)


def _rebuild(kind: type[ProviderError], facts: dict[str, Any], advice: Advice | None) -> ProviderError:
    return kind(facts.pop("message"), advice=advice, **{key: value for key, value in facts.items() if key != "kind"})


class AuthError(ProviderError):
    """The key is missing, wrong, expired or not allowed to do this."""


class InvalidRequest(ProviderError):
    """A value was refused; `.field` names it where the provider did."""


class ModerationError(ProviderError):
    """The prompt, an image or the result was refused by the provider's safety filter."""


class RateLimited(ProviderError):
    """Too many calls for now; nothing was made."""


class QuotaExceeded(ProviderError):
    """The balance, the plan or the queue is used up; nothing was made."""


class NotFound(ProviderError):
    """The provider knows no such task, model or endpoint."""


class CannotCancel(ProviderError):
    """The task is in a state in which this provider does not cancel."""


class ServerError(ProviderError):
    """The provider failed."""


class ConnectionFailed(ProviderError):
    """The provider could not be reached; nothing was sent."""


class UnknownSubmit(ProviderError):
    """A create call whose answer was lost: a task may exist and be billed. It is never repeated by itself."""


class JobError(SeedanceError):
    """How a job ended, where it did not succeed."""


class JobCancelled(JobError):
    """The job was cancelled before the provider started it."""


class JobExpired(JobError):
    """The provider gave up on the task, or its result is no longer kept."""


class DownloadFailed(JobError):
    """The video was made, but its file could not be fetched or is damaged; `resume()` tries again."""
