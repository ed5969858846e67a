"""Messages that no browser of ours would send: each is answered with a sentence, and nothing else comes of it."""

from __future__ import annotations

import asyncio
import inspect
import logging
import math
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import seedance_widgets as sw
from seedance_widgets.widgets import history, message
from seedance_widgets.widgets.job_card import JobCard
from seedance_widgets.widgets.message import trouble_with
from seedance_widgets.widgets.player import Player
from seedance_widgets.widgets.storyboard_view import StoryboardView
from seedance_widgets.widgets.surface import Surface
from seedance_widgets.widgets.sweep_view import SweepView
from tests.widgets.front import FAST, Front, until

REQUEST = sw.VideoRequest("a boat", sw.sample_image(), **FAST)
WIDGETS = {one.__name__: one for one in (sw.Studio, sw.History, JobCard, Player, SweepView, StoryboardView)}
INTERNAL = re.compile(r"has no attribute|unsupported operand|expected str|Traceback|<class|object at 0x|Error: ")

# By the annotation of a field: of which types a value for it is, and one that is good.
TYPES = {"str": str, "What": str, "Mode": str, "int": int, "float": (int, float), "bool": bool, "list[str]": list}
TYPES |= {"dict[str, str]": dict, "dict[str, Plain | None]": dict, "Secret": str}
GOOD = {"str": "a", "int": 0, "float": 16, "bool": False, "list[str]": [], "dict[str, str]": {}}
GOOD |= {"dict[str, Plain | None]": {"seed": 5}}

ODD = [None, True, 5, -1, 0.5, math.nan, -math.inf, 1e300, 10**20, "", " ", "5", "\ud800", "\x00", "a/../.."]
ODD += ["x" * 100_000, "make x", "make -1", "retry 99", "sk-very-secret-0815", [], [1], ["a"], ["\ud800"], [[]]]
ODD += [[None], {}, {"a": 1}, {"words": 5}, {"words": "\ud800"}, {"since": "yesterday"}, {"prompt": []}]
ODD += [{"prompt": "\ud800"}, {"seed": math.nan}]
HUGE = 10**5000  # Python refuses to write it down, and so does hypothesis
texts = st.text(st.characters(codec=None), max_size=8)
plain = st.none() | st.booleans() | st.integers() | st.floats() | texts | st.sampled_from(ODD)
values = st.recursive(plain, lambda some: st.lists(some, max_size=3) | st.dictionaries(texts, some, max_size=3))


def rule_of(field):
    return field.annotation.removesuffix(" | None")


def is_of_another_kind(value, field):
    if value is None:
        return not field.annotation.endswith(" | None")
    return not isinstance(value, TYPES[rule_of(field)]) or (value is True and rule_of(field) != "bool")


def messages_of(widget):
    """Every message that a widget answers, with its fields."""
    found = {}
    for name in dir(widget):
        if name.startswith("answer_"):
            fields = inspect.signature(getattr(widget, name)).parameters
            found[name.removeprefix("answer_")] = [
                one for one in fields.values() if one.name not in {"self", "buffers"}
            ]
    return found


# --------------------------------------------------------------------------------------------------------- the rule


