"""What the provider refuses at once: the rules of the create call, on the body as it comes over the wire."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from seedance_widgets.catalog import ADAPTIVE, catalogue, find_model, provider_facts, rules
from seedance_widgets.simulator.pictures import ASSET, Picture, is_web_url, picture_from
from seedance_widgets.simulator.refusal import Refusal, invalid, missing

if TYPE_CHECKING:
    from seedance_widgets.catalog import Mode, Model

ROLES = ("first_frame", "last_frame", "reference_image")
ENDPOINT_MODEL = "1.0-pro"  # what an endpoint id `ep-...` stands for here
SAFETY_CHARS = 64
PRIORITIES = range(10)

_TYPES: dict[str, type] = {
    "resolution": str,
    "ratio": str,
    "duration": int,
    "frames": int,
    "seed": int,
    "camera_fixed": bool,
    "watermark": bool,
    "generate_audio": bool,
    "return_last_frame": bool,
    "service_tier": str,
    "execution_expires_after": int,
    "callback_url": str,
    "priority": int,
    "safety_identifier": str,
    "draft": bool,
    "output_format": str,
    "omni_reference_task_type": str,
    "tools": list,
    "async": bool,
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A create call that the provider accepts, with the provider's defaults filled in.

    Args:
        provider: `ark-cn`, `ark-ap` or `acedata`.
        model_id: The id as it was sent.
        ratio: As asked; `adaptive` is resolved later.
        duration: Seconds, -1 where the model decides; unused where `frames` is given.
    """

    provider: str
    model: Model
    model_id: str
    mode: Mode
    prompt: str
    pictures: tuple[Picture, ...]
    resolution: str
    ratio: str
    duration: int
    frames: int | None
    seed: int
    generate_audio: bool
    camera_fixed: bool
    watermark: bool
    return_last_frame: bool
    service_tier: str
    execution_expires_after: int
    callback_url: str | None
    priority: int
    safety_identifier: str | None

    @property
    def first_frame(self) -> Picture | None:
        """The picture that the video starts with."""
        return next((one for one in self.pictures if one.role == "first_frame"), None)


def validate_ark(body: Any) -> Asked:
    """The create call in an Ark or BytePlus body.

    Raises:
        Refusal: The provider would refuse it.
    """
    values = _object(body)
    provider, model, model_id = _model(values, ("ark-cn", "ark-ap"))
    return _asked(values, provider, model, model_id)


def validate_acedata(body: Any) -> Asked:
    """The create call in an AceDataCloud body.

    Raises:
        Refusal: The provider would refuse it.
    """
    values = _object(body)
    provider, model, model_id = _model(values, ("acedata",))
    # Its own name for one field, and no service tier: what it does not know, it ignores.
    for unknown in ("camera_fixed", "service_tier"):
        values.pop(unknown, None)
    if "camerafixed" in values:
        values["camera_fixed"] = values.pop("camerafixed")
    return _asked(values, provider, model, model_id)


def _object(body: Any) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise invalid("body", "a JSON object was expected.")
    return {name: value for name, value in body.items() if value is not None}


@cache
def _ids(providers: tuple[str, ...]) -> dict[str, tuple[str, Model]]:
    return {
        model.id_at(provider): (provider, model)
        for provider in reversed(providers)
        for model in catalogue().models.values()
        if provider in model.ids
    }


def _model(values: dict[str, Any], providers: tuple[str, ...]) -> tuple[str, Model, str]:
    if "model" not in values:
        raise missing("model")
    model_id = values["model"]
    if not isinstance(model_id, str):
        raise invalid("model", "a string was expected.")
    if model_id in _ids(providers):
        return *_ids(providers)[model_id], model_id
    if model_id.startswith("ep-") and "ark-cn" in providers:
        stands_for = find_model(ENDPOINT_MODEL)
        if stands_for is not None:
            return "ark-cn", stands_for, model_id
    message = f"the model or endpoint {model_id[:80]} does not exist or you do not have access to it."
    raise Refusal(404, "InvalidEndpointOrModel.NotFound", message, "model")


def _asked(values: dict[str, Any], provider: str, model: Model, model_id: str) -> Asked:
    _check_types(values)
    prompt, pictures = _content(values, provider, model)
    mode = _mode(pictures, prompt, model, provider)
    resolution = _resolution(values, model, mode, provider)
    _unsupported(values, model, mode)
    _check_ranges(values)
    ark = provider != "acedata"
    return Asked(
        provider=provider,
        model=model,
        model_id=model_id,
        mode=mode,
        prompt=prompt,
        pictures=pictures,
        resolution=resolution,
        ratio=_ratio(values, model, mode, provider),
        duration=_duration(values, model),
        frames=_frames(values, model),
        seed=values.get("seed", -1),
        generate_audio=values.get("generate_audio", model.audio and ark),
        camera_fixed=values.get("camera_fixed", False),
        watermark=values.get("watermark", False),
        return_last_frame=values.get("return_last_frame", False),
        service_tier=values.get("service_tier", "default"),
        execution_expires_after=values.get("execution_expires_after", rules().expires.default or rules().expires.last),
        callback_url=values.get("callback_url"),
        priority=values.get("priority", 0),
        safety_identifier=values.get("safety_identifier"),
    )


