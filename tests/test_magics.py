"""`%seedance` and `%%seedance` in a shell of their own, without a kernel."""

import os

import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

import seedance_widgets as sw
from seedance_widgets import choice
from seedance_widgets.magics import commands, reading, vocabulary
from tests.conftest import draw

QUICK = "model=1.0-pro resolution=480p duration=2"


@pytest.fixture(scope="module")
def bare_shell():
    made = InteractiveShell()
    yield made
    made.history_manager.end_session()


@pytest.fixture
def shell(bare_shell, tmp_path, monkeypatch, sim):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(choice, "_used", sim.provider())
    before = set(bare_shell.user_ns)
    bare_shell.extension_manager.load_extension("seedance_widgets")
    yield bare_shell
    bare_shell.extension_manager.unload_extension("seedance_widgets")
    for name in set(bare_shell.user_ns) - before:
        del bare_shell.user_ns[name]


def line(shell, words=""):
    return shell.run_line_magic("seedance", words)


def cell(shell, words, prompt="a boat drifts"):
    return shell.run_cell_magic("seedance", words, prompt)


def refusal(shell, words, prompt="a boat drifts"):
    with pytest.raises(UsageError) as caught:
        cell(shell, words, prompt)
    return str(caught.value)


def offered(shell, text, *, jedi=True):
    shell.Completer.use_jedi = jedi
    with provisionalcompleter():
        found = list(shell.Completer.completions(text, len(text)))
    return [text[: one.start] + one.text for one in found]


def after(text, found):
    assert all(one.startswith(text) for one in found), found
    return [one.removeprefix(text) for one in found]


def billed(monkeypatch):
    monkeypatch.setenv("BYTEPLUS_API_KEY", "k" * 40)
    # Nothing listens there: a create call would fail, and no call leaves this machine.
    monkeypatch.setattr(choice, "_used", sw.providers.Ark(region="ap", base_url="http://127.0.0.1:9/api/v3"))


# The line magic.


def test_status_says_who_where_and_what(shell, home, sim):
    video = sw.run(cell(shell, QUICK))
    shown = line(shell)
    assert f"provider: Simulator, not billed, at {sim.provider().base_url}" in repr(shown)
    assert f"videos and ledger: {home}" in repr(shown)
    assert "jobs: 1, 0 unfinished" in repr(shown)
    assert video.task_id in shown._repr_html_()


def test_status_counts_jobs_that_are_under_way(shell):
    job = cell(shell, QUICK, "a boat [sim:run=150]")
    assert "jobs: 1, 1 unfinished" in repr(line(shell))
    job.result()


def test_status_says_that_the_jobs_below_are_the_last_ones(shell):
    for job in [cell(shell, f"{QUICK} seed={seed}") for seed in range(6)]:
        job.result()
    lines = repr(line(shell)).splitlines()
    assert lines[2:4] == ["jobs: 6, 0 unfinished", "the last 5 of them:"]
    assert "the last 5 of them:" in line(shell)._repr_html_()


def test_status_shows_a_provider_that_is_not_settled(shell, monkeypatch):
    monkeypatch.setattr(choice, "_used", None)
    monkeypatch.setenv("SEEDANCE_PROVIDER", "ark")
    assert "no provider:" in repr(line(shell))


def test_markup_in_a_panel_is_text():
    assert "&lt;b&gt;" in commands.Panel("<b>")._repr_html_()


