"""Whatever is shown can be sent: Jupyter's own packer is asked."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jupyter_client.session import json_packer

import seedance_widgets as sw
from seedance_widgets.widgets.sendable import sendable
from tests.widgets.front import Front

SURROGATES = st.text(st.characters(codec=None), max_size=20)
HUGE = st.booleans().map(lambda above: 10**5000 if above else -(10**5000))  # `just` would print it
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | SURROGATES | HUGE
VALUES = st.recursive(PLAIN, lambda more: st.lists(more) | st.dictionaries(SURROGATES, more), max_leaves=20)


@given(VALUES)
def test_every_value_can_be_packed(value):
    made = sendable(value)
    json_packer(made)
    assert json.loads(json.dumps(made, allow_nan=False)) == made


@given(VALUES)
def test_what_can_be_sent_is_left_as_it_is(value):
    once = sendable(value)
    assert sendable(once) is once


@pytest.mark.parametrize(
    "changes",
    [
        {"prompt": "half \ud83d of a face"},
        {"first_frame_url": "caf\udce9.png"},
        {"first_frame_url": sw.Image(b"no image", name="caf\udce9.png")},
        {"callback_url": "https://caf\udce9.example"},
        {"seed": 10**5000},
        {"duration": math.nan},
        {"ratio": "\udce9"},
        {"model": "\udce9"},
        {"service_tier": "\udce9"},
        {"first_frame_url": "https://[::1"},
    ],
)
async def test_a_studio_can_be_shown_whatever_its_request_holds(sim, changes):
    request = sw.VideoRequest("a boat").replace(**changes)
    studio = sw.Studio(request, provider=sim.provider())
    front = Front(studio)
    json_packer(studio.get_state())
    for lang in ("zh", "en"):
        await front.ask("lang", lang=lang)
        json_packer(studio.get_state())
    await front.ask("code", job=None)
    answer = await front.press()
    assert "blocked" in answer
    for content, _ in front.sent:
        json_packer(content)
    await front.ask("set", changes={"prompt": "a cat"})  # the form is alive
    assert studio.view["values"]["prompt"] == "a cat"


async def test_half_a_character_in_a_message_is_refused_or_answered(sim):
    front = Front(sw.Studio(provider=sim.provider()))
    await front.ask("set", changes={"prompt": "\ud83d"})
    for kind, content in (
        ("image.url", {"slot": "first_frame_url", "index": None, "url": "\udce9.png"}),
        ("select", {"job": "\udce9"}),
        ("\udce9", {}),
    ):
        try:
            await front.ask(kind, **content)
        except AssertionError as refusal:
            str(refusal).encode()
    json_packer(front.studio.get_state())
