"""The very request as code: Python, JSON, curl, the provider's own SDK, and a sweep. No key is ever in it."""

from __future__ import annotations

import math
import secrets
from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypedDict

from seedance_widgets import choice
from seedance_widgets.catalog import find_model, provider_facts, provider_name, rules
from seedance_widgets.errors import ConfigurationError, StorageError
from seedance_widgets.providers.service import Service
from seedance_widgets.request import estimate
from seedance_widgets.request.estimate import money
from seedance_widgets.request.images import ImageTrouble, Unusable
from seedance_widgets.request.model import IMAGE_FIELDS
from seedance_widgets.request.plain import is_whole
from seedance_widgets.samples import sample_image
from seedance_widgets.widgets.literals import here_text, json_text, python_text, python_value, shell_word
from seedance_widgets.widgets.local_images import LocalImages, own_name
from seedance_widgets.widgets.strings import text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from seedance_widgets.providers.base import Provider
    from seedance_widgets.request import VideoRequest

SWEEP = 4  # videos in the sweep
_DATA_URI = [
    "def data_uri(path, kind):",
    '    return f"data:image/{kind};base64," + base64.b64encode(Path(path).read_bytes()).decode()',
]


class Snippet(TypedDict):
    """One request in one language: `name` for programs, `title` for people, `language` for colours, and the `text`."""

    name: str
    title: str
    language: str
    text: str


def snippets(request: VideoRequest, provider: Provider | None, lang: str = "en") -> list[Snippet]:
    """The request as code in several languages. Blocking: it may read the headers of images and compare their bytes.

    Args:
        request: What is asked; one with errors is written down as it is.
        provider: Who would make it; None where that is not settled, and then there is Python alone.
        lang: `en` or `zh`, for titles and comments.
    """
    code = _Code(request, provider, lang)
    made = [("python", "python", code.python())]
    if provider is not None:
        made.append(("json", "json", code.json(provider)))
        if isinstance(provider, Service):
            made.append(("curl", "bash", code.curl(provider)))
            sdk = code.ark_sdk if provider_facts(provider.name).wire == "ark" else code.acedata_sdk
            made.append((sdk.__name__, "python", sdk(provider)))
    made.append(("sweep", "python", code.sweep()))
    return [
        Snippet(name=name, title=text(lang, f"code.{name}"), language=language, text=written)
        for name, language, written in made
    ]


