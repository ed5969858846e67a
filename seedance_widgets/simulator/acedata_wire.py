"""AceDataCloud's words: its task records, in both documented shapes, and its errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from seedance_widgets.simulator import ark_wire
from seedance_widgets.simulator.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from seedance_widgets.simulator.tasks import Task

# A: Ark's task object passed through (its OpenAPI description). B: flattened (its guides). alternate: one by one.
Shape = Literal["A", "B", "alternate"]

ACTIONS = ("retrieve", "retrieve_batch")

# Its code for each kind of refusal: by Ark's code first, else by the status.
_BY_CODE = {
    "AuthenticationError": (401, "invalid_token"),
    "AccountOverdueError": (403, "used_up"),
    "InvalidEndpointOrModel.NotFound": (400, "bad_request"),
    "NoToken": (400, "no_token"),
    "Timeout": (500, "timeout"),
}
_BY_STATUS = {
    400: "bad_request",
    403: "forbidden",
    404: "not_found",
    413: "request_too_large",
    415: "bad_request",
    429: "too_many_requests",
    500: "api_error",
    503: "api_error",
}


def error_answer(refusal: Refusal, trace_id: str) -> tuple[int, dict[str, Any]]:
    """HTTP status and body of an error answer."""
    status, code = _BY_CODE.get(refusal.code, (refusal.status, _BY_STATUS.get(refusal.status, "api_error")))
    if "SensitiveContent" in refusal.code:
        status, code = 403, "forbidden"
    message = "model is invalid." if refusal.param == "model" else refusal.message
    return status, {"success": False, "error": {"code": code, "message": message}, "trace_id": trace_id}


def submitted(task: Task) -> dict[str, Any]:
    """The immediate answer to a create call."""
    return {"task_id": task.id, "trace_id": task.trace_id}


def result(task: Task, shape: Shape, url: Callable[[Task, str], str]) -> dict[str, Any]:
    """The final result: the answer of a waiting create call, the callback's body, a record's `response`."""
    head = {"success": task.status == "succeeded", "task_id": task.id, "trace_id": task.trace_id}
    if task.status == "failed" and task.failure is not None:
        code, message = task.failure
        _, body = error_answer(Refusal(500, code, message), task.trace_id)
        return head | {"error": body["error"]}
    data = ark_wire.task_body(task, url)
    if shape_of(task, shape) == "B":
        content = data.get("content", {})
        data = {"task_id": task.ark_id, "status": task.status, **content, "model": task.model_id}
    return head | {"data": data}


def record(task: Task, shape: Shape, url: Callable[[Task, str], str]) -> dict[str, Any]:
    """A task record, as `/seedance/tasks` gives it."""
    body: dict[str, Any] = {
        "id": task.id,
        "type": "videos",
        "created_at": task.created_at,
        "trace_id": task.trace_id,
        "request": task.request,
        "started_at": task.started_at,
        "finished_at": task.ended_at,
        "elapsed": None if task.ended_at is None else task.ended_at - task.created_at,
    }
    if task.final:
        body["response"] = result(task, shape, url)
    elif shape_of(task, shape) == "B":
        body["response"] = {"data": {"task_id": task.ark_id, "status": "processing"}}
    return body


def shape_of(task: Task, shape: Shape) -> Literal["A", "B"]:
    """Which of the two shapes this task is told in; `alternate` decides by its id."""
    if shape == "alternate":
        return "A" if int(task.id[0], 16) % 2 else "B"
    return shape
