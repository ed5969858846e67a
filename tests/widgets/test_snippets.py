"""The Code tab: what is copied from it makes the very request, in each language."""

from __future__ import annotations

import ast
import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import seedance_widgets as sw
from seedance_widgets.providers import AceDataCloud, Ark
from seedance_widgets.request import Image
from seedance_widgets.simulator.log import shortened
from seedance_widgets.widgets.snippets import snippets

KEY = "sk-very-secret-0123456789"
URL = "https://pictures.example/boat.png"
FAST = {"model": "1.0-pro", "resolution": "480p", "duration": 2}
HOSTILE = """\
It's a "boat" \\ $HOME $(touch broken) `touch broken` ${x} \\" \\\\
JSON
EOF
''' \"\"\" {file} %s !! 灯塔 \x1b\u202e\u2028\U0001f6a2"""

PROVIDERS = {
    "ark": Ark(KEY),
    "byteplus": Ark(KEY, region="ap"),
    "acedata": AceDataCloud(KEY),
    "proxy": Ark(KEY, base_url="https://proxy.example/$(touch%20broken)/`x`;'v3"),
    "simulated ark": Ark("any", base_url="http://127.0.0.1:1/api/v3", simulated=True),
    "simulated acedata": AceDataCloud("any", base_url="http://127.0.0.1:1", simulated=True),
}

FRAGMENTS = ["'", '"', "\\", "$", "`", "$(touch broken)", "${HOME}", "\n", "\r", "\0", "JSON", "\nJSON\n", "!!", "!x"]
FRAGMENTS += ["'''", '"""', "{", "}", "#", "%", "\\u0024", "\ud800", "\udcff", "\u202e", "\u2028", "灯", "asset://"]
TEXTS = st.lists(st.sampled_from(FRAGMENTS) | st.text(st.characters(), max_size=8), max_size=8).map("".join)
PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
URLS = TEXTS.map(lambda text: f"https://{text}")
PATHS = TEXTS.filter(lambda text: text[:5].lower() != "data:")
MANY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
REQUESTS = st.builds(
    sw.VideoRequest,
    TEXTS,
    first_frame_url=st.none() | URLS | PATHS,
    last_frame_url=st.none() | URLS,
    reference_image_urls=st.lists(URLS | PATHS, max_size=3).map(tuple) | URLS,
    model=PLAIN,
    resolution=PLAIN,
    ratio=PLAIN,
    duration=PLAIN,
    frames=PLAIN,
    generate_audio=PLAIN,
    service_tier=PLAIN,
    seed=PLAIN,
    return_last_frame=PLAIN,
    callback_url=st.none() | URLS,
    execution_expires_after=PLAIN,
    camera_fixed=PLAIN,
    watermark=PLAIN,
)


def code(request, provider, lang="en"):
    return {snippet["name"]: snippet["text"] for snippet in snippets(request, provider, lang)}


def argument(node):
    """What an argument is: a literal, or a call that the snippets may make."""
    if isinstance(node, ast.Call):
        return ast.unparse(node)
    if isinstance(node, ast.List):
        return tuple(argument(one) for one in node.elts)
    return ast.literal_eval(node)


