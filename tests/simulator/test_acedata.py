from __future__ import annotations

import threading
import uuid

import httpx
import pytest
from simulator_callers import PRO, AceData, start, until


@pytest.fixture(params=["A", "B"])
def shaped(request):
    with start(shape=request.param) as sim:
        yield AceData(sim), request.param


def test_an_asynchronous_create_answers_at_once(sim, acedata):
    body = acedata.create().json()
    assert body.keys() == {"task_id", "trace_id"}
    assert uuid.UUID(body["task_id"])


def test_the_record_grows_as_the_task_does(shaped):
    acedata, shape = shaped
    task_id = acedata.made("a cat [sim:queue=5] [sim:run=10]", return_last_frame=True, seed=3)
    record = acedata.get(task_id)
    assert (record["id"], record["finished_at"], record["elapsed"]) == (task_id, None, None)
    assert record["request"]["content"][0]["text"].startswith("a cat")
    if shape == "A":
        assert "response" not in record
    else:
        assert record["response"]["data"]["status"] == "processing"
        assert "success" not in record["response"]
    acedata.sim.clock.advance(60)
    record = acedata.get(task_id)
    response = record["response"]
    assert (response["success"], response["task_id"]) == (True, task_id)
    assert record["elapsed"] == pytest.approx(15)
    data = response["data"]
    if shape == "A":
        assert data["id"].startswith("cgt-")
        assert data["content"].keys() == {"video_url", "last_frame_url"}
        assert data["usage"] == {"completion_tokens": 49005, "total_tokens": 49005}
        assert data["seed"] == 3
    else:
        assert data.keys() == {"task_id", "status", "video_url", "last_frame_url", "model"}
    url = data["content"]["video_url"] if shape == "A" else data["video_url"]
    assert acedata.http.get(url).content[4:8] == b"ftyp"


def test_a_failed_task_says_so(shaped):
    acedata, _ = shaped
    response = acedata.finished("a cat [sim:run=5] [sim:fail]")["response"]
    assert response["success"] is False
    assert response["error"]["code"] == "api_error"
    response = acedata.finished("a cat [sim:run=5] [sim:output-moderation]")["response"]
    assert response["error"]["code"] == "forbidden"


def test_its_worker_gives_up_after_ten_minutes(sim, acedata):
    task_id = acedata.made("a cat [sim:stuck]")
    sim.clock.advance(590)
    assert "response" not in acedata.get(task_id)
    sim.clock.advance(20)
    assert acedata.get(task_id)["response"]["error"]["code"] == "timeout"


def test_without_async_or_callback_the_connection_stays_open_until_the_end(sim, acedata):
    answers = []
    waiting = threading.Thread(
        target=lambda: answers.append(acedata.create("a cat [sim:queue=5] [sim:run=20]", **{"async": False}))
    )
    waiting.start()
    until(lambda: sim._engine.tasks)
    sim.clock.advance(20)
    assert not answers
    sim.clock.advance(10)
    waiting.join(20)
    body = answers[0].json()
    assert body["success"] is True
    assert body["data"]["status"] == "succeeded"
    assert body["data"]["content"]["video_url"].endswith(".mp4")


def test_a_waiting_connection_does_not_keep_the_simulator_from_stopping():
    sim = start()
    acedata = AceData(sim)
    errors = []

    def wait():
        try:
            acedata.create("a cat", **{"async": False})
        except httpx.HTTPError as error:
            errors.append(error)

    waiting = threading.Thread(target=wait)
    waiting.start()
    until(lambda: sim._engine.tasks)
    sim.close()
    waiting.join(20)
    assert len(errors) == 1


def test_many_are_asked_in_one_call_and_unknown_ids_are_left_out(sim, acedata):
    ids = [acedata.made(f"cat {n} [sim:run=1]") for n in range(3)]
    sim.clock.advance(60)
    body = acedata.tasks(ids=[*ids, str(uuid.uuid4())], action="retrieve_batch").json()
    assert body["count"] == 3
    assert [record["id"] for record in body["items"]] == ids


def test_an_unknown_id_is_404_or_an_empty_object(sim, acedata):
    answer = acedata.tasks(id="nobody")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
    with start(empty_unknown=True) as other:
        answer = AceData(other).tasks(id="nobody")
        assert (answer.status_code, answer.json()) == (200, {})


def test_errors_have_their_own_codes(sim, acedata):
    url = sim.acedata_base_url + "/seedance/videos"
    wrong = httpx.post(url, json={}, headers={"authorization": "Bearer wrong"})
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (401, "invalid_token")
    assert httpx.post(url, json={}).json()["error"]["code"] == "no_token"
    model = acedata.create(model="gpt")
    assert (model.status_code, model.json()["error"]) == (400, {"code": "bad_request", "message": "model is invalid."})
    assert model.json()["success"] is False
    assert model.json()["trace_id"]
    assert acedata.create(model="seedance-1-0-pro-250528").status_code == 400  # BytePlus's id
    too_long = acedata.create("x" * 1001)
    assert (too_long.status_code, too_long.json()["error"]["code"]) == (400, "bad_request")
    item = {"type": "text", "text": "a cat", "language": "en"}
    assert acedata.create(content=[item]).status_code == 400
    assert acedata.tasks(id=7).status_code == 400
    assert acedata.tasks(action="remove", id="x").status_code == 400


def test_it_knows_its_own_names_and_ignores_others(sim, acedata):
    assert acedata.create(camerafixed=True).status_code == 200
    assert acedata.create(camerafixed="yes").status_code == 400
    assert acedata.create(camera_fixed="yes", service_tier="flex", unknown=1).status_code == 200
    ratio = acedata.finished()["response"]["data"]
    assert (ratio["ratio"], ratio["model"]) == ("16:9", PRO)


def test_shapes_can_alternate():
    with start(shape="alternate") as sim:
        acedata = AceData(sim)
        kinds = {"id" in acedata.finished(f"cat {n} [sim:run=1]")["response"]["data"] for n in range(40)}
    assert kinds == {True, False}
