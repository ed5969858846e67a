"""The Python side of a sweep's grid, and of the Studio that it opens."""

import math
import re

import PIL.Image
import pytest

import seedance_widgets as sw
from seedance_widgets.sweep.run import agree
from seedance_widgets.widgets.say import say, say_parts
from seedance_widgets.widgets.sweep_state import head_state
from seedance_widgets.widgets.sweep_view import SweepView
from tests.sweep.test_measure import film
from tests.widgets.front import Front, until

BASE = sw.VideoRequest("a {mood} boat", model="1.0-pro", resolution="480p", duration=2, seed=5)
CHINESE = re.compile("[\u4e00-\u9fff]")
# Numbers, units and signs, names of models and fields: the same in both languages.
PLAIN = re.compile(r"[/\d.,×x¥$~≈ ]*( tokens|min|s|h)?")


def front_of(view):
    return Front(view)


def untranslated(line):
    """The parts of a line that are words, and not Chinese."""
    return [part for part in line.split(" · ") if not CHINESE.search(part) and not PLAIN.fullmatch(part)]


@pytest.mark.parametrize("billed", [True, False])
async def test_the_plan_tells_every_cell_with_tokens_price_and_time_in_both_languages(sim, billed):
    provider = sw.providers.Ark("key", base_url=sim.ark_base_url) if billed else sim.provider()
    axes = {"duration": [2, 99], "mood": ["calm", "wild"]}
    sweep = sw.Sweep(BASE, axes, provider=provider, max_cost=5)
    english = await front_of(SweepView(sweep)).ask("plan")
    assert english["heads"][-1] == "time"
    values = [row["values"] for row in english["rows"]]
    assert [row["send"] for row in english["rows"]] == [True, True, False, False]
    assert values[0][1:3] == ["864 x 480", "19,845"]
    assert values[0][3] == ("¥0.30" if billed else "free")
    assert re.fullmatch(r"\d+ (s|min)", values[0][4])
    assert values[2][4] == ""
    assert "4 cells · 2 to send · 2 not possible · 39,690 tokens" in english["total"]
    chinese = await front_of(SweepView(sweep, lang="zh")).ask("plan")
    assert untranslated(chinese["total"]) == []
    assert all(CHINESE.search(row["values"][0]) for row in chinese["rows"])
    # What `check` says is no English either.
    assert "seconds" not in chinese["rows"][2]["values"][0]


def test_a_name_in_the_prompt_that_no_axis_fills_is_told_over_the_grid(sim):
    def note(axes, lang="en"):
        return SweepView(sw.Sweep(BASE, axes, provider=sim.provider()), lang=lang).grid["dimensions"][0]["note"]

    assert note({"seed": [1, 2]}) == "The prompt holds {mood}, which no axis fills: it is sent as it stands."
    assert note({"mood": ["calm"]}) == ""
    assert CHINESE.search(note({"seed": [1, 2]}, "zh"))


def test_a_saved_grid_says_how_to_open_it_again(sim):
    sweep = sw.Sweep(BASE, {"mood": ["calm"]}, provider=sim.provider(), name="boats")
    saved = SweepView(sweep).saved()
    assert saved["text/html"].endswith("<p>Run this cell to open the grid.</p></div>")
    assert saved["text/plain"] == f"{sweep!r}\nRun this cell to open the grid."
    assert "运行此单元" in SweepView(sweep, lang="zh").saved()["text/html"]


async def test_a_plan_as_text_and_as_a_table_has_the_time_of_each_cell(sim):
    plan = sw.Sweep(BASE, {"mood": ["calm"], "duration": [2, 99]}, provider=sim.provider()).plan()
    sent, refused = plan.lines
    assert sent.seconds > 0
    assert sent.time_words() in repr(plan)
    assert refused.time_words() == ""
    assert "<th>time</th>" in plan._repr_html_()
    # Four at once take no longer than one, where the provider runs ten at once.
    many = sw.Sweep(BASE, {"seed": range(4)}, provider=sim.provider()).plan()
    assert many.seconds == pytest.approx(many.lines[0].seconds)


