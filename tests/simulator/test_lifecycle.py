from __future__ import annotations

import asyncio
import gc
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import warnings

import httpx
import pytest
from simulator_callers import PRO, TASKS, AceData, Ark, start

from seedance_widgets.catalog import catalogue
from seedance_widgets.errors import ConfigurationError, StorageError
from seedance_widgets.simulator import Simulator


def test_a_task_is_queued_then_running_then_succeeded_with_all_its_facts(sim, ark):
    task_id = ark.made("a cat [sim:queue=20] [sim:run=30]", seed=7, ratio="9:16", return_last_frame=True)
    assert re.fullmatch(r"cgt-\d{14}-[a-z0-9]{5}", task_id)
    queued = ark.get(task_id).json()
    created = queued["created_at"]
    assert queued == {
        "id": task_id,
        "model": PRO,
        "status": "queued",
        "created_at": created,
        "updated_at": created,
        "service_tier": "default",
        "execution_expires_after": 172800,
    }
    sim.clock.advance(19.9)
    assert ark.status(task_id) == "queued"
    sim.clock.advance(0.2)
    running = ark.get(task_id).json()
    assert running["status"] == "running"
    assert running["updated_at"] in {created + 20, created + 21}
    assert running.keys() == queued.keys()
    sim.clock.advance(30)
    done = ark.get(task_id).json()
    content = done.pop("content")
    assert content.keys() == {"video_url", "last_frame_url"}
    assert done == {
        "id": task_id,
        "model": PRO,
        "status": "succeeded",
        "error": None,
        "usage": {"completion_tokens": 49005, "total_tokens": 49005},  # 480 x 864 x 121 frames / 1024
        "created_at": created,
        "updated_at": done["updated_at"],
        "seed": 7,
        "resolution": "480p",
        "ratio": "9:16",
        "duration": 5,
        "framespersecond": 24,
        "service_tier": "default",
        "execution_expires_after": 172800,
    }
    assert done["updated_at"] in {created + 50, created + 51}


def test_states_are_the_same_however_the_clock_gets_there():
    with start() as jumps, start() as walks:
        ids = {}
        for sim in (jumps, walks):
            ids[sim] = Ark(sim).made("the same [sim:queue=3] [sim:run=40]", seed=1)
        jumps.clock.advance(10_000)
        for _ in range(1000):
            walks.clock.advance(10)
            Ark(walks).status(ids[walks])
        first, second = (Ark(sim).get(ids[sim]).json() for sim in (jumps, walks))
        lasted = [one["updated_at"] - one["created_at"] for one in (first, second)]
        assert abs(lasted[0] - lasted[1]) <= 1  # whole seconds of two different starts
        assert 42 <= lasted[0] <= 44


def test_frames_take_the_place_of_the_duration_in_the_reply(ark):
    done = ark.finished(frames=57, duration=99)
    assert done["frames"] == 57
    assert "duration" not in done
    assert done["usage"]["completion_tokens"] == 57 * 864 * 480 // 1024


@pytest.mark.parametrize("model", list(catalogue().models))
def test_every_model_of_both_regions_is_known_and_reports_its_own_id(sim, ark, model):
    about = catalogue().models[model]
    image = [("first_frame", "https://example.com/a.png")] if "text" not in about.modes else []
    for region in ("ark-cn", "ark-ap"):
        done = ark.finished(images=image, model=about.id_at(region))
        assert done["model"] == about.id_at(region)
        assert done["status"] in {"succeeded", "running"}


def test_an_endpoint_id_stands_for_the_pro_model(ark):
    done = ark.finished(model="ep-20260101-abcde")
    assert (done["model"], done["status"]) == (PRO, "succeeded")


def test_a_random_seed_is_drawn_and_shown_and_a_length_is_chosen_for_minus_one(ark):
    assert 0 <= ark.finished()["seed"] <= 2**31 - 1
    chosen = ark.finished(model="doubao-seedance-2-0-260128", duration=-1)
    assert 4 <= chosen["duration"] <= 15
    assert chosen["ratio"] in catalogue().rules.ratios
    assert chosen["generate_audio"] is True


def test_a_task_expires_when_it_has_not_ended_in_time(sim, ark):
    task_id = ark.made("a cat [sim:stuck]", execution_expires_after=3600)
    sim.clock.advance(3590)
    assert ark.status(task_id) == "running"
    sim.clock.advance(20)
    gone = ark.get(task_id).json()
    assert gone["status"] == "expired"
    assert "content" not in gone


