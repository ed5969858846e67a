"""What may be a key is repeated nowhere: what a cell shows is saved with its notebook."""

import pytest
from IPython.core.error import UsageError

import seedance_widgets as sw
from seedance_widgets.errors import ConfigurationError
from seedance_widgets.magics.commands import run_line
from seedance_widgets.magics.reading import read_line
from seedance_widgets.secrecy import HIDDEN, looks_like_key, quoted, without_keys

KEYS = [
    "sk-SECRETKEY-123456",
    "Bearer abcdef",
    "0f8fad5b-d9cb-469f-a165-70867728950e",
    "9b2f4c6d8e0a1b3c5d7e9f1a2b3c4d5e",
    "AKLTabcd1234efgh",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
    "f3Kd92LmQpXz81Vb_77",
]


@pytest.mark.parametrize("text", KEYS)
def test_what_may_be_a_key_is_not_repeated(text):
    assert quoted(text) == HIDDEN
    assert text not in without_keys(f"name '{text}' is not defined")


@pytest.mark.parametrize(
    "text",
    [
        "doubao-seedance-1-0-pro-250528",
        "1.0-prp",
        "cgt-20261120123456-abcde",
        "ep-20250101000000-abcde",
        "photos/9b2f4c6d8e0a1b3c5d7e9f1a2b3c4d5e.png",
        "a_very_long_name_of_a_picture_2026.png",
        "720p",
        "",
    ],
)
def test_what_was_mistyped_is_repeated(text):
    assert not looks_like_key(text)
    assert quoted(text) == repr(text)


@pytest.mark.parametrize("text", KEYS)
@pytest.mark.parametrize("field", ["model", "seed", "resolution", "duration", "ratio", "first_frame_url"])
def test_a_key_in_a_field_of_a_request_is_not_repeated(field, text):
    problems = sw.check(sw.VideoRequest("a boat", **{field: text}), "ark")
    assert problems
    assert text not in repr(problems)


@pytest.mark.parametrize(
    "look",
    [sw.model, sw.job, sw.use, lambda text: sw.use([text])],
)
def test_a_key_in_the_place_of_a_name_is_not_repeated(look):
    with pytest.raises((KeyError, ConfigurationError)) as caught:
        look(KEYS[0])
    assert KEYS[0] not in str(caught.value)


@pytest.mark.parametrize(
    "line",
    [
        'provider={sw.providers.Ark("%s",regoin="cn")}',
        'provider={sw.providers.Ark(region="zz", api_key="%s")}',
        'seed={float("%s")}',
        "seed={dict()[key]}",
        "%s",
        "provider=%s",
    ],
)
def test_a_key_in_the_line_of_a_cell_is_not_repeated(line):
    key = KEYS[0]
    with pytest.raises(UsageError) as caught:
        read_line(line.replace("%s", key), {"sw": sw, "key": key})
    assert key not in str(caught.value)
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize("line", ["models %s", "job %s", "provider %s", "provider ark %s", "%s"])
def test_a_key_in_the_line_magic_is_not_repeated(line):
    with pytest.raises(UsageError) as caught:
        run_line(line % KEYS[0])
    assert KEYS[0] not in str(caught.value)