async def test_what_a_sweep_refuses_is_chinese_in_a_chinese_view(sim):
    provider = sw.providers.Ark("key", base_url=sim.ark_base_url)
    front = front_of(SweepView(sw.Sweep(BASE, {"seed": [1, 2]}, provider=provider, max_cost=0.1), lang="zh"))
    assert "未发送任何请求" in await front.refused("run", what="make", press="1")
    assert "还没有可组成网格的视频" in await front.refused("export", kind="mp4")
    sweep = sw.Sweep(BASE.replace(model="2.0", duration=5), {"seed": [1, 2]}, provider=provider)
    assert CHINESE.search(SweepView(sweep, lang="zh").grid["dimensions"][0]["note"])
    assert CHINESE.search((await front_of(SweepView(sweep, lang="zh")).ask("detail", cell=1))["note"])
    models = sw.Sweep(BASE.replace(duration=5), {"model": ["1.0-pro", "2.0"], "seed": [1, 2]}, provider=provider)
    assert CHINESE.search(SweepView(models, lang="zh").grid["dimensions"][1]["note"])
    with pytest.raises(sw.errors.SweepError) as refused:
        agree(sweep.plan(), None)
    assert CHINESE.search(say(str(refused.value), "zh"))


@pytest.mark.parametrize(
    ("line", "chinese"),
    [
        ("12 cells · 3 to send · about 40 s", "12 个格子 · 3 个将发送 · 约 40 s"),
        ("864 x 480 · at most 49 frames · not billed", "864 × 480 · 最多 49 帧 · 不计费"),
        ("1 not sent · 1 cancelled in the queue", "1 个未发送 · 1 个已在排队中取消"),
        ("3 cells · 1 under way · 2 done", "3 个格子 · 1 个进行中 · 2 个已完成"),
        ("something else", "something else"),
    ],
)
def test_the_parts_of_a_line(line, chinese):
    assert say_parts(line, "zh") == chinese
    assert say_parts(line, "en") == line


async def test_a_cell_goes_into_a_studio_of_the_sweeps_provider(sim):
    sweep = sw.Sweep(BASE, {"mood": ["calm", "wild"]}, provider=sim.provider())
    view = SweepView(sweep)
    front = front_of(view)
    await front.ask("studio", cell=1)
    assert view.studio.request == sweep[1].request
    assert view.studio.provider is sweep.provider
    first = view.studio
    await front.ask("studio", cell=0)
    assert view.studio.request.prompt == "a calm boat"
    assert view.studio is first or first.comm is None
    assert "no such cell" in await front.refused("studio", cell=2)


async def test_a_form_that_was_changed_is_not_replaced_without_a_question(sim):
    sweep = sw.Sweep(BASE, {"mood": ["calm", "wild"]}, provider=sim.provider())
    view = SweepView(sweep)
    front = front_of(view)
    await front.ask("studio", cell=1)
    view.studio.comm = view.studio.comm or object()  # as if a front end had it open
    assert "words" in await front.ask("studio", cell=1)
    written = view.studio.request.replace(prompt="a boat of my own")
    view.studio.request = written
    assert "has been changed" in (await front.ask("studio", cell=0))["changed"]
    assert view.studio.request == written
    assert "words" in await front.ask("studio", cell=0, replace=True)
    assert view.studio.request.prompt == "a calm boat"


async def test_settings_of_another_provider_take_that_provider_along(sim, monkeypatch):
    monkeypatch.setenv("ARK_API_KEY", "key")
    monkeypatch.setenv("ARK_BASE_URL", sim.ark_base_url)
    ours = sw.submit(BASE, sim.provider())
    theirs = sw.submit(BASE, sw.providers.Ark())
    await ours
    await theirs
    history = sw.History()
    front = front_of(history)
    await front.ask("reuse", job=ours.id, how="settings")
    assert not history.studio.provider.billed
    history.studio.comm = history.studio.comm or object()  # as if a front end had it open
    await front.ask("reuse", job=theirs.id, how="settings")
    assert history.studio.provider.billed


