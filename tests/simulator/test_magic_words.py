from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from simulator_callers import Ark

from seedance_widgets import simulator
from seedance_widgets.simulator.magic import WORDS

REFUSED = {
    "moderation": (400, "InputTextSensitiveContentDetected"),
    "privacy": (400, "InputImageSensitiveContentDetected.PrivacyInformation"),
    "overdue": (403, "AccountOverdueError"),
    "quota": (429, "QuotaExceeded"),
    "html=submit": (400, "InvalidParameter"),
}


def made_by(ark):
    return ark.list().json()["total"]


@pytest.mark.parametrize("word", REFUSED)
def test_refused_at_once_and_nothing_is_made(ark, word):
    answer = ark.create(f"a cat [sim:{word}]")
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == REFUSED[word]
    assert error["message"].endswith(f"Request id: {answer.headers['x-request-id']}")
    assert made_by(ark) == 0


@pytest.mark.parametrize(
    ("word", "status", "code"),
    [
        ("429", 429, "RateLimitExceeded.EndpointRPMExceeded"),
        ("503", 503, "ServiceUnavailable"),
        ("500", 500, "InternalServiceError"),
    ],
)
def test_the_first_creates_fail_and_the_next_succeeds(ark, word, status, code):
    for _ in range(3):
        answer = ark.create(f"a cat [sim:{word}=3]")
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert made_by(ark) == 0
    assert ark.create(f"a cat [sim:{word}=3]").status_code == 200
    assert ark.create(f"another cat [sim:{word}]").status_code == status
    assert ark.create(f"another cat [sim:{word}]").status_code == 200


def test_drop_closes_the_connection_and_makes_nothing(sim, ark):
    with pytest.raises(httpx.RemoteProtocolError):
        ark.create("a cat [sim:drop]")
    assert sim.requests[-1].status is None
    assert made_by(ark) == 0
    assert ark.create("a cat [sim:drop]").status_code == 200


def test_lost_makes_the_task_and_closes_the_connection(sim, ark):
    with pytest.raises(httpx.RemoteProtocolError):
        ark.create("a cat [sim:lost]")
    assert (sim.requests[-1].method, sim.requests[-1].status) == ("POST", None)
    assert made_by(ark) == 1


def test_garbage_and_noid_answer_200_without_an_id_though_the_task_is_made(ark):
    garbage = ark.create("a cat [sim:garbage]")
    assert (garbage.status_code, garbage.text[:9]) == (200, "<!doctype")
    assert ark.create("a cat [sim:noid]").json() == {}
    assert made_by(ark) == 2


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("fail", "InternalServiceError"),
        ("fail=InvalidParameter.TaskTypeMismatch", "InvalidParameter.TaskTypeMismatch"),
        ("output-moderation", "OutputVideoSensitiveContentDetected"),
        ("html", "InternalServiceError"),
    ],
)
def test_a_failed_task_tells_why_and_bills_nothing(ark, word, code):
    failed = ark.finished(f"a cat [sim:run=10] [sim:{word}]")
    assert (failed["status"], failed["error"]["code"]) == ("failed", code)
    assert "Request id: " in failed["error"]["message"]
    assert "usage" not in failed
    assert "content" not in failed
    assert ("<script>" in failed["error"]["message"]) == (word == "html")


def test_waits_are_as_long_as_asked(sim, ark):
    task_id = ark.made("a cat [sim:queue=100] [sim:run=200]")
    for seconds, status in ((99, "queued"), (2, "running"), (198, "running"), (2, "succeeded")):
        sim.clock.advance(seconds)
        assert ark.status(task_id) == status


def test_slow_runs_ten_times_as_long(sim, ark):
    plain, slow = ark.made("a cat", seed=1), ark.made("a cat [sim:slow]", seed=1)
    sim.clock.advance(60)  # 35 s at most, and 3 s in the queue
    assert (ark.status(plain), ark.status(slow)) == ("succeeded", "running")
    sim.clock.advance(600)
    assert ark.status(slow) == "succeeded"


