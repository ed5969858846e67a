"""The public names: what other programs call."""

import importlib
import inspect

import numpy as np
import pytest

import seedance_widgets as sw
from seedance_widgets import errors

# seeds: the tool's fifteen parameters, in its order, with its defaults
TOOL = {
    "prompt": inspect.Parameter.empty,
    "first_frame_url": None,
    "last_frame_url": None,
    "reference_image_urls": None,
    "model": "doubao-seedance-1-0-pro-250528",
    "resolution": "720p",
    "ratio": "16:9",
    "duration": None,
    "frames": None,
    "generate_audio": False,
    "service_tier": "default",
    "seed": -1,
    "return_last_frame": False,
    "callback_url": None,
    "execution_expires_after": 172800,
}


def test_the_tool_is_mirrored_parameter_for_parameter():
    parameters = inspect.signature(sw.generate_video_from_image).parameters
    first = {name: one.default for name, one in list(parameters.items())[:15]}
    assert first == TOOL
    assert list(first) == list(TOOL)
    assert all(one.kind is inspect.Parameter.KEYWORD_ONLY for one in list(parameters.values())[15:])


def test_a_request_has_the_tools_names_and_defaults():
    parameters = inspect.signature(sw.VideoRequest).parameters
    for name, default in TOOL.items():
        assert parameters[name].default == (() if name == "reference_image_urls" else default)


def test_an_unknown_keyword_is_a_type_error_with_the_nearest_name():
    with pytest.raises(TypeError, match="did you mean resolution"):
        sw.generate_video_from_image("a boat", resolutoin="720p")
    with pytest.raises(TypeError, match="did you mean first_frame_url"):
        sw.VideoRequest("a boat", first_frame="boat.png")


@pytest.mark.parametrize("name", sw.__all__)
def test_every_public_name_is_there_and_says_what_it_is(name):
    assert inspect.getdoc(getattr(sw, name))


def test_an_unknown_public_name_is_an_attribute_error_that_helps():
    with pytest.raises(AttributeError, match="VideoRequest"):
        _ = sw.VideoReqest


def test_the_import_is_light(in_script):
    done = in_script("""
        import sys
        import seedance_widgets
        heavy = {"ipywidgets", "IPython", "httpx", "PIL", "numpy", "av", "starlette", "uvicorn", "sqlite3", "asyncio"}
        print(sorted(heavy & sys.modules.keys()))
    """)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


def test_jobs_is_a_function_also_after_its_module_was_imported():

    assert list(sw.jobs()) == []


@pytest.mark.parametrize("limit", ["pm", True, 2.5, [1]])
def test_a_limit_that_is_no_number_is_a_sentence_that_tells_what_finds_jobs(limit):
    with pytest.raises(TypeError, match=r"no whole number\. sw\.History\(\)\.find\(\.\.\.\) finds jobs by words"):
        sw.jobs(limit)


def test_a_limit_is_from_0_on_and_any_whole_number():
    with pytest.raises(ValueError, match="from 0 on; -1 is less"):
        sw.jobs(-1)
    assert [list(sw.jobs(limit)) for limit in (0, np.int64(3))] == [[], []]


@pytest.mark.parametrize("module", [sw, sw.jobs, sw.providers])
def test_what_is_listed_of_a_module_are_its_public_names(module):
    importlib.import_module("seedance_widgets.jobs.tidy")
    assert dir(module) == sorted(module.__all__)


async def test_the_tool_awaited(sim):
    video = await sw.generate_video_from_image(
        "the boat drifts", first_frame_url=sw.sample_image(), resolution="480p", duration=2, provider=sim.provider()
    )
    assert (video.width, video.height, video.frames) == (864, 480, 49)


async def test_the_tool_needs_an_image(sim):
    with pytest.raises(errors.RequestError, match="image"):
        await sw.generate_video_from_image("the boat drifts", provider=sim.provider())
    assert sim.requests == []


async def test_text_alone_makes_a_video_too(sim):
    video = await sw.generate_video("a boat", model="1.0-pro", resolution="480p", duration=2, provider=sim.provider())
    assert video.frames == 49


def test_the_tool_in_a_script(tmp_path, in_script):
    done = in_script(
        """
        import seedance_widgets as sw
        video = sw.run(sw.generate_video_from_image(
            "the boat drifts", first_frame_url=sw.sample_image(), resolution="480p", duration=2))
        print(video.frames, video.path.is_file())
        job = sw.submit(sw.VideoRequest("a boat", model="1.0-pro", resolution="480p", duration=2))
        print(job.result().frames)
        """,
        SEEDANCE_HOME=str(tmp_path / "videos"),
    )
    assert (done.stdout, done.stderr, done.returncode) == ("49 True\n49\n", "", 0)


def test_without_a_key_it_is_the_simulator_and_says_so(monkeypatch):
    provider = sw.provider()
    assert (provider.label, provider.billed) == ("Simulator", False)
    assert "not billed" in repr(provider)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"ARK_API_KEY": "k-1"}, "ark-cn"),
        ({"ARK_API_KEY": "k-1", "ARK_BASE_URL": "https://ark.ap-southeast.bytepluses.com/api/v3"}, "ark-ap"),
        ({"BYTEPLUS_API_KEY": "k-1"}, "ark-ap"),
        ({"ACEDATACLOUD_API_TOKEN": "k-1"}, "acedata"),
        ({"ARK_API_KEY": "k-1", "SEEDANCE_PROVIDER": "byteplus"}, "ark-ap"),
        ({"ARK_API_KEY": "k-1", "SEEDANCE_PROVIDER": "simulator"}, "simulator:ark-cn"),
        ({"ARK_API_KEY": "  "}, "simulator:ark-cn"),
    ],
)
def test_which_provider_the_environment_names(monkeypatch, environment, expected):
    from seedance_widgets import choice

    monkeypatch.setattr(choice, "_made", {})
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    chosen = sw.provider()
    assert chosen.id == expected
    assert chosen.billed is not expected.startswith("simulator")


def test_two_keys_are_a_question_and_never_a_bill(monkeypatch):
    monkeypatch.setenv("ARK_API_KEY", "k-1")
    monkeypatch.setenv("ACEDATACLOUD_API_TOKEN", "k-2")
    with pytest.raises(errors.ConfigurationError, match=r"sw.use"):
        sw.provider()


async def test_a_simulator_in_another_process_is_one_and_not_billed(sim, monkeypatch):
    monkeypatch.setenv("SEEDANCE_SIMULATOR", sim.acedata_base_url)
    monkeypatch.setenv("ARK_API_KEY", "simulator")  # what its own advice sets for other clients
    monkeypatch.setenv("ARK_BASE_URL", sim.ark_base_url)
    chosen = sw.provider()
    assert (chosen.id, chosen.billed) == ("simulator:ark-cn", False)
    job = sw.submit(sw.VideoRequest("a boat", model="1.0-pro", resolution="480p", duration=2))
    assert (await job).frames == 49
    assert len([entry for entry in sim.requests if entry.method == "POST"]) == 1


def test_use_settles_it_and_none_takes_it_back(sim, monkeypatch):
    from seedance_widgets import choice

    monkeypatch.setattr(choice, "_used", None)
    assert sw.use(sim.provider("acedata")).id == "simulator:acedata"
    assert sw.provider().id == "simulator:acedata"
    assert sw.use(None).id == "simulator:ark-cn"
    with pytest.raises(errors.ConfigurationError, match="no provider is called"):
        sw.use("openai")