def test_records_are_forgotten_after_seven_days_and_cancelled_ones_after_one(sim, ark):
    kept, cancelled = ark.made("a cat [sim:run=10]"), ark.made("a cat [sim:queue=100]")
    assert ark.delete(cancelled).json() == {}
    sim.clock.advance(86_000)
    assert (ark.status(kept), ark.status(cancelled)) == ("succeeded", "cancelled")
    sim.clock.advance(500)
    assert ark.get(cancelled).status_code == 404
    sim.clock.advance(6 * 86_400 - 1000)
    assert ark.status(kept) == "succeeded"
    sim.clock.advance(1000)
    assert ark.get(kept).status_code == 404


def test_delete_does_what_each_state_allows(sim, ark):
    queued = ark.made("a cat [sim:queue=100]")
    assert ark.delete(queued).json() == {}
    assert ark.status(queued) == "cancelled"
    again = ark.delete(queued)
    assert again.status_code == 409
    running = ark.made("a cat [sim:run=5000]")
    sim.clock.advance(60)
    refused = ark.delete(running)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "TaskRunningCannotCancel")
    assert ark.status(running) == "running"
    for prompt in ("a cat [sim:run=5]", "a cat [sim:run=5] [sim:fail]", "a cat [sim:expire=5]"):
        final = ark.finished(prompt)["id"]
        assert ark.delete(final).json() == {}
        gone = ark.get(final)
        assert (gone.status_code, gone.json()["error"]["code"]) == (404, "NotFound.id")
        assert final not in [one["id"] for one in ark.list().json()["items"]]


def test_list_filters_and_pages(sim, ark):
    ids = [ark.made(f"cat {n} [sim:run=10]") for n in range(5)]
    flex = ark.made("flex [sim:run=10]", service_tier="flex")
    assert flex.startswith("cgt-batch-")
    other = ark.made("other [sim:run=10]", model="doubao-seedance-1-0-pro-fast-251015")
    sim.clock.advance(60)
    failed = ark.made("bad [sim:run=1] [sim:fail]")
    sim.clock.advance(60)
    waiting = ark.made("later [sim:queue=1000]")

    def listed(**query):
        body = ark.list(**query).json()
        return [one["id"] for one in body["items"]], body["total"]

    assert listed() == ([waiting, failed, other, *reversed(ids)], 8)
    assert listed(**{"filter.status": "failed"}) == ([failed], 1)
    assert listed(**{"filter.status": "queued"}) == ([waiting], 1)
    assert listed(**{"filter.service_tier": "flex"}) == ([flex], 1)
    assert listed(**{"filter.model": "doubao-seedance-1-0-pro-fast-251015"}) == ([other], 1)
    assert listed(**{"filter.task_ids": [ids[1], ids[3], "nobody"]}) == ([ids[3], ids[1]], 2)
    assert listed(page_num=2, page_size=3) == ([ids[4], ids[3], ids[2]], 8)
    assert listed(page_num=4, page_size=3) == ([], 8)
    sim.clock.advance(7 * 86_400 - 50)
    assert listed() == ([waiting], 1)


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ({"filter.status": "expired"}, "filter.status"),
        ({"page_size": 501}, "page_size"),
        ({"page_num": 0}, "page_num"),
        ({"page_num": "x"}, "page_num"),
    ],
)
def test_list_refuses_what_the_interface_does_not_take(ark, query, param):
    answer = ark.list(**query)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


def test_accounts_do_not_see_each_other(sim, ark):
    task_id = ark.made()
    stranger = Ark(sim, "somebody else")
    assert stranger.get(task_id).status_code == 404
    assert stranger.list().json()["total"] == 0


def test_a_missing_or_wrong_key_gets_the_live_answer(sim):
    url = sim.ark_base_url + TASKS
    for headers in ({}, {"authorization": "Bearer wrong"}, {"authorization": "Bearer"}, {"authorization": "Basic x"}):
        answer = httpx.get(url, headers=headers)
        error = answer.json()["error"]
        assert answer.status_code == 401
        assert answer.headers["x-error-code"] == "AuthN_MissOrInvalidAuthorizationHeader"
        assert (error["code"], error["param"], error["type"]) == ("AuthenticationError", "", "Unauthorized")
        assert error["message"].endswith(f"Request id: {answer.headers['x-request-id']}")


