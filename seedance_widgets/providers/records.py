"""Read what a server says without trusting it: text made fit to show, values of the right type or None, errors."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import seedance_widgets.errors as tree
from seedance_widgets.catalog.error_codes import advice
from seedance_widgets.errors import ProviderError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from seedance_widgets.providers.keys import Secret

LONGEST_TEXT = 2000
LONGEST_ID = 512
LONGEST_URL = 16_384
LARGEST_WHOLE = 2**63 - 1

_REQUEST_ID = re.compile(r"\s*\(?request[ _-]?id:\s*([\w.:-]{1,200})\)?\s*\.?\s*$", re.IGNORECASE)
_CODE = re.compile(r"[A-Za-z]+(_[a-z]+)+")
_PARAMETER = re.compile(r"parameter `([^`]{1,100})`")
_ITEM = re.compile(r"contents?\[(\d{1,3})\]")
# This package's names for the parameters of the wire.
_FIELDS = {
    name: name
    for name in (
        "model",
        "resolution",
        "ratio",
        "duration",
        "frames",
        "seed",
        "watermark",
        "service_tier",
        "generate_audio",
        "return_last_frame",
        "callback_url",
        "execution_expires_after",
        "camera_fixed",
        "prompt",
    )
} | {"camerafixed": "camera_fixed", "text": "prompt"}
_ROLES = {
    "first_frame": "first_frame_url",
    "last_frame": "last_frame_url",
    "reference_image": "reference_image_urls",
}


def shown(text: str, longest: int = LONGEST_TEXT) -> str:
    """`text` in one line, without control characters and at most `longest` characters long."""
    if len(text) <= longest and text.isprintable() and "  " not in text:
        return text.strip()
    # Not printable are, among others, control characters, halves of characters, and what turns the writing round.
    plain = "".join(
        " " if sign.isspace() else sign for sign in text[: 4 * longest] if sign.isspace() or sign.isprintable()
    )
    plain = " ".join(plain.split())
    return plain if len(plain) <= longest else plain[: longest - 1] + "…"


def words(value: object) -> str | None:
    """A string that says something, fit to be shown; None for anything else."""
    return (shown(value) or None) if isinstance(value, str) else None


def name_of(value: object) -> str | None:
    """An id: printable, without spaces, not absurdly long."""
    usable = isinstance(value, str) and 0 < len(value) <= LONGEST_ID and value.isprintable() and " " not in value
    return value if usable and isinstance(value, str) else None


def web_url(value: object) -> str | None:
    """An http(s) address; in odd records it stands in a list."""
    if isinstance(value, list):
        return next((url for one in value[:10] if isinstance(one, str) and (url := web_url(one))), None)
    if not isinstance(value, str) or not value.startswith(("https://", "http://")) or len(value) > LONGEST_URL:
        return None
    return value if value.isprintable() and " " not in value else None


def whole(value: object) -> int | None:
    """A whole number."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= LARGEST_WHOLE else None


def seconds(value: object) -> float | None:
    """A time in Unix seconds."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LARGEST_WHOLE:
        return None
    return float(value) if math.isfinite(value) else None


def part(value: object) -> Mapping[str, Any]:
    """A JSON object; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def keepable(value: Any) -> Any:
    """A copy of a JSON value for the timeline: no string is long (an echoed image, say), all can be written down."""
    if isinstance(value, str):
        short = value if len(value) <= LONGEST_TEXT else f"{value[:100]}… ({len(value)} characters)"
        return short.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {keepable(key): keepable(one) for key, one in value.items()}
    if isinstance(value, list):
        return [keepable(one) for one in value]
    return value


def without_key(value: Any, secret: Secret) -> Any:
    """A copy of a JSON value with the key taken out of every string."""
    if isinstance(value, str):
        return secret.scrub(value)
    if isinstance(value, dict):
        return {secret.scrub(key): without_key(one, secret) for key, one in value.items()}
    if isinstance(value, list):
        return [without_key(one, secret) for one in value]
    return value


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a provider's error body says."""

    code: str
    message: str
    param: str = ""
    request_id: str | None = None