def test_provider_switches_and_shows(shell, monkeypatch):
    monkeypatch.setenv("BYTEPLUS_API_KEY", "k" * 40)
    switched = repr(line(shell, "provider byteplus"))
    assert switched.startswith("BytePlus ModelArk, billed, at https://ark.ap-southeast")
    assert "kkkk" not in switched + repr(line(shell, "provider")) + repr(line(shell))
    assert sw.provider().id == "ark-ap"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("provder", "did you mean provider?"),
        ("provider byteplu", "did you mean byteplus?"),
        ("provider sk-12345", "no provider is called so; choose one of simulator, ark"),
        ("provider ark key=sk-12345", "a key never stands in a cell"),
        ("provider byteplus", "key"),
        ("models 1.0-por", "did you mean"),
        ("jobs many", "how many jobs is a whole number"),
        ("job", "which job?"),
        ("job 0123", "no job or task is called '0123'"),
        ("resume now", "too many words; write %seedance resume."),
        ("duration=5", "begin it with %%seedance"),
        ("sk-12345", "it takes status, provider, models, jobs, job, resume, help"),
    ],
)
def test_a_wrong_word_is_a_sentence(shell, words, expected):
    with pytest.raises(UsageError) as caught:
        line(shell, words)
    assert expected in str(caught.value)
    assert "sk-12345" not in str(caught.value)


def test_models_and_jobs(shell):
    assert len(line(shell, "models")) == len(sw.models())
    assert line(shell, "models 1.0-pro") is sw.model("1.0-pro")
    first, second = cell(shell, QUICK), cell(shell, QUICK)
    assert [one.id for one in line(shell, "jobs")] == [second.id, first.id]
    assert [one.id for one in line(shell, "jobs 1")] == [second.id]
    assert line(shell, f"job {first.id}").result().path == first.result().path
    second.result()


def test_resume_hands_back_what_can_be_awaited(shell):
    assert list(sw.run(line(shell, "resume"))) == []


def test_help_tells_every_parameter(shell):
    told = repr(line(shell, "help"))
    for name in (*vocabulary.ANNOTATIONS, "provider", "max_cost"):
        words = next(one for one in told.splitlines() if one.startswith(f"{name}="))
        assert len(words) > len(name) + 20


# The cell magic.


def test_a_cell_makes_a_video_of_its_text_as_it_stands(shell, sim):
    job = cell(shell, QUICK + " --out mine", "  a {boat} and $HOME\ncalmly \n")
    video = job.result()
    assert video.request.prompt == "a {boat} and $HOME\ncalmly"
    assert shell.user_ns["mine"] is job
    assert sim.requests[0].body["content"][0]["text"].startswith("a {boat} and $HOME")


def test_an_image_in_a_variable_is_passed_itself(shell, tmp_path):
    shell.user_ns["photos"] = {"a": draw(640, 400), "b": draw(640, 400, seed=1)}
    shell.user_ns["photo"] = shell.user_ns["photos"]["a"]
    draw(640, 400).save(tmp_path / "my cat.png")
    dry = cell(shell, "check first_frame_url=$photo last_frame_url={photos['b']}")
    assert {type(dry.request.first_frame_url), type(dry.request.last_frame_url)} == {sw.Image}
    assert dry.request.first_frame_url != dry.request.last_frame_url
    job = cell(shell, f'{QUICK} first_frame_url="my cat.png"')
    assert job.result().request.first_frame_url == "my cat.png"


