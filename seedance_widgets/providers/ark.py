"""Volcengine Ark (China) and BytePlus ModelArk (elsewhere): the wire format of ByteDance itself."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Literal, get_args
from urllib.parse import quote

from seedance_widgets.errors import (
    AuthError,
    CannotCancel,
    ConfigurationError,
    ConnectionFailed,
    NotFound,
    ProviderError,
    RateLimited,
    ServerError,
)
from seedance_widgets.providers.base import Submitted, Task, TaskStatus
from seedance_widgets.providers.http import Answer, NoAnswer
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
    from seedance_widgets.providers.base import BeforeSending, Limits
    from seedance_widgets.request import VideoRequest

TASKS = "/contents/generations/tasks"
# Up to so many ids are asked for one by one: GETs are twenty times as cheap as a LIST under the published rates, and
# are not held up by it.
FEW = 5
SMALLEST_LIST = 25
_STATUSES: Mapping[str, TaskStatus] = {word: word for word in get_args(TaskStatus)}
_TOO_LONG = frozenset({413, 414, 431})
_TOO_LONG_WORDS = ("too long", "too large", "uri", "header", "task_ids", "page_size")


class Ark(Service):
    """Volcengine Ark, or BytePlus ModelArk with `region="ap"`.

    Args:
        api_key: The key; None takes ARK_API_KEY from the environment. A key belongs to one region.
        region: `cn` for Volcengine Ark, `ap` for BytePlus ModelArk.
        base_url: Another address of the API; None takes ARK_BASE_URL, else the region's own.
        limits: Rates; None takes the published ones.
        simulated: Whether a simulator answers there; then nothing is billed.

    Raises:
        ConfigurationError: No key, or a key, region or address that cannot be used.
    """

    _create_path = TASKS
    _id_keys = ("id",)
    _key_argument = "api_key"
    _base_url_env = "ARK_BASE_URL"
    _get_one = "the API key page of the Ark console (console.volcengine.com/ark, console.byteplus.com/ark)"

    def __init__(
        self,
        api_key: str | None = None,
        region: Literal["cn", "ap"] = "cn",
        base_url: str | None = None,
        *,
        limits: Limits | None = None,
        simulated: bool = False,
    ) -> None:
        if region not in {"cn", "ap"}:
            api_key = None  # a verbose traceback prints local variables
            raise ConfigurationError(f'region must be "cn" (Volcengine) or "ap" (BytePlus); {region!r} is neither.')
        key = None if api_key is None else Secret(api_key, scrubs=not simulated)
        del api_key
        super().__init__(f"ark-{region}", key, base_url, limits=limits, simulated=simulated)
        self._tiers: dict[str, str] = {}
        self._list_ids = self._limits.list_ids

    def _settings(self, request: VideoRequest, model: Model | None) -> dict[str, Any]:
        settings: dict[str, Any] = {
            "resolution": request.resolution,
            "ratio": request.ratio,
            "watermark": request.watermark,
            "return_last_frame": request.return_last_frame,
            "execution_expires_after": request.execution_expires_after,
        }
        # A parameter that the model does not have is left out: 2.x answers it with an error. Of an endpoint (ep-...)
        # the model is not known, and what was asked is sent.
        if request.seed != -1 and (model is None or model.seed):
            settings["seed"] = request.seed
        if request.camera_fixed and (model is None or request.mode in model.camera_fixed):
            settings["camera_fixed"] = True
        if model is None or model.audio:  # always said: the provider's own default is True, and costs
            settings["generate_audio"] = request.generate_audio
        if len(model.tiers) > 1 if model is not None else request.service_tier != "default":
            settings["service_tier"] = request.service_tier
        if request.callback_url:
            settings["callback_url"] = request.callback_url
        return settings

    async def submit(self, request: VideoRequest, *, before_sending: BeforeSending | None = None) -> Submitted:
        """POST the create call once.

        Args:
            request: What is asked; `check` has found no error in it.
            before_sending: Awaited before anything of the call leaves; what it raises is raised, and nothing is sent.

        Raises:
            ProviderError: `UnknownSubmit` where the answer was lost; any other says that nothing was made.
            StorageError: A local image cannot be read.
        """
        submitted = await super().submit(request, before_sending=before_sending)
        if request.service_tier != "default":
            self._tiers[submitted.task_id] = request.service_tier
        return submitted

    async def poll(self, task_ids: Sequence[str]) -> Mapping[str, Task | ProviderError]:
        """Ask for many tasks in as few calls as the rates allow; a task that is gone maps to `NotFound`.

        A task whose record cannot be read maps to that error.

        Raises:
            ProviderError: The provider as a whole could not be asked, after retries.
        """
        wanted = list(dict.fromkeys(task_ids))
        found: dict[str, Task | ProviderError] = {}
        if len(wanted) > FEW:
            # LIST shows one tier at a time; of a task from an earlier kernel the tier is not known.
            for tier in ("default", "flex"):
                found |= await self._list([one for one in wanted if self._tiers.get(one, "default") == tier], tier)
            if missing := [one for one in wanted if one not in found and one not in self._tiers]:
                found |= await self._list(missing, "flex")
        left = [one for one in wanted if one not in found]
        found |= zip(left, await asyncio.gather(*(self._get_or_error(one) for one in left)), strict=True)
        for task_id, task in found.items():
            self._remember(task_id, task)
        errors = [one for one in found.values() if isinstance(one, ProviderError)]
        whole_trouble = (AuthError, ConnectionFailed, RateLimited, ServerError)
        if errors and len(errors) == len(found) and isinstance(errors[0], whole_trouble):
            raise errors[0]
        return found

    async def cancel(self, task_id: str) -> None:
        """Cancel a task that is still queued.

        Raises:
            CannotCancel: It is past that state.
            NotFound: There is no such task.
        """
        # DELETE on a finished task removes its record, and the video with it: look first.
        task = await self._get(task_id)
        if task.status == "cancelled":
            return
        if task.status != "queued":
            raise own_error(
                "CannotCancel",
                f"the task is {task.status}; only a queued task can be cancelled.",
                provider=self.name,
            )
        try:
            await self._caller.ask("delete", "DELETE", _path(task_id))
        except (AuthError, ConnectionFailed, RateLimited, ServerError):
            raise
        except NotFound:
            return  # it was there a moment ago: an earlier DELETE worked, and its answer was lost
        except ProviderError as error:
            refused = error
        else:
            return
        if (await self._get(task_id)).status == "cancelled":
            return  # the same
        raise CannotCancel(
            refused.message,
            code=refused.code,
            provider=self.name,
            status=refused.status,
            request_id=refused.request_id,
            advice=own_error("CannotCancel", "", provider=self.name).advice,
        )

    def retrieval(self, task_id: str) -> Call:
        """The call that asks for one task."""
        return Call("GET", _path(task_id))

    async def _get(self, task_id: str) -> Task:
        call = self.retrieval(task_id)
        return parse_task(await self._caller.ask("get", call.method, call.path), self.name, task_id)

    async def _get_or_error(self, task_id: str) -> Task | ProviderError:
        try:
            return await self._get(task_id)
        except ProviderError as error:
            return error.with_traceback(None)

    async def _list(self, task_ids: Sequence[str], tier: str) -> dict[str, Task | ProviderError]:
        """What LIST knows of these tasks of one tier; ids that it does not know are left out."""
        found: dict[str, Task | ProviderError] = {}
        left = list(task_ids)
        while left:
            chunk = left[: self._list_ids]
            params = [("page_num", "1"), ("page_size", str(len(chunk))), ("filter.service_tier", tier)]
            result = await self._list_page([*params, *(("filter.task_ids", one) for one in chunk)], len(chunk))
            if result is None:
                self._list_ids = len(chunk) // 2
                continue
            asked = set(chunk)
            items = part(self._caller.body_of(result)).get("items")
            for record in items if isinstance(items, list) else ():
                task_id = name_of(part(record).get("id"))
                if task_id in asked:
                    found[task_id] = _parsed(record, self.name, task_id)
            left = left[len(chunk) :]
        return found

    async def _list_page(self, params: Sequence[tuple[str, str]], ids: int) -> Answer | NoAnswer | None:
        """One LIST call; None where its address is too long for the server."""
        if ids > SMALLEST_LIST:
            for last_chance in (False, True):
                result = await self._caller.exchange("list", "GET", TASKS, params=params, attempts=1)
                if isinstance(result, Answer):
                    if _is_too_long(result):
                        return None
                    break
                if result.kind != "broken":
                    break
                if last_chance:  # some servers hang up on an address that is too long for them; once may be chance
                    return None
            if isinstance(result, Answer) and result.good and result.body is not None:
                return result
        return await self._caller.exchange("list", "GET", TASKS, params=params)

    def _remember(self, task_id: str, task: Task | ProviderError) -> None:
        if isinstance(task, ProviderError):
            return
        if task.final:
            self._tiers.pop(task_id, None)
        elif tier := words(task.raw.get("service_tier")):
            self._tiers[task_id] = tier


def parse_task(record: object, provider: str, task_id: str | None = None) -> Task:
    """A task from the record that GET and LIST give, and callbacks bring.

    Args:
        record: Any JSON value.
        provider: Catalogue name, for errors.
        task_id: The id that was asked for; None to take the record's own.

    Raises:
        ProviderError: The record has no id or no status, or is another task's.
    """
    told = part(record)
    own_id, word = name_of(told.get("id")), words(told.get("status"))
    if own_id is None or word is None or (task_id is not None and own_id != task_id):
        raise unreadable(record, "ark", provider)
    status = _STATUSES.get(word, "running")  # a word of a later version of the API; `raw` shows it
    content, usage = part(told.get("content")), part(told.get("usage"))
    tokens = whole(usage.get("completion_tokens"))
    return Task(
        task_id=own_id,
        status=status,
        video_url=web_url(content.get("video_url")),
        last_frame_url=web_url(content.get("last_frame_url")),
        error=failure(told, "ark", provider) if status == "failed" else None,
        seed=whole(told.get("seed")),
        resolution=words(told.get("resolution")),
        ratio=words(told.get("ratio")),
        tokens=whole(usage.get("total_tokens")) if tokens is None else tokens,
        created_at=seconds(told.get("created_at")),
        updated_at=seconds(told.get("updated_at")),
        raw=keepable(dict(told)),
    )


def _parsed(record: object, provider: str, task_id: str) -> Task | ProviderError:
    try:
        return parse_task(record, provider, task_id)
    except ProviderError as error:
        return error.with_traceback(None)


def _path(task_id: str) -> str:
    quoted = quote(task_id, safe="")
    return f"{TASKS}/{quoted if task_id.strip('.') else quoted.replace('.', '%2E')}"


def _is_too_long(result: Answer | NoAnswer) -> bool:
    if isinstance(result, NoAnswer):
        return False
    complains = any(word in result.text for word in _TOO_LONG_WORDS)
    return result.status in _TOO_LONG or (result.status == 400 and (result.body is None or complains))  # noqa: PLR2004