async def test_a_sweep_over_a_studio_takes_its_form_and_its_provider(sim):
    studio = sw.Studio(BASE, provider=sim.provider())
    sweep = sw.Sweep.from_studio(studio, mood=["calm", "wild"], seed=range(3), name="boats", max_jobs=2)
    assert sweep.base == studio.request
    assert sweep.provider is studio.provider
    assert (len(sweep), sweep.name, sweep.max_jobs) == (6, "boats", 2)
    assert sweep[{"mood": "wild", "seed": 2}].request.prompt == "a wild boat"
    studio.request = BASE.replace(prompt="a cat")
    assert len(sw.Sweep.from_studio(studio, {"seed": [1, 2]}, duration=[2, 3])) == 4
    with pytest.raises(TypeError, match="did you mean max_cost"):
        sw.Sweep.from_studio(studio, seed=[1], maxcost=3)
    with pytest.raises(sw.errors.SweepError, match="base must be a VideoRequest"):
        sw.Sweep.from_studio("a boat", seed=[1])


async def test_while_it_runs_each_cell_and_the_head_tell_how_long_it_still_takes(home):
    def seconds(words):
        return int(re.fullmatch(r"(?:.* · )?(\d+) s to go", words)[1])

    with sw.Simulator(speed=1) as sim:  # in no hurry: a minute or so
        sweep = sw.Sweep(BASE, {"seed": [1, 2]}, provider=sim.provider(), concurrency=1)
        alone = sweep.plan([0]).lines[0].seconds
        front = front_of(view := SweepView(sweep))
        assert "to go" not in head_state(sweep, "en")["summary"]
        await front.ask("run", what="make", press="1")
        await until(lambda: sweep[0].job is not None and sweep[0].job.eta)
        most = sweep[0].job.eta
        running, waiting = await front.ask("cells")
        whole = head_state(sweep, "en")["summary"]
        least = sweep[0].job.eta
        assert math.ceil(least) <= seconds(running["line"]) <= math.ceil(most) <= math.ceil(alone)
        # The one that waits comes after it.
        assert math.ceil(least + alone) <= seconds(whole) <= math.ceil(most + alone)
        assert (waiting["state"], waiting["line"]) == ("waiting", "")
        await until(lambda: "to go" in view.head["summary"])  # and the browser has it
        chinese = await front_of(SweepView(sweep, lang="zh")).ask("cells")
        assert re.fullmatch(r"还需 \d+ s", chinese[0]["line"])