def _check_types(values: dict[str, Any]) -> None:
    for name, kind in _TYPES.items():
        value = values.get(name)
        if value is None:
            continue
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            expected = {str: "a string", int: "a whole number", bool: "true or false", list: "a list"}[kind]
            raise invalid(name, f"{expected} was expected.")


def _content(values: dict[str, Any], provider: str, model: Model) -> tuple[str, tuple[Picture, ...]]:
    content = values.get("content")
    if content is None:
        raise missing("content")
    if not isinstance(content, list) or not content:
        raise invalid("content", "a list with at least one item was expected.")
    texts: list[str] = []
    pictures: list[Picture] = []
    for index, item in enumerate(content):
        path = f"content[{index}]"
        if not isinstance(item, dict):
            raise invalid(path, "an object was expected.")
        kind = item.get("type")
        _check_keys(item, kind, path, strict=provider == "acedata")
        if kind == "text":
            texts.append(_text(item, path, provider))
        elif kind == "image_url":
            pictures.append(_picture(item, path, model, assets=model.assets and provider != "acedata"))
        elif kind in {"video_url", "audio_url", "draft_task"}:
            raise invalid(
                f"{path}.type", f"the simulator takes no {kind} input.", "InvalidParameter.UnsupportedParameter"
            )
        else:
            raise invalid(f"{path}.type", "text or image_url was expected.")
    return " ".join(texts), _with_roles(pictures)


def _check_keys(item: dict[str, Any], kind: Any, path: str, *, strict: bool) -> None:
    unknown = item.keys() - {"type", "role", str(kind)}
    if strict and unknown:
        raise invalid(f"{path}.{min(unknown)}", "additional properties are not allowed.")


def _text(item: dict[str, Any], path: str, provider: str) -> str:
    text = item.get("text")
    if not isinstance(text, str):
        raise invalid(f"{path}.text", "a string was expected.")
    if any("\ud800" <= one <= "\udfff" for one in text):
        raise invalid(f"{path}.text", "it holds half a character (a lone surrogate).")
    most = provider_facts(provider).prompt_chars
    if most is not None and len(text) > most:
        raise invalid(f"{path}.text", f"it has {len(text)} characters; at most {most} are allowed.")
    return text


def _picture(item: dict[str, Any], path: str, model: Model, *, assets: bool) -> Picture:
    holder, role = item.get("image_url"), item.get("role")
    url = holder.get("url") if isinstance(holder, dict) else None
    if not isinstance(url, str):
        raise invalid(f"{path}.image_url", 'an object {"url": "..."} was expected.')
    if role is not None and role not in ROLES:
        raise invalid(f"{path}.role", f"one of {', '.join(ROLES)} was expected.")
    if url.lower().startswith(ASSET) and not assets:
        raise invalid(f"{path}.image_url.url", "asset:// images are not supported here.")
    return picture_from(url, role or "", f"{path}.image_url.url", model)


def _with_roles(pictures: list[Picture]) -> tuple[Picture, ...]:
    if len(pictures) == 1 and not pictures[0].role:
        only = pictures[0]
        return (Picture("first_frame", only.param, only.url, only.data, only.format, only.width, only.height),)
    bare = next((one for one in pictures if not one.role), None)
    if bare is not None:
        raise invalid(bare.param.replace("image_url.url", "role"), "with several images, each needs a role.")
    return tuple(pictures)


def _mode(pictures: tuple[Picture, ...], prompt: str, model: Model, provider: str) -> Mode:
    count = Counter(one.role for one in pictures)
    frames = count["first_frame"] + count["last_frame"]
    if count["reference_image"] and frames:
        raise invalid("content", "reference images cannot be combined with a first or last frame.")
    if max(count["first_frame"], count["last_frame"]) > 1:
        raise invalid("content", "there can be one first frame and one last frame.")
    if count["last_frame"] and not count["first_frame"]:
        raise invalid("content", "a last frame needs a first frame.")
    if not pictures and not prompt.strip():
        raise missing("content.text")
    mode: Mode = "text"
    if count["reference_image"]:
        mode = "references"
    elif frames:
        mode = "first_last_frame" if count["last_frame"] else "first_frame"
    if mode not in model.modes and model.dispute(f"mode.{mode}", provider) is None:
        raise invalid("content", f"mode {mode} is not supported for model {model.name}.")
    if count["reference_image"] > model.references > 0:
        raise invalid("content", f"model {model.name} takes at most {model.references} reference images.")
    return mode


