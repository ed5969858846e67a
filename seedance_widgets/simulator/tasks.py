"""One task of the simulator: what was asked, what will become of it, and what has."""

from __future__ import annotations

import hashlib
import random
import secrets
import string
import uuid
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from seedance_widgets.catalog import model, rules
from seedance_widgets.simulator.magic import number

if TYPE_CHECKING:
    from seedance_widgets.catalog import Model
    from seedance_widgets.providers.base import TaskStatus
    from seedance_widgets.simulator.validate import Asked

# The simulator's own inventions, in seconds of its clock and as factors; no source publishes such figures.
QUEUE_SECONDS = (1.0, 3.0)
RUN_SPREAD = (0.85, 1.15)
FLEX_FACTOR = 4.0
SLOW_FACTOR = 10.0

_BEIJING = timedelta(hours=8)  # Ark's ids are stamped in Beijing's time
_ID_CHARS = string.ascii_lowercase + string.digits


@dataclass(slots=True)
class Task:
    """A task record; everything in it is plain JSON, and nothing in it is a key.

    Args:
        id: What the client asks with: `cgt-...` on the Ark wire, a UUID on AceDataCloud's.
        ark_id: Ark's id behind it; the same on the Ark wire.
        account: A digest of the key, which tells accounts apart.
        model: The catalogue's short name; `model_id` is what was sent.
        request: The body, image data shortened.
        images: (role, address or `sha256:<digest>`) of each.
        outcome: How it ends, if nothing happens before; `never` where it runs until it expires.
        failure: (code, message) where the outcome is `failed`.
    """

    id: str
    ark_id: str
    trace_id: str
    account: str
    provider: str
    model: str
    model_id: str
    request: dict[str, Any]
    prompt: str
    mode: str
    images: list[tuple[str, str]]
    resolution: str
    ratio: str
    frames: int
    duration: int | None
    seed: int
    generate_audio: bool
    camera_fixed: bool
    watermark: bool
    return_last_frame: bool
    service_tier: str
    expires_after: int
    callback_url: str | None
    priority: int
    safety_identifier: str | None
    created_at: float
    updated_at: float
    queue_seconds: float
    run_seconds: float
    outcome: Literal["succeeded", "failed", "gone", "never"]
    words: dict[str, str | None]
    failure: tuple[str, str] | None = None
    status: TaskStatus = "queued"
    started_at: float | None = None
    ended_at: float | None = None
    first_size: tuple[int, int] | None = None
    width: int = 0
    height: int = 0
    video_token: str = ""
    frame_token: str = ""
    downloads: dict[str, int] = field(default_factory=dict)

    @property
    def about(self) -> Model:
        """The catalogue's entry for its model."""
        return model(self.model)

    @property
    def final(self) -> bool:
        """Whether nothing will change any more."""
        return self.ended_at is not None

    @property
    def tokens(self) -> int:
        """What it bills: floor(frames * width * height / 1024)."""
        return self.frames * self.width * self.height // rules().token_pixels

    @property
    def missing_images(self) -> list[str]:
        """Addresses that have not been fetched yet."""
        return [where for _, where in self.images if not where.startswith("sha256:")]

    def settle_size(self) -> None:
        """Resolve `adaptive` and take the output size, once the first frame is known."""
        from seedance_widgets.request.framing import output_size  # noqa: PLC0415 - not needed to start the server
        from seedance_widgets.request.images import ImageFacts  # noqa: PLC0415 - the same

        facts = None
        if self.first_size is not None:
            facts = ImageFacts(format="jpeg", bytes=0, width=self.first_size[0], height=self.first_size[1])
        size = output_size(self.about, self.resolution, self.ratio, facts)
        if size is None:  # adaptive without a first frame: the model chooses by the prompt
            ratios = rules().ratios
            chosen = ratios[_number_from(self.prompt) % len(ratios)]
            size = output_size(self.about, self.resolution, chosen, None)
        if size is None:
            raise LookupError(f"the catalogue has no size for {self.model} at {self.resolution}, {self.ratio}.")
        self.width, self.height, self.ratio = size

    def to_dict(self) -> dict[str, Any]:
        """What the store keeps."""
        return asdict(self)

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> Task:
        """The task that `to_dict` wrote."""
        pairs = {name: tuple(record[name]) if record[name] else None for name in ("failure", "first_size")}
        return cls(**{**record, **pairs, "images": [(role, where) for role, where in record["images"]]})