def call_in(text, *names):
    """The arguments of the one call of these names in a snippet, which must compile as a cell does."""
    compile(text, "snippet", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    (call,) = [node for node in calls if ast.unparse(node.func).rpartition(".")[2] in names]
    given = {keyword.arg: argument(keyword.value) for keyword in call.keywords}
    return {**dict(zip(["prompt"], map(argument, call.args), strict=False)), **given}


def made_of(text):
    return sw.VideoRequest(**call_in(text, "generate_video", "generate_video_from_image"))


CURL = """
curl() {
  n=$((n + 1))
  printf '%s\\0' "$@" > "arguments.$n"
  case "$*" in *'-d @-'*) tr -d '\\r\\n' > "body.$n" ;; esac
}
"""


def asked_by_curl(text, folder):
    """What a curl snippet asks, by a bash in which curl writes down its arguments and the body, of each call."""
    script = folder / "snippet.sh"
    script.write_text(CURL + text, "utf-8")
    environment = {"PATH": os.environ["PATH"], "ARK_API_KEY": "k", "ACEDATACLOUD_API_TOKEN": "k", "TASK_ID": "cgt-1"}
    ran = subprocess.run(["bash", script.name], cwd=folder, env=environment, capture_output=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, b"", b"")
    assert not (folder / "broken").exists()
    calls = []
    for number in (1, 2):
        arguments = (folder / f"arguments.{number}").read_bytes().decode().split("\0")[:-1]
        body = folder / f"body.{number}"
        calls.append((arguments, json.loads(body.read_bytes()) if body.exists() else None))
    assert not (folder / "arguments.3").exists()
    return calls


def on_the_wire(value):
    return json.loads(json.dumps(value))


@pytest.fixture
def provider(sim, monkeypatch):
    """The simulator, which is also what a cell takes that says nothing."""
    monkeypatch.setenv("SEEDANCE_SIMULATOR", sim.acedata_base_url)
    return sim.provider()


@pytest.fixture
def noise():
    """A picture of 300 kB, more than an argument of a program can hold."""
    import io

    from PIL import Image as Pillow

    buffer = io.BytesIO()
    Pillow.effect_noise((700, 500), 90).save(buffer, "PNG")
    assert len(buffer.getvalue()) > 200_000
    return buffer.getvalue()


# ------------------------------------------------------------------------------------------------------- what it says


def test_the_cell_holds_what_differs_from_the_defaults_and_no_more(provider):
    request = sw.VideoRequest("The beam sweeps slowly", first_frame_url="lighthouse.png", frames=101, model="1.0-pro")
    assert code(request, provider)["python"] == (
        "import seedance_widgets as sw\n"
        "\n"
        "video = await sw.generate_video_from_image(\n"
        '    "The beam sweeps slowly",\n'
        '    first_frame_url="lighthouse.png",\n'
        '    model="1.0-pro",\n'
        "    frames=101,\n"
        ")\n"
        "video"
    )


def test_text_alone_is_made_by_the_call_that_needs_no_image(provider):
    assert "await sw.generate_video(\n" in code(sw.VideoRequest("a boat"), provider)["python"]


def test_each_provider_is_offered_in_its_own_sdk():
    offered = {name: [one["name"] for one in snippets(sw.VideoRequest("x"), who)] for name, who in PROVIDERS.items()}
    ark = ["python", "json", "curl", "ark_sdk", "sweep"]
    acedata = ["python", "json", "curl", "acedata_sdk", "sweep"]
    assert offered == {name: acedata if "acedata" in name else ark for name in PROVIDERS}


def test_without_a_provider_there_is_python_alone():
    assert list(code(sw.VideoRequest("x"), None)) == ["python", "sweep"]


def test_titles_and_comments_speak_chinese():
    made = snippets(sw.VideoRequest("x"), PROVIDERS["ark"], "zh")
    assert made[-1]["title"] == "批量生成"
    assert "# 密钥取自环境变量 ARK_API_KEY" in made[0]["text"]
    assert all(isinstance(value, str) for one in made for value in one.values())


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("ark", 'sw.use("ark")  # the key is taken from ARK_API_KEY'),
        ("byteplus", 'sw.use("byteplus")  # the key is taken from ARK_API_KEY'),
        ("acedata", 'sw.use("acedata")  # the key is taken from ACEDATACLOUD_API_TOKEN'),
        ("simulated acedata", 'sw.use("simulator:acedata")'),
    ],
)
def test_another_provider_than_the_simulator_is_named(provider, name, line):
    made = code(sw.VideoRequest("x"), PROVIDERS[name])
    assert f"\n\n{line}\n\n" in made["python"]
    assert f"\n\n{line}\n\n" in made["sweep"]