async def test_measuring_and_writing_a_film_tell_how_far_they_are(sim, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sweep = sw.Sweep(BASE, {"seed": [1, 2]}, provider=sim.provider(), name="../boats <b>")
    await sweep.run()
    front = front_of(view := SweepView(sweep))
    view.comm = view.comm or object()
    await front.ask("measure")
    assert "Measuring 1 of 2 …" in [sent["words"] for sent, _ in front.sent if sent.get("type") == "words"]
    told = await front.ask("export", kind="mp4")
    assert told["words"] == "Written: boats-b.mp4"
    assert (tmp_path / "boats-b.mp4").stat().st_size > 10_000
    assert any("frame 1 of 49" in sent["words"] for sent, _ in front.sent if sent.get("type") == "words")


async def test_what_goes_wrong_after_a_press_is_told_where_it_was_pressed(sim, home, monkeypatch):
    sweep = sw.Sweep(BASE, {"seed": [1, 2]}, provider=sim.provider())
    front = front_of(view := SweepView(sweep))
    view.comm = view.comm or object()

    def full(*_):
        raise sw.errors.StorageError("the disk is full.")

    monkeypatch.setattr(type(sweep), "save", full)
    await front.ask("run", what="make", press="1")
    await until(lambda: any(sent.get("trouble") for sent, _ in front.sent))
    assert [sent["words"] for sent, _ in front.sent if sent.get("trouble")] == ["the disk is full."]
    assert not [entry for entry in sim.requests if entry.method == "POST"]


async def test_a_picture_is_told_by_its_name_in_the_detail(sim, tmp_path):
    pictures = []
    for name, colour in (("day.png", "white"), ("night.png", "black")):
        PIL.Image.new("RGB", (320, 180), colour).save(tmp_path / name)
        pictures.append(str(tmp_path / name))
    sweep = sw.Sweep(BASE, {"first_frame_url": pictures}, provider=sim.provider())
    told = await front_of(SweepView(sweep)).ask("detail", cell=1)
    assert told["changes"] == [["first_frame_url", "night.png"]]
    assert str(tmp_path) not in str(told)


class Notebook:
    """What a notebook has of a view: what was displayed, brought up to date by its handle."""

    def __init__(self, view):
        self.html, self.times = "", 0
        view._saved.append(self)

    def update(self, bundle, *, raw):
        self.html, self.times = bundle["text/html"], self.times + 1


async def test_the_sheet_of_a_saved_notebook_is_not_drawn_for_each_video(sim, monkeypatch):
    monkeypatch.setattr("seedance_widgets.widgets.sweep_view._KEPT_EVERY", math.inf)
    sweep = sw.Sweep(BASE, {"mood": ["calm", "wild [sim:queue=100000]"]}, provider=sim.provider(), name="boats")
    notebook = Notebook(view := SweepView(sweep))
    running = sweep.run()
    await until(lambda: "1 done" in view.head["summary"])
    view._soon(None)
    await until(lambda: view._dirty is not None and not view._keeping)  # all of that look is done
    assert notebook.html.count("<img") == 0  # another one comes before long
    await sweep.cancel()
    await running
    await until(lambda: notebook.html.count("<img") == 1)
    # Without that limit it is drawn meanwhile: a kernel that dies leaves a notebook that shows something.
    monkeypatch.setattr("seedance_widgets.widgets.sweep_view._KEPT_EVERY", 0.0)
    monkeypatch.setattr("seedance_widgets.widgets.sweep_view._SHARE", 0)
    longer = sw.Sweep(BASE, {"mood": ["sad", "wild [sim:queue=100000]"]}, provider=sim.provider())
    notebook = Notebook(SweepView(longer))
    running = longer.run()
    await until(lambda: notebook.html.count("<img") == 1)
    assert longer.running
    await longer.cancel()
    await running


async def test_a_paused_sweep_leaves_its_sheet_in_the_notebook(sim, monkeypatch):
    monkeypatch.setattr("seedance_widgets.widgets.sweep_view._KEPT_EVERY", math.inf)
    sweep = sw.Sweep(BASE, {"mood": ["calm", "wild"]}, provider=sim.provider(), concurrency=1)
    notebook = Notebook(view := SweepView(sweep))
    running = sweep.run()
    with sweep.listening(lambda _: sweep.pause() if sweep.jobs and sweep.jobs[0].task_id else None):
        await until(lambda: sweep.paused and len(sweep.jobs) == 1 and sweep.jobs[0].done)
    await until(lambda: notebook.html.count("<img") == 1)
    assert sweep.running
    assert re.search("1 done.* 1 waiting$", view.head["summary"])  # and not how long it still takes
    sweep.resume()
    await running


async def test_the_detail_tells_what_differs_from_the_base_and_of_a_compared_video_nothing(sim, tmp_path):
    sweep = sw.Sweep(BASE, {"mood": ["calm", "{mood}"], "duration": [2, 3]}, provider=sim.provider())
    front = front_of(SweepView(sweep))
    told = [(await front.ask("detail", cell=cell.index))["changes"] for cell in sweep]
    assert told == [
        [["prompt", "a calm boat"]],
        [["prompt", "a calm boat"], ["duration", "3"]],
        [],
        [["duration", "3"]],
    ]
    video = film(tmp_path / "one.mp4", [PIL.Image.new("RGB", (320, 192))] * 4)
    assert (await front_of(SweepView(sw.compare(video))).ask("detail", cell=0))["changes"] == []
