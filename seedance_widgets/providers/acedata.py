"""AceDataCloud: Seedance behind a service of its own, with its own words for tasks and errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seedance_widgets.errors import NotFound, ProviderError
from seedance_widgets.providers.base import Task, TaskStatus
from seedance_widgets.providers.keys import Secret
from seedance_widgets.providers.records import (
    failure,
    keepable,
    name_of,
    own_error,
    part,
    seconds,
    unreadable,
    web_url,
    whole,
    words,
)
from seedance_widgets.providers.service import Call, Service

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from seedance_widgets.catalog import Model
    from seedance_widgets.providers.base import Limits
    from seedance_widgets.request import VideoRequest

TASKS = "/seedance/tasks"
_STATUSES: Mapping[str, TaskStatus] = {
    **dict.fromkeys(("queued", "pending", "submitted", "waiting"), "queued"),
    **dict.fromkeys(("running", "processing", "in_progress"), "running"),
    **dict.fromkeys(("succeeded", "succeed", "success", "completed", "complete", "finished"), "succeeded"),
    **dict.fromkeys(("failed", "failure", "error", "rejected"), "failed"),
    **dict.fromkeys(("cancelled", "canceled"), "cancelled"),
    "expired": "expired",
}


class AceDataCloud(Service):
    """AceDataCloud.

    Args:
        api_token: The token; None takes ACEDATACLOUD_API_TOKEN from the environment.
        base_url: Another address of the API; None takes ACEDATACLOUD_API_BASE_URL, else its own.
        limits: Rates; None takes the catalogue's.
        simulated: Whether a simulator answers there; then nothing is billed.

    Raises:
        ConfigurationError: No token, or a token or address that cannot be used.
    """

    _create_path = "/seedance/videos"
    _id_keys = ("task_id", "data.task_id", "id")
    _key_argument = "api_token"
    _base_url_env = "ACEDATACLOUD_API_BASE_URL"
    _get_one = "platform.acedata.cloud"

    def __init__(
        self,
        api_token: str | None = None,
        base_url: str | None = None,
        *,
        limits: Limits | None = None,
        simulated: bool = False,
    ) -> None:
        key = None if api_token is None else Secret(api_token, scrubs=not simulated)
        del api_token  # a verbose traceback prints local variables
        super().__init__("acedata", key, base_url, limits=limits, simulated=simulated)

    def _settings(self, request: VideoRequest, model: Model | None) -> dict[str, Any]:
        settings: dict[str, Any] = {
            "resolution": request.resolution,
            "ratio": request.ratio,
            "watermark": request.watermark,
            "return_last_frame": request.return_last_frame,
            "execution_expires_after": request.execution_expires_after,
            "async": True,  # without it the connection stays open until the video is made
        }
        # A parameter that the model does not have is left out.
        if request.seed != -1 and (model is None or model.seed):
            settings["seed"] = request.seed
        if request.camera_fixed and (model is None or request.mode in model.camera_fixed):
            settings["camerafixed"] = True
        if model is None or model.audio:
            settings["generate_audio"] = request.generate_audio
        if request.callback_url:
            settings["callback_url"] = request.callback_url
        return settings

    async def poll(self, task_ids: Sequence[str]) -> Mapping[str, Task | ProviderError]:
        """Ask for many tasks in as few calls as the rates allow; a task that is gone maps to `NotFound`.

        A task whose record cannot be read maps to that error.

        Raises:
            ProviderError: The provider as a whole could not be asked, after retries.
        """
        wanted = list(dict.fromkeys(task_ids))
        if len(wanted) == 1:
            return {wanted[0]: await self._retrieve(wanted[0])}
        found: dict[str, Task | ProviderError] = {}
        size = self._limits.batch_ids
        for start in range(0, len(wanted), size):
            found |= await self._retrieve_batch(wanted[start : start + size])
        return found

    async def cancel(self, task_id: str) -> None:  # noqa: ARG002  the protocol's argument
        """Say that AceDataCloud cannot cancel.

        Raises:
            CannotCancel: Always.
        """
        raise own_error(
            "CannotCancel",
            "AceDataCloud has no call that cancels a task: it will run to its end and be billed.",
            provider=self.name,
        )

    def retrieval(self, task_id: str) -> Call:
        """The call that asks for one task."""
        return Call("POST", TASKS, {"id": task_id, "action": "retrieve"})

    async def _retrieve(self, task_id: str) -> Task | ProviderError:
        call = self.retrieval(task_id)
        try:
            answer = await self._caller.ask("batch", call.method, call.path, body=call.body)
        except NotFound as error:
            return error.with_traceback(None)
        return self._task(answer, task_id)

    async def _retrieve_batch(self, task_ids: Sequence[str]) -> dict[str, Task | ProviderError]:
        body = {"ids": list(task_ids), "action": "retrieve_batch"}
        try:
            answer = await self._caller.ask("batch", "POST", TASKS, body=body)
        except NotFound as error:
            return dict.fromkeys(task_ids, error.with_traceback(None))
        items = part(answer).get("items")
        if not isinstance(items, list):
            raise own_error("ServerError", "AceDataCloud's answer holds no list of tasks.", provider=self.name)
        records = {name_of(part(record).get("id")): record for record in items}
        return {task_id: self._task(records.get(task_id, {}), task_id) for task_id in task_ids}

    def _task(self, record: object, task_id: str) -> Task | ProviderError:
        if record == {}:
            return own_error("NotFound", f"AceDataCloud does not know the task {task_id}.", provider=self.name)
        try:
            return parse_task(record, self.name, task_id)
        except ProviderError as error:
            return error.with_traceback(None)


def parse_task(record: object, provider: str = "acedata", task_id: str | None = None) -> Task:
    """A task from the record that /seedance/tasks gives, in either of its documented shapes.

    Args:
        record: Any JSON value.
        provider: Catalogue name, for errors.
        task_id: The id that was asked for; None to take the record's own.

    Raises:
        ProviderError: The record has no id, or is another task's.
    """
    told = part(record)
    own_id = name_of(told.get("id"))
    if own_id is None or (task_id is not None and own_id != task_id):
        raise unreadable(record, "acedata", provider)
    response = part(told.get("response"))
    data = part(response.get("data"))
    # Shape A passes Ark's task through, with the links under `content`; shape B has them beside the status.
    content, usage = part(data.get("content")), part(data.get("usage"))
    video_url = web_url(content.get("video_url")) or web_url(data.get("video_url"))
    status = _status(told, response, data, video_url)
    tokens = whole(usage.get("completion_tokens"))
    ended, began = seconds(told.get("finished_at")), seconds(told.get("started_at"))
    return Task(
        task_id=own_id,
        status=status,
        video_url=video_url,
        last_frame_url=web_url(content.get("last_frame_url")) or web_url(data.get("last_frame_url")),
        error=failure(response if response.get("error") else data, "acedata", provider) if status == "failed" else None,
        seed=whole(data.get("seed")),
        resolution=words(data.get("resolution")),
        ratio=words(data.get("ratio")),
        tokens=whole(usage.get("total_tokens")) if tokens is None else tokens,
        created_at=seconds(told.get("created_at")),
        updated_at=ended if ended is not None else began,
        raw=keepable({key: value for key, value in told.items() if key != "request"}),
    )


def _status(
    told: Mapping[str, Any], response: Mapping[str, Any], data: Mapping[str, Any], video_url: str | None
) -> TaskStatus:
    # A word outranks the success flag, which comes with unfinished tasks too.
    named = (words(holder.get(key)) for holder in (data, response) for key in ("status", "state"))
    word = next((one for one in named if one), None)
    if word is not None:
        return _STATUSES.get(word.lower(), "running")
    if response.get("success") is False:
        return "failed"
    if video_url is not None or (response.get("success") is True and told.get("finished_at") is not None):
        return "succeeded"
    return "queued" if "started_at" in told and told["started_at"] is None else "running"