def answer(place: int, name: str = "", width: float = 1, sure: bool = False, ids: list[str] | None = None):
    """What answers a message."""


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"place": 3, "name": "a", "width": 0.5, "sure": True, "ids": ["a", ""]}, None),
        ({"place": -3, "width": math.inf, "ids": None}, None),
        ({}, "the message 'run' is not complete: place must be given."),
        ({"place": 3, "colour": 5}, "the message 'run' has no field called 'colour'."),
        ({"place": 3, "": 5}, "the message 'run' has no field called ''."),
        ({"place": "3"}, "place must be a whole number of at most 15 digits; '3' is not."),
        ({"place": 3.0}, "place must be a whole number of at most 15 digits; 3.0 is not."),
        ({"place": True}, "place must be a whole number of at most 15 digits; True is not."),
        ({"place": None}, "place must be a whole number of at most 15 digits; None is not."),
        ({"place": 10**15}, "place must be a whole number of at most 15 digits; 1000000000000000 is not."),
        (
            {"place": 10**5000},
            "place must be a whole number of at most 15 digits; a number of thousands of digits is not.",
        ),
        ({"place": 3, "name": 5}, "name must be a text; 5 is not."),
        ({"place": 3, "name": ["a"]}, "name must be a text; a list of 1 is not."),
        ({"place": 3, "name": {}}, "name must be a text; a group of 0 values is not."),
        ({"place": 3, "width": math.nan}, "width must be a number; nan is not."),
        ({"place": 3, "width": False}, "width must be a number; False is not."),
        ({"place": 3, "sure": 1}, "sure must be true or false; 1 is not."),
        ({"place": 3, "ids": "abc"}, "ids must be a list of texts; 'abc' is not."),
        ({"place": 3, "ids": ["a", 7]}, "ids[1] must be a text; 7 is not."),
        ({"place": "sk-very-secret-0815"}, "place must be a whole number of at most 15 digits; [key] is not."),
    ],
)
def test_a_field_is_what_it_is_annotated_with_or_a_sentence_says_what_it_must_be(fields, words):
    assert trouble_with("run", fields, answer) == words


@pytest.mark.parametrize("widget", WIDGETS.values())
def test_every_field_of_every_message_has_a_rule(widget):
    assert issubclass(widget, Surface)
    for kind, fields in messages_of(widget).items():
        for field in fields:
            assert field.annotation.removesuffix(" | None") in message._KINDS, (kind, field)
            assert field.annotation != inspect.Parameter.empty


# ------------------------------------------------------------------------------------------------------- the widgets


class Desk(Front):
    """A widget, what its messages hold when they are good, and one that it answers."""

    def __init__(self, widget, last, /, **good) -> None:
        super().__init__(widget)
        self.messages = messages_of(widget)
        self.last, self.good = last, good

    def message(self, kind):
        """A message as the browser sends it, as far as one can know."""
        values = {one.name: self.good.get(one.name, GOOD.get(rule_of(one))) for one in self.messages[kind]}
        if "press" in values:
            self.calls += 1
            values["press"] = str(self.calls)
        return {name: value for name, value in values.items() if name != "secret"}

    async def told(self, kind, fields):
        """What a message is answered with: whether it was done, and the value or the words."""
        self.sent.clear()
        self.studio._arrived(self.studio, {**fields, "type": kind, "call": "x"}, [b"abc"])
        async with asyncio.timeout(60):
            while not (found := [one for one, _ in self.sent if one.get("call") == "x"]):
                await asyncio.sleep(0.001)
        return found[0]["ok"], found[0]["value"]


def posts(sim):
    return sum(one.method == "POST" for one in sim.requests)


@pytest.fixture
def ark(sim, tmp_path, monkeypatch):
    """The provider in use bills: what is asked without a yes sends nothing."""
    monkeypatch.chdir(tmp_path)  # where exports go
    monkeypatch.setenv("ARK_API_KEY", "key")
    monkeypatch.setenv("ARK_BASE_URL", sim.ark_base_url)


