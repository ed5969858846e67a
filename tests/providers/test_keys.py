"""Where keys come from, and where they are never seen."""

from __future__ import annotations

import asyncio
import copy
import itertools
import pickle
import sys
import traceback

import pytest

from seedance_widgets import errors
from seedance_widgets.providers import AceDataCloud, Ark
from seedance_widgets.providers.keys import Secret

from .conftest import KEY, Reply, drop

ENV = ("ARK_API_KEY", "BYTEPLUS_API_KEY", "ACEDATACLOUD_API_TOKEN", "ARK_BASE_URL", "ACEDATACLOUD_API_BASE_URL")


@pytest.fixture(autouse=True)
def no_environment(monkeypatch):
    for name in ENV:
        monkeypatch.delenv(name, raising=False)


def with_locals(error):
    """The longest traceback there is: all causes and contexts, each frame but a test's with its local variables."""
    lines, seen = [], set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        told = traceback.TracebackException.from_exception(error, capture_locals=True)
        lines += [f"{one.filename} {one.locals}" for one in told.stack if "/tests/providers/" not in one.filename]
        lines += [*told.format_exception_only(), repr(vars(error)), repr(error.args)]
        error = error.__cause__ or error.__context__
    return "\n".join(lines)


def test_the_key_comes_from_the_argument_then_from_the_environment(monkeypatch):
    monkeypatch.setenv("ARK_API_KEY", "  from-environment\n")
    assert Ark()._secret.reveal() == "from-environment"
    assert Ark(" given ")._secret.reveal() == "given"


def test_byteplus_has_a_second_variable(monkeypatch):
    monkeypatch.setenv("ARK_API_KEY", " ")
    monkeypatch.setenv("BYTEPLUS_API_KEY", "second")
    assert Ark(region="ap")._secret.reveal() == "second"
    with pytest.raises(errors.ConfigurationError):
        Ark(region="cn")


@pytest.mark.parametrize("given", [None, "", " \n\t "])
def test_without_a_key_one_is_told_where_to_get_one_and_that_the_simulator_is_free(given):
    with pytest.raises(errors.ConfigurationError) as caught:
        Ark(given)
    for words in ("ARK_API_KEY", "api_key=", "console", "sw.Simulator()", "free"):
        assert words in str(caught.value)
    with pytest.raises(
        errors.ConfigurationError, match=r"ACEDATACLOUD_API_TOKEN.*api_token=.*platform\.acedata\.cloud"
    ):
        AceDataCloud(given)


BAD = [
    "abc-SECRET def",
    "abc-SECRET\r\nX-Evil: 1",
    "abc-SECRET\x00",
    "abc-SECRET-\u00e9",
    "Bearer abc-SECRET",
    "键SECRET",
]


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("by_environment", [False, True])
def test_a_key_that_no_header_can_hold_is_refused_without_being_shown(monkeypatch, bad, by_environment):
    if by_environment and "\x00" not in bad:
        monkeypatch.setenv("ARK_API_KEY", bad)
        given = ()
    else:
        given = (bad,)
    with pytest.raises(errors.ConfigurationError) as caught:
        Ark(*given)
    shown = with_locals(caught.value)
    assert "keys.py" in shown
    assert "SECRET" not in shown


@pytest.mark.parametrize("odd", [7, b"bytes-SECRET", ["list-SECRET"]])
def test_a_key_of_another_type_is_refused(odd):
    with pytest.raises(errors.ConfigurationError, match="must be text") as caught:
        Ark(odd)
    assert "SECRET" not in str(caught.value)


def test_the_key_is_in_no_repr_vars_or_pickle():
    for provider in (Ark(KEY), Ark(KEY, region="ap"), AceDataCloud(KEY)):
        shown = [repr(provider), str(provider), repr(vars(provider)), repr(vars(provider._caller))]
        shown += [
            repr(vars(provider._caller._pool)),
            repr(provider._secret),
            str(provider._secret),
            f"{provider._secret}",
        ]
        assert KEY not in "".join(shown)
        with pytest.raises(TypeError, match="not written down"):
            pickle.dumps(provider)
        with pytest.raises(TypeError):
            copy.deepcopy(provider)


FAILURES = [
    drop(),
    Reply(200, {}),
    Reply(200, b"<html>" + KEY.encode()),
    Reply(how="garbage"),
    Reply(200, {"id": "x"}, how="half"),
    Reply(500, KEY.encode()),
    Reply(503, KEY.encode()),
    Reply(401, {"error": {"code": KEY, "message": f"the key {KEY} is wrong. Request id: {KEY}", "param": KEY}}),
    Reply(400, {"error": {"code": "InvalidParameter", "message": KEY * 100}, "trace_id": KEY}, {"x-request-id": KEY}),
    Reply(400, {"error": "".join(f"\\u{ord(sign):04x}" for sign in KEY)}),
    Reply(302, b"", {"location": f"http://127.0.0.1:1/{KEY}"}),
]


@pytest.mark.parametrize("reply", FAILURES, ids=lambda reply: f"{reply.how}-{reply.status}")
@pytest.mark.parametrize("wire", ["ark", "ace"])
async def test_the_key_is_in_no_traceback_whatever_fails(ark, ace, server, request_of, reply, wire):
    provider = {"ark": ark, "ace": ace}[wire]
    server.replies = [reply]
    for call in (
        lambda: provider.submit(request_of()),
        lambda: provider.poll(["a"]),
        lambda: provider.poll(list("abcdefg")),
    ):
        try:
            answers = await call()
        except errors.SeedanceError as error:
            found = [error]
        else:
            found = [one for one in answers.values() if isinstance(one, errors.ProviderError)]
        assert found
        for error in found:
            assert KEY not in with_locals(error)
            assert error.__context__ is None
            assert KEY not in str(error)
            assert KEY not in repr(error.to_dict())
            assert KEY.encode() not in pickle.dumps(error)


