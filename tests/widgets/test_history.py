"""The gallery of the ledger: which jobs it finds, what it reads for that, and what it says of money and time."""

from __future__ import annotations

import dataclasses
import re
import sqlite3
import time
from datetime import date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import seedance_widgets as sw
from seedance_widgets.catalog import catalogue, find_model
from seedance_widgets.jobs import Job, Ledger, list_jobs, open_ledger
from seedance_widgets.jobs.ledger import FILE
from seedance_widgets.jobs.record import STATES, Record
from seedance_widgets.jobs.search import GROUPS, Query, search
from seedance_widgets.widgets.history_state import PAGE, history_state, link_hours, matching, row_state, totals
from seedance_widgets.widgets.media import Shelf
from seedance_widgets.widgets.surface import Refused
from seedance_widgets.widgets.trouble import words_of

NOON = datetime(2026, 11, 20, 12).astimezone().timestamp()
DAY = 86_400
MODELS = ["doubao-seedance-1-0-pro-250528", "1.0-pro-fast", "1.5-pro", "ep-2026-mine"]
PROMPTS = [
    "a calm boat",
    "A CAT on a 'roof' 50% \\ _",
    "日落 🌅",
    "straße",
    "\N{LATIN SMALL LETTER LONG S}top at 300 \N{KELVIN SIGN}",
    "<img src=x>",
    "",
]
WORDS = [
    "",
    "BOAT",
    "cat 50%",
    "日落",
    "STRASSE",
    "stop",
    "k",
    "_",
    "%",
    "\\",
    "'",
    "pro",
    "1.0-pro ",
    "cgt-3",
    "job00007",
]
WORDS += ["inappropriate", "SensitiveContent", "nothing like that", "  ", '"', "\x00", "\\u65e5"]
DAYS = ["", "2026-11-18", "2026-11-20", "2999-01-01", "0001-01-01", "9999-12-31", "yesterday"]


def row(index: int, **changes) -> Record:
    """One of the many jobs of a ledger; each differs from its neighbours in everything that can be searched."""
    model = MODELS[index % 4]
    state = STATES[index % len(STATES)]
    error = {"kind": "ModerationError", "message": "The text may be inappropriate.", "code": "SensitiveContent"}
    values = {
        "id": f"job{index:07d}",
        "provider": ("ark-cn", "acedata", "simulator:ark-cn")[index % 3],
        "base_url": "https://x",
        "billed": index % 3 < 2,
        "model": model,
        "created_at": NOON - index * DAY / 7,
        "request": {"prompt": PROMPTS[index % len(PROMPTS)], "model": model},
        "owner": "1-gone",
        "state": state,
        "task_id": f"cgt-{index}" if index % 5 else None,
        "error": error if state == "failed" else None,
        "ready_at": NOON if state == "succeeded" or index % 2 else None,
        "result": {"tokens": 1000 + index} if state == "succeeded" else {},
        "estimate": {"tokens": 1000},
        "price": 0.25 if index % 4 else None,
        "currency": "USD",
    }
    return Record(**{**values, **changes})


def write(*records):
    ledger = open_ledger()
    ledger.call(ledger.save, *((record, []) for record in records))


def look(query: Query | None = None, count: int = PAGE, lang: str = "en"):
    return history_state(query or Query(), count, lang, Shelf())


@pytest.fixture
def many(home):
    """Twenty days of jobs of every kind, and one row that is damaged."""
    write(*(row(index) for index in range(140)))
    with sqlite3.connect(home / FILE) as other:
        other.execute("UPDATE jobs SET request = '{broken' WHERE id = 'job0000011'")
    return open_ledger()


# -------------------------------------------------------------------------------------------------------- what is found