@pytest.fixture
async def desks(ark, caplog):
    """One of each widget; that nothing of theirs has failed, in sight or out of it, is looked at in the end."""
    unheard = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: unheard.append(context))
    job, other = sw.submit(REQUEST), sw.submit(REQUEST)
    video, _ = await asyncio.gather(job, other)
    studio = sw.Studio(REQUEST)
    studio.job = job
    board = StoryboardView(sw.Storyboard(["leaves", "lands"], base=REQUEST))
    await until(lambda: studio.jobs and board.board["shots"])
    grid = SweepView(sw.Sweep(REQUEST, {"seed": [1, 2]}, name="boats"))
    card, player = JobCard(job), Player(video)
    places = {"slot": "reference_image_urls", "url": str(sw.sample_image())}
    run = {"job": job.id, "what": "put_away", "how": "settings"}
    edit = {"shot": board.board["shots"][0]["key"], "prompt": "a cat"}
    made = {
        "Studio": Desk(studio, ("set", {"changes": {"prompt": "a cat"}}), mode="text", name="ark-cn", **run, **places),
        "History": Desk(sw.History(), ("list", {"query": {}}), **{**run, "job": other.id, "what": "file", "count": 5}),
        "JobCard": Desk(card, ("timeline", {"job": job.id}), **run, key=card.job["video"]["key"], length=5),
        "Player": Desk(player, ("picture", {"key": player.videos[0]["key"], "width": 64}), key=player.videos[0]["key"]),
        "SweepView": Desk(grid, ("plan", {}), what="make", kind="csv"),
        "StoryboardView": Desk(board, ("edit", edit), shot=edit["shot"]),
    }
    yield made
    for desk in made.values():
        desk.studio.close()
    assert unheard == []
    assert [one.getMessage() for one in caplog.get_records("call") if one.levelno >= logging.ERROR] == []


async def survives(desk, kind, fields):
    """What comes back is no internal of ours."""
    ok, told = await desk.told(kind, fields)
    assert ok or (isinstance(told, str) and not INTERNAL.search(told)), (kind, list(fields), told)
    return ok, told


async def all_is_well(desks, sim, sent):
    """Nothing was sent by all of it, and every widget does what it is asked."""
    assert posts(sim) == sent
    for desk in desks.values():
        kind, fields = desk.last
        assert (await desk.told(kind, fields))[0]


async def test_each_field_of_each_message_is_refused_where_it_is_of_another_kind(desks, sim):
    sent = posts(sim)
    for desk in desks.values():
        for kind, fields in desk.messages.items():
            for field in fields:
                for odd in [*ODD, HUGE, [HUGE], {"duration": HUGE}, f"make {'9' * 5000}"]:
                    ok, told = await survives(desk, kind, {**desk.message(kind), field.name: odd})
                    if is_of_another_kind(odd, field):
                        assert not ok, (kind, field.name)
                        # What was sent as a key is not looked at: it is a key, or there is none.
                        assert told.startswith(field.name) or "needs a key" in told, (kind, field.name, told)
    await all_is_well(desks, sim, sent)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_whatever_comes_is_answered_with_a_sentence_or_done(desks, sim, data):
    sent = posts(sim)
    desk = desks[data.draw(st.sampled_from([*desks]))]
    kind = data.draw(st.sampled_from([kind for kind, fields in desk.messages.items() if fields]))
    names = [one.name for one in desk.messages[kind]]
    changed = data.draw(st.dictionaries(st.sampled_from(names) | texts, values, min_size=1))
    left_out = data.draw(st.sets(st.sampled_from(names), max_size=1))
    fields = {name: value for name, value in {**desk.message(kind), **changed}.items() if name not in left_out}
    await survives(desk, kind, fields)
    await all_is_well({"": desk}, sim, sent)


# ------------------------------------------------------------------------------------------------ what each may cost


NO_BUTTON = ["make x", "make -1", "make ", "make  1", "make\n", "make 1 2", "make \u0663", f"make {'9' * 5000}"]
NO_BUTTON += ["finish 0", "retry 2", "MAKE", "all", "", 5, None, ["make"], True]


async def test_what_is_no_button_of_a_sweep_makes_no_cell(sim):
    sweep = sw.Sweep(REQUEST, {"seed": [1, 2]}, provider=sim.provider())
    front = Front(SweepView(sweep))
    for what in NO_BUTTON:
        words = await front.refused("run", what=what, press="1")
        assert re.match("there is no button called|what must be a text|no such cell", words), words
    for press in ([1], {}, None, 7):
        assert (await front.refused("run", what="make", press=press)).startswith("press must be a text")
    assert posts(sim) == len(sweep.book.waiting) == 0
    # What was refused was no press.
    assert await front.ask("run", what="make 1", press="1") == {"sent": 1}
    await until(lambda: [cell.state for cell in sweep] == ["planned", "succeeded"])
    assert posts(sim) == 1