def test_one_key_can_be_made_the_only_one():
    with start(api_key="mine") as sim:
        assert Ark(sim).list().status_code == 401
        assert Ark(sim, "mine").list().status_code == 200


def test_the_log_keeps_no_key_and_no_image_data(sim, ark):
    from simulator_callers import data_uri, picture

    uri = data_uri(picture())
    ark.made("a cat", images=[("first_frame", uri)])
    entry = sim.requests[-1]
    assert (entry.method, entry.path, entry.status) == ("POST", "/api/v3" + TASKS, 200)
    assert entry.time == pytest.approx(sim.clock.now())
    assert entry.body["model"] == PRO
    assert len(entry.body["content"][1]["image_url"]["url"]) < 100
    assert "somebody" not in repr(sim.requests)


def test_a_body_that_is_not_json_is_refused(sim, ark):
    url = sim.ark_base_url + TASKS
    assert ark.http.post(url, content="{}", headers={"content-type": "text/plain"}).status_code == 415
    for content in ("{", "", "[1, 2]", '"x"', "null"):
        answer = ark.http.post(url, content=content, headers={"content-type": "application/json"})
        assert answer.status_code == 400, content
    too_large = b'{"x": "' + b"a" * (65 * 1024 * 1024) + b'"}'
    answer = ark.http.post(url, content=too_large, headers={"content-type": "application/json"})
    assert answer.status_code == 413
    assert "access-control-allow-origin" not in answer.headers


def test_unknown_addresses_get_an_error_in_the_wire_s_own_shape(sim, ark):
    assert ark.http.get(sim.ark_base_url + "/models").json()["error"]["code"] == "NotFound"
    assert ark.http.get(sim.acedata_base_url + "/seedance/videos").json()["error"]["code"] == "not_found"


def test_it_starts_and_stops_quickly_and_leaves_nothing_behind():
    began = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sim = Simulator()
        assert "not started" in repr(sim)
        url = sim.ark_base_url  # starts it
        took = time.perf_counter() - began
        port = int(re.search(r":(\d+)/", url).group(1))
        assert Ark(sim).list().status_code == 200
        sim.close()
        sim.close()
        gc.collect()
    assert took < 5  # 0.15 s where nothing else runs
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_answers_on_a_kept_connection_are_not_held_back(sim, ark):
    ark.list()
    (connection,) = sim._server.server_state.connections
    accepted = connection.transport.get_extra_info("socket")
    assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_it_starts_while_the_main_thread_runs_a_loop():
    with Simulator() as sim:
        async with httpx.AsyncClient(headers={"authorization": "Bearer x"}) as http:
            answers = await asyncio.gather(*(http.get(sim.ark_base_url + TASKS) for _ in range(20)))
        assert {answer.status_code for answer in answers} == {200}


def test_the_provider_can_go_down_and_come_back(sim, ark):
    task_id = ark.made("a cat [sim:run=10]")
    sim.offline()
    with pytest.raises(httpx.ConnectError):
        ark.get(task_id)
    sim.clock.advance(60)
    sim.online()
    sim.online()
    assert ark.status(task_id) == "succeeded"


def test_what_cannot_be_had_is_said_in_a_sentence(sim, tmp_path):
    port = int(sim.acedata_base_url.rpartition(":")[2])
    with pytest.raises(ConfigurationError, match="another port"):
        Simulator(port=port).start()
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot keep its tasks"):
        Simulator(state=tmp_path / "file").start()
    for bad in ({"speed": 0}, {"speed": float("nan")}, {"limits": "some"}):
        with pytest.raises(ConfigurationError):
            Simulator(**bad)


def test_tasks_go_on_in_the_next_process(tmp_path):
    with start(state=tmp_path) as sim:
        ark = Ark(sim)
        running = ark.made("a cat [sim:queue=1] [sim:run=500]", seed=5)
        queued = ark.made("a cat [sim:queue=5000]")
        cancelled = ark.made("a cat [sim:queue=5000]")
        ark.delete(cancelled)
        sim.clock.advance(10)
        assert ark.status(running) == "running"
        before, shown = ark.get(running).json(), sim.clock.now()
    with start(state=tmp_path) as sim:
        ark = Ark(sim)
        assert shown <= sim.clock.now() < shown + 60
        assert ark.get(running).json() == before
        assert (ark.status(queued), ark.status(cancelled)) == ("queued", "cancelled")
        sim.clock.advance(600)
        assert (ark.status(running), ark.status(queued)) == ("succeeded", "queued")
        assert ark.get(running).json()["seed"] == 5
        assert ark.status(ark.made()) == "queued"
    with start(state=tmp_path) as sim:
        sim.clock.advance(8 * 86_400)
        assert Ark(sim).get(running).status_code == 404
    with start(state=tmp_path) as sim:
        # Nothing depends on the moved clock any more, so it shows the real time again.
        assert sim.clock.now() == pytest.approx(time.time(), abs=60)