def new_task(asked: Asked, request: dict[str, Any], *, account: str, now: float, words: dict[str, str | None]) -> Task:
    """The task that an accepted create call makes, its whole fate decided but not yet begun."""
    seed = asked.seed if asked.seed >= 0 else secrets.randbelow(rules().seed.last + 1)
    dice = random.Random(f"{seed} {asked.prompt}")  # noqa: S311 - a repeatable spread, no secret
    duration, frames = _length(asked)
    run = _run_seconds(asked, frames, dice, words)
    queue = number(words, "queue", 20.0) if "queue" in words else dice.uniform(*QUEUE_SECONDS)
    ark_id = _ark_id(now, flex=asked.service_tier == "flex")
    outcome, failure = _fate(words)
    first = asked.first_frame
    return Task(
        id=str(uuid.uuid4()) if asked.provider == "acedata" else ark_id,
        ark_id=ark_id,
        trace_id=str(uuid.uuid4()),
        account=account,
        provider=asked.provider,
        model=asked.model.name,
        model_id=asked.model.id_at("ark-cn") if asked.model_id.startswith("ep-") else asked.model_id,
        request=request,
        prompt=asked.prompt,
        mode=asked.mode,
        images=[(one.role, one.url if one.url is not None else f"sha256:{one.digest}") for one in asked.pictures],
        resolution=asked.resolution,
        ratio=asked.ratio,
        frames=frames,
        duration=duration,
        seed=seed,
        generate_audio=asked.generate_audio,
        camera_fixed=asked.camera_fixed,
        watermark=asked.watermark,
        return_last_frame=asked.return_last_frame,
        service_tier=asked.service_tier,
        expires_after=int(number(words, "expire", 10.0)) if "expire" in words else asked.execution_expires_after,
        callback_url=asked.callback_url,
        priority=asked.priority,
        safety_identifier=asked.safety_identifier,
        created_at=now,
        updated_at=now,
        queue_seconds=queue,
        run_seconds=run,
        outcome=outcome,
        words=words,
        failure=failure,
        first_size=None if first is None or not first.width or not first.height else (first.width, first.height),
        video_token=secrets.token_urlsafe(24),
        frame_token=secrets.token_urlsafe(24),
    )


def _length(asked: Asked) -> tuple[int | None, int]:
    """Duration in seconds (None where frames were asked) and number of frames."""
    if asked.frames is not None:
        return None, asked.frames
    duration = asked.duration
    if duration == -1:
        span = asked.model.duration
        duration = span.first + _number_from(asked.prompt) % (span.last - span.first + 1)
    return duration, duration * rules().fps + 1


def _run_seconds(asked: Asked, frames: int, dice: random.Random, words: dict[str, str | None]) -> float:
    if "run" in words:
        return number(words, "run", 30.0)
    seconds = asked.model.typical_seconds(asked.resolution, frames / rules().fps) * dice.uniform(*RUN_SPREAD)
    seconds *= FLEX_FACTOR if asked.service_tier == "flex" else 1.0
    return seconds * (SLOW_FACTOR if "slow" in words else 1.0)


def _fate(
    words: dict[str, str | None],
) -> tuple[Literal["succeeded", "failed", "gone", "never"], tuple[str, str] | None]:
    if "stuck" in words or "expire" in words:
        return "never", None
    if "gone" in words:
        return "gone", None
    if "output-moderation" in words:
        message = "The request failed because the output video may contain sensitive information."
        return "failed", ("OutputVideoSensitiveContentDetected", message)
    if words.get("html", "submit") is None:
        return "failed", ("InternalServiceError", HOSTILE)
    if "fail" in words:
        code = words["fail"] or "InternalServiceError"
        return "failed", (code, "The service encountered an unexpected internal error.")
    return "succeeded", None


HOSTILE = (
    'The task failed. <img src=x onerror="alert(1)"><script>alert(2)</script>'
    '</div><style>*{display:none}</style> <a href="javascript:alert(3)">more</a> ${7*7} {{7*7}}'
)


def _ark_id(now: float, *, flex: bool) -> str:
    stamp = (datetime.fromtimestamp(now, UTC) + _BEIJING).strftime("%Y%m%d%H%M%S")
    tail = "".join(secrets.choice(_ID_CHARS) for _ in range(5))
    return f"cgt-{'batch-' if flex else ''}{stamp}-{tail}"


def _number_from(text: str) -> int:
    """A large number that depends on the text alone."""
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "replace")).digest()[:8], "big")
