from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import pytest
from simulator_callers import AceData, Ark, data_uri, picture, start

from seedance_widgets.simulator import render as rendering

SHORT = "a cat [sim:run=1]"


@pytest.fixture
def done(ark):
    return ark.finished(SHORT, frames=29, seed=4, return_last_frame=True)["content"]


def test_the_video_is_a_real_one_with_the_size_and_frames_that_were_billed(ark, done):
    import av

    answer = ark.fetch(done["video_url"])
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "video/mp4"
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert not [name for name in answer.headers if name.startswith("access-control")]
    with av.open(BytesIO(answer.content)) as video:
        sizes = [(frame.width, frame.height) for frame in video.decode(video=0)]
    assert sizes == [(864, 480)] * 29


def test_the_last_frame_is_a_jpeg_of_the_same_size(ark, done):
    from PIL import Image

    answer = ark.fetch(done["last_frame_url"])
    assert answer.headers["content-type"] == "image/jpeg"
    with Image.open(BytesIO(answer.content)) as image:
        assert (image.format, image.size) == ("JPEG", (864, 480))


def test_a_part_of_the_video_can_be_fetched(ark, done):
    whole = ark.fetch(done["video_url"]).content
    part = ark.fetch(done["video_url"], range="bytes=100-199")
    assert (part.status_code, part.content) == (206, whole[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(whole)}"
    assert ark.fetch(done["video_url"], range=f"bytes={len(whole)}-").status_code == 416


def test_links_end_after_a_day(sim, ark, done):
    assert "X-Tos-Expires=86400" in done["video_url"]
    sim.clock.advance(86_400 - 3600)
    assert ark.fetch(done["video_url"]).status_code == 200
    sim.clock.advance(3600)
    for url in done.values():
        answer = ark.fetch(url)
        assert (answer.status_code, answer.json()["Code"]) == (403, "AccessDenied")


def test_links_end_after_a_hundred_downloads(ark, done):
    answers = [ark.fetch(done["last_frame_url"]).status_code for _ in range(101)]
    assert answers == [200] * 100 + [403]
    assert ark.http.head(done["video_url"]).status_code == 200
    assert ark.fetch(done["video_url"]).status_code == 200


def test_nothing_is_found_at_a_guessed_or_deleted_link(sim, ark, done):
    base = sim.acedata_base_url + "/media/"
    token = done["video_url"].partition("?")[0].rpartition("/")[2].removesuffix(".mp4")
    for name in ("x.mp4", f"{token}.jpg", token, f"{token}.mp4.exe", "..%2ftasks.db", "%2e%2e/tasks.db"):
        assert ark.fetch(base + name).status_code == 404, name
    assert ark.fetch(done["video_url"]).status_code == 200
    ark.delete(ark.list().json()["items"][0]["id"])
    assert ark.fetch(done["video_url"]).status_code == 404


def test_many_fetches_at_once_render_once(monkeypatch, ark, done):
    calls = []
    real = rendering.render
    gate = threading.Event()

    def slow(scene, path):
        calls.append(path)
        gate.wait(20)
        real(scene, path)

    monkeypatch.setattr(rendering, "render", slow)
    with ThreadPoolExecutor(8) as pool:
        fetches = [pool.submit(ark.fetch, done["video_url"]) for _ in range(8)]
        gate.set()
        contents = {fetch.result().content for fetch in fetches}
    assert len(contents) == 1
    assert len(calls) == 1


def test_the_first_frame_is_the_image_and_decides_an_adaptive_ratio(ark):
    import av

    red = data_uri(picture(480, 640, colour=(220, 30, 30)))
    done = ark.finished(SHORT, images=[("first_frame", red)], frames=29, ratio="adaptive")
    assert done["ratio"] == "3:4"
    assert done["usage"]["completion_tokens"] == 29 * 544 * 736 // 1024
    with av.open(BytesIO(ark.fetch(done["content"]["video_url"]).content)) as video:
        first = next(video.decode(video=0)).to_ndarray(format="rgb24")
    assert first.shape == (736, 544, 3)
    corner = first[50:200, 50:200].reshape(-1, 3).mean(axis=0)
    assert abs(corner - [220, 30, 30]).max() < 12


def test_the_same_seed_makes_the_same_bytes_also_after_a_restart(tmp_path):
    image = data_uri(picture())
    with start(state=tmp_path) as sim:
        ark = Ark(sim)
        first, second = (
            ark.finished(SHORT, images=[("first_frame", image)], frames=29, seed=9)["content"] for _ in range(2)
        )
        content = ark.fetch(first["video_url"]).content
        assert ark.fetch(second["video_url"]).content == content
        task_id = ark.list().json()["items"][0]["id"]
        for path in (tmp_path / "media").iterdir():
            path.unlink()
    with start(state=tmp_path) as sim:
        ark = Ark(sim)
        assert ark.fetch(ark.get(task_id).json()["content"]["video_url"]).content == content


def test_acedata_delivers_from_links_without_a_query(sim, acedata):
    data = acedata.finished(SHORT, frames=29)["response"]["data"]
    assert "?" not in data["content"]["video_url"]
    assert acedata.http.get(data["content"]["video_url"]).content[4:8] == b"ftyp"


def test_temporary_files_go_with_the_simulator():
    with start() as sim:
        ark = Ark(sim)
        ark.fetch(ark.finished(SHORT, frames=29)["content"]["video_url"])
        folder = sim._engine._store.folder
        assert list((folder / "media").iterdir())
    assert not folder.exists()


def test_links_of_the_other_wire_do_not_wear_out(sim):
    acedata = AceData(sim)
    url = acedata.finished(SHORT, frames=29)["response"]["data"]["content"]["video_url"]
    assert {acedata.http.get(url).status_code for _ in range(102)} == {200}
