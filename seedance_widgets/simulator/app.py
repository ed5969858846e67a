"""The HTTP surface: both wire formats and the media links, as one Starlette application."""

from __future__ import annotations

import asyncio
import hashlib
import json
import secrets
from collections import Counter
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from seedance_widgets.catalog import rules
from seedance_widgets.simulator import acedata_wire, ark_wire
from seedance_widgets.simulator.client import ARK_PATH, HERE
from seedance_widgets.simulator.log import Received, shortened
from seedance_widgets.simulator.magic import magic_words, number
from seedance_widgets.simulator.refusal import Dropped, Refusal, invalid, missing
from seedance_widgets.simulator.tasks import HOSTILE, new_task
from seedance_widgets.simulator.validate import validate_acedata, validate_ark

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

    from seedance_widgets.simulator.acedata_wire import Shape
    from seedance_widgets.simulator.clock import Clock
    from seedance_widgets.simulator.engine import Engine
    from seedance_widgets.simulator.limits import RateLimits
    from seedance_widgets.simulator.log import RequestLog
    from seedance_widgets.simulator.media import Media
    from seedance_widgets.simulator.store import Store
    from seedance_widgets.simulator.tasks import Task
    from seedance_widgets.simulator.validate import Asked

ARK_TASKS = f"{ARK_PATH}/contents/generations/tasks"
WRONG_KEY = "wrong"  # this key is always refused, so that everybody can see what a wrong key looks like
PAGE = "<!doctype html><title>502 Bad Gateway</title><h1>502 Bad Gateway</h1>"


class PlainJSON(JSONResponse):
    """JSON in ASCII, which can also echo text that is no valid Unicode."""

    def render(self, content: Any) -> bytes:
        """The body."""
        return json.dumps(content, separators=(",", ":")).encode("ascii")


