"""What is measured of a video, and that it is the same wherever it is measured."""

from __future__ import annotations

import io
import threading
from concurrent.futures import Executor, Future, ThreadPoolExecutor

import av
import pytest
from PIL import Image, ImageFilter

import seedance_widgets as sw
from seedance_widgets.errors import SweepError, VideoFileError
from seedance_widgets.sweep.measure import COLUMNS, Subject, measure_all, measure_video
from tests.conftest import draw

SIZE = (320, 192)


def film(path, pictures):
    """Write pictures as a video."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=24, options={"crf": "12"})
        stream.width, stream.height, stream.pix_fmt = *pictures[0].size, "yuv420p"
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_image(picture)))
        container.mux(stream.encode())
    return str(path)


def grey(level):
    return Image.new("RGB", SIZE, (level, level, level))


def png_of(picture):
    data = io.BytesIO()
    picture.save(data, "PNG")
    return data.getvalue()


@pytest.fixture
def moving(tmp_path):
    wide = draw(640, 384)
    return film(tmp_path / "moving.mp4", [wide.crop((i * 4, 0, i * 4 + 320, 192)) for i in range(24)])


def test_a_still_video_has_no_motion_and_its_own_brightness(tmp_path):
    found = measure_video(film(tmp_path / "still.mp4", [grey(128)] * 12))
    assert found["motion"] < 0.001
    assert found["flicker"] < 0.001
    assert found["brightness"] == pytest.approx(128 / 255, abs=0.02)
    assert found["loop_seam"] in {0.0, 1.0} or found["loop_seam"] < 2
    assert found["first_frame_psnr"] is None


def test_motion_seam_and_sharpness(tmp_path, moving):
    found = measure_video(moving)
    assert tuple(found) == COLUMNS
    assert found["motion"] > 0.005
    assert found["loop_seam"] > 2
    wide = draw(640, 384)
    there_and_back = [wide.crop((abs(i - 12) * 4, 0, abs(i - 12) * 4 + 320, 192)) for i in range(24)]
    assert measure_video(film(tmp_path / "loop.mp4", there_and_back))["loop_seam"] < 1.5
    soft = [wide.crop((i * 4, 0, i * 4 + 320, 192)).filter(ImageFilter.GaussianBlur(4)) for i in range(24)]
    assert measure_video(film(tmp_path / "soft.mp4", soft))["sharpness"] < found["sharpness"] / 4


def test_flicker_is_not_a_fade(tmp_path):
    fade = measure_video(film(tmp_path / "fade.mp4", [grey(40 + 6 * i) for i in range(24)]))
    flicker = measure_video(film(tmp_path / "flicker.mp4", [grey(100 + 30 * (i % 2)) for i in range(24)]))
    assert flicker["flicker"] > 20 * fade["flicker"]
    assert fade["motion"] > 0.01


def test_fidelity_to_the_images_that_were_given(moving):
    wide = draw(640, 384)
    first, last = (png_of(wide.crop((x, 0, x + 320, 192))) for x in (0, 92))
    found = measure_video(moving, first, last)
    assert found["first_frame_psnr"] > 30
    assert found["last_frame_psnr"] > 30
    assert found["first_frame_ssim"] > 0.95
    swapped = measure_video(moving, last, first)
    assert swapped["first_frame_psnr"] < found["first_frame_psnr"] - 8
    assert swapped["last_frame_ssim"] < found["last_frame_ssim"]


def test_an_image_of_another_shape_is_cut_as_the_provider_cuts_it(tmp_path):
    tall = draw(320, 480)
    video = film(tmp_path / "cut.mp4", [tall.crop((0, 144, 320, 336))] * 4)
    assert measure_video(video, png_of(tall))["first_frame_psnr"] > 30


def test_an_image_that_cannot_be_read_leaves_its_columns_empty(moving):
    assert measure_video(moving, b"no image")["first_frame_psnr"] is None


@pytest.fixture
def subjects(tmp_path, moving):
    wide = draw(640, 384)
    first = png_of(wide.crop((0, 0, 320, 192)))
    still = film(tmp_path / "still.mp4", [grey(90)] * 6)
    (tmp_path / "text.mp4").write_text("no video")
    return [
        Subject(moving, first),
        Subject(str(tmp_path / "gone.mp4")),
        Subject(still),
        Subject(str(tmp_path / "text.mp4")),
        Subject(moving, None, first),
    ]


def plain(found):
    return [str(one) if isinstance(one, VideoFileError) else one for one in found]


@pytest.fixture
def serial(subjects):
    found = [measure_all([one])[0] for one in subjects]
    assert "no longer at" in str(found[1])
    assert "no video" in str(found[3])
    return plain(found)


def test_a_pool_of_processes_and_threads_find_the_same(subjects, serial):
    told = {}
    assert plain(measure_all(subjects, on_done=told.setdefault)) == serial
    assert sorted(told) == [0, 1, 2, 3, 4]
    with ThreadPoolExecutor(2) as threads:
        assert plain(measure_all(subjects, threads)) == serial


def test_a_cluster_of_dask_finds_the_same(subjects, serial, tmp_path):
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, local_directory=str(tmp_path)
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        found = plain(measure_all(subjects, client.get_executor()))
    assert [one for i, one in enumerate(found) if i != 3] == [one for i, one in enumerate(serial) if i != 3]
    assert "no video" in found[3]  # the cluster was sent the bytes, and does not know the name


@pytest.mark.parametrize("how", ["stdin", "script"])
def test_it_needs_no_guard_in_a_script(how, tmp_path, subjects):
    import subprocess
    import sys

    code = (
        "print('ran')\n"
        "from seedance_widgets.sweep.measure import Subject, measure_all\n"
        f"print(len(measure_all([Subject({subjects[2].path!r})] * 3)))\n"
    )
    script = tmp_path / "script.py"
    script.write_text(code)
    told = subprocess.run(
        [sys.executable, "-" if how == "stdin" else str(script)],
        input=code if how == "stdin" else "",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert told.stdout == "ran\n3\n", told.stderr


def test_what_is_no_executor():
    with pytest.raises(SweepError, match="must be a concurrent"):
        measure_all([Subject("a.mp4")], 4)


def test_nothing_is_nothing():
    assert measure_all([]) == []


def test_a_worker_that_dies_or_an_odd_error_stops_no_other_video(moving):
    class Odd(ThreadPoolExecutor):
        def submit(self, function, subject, data):
            if "bad" in subject.path:
                return super().submit(lambda: 1 / 0)
            if "gone" in subject.path:
                raise RuntimeError("the pool is shut down")
            return super().submit(function, subject, data)

    subjects = [Subject(moving), Subject("bad.mp4"), Subject("gone.mp4"), Subject(moving)]
    with Odd(1) as pool:
        found = measure_all(subjects, pool)
    assert isinstance(found[0], dict)
    assert found[0] == found[3]
    assert "ZeroDivisionError" in str(found[1])
    assert "no worker was left" in str(found[2])


class Fixed(Executor):
    """Answers each video with the same."""

    def __init__(self, answer):
        self.answer = answer

    def submit(self, *_):
        return self.answer()


def ended(result):
    future = Future()
    future.set_result(result)
    return future


def stopped():
    future = Future()
    future.cancel()
    return future


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda: ended("nonsense"), "returned 'nonsense', which is no measurement"),
        (lambda: ended({"motion": 1.0}), "which is no measurement"),
        (lambda: ended(dict.fromkeys(COLUMNS, object())), "which is no measurement"),
        (stopped, "it was not measured: the executor was stopped before"),
    ],
)
def test_what_is_no_measurement_is_said_of_the_video(moving, answer, words):
    (found,) = measure_all([Subject(moving)], Fixed(answer))
    assert words in str(found)


def test_an_executor_that_gives_nothing_to_wait_for_or_is_a_class(moving):
    with pytest.raises(SweepError, match=r"must return a concurrent\.futures\.Future; Fixed returned None"):
        measure_all([Subject(moving)], Fixed(lambda: None))
    with pytest.raises(SweepError, match="must be a concurrent"):
        measure_all([Subject(moving)], ThreadPoolExecutor)


def test_a_pool_that_is_stopped_in_the_middle_ends_with_an_error_for_what_is_left(moving):
    pool = ThreadPoolExecutor(1)
    found = []

    def stop(number, result):
        found.append(result)
        if number == 0:
            pool.shutdown(wait=False, cancel_futures=True)

    work = threading.Thread(target=lambda: measure_all([Subject(moving)] * 5, pool, stop), daemon=True)
    work.start()
    work.join(60)
    assert len(found) == 5
    assert isinstance(found[0], dict)
    assert any("stopped before" in str(one) or "no worker was left" in str(one) for one in found[1:])


async def test_what_a_broken_executor_could_not_measure_is_measured_the_next_time(sim):
    base = sw.VideoRequest("a boat", model="1.0-pro", resolution="480p", duration=2)
    sweep = sw.Sweep(base, {"seed": [1]}, provider=sim.provider())
    await sweep.run()
    sweep.measure(Fixed(lambda: 1 // 0))
    assert "no worker was left" in sweep[0].row()["measure_error"]
    with ThreadPoolExecutor(1) as pool:
        sweep.measure(pool)
    assert sweep[0].row()["motion"] > 0
    assert "measure_error" not in sweep[0].row()
    sweep.measure(Fixed(lambda: 1 // 0))  # what is measured stays
    assert "measure_error" not in sweep[0].row()