def test_where_a_key_is_set_the_simulator_is_named_too(monkeypatch):
    monkeypatch.setenv("ARK_API_KEY", KEY)
    assert 'sw.use("simulator")' in code(sw.VideoRequest("x"), PROVIDERS["simulated ark"])["python"]


def test_where_several_keys_are_set_the_simulator_is_named_too(monkeypatch):
    monkeypatch.setenv("ARK_API_KEY", KEY)
    monkeypatch.setenv("ACEDATACLOUD_API_TOKEN", KEY)
    assert 'sw.use("simulator")' in code(sw.VideoRequest("x"), PROVIDERS["simulated ark"])["python"]


def test_another_address_of_a_provider_is_written_down():
    text = code(sw.VideoRequest("x"), PROVIDERS["proxy"])["python"]
    (line,) = [line for line in text.splitlines() if line.startswith("sw.use")]
    provider = ast.parse(line).body[0].value.args[0]
    assert ast.unparse(provider.func) == "sw.providers.Ark"
    assert {one.arg: ast.literal_eval(one.value) for one in provider.keywords} == {
        "region": "cn",
        "base_url": PROVIDERS["proxy"].base_url,
    }


def test_the_sample_picture_is_the_sample_picture_on_every_machine(provider):
    made = code(sw.VideoRequest("x", first_frame_url=sw.sample_image()), provider)
    assert call_in(made["python"], "generate_video_from_image")["first_frame_url"] == "sw.sample_image()"
    assert str(sw.sample_image()) in made["curl"]
    assert str(sw.sample_image()) in made["ark_sdk"]


@pytest.mark.parametrize("name", PROVIDERS)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_key_is_in_no_snippet(monkeypatch, name, lang):
    for variable in ("ARK_API_KEY", "BYTEPLUS_API_KEY", "ACEDATACLOUD_API_TOKEN"):
        monkeypatch.setenv(variable, KEY)
    for snippet in snippets(sw.VideoRequest("x", first_frame_url=URL), PROVIDERS[name], lang):
        assert "sk-very" not in json.dumps(snippet)
        assert "base64," not in snippet["text"]


def test_image_data_is_a_file_to_put_beside_the_notebook_and_never_base64(provider, noise):
    request = sw.VideoRequest("x", first_frame_url=Image(noise, "my boat.png"), **FAST)
    made = code(request, provider)
    assert made["python"].index('# Put "my boat.png" into the folder where this runs.') < made["python"].index("await")
    assert call_in(made["python"], "generate_video_from_image")["first_frame_url"] == "my boat.png"
    assert "# Put 'my boat.png' into the folder where this runs." in made["curl"]
    assert max(len(text) for text in made.values()) < 3000


def test_image_data_without_a_name_says_where_its_bytes_are(provider, png):
    request = sw.VideoRequest("x", reference_image_urls=[URL, png], model="2.0")
    text = code(request, provider)["python"]
    assert (
        '# "reference_image_2.png" stands for image data: write request.reference_image_urls[1].data into it.' in text
    )
    assert made_of(text).reference_image_urls == (URL, "reference_image_2.png")


def test_two_pictures_of_one_name_get_two_files_and_equal_ones_get_one(provider, png, noise):
    images = [Image(png, "image.png"), Image(noise, "Image.png"), Image(png, "again.png"), "image-2.png"]
    text = code(sw.VideoRequest("x", reference_image_urls=images, model="2.0"), provider)["python"]
    assert made_of(text).reference_image_urls == ("image.png", "Image-3.png", "image.png", "image-2.png")
    assert 'Put "image.png"' in text
    assert '"Image-3.png" stands for image data: write request.reference_image_urls[1].data into it.' in text


@pytest.mark.parametrize(
    "name",
    ["", "..", "../../.bashrc", "C:\\boat.png", "~root", "data:image/png", "a\nb.png", "x\u202egnp.png", "x" * 300],
)
def test_a_name_that_is_no_file_name_here_is_not_used(provider, png, name):
    text = code(sw.VideoRequest("x", first_frame_url=Image(png, name)), provider)["python"]
    assert made_of(text).first_frame_url == "first_frame.png"


