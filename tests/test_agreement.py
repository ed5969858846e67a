"""`check` and the simulator were written apart, from the same catalogue: what one lets pass, the other must accept."""

from __future__ import annotations

import asyncio
import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import seedance_widgets as sw
from seedance_widgets.catalog import catalogue
from seedance_widgets.errors import ProviderError

EXAMPLES = 2500  # for each of the two wire formats

SIDES = [
    (640, 400),
    (300, 300),
    (299, 400),
    (1600, 640),
    (1601, 640),
    (6001, 3000),
    (400, 1000),
    (399, 1000),
    (832, 480),
]


def picture(size: tuple[int, int], form: str) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.new("RGB", size, (90, 120, 160)).save(buffer, form)
    return buffer.getvalue()


PICTURES = [picture(size, form) for size, form in zip(SIDES, ["PNG", "JPEG", "WEBP", "GIF", "BMP"] * 2, strict=False)]
BROKEN = [PICTURES[0][:-40], picture((640, 400), "JPEG")[:-300], b"not an image", b""]

images = st.one_of(
    st.sampled_from([*PICTURES, *BROKEN]),
    st.sampled_from(
        ["https://example.com/a.png", "http://example.com/a.png", "asset://a-1", "file:///etc/passwd", "/no/such.png"]
    ),
)
whole_numbers = st.one_of(
    st.integers(-3, 40), st.sampled_from([29, 31, 33, 97, 100, 121, 289, 293, 2**31 - 1, 2**31, 2**32])
)
numbers = st.one_of(whole_numbers, st.none(), st.booleans(), st.sampled_from([5.0, float("nan"), "5"]))
models = st.sampled_from(
    [*catalogue().models, *(i for m in catalogue().models.values() for i in m.ids.values()), "ep-1", "x"]
)


@st.composite
def requests(draw):
    """A request that is near the edge: a good one with a few of its fields drawn from anything."""
    model = draw(models)
    values = {
        "prompt": draw(
            st.sampled_from(["a boat", "", "日落" * 300, "x" * 1001, "a boat --rs 720p", "a\x00b", "a [图1] b"])
        )
    }
    edges = {
        "resolution": st.sampled_from(["480p", "720p", "1080p", "4k", "8k", None, 720]),
        "ratio": st.sampled_from(["16:9", "9:16", "21:9", "1:1", "adaptive", "2:1", None]),
        "duration": numbers,
        "frames": numbers,
        "seed": numbers,
        "generate_audio": st.sampled_from([True, False, None, 1]),
        "camera_fixed": st.sampled_from([True, False, "yes"]),
        "watermark": st.sampled_from([True, False, 0]),
        "return_last_frame": st.sampled_from([True, False, None]),
        "service_tier": st.sampled_from(["default", "flex", "fast", None]),
        "callback_url": st.sampled_from([None, "https://example.com/hook", "http://localhost/x", "javascript:x", 5]),
        "execution_expires_after": st.one_of(st.sampled_from([3600, 3599, 259200, 259201, 172800]), numbers),
        "first_frame_url": images,
        "last_frame_url": images,
        "reference_image_urls": st.lists(images, max_size=12),
    }
    for name in draw(st.lists(st.sampled_from(sorted(edges)), max_size=5, unique=True)):
        values[name] = draw(edges[name])
    return sw.VideoRequest(model=model, **values)


@pytest.mark.parametrize("kind", ["ark-cn", "acedata"])
def test_what_check_lets_pass_the_simulator_accepts(kind):
    with sw.Simulator(speed=1, fetch=False) as sim, asyncio.Runner() as runner:
        provider = sim.provider(kind)
        counts = {"passed": 0, "errors": 0, "refused": 0}

        @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
        @given(requests())
        def agree(request):
            problems = sw.check(request, provider)
            errors = [problem for problem in problems if problem.severity == "error"]
            try:
                runner.run(provider.submit(request))
                refusal = None
            except (ProviderError, sw.errors.StorageError) as error:
                refusal = error
            counts["errors" if errors else "passed"] += 1
            counts["refused"] += refusal is not None
            # Errors of values that are never sent (sound on a silent model) are `check`'s alone.
            assert errors or refusal is None, f"check finds no error in {request}, and the provider says: {refusal!r}"

        agree()
        runner.run(provider.aclose())
    # The test says something only while all three kinds are common.
    assert min(counts.values()) > EXAMPLES / 10, counts
