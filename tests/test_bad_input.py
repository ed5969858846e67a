"""Bad input gets a sentence, and nothing is written or spent."""

from __future__ import annotations

import asyncio
import sys

import pytest

import seedance_widgets as sw
from seedance_widgets import errors


def jpeg(width=640, height=400) -> bytes:
    import io

    from PIL import Image

    buffer = io.BytesIO()
    Image.effect_noise((width, height), 60).convert("RGB").save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def big_bmp() -> bytes:
    """40 MB of a real picture: 4000 x 3340 pixels, uncompressed."""
    import io

    from PIL import Image

    buffer = io.BytesIO()
    Image.new("RGB", (4000, 3340), (10, 20, 30)).save(buffer, "BMP")
    assert len(buffer.getvalue()) > 40_000_000
    return buffer.getvalue()


NAN = float("nan")
BAD = {
    "bytes that are no image": ({"first_frame_url": b"hello, I am not an image"}, "image"),
    "a 40 MB image": ({"first_frame_url": big_bmp}, "MB"),
    "an image of 100 x 5000": ({"first_frame_url": lambda: jpeg(100, 5000)}, "100"),
    "a truncated JPEG": ({"first_frame_url": lambda: jpeg()[:-2000]}, "ends before|truncated|cut|incomplete|damaged"),
    "a missing path": ({"first_frame_url": "/no/such/image.png"}, "no such file"),
    "a file:// URL": ({"first_frame_url": "file:///etc/passwd"}, "https"),
    "a javascript: URL": ({"first_frame_url": "javascript:alert(1)"}, "https"),
    "control characters in the prompt": ({"prompt": "a \x00 boat \x1b[31m"}, "cannot be sent"),
    "control characters in a URL": ({"first_frame_url": "https://example.com/a\r\nX: y"}, "control characters|spaces"),
    "a prompt of 10,000 characters": ({"prompt": "boat " * 2000}, "10,000"),
    "a bool for the duration": ({"duration": True}, "duration"),
    "a float for the duration": ({"duration": 5.0}, "duration"),
    "text for the duration": ({"duration": "5"}, "duration"),
    "NaN for the duration": ({"duration": NAN}, "duration"),
    "NaN for the seed": ({"seed": NAN}, "seed"),
    "a callback that is no URL": ({"callback_url": "javascript:alert(1)"}, "callback_url"),
}


@pytest.mark.parametrize("case", BAD)
def test_it_is_refused_with_a_sentence_before_anything_happens(case, sim, home):
    values, words = BAD[case]
    values = {name: value() if callable(value) else value for name, value in values.items()}
    request = sw.VideoRequest(**{"prompt": "a boat", "first_frame_url": jpeg(), "duration": 5, **values})
    with pytest.raises(errors.RequestError, match=rf"(?i){words}") as caught:
        sw.submit(request, sim.provider())
    problem = caught.value.problems[0]
    assert problem.field in values
    assert problem.message.endswith((".", "?"))
    assert not home.exists()
    assert sim.requests == []


SUBMIT = """
import asyncio, sys
import seedance_widgets as sw
with sw.Simulator(speed=100) as sim:
    {before}
    async def main():
        job = sw.submit(sw.VideoRequest("a boat", model="1.0-pro", resolution="480p", duration=2), sim.provider())
        await job
    try:
        asyncio.run(main())
    except sw.errors.StorageError as error:
        print(type(error).__name__, len(sim.requests), error)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="uses /proc, where even root can write nothing")
def test_a_read_only_folder_stops_before_the_post(in_script):
    done = in_script(SUBMIT.format(before=""), SEEDANCE_HOME="/proc/seedance")
    assert done.stdout.startswith("StorageError 0 "), done.stdout + done.stderr
    assert "SEEDANCE_HOME" in done.stdout


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits the size of files by the kernel")
def test_a_disk_that_takes_no_more_stops_before_the_post(tmp_path, in_script):
    # The kernel refuses every byte past 8 kB of a file, as a full disk does: the ledger cannot grow.
    limit = "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    limit += "    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))"
    done = in_script(SUBMIT.format(before=limit), SEEDANCE_HOME=str(tmp_path / "videos"))
    assert done.stdout.startswith("StorageError 0 "), done.stdout + done.stderr
    assert "nothing is sent" in done.stdout or "nothing was sent" in done.stdout


async def test_a_disk_that_fills_up_while_the_video_comes_keeps_the_job_for_resume(sim, home, monkeypatch):
    from seedance_widgets.jobs import store

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store, "_to_disk", full)
    job = sw.submit(sw.VideoRequest("a boat", model="1.0-pro", resolution="480p", duration=2), sim.provider())
    with pytest.raises(errors.StorageError, match="the video was made"):
        await job
    assert list((home / "media").iterdir()) == []
    monkeypatch.undo()
    monkeypatch.setenv("SEEDANCE_HOME", str(home))
    resumed = await sw.resume(sim.provider())
    assert [one.status for one in resumed] == ["succeeded"]
    assert resumed[0].video.frames == 49
    assert len([entry for entry in sim.requests if entry.method == "POST"]) == 1


async def test_the_key_is_nowhere_in_the_ledgers_folder(sim, home):
    provider = sw.providers.Ark(api_key="sk-very-secret-0815", base_url=sim.ark_base_url)
    good = sw.submit(sw.VideoRequest("a boat", model="1.0-pro", resolution="480p", duration=2), provider)
    bad = sw.submit(sw.VideoRequest("a boat [sim:fail]", model="1.0-pro", resolution="480p", duration=2), provider)
    await good
    await asyncio.wait([asyncio.ensure_future(bad._wait())])
    for path in home.rglob("*"):
        if path.is_file():
            assert b"very-secret" not in path.read_bytes(), path
    shown = f"{good!r} {bad!r} {good.timeline} {bad.timeline} {bad.error!r} {vars(provider)} {good.card().html()}"
    assert "very-secret" not in shown
