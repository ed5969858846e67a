"""Calls that may be repeated: polling and cancelling."""

from __future__ import annotations

import itertools
import logging

import pytest

from seedance_widgets import errors
from seedance_widgets.providers import AceDataCloud, Ark, Limits

from .conftest import KEY, Reply, drop

TASKS = "/contents/generations/tasks"


def record(task_id, status="running", **more):
    return {"id": task_id, "status": status, **more}


class ArkTasks:
    """A rule for the server: a few tasks, asked for by GET, LIST and DELETE."""

    def __init__(self, tasks):
        self.tasks = tasks  # id -> (tier, status)

    def __call__(self, call):
        if call.path == TASKS:
            query = dict(call.query)
            ids = [value for name, value in call.query if name == "filter.task_ids"]
            assert int(query["page_size"]) == len(ids) <= 500
            tier = query.get("filter.service_tier", "default")
            items = [record(i, s, service_tier=t) for i, (t, s) in self.tasks.items() if i in ids and t == tier]
            return Reply(200, {"items": items, "total": len(items)})
        task_id = call.path.rpartition("/")[2]
        if task_id not in self.tasks:
            return Reply(404, {"error": {"code": "NotFound.id", "message": "not found"}})
        return Reply(200, record(task_id, self.tasks[task_id][1], service_tier=self.tasks[task_id][0]))


def kinds(server):
    return [("list" if call.path == TASKS else "get") for call in server.calls]


async def test_few_ids_are_asked_for_one_by_one(server, ark):
    server.rule = ArkTasks({f"cgt-{n}": ("default", "queued") for n in range(5)})
    answers = await ark.poll([f"cgt-{n}" for n in range(5)])
    assert {one.status for one in answers.values()} == {"queued"}
    assert kinds(server) == ["get"] * 5


async def test_many_ids_are_asked_for_in_one_list(server, ark):
    ids = [f"cgt-{n}" for n in range(300)]
    server.rule = ArkTasks(dict.fromkeys(ids, ("default", "running")))
    assert set(await ark.poll(ids)) == set(ids)
    assert kinds(server) == ["list"]


async def test_flex_tasks_are_found_and_their_tier_is_remembered(server, ark):
    ids = [f"cgt-{n}" for n in range(10)]
    server.rule = ArkTasks({one: ("flex" if n % 2 else "default", "queued") for n, one in enumerate(ids)})
    for _ in range(2):
        assert all(one.status == "queued" for one in (await ark.poll(ids)).values())
    asked = [(dict(call.query)["filter.service_tier"], int(dict(call.query)["page_size"])) for call in server.calls]
    assert asked == [("default", 10), ("flex", 5), ("default", 5), ("flex", 5)]


async def test_the_tier_of_a_submitted_task_is_known(server, ark, request_of):
    server.replies = [Reply(200, {"id": f"cgt-{n}"}) for n in range(6)]
    ids = [(await ark.submit(request_of(service_tier="flex"))).task_id for _ in range(6)]
    server.rule = ArkTasks(dict.fromkeys(ids, ("flex", "queued")))
    server.calls.clear()
    await ark.poll(ids)
    assert [dict(call.query)["filter.service_tier"] for call in server.calls] == ["flex"]


async def test_an_id_that_no_list_knows_is_asked_for_alone_before_it_counts_as_gone(server, ark):
    ids = [f"cgt-{n}" for n in range(8)]
    rule = ArkTasks(dict.fromkeys(ids[:6], ("default", "running")) | {"cgt-6": ("weird", "running")})
    server.rule = rule
    answers = await ark.poll(ids)
    assert answers["cgt-6"].status == "running"
    assert isinstance(answers["cgt-7"], errors.NotFound)
    assert kinds(server) == ["list", "list", "get", "get"]


@pytest.mark.parametrize("hang_up", [False, True])
async def test_an_address_too_long_for_the_server_is_halved_and_the_size_remembered(server, ark, hang_up):
    ids = [f"cgt-20261122000000-{n:05}" for n in range(400)]
    server.rule = ArkTasks(dict.fromkeys(ids, ("default", "running")))
    server.longest_target, server.hang_up_on_long = 8000, hang_up
    assert all(one.status == "running" for one in (await ark.poll(ids)).values())
    server.calls.clear()
    await ark.poll(ids)
    assert len(server.calls) == 4
    assert all(len(call.target) <= 8000 for call in server.calls)


