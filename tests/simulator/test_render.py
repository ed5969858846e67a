from __future__ import annotations

import hashlib
import io
import itertools
import struct
import subprocess
import sys
import threading
import time

import av
import numpy as np
import pytest
from PIL import Image

from seedance_widgets.catalog import catalogue
from seedance_widgets.request.framing import centre_crop
from seedance_widgets.simulator.canvas import UnreadablePicture
from seedance_widgets.simulator.render import Scene, last_frame_jpeg, render

SHAPES = [(1600, 900), (900, 1600), (1000, 1000), (1400, 620)]
SIZES = sorted(
    {size for model in catalogue().models.values() for resolution, row in model.sizes.items() for size in row.values()}
)


def picture(width=1600, height=900, *, seed=0):
    """A picture with gradients, edges and colour, as a PIL image."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    channels = [
        127 + 100 * np.sin(x / 140 + seed),
        127 + 90 * np.cos(y / 110 + 2 * seed),
        60 + 150 * (x + y) / (width + height),
    ]
    pixels = np.stack(channels, axis=2)
    pixels[height // 3 : height // 2, width // 4 : width // 2] = (236, 200, 60)
    pixels[height // 2 : 2 * height // 3, width // 2 : 3 * width // 4] = (30, 60, 90)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def encoded(image, kind="PNG", **options):
    data = io.BytesIO()
    image.save(data, kind, **options)
    return data.getvalue()


def expected(image, width, height):
    x, y, kept_width, kept_height = centre_crop(image.width, image.height, width, height)
    return image.convert("RGB").resize((width, height), Image.LANCZOS, box=(x, y, x + kept_width, y + kept_height))


def psnr(one, other):
    error = np.mean((np.asarray(one, np.float64) - np.asarray(other, np.float64)) ** 2)
    return 10 * np.log10(255**2 / max(error, 1e-9))


def film(scene, tmp_path):
    path = tmp_path / "video.mp4"
    render(scene, path)
    with av.open(str(path)) as container:
        return [frame.to_image() for frame in container.decode(video=0)]


def atoms(data):
    at, names = 0, []
    while at < len(data):
        size, name = struct.unpack(">I4s", data[at : at + 8])
        names.append(name.decode())
        at += size
    return names


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_every_size_of_the_catalogue_is_rendered_to_the_pixel_and_frame(size, tmp_path):
    path = tmp_path / "video.mp4"
    render(
        Scene(*size, 29 if max(size) < 1600 else 5, seed=1, prompt="pan left", first=encoded(picture(640, 400))), path
    )
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height) == size
        assert stream.average_rate == 24
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.pix_fmt == "yuv420p"
        frames = list(container.decode(stream))
    assert len(frames) == stream.frames == (29 if max(size) < 1600 else 5)
    assert [round(frame.pts * frame.time_base * 24, 6) for frame in frames] == list(range(len(frames)))


@pytest.mark.parametrize("mode", ["text", "first_frame", "first_last_frame", "references"])
@pytest.mark.parametrize("frames", [29, 121, 289])
def test_every_mode_has_exactly_the_frames_that_were_asked(mode, frames, tmp_path):
    images = {
        "text": {},
        "first_frame": {"first": encoded(picture())},
        "first_last_frame": {"first": encoded(picture()), "last": encoded(picture(seed=2))},
        "references": {"references": (encoded(picture()), encoded(picture(600, 800, seed=3)))},
    }[mode]
    assert len(film(Scene(640, 640, frames, seed=4, prompt="orbit", **images), tmp_path)) == frames


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("size", [(864, 480), (480, 864), (992, 432)], ids=str)
def test_the_first_and_the_last_frame_are_the_input_images(shape, size, tmp_path):
    first, last = picture(*shape, seed=1), picture(*reversed(shape), seed=3)
    prompt = "handheld, slow"
    frames = film(Scene(*size, 49, 5, prompt, first=encoded(first), last=encoded(last)), tmp_path)
    assert psnr(frames[0], expected(first, *size)) > 35
    assert psnr(frames[-1], expected(last, *size)) > 35


@pytest.mark.parametrize("ground", [0, 128, 255])
def test_the_marks_leave_a_plain_picture_within_thirty_decibel(ground, tmp_path):
    plain = Image.new("RGB", (1280, 720), (ground,) * 3)
    scene = Scene(1280, 720, 29, 5, "x", first=encoded(plain), last=encoded(plain), watermark=True)
    frames = film(scene, tmp_path)
    assert psnr(frames[0], plain) > 32
    assert psnr(frames[-1], plain) > 32
    luma = np.asarray(frames[0].convert("L"), np.float32)
    above, below = luma[:60], luma[-60:]
    assert np.ptp(above[:, 530:750]) > 25  # "simulated"
    assert np.ptp(below[:, -220:]) > 25  # "AI generated"
    # Nothing where a player has its controls and a grid its captions, stars and letters.
    assert max(np.ptp(below[:, :-220]), np.ptp(above[:, :400]), np.ptp(above[:, -400:])) < 25


@pytest.mark.parametrize(
    "prompt", ["push in", "zoom out", "pan left", "pan right", "tilt up", "orbit", "handheld", "镜头推近"]
)
def test_camera_words_move_the_picture(prompt, tmp_path):
    frames = film(Scene(640, 360, 49, 1, prompt, first=encoded(picture())), tmp_path)
    assert psnr(frames[0], frames[-1]) < 26
    steps = [psnr(a, b) for a, b in itertools.pairwise(frames)]
    assert min(steps) > 24  # no jump anywhere


def test_a_pan_to_the_left_moves_the_picture_to_the_right(tmp_path):
    frames = film(Scene(640, 360, 49, 1, "pan left", first=encoded(picture())), tmp_path)
    start, end = (np.asarray(frame.convert("L"), np.float32) for frame in (frames[0], frames[-1]))
    errors = {
        shift: np.abs(end[100:250, 200:440] - start[100:250, 200 - shift : 440 - shift]).mean()
        for shift in range(-80, 81)
    }
    assert min(errors, key=errors.get) > 20


def test_a_fixed_camera_stands_still_while_the_light_moves(tmp_path):
    scene = Scene(640, 360, 49, 1, "push in", first=encoded(picture()), camera_fixed=True)
    frames = film(scene, tmp_path)
    start, end = (np.asarray(frame.convert("L"), np.float32) for frame in (frames[0], frames[-1]))
    brighter = end - start
    assert brighter.max() > 15  # the light has come
    edges = [np.abs(np.diff(plane, axis=1)) for plane in (start, end)]
    assert np.corrcoef(edges[0].ravel(), edges[1].ravel())[0, 1] > 0.95  # and every edge is where it was


def test_the_light_never_wraps_round_from_white_to_black(tmp_path):
    white = encoded(Image.new("RGB", (640, 360), "white"))
    frames = film(Scene(640, 360, 49, 3, "x", first=white, camera_fixed=True), tmp_path)
    below_the_mark = [np.asarray(frame)[60:] for frame in frames]
    assert min(part.min() for part in below_the_mark) > 200


def test_the_seed_and_the_prompt_change_the_video(tmp_path):
    def last(seed, prompt):
        return last_frame_jpeg(Scene(640, 360, 29, seed, prompt))

    assert last(1, "a lake") == last(1, "a lake")
    assert len({last(1, "a lake"), last(2, "a lake"), last(1, "a city")}) == 3


def test_every_reference_can_be_found_in_the_look():
    references = [encoded(picture(400, 400, seed=n)) for n in range(9)]
    whole = last_frame_jpeg(Scene(864, 496, 29, 1, "x", references=tuple(references)))
    for index in range(9):
        others = list(references)
        others[index] = encoded(Image.new("RGB", (400, 400), (250, 20, 20)))
        changed = last_frame_jpeg(Scene(864, 496, 29, 1, "x", references=tuple(others)))
        assert psnr(Image.open(io.BytesIO(whole)), Image.open(io.BytesIO(changed))) < 40


@pytest.mark.parametrize("images", [(), (1,), (1, 2)], ids=["text", "first", "first and last"])
def test_the_last_frame_jpeg_is_the_last_frame_of_the_video(images, tmp_path):
    given = dict(zip(("first", "last"), [encoded(picture(seed=seed)) for seed in images], strict=False))
    scene = Scene(864, 496, 49, 3, "orbit", **given)
    frames = film(scene, tmp_path)
    jpeg = Image.open(io.BytesIO(last_frame_jpeg(scene)))
    assert jpeg.format == "JPEG"
    assert jpeg.size == (864, 496)
    assert psnr(jpeg, frames[-1]) > 36


def test_the_last_frame_jpeg_has_no_watermark():
    scene = {"width": 864, "height": 496, "frames": 29, "seed": 3, "prompt": "x"}
    assert last_frame_jpeg(Scene(**scene)) == last_frame_jpeg(Scene(**scene, watermark=True))


def test_the_same_scene_gives_the_same_bytes_in_every_process(tmp_path):
    script = (
        "import sys; from pathlib import Path; from seedance_widgets.simulator.render import Scene, render\n"
        "render(Scene(640, 360, 49, 9, 'orbit the lighthouse', audio=True, watermark=True), Path(sys.argv[1]))"
    )
    digests = set()
    for name in ("one.mp4", "two.mp4"):
        subprocess.run([sys.executable, "-c", script, tmp_path / name], check=True, timeout=60)
        digests.add(hashlib.sha256((tmp_path / name).read_bytes()).hexdigest())
    assert len(digests) == 1


def test_the_file_starts_with_its_index_and_leaves_nothing_beside_it(tmp_path):
    render(Scene(640, 360, 29, 1, "x", audio=True), tmp_path / "video.mp4")
    names = atoms((tmp_path / "video.mp4").read_bytes())
    assert names.index("moov") < names.index("mdat")
    assert [path.name for path in tmp_path.iterdir()] == ["video.mp4"]


@pytest.mark.parametrize("frames", [29, 97])
def test_sound_is_stereo_aac_as_long_as_the_picture(frames, tmp_path):
    path = tmp_path / "video.mp4"
    render(Scene(640, 360, frames, 1, "x", audio=True), path)
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        assert stream.codec_context.name == "aac"
        assert stream.codec_context.layout.name == "stereo"
        assert float(stream.duration * stream.time_base) == pytest.approx(frames / 24, abs=0.05)
        heard = np.concatenate([frame.to_ndarray() for frame in container.decode(stream)], axis=1)
    assert 0.02 < np.abs(heard).max() < 0.9
    assert not np.array_equal(heard[0], heard[1])


def test_without_audio_there_is_no_sound(tmp_path):
    render(Scene(640, 360, 29, 1, "x"), tmp_path / "video.mp4")
    with av.open(str(tmp_path / "video.mp4")) as container:
        assert not container.streams.audio


def _sixteen_bit(image):
    return Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda image: image.quantize(256), "PNG"),
        (lambda image: image.quantize(256), "GIF"),
        (lambda image: image.convert("LA"), "PNG"),
        (lambda image: image.convert("RGBA"), "WEBP"),
        (lambda image: image.convert("L"), "BMP"),
        (lambda image: image.convert("1"), "TIFF"),
        (lambda image: image.convert("CMYK"), "TIFF"),
        (_sixteen_bit, "PNG"),
    ],
)
def test_every_kind_of_image_is_shown_as_it_looks(change, kind, tmp_path):
    image = change(picture(800, 450).convert("RGB"))
    seen = image if image.mode != "I;16" else picture(800, 450).convert("L")
    options = {"lossless": True} if kind == "WEBP" else {}
    frames = film(Scene(864, 486, 5, 1, "x", first=encoded(image, kind, **options)), tmp_path)
    assert psnr(frames[0], expected(seen.convert("RGB"), 864, 486)) > (30 if image.mode != "1" else 15)


def test_transparency_is_shown_over_white(tmp_path):
    glass = Image.new("RGBA", (640, 360), (0, 0, 0, 0))
    frames = film(Scene(640, 360, 5, 1, "x", first=encoded(glass)), tmp_path)
    assert np.asarray(frames[0]).mean() > 245


def test_a_turned_photograph_is_shown_upright(tmp_path):
    upright = picture(640, 360)
    exif = Image.Exif()
    exif[0x0112] = 6  # stored lying on its side
    data = encoded(upright.transpose(Image.Transpose.ROTATE_90), "JPEG", quality=95, exif=exif)
    frames = film(Scene(640, 360, 5, 1, "x", first=data), tmp_path)
    assert psnr(frames[0], upright) > 30


@pytest.mark.parametrize("data", [b"", b"no picture at all", encoded(picture())[:3000]], ids=["empty", "text", "cut"])
def test_what_is_no_picture_ends_with_a_sentence_and_no_file(data, tmp_path):
    with pytest.raises(UnreadablePicture, match="the image cannot be decoded"):
        render(Scene(640, 360, 29, 1, "x", first=data), tmp_path / "video.mp4")
    assert not list(tmp_path.iterdir())


def test_a_long_large_video_is_never_held_in_memory(tmp_path):
    script = (
        "import resource, sys; from pathlib import Path; from seedance_widgets.simulator.render import Scene, render\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024\n"
        "render(Scene(1920, 1080, int(sys.argv[2]), 1, 'pan left'), Path(sys.argv[1])); print(peak())"
    )
    peaks = [
        float(
            subprocess.run(
                [sys.executable, "-c", script, tmp_path / "v.mp4", frames], check=True, capture_output=True, timeout=120
            ).stdout
        )
        for frames in ("25", "145")
    ]
    assert peaks[1] - peaks[0] < 60  # MB; the 120 frames between them are 373 MB


@pytest.mark.alone
def test_other_threads_go_on_while_videos_are_rendered(tmp_path):
    scenes = [Scene(1280, 720, 49, seed, "push in", first=encoded(picture(), "JPEG")) for seed in (1, 2)]
    threads = [threading.Thread(target=render, args=(scene, tmp_path / f"{scene.seed}.mp4")) for scene in scenes]
    for thread in threads:
        thread.start()
    gaps, before = [], time.perf_counter()
    while any(thread.is_alive() for thread in threads):
        time.sleep(0.001)  # what is measured: how late a thread that asks for 1 ms comes back
        now = time.perf_counter()
        gaps.append(now - before)
        before = now
    assert np.percentile(gaps, 95) < 0.05
