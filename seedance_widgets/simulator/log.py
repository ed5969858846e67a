"""What the simulator received: every request in order, without keys and without image data."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

KEPT = 20_000
LONGEST = 2_000
SHOWN = 48


@dataclass(slots=True)
class Received:
    """One request.

    Args:
        method: `GET`, `POST`, `DELETE`.
        path: Without host and query.
        query: The query as it came.
        time: When it came, in the simulator's clock, Unix seconds.
        status: What was answered; None where the connection was dropped instead.
        body: The JSON body, long strings shortened; None where there was none.
    """

    method: str
    path: str
    query: str
    time: float
    status: int | None = None
    body: Any = None


class RequestLog:
    """The last requests, oldest first; filled on the simulator's thread and read on any."""

    def __init__(self) -> None:
        self._entries: deque[Received] = deque(maxlen=KEPT)

    def add(self, entry: Received) -> None:
        """Keep one more."""
        self._entries.append(entry)

    def entries(self) -> list[Received]:
        """All of them, as a list of its own."""
        return list(self._entries)


def shortened(value: Any) -> Any:
    """`value` with long strings and image data cut to a few characters."""
    if isinstance(value, dict):
        return {key: shortened(one) for key, one in value.items()}
    if isinstance(value, list):
        return [shortened(one) for one in value]
    if isinstance(value, str) and (len(value) > LONGEST or (value.startswith("data:") and len(value) > SHOWN)):
        return f"{value[:SHOWN]}... ({len(value)} characters)"
    return value