def _resolution(values: dict[str, Any], model: Model, mode: Mode, provider: str) -> str:
    asked: str = values.get("resolution", model.provider_resolution)
    allowed = model.resolutions_in(mode)
    if asked not in allowed and not (asked in model.resolutions and model.dispute(f"resolution.{asked}", provider)):
        message = f"{asked[:20]} is not supported for model {model.name} in mode {mode}; it makes {', '.join(allowed)}."
        raise invalid("resolution", message)
    return asked


def _ratio(values: dict[str, Any], model: Model, mode: Mode, provider: str) -> str:
    fixed = rules().ratios
    # Ark fits the image where the model can; AceDataCloud says 16:9, which a model that only adapts cannot do.
    adapts = mode in model.adaptive and (provider != "acedata" or mode in model.adaptive_only)
    asked: str = values.get("ratio", ADAPTIVE if adapts else fixed[0])
    if asked != ADAPTIVE and asked not in fixed:
        raise invalid("ratio", f"one of {', '.join(fixed)} or {ADAPTIVE} was expected.")
    if asked == ADAPTIVE and mode not in model.adaptive:
        raise invalid("ratio", f"{ADAPTIVE} is not supported for model {model.name} in mode {mode}.")
    if asked != ADAPTIVE and mode in model.adaptive_only:
        why = f"model {model.name} in mode {mode} keeps the image's own ratio; only {ADAPTIVE} is supported."
        raise invalid("ratio", why, "InvalidParameter.TaskTypeConstraint")
    return asked


def _duration(values: dict[str, Any], model: Model) -> int:
    asked: int = values.get("duration", rules().default_duration)
    if "frames" not in values and asked not in model.duration:  # frames beat the duration
        span = f"{model.duration.first} to {model.duration.last}" + (" or -1" if model.duration.auto else "")
        raise invalid("duration", f"{asked} is not supported for model {model.name}; {span} was expected.")
    return asked


def _frames(values: dict[str, Any], model: Model) -> int | None:
    asked: int | None = values.get("frames")
    if asked is None:
        return None
    if not model.frames:
        why = f"it is not supported for model {model.name}."
        raise invalid("frames", why, "InvalidParameter.UnsupportedParameter")
    if asked not in rules().frames:
        span = rules().frames
        raise invalid("frames", f"25 + 4n from {span.first} to {span.last} was expected.")
    return asked


def _unsupported(values: dict[str, Any], model: Model, mode: Mode) -> None:
    """Settings that this model does not know at all."""
    tier = values.get("service_tier", "default")
    if tier not in {"default", "flex"}:
        raise invalid("service_tier", "default or flex was expected.")
    refused = {
        "service_tier": tier not in model.tiers,
        "generate_audio": values.get("generate_audio", False) and not model.audio,
        "camera_fixed": values.get("camera_fixed", False) and mode not in model.camera_fixed,
        "draft": values.get("draft", False),
        "output_format": values.get("output_format", "mp4") != "mp4",
        "omni_reference_task_type": values.get("omni_reference_task_type", "auto") not in {"auto", "reference"},
    }
    for name, no in refused.items():
        if no:
            who = (
                "the simulator"
                if name in {"draft", "output_format", "omni_reference_task_type"}
                else f"model {model.name}"
            )
            why = f"{str(values[name])[:40]} is not supported for {who}."
            raise invalid(name, why, "InvalidParameter.UnsupportedParameter")


def _check_ranges(values: dict[str, Any]) -> None:
    """Numbers and strings whose limits are the same for every model."""
    common = rules()
    last_seed = common.seed.disputed_last or common.seed.last
    if not common.seed.first <= values.get("seed", -1) <= last_seed:
        raise invalid("seed", f"{common.seed.first} to {last_seed} was expected.")
    if "execution_expires_after" in values and values["execution_expires_after"] not in common.expires:
        raise invalid("execution_expires_after", f"{common.expires.first} to {common.expires.last} was expected.")
    if "callback_url" in values and not is_web_url(values["callback_url"]):
        raise invalid("callback_url", "an http(s) URL was expected.")
    if values.get("priority", 0) not in PRIORITIES:
        raise invalid("priority", f"{PRIORITIES[0]} to {PRIORITIES[-1]} was expected.")
    if len(values.get("safety_identifier", "")) > SAFETY_CHARS:
        raise invalid("safety_identifier", f"at most {SAFETY_CHARS} characters are allowed.")
