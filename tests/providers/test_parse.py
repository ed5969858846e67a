"""Records of tasks as they were captured, as they are documented, and as nobody should send them."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedance_widgets import errors
from seedance_widgets.providers import acedata, ark, error_from_dict
from seedance_widgets.providers.records import field_of, keepable, read_refusal, shown

QUEUED = {
    "id": "cgt-20261122-abcde",
    "model": "doubao-seedance-1-0-pro-250528",
    "status": "queued",
    "created_at": 1765510475,
    "updated_at": 1765510475,
    "service_tier": "default",
    "execution_expires_after": 172800,
}
MADE = {
    "id": "cgt-1",
    "model": "doubao-seedance-2-0-260128",
    "status": "succeeded",
    "error": None,
    "content": {
        "video_url": "https://a.tos.volces.com/v.mp4?X-Tos-Expires=86400",
        "last_frame_url": "https://a.b/l.jpg",
    },
    "usage": {"completion_tokens": 108900, "total_tokens": 108900},
    "created_at": 1,
    "updated_at": 2,
    "seed": 58944,
    "resolution": "720p",
    "ratio": "240:427",
    "duration": 5,
    "framespersecond": 24,
}
FAILED = {
    "id": "cgt-1",
    "model": "doubao-seedance-1-5-pro-251215",
    "status": "failed",
    "error": {
        "code": "OutputAudioSensitiveContentDetected",
        "message": "The request failed because the output audio may contain sensitive information. Request id: 0217abc",
    },
    "generate_audio": True,
}
SHAPE_A = {
    "success": True,
    "task_id": "u-1",
    "trace_id": "t-1",
    "data": {**MADE, "content": {"video_url": "https://platform2.cdn.acedata.cloud/v.mp4"}},
}
SHAPE_B = {
    "success": True,
    "task_id": "u-1",
    "trace_id": "t-1",
    "data": {
        "task_id": "cgt-1",
        "status": "succeeded",
        "video_url": "https://a.b/v.mp4",
        "last_frame_url": "https://a.b/l",
    },
}


def ace_record(**changes):
    return {"id": "u-1", "type": "videos", "created_at": 1.5, "trace_id": "t-1", "request": {"prompt": "x"}, **changes}


def test_ark_queued():
    task = ark.parse_task(QUEUED, "ark-cn")
    assert (task.status, task.video_url, task.error, task.created_at) == ("queued", None, None, 1765510475.0)
    assert not task.final


def test_ark_succeeded():
    task = ark.parse_task(MADE, "ark-cn", "cgt-1")
    assert task.final
    assert task.video_url == MADE["content"]["video_url"]
    assert (task.last_frame_url, task.seed, task.tokens) == ("https://a.b/l.jpg", 58944, 108900)
    assert (task.ratio, task.resolution, task.error) == ("240:427", "720p", None)


def test_ark_failed_is_a_moderation_error_with_request_id_that_is_not_billed():
    task = ark.parse_task(FAILED, "ark-cn")
    assert isinstance(task.error, errors.ModerationError)
    assert task.error.request_id == "0217abc"
    assert task.error.advice.billed is False
    assert task.error.advice.repeat == "safe"
    assert "Request id" not in task.error.message


@pytest.mark.parametrize("word", ["queued", "running", "succeeded", "failed", "cancelled", "expired"])
def test_ark_knows_every_status(word):
    assert ark.parse_task({"id": "a", "status": word}, "ark-ap").status == word


def test_ark_counts_an_unknown_status_as_running_and_keeps_the_word():
    task = ark.parse_task({"id": "a", "status": "preheating"}, "ark-cn")
    assert (task.status, task.raw["status"]) == ("running", "preheating")


def test_ark_failed_without_a_reason_says_so():
    error = ark.parse_task({"id": "a", "status": "failed"}, "ark-cn").error
    assert isinstance(error, errors.ServerError)
    assert "no reason" in str(error)
    assert error.advice.billed is False


@pytest.mark.parametrize(
    "record", [{}, [], None, "x", {"id": "a"}, {"status": "queued"}, {"id": 7, "status": "queued"}]
)
def test_ark_record_without_id_or_status_is_a_server_error(record):
    with pytest.raises(errors.ServerError, match="no id or no status"):
        ark.parse_task(record, "ark-cn")


def test_another_tasks_record_is_refused():
    with pytest.raises(errors.ServerError):
        ark.parse_task(MADE, "ark-cn", "cgt-2")


def test_fields_of_the_wrong_type_are_left_out():
    odd = {**MADE, "content": [1], "usage": "x", "seed": True, "ratio": 3, "resolution": {}, "created_at": "now"}
    task = ark.parse_task(odd, "ark-cn")
    assert (task.video_url, task.tokens, task.seed, task.ratio, task.created_at) == (None,) * 5


@pytest.mark.parametrize("url", ["file:///etc/passwd", "javascript:alert(1)", "https://a b", "https://a\n", "", 7, {}])
def test_only_web_addresses_are_taken(url):
    assert ark.parse_task({**MADE, "content": {"video_url": url}}, "ark-cn").video_url is None


@pytest.mark.parametrize("response", [SHAPE_A, SHAPE_B], ids=["A", "B"])
def test_acedata_succeeded_in_both_shapes(response):
    task = acedata.parse_task(ace_record(response=response, finished_at=9.0))
    assert (task.task_id, task.status) == ("u-1", "succeeded")
    assert task.video_url.endswith("/v.mp4")
    assert task.updated_at == 9.0
    assert "request" not in task.raw
    if response is SHAPE_A:
        assert (task.tokens, task.seed, task.ratio) == (108900, 58944, "240:427")
    else:
        assert task.last_frame_url == "https://a.b/l"


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, "running"),
        ({"started_at": None}, "queued"),
        ({"started_at": 3.0}, "running"),
        ({"response": {}}, "running"),
        ({"response": None}, "running"),
        ({"response": {"data": {"status": "processing"}}}, "running"),
        ({"response": {"success": True, "data": {"status": "running"}}}, "running"),
        ({"response": {"success": False, "data": {"status": "processing"}}}, "running"),
        ({"response": {"data": {"status": "pending"}}}, "queued"),
        ({"response": {"data": {"status": "expired"}}}, "expired"),
        ({"response": {"data": {"status": "canceled"}}}, "cancelled"),
        ({"response": {"data": {"status": "Rejected"}}}, "failed"),
        ({"response": {"success": False, "error": {"code": "api_error", "message": "m"}}}, "failed"),
        ({"response": {"success": False, "error": "something"}}, "failed"),
        ({"response": {"success": True, "data": {"video_url": ["https://a.b/v.mp4"]}}}, "succeeded"),
        ({"response": {"data": {"video_url": "https://a.b/v.mp4"}}}, "succeeded"),
    ],
)
def test_acedata_status(changes, status):
    task = acedata.parse_task(ace_record(**changes))
    assert task.status == status
    assert (task.error is not None) == (status == "failed")


def test_acedata_timeout_warns_that_it_may_have_been_made():
    failed = {"success": False, "error": {"code": "timeout", "message": "timeout when generating video"}}
    error = acedata.parse_task(ace_record(response=failed)).error
    assert (error.code, error.advice.billed, error.advice.repeat) == ("timeout", None, "never")


def test_acedata_passes_arks_codes_through():
    failed = {
        "success": False,
        "error": {"code": "InputImageSensitiveContentDetected.PrivacyInformation", "message": ""},
    }
    error = acedata.parse_task(ace_record(response=failed)).error
    assert isinstance(error, errors.ModerationError)
    assert "real person" in error.message


def test_acedata_shape_a_failed_holds_the_error_in_its_data():
    response = {"success": False, "data": FAILED}
    error = acedata.parse_task(ace_record(response=response)).error
    assert error.code == "OutputAudioSensitiveContentDetected"


NAMES = """id status state error code message content video_url last_frame_url usage completion_tokens total_tokens seed
    resolution ratio created_at updated_at response data success task_id trace_id started_at finished_at param"""
KEYS = st.sampled_from(NAMES.split())
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["u-1", "failed", "succeeded"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | st.text(max_size=5), inner, max_size=8),
    max_leaves=30,
)


@given(VALUES)
def test_no_record_makes_the_parsers_stumble(record):
    for parse in (lambda: ark.parse_task(record, "ark-cn"), lambda: acedata.parse_task(record)):
        with contextlib.suppress(errors.ProviderError):
            task = parse()
            json.dumps(task.raw).encode()
            assert task.status in {"queued", "running", "succeeded", "failed", "cancelled", "expired"}
            assert (task.error is not None) == (task.status == "failed")
            assert task.raw == keepable(task.raw)


@given(VALUES, VALUES)
def test_no_error_of_a_server_makes_the_reader_stumble(record, body):
    refusal = read_refusal({"error": record})
    if refusal is not None:
        field_of(refusal, {"content": body})
        assert refusal.message.isprintable()
        assert len(refusal.message) <= 2000


def test_server_text_is_one_printable_line_of_bounded_length():
    assert shown("a\x00b\x1b[31mc\r\nd\u202ee\ud800f") == "ab[31mc def"
    assert len(shown("x" * 10**6)) == 2000


def test_raw_keeps_no_long_string():
    kept = keepable({"request": {"image": "data:" + "A" * 10**6}})
    assert len(json.dumps(kept)) < 300


@given(VALUES, st.text(), st.text())
def test_error_from_dict_takes_anything(value, kind, code):
    error = error_from_dict({"kind": kind, "message": value, "code": code, "status": value, "provider": value})
    assert isinstance(error, errors.ProviderError)


def test_errors_come_back_from_the_ledger_with_their_advice():
    failed = ark.parse_task(FAILED, "ark-cn").error
    again = error_from_dict(json.loads(json.dumps(failed.to_dict())))
    assert (type(again), again.to_dict(), again.advice) == (type(failed), failed.to_dict(), failed.advice)