async def test_a_list_that_fails_once_by_chance_is_not_halved(server, ark):
    ids = [f"cgt-{n}" for n in range(100)]
    rule, count = ArkTasks(dict.fromkeys(ids, ("default", "running"))), itertools.count()
    server.rule = lambda call: drop() if next(count) == 0 else rule(call)
    await ark.poll(ids)
    assert [len(call.query) for call in server.calls] == [103, 103]


@pytest.mark.parametrize(
    "bad",
    [
        drop(),
        Reply(500, b"oops"),
        Reply(503),
        Reply(429, {"error": {"code": "RequestBurstTooFast", "message": "x"}}),
        Reply(200, b"<html>"),
        Reply(200, record("a"), how="half"),
        Reply(how="garbage"),
    ],
    ids=lambda reply: f"{reply.how}-{reply.status}",
)
async def test_a_poll_is_repeated_until_it_succeeds(server, ark, bad):
    server.replies = [bad, bad, bad, bad, Reply(200, record("a"))]
    assert (await ark.poll(["a"]))["a"].status == "running"
    assert len(server.calls) == 5


async def test_a_poll_gives_up_after_five_attempts(server, ark):
    server.replies = [drop()]
    with pytest.raises(errors.ConnectionFailed, match="broke"):
        await ark.poll(["a"])
    assert len(server.calls) == 5


async def test_a_wrong_key_is_not_tried_again(server, ark):
    server.replies = [Reply(401, {"error": {"code": "AuthenticationError", "message": "no"}})]
    with pytest.raises(errors.AuthError):
        await ark.poll(["a", "b"])
    assert len(server.calls) == 2


async def test_one_task_in_trouble_does_not_hide_the_others(server, ark):
    server.rule = lambda call: Reply(500, b"oops") if call.path.endswith("/a") else Reply(200, record("b"))
    answers = await ark.poll(["a", "b"])
    assert isinstance(answers["a"], errors.ServerError)
    assert answers["b"].status == "running"


async def test_strange_ids_stay_one_part_of_the_path(server, ark):
    server.rule = lambda call: Reply(404, {})
    for odd in ("../x", "a/b?c#d", "..", "ü%2f"):
        assert isinstance((await ark.poll([odd]))[odd], errors.NotFound)
    assert all(call.target.count("/") == 4 and "?" not in call.target for call in server.calls)
    assert not any(call.target.endswith("..") for call in server.calls)


