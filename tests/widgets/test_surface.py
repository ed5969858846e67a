"""A Surface without any front end: messages come in by `_arrived`, what is sent goes out by the comm."""

import asyncio
import json
import math
import threading

import pytest
import traitlets

from seedance_widgets.errors import ConfigurationError
from seedance_widgets.widgets.surface import Answer, Refused, Surface


class Desk(Surface):
    entry = "dom.js"
    sections = ("common",)
    count = traitlets.Int().tag(sync=True)

    def answer_add(self, by):
        self.count += by
        return self.count

    async def answer_where(self):
        await asyncio.sleep(0)
        return threading.current_thread() is threading.main_thread()

    def answer_echo(self, buffers):
        return Answer({"parts": len(buffers)}, buffers)

    def answer_refuse(self):
        raise Refused("not today")

    def answer_unsettled(self):
        raise ConfigurationError("no key")

    def answer_break(self):
        return 1 / 0

    def answer_keep(self, secret=None):
        self.kept = secret

    async def answer_linger(self):
        self.lingers = asyncio.Event()
        await self.lingers.wait()
        self.count = 99


@pytest.fixture
async def desk():
    made = Desk()
    made.sent = []
    made.send = lambda content, buffers=None: made.sent.append((content, buffers))
    return made


async def ask(desk, content, buffers=()):
    before = len(desk.sent)
    desk._arrived(desk, {**content, "call": "v:1"}, list(buffers))
    async with asyncio.timeout(5):
        while len(desk.sent) == before:
            await asyncio.sleep(0.001)
    answer, parts = desk.sent[-1]
    assert (answer["type"], answer["call"]) == ("answer", "v:1")
    return answer["ok"], answer["value"], parts


async def test_a_message_is_answered_with_its_number(desk):
    assert await ask(desk, {"type": "add", "by": 2}) == (True, 2, [])
    assert desk.count == 2


async def test_bytes_travel_beside_the_answer(desk):
    assert await ask(desk, {"type": "echo"}, [b"abc"]) == (True, {"parts": 1}, [b"abc"])


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("refuse", "not today"),
        ("unsettled", "no key"),
        ("break", "ZeroDivisionError: division by zero"),
        ("nothing", "Desk knows no message called 'nothing'."),
        ("__init__", "Desk knows no message called '__init__'."),
        ("add", "the message 'add' is not complete: by must be given."),
    ],
)
async def test_what_goes_wrong_is_said(desk, kind, words):
    assert await ask(desk, {"type": kind}) == (False, words, [])


@pytest.mark.parametrize("number", [math.nan, [10**5000], "\ud800", [math.inf]])
async def test_a_number_that_cannot_be_sent_back_is_sent_as_far_as_it_can(desk, number):
    desk._arrived(desk, {"type": "add", "by": 2, "call": number}, [])
    async with asyncio.timeout(5):
        while not desk.sent:
            await asyncio.sleep(0.001)
    json.dumps(desk.sent[0][0], allow_nan=False, ensure_ascii=False).encode()
    assert desk.sent[0][0]["value"] == 2


async def test_what_is_unexpected_is_also_in_the_log(desk, caplog):
    await ask(desk, {"type": "break"})
    assert "ZeroDivisionError" in caplog.text


async def test_a_message_on_another_thread_is_handled_on_the_notebooks_loop(desk):
    thread = threading.Thread(target=desk._arrived, args=(desk, {"type": "where", "call": "v:1"}, []))
    thread.start()
    async with asyncio.timeout(5):
        while not desk.sent:
            await asyncio.sleep(0.001)
    thread.join()
    assert desk.sent[0][0]["value"] is True


async def test_a_secret_shows_itself_nowhere(desk):
    await ask(desk, {"type": "keep", "secret": "sk-very-secret-0815"})
    assert desk.kept.reveal() == "sk-very-secret-0815"
    assert "very-secret" not in f"{vars(desk)} {desk.get_state()} {desk.sent}"


@pytest.mark.parametrize("secret", [None, 7, ["sk-very-secret-0815"], {}, ""])
async def test_a_secret_that_is_no_text_is_none(desk, secret):
    await ask(desk, {"type": "keep", "secret": secret})
    assert desk.kept is None or desk.kept.reveal() == ""


async def test_a_loop_that_logs_what_it_is_handed_has_no_secret_to_log(desk, monkeypatch):
    loop = asyncio.get_running_loop()
    loop.set_debug(True)
    handed = []
    hand = loop.call_soon_threadsafe

    def watched(*work, **how):
        handle = hand(*work, **how)
        handed.append(repr(handle))  # what a loop in debug mode logs of a slow callback
        return handle

    monkeypatch.setattr(loop, "call_soon_threadsafe", watched)
    content = {"type": "keep", "secret": "sk-very-secret-0815", "call": "v:1"}
    thread = threading.Thread(target=desk._arrived, args=(desk, content, []))
    thread.start()
    async with asyncio.timeout(5):
        while not desk.sent:
            await asyncio.sleep(0.001)
    thread.join()
    assert any("_handle" in one for one in handed)
    assert not any("very-secret" in one for one in handed)


async def test_what_is_under_way_ends_when_the_widget_is_closed(desk):
    desk._arrived(desk, {"type": "linger", "call": "v:1"}, [])
    await asyncio.sleep(0)
    task = next(iter(desk._tasks))
    desk.close()
    await asyncio.wait([task], timeout=5)
    assert task.cancelled()
    desk._arrived(desk, {"type": "add", "by": 1, "call": "v:2"}, [])
    await asyncio.sleep(0)
    assert desk.count == 0


@pytest.mark.parametrize("odd", [None, 7, "text", [], {}, {"type": 3}, {"type": None}])
async def test_a_message_that_is_none_is_left_alone(desk, odd):
    desk._arrived(desk, odd, None)
    await asyncio.sleep(0)
    assert desk.sent == []


def test_a_language_that_is_none_is_said():
    with pytest.raises(ValueError, match="lang must be one of en, zh; 'fr' is not"):
        Desk(lang="fr")