def test_a_request_with_errors_is_written_down_as_it_is(provider, tmp_path):
    request = sw.VideoRequest(
        "x", first_frame_url=str(tmp_path / "missing.png"), last_frame_url={}, seed=float("inf"), duration=object()
    )
    made = code(request, provider)
    assert "missing.png" in made["json"]
    assert '# "last_frame.unknown" is not there yet: ' in made["python"]
    call = call_in(made["python"], "generate_video_from_image")
    assert call["seed"] == "float('inf')"
    assert "object" in call["duration"]
    for text in made.values():
        text.encode()


def test_what_only_equals_a_default_is_written_down(provider):
    text = code(sw.VideoRequest("x", watermark=0, seed=-1.0), provider)["python"]
    assert "    seed=-1.0,\n    watermark=0,\n" in text


def test_numbers_of_other_kinds_become_plain_ones(provider):
    import numpy as np

    made = code(sw.VideoRequest("x", seed=np.int64(7), duration=np.int32(3)), provider)
    assert made_of(made["python"]) == sw.VideoRequest("x", seed=7, duration=3)
    assert json.loads(made["json"])["duration"] == 3


# -------------------------------------------------------------------------------------------- one value, whatever it is


@MANY
@given(REQUESTS)
def test_python_holds_exactly_the_values_of_the_request(request_of_any_kind):
    made = code(request_of_any_kind, PROVIDERS["ark"])
    made["python"].encode()
    assert made_of(made["python"]) == request_of_any_kind
    assert repr(made_of(made["python"])) == repr(request_of_any_kind)  # 1 is not True
    base = call_in(made["sweep"], "VideoRequest")
    assert sw.VideoRequest(**base) == request_of_any_kind.replace(seed=-1)


@MANY
@given(REQUESTS, st.sampled_from(sorted(PROVIDERS)))
def test_json_is_the_body_that_is_sent(request_of_any_kind, name):
    request = request_of_any_kind.replace(first_frame_url=URL, reference_image_urls=(URL,))
    text = code(request, PROVIDERS[name])["json"]
    text.encode()
    assert json.loads(text) == on_the_wire(PROVIDERS[name].body(request, shorten=True))


@MANY
@given(TEXTS, URLS, URLS, st.sampled_from(sorted(PROVIDERS)), st.sampled_from(["en", "zh"]))
def test_curl_sends_exactly_the_body(prompt, image, callback, name, lang):
    request = sw.VideoRequest(prompt, first_frame_url=image, callback_url=callback, model="1.0-pro", seed=3)
    provider = PROVIDERS[name]
    with tempfile.TemporaryDirectory() as folder:
        create, poll = asked_by_curl(code(request, provider, lang)["curl"], Path(folder))
    assert create[0][:2] == ["-sS", provider.create_url]
    assert f"Authorization: Bearer {'k' if provider.billed else 'any'}" in create[0]
    assert create[1] == on_the_wire(provider.body(request))
    call = provider.retrieval("cgt-1")
    assert poll[0][:2] == ["-sS", provider.base_url + call.path]
    assert poll[1] == call.body


NAMES = TEXTS.map(lambda text: text.translate(dict.fromkeys(map(ord, "\0/"), "_"))[:30]).filter(
    lambda name: (
        name.strip(".") and not any("\ud800" <= sign < "\udc80" or "\udcff" < sign <= "\udfff" for sign in name)
    )
)