async def test_repeats_are_not_logged_and_the_log_never_holds_the_key(server, ark, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    server.replies = [drop(), Reply(200, record("a"))]
    await ark.poll(["a"])
    assert KEY not in caplog.text
    assert not [one for one in caplog.records if one.levelno >= logging.WARNING]
    assert capfd.readouterr().err == ""


# ----------------------------------------------------------------------------------------------------------- cancelling


async def test_a_queued_task_is_cancelled(server, ark):
    server.replies = [Reply(200, record("a", "queued")), Reply(200, {})]
    await ark.cancel("a")
    assert [call.method for call in server.calls] == ["GET", "DELETE"]


@pytest.mark.parametrize("status", ["running", "succeeded", "failed", "expired"])
async def test_a_task_past_the_queue_is_left_alone(server, ark, status):
    server.replies = [Reply(200, record("a", status))]
    with pytest.raises(errors.CannotCancel, match=status):
        await ark.cancel("a")
    assert [call.method for call in server.calls] == ["GET"]


async def test_a_cancel_whose_answer_was_lost_counts_as_done(server, ark):
    gone = Reply(404, {"error": {"code": "NotFound.id", "message": "not found"}})
    refused = Reply(409, {"error": {"code": "TaskCancelledCannotDelete", "message": "it is cancelled"}})
    for story in ([drop(), gone], [drop(), refused, Reply(200, record("a", "cancelled"))], [Reply(204, b""), gone]):
        server.replies, server._asked = [Reply(200, record("a", "queued")), *story], 0
        await ark.cancel("a")


async def test_a_task_that_began_to_run_meanwhile_cannot_be_cancelled(server, ark):
    refused = Reply(409, {"error": {"code": "TaskRunningCannotCancel", "message": "running"}})
    server.replies = [Reply(200, record("a", "queued")), refused, Reply(200, record("a", "running"))]
    with pytest.raises(errors.CannotCancel) as caught:
        await ark.cancel("a")
    assert caught.value.code == "TaskRunningCannotCancel"


async def test_acedata_says_that_it_cannot_cancel(server, ace):
    with pytest.raises(errors.CannotCancel, match="no call that cancels"):
        await ace.cancel("u-1")
    assert server.calls == []


# --------------------------------------------------------------------------------------------------------- AceDataCloud


async def test_acedata_asks_for_fifty_at_a_time(server, ace):
    ids = [f"u-{n}" for n in range(120)]

    def rule(call):
        assert call.path == "/seedance/tasks"
        known = [one for one in call.body["ids"] if one != "u-7"]
        return Reply(200, {"items": [{"id": one, "created_at": 1.0} for one in known], "count": len(known)})

    server.rule = rule
    answers = await ace.poll(ids)
    assert [len(call.body["ids"]) for call in server.calls] == [50, 50, 20]
    assert isinstance(answers.pop("u-7"), errors.NotFound)
    assert all(one.status == "running" for one in answers.values())


@pytest.mark.parametrize("unknown", [Reply(200, {}), Reply(404, {"error": {"code": "not_found", "message": "x"}})])
async def test_acedata_has_two_ways_to_say_that_it_does_not_know_a_task(server, ace, unknown):
    server.replies = [unknown]
    assert isinstance((await ace.poll(["u-1"]))["u-1"], errors.NotFound)
    assert server.calls[0].body == {"id": "u-1", "action": "retrieve"}


async def test_acedata_error_with_status_200_is_that_error(server, ace):
    server.replies = [Reply(200, {"error": {"code": "invalid_token", "message": "no"}})]
    assert isinstance((await ace.poll(["u-1"]))["u-1"], errors.AuthError)


@pytest.mark.parametrize("body", [[], {"items": 7}, {"count": 1}, "x", None, 7])
async def test_acedata_odd_batches_are_server_errors(server, ace, body):
    server.replies = [Reply(200, body)]
    with pytest.raises(errors.ServerError):
        await ace.poll(["u-1", "u-2"])


# ---------------------------------------------------------------------------------------------------------------- rates


def most_in_a_second(times):
    return max(sum(1 for other in times if start <= other < start + 1) for start in times)


async def test_gets_keep_the_published_rate_by_the_servers_clock(server):
    server.rule = lambda call: Reply(404, {})
    provider = Ark(KEY, base_url=server.url, limits=Limits(get_per_second=20.0, list_ids=1))
    for one in range(6):  # five at a time, as few ids are asked for
        await provider.poll([f"cgt-{one}-{n}" for n in range(5)])
    await provider.aclose()
    assert len(server.calls) == 30
    assert most_in_a_second([call.at for call in server.calls]) <= 20


async def test_calls_made_at_once_keep_the_rate_though_connecting_takes_time(server):
    import asyncio

    server.rule = lambda call: Reply(404, {})
    provider = Ark(KEY, base_url=server.url, limits=Limits(get_per_second=40.0))
    await asyncio.gather(*(provider.poll([f"cgt-{n}"]) for n in range(60)))
    await provider.aclose()
    assert most_in_a_second([call.at for call in server.calls]) <= 40


async def test_acedata_batches_keep_their_rate(server):
    server.rule = lambda call: Reply(200, {"items": []})
    provider = AceDataCloud(KEY, base_url=server.url, limits=Limits(batch_per_second=4.0, batch_ids=2))
    await provider.poll([f"u-{n}" for n in range(12)])
    await provider.aclose()
    assert len(server.calls) == 6
    assert most_in_a_second([call.at for call in server.calls]) <= 4
