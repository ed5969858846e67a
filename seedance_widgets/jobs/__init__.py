"""WHEN: jobs on the notebook's loop, the ledger that remembers them, and the files they leave.

`seedance_widgets.jobs` is this package and also the public function `sw.jobs()`: importing a subpackage binds its name
in the parent, so the module itself can be called.
"""

from __future__ import annotations

import secrets
import sys
import time
import types
from numbers import Integral
from typing import TYPE_CHECKING, Any

from seedance_widgets import choice
from seedance_widgets.catalog import find_model
from seedance_widgets.errors import RequestError
from seedance_widgets.jobs.engine import MadeBefore, engine_for, live_tracks
from seedance_widgets.jobs.handle import Job, JobList
from seedance_widgets.jobs.ledger import Ledger, open_ledger
from seedance_widgets.jobs.pace import Gate
from seedance_widgets.jobs.record import Record
from seedance_widgets.jobs.recovery import Resumed, track_of
from seedance_widgets.jobs.tidy import adopt, delete_file, deletion, forget, read_id
from seedance_widgets.jobs.track import Track
from seedance_widgets.notebook import loop as bridge
from seedance_widgets.request import VideoRequest, check, estimate
from seedance_widgets.request.plain import shown, tame
from seedance_widgets.secrecy import quoted

if TYPE_CHECKING:
    from seedance_widgets.providers.base import Provider


def submit(
    request: VideoRequest,
    provider: Provider | str | None = None,
    *,
    image_required: bool = False,
    job_id: str | None = None,
    gate: Gate | None = None,
    once: bool = False,
    looked_at: float = 0.0,
    ledger: Ledger | None = None,
) -> Job:
    """Start one video and return its `Job` at once; await the job for the `Video`.

    Args:
        request: What is asked; errors that `check` finds are raised here, before anything is written or sent.
        provider: Who makes it; by default `sw.provider()`.
        image_required: Refuse a request without an image, as `generate_video_from_image` does.
        job_id: From `new_id()`, where it must be known before; never one that was used.
        gate: While it is shut, the job is not sent.
        once: Send nothing where an equal request has its video, is under way or may have been made, whoever asked for
            it: the job then ends as cancelled, with the error `MadeBefore`, which tells the other one.
        looked_at: When a person has looked at the provider's console, in Unix seconds: what may have been made before
            that was not.
        ledger: Where it is written down; by default the one of the folder that `SEEDANCE_HOME` names.

    Raises:
        RequestError: The request has errors; nothing was written, sent or spent.
        ConfigurationError: No such provider, or its key is missing.
    """
    chosen = choice.resolve(provider)
    errors = [
        problem for problem in check(request, chosen, image_required=image_required) if problem.severity == "error"
    ]
    if errors:
        raise RequestError(errors)
    expected = estimate(request, chosen)
    known = find_model(request.model)
    facts: dict[str, Any] = {"tokens": expected.tokens, "seconds": expected.seconds, "price": expected.price}
    if known is not None and expected.seconds is not None:
        typical = known.typical_seconds(request.resolution, expected.seconds)
        facts["typical_seconds"] = chosen.limits.real_seconds(typical)
    record = Record(
        id=job_id or new_id(),
        provider=chosen.id,
        base_url=chosen.base_url,
        billed=chosen.billed,
        model=request.model,
        created_at=time.time(),
        estimate=facts,
        price=expected.price,
        currency=expected.currency,
    )
    track = Track(record, request, label=chosen.label)
    track.gate, track.once, track.looked_at = gate, once, looked_at
    engine_for(chosen, ledger or open_ledger(), bridge.home_loop()).start(track)
    return Job(track)


def new_id() -> str:
    """An id for a job: ten hex digits."""
    return secrets.token_hex(5)


def list_jobs(limit: int | None = None) -> JobList:
    """Every job of the ledger, the newest first; those that this process follows are the live ones.

    Args:
        limit: How many at the most; None for all.

    Raises:
        TypeError: The limit is no whole number.
        ValueError: It is below 0.
        StorageError: The ledger cannot be read.
    """
    limit = _read_limit(limit)
    ledger = open_ledger()
    written = {record.id: record for record in ledger.call(ledger.all, limit=limit)}
    fresh = [Job(track) for job_id, track in live_tracks(ledger).items() if job_id not in written]
    fresh.sort(key=lambda job: job.created_at, reverse=True)
    return JobList([*fresh, *(job_of(ledger, record) for record in written.values())][:limit])


def job(job_id: str) -> Job:
    """One job, by its own id or by the provider's task id.

    Raises:
        KeyError: The ledger knows no such job.
        TypeError: That is no id.
        StorageError: The ledger cannot be read.
    """
    ledger = open_ledger()
    if live := live_tracks(ledger).get(read_id(job_id)):  # perhaps not written down yet
        return Job(live)
    record = ledger.call(ledger.find, job_id)
    if record is None:
        raise KeyError(
            f"no job or task is called {quoted(job_id)} in {ledger.folder}; `sw.jobs()` lists what there is."
        )
    return job_of(ledger, record)


def resume(provider: Provider | None = None) -> Resumed:
    """Take up the jobs that a crash or a restart left: poll and download them, never submit.

    Starts at once; `await` it for the list of those jobs when all have ended. A job whose create call was under way is
    `unknown` afterwards: a person must look.

    Args:
        provider: Who to ask, where it is none that can be made from the environment.

    Raises:
        StorageError: The ledger cannot be read.
    """
    return Resumed(open_ledger(), provider)


def job_of(ledger: Ledger, record: Record) -> Job:
    """The job of a row in the ledger; blocking, off the loop."""
    return Job(live_tracks(ledger).get(record.id) or track_of(ledger, record))


def _read_limit(limit: Any) -> int | None:
    if limit is None:
        return None
    if isinstance(limit, bool) or not isinstance(limit, Integral):
        raise TypeError(
            f"limit is how many jobs are listed, such as sw.jobs(10); {shown(tame(limit))} is no whole number. "
            "sw.History().find(...) finds jobs by words, sw.job(...) one by its id."
        )
    if limit < 0:
        raise ValueError(f"limit is how many jobs are listed, from 0 on; {shown(tame(limit))} is less.")
    return int(limit)


class _Callable(types.ModuleType):
    def __call__(self, limit: int | None = None) -> JobList:
        return list_jobs(limit)


sys.modules[__name__].__class__ = _Callable

__all__ = [
    "Gate",
    "Job",
    "JobList",
    "Ledger",
    "MadeBefore",
    "adopt",
    "delete_file",
    "deletion",
    "forget",
    "job",
    "job_of",
    "list_jobs",
    "live_tracks",
    "new_id",
    "open_ledger",
    "resume",
    "submit",
]


def __dir__() -> list[str]:
    return __all__