@pytest.mark.parametrize(
    ("name", "raw", "expected"),
    [
        ("duration", "5", 5),
        ("duration", "None", None),
        ("duration", "{n + 1}", 8),
        ("duration", "5s", "5s"),
        ("duration", "'5'", "5"),
        ("seed", "-1", -1),
        ("generate_audio", "true", True),
        ("generate_audio", "False", False),
        ("generate_audio", "1", 1),
        ("model", "2.0", "2.0"),
        ("ratio", "16:9", "16:9"),
        ("resolution", "{480}p", "480p"),
        ("callback_url", "none", None),
        ("first_frame_url", r"C:\new\cat(1).png", r"C:\new\cat(1).png"),
        ("first_frame_url", r'"C:\new cat.png"', r"C:\new cat.png"),
        ("first_frame_url", "shots/{n}.png", "shots/7.png"),
        ("first_frame_url", "$where.png", "pics.png"),
        ("first_frame_url", '"$where/a b.png"', "pics/a b.png"),
        ("first_frame_url", "'$where/{n}'", "$where/{n}"),
        ("first_frame_url", "a$$b{{c}}.png", "a$b{c}.png"),
        ("first_frame_url", "https://x.example/a.png?b=c,d", "https://x.example/a.png?b=c,d"),
        ("first_frame_url", "None", None),
        ("reference_image_urls", "a.png,b.png", ("a.png", "b.png")),
        ("reference_image_urls", "a.png", ("a.png",)),
        ("reference_image_urls", "['a.png', 'b.png']", ["a.png", "b.png"]),
        ("reference_image_urls", "$several,c.png", ("a", "b", "c.png")),
        ("reference_image_urls", "{[where, 'x']}", ("pics", "x")),
        ("reference_image_urls", "'a,b.png',c.png", ("a,b.png", "c.png")),
        ("reference_image_urls", "data:image/png;base64,AA==,b.png", ("data:image/png;base64,AA==", "b.png")),
        ("reference_image_urls", "none", ()),
    ],
)
def test_how_values_are_written(name, raw, expected):
    names = {"n": 7, "where": "pics", "several": ["a", "b"]}
    read = reading.read_line(f"{name}={raw} camera_fixed=true", names).settings
    assert read == {name: expected, "camera_fixed": True}
    assert type(read[name]) is type(expected)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("duraton=5", "has no parameter duraton; did you mean duration?"),
        ("--dryrun", "did you mean --dry-run?"),
        ("duration=5 duration=6", "duration stands twice"),
        ("duration = 5", "duration has no value; write duration=value, without spaces"),
        ("duration=", "duration= has no value"),
        ("prompt=hello", "the prompt is the text of the cell"),
        ("jobs", "write %seedance jobs (one sign)"),
        ("api_key=sk-12345", "a key never stands in a cell"),
        ("sk-12345", "word 1 of the line is no parameter"),
        ("sk-12345==", "word 1 of the line is no parameter"),
        ("provider=sk-12345", "no provider is called so"),
        ("provider=byteplu", "did you mean byteplus?"),
        ("first_frame_url='a.png", "a ' is missing"),
        ("first_frame_url={a", "a } is missing"),
        ("reference_image_urls=[a.png]", "the list of reference_image_urls cannot be read"),
        ("first_frame_url=$phto", "there is no variable $phto; did you mean $photo?"),
        ("first_frame_url=$nope", "there is no variable $nope; set it in a cell before"),  # `open` is not meant
        ("first_frame_url=$ut", "there is no variable $ut; set it in a cell before"),
        ("first_frame_url={1/0}", "first_frame_url: the expression in braces raised ZeroDivisionError"),
        ("max_cost=cheap", "max_cost is no amount of money"),
        ("max_cost=-1", "max_cost is no amount of money"),
        ("--out 1x", "--out takes the name of a variable"),
        ("--out", "--out takes the name of a variable"),
    ],
)
def test_what_cannot_be_understood_is_one_sentence_and_nothing_is_sent(shell, sim, words, expected):
    shell.user_ns["photo"] = draw(640, 400)
    told = refusal(shell, words)
    assert expected in told
    assert "sk-12345" not in told
    assert "\n" not in told
    assert sim.requests == []


def test_problems_of_the_request_are_a_line_each_with_the_fix(shell, sim):
    told = refusal(shell, "model=1.0-pro duration=99 resolution=720 seed=-5").splitlines()[1:]
    assert [one.strip().partition(":")[0] for one in told] == ["resolution", "duration", "seed"]
    assert all("Fix: " in one for one in told)
    assert sim.requests == []


def test_an_empty_cell_is_a_sentence(shell):
    assert "the cell is empty" in refusal(shell, QUICK, " \n ")


def test_no_traceback_for_a_person(shell, capsys):
    shell.run_cell("%%seedance duraton=5\na boat")
    told = capsys.readouterr()
    assert "Traceback" not in told.out + told.err
    assert "UsageError: %%seedance has no parameter duraton; did you mean duration?" in told.out + told.err


