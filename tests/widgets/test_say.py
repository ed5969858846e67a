import re
import tomllib
from importlib.resources import files

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import seedance_widgets as sw
from seedance_widgets.catalog import catalogue
from seedance_widgets.errors import SweepError
from seedance_widgets.widgets.say import _blanks, say, say_parts

TABLES = [
    (section, english, words)
    for name in ("sentences.toml", "job_sentences.toml", "many_sentences.toml")
    for section, rows in tomllib.loads(files("seedance_widgets.widgets").joinpath(name).read_text("utf-8")).items()
    for english, words in rows.items()
]
CHINESE = re.compile("[\u4e00-\u9fff]")
BLANK = re.compile(r"\{(\w+)\}")
URL = "https://a.example/x.png"
ODD = {
    "prompt": [None, "x --rs 720p", "a" * 9000, "\x00", "字" * 600, "word " * 1200, ""],
    "first_frame_url": ["javascript:x", "/no", "http://10.0.0.1/x.png", "asset://", "asset://abc", " ", b"", b"GIF89a"],
    "last_frame_url": [URL, 3],
    "reference_image_urls": [[URL] * 20, [None], 3, [URL]],
    "model": ["abc", "ep-abc", "2.0", "", 3],
    "resolution": ["4k", "9p"],
    "ratio": ["adaptive", "1:1", "2:1"],
    "duration": [99, "x", -1],
    "frames": [100, 1, "q", 5],
    "generate_audio": [True, "x"],
    "service_tier": ["flex", "x"],
    "seed": [-5, "x", 3_000_000_000, 7],
    "return_last_frame": [True],
    "callback_url": ["x", "ftp://x", "http://localhost/x", 3, URL],
    "execution_expires_after": [1, "x"],
    "camera_fixed": [True],
}


def sentences():
    sample = sw.sample_image()
    bases = ({}, {"first_frame_url": sample}, {"first_frame_url": sample, "last_frame_url": sample})
    for model in catalogue().models:
        for provider in ("ark-cn", "acedata") if model != "1.0-pro" else ("ark-cn", "nobody", None):
            for base in (*bases, {"reference_image_urls": [sample]}):
                for field, values in ODD.items():
                    for value in values:
                        request = sw.VideoRequest(**{"prompt": "a", "model": model, **base, field: value})
                        for problem in sw.check(request, provider, image_required=True):
                            yield problem.message


def test_every_sentence_of_check_is_known_in_chinese():
    found = set(sentences())
    assert len(found) > 150
    assert {one for one in found if not CHINESE.search(say(one, "zh"))} == set()
    assert {one for one in found if "{" in say(one, "zh")} == set()


def test_in_english_a_sentence_stays_as_it_is():
    assert say("anything at all", "en") == "anything at all"


def test_a_sentence_that_is_not_known_stays_english():
    assert say("a new rule that nobody has translated", "zh") == "a new rule that nobody has translated"


def test_what_a_person_wrote_stays_as_it_is():
    said = say("resolution must be one of 480p, 720p; '<img onerror=x>' is not.", "zh")
    assert said == "resolution 必须是 480p, 720p 之一，'<img onerror=x>' 不是。"


@pytest.mark.parametrize(("section", "english", "words"), TABLES)
def test_both_languages_have_the_same_blanks(section, english, words):
    assert set(BLANK.findall(words)) == set(BLANK.findall(english))
    said = (say_parts if section == "parts" else say)(BLANK.sub("7", english), "zh")
    assert said == BLANK.sub("7", words)


@pytest.mark.parametrize(
    ("shots", "said"), [(["a"], "镜头 0 还没有视频"), (["a", "b", "c"], "镜头 0, 1 和 2 还没有视频")]
)
def test_what_a_storyboard_refuses_is_said_in_chinese(home, shots, said):
    with pytest.raises(SweepError) as caught:
        sw.Storyboard(shots).join("film.mp4")
    assert say(str(caught.value), "zh") == f"{said}；请先运行分镜。"


def matched(pieces, text):
    """What a regular expression finds, which may take its time."""
    pattern = "".join(re.escape(one) if i % 2 == 0 else f"(?P<{one}>.+?)" for i, one in enumerate(pieces))
    found = re.fullmatch(pattern, text, re.DOTALL)
    return found.groupdict() if found else None


@given(st.lists(st.text("ab", max_size=2), min_size=1, max_size=5), st.text("ab", max_size=14))
@example(["a", "b"], "ab")
@example(["", "", ""], "ab")
def test_the_blanks_are_those_that_a_pattern_would_find(literals, text):
    pieces = [literals[0]]
    for number, literal in enumerate(literals[1:]):
        pieces += [f"n{number}", literal]
    assert _blanks(pieces, text) == matched(pieces, text)


def test_a_file_that_is_far_too_large_is_said_without_being_read(tmp_path):
    path = tmp_path / "large.jpg"
    with path.open("wb") as out:
        out.write(b"\xff\xd8")
        out.truncate(200_000_000)  # takes no room
    problems = sw.check(sw.VideoRequest("a", first_frame_url=str(path)))
    message = next(one.message for one in problems if one.field == "first_frame_url")
    assert "has 200 MB; an image must stay below 31.5 MB" in message
    assert CHINESE.search(say(message, "zh"))