class Service:
    """Answers the requests.

    Args:
        api_key: The only key that is accepted; None for any.
        shape: Which of AceDataCloud's two result shapes is told.
        empty_unknown: AceDataCloud answers `{}` for an unknown id instead of 404.
        drop: Closes the connection of a request without an answer.
    """

    def __init__(
        self,
        clock: Clock,
        engine: Engine,
        media: Media,
        store: Store,
        limits: RateLimits,
        log: RequestLog,
        *,
        api_key: str | None,
        shape: Shape,
        empty_unknown: bool,
        drop: Callable[[Scope], None],
    ) -> None:
        self._clock = clock
        self._engine = engine
        self._media = media
        self._store = store
        self._limits = limits
        self._log = log
        self._api_key = api_key
        self._shape = shape
        self._empty_unknown = empty_unknown
        self._drop = drop
        self._misfortunes: Counter[tuple[str, str, str]] = Counter()

    def asgi(self) -> ASGIApp:
        """The application, with every request logged."""
        starlette = Starlette(
            routes=[
                Route(ARK_TASKS, self.ark_create, methods=["POST"]),
                Route(ARK_TASKS, self.ark_list),
                Route(ARK_TASKS + "/{id}", self.ark_get),
                Route(ARK_TASKS + "/{id}", self.ark_delete, methods=["DELETE"]),
                Route("/seedance/videos", self.acedata_create, methods=["POST"]),
                Route("/seedance/tasks", self.acedata_tasks, methods=["POST"]),
                Route("/media/{name}", self.media_file),
                Route(HERE, self.about),
            ],
            exception_handlers={Refusal: self._refuse, 404: self._no_page, 405: self._no_page},
        )

        async def logged(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                return
            entry = Received(scope["method"], scope["path"], scope["query_string"].decode("latin-1"), self._clock.now())
            scope["state"] = {"entry": entry, "request_id": f"0217{secrets.token_hex(16)}"}

            async def logging_send(message: Any) -> None:
                if message["type"] == "http.response.start":
                    entry.status = message["status"]
                    self._log.add(entry)  # before the client can see the answer
                await send(message)

            try:
                await starlette(scope, receive, logging_send)
            except Dropped:
                self._drop(scope)
                while (await receive())["type"] != "http.disconnect":
                    pass  # the rest of a body that nobody reads

        return logged

    async def about(self, _request: Request) -> Response:
        """GET what this is, so that a client can tell it from a provider that takes money; no key is needed."""
        limits = "documented" if self._limits.enforced else "none"
        own_key = self._api_key is not None
        return PlainJSON({"simulator": True, "speed": self._clock.speed, "limits": limits, "own_key": own_key})

    async def ark_create(self, request: Request) -> Response:
        """POST a create call in Ark's words."""
        account = self._account(request)
        task = await self._create(request, account, validate_ark)
        body: dict[str, Any] = {"id": task.id}
        if task.safety_identifier is not None:
            body["safety_identifier"] = task.safety_identifier
        return self._created(request, task, body)

    async def ark_get(self, request: Request) -> Response:
        """GET one task."""
        account = self._account(request)
        self._limits.count_call(account, "get")
        task = await self._ark_task(request, account)
        self._poll_misfortune(request, task)
        return PlainJSON(ark_wire.task_body(task, self._media.url))

    async def ark_list(self, request: Request) -> Response:
        """GET a page of tasks."""
        account = self._account(request)
        self._limits.count_call(account, "list")
        await self._engine.adopt(request.query_params.getlist("filter.task_ids"))
        tasks, total = ark_wire.page(request.query_params, self._engine.of_account(account))
        if "filter.task_ids" in request.query_params:
            for task in tasks:
                self._poll_misfortune(request, task)
        return PlainJSON({"items": [ark_wire.task_body(task, self._media.url) for task in tasks], "total": total})

    async def ark_delete(self, request: Request) -> Response:
        """DELETE: cancel a queued task, remove the record of a finished one."""
        account = self._account(request)
        self._limits.count_call(account, "delete")
        task = await self._ark_task(request, account)
        ark_wire.check_deletable(task)
        if task.status == "queued":
            self._engine.cancel(task)
        else:
            self._engine.drop(task)
        return PlainJSON({})

    async def acedata_create(self, request: Request) -> Response:
        """POST a create call in AceDataCloud's words; without `async` or a callback the answer is the result."""
        account = self._account(request)
        task = await self._create(request, account, validate_acedata)
        if task.callback_url is None and not task.request.get("async"):
            await self._engine.wait_end(task)
            if task.id not in self._engine.tasks:
                raise Refusal(500, "InternalServiceError", "The task is gone.")
            return PlainJSON(acedata_wire.result(task, self._shape, self._media.url))
        return self._created(request, task, acedata_wire.submitted(task))

    async def acedata_tasks(self, request: Request) -> Response:
        """POST a query for one task or many."""
        account = self._account(request)
        body = _parse(await _read_json(request))
        request.state.entry.body = shortened(body)
        action = body.get("action", "retrieve") if isinstance(body, dict) else None
        if action not in acedata_wire.ACTIONS:
            raise invalid("action", f"one of {', '.join(acedata_wire.ACTIONS)} was expected.")
        ids = [body.get("id")] if action == "retrieve" else body.get("ids")
        if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
            raise invalid("id" if action == "retrieve" else "ids", "task ids were expected.")
        await self._engine.adopt(ids)
        tasks = [task for one in ids if (task := self._acedata_task(one, account)) is not None]
        for task in tasks:
            self._poll_misfortune(request, task)
        records = [acedata_wire.record(task, self._shape, self._media.url) for task in tasks]
        if action == "retrieve_batch":
            return PlainJSON({"items": records, "count": len(records)})
        if not records and not self._empty_unknown:
            raise ark_wire.not_found(ids[0])
        return PlainJSON(records[0] if records else {})

    async def media_file(self, request: Request) -> Response:
        """GET a video or a last frame; no key is needed, the link is the key."""
        token, _, kind = request.path_params["name"].rpartition(".")
        self._engine.catch_up()
        return await self._media.answer(self._engine.media.get(token), token, kind, count=request.method == "GET")

    async def _create(self, request: Request, account: str, validate: Callable[[Any], Asked]) -> Task:
        raw = await _read_json(request)
        entry: Received = request.state.entry

        def prepare() -> tuple[Asked, dict[str, str | None]]:
            body = _parse(raw)
            entry.body = shortened(body)
            asked = validate(body)
            for picture in asked.pictures:
                if picture.data is not None:
                    self._store.keep_image(str(picture.digest), picture.data)
            try:
                return asked, magic_words(asked.prompt)
            except ValueError as error:
                raise invalid("content[0].text", str(error)) from None

        asked, words = await asyncio.to_thread(prepare)
        self._limits.count_create(account, asked)
        self._create_misfortune(request, account, asked.prompt, words)
        if self._limits.enforced:
            self._limits.check_queue(self._engine.queued(account), asked.provider)
        task = new_task(asked, entry.body, account=account, now=self._clock.now(), words=words)
        await self._engine.create(task)
        if "lost" in words:
            self._lose(request)
        return task

    def _created(self, request: Request, task: Task, body: dict[str, Any]) -> Response:
        if "garbage" in task.words:
            return HTMLResponse(PAGE)
        return PlainJSON({} if "noid" in task.words else body, headers={"x-request-id": request.state.request_id})

    def _create_misfortune(self, request: Request, account: str, prompt: str, words: dict[str, str | None]) -> None:
        """What the magic words do to a create call before anything is made."""
        for word, (status, code, message) in _REFUSALS.items():
            if word in words and (word != "html" or words[word] == "submit"):
                raise Refusal(status, code, message, "content[0].text" if word == "moderation" else "")
        for word, (status, code, message) in _OUTAGES.items():
            if word not in words:
                continue
            self._misfortunes[account, word, prompt] += 1
            if self._misfortunes[account, word, prompt] <= number(words, word, 1):
                if word == "drop":
                    self._lose(request)
                raise Refusal(status, code, message)

    def _poll_misfortune(self, request: Request, task: Task) -> None:
        for word in ("poll-500", "poll-drop"):
            if word in task.words:
                self._misfortunes[task.id, word, ""] += 1
                if self._misfortunes[task.id, word, ""] <= number(task.words, word, 2):
                    if word == "poll-drop":
                        self._lose(request)
                    raise Refusal(500, "InternalServiceError", "The service encountered an unexpected internal error.")

    def _lose(self, request: Request) -> None:
        self._log.add(request.state.entry)
        raise Dropped

    def _account(self, request: Request) -> str:
        """A digest that stands for the caller's key; the key itself is never kept."""
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        key = key.strip()
        if scheme.lower() != "bearer" or not key:
            if _is_acedata(request):
                raise Refusal(400, "NoToken", "no token was given.")
            raise ark_wire.no_key()
        if key == WRONG_KEY or (
            self._api_key is not None and not secrets.compare_digest(key.encode(), self._api_key.encode())
        ):
            raise ark_wire.no_key()
        return hashlib.sha256(key.encode()).hexdigest()[:16]

    async def _ark_task(self, request: Request, account: str) -> Task:
        task_id = request.path_params["id"]
        await self._engine.adopt([task_id])
        task = self._engine.find(task_id, account)
        if task is None or task.provider == "acedata":
            raise ark_wire.not_found(task_id)
        return task

    def _acedata_task(self, task_id: str, account: str) -> Task | None:
        task = self._engine.find(task_id, account)
        return task if task is not None and task.provider == "acedata" else None

    async def _refuse(self, request: Request, error: Exception) -> Response:
        if not isinstance(error, Refusal):
            raise error
        request_id: str = request.state.request_id
        if _is_acedata(request):
            status, body = acedata_wire.error_answer(error, request_id)
            return PlainJSON(body, status)
        headers = {"x-request-id": request_id}
        if error.status == 401:  # noqa: PLR2004 - Unauthorized
            headers["x-error-code"] = "AuthN_MissOrInvalidAuthorizationHeader"
        return PlainJSON(ark_wire.error_body(error, request_id), error.status, headers)

    async def _no_page(self, request: Request, _error: Exception) -> Response:
        refusal = Refusal(404, "NotFound", f"there is nothing at {request.method} {request.url.path[:200]}.")
        return await self._refuse(request, refusal)


_REFUSALS = {
    "moderation": (
        400,
        "InputTextSensitiveContentDetected",
        "The request failed because the input text may contain sensitive information.",
    ),
    "privacy": (
        400,
        "InputImageSensitiveContentDetected.PrivacyInformation",
        "The request failed because the input image may contain a real person.",
    ),
    "overdue": (403, "AccountOverdueError", "The request failed because your account has an overdue balance."),
    "quota": (429, "QuotaExceeded", "Your account has used up its free quota for this model."),
    "html": (400, "InvalidParameter", HOSTILE),
}
_OUTAGES = {
    "429": (429, "RateLimitExceeded.EndpointRPMExceeded", "The requests per minute (RPM) limit has been exceeded."),
    "503": (503, "ServiceUnavailable", "The service is temporarily unavailable; please try again later."),
    "500": (500, "InternalServiceError", "The service encountered an unexpected internal error."),
    "drop": (0, "", ""),
}


def _is_acedata(request: Request) -> bool:
    return request.url.path.startswith("/seedance/")


async def _read_json(request: Request) -> bytes:
    """The body, if it is declared as JSON and not too large."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Refusal(415, "InvalidParameter", "the content type must be application/json.", "body")
    most = rules().images.max_body_bytes
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= most:  # what is too much is read, so that the client gets to see the answer, but not kept
            chunks.append(chunk)
    if size > most:
        raise Refusal(
            413, "InvalidParameter", f"the request body has {size} bytes; at most {most} are allowed.", "body"
        )
    if not size:
        raise missing("body")
    return b"".join(chunks)


def _parse(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        raise invalid("body", "it is not valid JSON.") from None
