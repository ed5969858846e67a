"""How a provider is called, whatever its wire format: time limits, rates, retries, and what a failure means.

A create call is POSTed once: a failure says either that nothing was made, or (`UnknownSubmit`) that something may have
been. All other calls may be made twice without harm and are repeated with back-off and jitter.
"""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

import httpx
import tenacity

from seedance_widgets.errors import ConnectionFailed, ProviderError, UnknownSubmit
from seedance_widgets.providers.connections import CONNECT_SECONDS, Kind, Pool
from seedance_widgets.providers.records import (
    Refusal,
    make_error,
    name_of,
    own_error,
    part,
    read_refusal,
    without_key,
    words,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping, Sequence

    from aiolimiter import AsyncLimiter

    from seedance_widgets.providers.base import BeforeSending, Limits
    from seedance_widgets.providers.keys import Secret

ASK_SECONDS = 120.0  # for the whole answer to a call that may be repeated
CREATE_SECONDS = 900.0  # the same for a create call, whose body may hold 64 MB on a slow line
ATTEMPTS = 5
RETRY_SECONDS = 30.0
FIRST_WAIT = 0.5
LONGEST_WAIT = 8.0
LARGEST_ANSWER = 256 * 1024**2
LARGE_ANSWER = 256 * 1024  # from here it is parsed in a thread
CHUNK = 256 * 1024
_TRANSIENT = frozenset({408, 425, 429})
# A gateway says this with its 503 when the request had already gone on to the server behind it.
_GATEWAY_LOST_IT = "reset before headers"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered.

    Args:
        status: HTTP status.
        body: The JSON body, with the key taken out; None where it is not JSON.
        text: How the body begins, in lower case.
        request_id: What the provider's support asks for.
    """

    status: int
    body: Any
    text: str
    request_id: str | None

    @property
    def good(self) -> bool:
        """Whether the status is one of the 2xx."""
        return 200 <= self.status < 300  # noqa: PLR2004  the class of statuses


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Why there is no answer: `unsent` (not connected), `tls` (no safe connection), `broken` (after sending)."""

    kind: Literal["unsent", "tls", "broken"]
    why: str


def may_repeat_create(error: ProviderError) -> bool:
    """Whether the create call that failed so made nothing for certain and may be sent again after a pause."""
    if isinstance(error, UnknownSubmit) or error.advice is None or error.advice.repeat not in {"safe", "after_wait"}:
        return False
    return isinstance(error, ConnectionFailed) or error.status in {429, 503}


class Caller:
    """Makes the calls of one provider.

    Args:
        wire: `ark` or `acedata`: whose error codes.
        provider: Catalogue name, for errors.
        base_url: Where the provider is.
        secret: Its key.
        limits: Its rates, and how its clock runs.
    """

    def __init__(self, *, wire: str, provider: str, base_url: str, secret: Secret, limits: Limits) -> None:
        self.base_url = base_url
        self._wire = wire
        self._provider = provider
        self._host = urlsplit(base_url).netloc
        self._secret = secret
        self._limits = limits
        self._pool = Pool(base_url, secret)

    async def create(
        self,
        path: str,
        data: bytes,
        *,
        body: Mapping[str, Any],
        id_keys: Sequence[str],
        before_sending: BeforeSending | None = None,
    ) -> tuple[str, str | None]:
        """POST a create call, once.

        Args:
            path: Below `base_url`.
            data: What is sent: `body` as JSON.
            body: Tells which field an error is about.
            id_keys: Where the answer may hold the task id: `id`, `data.task_id`, ...
            before_sending: Awaited before anything of the call leaves; what it raises is raised, and nothing is sent.

        Returns:
            The task id and the request id.

        Raises:
            ProviderError: `UnknownSubmit` where a task may exist; any other where none does.
        """
        connections = await self._pool.here()
        async with connections.places:
            result = await self._exchange(
                connections.creates, "POST", path, data=data, total=CREATE_SECONDS, before_sending=before_sending
            )
        if isinstance(result, NoAnswer):
            if result.kind == "broken":
                raise own_error("UnknownSubmit", f"the create call was sent, but {result.why}", provider=self._provider)
            raise own_error("ConnectionFailed", result.why, provider=self._provider)
        if result.good:
            for key in id_keys:
                holder, _, name = key.rpartition(".")
                if task_id := name_of(part(part(result.body).get(holder) if holder else result.body).get(name)):
                    return task_id, result.request_id
        raise self._create_error(result, body)

    async def ask(
        self,
        kind: Kind,
        method: str,
        path: str,
        *,
        params: Sequence[tuple[str, str]] = (),
        body: Mapping[str, Any] | None = None,
    ) -> Any:
        """Make a call that may be repeated, and return its JSON body.

        Raises:
            ProviderError: There was no answer, or an error, after all attempts.
        """
        return self.body_of(await self.exchange(kind, method, path, params=params, body=body))

    async def exchange(
        self,
        kind: Kind,
        method: str,
        path: str,
        *,
        params: Sequence[tuple[str, str]] = (),
        body: Mapping[str, Any] | None = None,
        attempts: int = ATTEMPTS,
    ) -> Answer | NoAnswer:
        """The same, but return whatever came of it."""
        connections = await self._pool.here()
        real = self._limits.real_seconds
        retrying = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_result(_is_transient),
            stop=tenacity.stop_after_attempt(attempts) | tenacity.stop_after_delay(RETRY_SECONDS),
            wait=tenacity.wait_exponential(multiplier=real(FIRST_WAIT), max=real(LONGEST_WAIT))
            + tenacity.wait_random(0, real(FIRST_WAIT)),
            retry_error_callback=_last_result,
        )
        data = None if body is None else json.dumps(body).encode()
        call = partial(self._exchange, connections.calls, method, path, params=params, data=data, total=ASK_SECONDS)
        return await retrying(call, limiter=connections.limiter(kind, self._limits))

    def body_of(self, result: Answer | NoAnswer) -> Any:
        """The JSON body of a good answer.

        Raises:
            ProviderError: It is none.
        """
        if isinstance(result, NoAnswer):
            raise own_error("ConnectionFailed", result.why, provider=self._provider)
        if not result.good:
            raise self._error(result)
        if result.body is None:
            said = f"{self._host} answered with something that is not JSON."
            raise own_error("ServerError", said, provider=self._provider, status=result.status)
        return result.body

    async def aclose(self) -> None:
        """Close this event loop's connections."""
        await self._pool.aclose()

    def _create_error(self, answer: Answer, body: Mapping[str, Any]) -> ProviderError:
        status, refusal = answer.status, read_refusal(answer.body)
        # Of a gateway, too, these say that nothing was made. 408 does not: who says it has not seen the whole call.
        refused = 300 <= status < 500 and status != 408  # noqa: PLR2004  3xx and 4xx
        turned_away = status == 503 and _GATEWAY_LOST_IT not in answer.text  # noqa: PLR2004
        # A gateway that waited in vain may have passed the call on, whatever words it finds for it.
        if refused or turned_away or (refusal is not None and status not in {502, 504}):
            return self._error(answer, body)
        said = "without a task id" if answer.good else "and not in the provider's own words"
        return own_error(
            "UnknownSubmit",
            f"the create call was sent, but {self._host} answered HTTP {status} {said}.",
            provider=self._provider,
            status=status,
            request_id=answer.request_id,
        )

    def _error(self, answer: Answer, body: Mapping[str, Any] | None = None) -> ProviderError:
        refusal = read_refusal(answer.body) or Refusal("", f"{self._host} answered HTTP {answer.status}.")
        error = make_error(self._wire, self._provider, refusal, status=answer.status, body=body)
        error.request_id = error.request_id or answer.request_id
        return error

    async def _exchange(
        self,
        client: httpx.AsyncClient,
        method: str,
        path: str,
        *,
        total: float,
        params: Sequence[tuple[str, str]] = (),
        data: bytes | None = None,
        limiter: AsyncLimiter | None = None,
        before_sending: BeforeSending | None = None,
    ) -> Answer | NoAnswer:
        deadline = asyncio.timeout(None)
        sent = False
        refused: Exception | None = None

        async def on_event(event: str, _: object) -> None:
            # The rate counts where calls leave, after connecting: made ready together, they would arrive together.
            nonlocal sent, refused
            if event.endswith("send_request_headers.started"):
                if limiter is not None:
                    await limiter.acquire()
                if before_sending is not None:
                    try:
                        await before_sending()
                    except Exception as error:
                        refused = error
                        raise
                sent = True
                deadline.reschedule(asyncio.get_running_loop().time() + total)

        headers = {} if data is None else {"Content-Type": "application/json", "Content-Length": str(len(data))}
        request = client.build_request(
            method,
            self.base_url + path,
            params=list(params) or None,
            content=None if data is None else _chunks(data),
            headers=headers,
            extensions={"trace": on_event},
        )
        try:
            async with deadline:
                response = await client.send(request, stream=True)
                try:
                    return await self._read(response)
                finally:
                    await response.aclose()
        except Exception as error:  # noqa: BLE001  whatever broke, there is no answer
            # Returned, not raised: the frames of this error hold the bare header, and a verbose traceback prints
            # local variables.
            result = self._no_answer(error, sent=sent)
        except BaseException as error:  # noqa: BLE001  an interrupt goes on, without those frames
            error.__cause__ = error.__context__ = None
            raise error.with_traceback(None)  # noqa: B904  it is the same error
        if refused is not None:
            refused.__cause__ = refused.__context__ = None
            raise refused.with_traceback(None)
        return result

    async def _read(self, response: httpx.Response) -> Answer | NoAnswer:
        data = bytearray()
        async for chunk in response.aiter_bytes():
            data += chunk
            if len(data) > LARGEST_ANSWER:
                return NoAnswer("broken", f"{self._host} sent an answer larger than {LARGEST_ANSWER // 1024**2} MiB.")
        parse = partial(_parse, bytes(data), self._secret)
        body = await asyncio.to_thread(parse) if len(data) > LARGE_ANSWER else parse()
        refusal = read_refusal(body)
        told = (refusal and refusal.request_id) or part(body).get("trace_id") or response.headers.get("x-request-id")
        return Answer(
            status=response.status_code,
            body=body,
            text=self._secret.scrub(bytes(data[:4000]).decode("utf-8", "replace")).lower(),
            request_id=name_of(self._secret.scrub(told)) if isinstance(told, str) else None,
        )

    def _no_answer(self, error: Exception, *, sent: bool) -> NoAnswer:
        causes = list(_chain(error))
        if isinstance(error, httpx.ConnectError):
            if tls := next((one for one in causes if isinstance(one, ssl.SSLError)), None):
                reason = words(getattr(tls, "verify_message", None)) or words(tls.reason) or "no reason given"
                return NoAnswer("tls", f"no safe (TLS) connection to {self._host}: {reason}.")
            unknown = any(isinstance(one, socket.gaierror) for one in causes)
            why = "its name is not known" if unknown else "the connection was refused, or the network is down"
            return NoAnswer("unsent", f"{self._host} cannot be reached: {why}.")
        if isinstance(error, httpx.ConnectTimeout):
            return NoAnswer("unsent", f"{self._host} did not take the connection within {CONNECT_SECONDS:g} s.")
        if isinstance(error, httpx.ProxyError):
            return NoAnswer("unsent", f"the proxy on the way to {self._host} refused the connection.")
        if not sent:
            return NoAnswer("unsent", f"no connection to {self._host} ({type(error).__name__}).")
        if isinstance(error, (httpx.TimeoutException, TimeoutError)):
            return NoAnswer("broken", f"{self._host} did not answer in time.")
        return NoAnswer("broken", f"the connection to {self._host} broke before the answer was complete.")


def _is_transient(result: Answer | NoAnswer) -> bool:
    if isinstance(result, NoAnswer):
        return result.kind != "tls"
    server_failed = result.status >= 500  # noqa: PLR2004  5xx
    return server_failed or result.status in _TRANSIENT or (result.good and result.body is None)


def _last_result(state: tenacity.RetryCallState) -> Any:
    return state.outcome.result() if state.outcome is not None else None


def _parse(data: bytes, secret: Secret) -> Any:
    try:
        return without_key(json.loads(data), secret)
    except (ValueError, RecursionError):
        return None


async def _chunks(data: bytes) -> AsyncIterator[bytes]:
    # In pieces, so that the time limit is for silence and not for the whole body, and the loop stays responsive.
    for start in range(0, len(data), CHUNK):
        yield data[start : start + CHUNK]


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