@MANY
@given(TEXTS, NAMES, NAMES)
def test_curl_and_the_sdk_read_local_images_whatever_they_are_called(png_file, prompt, path, uploaded):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        picture = os.path.join(name, f"p{path}")  # noqa: PTH118  pathlib would change odd names
        with open(picture, "wb") as file:  # noqa: PTH123  the same
            file.write(png_file)
        request = sw.VideoRequest(
            prompt, first_frame_url=picture, last_frame_url=Image(png_file + b"more", uploaded), model="1.0-pro"
        )
        made = code(request, PROVIDERS["ark"])
        beside = made_of(made["python"]).last_frame_url
        assert made_of(made["python"]).first_frame_url == picture
        assert "/" not in beside
        (folder / beside).write_bytes(png_file + b"more")
        create, _ = asked_by_curl(made["curl"], folder)
        read = {"data_uri": lambda file, kind: Image((folder / file).read_bytes()).data_uri()}
        (call,) = [
            node
            for node in ast.walk(ast.parse(made["ark_sdk"]))
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "tasks.create"
        ]
        sdk = {one.arg: eval(compile(ast.Expression(one.value), "", "eval"), read) for one in call.keywords}
        body = PROVIDERS["ark"].body(request)
    assert create[1] == on_the_wire(body)
    assert on_the_wire(sdk) == on_the_wire(body)