@pytest.mark.parametrize("word", ["--dry-run", "check"])
def test_a_dry_run_shows_the_price_and_sends_nothing(shell, sim, word):
    dry = cell(shell, f"{word} {QUICK} provider=byteplus --out dry")
    assert shell.user_ns["dry"] is dry
    assert dry.estimate.price > 0
    assert f"BytePlus ModelArk: {dry.estimate}" in repr(dry)
    assert "no problems" in dry._repr_html_()
    wrong = cell(shell, f"{word} duration=99")
    assert "error: duration:" in repr(wrong)
    assert sim.requests == []
    assert list(sw.jobs()) == []


def test_max_cost_stops_what_is_dearer(shell, monkeypatch):
    billed(monkeypatch)
    told = refusal(shell, f"{QUICK} max_cost=0.001")
    assert told.startswith("it would cost about $0.0")
    assert told.endswith("Nothing was sent.")
    assert "duration" in refusal(shell, "model=1.0-pro duration=99 max_cost=0.001")
    assert "max_cost" in repr(cell(shell, f"check {QUICK} max_cost=0.001"))
    assert list(sw.jobs()) == []


def test_max_cost_lets_pass_what_is_cheaper_and_what_is_free(shell, monkeypatch):
    assert cell(shell, f"{QUICK} max_cost=0").result().path.exists()
    billed(monkeypatch)
    job = cell(shell, f"{QUICK} max_cost=5")
    assert job.billed
    sw.run(job.cancel())
    assert job.status == "cancelled"


def test_a_price_that_is_not_known_cannot_be_kept(shell):
    unknown = cell(shell, "check model=1.0-pro resolution=480p provider=acedata max_cost=5")
    assert "the price is not known beforehand" in repr(unknown)


# Completion.


@pytest.mark.parametrize("jedi", [True, False])
def test_parameters_and_values_are_completed(shell, jedi):
    def found(text):
        return after(text[: text.rfind("=") + 1] if "=" in text else "", offered(shell, text, jedi=jedi))

    assert offered(shell, "%%seedance dur", jedi=jedi) == ["%%seedance duration="]
    assert found("%%seedance resolution=") == ["480p", "720p", "1080p", "4k"]
    assert found("%%seedance model=1.0-pro resolution=") == [*sw.model("1.0-pro").resolutions]
    assert found("%%seedance model=1.0-p") == [one.name for one in sw.models() if one.name.startswith("1.0-p")]
    assert found("%%seedance ratio=16") == ["16:9"]
    assert found("%%seedance service_tier=f") == ["flex"]
    assert found("%%seedance watermark=t") == ["True"]
    assert "byteplus" in found("%%seedance provider=")


@pytest.mark.parametrize("jedi", [True, False])
def test_what_is_completed_says_what_it_is(shell, tmp_path, jedi):
    (tmp_path / "cat.png").touch()
    shell.user_ns["photo"] = draw(8, 8)
    shell.Completer.use_jedi = jedi
    for text, kind in {
        "%seedance job": "keyword",
        "%seedance provider sim": "value",
        "%%seedance dur": "param",
        "%%seedance --dry": "param",
        "%%seedance resolution=4": "value",
        "%%seedance first_frame_url=c": "path",
        "%%seedance first_frame_url=$ph": "instance",
    }.items():
        with provisionalcompleter():
            assert {one.type for one in shell.Completer.completions(text, len(text))} == {kind}, text


def test_completion_follows_the_model(shell):
    silent = next(one for one in sw.models() if not one.audio)
    text = f"%%seedance model={silent.name} "
    names = after(text, offered(shell, text))
    assert "generate_audio=" not in names
    assert "model=" not in names
    assert {"duration=", "max_cost=", "--dry-run", "check"} <= set(names)
    assert after(f"{text}generate_audio=", offered(shell, f"{text}generate_audio=")) == ["False"]
    seconds = after(f"{text}duration=", offered(shell, f"{text}duration="))
    assert [int(one) for one in seconds if one != "-1"] == [*range(silent.duration.first, silent.duration.last + 1)]


