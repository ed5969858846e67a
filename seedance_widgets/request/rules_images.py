"""What `check` says of the images: which go together, and whether each can be used."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from seedance_widgets.catalog import rules
from seedance_widgets.request.case import Case, Finding, error, warning
from seedance_widgets.request.images import ImageFacts, ImageTrouble, Unusable, facts_of, is_url, probe
from seedance_widgets.request.plain import Odd, shown
from seedance_widgets.request.rules_text import is_local, url_trouble

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEIC = ("heic", "heif")
_ASSET = "asset://"
_SHAPES_DIFFER = 0.01  # of the ratio: less than a crop anyone sees
_NAMES = {"first_frame_url": "the first frame", "last_frame_url": "the last frame"}


class _Given(NamedTuple):
    field: str
    name: str
    value: Any


def _given(case: Case) -> Iterator[_Given]:
    for field, name in _NAMES.items():
        if case[field] is not None:
            yield _Given(field, name, case[field])
    for number, value in enumerate(case.references, 1):
        yield _Given("reference_image_urls", f"reference image {number}", value)


def together(case: Case) -> Iterator[Finding]:
    """Which images may stand beside each other; the tool's own text."""
    first, last = case["first_frame_url"], case["last_frame_url"]
    frames = first is not None or last is not None
    if case.image_required and not frames and not case.references:
        yield error(
            "first_frame_url",
            "at least one image must be given: a first frame, or reference images. For a video from text alone, "
            "use generate_video.",
        )
    if case.references and frames:
        yield error(
            "reference_image_urls",
            "reference images cannot be combined with a first or last frame; keep one kind of image.",
            {"reference_image_urls": ()},
            {"first_frame_url": None, "last_frame_url": None},
        )
    elif last is not None and first is None:
        yield error(
            "last_frame_url",
            "a last frame needs a first frame beside it; give both, or use this image as the first frame.",
            {"first_frame_url": last, "last_frame_url": None},
            {"last_frame_url": None},
        )


def modes(case: Case) -> Iterator[Finding]:
    """What the model makes a video from."""
    model, mode = case.model, case.mode
    if model is None:
        return
    disputed = case.disputed(f"mode.{mode}")
    field = {"references": "reference_image_urls", "first_last_frame": "last_frame_url"}.get(mode, "first_frame_url")
    if disputed:
        yield warning(field, disputed)
    elif mode not in model.modes:
        others = case.models(lambda other: mode in other.modes)
        if mode == "text":
            yield error(field, f"{model.title} needs an image; give a first frame, or choose another model.", *others)
        elif mode == "first_frame":
            yield error(
                field,
                f"{model.title} takes no first frame; leave it out, or choose another model.",
                *others,
                {field: None},
            )
        elif mode == "first_last_frame":
            message = f"{model.title} takes no last frame; leave it out, or choose another model."
            yield error(field, message, {field: None}, *others, {"first_frame_url": None, field: None})
        else:
            message = f"{model.title} takes no reference images; choose another model, or use one as the first frame."
            yield error(field, message, *others, {"first_frame_url": case.references[0], field: ()}, {field: ()})


def references(case: Case) -> Iterator[Finding]:
    """A list, with no gaps, no longer than the model takes."""
    field, given = "reference_image_urls", case["reference_image_urls"]
    if not isinstance(given, tuple):
        fixes = ({field: ()},) if isinstance(given, (Unusable, Odd)) else ({field: [given]},)
        yield error(field, "reference_image_urls must be a list of images; put the image into [ ].", *fixes)
    kept = [value for value in case.references if value is not None]
    if len(kept) < len(case.references):
        yield error(field, "the list of reference images holds None; take it out.", {field: kept})
    model = case.model
    if model and "references" in model.modes and len(kept) > model.references:
        most = model.references
        yield error(
            field,
            f"{len(kept)} reference images are too many; {model.title} takes at most {most}.",
            {field: kept[:most]},
        )


def each(case: Case) -> Iterator[Finding]:
    """Every image on its own: address, file, format, bytes, sides, shape."""
    for one in _given(case):
        if one.value is None:
            continue
        if isinstance(one.value, str) and is_url(one.value):
            yield from _address(case, one)
            continue
        if isinstance(one.value, (Odd, tuple, bool, int, float)):
            yield error(one.field, f"{one.name} is {shown(one.value)}, not an image; give a URL, a path or image data.")
            continue
        try:
            facts = probe(one.value)
        except ImageTrouble as trouble:
            yield error(one.field, f"{one.name} cannot be used: {trouble}.", *_stripped(case, one))
            continue
        yield from _format(case, one, facts)
        yield from _bytes(one, facts)
        yield from _sides(one, facts)


def _address(case: Case, one: _Given) -> Iterator[Finding]:
    if not one.value.lower().startswith(_ASSET):
        trouble = url_trouble(one.value)
        if trouble:
            yield error(
                one.field,
                f"the URL of {one.name} {trouble}; give a public https:// URL or a file.",
                *_stripped(case, one),
            )
        elif is_local(one.value) and not case.simulated:
            host = shown(urlsplit(one.value).hostname)
            yield warning(
                one.field,
                f"{case.where} cannot reach {host} to fetch {one.name}; give the image itself, or a public URL.",
            )
        return
    if url_trouble("https://" + one.value[len(_ASSET) :]):
        yield error(one.field, f"{one.name} is asset:// without a proper id; give asset://<id> of your library.")
    if case.provider and case.provider.wire != "ark":
        yield error(one.field, f"{case.where} has no asset library; give {one.name} as a URL or a file.")
    elif case.model and not case.model.assets:
        yield error(
            one.field,
            f"{case.model.title} takes no asset:// images; give {one.name} as a URL or a file, "
            "or choose a model that does.",
            *case.models(lambda other: other.assets),
        )