@pytest.fixture(scope="module")
def png_file():
    import io

    from PIL import Image as Pillow

    buffer = io.BytesIO()
    Pillow.new("RGB", (400, 300), (9, 99, 199)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("name", ["$(touch broken)", "`touch broken`", "it's; touch broken", "a & b (1)?.png", HOSTILE])
def test_a_comment_in_a_shell_that_knows_none_runs_nothing(tmp_path, png_file, lang, name):
    images = [Image(png_file, name), Image(png_file + b"x", "a.png"), Image(png_file + b"y"), {}]
    text = code(sw.VideoRequest("x", reference_image_urls=images), PROVIDERS["simulated ark"], lang)["curl"]
    comments = [line[1:] for line in text.splitlines() if line.startswith("#")]
    assert len(comments) == 6
    ran = subprocess.run(["bash", "-c", "\n".join(f":{one}" for one in comments)], cwd=tmp_path, check=False)
    assert ran.returncode == 0
    assert not list(tmp_path.iterdir())


# ------------------------------------------------------------------------------------------------------- run for real


CELL = """
import ast, asyncio, inspect, sys
with open(sys.argv[1], encoding="utf-8") as file:
    made = eval(compile(file.read(), "cell", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), names := {})
if inspect.iscoroutine(made):
    asyncio.run(made)
for video in names["sweep"].videos if "sweep" in names else [names["video"]] if "video" in names else []:
    print(video.path)
"""


async def run_cell(text, folder):
    (folder / "cell.py").write_text(text, "utf-8")
    arguments = [sys.executable, "-c", CELL, "cell.py"]
    ran = await asyncio.to_thread(
        subprocess.run, arguments, cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.splitlines()


async def run_bash(text, folder, **environment):
    (folder / "snippet.sh").write_text(text, "utf-8")
    checked = await asyncio.to_thread(
        subprocess.run, ["bash", "-n", "snippet.sh"], cwd=folder, capture_output=True, check=False
    )
    assert (checked.returncode, checked.stderr) == (0, b"")
    return await asyncio.to_thread(
        subprocess.run,
        ["bash", "snippet.sh"],
        cwd=folder,
        capture_output=True,
        timeout=120,
        check=False,
        env={**os.environ, **environment},
    )


def created(sim):
    """The bodies of the create calls that were taken."""
    return [one.body for one in sim.requests if one.method == "POST" and one.status == 200 and "content" in one.body]


async def test_the_python_cell_makes_the_video(sim, provider, tmp_path, noise):
    (tmp_path / "boat.png").write_bytes(noise)
    request = sw.VideoRequest(
        HOSTILE.replace("\x1b", ""), first_frame_url=Image(noise, "boat.png"), last_frame_url=URL, seed=5, **FAST
    )
    (path,) = await run_cell(code(request, provider)["python"], tmp_path)
    assert sw.Video.open(path).height > 400
    assert created(sim) == [shortened(provider.body(request))]


async def test_the_sweep_makes_one_video_for_each_seed(sim, provider, tmp_path):
    request = sw.VideoRequest("a boat", seed=2147483647, **FAST)
    paths = await run_cell(code(request, provider)["sweep"], tmp_path)
    assert len(set(paths)) == 4
    bodies = [provider.body(request.replace(seed=seed)) for seed in range(2147483644, 2147483648)]
    assert sorted(created(sim), key=lambda body: body["seed"]) == bodies


async def test_on_a_model_without_a_seed_the_sweep_repeats_and_says_why(sim, provider, tmp_path):
    request = sw.VideoRequest("a boat", model="2.0", resolution="480p", duration=4)
    text = code(request, provider)["sweep"]
    assert "# Seedance 2.0 takes no seed: the same request, made 4 times, gives different videos." in text
    assert len(set(await run_cell(text, tmp_path))) == 4
    assert created(sim) == [provider.body(request)] * 4


def test_a_billed_sweep_says_what_it_costs():
    request = sw.VideoRequest("a boat", **FAST)
    price = sw.estimate(request, "byteplus").price
    text = code(request, PROVIDERS["byteplus"])["sweep"]
    assert f"# 4 videos, about ${price:.4f} each at BytePlus ModelArk." in text
    assert 4 * price <= float(re.search(r"max_cost=([\d.]+)", text)[1]) < 4 * price + 0.011


@pytest.mark.parametrize("kind", ["ark", "acedata"])
async def test_curl_creates_the_task_and_asks_for_it(sim, tmp_path, monkeypatch, noise, kind):
    provider = sim.provider(kind)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "it's $5.png").write_bytes(noise)
    request = sw.VideoRequest(
        HOSTILE.replace("\x1b", ""),
        first_frame_url="it's $5.png",
        last_frame_url=Image(noise[:-1] + b"x", "b.png"),
        **FAST,
    )
    (tmp_path / "b.png").write_bytes(noise[:-1] + b"x")
    text = code(request, provider)["curl"]
    ran = await run_bash(text, tmp_path)
    assert b"TASK_ID: set it to the id in the answer" in ran.stderr
    answer = json.loads(ran.stdout)
    assert created(sim) == [shortened(provider.body(request))]
    task_id = answer.get("task_id") or answer["id"]
    sim.clock.advance(300)
    polled = await run_bash(text.partition("JSON\n\n")[2], tmp_path, TASK_ID=task_id)
    assert task_id in polled.stdout.decode()
    assert "succeeded" in polled.stdout.decode()
    assert not (tmp_path / "broken").exists()


async def test_curl_sends_nothing_where_an_image_is_missing(sim, provider, tmp_path):
    ran = await run_bash(code(sw.VideoRequest("x", first_frame_url="no.png", **FAST), provider)["curl"], tmp_path)
    assert b"no.png" in ran.stderr
    assert created(sim) == []
    assert [one.method for one in sim.requests] == ["GET"]  # what told that this is a simulator


@pytest.mark.parametrize(("kind", "name"), [("ark", "ark_sdk"), ("ark-ap", "ark_sdk"), ("acedata", "acedata_sdk")])
async def test_the_providers_own_sdk_makes_the_video(sim, tmp_path, noise, kind, name):
    provider = sim.provider(kind)
    (tmp_path / "boat.png").write_bytes(noise)
    request = sw.VideoRequest(
        HOSTILE.replace("\x1b", ""), first_frame_url=Image(noise, "boat.png"), seed=5, camera_fixed=True, **FAST
    )
    printed = await run_cell(code(request, provider)[name], tmp_path)
    assert ".mp4" in printed[0]
    (body,) = created(sim)
    wanted = shortened(provider.body(request))
    assert {key: body[key] for key in wanted} == wanted
    # What the SDK adds of its own accord.
    assert {key: value for key, value in body.items() if key not in wanted and value is not None} == (
        {"generate_audio": False, "priority": 0} if kind == "acedata" else {}
    )
