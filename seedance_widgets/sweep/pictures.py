"""The pictures of a sweep as they were when it was decided, whatever becomes of their files until their turn comes."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from seedance_widgets.errors import SeedanceError
from seedance_widgets.jobs.store import keep_inputs, request_values
from seedance_widgets.request import VideoRequest
from seedance_widgets.request.images import is_url
from seedance_widgets.request.model import IMAGE_FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Kept(NamedTuple):
    """A file as it was when the sweep was decided, and the copy that the ledger's folder keeps of it."""

    changed: int
    size: int
    copy: str


def kept_pictures(folder: Path, requests: Iterable[VideoRequest]) -> dict[str, Kept]:
    """The pictures of these requests that lie in files, each copied to the ledger's folder; blocking."""
    paths = {path for one in requests for name in IMAGE_FIELDS for path in _paths(getattr(one, name))}
    kept: dict[str, Kept] = {}
    for path in paths:
        with contextlib.suppress(OSError, SeedanceError, ValueError):  # a file that is gone is said when its turn comes
            facts = Path(path).stat()
            written = keep_inputs(folder, VideoRequest("", first_frame_url=path))
            copy = request_values(folder, written)["first_frame_url"]
            kept[path] = Kept(facts.st_mtime_ns, facts.st_size, copy)
    return kept


def as_planned(request: VideoRequest, kept: Mapping[str, Kept]) -> VideoRequest:
    """The request with the pictures that were planned, where a file was changed or deleted since."""
    changes = {}
    for name in IMAGE_FIELDS:
        value = getattr(request, name)
        fresh = tuple(_unchanged(one, kept) for one in value) if isinstance(value, tuple) else _unchanged(value, kept)
        if fresh != value:
            changes[name] = fresh
    return request.replace(**changes) if changes else request


def _paths(value: Any) -> list[str]:
    values = value if isinstance(value, tuple) else (value,)
    return [one for one in values if isinstance(one, str) and not is_url(one)]


def _unchanged(value: Any, kept: Mapping[str, Kept]) -> Any:
    known = kept.get(value) if isinstance(value, str) else None
    if known is None:
        return value
    try:
        facts = Path(value).stat()
    except OSError:
        return known.copy
    return value if (facts.st_mtime_ns, facts.st_size) == (known.changed, known.size) else known.copy