class _Code:
    """Writes one request down.

    Args:
        request: What is asked.
        provider: Who would make it, or None.
        lang: `en` or `zh`.
    """

    def __init__(self, request: VideoRequest, provider: Provider | None, lang: str) -> None:
        self._request = request
        self._provider = provider
        self._lang = lang
        self._images = LocalImages(request)

    # ------------------------------------------------------------------------------------------- this package

    def python(self) -> str:
        """A cell that makes the video."""
        name = "generate_video" if self._request.mode == "text" else "generate_video_from_image"
        call = [f"video = await sw.{name}(", *self._arguments(), ")"]
        return _lines("import seedance_widgets as sw", "", *self._use(), *self._notes(python_text), *call, "video")

    def sweep(self) -> str:
        """A cell that makes several videos of the request, and shows them as a grid."""
        model, seed = find_model(self._request.model), self._request.seed
        notes = [*self._notes(python_text), *self._cost()]
        if model is None or model.seed:
            first = seed if is_whole(seed) and seed >= 0 else 0
            first = max(0, min(first, rules().seed.last - SWEEP + 1))
            varied = f'axes={{"seed": range({first}, {first + SWEEP})}}'
        else:
            varied = f"repeats={SWEEP}"
            notes.append(self._comment("no_seed", model=model.title, count=SWEEP))
        return _lines(
            "import seedance_widgets as sw",
            "",
            *self._use(),
            *notes,
            "base = sw.VideoRequest(",
            *self._arguments(without="seed"),
            ")",
            f"sweep = sw.Sweep(base, {varied})",
            f"await sweep.run({self._cap()})",
        )

    def _cap(self) -> str:
        """What the sweep may cost: its price, rounded up to a cent; nothing where it is free, or cannot be told."""
        if self._provider is None or not self._provider.billed:
            return ""
        price = estimate(self._request, self._provider).price
        return "" if price is None else f"max_cost={math.ceil(price * SWEEP * 100) / 100}"

    def _arguments(self, without: str = "") -> list[str]:
        """The prompt, and each argument that differs from its default, as lines of a call."""
        given = [
            f"    {field.name}={self._argument(field.name)},"
            for field in fields(self._request)[1:]
            if field.name != without and not _is_default(getattr(self._request, field.name), field.default)
        ]
        return [f"    {python_value(self._request.prompt)},", *given]

    def _argument(self, name: str) -> str:
        value = getattr(self._request, name)
        if name not in IMAGE_FIELDS:
            return python_value(value)
        return f"[{', '.join(map(self._image, value))}]" if isinstance(value, tuple) else self._image(value)

    def _image(self, value: Any) -> str:
        if value == str(sample_image()):
            return "sw.sample_image()"  # its path is another one on every machine
        return python_value(self._images.files.get(value, value))

    def _use(self) -> list[str]:
        """The line that chooses the provider, where a bare notebook would not."""
        provider = self._provider
        if provider is None or not isinstance(provider, Service):
            return []
        if not provider.billed:
            if provider.id == _default_id():
                return []
            name = "simulator" if provider.id == provider_name("simulator") else provider.id
            return [f"sw.use({python_text(name)})", ""]
        facts = provider_facts(provider.name)
        who = python_text(facts.aliases[0])
        if provider.base_url != facts.base_url:
            region = f"region={python_text(facts.name.removeprefix('ark-'))}, " if facts.wire == "ark" else ""
            who = f"sw.providers.{type(provider).__name__}({region}base_url={python_text(provider.base_url)})"
        return [f"sw.use({who})  {self._comment('key_of', variable=facts.key_env[0])}", ""]

    def _cost(self) -> list[str]:
        if self._provider is None or not self._provider.billed:
            return []
        expected = estimate(self._request, self._provider)
        if expected.price is None or expected.currency is None:
            return []
        price = money(expected.price, expected.currency)
        return [self._comment("cost", count=SWEEP, price=price, label=self._provider.label)]

    # ------------------------------------------------------------------------------------------- what is sent

    def json(self, provider: Provider) -> str:
        """The body of the create call, with image data cut short."""
        try:
            body = provider.body(self._request, shorten=True)
        except (StorageError, ImageTrouble):  # an image is not there: its name stands for it
            names = {image.mark: self._images.path(image) for image in self._images}
            return json_text(_exchanged(provider.body(self._images.marked), names))
        return json_text(body)

    def curl(self, service: Service) -> str:
        """The create call, and the call that asks how the task is doing."""
        facts = provider_facts(service.name)
        key = f"${facts.key_env[0]}" if service.billed else "any"
        authorization = f'-H "Authorization: Bearer {key}"'
        kind = '-H "Content-Type: application/json"'
        body = json_text(service.body(self._images.marked))
        if self._images:  # `-d @-` takes out the line breaks that base64 makes
            body = here_text(body)
        for image in self._images:
            body = body.replace(image.mark, f"data:image/{image.kind};base64,${image.role}")
        notes = [*self._notes(shell_word), *([] if service.billed else [self._comment("any_key")])]
        return _lines(
            *notes,
            *(f"{image.role}=$(base64 < {shell_word(self._images.path(image))}) &&" for image in self._images),
            f"curl -sS {shell_word(service.create_url)} \\",
            f"  {authorization} \\",
            f"  {kind} \\",
            "  -d @- <<JSON" if self._images else "  -d @- <<'JSON'",
            body,
            "JSON",
            "",
            self._comment("poll"),
            *self._curl_poll(service, authorization, kind),
        )

    def _curl_poll(self, service: Service, authorization: str, kind: str) -> list[str]:
        mark = secrets.token_hex(16)
        task_id = f"${{TASK_ID:?{text(self._lang, 'code.set_task_id')}}}"
        call = service.retrieval(mark)
        before, found, after = (service.base_url + call.path).partition(mark)
        url = shell_word(before) + (f'"{task_id}"' if found else "") + (shell_word(after) if after else "")
        if call.body is None:
            return [f"curl -sS {url} {authorization}"]
        body = here_text(json_text(call.body)).replace(mark, task_id)
        return [f"curl -sS {url} \\", f"  {authorization} \\", f"  {kind} \\", "  -d @- <<JSON", body, "JSON"]

    # ---------------------------------------------------------------------------------- the providers' own SDKs

    def ark_sdk(self, service: Service) -> str:
        """Create and poll with `volcenginesdkarkruntime`."""
        return _lines(
            *self._imports(service, "time"),
            f"from volcenginesdkarkruntime import Ark  {self._comment('install', package='volcengine-ark-runtime')}",
            "",
            *self._reader(),
            *self._notes(python_text),
            *self._client(service, "ark = Ark", "api_key"),
            "tasks = ark.content_generation.tasks",
            "made = tasks.create(",
            *self._sent(service),
            ")",
            'while (task := tasks.get(task_id=made.id)).status in {"queued", "running"}:',
            "    time.sleep(3)",
            'print(task.status, task.content.video_url if task.status == "succeeded" else task.error)',
        )

    def acedata_sdk(self, service: Service) -> str:
        """Create and poll with `acedatacloud`."""
        return _lines(
            *self._imports(service),
            f"from acedatacloud import AceDataCloud  {self._comment('install', package='acedatacloud')}",
            "",
            *self._reader(),
            *self._notes(python_text),
            *self._client(service, "client = AceDataCloud", "api_token"),
            "task = client.seedance.generate(",
            *self._sent(service, without="async"),  # a word of Python; the client always sends it
            ")",
            "state = task.wait(poll_interval=3, max_wait=3600)",
            "print(*(task.urls() or [state]))",
        )

    def _imports(self, service: Service, *more: str) -> list[str]:
        names = [*more, *(["os"] if service.billed else []), *(["base64"] if self._images else [])]
        lines = [f"import {name}" for name in sorted(names)]
        if self._images:
            lines.append("from pathlib import Path")
        return [*lines, ""] if lines else []

    def _reader(self) -> list[str]:
        return ["", *_DATA_URI, "", ""] if self._images else []

    def _client(self, service: Service, made: str, argument: str) -> list[str]:
        key = f'os.environ["{provider_facts(service.name).key_env[0]}"]' if service.billed else '"any"'
        note = [] if service.billed else [self._comment("any_key")]
        # Both clients repeat a create call by themselves when its answer is lost, and each one made is billed.
        once = f"max_retries=0)  {self._comment('once')}"
        return [*note, f"{made}({argument}={key}, base_url={python_text(service.base_url)}, {once}"]

    def _sent(self, service: Service, without: str = "") -> list[str]:
        """The body of the create call as keyword arguments, with the content in lines of its own."""
        names = {
            image.mark: f"data_uri({python_text(self._images.path(image))}, {python_text(image.kind)})"
            for image in self._images
        }
        lines: list[str] = []
        for key, value in service.body(self._images.marked).items():
            if key == "content":
                lines += ["    content=[", *(f"        {python_value(one, names)}," for one in value), "    ],"]
            elif key != without:
                lines.append(f"    {key}={python_value(value, names)},")
        return lines

    def _notes(self, write: Callable[[str], str]) -> list[str]:
        """Where the files come from that stand for image data, as comments."""
        where = {image.value: image.where for image in reversed([*self._images])}  # the first of equal ones
        notes = []
        for value, name in self._images.files.items():
            if isinstance(value, Unusable):
                notes.append(self._comment("no_image", file=write(name), reason=write(value.reason)))
            elif own_name(value) == name:
                notes.append(self._comment("uploaded", file=write(name)))
            else:
                notes.append(self._comment("unnamed", file=write(name), where=f"request.{where[value]}"))
        return notes

    def _comment(self, name: str, **values: object) -> str:
        return f"# {text(self._lang, f'code.{name}', **values)}"


def _default_id() -> str | None:
    """Who makes the videos in a cell that does not say; None where that is not settled."""
    try:
        return choice.resolve().id
    except ConfigurationError:
        return None


def _is_default(value: Any, default: Any) -> bool:
    return type(value) is type(default) and value == default  # 1 is not True


def _exchanged(value: Any, names: Mapping[str, str]) -> Any:
    """Plain values with other strings in the place of some."""
    if isinstance(value, dict):
        return {key: _exchanged(one, names) for key, one in value.items()}
    if isinstance(value, list):
        return [_exchanged(one, names) for one in value]
    return names.get(value, value) if isinstance(value, str) else value


def _lines(*lines: str) -> str:
    return "\n".join(lines)
