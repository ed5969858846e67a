"""A create call is sent once, and its failure says whether a task may exist."""

from __future__ import annotations

import socket

import pytest

from seedance_widgets import errors
from seedance_widgets.providers import AceDataCloud, Ark
from seedance_widgets.providers.http import may_repeat_create

from .conftest import KEY, Reply, Server, drop


def refusal(code, message="no. Request id: 0217abc", param=""):
    return {"error": {"code": code, "message": message, "param": param, "type": "x"}}


async def failure_of(provider, request):
    with pytest.raises(errors.ProviderError) as caught:
        await provider.submit(request)
    return caught.value


async def test_a_good_answer_gives_the_task_id_and_the_key_goes_along_once(server, ark, request_of):
    server.replies = [Reply(200, {"id": "cgt-1"}, {"x-request-id": "req-1"})]
    submitted = await ark.submit(request_of())
    assert (submitted.task_id, submitted.request_id) == ("cgt-1", "req-1")
    [call] = server.calls
    assert (call.method, call.path) == ("POST", "/contents/generations/tasks")
    assert call.headers["authorization"] == f"Bearer {KEY}"
    assert call.headers["content-type"] == "application/json"
    assert "transfer-encoding" not in call.headers


@pytest.mark.parametrize(
    "body",
    [{"task_id": "u-1", "trace_id": "t-1"}, {"success": True, "data": {"task_id": "u-1"}}, {"id": "u-1"}],
)
async def test_acedata_gives_its_task_id_in_three_places(server, ace, request_of, body):
    server.replies = [Reply(200, body)]
    assert (await ace.submit(request_of())).task_id == "u-1"
    assert server.calls[0].body["async"] is True


@pytest.mark.parametrize(
    "reply",
    [
        drop(),
        Reply(200, {"id": "cgt-1"}, how="half"),
        Reply(how="garbage"),
        Reply(200, b"<html>hello</html>"),
        Reply(200, {}),
        Reply(200, {"id": ""}),
        Reply(200, {"id": 7}),
        Reply(200, [1]),
        Reply(204, b""),
        Reply(408, b"too slow"),
        Reply(500, b"oops"),
        Reply(502, b"<html>Bad gateway</html>"),
        Reply(502, refusal("InternalServiceError")),
        Reply(504, refusal("timeout")),
        Reply(503, b"upstream connect error or disconnect/reset before headers. reset reason: connection termination"),
    ],
    ids=lambda reply: f"{reply.how}-{reply.status}-{str(reply.body)[:20]}",
)
async def test_a_lost_answer_is_an_unknown_submit_and_is_not_sent_again(server, ark, request_of, reply):
    server.replies = [reply]
    error = await failure_of(ark, request_of())
    assert type(error) is errors.UnknownSubmit
    assert error.advice.repeat == "never"
    assert not may_repeat_create(error)
    assert len(server.calls) == 1


@pytest.mark.parametrize("how", ["hang", "drip"])
async def test_a_silent_or_endless_answer_is_an_unknown_submit(server, ark, request_of, monkeypatch, how):
    from seedance_widgets.providers import http

    monkeypatch.setattr(http, "CREATE_SECONDS", 0.1)
    server.replies = [Reply(how=how)]
    error = await failure_of(ark, request_of())
    assert type(error) is errors.UnknownSubmit
    assert "in time" in error.message


@pytest.mark.parametrize(
    ("status", "body", "kind", "again"),
    [
        (400, refusal("InvalidParameter"), errors.InvalidRequest, False),
        (400, refusal("InputTextSensitiveContentDetected"), errors.ModerationError, False),
        (401, refusal("AuthenticationError"), errors.AuthError, False),
        (403, refusal("AccountOverdueError"), errors.QuotaExceeded, False),
        (404, refusal("ModelNotOpen"), errors.NotFound, False),
        (413, b"<html>too large</html>", errors.InvalidRequest, False),
        (302, b"", errors.ServerError, False),
        (429, refusal("ModelAccountRpmRateLimitExceeded"), errors.RateLimited, True),
        (429, b"slow down", errors.RateLimited, True),
        (429, refusal("ServerOverloaded"), errors.ServerError, True),
        (429, refusal("QuotaExceeded", "too many tasks are queued: 120"), errors.QuotaExceeded, True),
        (429, refusal("QuotaExceeded", "the free quota of this model is used up"), errors.QuotaExceeded, False),
        (429, refusal("SetLimitExceeded"), errors.QuotaExceeded, False),
        (503, b"no healthy upstream", errors.ServerError, True),
        (500, refusal("InternalServiceError"), errors.ServerError, False),
        (418, refusal("SomethingNew"), errors.InvalidRequest, False),
    ],
)
async def test_a_refusal_is_its_error_and_only_some_may_be_sent_again(
    server, ark, request_of, status, body, kind, again
):
    server.replies = [Reply(status, body)]
    error = await failure_of(ark, request_of())
    assert type(error) is kind
    assert error.status == status
    assert may_repeat_create(error) is again
    assert error.advice.next_step in str(error)
    assert len(server.calls) == 1