def is_wanted(query: Query, job: Job) -> bool:
    """The rule in plain words, asked of a whole Job."""

    def start(day: str, days: int = 0) -> float | None:
        try:
            return (datetime.fromisoformat(day) + timedelta(days=days)).astimezone().timestamp()
        except (ValueError, OverflowError):
            return None

    known = find_model(str(job.request.model))
    model = known.name if known else str(job.request.model)
    first, end = start(query.since), start(query.until, 1)
    parts = [str(job.request.prompt), model, str(job.request.model), job.id, job.task_id or "", str(job.error or "")]
    searched = " ".join(parts).casefold()
    return (
        (not query.state or job.status in GROUPS.get(query.state, ()))
        and query.model in {"", model}
        and query.provider in {"", job.provider}
        and (first is None or job.created_at >= first)
        and (end is None or job.created_at < end)
        and all(word in searched for word in query.words.casefold().split())
    )


VALUES = {
    "words": WORDS,
    "state": [*GROUPS, "nonsense"],
    "model": ["1.0-pro", "1.0-pro-fast", "ep-2026-mine", "2.0", MODELS[0]],
    "provider": ["ark-cn", "acedata", "simulator:ark-cn", "' OR 1 --"],
    "since": DAYS,
    "until": DAYS,
}
queries = st.builds(
    Query,
    **{name: st.just("") | st.sampled_from(values) for name, values in VALUES.items() if name != "words"},
    words=st.just("") | st.sampled_from(WORDS) | st.text(max_size=4),
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(query=queries)
def test_what_is_found_is_what_the_rule_says(many, query):
    wanted = [job.id for job in list_jobs() if is_wanted(query, job)]
    assert [line.id for line in search(many, query)] == wanted
    assert [job.id for job in matching(query)] == wanted


@pytest.mark.parametrize(("name", "value"), [(name, value) for name in VALUES for value in VALUES[name]])
def test_every_filter_alone_finds_what_the_rule_says(many, name, value):
    query = Query(**{name: value})
    assert [line.id for line in search(many, query)] == [job.id for job in list_jobs() if is_wanted(query, job)]


async def test_a_job_under_way_is_found_as_it_is_now_and_not_as_it_was_written(sim):
    job = sw.submit(sw.VideoRequest("a boat", model="1.0-pro", resolution="480p", duration=2), sim.provider())
    await job
    ledger = open_ledger()
    stale = dataclasses.replace(job._track.record, state="running")
    job._track.driver.tracks[job.id] = job._track  # the ledger is behind
    ledger.call(ledger.save, (stale, []))
    assert [line.id for line in search(ledger, Query(state="succeeded"))] == [job.id]
    assert search(ledger, Query(state="running")) == []
    del job._track.driver.tracks[job.id]
    assert [line.id for line in search(ledger, Query(state="running"))] == [job.id]


def test_find_in_python_is_the_rule_of_the_gallery(many):
    history = sw.History()
    for query in (Query(words="boat"), Query(state="failed", model="1.0-pro"), Query(since="2026-11-18")):
        found = history.find(**dataclasses.asdict(query))
        assert len(found) == look(query)["found"]
        assert [job.id for job in found][:PAGE] == [job["id"] for job in look(query)["rows"]]


def test_in_a_terminal_and_in_a_saved_notebook_it_says_what_it_is_and_how_to_open_it(capsys):
    sw.History()._ipython_display_()
    assert capsys.readouterr().out == f"{sw.History()!r}\n"
    assert "every job of the ledger as a gallery, shown in Jupyter" in repr(sw.History())
    assert "Run this cell to open the history." in sw.History().saved()["text/html"]
    assert "运行此单元" in sw.History(lang="zh").saved()["text/html"]


# --------------------------------------------------------------------------------------------------------- what is read


@pytest.fixture
def made(monkeypatch):
    """The ids of the jobs for which a `Job` was made since."""
    ids = []
    usual = Job.__init__

    def watched(self, track):
        ids.append(track.record.id)
        usual(self, track)

    monkeypatch.setattr(Job, "__init__", watched)
    return ids


def test_one_look_at_a_large_ledger_makes_only_the_jobs_of_its_page(made):
    write(*(row(index) for index in range(3000)))
    state = look()
    assert (state["found"], len(state["rows"])) == (3000, PAGE)
    assert made == [f"job{index:07d}" for index in range(PAGE)]
    made.clear()
    assert look(Query(words="boat"), 2 * PAGE)["found"] == 429
    assert len(made) == 2 * PAGE


async def test_looking_at_what_is_under_way_makes_only_those_jobs(many, made):
    rows = await sw.History().answer_rows(["job0000003", "job0000005", "gone", "job0000011"])
    assert [job["id"] for job in rows] == made == ["job0000003", "job0000005"]


def test_a_row_that_has_changed_is_read_again_and_a_deleted_one_is_gone(many):
    assert look(Query(words="zebra"))["found"] == 0
    write(row(3, request={"prompt": "a zebra", "model": "1.5-pro"}))
    assert look(Query(words="zebra"))["found"] == 1
    many.call(many.delete, "job0000003")
    assert look(Query(words="zebra"))["found"] == 0


def test_only_what_nobody_looks_after_can_be_taken_up(home):
    other = Ledger(home)
    write(row(3, id="left"), row(3, id="elsewhere", owner=other.owner), row(3, id="mine", owner=open_ledger().owner))
    assert look()["unfinished"] == 2
    other.close()
    assert look()["unfinished"] == 3


# -------------------------------------------------------------------------------------------------------------- money


def said(*records, lang="en"):
    write(*records)
    return totals(search(open_ledger(), Query()), lang)


def ark(job_id, **changes):
    return row(0, **{"id": job_id, "provider": "ark-cn", "billed": True, "state": "succeeded", "price": 1.0, **changes})


def test_the_total_counts_what_was_billed_and_says_what_is_only_estimated():
    done = {"result": {"tokens": 1000}, "ready_at": NOON}
    words = said(
        ark("done", **done),
        ark("lost", state="failed", ready_at=NOON, result={"tokens": 900}),  # made, its file did not come
        ark("doubt", state="unknown", ready_at=None),
        ark("going", state="running", ready_at=None),
        ark("refused", state="failed", ready_at=None),
        ark("cancelled", state="cancelled", ready_at=None),
    )
    assert words == "6 jobs · $4.00 billed, $2.00 of it by estimate · 1,000 tokens, 1,000 estimated (+0.0 %)"


@pytest.mark.parametrize(
    ("counted", "words"),
    [
        ([1500], "1,500 tokens, 1,000 estimated (+50.0 %)"),
        ([750], "750 tokens, 1,000 estimated (-25.0 %)"),
        ([1500, 700], "2,200 tokens, 2,000 estimated (+10.0 %)"),  # of the sums: no mean of +50 % and -30 %
        ([1000, 25, 1000], "2,025 tokens, 3,000 estimated (-32.5 %)"),
    ],
)
def test_how_far_the_estimates_were_off_is_told_with_its_direction(counted, words):
    jobs = [ark(f"job{number}", result={"tokens": tokens}) for number, tokens in enumerate(counted)]
    # Of these there is only the one or the other, or no video: nothing to compare.
    jobs += [ark("uncounted", result={}), ark("unforeseen", result={"tokens": 5000}, estimate={})]
    jobs += [ark("lost", state="failed", ready_at=NOON, result={"tokens": 9000})]
    assert said(*jobs).endswith(f" · {words}")
    assert re.search(r"\(([^ ]+) %\)", words)[1] in said(*jobs, lang="zh")


def test_the_total_is_the_sum_of_the_jobs_that_cost(many):
    jobs = [job for job in list_jobs() if job.costs]
    spent = sum(job.price or 0 for job in jobs)
    assert f"${spent:,.2f} billed" in look()["totals"]
    assert f"{sum(job.price is None for job in jobs)} billed at a price that is not known" in look()["totals"]


def test_each_currency_has_its_own_total_and_what_is_free_its_own_word():
    done = {"result": {"tokens": 1000}}
    words = said(ark("a", **done), ark("b", currency="CNY", **done), ark("c", billed=False, **done), lang="zh")
    assert words.startswith("3 个任务 · 已计费 ¥1.00 · 已计费 $1.00 · 1 个模拟，免费")


# --------------------------------------------------------------------------------------------------- links and deleting


def only(**changes):
    write(ark("one", **changes))
    return sw.job("one")


def test_a_link_lives_from_when_the_video_was_made():
    facts = catalogue().providers["ark-cn"]
    job = only(ready_at=time.time() - 20 * 3600)
    assert link_hours(job) == pytest.approx(facts.url_seconds / 3600 - 20, abs=0.01)
    assert "link lives 4 h" in row_state(job, "en", Shelf())["line"]


def test_a_dead_link_speaks_of_a_file_only_where_there_is_one():
    assert row_state(only(ready_at=NOON - 40 * DAY), "en", Shelf())["line"].endswith("link is dead")


def test_of_a_simulators_link_nothing_is_said():
    job = only(provider="simulator:ark-cn", billed=False, ready_at=time.time())
    assert link_hours(job) is None
    assert "link" not in row_state(job, "en", Shelf())["line"]


@pytest.mark.parametrize(
    ("changes", "means"),
    [
        ({"state": "running"}, "never"),
        ({"state": "pending", "task_id": None}, "never"),
        ({"state": "unknown", "task_id": "cgt-1"}, "video"),
        ({"state": "failed", "task_id": "cgt-1", "ready_at": NOON}, "video"),
        ({"state": "unknown", "task_id": None}, "doubt"),
        ({"state": "failed", "task_id": "cgt-1", "ready_at": None}, "plain"),
        ({"state": "succeeded"}, "plain"),
    ],
)
async def test_the_browser_offers_to_delete_what_python_lets_go(changes, means):
    job = only(**changes)
    assert row_state(job, "en", Shelf())["deletion"] == means
    history = sw.History()
    if means == "never":
        with pytest.raises(sw.errors.JobError, match="nobody follows it"):
            await history.answer_delete("one", "entry", "video")
        return
    if means == "video":
        with pytest.raises(sw.errors.JobError, match="may still have the video"):
            await history.answer_delete("one", "entry", "plain")
    await history.answer_delete("one", "entry", means)
    with pytest.raises(Refused, match="no longer in the ledger"):
        await history.answer_delete("one", "entry", means)


async def test_why_a_job_is_kept_is_told_in_the_language_of_the_surface(home):
    other = Ledger(home)
    write(row(3, id="left"), row(3, id="elsewhere", owner=other.owner), row(7, id="made", state="unknown"))
    history = sw.History(lang="zh")
    for job in ("left", "elsewhere", "made"):
        with pytest.raises(sw.errors.JobError) as caught:
            await history.answer_delete(job, "entry")
        assert re.search("[\u4e00-\u9fff]", words_of(caught.value, "zh"))
    other.close()


async def test_what_is_looked_for_in_python_is_checked(sim):
    job = sw.submit(sw.VideoRequest("a boat", model="1.0-pro", resolution="480p", duration=2), sim.provider())
    await job
    history = sw.History()
    today = date.today()  # noqa: DTZ011  the calendar of this machine is what is asked for
    for found in (
        history.find(since=today, until=today),
        history.find(since=datetime.now()),  # noqa: DTZ005  the same
        history.find("boat", state="succeeded", since=today.isoformat()),
    ):
        assert [one.id for one in found] == [job.id]
    for nothing in (
        {"provider": "\ud800"},
        {"model": "\ud800"},
        {"words": "\ud800"},
        {"since": today.replace(year=9999)},
    ):
        assert list(history.find(**nothing)) == []
    for asked, error, words in [
        ({"words": 5}, TypeError, "words must be a text; 5 is not"),
        ({"words": None}, TypeError, "words must be a text; None is not"),
        ({"model": ["a"]}, TypeError, "model must be a text"),
        ({"state": "bogus"}, ValueError, "state must be one of running, succeeded, failed, unknown; 'bogus' is not"),
        ({"since": "yesterday"}, ValueError, "since must be a date, such as '2026-11-20'; 'yesterday' is none"),
        ({"stat": "failed"}, TypeError, "find has no parameter 'stat'; did you mean state"),
    ]:
        with pytest.raises(error, match=words):
            history.find(**asked)
