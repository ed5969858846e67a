"""Ark's words: how a task, an error and a list look on the wire of Volcengine and BytePlus."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seedance_widgets.catalog import rules
from seedance_widgets.simulator.refusal import TYPES, Refusal, invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from starlette.datastructures import QueryParams

    from seedance_widgets.simulator.tasks import Task

STATUSES = ("queued", "running", "cancelled", "succeeded", "failed")  # `expired` is no filter word
PAGES = (1, 500)
PAGE_SIZE = 20


def task_body(task: Task, url: Callable[[Task, str], str]) -> dict[str, Any]:
    """A task as GET tells it, and as a callback brings it.

    Args:
        task: The task as it is now.
        url: Gives the address of its "mp4" or "jpg".
    """
    body: dict[str, Any] = {"id": task.ark_id, "model": task.model_id, "status": task.status}
    if task.status == "succeeded":
        body |= {"error": None, "content": _content(task, url), "usage": _usage(task)}
    elif task.status == "failed" and task.failure is not None:
        code, message = task.failure
        body["error"] = {"code": code, "message": f"{message} Request id: {task.trace_id.replace('-', '')}"}
    body |= {"created_at": int(task.created_at), "updated_at": int(task.updated_at)}
    if task.status == "succeeded":
        body |= _made(task)
    if task.about.audio and task.final:
        body["generate_audio"] = task.generate_audio
    if task.safety_identifier is not None:
        body["safety_identifier"] = task.safety_identifier
    return body | {"service_tier": task.service_tier, "execution_expires_after": task.expires_after}


def error_body(refusal: Refusal, request_id: str) -> dict[str, Any]:
    """An error answer; the message ends with the request id."""
    return {
        "error": {
            "code": refusal.code,
            "message": f"{refusal.message} Request id: {request_id}",
            "param": refusal.param,
            "type": TYPES.get(refusal.status, ""),
        }
    }


def no_key() -> Refusal:
    """The answer to a missing or wrong key."""
    message = "The API key or AK/SK in the request is missing or invalid."
    return Refusal(401, "AuthenticationError", message)


def not_found(task_id: str) -> Refusal:
    """The answer for a task that does not exist, or not any more."""
    return Refusal(404, "NotFound.id", f"the task {task_id[:80]} is not found.", "id")


def check_deletable(task: Task) -> None:
    """Say which tasks DELETE takes.

    Raises:
        Refusal: It is running, or cancelled already.
    """
    if task.status == "running":
        message = "the task is running and cannot be cancelled or deleted."
        raise Refusal(409, "TaskRunningCannotCancel", message, "id")
    if task.status == "cancelled":
        message = "the task is cancelled already; its record disappears by itself after 24 hours."
        raise Refusal(409, "TaskCancelledCannotDelete", message, "id")


def page(query: QueryParams, tasks: Iterable[Task]) -> tuple[list[Task], int]:
    """The tasks on one page of a LIST, and how many match in all.

    Args:
        query: `page_num`, `page_size` and the filters.
        tasks: All of the account, the newest first; a LIST looks back seven days, after which they are forgotten.

    Raises:
        Refusal: A filter or page number cannot be used.
    """
    number, size = _number(query, "page_num", PAGES[0]), _number(query, "page_size", PAGE_SIZE)
    status = query.get("filter.status")
    if status is not None and status not in STATUSES:
        raise invalid("filter.status", f"one of {', '.join(STATUSES)} was expected.")
    ids = frozenset(query.getlist("filter.task_ids"))
    wanted_model = query.get("filter.model")
    tier = query.get("filter.service_tier", "default")
    found = [
        task
        for task in tasks
        if task.provider != "acedata"
        and (not ids or task.id in ids)
        and (status is None or task.status == status)
        and (wanted_model is None or wanted_model in {task.model_id, task.request.get("model")})
        and task.service_tier == tier
    ]
    return found[(number - 1) * size : number * size], len(found)


def _number(query: QueryParams, name: str, default: int) -> int:
    value = query.get(name)
    if value is None:
        return default
    if not (value.isascii() and value.isdigit() and PAGES[0] <= int(value) <= PAGES[1]):
        raise invalid(name, f"{PAGES[0]} to {PAGES[1]} was expected.")
    return int(value)


def _content(task: Task, url: Callable[[Task, str], str]) -> dict[str, str]:
    content = {"video_url": url(task, "mp4")}
    if task.return_last_frame:
        content["last_frame_url"] = url(task, "jpg")
    return content


def _usage(task: Task) -> dict[str, int]:
    return {"completion_tokens": task.tokens, "total_tokens": task.tokens}


def _made(task: Task) -> dict[str, Any]:
    length = {"frames": task.frames} if task.duration is None else {"duration": task.duration}
    made = {"seed": task.seed, "resolution": task.resolution, "ratio": task.ratio, **length}
    made["framespersecond"] = rules().fps
    if not task.about.frames:  # the newer models also tell these
        made |= {"draft": False, "priority": task.priority}
    return made