def _stripped(case: Case, one: _Given) -> tuple[dict[str, Any], ...]:
    """The fix for an address or path with stray spaces around it."""
    if not isinstance(one.value, str) or one.value == one.value.strip():
        return ()
    if one.field in _NAMES:
        return ({one.field: one.value.strip()},)
    return ({one.field: [value.strip() if value is one.value else value for value in case.references]},)


def _format(case: Case, one: _Given, facts: ImageFacts) -> Iterator[Finding]:
    allowed = rules().images.formats
    if facts.format in allowed:
        return
    listed = ", ".join(allowed)
    heic = case.model.heic if case.model else "yes"
    if facts.format not in _HEIC:
        yield error(one.field, f"{one.name} is {facts.format.upper()}; expected {listed}. Save it as JPEG or PNG.")
    elif heic == "no" and case.model:
        yield error(
            one.field, f"{one.name} is {facts.format.upper()}, which {case.model.title} does not take. Save it as JPEG."
        )
    elif heic == "disputed" and case.model:
        yield warning(
            one.field,
            f"{one.name} is {facts.format.upper()}; sources differ on whether {case.model.title} takes that. "
            "Saving it as JPEG is safe.",
        )


def _bytes(one: _Given, facts: ImageFacts) -> Iterator[Finding]:
    limits = rules().images
    size = _megabytes(facts.bytes)
    if facts.bytes >= limits.max_bytes:
        yield error(
            one.field,
            f"{one.name} has {size}; an image must stay below {_megabytes(limits.max_bytes)}. "
            "Save it smaller, as JPEG say.",
        )
    elif facts.bytes >= limits.warn_bytes:
        yield warning(
            one.field,
            f"{one.name} has {size}; sources differ on whether the limit is {_megabytes(limits.warn_bytes)} "
            f"or {_megabytes(limits.max_bytes)}. Save it smaller to be safe.",
        )


def _sides(one: _Given, facts: ImageFacts) -> Iterator[Finding]:
    limits = rules().images
    if facts.width is None or facts.height is None or facts.aspect is None:
        yield warning(
            one.field,
            f"the sides of {one.name} are not known; they must have {limits.min_side} to {limits.max_side} pixels.",
        )
        return
    sides = f"{facts.width} x {facts.height} px"
    low, high = min(facts.width, facts.height), max(facts.width, facts.height)
    if low < limits.min_side or high > limits.max_side:
        yield error(
            one.field,
            f"{one.name} is {sides}; each side must have {limits.min_side} to {limits.max_side} pixels. "
            + (
                f"Scale it down to at most {limits.max_side}."
                if high > limits.max_side
                else f"Scale it up to at least {limits.min_side}, or use a larger one."
            ),
        )
    elif low == limits.min_side or high == limits.max_side:
        yield warning(
            one.field,
            f"{one.name} is {sides}; sources differ on whether exactly {limits.min_side} "
            f"or {limits.max_side} pixels are taken. "
            + ("Scale it down a little to be safe." if high == limits.max_side else "Use a larger one to be safe."),
        )
    span = f"{limits.min_aspect:g} to {limits.max_aspect:g}"
    if not limits.min_aspect <= facts.aspect <= limits.max_aspect:
        yield error(
            one.field,
            f"{one.name} is {sides}, width / height = {facts.aspect:.3g}; it must be {span}. Crop it.",
        )
    elif facts.aspect in {limits.min_aspect, limits.max_aspect}:
        yield warning(
            one.field,
            f"{one.name} has width / height = {facts.aspect:g}; sources differ on whether "
            f"the ends of {span} are taken. Crop it a little to be safe.",
        )
    if facts.turned:
        yield warning(
            one.field,
            f"{one.name} is stored turned and relies on its EXIF mark to be shown upright; no provider says that it "
            "follows that mark. Save it upright to be safe.",
        )


def body(case: Case) -> Iterator[Finding]:
    """All that is sent in one request: image data grows by a third as base64 text."""
    limits = rules().images
    sizes = []
    for one in _given(case):
        try:
            sizes.append((-(-probe(one.value).bytes // 3) * 4, one.field))
        except ImageTrouble:  # a URL, or an image that has an error of its own
            sizes.append((len(one.value) if isinstance(one.value, str) else 0, one.field))
    text = case["prompt"]
    total = sum(size for size, _ in sizes) + (len(text.encode("utf-8", "replace")) if isinstance(text, str) else 0)
    if not sizes or total < limits.warn_body_bytes:
        return
    field = max(sizes)[1]
    if total >= limits.max_body_bytes:
        yield error(
            field,
            f"the images make a request of {_megabytes(total)} (image data grows by a third on its way); a request may "
            f"have {_megabytes(limits.max_body_bytes)}. Save them smaller, or give https:// URLs.",
        )
    else:
        yield warning(
            field,
            f"the request will have {_megabytes(total)}, close to the limit of "
            f"{_megabytes(limits.max_body_bytes)}; save the images smaller, or give https:// URLs.",
        )


def shapes(case: Case) -> Iterator[Finding]:
    """First and last frame of different shape."""
    first, last = case.first_frame_facts, facts_of(case["last_frame_url"])
    if first and last and first.aspect and last.aspect and abs(math.log(first.aspect / last.aspect)) > _SHAPES_DIFFER:
        yield warning(
            "last_frame_url",
            f"first and last frame differ in shape ({first.width} x {first.height} and {last.width} x {last.height}); "
            "the last one will be cropped to the first one's shape. Crop it yourself to choose what stays.",
        )


def _megabytes(count: int) -> str:
    return f"{count / 1e6:.1f} MB"


RULES = (together, modes, references, each, body, shapes)
