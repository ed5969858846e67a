from __future__ import annotations

import contextlib
import http.server
import threading
from dataclasses import dataclass
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from simulator_callers import AceData, Ark, picture, start, until

from seedance_widgets.request.framing import centre_crop
from seedance_widgets.simulator.pictures import stand_in


@dataclass
class Images:
    url: str
    let_go: threading.Event
    asked: threading.Event


@pytest.fixture
def images():
    """A server that gives /<width>x<height>.png, once `let_go` is set /late/<the same>, a page at /page, else 404."""
    let_go, asked = threading.Event(), threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            late, _, name = self.path.removesuffix(".png").rpartition("/")
            asked.set()
            if late == "/late":
                let_go.wait(20)
            body = b"<html></html>" if name == "page" else b""
            if "x" in name:
                body = picture(*(int(side) for side in name.split("x")), colour=(10, 200, 10))
            self.send_response(200 if body else 404)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            with contextlib.suppress(OSError):  # who asked may be gone
                self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield Images(f"http://127.0.0.1:{server.server_port}", let_go, asked)
    let_go.set()
    server.shutdown()
    server.server_close()
    thread.join()


def ended(ark, task_id):
    until(lambda: ark.status(task_id) not in {"queued", "running"})
    return ark.get(task_id).json()


def from_image(ark, url, **values):
    task_id = ark.made("a cat [sim:run=10]", images=[("first_frame", url)], ratio="adaptive", **values)
    ark.sim.clock.advance(60)
    return ended(ark, task_id)


def test_every_change_is_called_back_in_order_with_the_body_of_a_get(sim, ark, receiver):
    task_id = ark.made("a cat [sim:queue=5] [sim:run=10]", callback_url=receiver.url, seed=1)
    assert receiver.next() == ark.get(task_id).json()
    sim.clock.advance(6)
    assert receiver.next() == ark.get(task_id).json()
    sim.clock.advance(10)
    last = receiver.next()
    assert last == ark.get(task_id).json()
    assert last["status"] == "succeeded"
    sim.clock.advance(86_400)
    assert receiver.got.empty()


@pytest.mark.parametrize(("prompt", "last"), [("[sim:fail] [sim:run=5]", "failed"), ("[sim:expire=50]", "expired")])
def test_bad_ends_are_called_back_too(sim, ark, receiver, prompt, last):
    ark.made(f"a cat {prompt}", callback_url=receiver.url)
    sim.clock.advance(100)
    assert [receiver.next()["status"] for _ in range(3)] == ["queued", "running", last]


def test_a_cancelled_task_is_not_called_back(sim, ark, receiver):
    task_id = ark.made("a cat [sim:queue=100]", callback_url=receiver.url)
    assert receiver.next()["status"] == "queued"
    ark.delete(task_id)
    after = ark.made("a dog [sim:queue=100]", callback_url=receiver.url)
    assert receiver.next()["id"] == after


def test_a_final_status_is_tried_three_times_more_five_seconds_apart(sim, ark, receiver):
    task_id = ark.made("a cat [sim:queue=5] [sim:run=5]", callback_url=receiver.url)
    assert receiver.next()["status"] == "queued"
    for _ in range(5):
        receiver.answers.put(500)
    sim.clock.advance(6)
    assert receiver.next()["status"] == "running"  # refused, and not repeated
    sim.clock.advance(5)
    assert receiver.next()["status"] == "succeeded"
    for _ in range(3):
        sim.clock.advance(4)
        assert receiver.got.empty()
        sim.clock.advance(2)
        assert receiver.next()["id"] == task_id
    sim.clock.advance(60)
    ark.made("another", callback_url=receiver.url)
    assert receiver.next()["status"] == "queued"


def test_an_acknowledged_callback_is_not_repeated(sim, ark, receiver):
    ark.made("a cat [sim:queue=5] [sim:run=5]", callback_url=receiver.url)
    receiver.next()
    sim.clock.advance(6)
    receiver.next()
    receiver.answers.put(503)
    sim.clock.advance(5)
    assert receiver.next()["status"] == "succeeded"
    sim.clock.advance(6)
    assert receiver.next()["status"] == "succeeded"
    sim.clock.advance(60)
    ark.made("another", callback_url=receiver.url)
    assert receiver.next()["status"] == "queued"


