import re
import tomllib
from importlib.resources import files

import pytest

import seedance_widgets as sw
from seedance_widgets.catalog import catalogue
from seedance_widgets.widgets.say import say

TABLE = tomllib.loads(files("seedance_widgets.widgets").joinpath("sentences.toml").read_text("utf-8"))
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


@pytest.mark.parametrize("english", [*TABLE["sentences"], *TABLE["phrases"]])
def test_both_languages_have_the_same_blanks(english):
    words = TABLE["sentences"].get(english) or TABLE["phrases"][english]
    assert set(BLANK.findall(words)) == set(BLANK.findall(english))
    assert say(BLANK.sub("7", english), "zh") != BLANK.sub("7", english)
