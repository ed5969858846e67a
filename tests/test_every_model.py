"""For each model and each of its modes: what comes out has the catalogue's size and frames, and the right ends."""

from __future__ import annotations

import asyncio
import io

import pytest

import seedance_widgets as sw
from seedance_widgets.catalog import catalogue
from seedance_widgets.request.framing import centre_crop

MODELS = catalogue().models
CASES = [(name, mode) for name, model in MODELS.items() for mode in model.modes]


def smooth(width: int, height: int, seed: int):
    """A picture without fine grain, so that a difference is one of content."""
    import numpy as np
    from PIL import Image

    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    waves = [127 + 100 * np.sin(x / (80 + 9 * seed) + seed + c) * np.cos(y / 60 + c) for c in range(3)]
    return Image.fromarray(np.stack(waves, axis=2).astype(np.uint8))


def png(picture) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def psnr(one, other) -> float:
    import numpy as np

    error = np.mean((np.asarray(one, dtype=np.float32) - np.asarray(other, dtype=np.float32)) ** 2)
    return float("inf") if error == 0 else 10 * np.log10(255**2 / error)


def as_framed(picture, width: int, height: int):
    """The picture as the provider frames it: centred crop, then the output's size."""
    x, y, w, h = centre_crop(*picture.size, width, height)
    return picture.crop((x, y, x + w, y + h)).resize((width, height), 1)


@pytest.fixture(scope="module")
def fast():
    with sw.Simulator(speed=200) as simulator:
        yield simulator


@pytest.mark.parametrize(("name", "mode"), CASES, ids=[f"{name}-{mode}" for name, mode in CASES])
async def test_size_frames_tokens_and_ends_are_right(name, mode, fast):
    model = MODELS[name]
    first, last = smooth(960, 600, 1), smooth(900, 620, 2)
    values = {"model": name, "resolution": "480p", "seed": 5 if model.seed else -1}
    values["ratio"] = "adaptive" if mode in model.adaptive_only else "4:3"
    values |= {"frames": 29} if model.frames else {"duration": model.duration.first}
    if mode in {"first_frame", "first_last_frame"}:
        values["first_frame_url"] = png(first)
    if mode == "first_last_frame":
        values["last_frame_url"] = png(last)
    if mode == "references":
        values["reference_image_urls"] = [png(first), png(last)]
    request = sw.VideoRequest("the camera stands still", generate_audio=model.audio, **values)
    assert request.mode == mode
    expected = sw.estimate(request)
    video = await sw.submit(request, fast.provider())
    assert (video.width, video.height, video.frames) == (expected.width, expected.height, expected.frames)
    if values["ratio"] == "4:3":
        assert (video.width, video.height) == model.sizes["480p"]["4:3"]
    assert video.tokens == expected.tokens
    assert video.has_audio is model.audio
    if "first_frame_url" in values:
        opening = await asyncio.to_thread(video.frame, 0)
        assert psnr(opening, as_framed(first, video.width, video.height)) >= 30
    if "last_frame_url" in values:
        ending = await asyncio.to_thread(video.frame, video.duration)
        assert psnr(ending, as_framed(last, video.width, video.height)) >= 30
