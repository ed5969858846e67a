"""What Ark and AceDataCloud have in common: key, address, names, and the content list of a request."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from seedance_widgets.catalog import find_model, provider_facts, rules
from seedance_widgets.errors import InvalidRequest
from seedance_widgets.providers.base import Limits, Submitted
from seedance_widgets.providers.http import Caller
from seedance_widgets.providers.keys import read_base_url, read_key
from seedance_widgets.request.images import wire_url

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from seedance_widgets.catalog import Model
    from seedance_widgets.providers.base import BeforeSending
    from seedance_widgets.providers.keys import Secret
    from seedance_widgets.request import VideoRequest

SHOWN_DATA = 60


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a wire: its method, its path below the base URL, and its JSON body, where it has one."""

    method: str
    path: str
    body: Mapping[str, Any] | None = None


class Service:
    """One provider over HTTP; `Ark` and `AceDataCloud` add the words of their wire."""

    _create_path: ClassVar[str]
    _id_keys: ClassVar[Sequence[str]]
    _key_argument: ClassVar[str]
    _base_url_env: ClassVar[str]
    _get_one: ClassVar[str]

    def __init__(
        self, name: str, key: Secret | None, base_url: str | None, *, limits: Limits | None, simulated: bool
    ) -> None:
        self._facts = provider_facts(name)
        self._simulated = simulated
        self._secret = read_key(
            key,
            self._facts.key_env,
            argument=self._key_argument,
            label=self._facts.label,
            get_one=self._get_one,
        )
        self._limits = limits or published_limits(name)
        self._caller = Caller(
            wire=self._facts.wire,
            provider=name,
            base_url=read_base_url(base_url, self._base_url_env, self._facts.base_url),
            secret=self._secret,
            limits=self._limits,
        )

    @property
    def name(self) -> str:
        """Catalogue name, whose rules and prices hold."""
        return self._facts.name

    @property
    def id(self) -> str:
        """What the ledger remembers."""
        return f"simulator:{self.name}" if self._simulated else self.name

    @property
    def label(self) -> str:
        """For people."""
        return "Simulator" if self._simulated else self._facts.label

    @property
    def billed(self) -> bool:
        """Whether a video costs money."""
        return not self._simulated

    @property
    def base_url(self) -> str:
        """Where it is asked."""
        return self._caller.base_url

    @property
    def create_url(self) -> str:
        """Where the create call is POSTed."""
        return self.base_url + self._create_path

    @property
    def limits(self) -> Limits:
        """How fast it may be asked."""
        return self._limits

    def retrieval(self, task_id: str) -> Call:
        """The call that asks for one task."""
        raise NotImplementedError

    def body(self, request: VideoRequest, *, shorten: bool = False) -> dict[str, Any]:
        """The JSON body of the create call. It reads local images: call it in a thread.

        Args:
            request: What is asked; `check` has found no error in it.
            shorten: Cut image data to a few characters, for showing.

        Raises:
            StorageError: A local image cannot be read.
        """
        model = find_model(request.model)
        return {
            "model": model.id_at(self.name) if model is not None else request.model,
            "content": content_of(request, shorten=shorten),
            **length_of(request),
            **self._settings(request, model),
        }

    def _settings(self, request: VideoRequest, model: Model | None) -> dict[str, Any]:
        raise NotImplementedError

    async def submit(self, request: VideoRequest, *, before_sending: BeforeSending | None = None) -> Submitted:
        """POST the create call once.

        Args:
            request: What is asked; `check` has found no error in it.
            before_sending: Awaited before anything of the call leaves; what it raises is raised, and nothing is sent.

        Raises:
            ProviderError: `UnknownSubmit` where the answer was lost; any other says that nothing was made.
            StorageError: A local image cannot be read.
        """
        body, data = await asyncio.to_thread(self._encoded, request)
        task_id, request_id = await self._caller.create(
            self._create_path, data, body=body, id_keys=self._id_keys, before_sending=before_sending
        )
        return Submitted(task_id, request_id)

    def _encoded(self, request: VideoRequest) -> tuple[dict[str, Any], bytes]:
        try:
            body = self.body(request)
            return body, json.dumps(body, allow_nan=False).encode()
        except (TypeError, ValueError) as error:  # `ImageTrouble` is a ValueError too
            raise InvalidRequest(
                f"the request cannot be written as JSON: {error}. sw.check(request) says which value is wrong.",
                provider=self.name,
            ) from None

    async def aclose(self) -> None:
        """Close this event loop's connections."""
        await self._caller.aclose()

    def __eq__(self, other: object) -> bool:
        # Two that open the same account share one engine, and with it the account's rates.
        if not isinstance(other, Service):
            return NotImplemented
        return (self.id, self.base_url, self.limits, self._secret) == (
            other.id,
            other.base_url,
            other.limits,
            other._secret,
        )

    def __hash__(self) -> int:
        return hash((self.id, self.base_url))

    def __repr__(self) -> str:
        if not hasattr(self, "_caller"):  # seen in the traceback of an error that `__init__` raised
            return f"<{type(self).__name__}, not ready>"
        return f"<{self.label} ({self.id}), {'billed' if self.billed else 'not billed'}, at {self.base_url}>"


def published_limits(name: str) -> Limits:
    """The rates that the catalogue has for the provider `name`."""
    facts, plain = provider_facts(name), Limits()
    return Limits(
        get_per_second=facts.get_per_second,
        list_per_second=facts.list_per_second,
        delete_per_second=facts.delete_per_second,
        batch_per_second=facts.batch_per_second,
        list_ids=facts.list_ids or plain.list_ids,
        batch_ids=facts.batch_ids or plain.batch_ids,
        max_queued=facts.max_queued,
    )


def content_of(request: VideoRequest, *, shorten: bool) -> list[dict[str, Any]]:
    """The `content` list, which both wires write alike: the prompt, then each image with its role."""
    images = [
        {"type": "image_url", "image_url": {"url": _short(url) if shorten else url}, "role": role}
        for role, url in ((role, wire_url(value)) for role, value in request.images)
    ]
    # The text may be left out beside images, and an empty one is refused.
    text = [{"type": "text", "text": request.prompt}] if request.prompt or not images else []
    return [*text, *images]


def length_of(request: VideoRequest) -> dict[str, int]:
    """`frames` or `duration`, never both: `frames` would win silently."""
    if request.frames is not None:
        return {"frames": request.frames}
    return {"duration": rules().default_duration if request.duration is None else request.duration}


def _short(url: str) -> str:
    if not url.startswith("data:") or len(url) <= SHOWN_DATA:
        return url
    return f"{url[:SHOWN_DATA]}… ({len(url)} characters)"