def test_the_clock_keeps_its_own_time():
    sim = Simulator(speed=1000)
    before = sim.clock.now()
    sim.clock.advance(5)
    assert sim.clock.now() >= before + 5
    sim.clock.pause()
    assert sim.clock.now() == sim.clock.now()
    with pytest.raises(ValueError, match="forward"):
        sim.clock.advance(-1)


def test_two_processes_on_one_folder_know_each_other_s_tasks(tmp_path):
    with start(state=tmp_path) as second, start(state=tmp_path) as first:
        made = Ark(first).made("a cat [sim:queue=1] [sim:run=5]")
        of_acedata = AceData(first).made()
        assert Ark(second).get(made).json()["id"] == made
        assert Ark(second).list(**{"filter.task_ids": made}).json()["total"] == 1
        assert AceData(second).get(of_acedata)["id"] == of_acedata
        second.clock.advance(600)
        assert Ark(second).status(made) == "succeeded"


def test_a_record_of_another_version_is_left_out_with_a_warning(tmp_path, caplog):
    with start(state=tmp_path) as sim:
        kept, odd = Ark(sim).made("one"), Ark(sim).made("two")
    with sqlite3.connect(tmp_path / "tasks.db") as database:
        database.execute("UPDATE task SET record = json_set(record, '$.model', 'gone') WHERE id = ?", (odd,))
    database.close()
    with start(state=tmp_path) as sim:
        assert Ark(sim).get(kept).status_code == 200
        assert Ark(sim).get(odd).status_code == 404
    assert odd in caplog.text


def test_a_process_that_just_ends_leaves_no_folder_and_no_complaint(tmp_path):
    script = """
import httpx
from seedance_widgets.simulator import Simulator
sim = Simulator()
body = {"model": "doubao-seedance-1-0-pro-250528", "content": [{"type": "text", "text": "a cat"}]}
url = sim.ark_base_url + "/contents/generations/tasks"
print(httpx.post(url, json=body, headers={"authorization": "Bearer x"}).status_code)
"""
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        check=False,
    )
    assert (ended.stdout.strip(), ended.stderr, ended.returncode) == ("200", "", 0)
    assert list(tmp_path.glob("seedance-simulator-*")) == []


def test_the_command_serves_until_it_is_stopped(tmp_path):
    command = [sys.executable, "-m", "seedance_widgets.simulator", "--port", "0", "--api-key", "mine", "--speed", "50"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        lines = []
        while not lines or "Ctrl+C" not in lines[-1]:
            lines.append(process.stdout.readline())
            assert lines[-1] or process.poll() is None, process.stderr.read()
        said = "".join(lines)
        variables = dict(re.findall(r"(\w+)=(\S+)", said))
        assert variables["ARK_API_KEY"] == variables["ACEDATACLOUD_API_TOKEN"] == "mine"
        answer = httpx.get(variables["ARK_BASE_URL"] + TASKS, headers={"authorization": "Bearer mine"})
        assert answer.json() == {"items": [], "total": 0}
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert process.stderr.read() == ""
    again = subprocess.run([*command[:-4], "--port", "99999"], capture_output=True, text=True, timeout=60, check=False)
    assert again.returncode == 1
    assert "cannot listen" in again.stderr


async def test_the_package_s_own_provider_makes_a_video_with_it(sim):
    import seedance_widgets as sw

    sim.clock.resume()
    for kind in ("ark", "ark-ap", "acedata"):
        provider = sim.provider(kind)
        prompt = "a cat [sim:queue=1] [sim:run=2]"
        request = sw.VideoRequest(prompt, resolution="480p", frames=29, return_last_frame=True)
        submitted = await provider.submit(request)
        while not (task := (await provider.poll([submitted.task_id]))[submitted.task_id]).final:
            await asyncio.sleep(0.01)
        assert (task.status, task.tokens) == ("succeeded", 29 * 864 * 480 // 1024)
        assert task.last_frame_url
        await provider.aclose()