async def test_a_refusal_keeps_code_message_request_id_and_field(server, ark, request_of):
    said = "The parameter `ratio` specified in the request is not valid. Request id: 0217-abc"
    server.replies = [Reply(400, refusal("InvalidParameter.TaskTypeConstraint", said, "ratio"))]
    error = await failure_of(ark, request_of())
    assert error.code == "InvalidParameter.TaskTypeConstraint"
    assert error.message == "The parameter `ratio` specified in the request is not valid."
    assert (error.request_id, error.field, error.provider) == ("0217-abc", "ratio", "ark-cn")


@pytest.mark.parametrize(
    ("param", "field"),
    [
        ("content[0].text.duration", "duration"),
        ("contents[0].text", "prompt"),
        ("content[1].image_url.url", "first_frame_url"),
        ("content[2].image_url", "last_frame_url"),
        ("content[9].image_url", None),
        ("camerafixed", "camera_fixed"),
        ("nonsense", None),
    ],
)
async def test_the_refused_field_has_this_packages_name(server, ark, request_of, param, field):
    server.replies = [Reply(400, refusal("InvalidParameter", param=param))]
    asked = request_of(first_frame_url="https://a.example/1.png", last_frame_url="https://a.example/2.png")
    assert (await failure_of(ark, asked)).field == field


async def test_acedata_errors_are_read_in_their_shapes(server, ace, request_of):
    server.replies = [
        Reply(
            400, {"success": False, "error": {"code": "bad_request", "message": "model is invalid."}, "trace_id": "t-9"}
        ),
        Reply(200, {"success": False, "error": {"code": "used_up", "message": "no credits"}}),
        Reply(403, {"error": "used_up"}),
        Reply(403, {"error": "the picture was refused"}),
        Reply(402, {"accepts": []}),
        Reply(429, {"error": {"code": "too_many_requests", "message": "You have exceeded the rate limit."}}),
    ]
    kinds = [errors.InvalidRequest, errors.QuotaExceeded, errors.QuotaExceeded, errors.ModerationError]
    kinds += [errors.QuotaExceeded, errors.RateLimited]
    found = [await failure_of(ace, request_of()) for _ in kinds]
    assert [type(one) for one in found] == kinds
    assert found[0].request_id == "t-9"
    assert may_repeat_create(found[-1])


def refused_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@pytest.mark.parametrize(
    "host", ["http://127.0.0.1:{port}", "https://127.0.0.1:{port}", "https://no.such.host.invalid"]
)
async def test_without_a_connection_nothing_was_sent_and_it_may_be_sent_again(request_of, fast, host):
    provider = Ark(KEY, base_url=host.format(port=refused_port()), limits=fast)
    error = await failure_of(provider, request_of())
    assert type(error) is errors.ConnectionFailed
    assert error.status is None
    assert may_repeat_create(error)
    assert "cannot be reached" in error.message
    await provider.aclose()


async def test_an_untrusted_certificate_means_nothing_was_sent_and_says_why(self_signed, request_of, fast):
    server = await Server().start(self_signed)
    provider = AceDataCloud(KEY, base_url=f"https://127.0.0.1:{server.port}", limits=fast)
    error = await failure_of(provider, request_of())
    assert type(error) is errors.ConnectionFailed
    assert "self-signed certificate" in error.message
    assert "SSL_CERT_FILE" in str(error)
    assert not may_repeat_create(error)
    assert server.calls == []
    await provider.aclose()
    await server.close()


async def test_a_server_that_speaks_no_tls_was_sent_nothing(server, request_of, fast):
    provider = Ark(KEY, base_url=server.url.replace("http:", "https:"), limits=fast)
    assert type(await failure_of(provider, request_of())) is errors.ConnectionFailed
    assert server.calls == []
    await provider.aclose()


async def test_a_redirect_is_not_followed_with_the_key(server, ark, request_of):
    other = await Server().start()
    server.replies = [Reply(307, b"", {"location": f"{other.url}/steal"})]
    assert type(await failure_of(ark, request_of())) is errors.ServerError
    assert other.calls == []
    await other.close()


async def test_each_create_has_a_connection_of_its_own(server, ark, request_of):
    server.replies = [Reply(200, {"id": "cgt-1"})]
    for _ in range(3):
        await ark.submit(request_of())
    assert server.connections == 3


async def test_a_large_body_arrives_whole(server, ark, request_of):
    server.replies = [Reply(200, {"id": "cgt-1"})]
    url = "data:image/png;base64," + "QUJD" * 2_000_000
    body_of = ark.body
    ark.body = lambda request: {**body_of(request), "extra": url}
    await ark.submit(request_of())
    assert server.calls[0].body["extra"] == url


async def test_a_value_that_json_cannot_hold_is_refused_before_anything_is_sent(server, ark, request_of):
    for bad in ({"seed": float("nan")}, {"ratio": object()}, {"first_frame_url": 7}):
        assert type(await failure_of(ark, request_of(**bad))) is errors.InvalidRequest
    assert server.calls == []