async def test_the_key_is_in_no_traceback_where_nothing_listens(request_of, fast):
    for host in ("http://127.0.0.1:9", "https://no.such.host.invalid"):
        provider = Ark(KEY, base_url=host, limits=fast)
        for call in (lambda: provider.submit(request_of()), lambda: provider.poll(["a"])):  # noqa: B023
            with pytest.raises(errors.ConnectionFailed) as caught:
                await call()
            assert KEY not in with_locals(caught.value)
        await provider.aclose()


@pytest.mark.parametrize("method", ["submit", "poll"])
async def test_a_call_interrupted_at_any_moment_leaves_no_key_in_its_traceback(server, ark, request_of, method):
    server.rule = lambda call: Reply(200, {"id": "a", "status": "running"})
    where = []
    for steps in itertools.count():
        task = asyncio.ensure_future(ark.submit(request_of()) if method == "submit" else ark.poll(["a"]))
        for _ in range(steps):
            await asyncio.sleep(0)
        if task.done():
            break
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        where.append(with_locals(caught.value))
    assert len(where) > 5
    assert not any(KEY in one for one in where)


async def test_nothing_that_lives_as_long_as_a_connection_shows_the_key(server, ark):
    server.replies = [Reply(200, {"id": "a", "status": "running"})]
    await ark.poll(["a"])
    connections = ark._caller._pool._loops[asyncio.get_running_loop()]
    for client in (connections.calls, connections.creates):
        assert KEY not in repr(client) + repr(vars(client)) + repr(client.headers) + repr(vars(client.auth))


async def test_ipythons_verbose_traceback_shows_no_key(server, ark, request_of):
    from IPython.core.ultratb import VerboseTB

    server.replies = [Reply(401, {"error": {"code": "AuthenticationError", "message": f"wrong: {KEY}"}})]
    try:
        await ark.submit(request_of())
    except errors.AuthError:
        kind, value, where = sys.exc_info()
        # Without this test's own module, in which the key is written down.
        shown = VerboseTB(theme_name="nocolor").text(kind, value, where.tb_next)
    assert "AuthenticationError" in shown
    assert KEY not in shown


async def test_a_key_that_a_server_echoes_is_taken_out_of_the_record(server, ark):
    echoed = {"id": "a", "status": "running", "note": f"Bearer {KEY}", KEY: [KEY]}
    server.replies = [Reply(200, echoed)]
    assert KEY not in repr((await ark.poll(["a"]))["a"])


async def test_the_simulators_word_for_a_key_may_stand_in_an_address(server, fast):
    made = {"id": "a", "status": "succeeded", "content": {"video_url": "http://127.0.0.1/simulator/v.mp4"}}
    server.replies = [Reply(200, made)]
    provider = Ark("simulator", base_url=server.url, limits=fast, simulated=True)
    assert (await provider.poll(["a"]))["a"].video_url == "http://127.0.0.1/simulator/v.mp4"
    await provider.aclose()


# ------------------------------------------------------------------------------------------------------------ addresses


def test_the_address_comes_from_the_argument_the_environment_the_catalogue(monkeypatch):
    assert Ark(KEY).base_url == "https://ark.cn-beijing.volces.com/api/v3"
    assert Ark(KEY, region="ap").base_url == "https://ark.ap-southeast.bytepluses.com/api/v3"
    assert AceDataCloud(KEY).base_url == "https://api.acedata.cloud"
    monkeypatch.setenv("ARK_BASE_URL", "https://proxy.example/ark/")
    monkeypatch.setenv("ACEDATACLOUD_API_BASE_URL", "http://localhost:8765/ace")
    assert Ark(KEY).base_url == "https://proxy.example/ark"
    assert AceDataCloud(KEY).base_url == "http://localhost:8765/ace"
    assert Ark(KEY, base_url="http://[::1]:1").base_url == "http://[::1]:1"


@pytest.mark.parametrize(
    "address",
    [
        "http://example.com/api",
        "http://10.0.0.1",
        "http://localhost.example.com",
        "http://0177.0.0.1.example",
        "ftp://example.com",
        "example.com/api",
        "https://",
        "https://user:password@example.com",
        "https://example.com/?key=1",
        "https://example.com/#x",
        "https://example.com:port",
        "https://exa mple.com",
        "https://example.com/\r\nX-Evil: 1",
        "",
        7,
    ],
)
def test_an_address_that_cannot_be_used_is_refused(address):
    with pytest.raises(errors.ConfigurationError) as caught:
        Ark(KEY, base_url=address)
    assert "password@" not in str(caught.value)
    assert KEY not in with_locals(caught.value)


def test_an_unknown_region_is_refused():
    with pytest.raises(errors.ConfigurationError, match=r'"cn".*"ap"') as caught:
        Ark(KEY, region="eu")
    assert "cn-beijing" not in str(caught.value)


def test_a_secret_shows_nothing():
    secret = Secret(KEY)
    assert KEY not in repr(secret) + str(secret) + f"{secret!s:>50}" + repr(dir(secret))
    assert not hasattr(secret, "__dict__")
    assert secret.scrub(f"x{KEY}x") == "x[key]x"