def test_the_flex_tier_takes_its_time(sim, ark):
    plain, flex = ark.made("a cat", seed=1), ark.made("a cat", seed=1, service_tier="flex")
    sim.clock.advance(60)  # 54 s and 3 s at most
    assert (ark.status(plain), ark.status(flex)) == ("succeeded", "running")
    sim.clock.advance(200)
    assert ark.status(flex) == "succeeded"


def test_stuck_runs_until_it_expires_and_expire_is_early(sim, ark):
    stuck, early = ark.made("a cat [sim:stuck]"), ark.made("a cat [sim:expire=30]")
    sim.clock.advance(40)
    assert (ark.status(stuck), ark.status(early)) == ("running", "expired")
    sim.clock.advance(172_800)
    assert ark.status(stuck) == "expired"


def test_gone_vanishes_when_it_would_have_ended(sim, ark):
    task_id = ark.made("a cat [sim:gone] [sim:queue=0] [sim:run=10]")
    sim.clock.advance(5)
    assert ark.status(task_id) == "running"
    sim.clock.advance(10)
    assert ark.get(task_id).status_code == 404


def test_the_first_polls_fail(ark):
    task_id = ark.made("a cat [sim:poll-500=2]")
    assert [ark.get(task_id).status_code for _ in range(3)] == [500, 500, 200]
    task_id = ark.made("a cat [sim:poll-500=1]")
    assert ark.list(**{"filter.task_ids": task_id}).status_code == 500
    assert ark.list(**{"filter.task_ids": task_id}).status_code == 200
    task_id = ark.made("a cat [sim:poll-drop=1]")
    with pytest.raises(httpx.RemoteProtocolError):
        ark.get(task_id)
    assert ark.get(task_id).status_code == 200


def test_bad_media_is_no_video(ark):
    url = ark.finished("a cat [sim:run=1] [sim:bad-media]")["content"]["video_url"]
    answer = ark.fetch(url)
    assert answer.status_code == 200
    assert b"ftyp" not in answer.content[:16]


def test_short_media_ends_in_the_middle(ark):
    url = ark.finished("a cat [sim:run=1] [sim:short-media]", frames=29)["content"]["video_url"]
    received = []
    with ark.http.stream("GET", url) as answer:
        promised = int(answer.headers["content-length"])
        with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
            received.extend(answer.iter_raw())
    assert sum(map(len, received)) == promised // 2


def test_a_link_can_be_refused_from_the_start(ark):
    url = ark.finished("a cat [sim:run=1] [sim:403-media]")["content"]["video_url"]
    assert ark.fetch(url).status_code == 403


def test_a_misspelt_word_is_refused_with_the_nearest(ark):
    answer = ark.create("a cat [sim:faill]")
    assert answer.status_code == 400
    assert "did you mean [sim:fail]?" in answer.json()["error"]["message"]
    assert ark.create("a cat [sim:run=soon]").status_code == 400
    assert ark.create("a cat [sim:run=nan]").status_code == 400


def test_every_word_is_documented_and_tested():
    tests = Path(__file__).read_text("utf-8")
    for word in WORDS:
        assert f"[sim:{word}" in simulator.__doc__, word
        assert f'"{word}' in tests or f"[sim:{word}" in tests, word


def test_words_work_on_the_other_wire_too(sim, acedata):
    assert acedata.create("a cat [sim:moderation]").json()["error"]["code"] == "forbidden"
    assert acedata.create("a cat [sim:overdue]").json()["error"]["code"] == "used_up"
    assert acedata.create("a cat [sim:429]").json()["error"]["code"] == "too_many_requests"
    task_id = acedata.made("a cat [sim:poll-500=1]")
    assert acedata.tasks(id=task_id).status_code == 500
    assert acedata.tasks(id=task_id).status_code == 200
    with pytest.raises(httpx.RemoteProtocolError):
        acedata.create("a cat [sim:lost]")


def test_accounts_have_their_misfortunes_apart(sim, ark):
    assert ark.create("a cat [sim:503]").status_code == 503
    assert Ark(sim, "somebody else").create("a cat [sim:503]").status_code == 503