def test_a_receiver_that_is_not_there_does_no_harm(sim, ark):
    task_id = ark.made("a cat [sim:queue=1] [sim:run=5]", callback_url="http://127.0.0.1:9/nobody")
    sim.clock.advance(60)
    assert ark.status(task_id) == "succeeded"


def test_acedata_calls_back_the_final_result_alone(sim, acedata, receiver):
    task_id = acedata.made("a cat [sim:run=5]", callback_url=receiver.url)
    sim.clock.advance(60)
    body = receiver.next()
    assert (body["success"], body["task_id"], body["data"]["status"]) == (True, task_id, "succeeded")
    assert body == acedata.get(task_id)["response"]


def test_an_image_is_fetched_from_its_address(images):
    with start(fetch=True) as sim:
        ark = Ark(sim)
        done = from_image(ark, f"{images.url}/600x800.png")
        assert (done["status"], done["ratio"]) == ("succeeded", "3:4")


def test_a_stand_in_is_drawn_where_nothing_can_be_fetched(images):
    for address, fetch in (
        (f"{images.url}/missing", True),
        ("http://127.0.0.1:9/nobody.png", True),
        (f"{images.url}/600x800.png", False),
    ):
        with start(fetch=fetch) as sim:
            done = from_image(Ark(sim), address)
            assert (done["status"], done["ratio"]) == ("succeeded", "16:9")


def test_what_is_fetched_must_be_an_image_within_the_limits(images):
    with start(fetch=True) as sim:
        ark = Ark(sim)
        page = from_image(ark, f"{images.url}/page")
        assert (page["status"], page["error"]["code"]) == ("failed", "InvalidImageURL.InvalidFormat")
        small = from_image(ark, f"{images.url}/100x100.png")
        assert (small["status"], small["error"]["code"]) == ("failed", "InvalidParameter")


def test_a_library_image_is_stood_in_for(sim, ark):
    done = from_image(ark, "asset://asset-2026", model="doubao-seedance-2-0-260128")
    assert done["status"] == "succeeded"


def test_a_task_ends_when_its_image_has_come(images):
    with start(fetch=True) as sim:
        ark = Ark(sim)
        url = f"{images.url}/late/600x800.png"
        task_id = ark.made("a cat [sim:run=1]", images=[("first_frame", url)], ratio="adaptive")
        sim.clock.advance(100)
        assert images.asked.wait(20)
        assert ark.status(task_id) == "running"
        images.let_go.set()
        assert ended(ark, task_id)["ratio"] == "3:4"


def test_an_image_on_its_way_is_fetched_by_the_next_process(images, tmp_path):
    with start(fetch=True, state=tmp_path) as sim:
        url = f"{images.url}/late/600x800.png"
        task_id = Ark(sim).made("a cat [sim:run=50]", images=[("first_frame", url)], ratio="adaptive")
        assert images.asked.wait(20)
    images.let_go.set()
    with start(fetch=True, state=tmp_path) as sim:
        sim.clock.advance(100)
        assert ended(Ark(sim), task_id)["ratio"] == "3:4"


def test_acedata_takes_addresses_too(images):
    with start(fetch=True) as sim:
        acedata = AceData(sim)
        content = [{"type": "image_url", "image_url": {"url": f"{images.url}/800x600.png"}, "role": "first_frame"}]
        task_id = acedata.made(content=content, ratio="adaptive")
        sim.clock.advance(500)
        until(lambda: "response" in acedata.get(task_id))
        assert acedata.get(task_id)["response"]["data"]["ratio"] == "4:3"


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (1504, 640), (704, 1248), (960, 960)])
def test_a_stand_ins_caption_is_seen_whole_at_every_ratio(width, height):
    data = stand_in("https://images.example.com/x.png")
    picture = Image.open(BytesIO(data)).convert("RGB")
    plate = (np.asarray(picture) == 20).all(axis=2)
    assert plate.sum() > 10_000
    x, y, across, down = centre_crop(*picture.size, width, height)
    assert plate[y : y + down, x : x + across].sum() == plate.sum()
    assert not plate[picture.height * 4 // 5 :].any()  # below stand the video's own marks