async def test_a_mark_that_is_none_marks_nothing(sim):
    sweep = sw.Sweep(REQUEST, {"seed": [1, 2]}, provider=sim.provider())
    front = Front(SweepView(sweep))
    await front.ask("mark", cell=0, star=True, rating=4, note="good")
    for field, odd in [("note", 5), ("note", []), ("rating", "3"), ("rating", 6), ("rating", True), ("star", "yes")]:
        assert "must be" in (words := await front.refused("mark", cell=0, **{field: odd})) or "a rating is" in words
    assert (sweep[0].star, sweep[0].mark.rating, sweep[0].mark.note) == (True, 4, "good")


async def test_a_shot_that_is_none_changes_no_storyboard(sim):
    board = sw.Storyboard(["leaves", "lands"], base=REQUEST, provider=sim.provider())
    front = Front(view := StoryboardView(board))
    await until(lambda: view.board["shots"])
    key = view.board["shots"][0]["key"]
    for kind, fields in [
        ("edit", {"shot": key, "prompt": 5}),
        ("edit", {"shot": [key], "prompt": "moors"}),
        ("add", {"prompt": 5}),
        ("add", {"prompt": None}),
        ("add", {}),
        ("move", {"shot": key, "by": "1"}),
        ("move", {"shot": key, "by": 1.0}),
        ("move", {"shot": key, "by": True}),
        ("remove", {"shot": 0}),
        ("run", {"press": [1]}),
        ("film", {"keep": "yes"}),
    ]:
        assert "must be" in await front.refused(kind, **fields)
    assert [shot.prompt for shot in board.shots] == ["leaves", "lands"]
    assert posts(sim) == 0


async def test_what_a_form_cannot_show_does_not_come_into_it(sim):
    front = Front(studio := sw.Studio(REQUEST, provider=sim.provider()))
    for odd in ([], ["a boat"], {"a": 1}):
        words = await front.refused("set", changes={"seed": 7, "prompt": odd})
        assert words.startswith("changes['prompt'] must be a text, a number, true or false; ")
    assert studio.request == REQUEST
    await front.ask("set", changes={"seed": "7", "prompt": None})  # `check` says what is wrong with these
    assert {problem["field"] for problem in studio.view["problems"]} >= {"seed", "prompt"}


async def test_a_search_that_is_none_is_not_what_the_history_goes_on_with(sim, monkeypatch):
    monkeypatch.setattr(history, "SLOWEST", 0.01)
    front = Front(shown := sw.History())
    shown.comm = shown.comm or object()
    await front.ask("list", query={"words": "boat"})
    for query, count in [
        (5, 5),
        ({"words": 5}, 5),
        ({"words": ["boat"]}, 5),
        ({"word": "boat"}, 5),
        ({"state": "nonsense"}, 5),
        ({"since": "yesterday"}, 5),
        ({}, 0),
        ({}, -1),
        ({}, "5"),
        ({}, None),
    ]:
        words = await front.refused("list", query=query, count=count)
        assert re.search("must be|no filter called 'word'|1 job or more", words), words
    for odd in (5, "abc", [5], None):
        assert "must be" in await front.refused("rows", jobs=odd)
    await sw.submit(REQUEST, sim.provider())

    def news():
        return [sent for sent, _ in front.sent if sent["type"] == "list" and sent["value"]["found"] == 1]

    await until(news)  # the task that looks is still there
    assert news()[-1]["query"] == {"words": "boat"}
    assert not shown._watching.done()


async def test_what_is_no_part_of_a_job_is_not_deleted(sim):
    job = sw.submit(REQUEST, sim.provider())
    video = await job
    front = Front(sw.History())
    for what in ([], {}, None, 5, "everything"):
        assert re.match(
            "what must be a text|of a job its file or its entry", await front.refused("delete", job=job.id, what=what)
        )
    assert "can be used again for" in await front.refused("reuse", job=job.id, how="nothing")
    assert video.path.exists()
    assert sw.job(job.id).status == "succeeded"