def test_images_and_variables_are_completed(shell, tmp_path):
    for name in ("cat.png", "my cat.jpg", "cat.txt"):
        (tmp_path / name).touch()
    (tmp_path / "pics").mkdir()
    (tmp_path / "pics" / "dog.JPG").touch()
    shell.user_ns.update(photo=draw(8, 8), phrase="x", phone=len, _photo=1)
    for text, expected in {
        "%%seedance first_frame_url=": ["cat.png", "'my cat.jpg'", "pics/"],
        "%%seedance first_frame_url='my c": ["my cat.jpg'"],
        "%%seedance first_frame_url=pics/": ["dog.JPG"],
        "%%seedance reference_image_urls=a.png,ca": ["cat.png"],
        "%%seedance reference_image_urls=['": ["cat.png'", "my cat.jpg'", "pics/"],
        "%%seedance first_frame_url=$ph": ["photo", "phrase"],
    }.items():
        start = max(text.rfind(sign) for sign in "=,$/'") + 1
        assert after(text[:start], offered(shell, text)) == expected


def test_words_of_the_line_magic_are_completed(shell):
    job = cell(shell, QUICK)
    assert offered(shell, "%seedance jo") == ["%seedance jobs", "%seedance job"]
    assert offered(shell, "%seedance provider sim") == ["%seedance provider simulator"]
    assert offered(shell, "%seedance models 1.0-pro-") == ["%seedance models 1.0-pro-fast"]
    assert offered(shell, f"%seedance job {job.id[:4]}") == [f"%seedance job {job.id}"]
    job.result()


def test_other_lines_are_left_to_python(shell):
    shell.user_ns["duration_of_it"] = 5
    assert offered(shell, "duration_of", jedi=False) == ["duration_of_it"]
    assert not any("=" in one for one in offered(shell, "%%seedance\n%%seedance dur"))


def test_unloading_takes_everything_away(shell):
    shell.extension_manager.reload_extension("seedance_widgets")
    ours = [one for one in shell.Completer.custom_matchers if one.matcher_identifier == "seedance"]
    assert len(ours) == 1
    shell.extension_manager.unload_extension("seedance_widgets")
    assert shell.find_cell_magic("seedance") is None
    assert shell.find_line_magic("seedance") is None
    assert shell.Completer.custom_matchers == []


def test_importing_the_package_does_not_load_the_magics(in_script):
    ran = in_script(
        "import sys, seedance_widgets; seedance_widgets.load_ipython_extension\n"
        "print('seedance_widgets.magics' in sys.modules)",
        PATH=os.environ["PATH"],
    )
    assert ran.stdout == "False\n", ran.stderr


class Dumb:
    def __str__(self):
        raise RuntimeError("no words")

    __repr__ = __str__


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("first_frame_url=a{dumb}.png", "first_frame_url: a Dumb cannot be written in: RuntimeError: no words"),
        ("first_frame_url=a$dumb", "first_frame_url: a Dumb cannot be written in: RuntimeError: no words"),
        ("seed={cry()}", "seed: the expression in braces raised Cry"),
        ("max_cost={10**5000}", "max_cost is no amount of money"),
        ("max_cost={True}", "max_cost is no amount of money"),
    ],
)
def test_an_object_that_cannot_even_speak_ends_as_a_sentence(shell, sim, words, expected):
    class Cry(Exception):
        __str__ = Dumb.__str__

    def cry():
        raise Cry

    shell.user_ns |= {"dumb": Dumb(), "cry": cry}
    assert refusal(shell, words).startswith(expected)
    assert not sim.requests


def test_a_number_of_numpy_is_an_amount_of_money(shell):
    import numpy as np

    shell.user_ns["np"] = np
    for cap in ("np.int64(1)", "np.float32(1)"):
        assert "nothing was sent" in repr(cell(shell, f"--dry-run {QUICK} max_cost={{{cap}}}"))


@pytest.mark.parametrize("count", ["9" * 24, "9" * 5000])
def test_more_jobs_than_there_can_be_are_all_of_them(shell, count):
    assert repr(line(shell, f"jobs {count}")) == "no jobs yet"


def test_half_a_character_is_no_job(shell):
    with pytest.raises(UsageError, match="no job or task is called"):
        line(shell, "job \ud800")