def read_refusal(body: object) -> Refusal | None:
    """The error in an answer, or None where the answer is not of the shape that a provider's error has.

    Both wires put it under `error`: an object with `code` and `message`, at AceDataCloud sometimes a bare string.
    """
    answer = part(body)
    error = answer.get("error")
    if isinstance(error, str):
        error = {"code" if _CODE.fullmatch(error) else "message": error}
    code, message = words(part(error).get("code")), words(part(error).get("message"))
    if code is None and message is None:
        return None
    message = message or ""
    tail = _REQUEST_ID.search(message)
    return Refusal(
        code=(code or "")[:200],
        message=message[: tail.start()] if tail else message,
        param=words(part(error).get("param")) or "",
        request_id=tail[1] if tail else name_of(answer.get("trace_id")),
    )


def field_of(refusal: Refusal, body: Mapping[str, Any] | None) -> str | None:
    """The field of the request that was refused, in this package's names; None where it cannot be told.

    Args:
        refusal: Names a path on the wire, in `param`, the code or the message.
        body: The create call that was refused; tells which image `content[1]` was.
    """
    found = _PARAMETER.search(refusal.message)
    path = refusal.param or (found[1] if found else "")
    if not path and refusal.code.startswith(("MissingParameter.", "InvalidParameter.")):
        path = refusal.code.partition(".")[2]
    if item := _ITEM.search(path):
        content = part(body).get("content")
        number = int(item[1])
        sent = part(content[number]) if isinstance(content, list) and number < len(content) else {}
        if role := _ROLES.get(str(sent.get("role"))):
            return role
        if "image" in path:
            return None
        return _FIELDS.get(path.rpartition(".")[2], "prompt")
    return _FIELDS.get(path.rpartition(".")[2])


def make_error(
    wire: str,
    provider: str,
    refusal: Refusal,
    *,
    status: int | None = None,
    body: Mapping[str, Any] | None = None,
) -> ProviderError:
    """The error of the tree for what the provider said, with the catalogue's advice."""
    kind, known = advice(wire, refusal.code, status, refusal.message)
    cls: type[ProviderError] = getattr(tree, kind)
    return cls(
        refusal.message or known.meaning,
        code=refusal.code,
        provider=provider,
        status=status,
        request_id=refusal.request_id,
        field=field_of(refusal, body),
        advice=known,
    )


def own_error(
    kind: str,
    message: str,
    *,
    provider: str,
    status: int | None = None,
    request_id: str | None = None,
    code: str = "",
) -> ProviderError:
    """An error for which the provider has no code; `kind` is its class: `ConnectionFailed`, `UnknownSubmit`, ..."""
    _, known = advice("own", kind, None, message)
    cls: type[ProviderError] = getattr(tree, kind)
    return cls(message, code=code, provider=provider, status=status, request_id=request_id, advice=known)


def unreadable(record: object, wire: str, provider: str) -> ProviderError:
    """The error for an answer in which a task's record was expected: what it says, else that it says nothing."""
    if refusal := read_refusal(record):
        return make_error(wire, provider, refusal)
    said = "the provider's record of the task holds no id or no status."
    return own_error("ServerError", said, provider=provider)


def failure(record: object, wire: str, provider: str) -> ProviderError:
    """Why a task failed, from the `error` of its record."""
    if refusal := read_refusal(record):
        return make_error(wire, provider, refusal)
    return own_error("ServerError", "the task failed, and the provider gives no reason.", provider=provider)


def error_from_dict(facts: Mapping[str, Any]) -> ProviderError:
    """The error that `ProviderError.to_dict` wrote, with the advice that the catalogue holds today."""
    kind, code, provider = (words(facts.get(name)) or "" for name in ("kind", "code", "provider"))
    message, status = words(facts.get("message")) or "", whole(facts.get("status"))
    named, known = advice("acedata" if provider == "acedata" else "ark", code, status, message)
    if named != kind:  # it was this package that judged: a lost answer, say
        named, of_own = advice("own", kind, None, message)
        known = of_own if named == kind else known
    cls = getattr(tree, kind, None)
    if not (isinstance(cls, type) and issubclass(cls, ProviderError)):
        cls = ProviderError
    return cls(
        message,
        code=code,
        provider=provider,
        status=status,
        request_id=words(facts.get("request_id")),
        field=words(facts.get("field")),
        advice=known,
    )
