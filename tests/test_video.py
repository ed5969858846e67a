from __future__ import annotations

import html.parser
import io
import re
from pathlib import Path
from urllib.parse import unquote

import av
import numpy as np
import pytest
from PIL import Image as Pillow

from seedance_widgets.errors import StorageError, VideoFileError
from seedance_widgets.request import Image, VideoRequest, check
from seedance_widgets.simulator.render import Scene, last_frame_jpeg, render
from seedance_widgets.video import Video

SCENE = Scene(640, 360, 53, 7, "pan right over a lake at sunset", audio=True)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    path = tmp_path_factory.mktemp("made") / "clip.mp4"
    render(SCENE, path)
    return path


@pytest.fixture
def video(made, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "clip.mp4"
    path.write_bytes(made.read_bytes())
    return Video(path)


@pytest.fixture(scope="module")
def decoded(made):
    with av.open(str(made)) as container:
        return [np.asarray(frame.to_image()) for frame in container.decode(video=0)]


class Page(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def only(self, tag):
        (attrs,) = [attrs for name, attrs in self.tags if name == tag]
        return attrs


def test_the_facts_are_those_of_the_file(video):
    assert (video.width, video.height, video.frames) == (640, 360, 53)
    assert video.fps == 24
    assert video.duration == pytest.approx(53 / 24, abs=0.002)
    assert video.has_audio
    assert video.codec == "h264"
    assert video.bytes == video.path.stat().st_size


def test_a_video_says_in_one_line_what_it_is(video):
    assert repr(video) == "Video('clip.mp4', 640x360, 2.21 s, sound)"


def test_frame_is_the_picture_that_sequential_decoding_gives(video, decoded):
    for index in (0, 1, 2, 23, 24, 47, 48, 49, 51, 52):
        assert np.array_equal(video.frame(index / 24), decoded[index])
        assert np.array_equal(video.frame(min(video.duration, (index + 0.9) / 24)), decoded[index])
    assert np.array_equal(video.frame(video.duration), decoded[-1])


@pytest.mark.parametrize("seconds", [-0.01, float("nan"), float("inf"), 99, "1", None, True])
def test_a_time_outside_the_video_is_refused_with_a_sentence(video, seconds):
    with pytest.raises(ValueError, match=r"seconds must be a number from 0 to 2\.208"):
        video.frame(seconds)


def test_the_last_frame_comes_from_the_file_where_the_provider_gave_none(video, decoded):
    assert isinstance(video.last_frame, Image)
    assert np.array_equal(video.last_frame.to_pil(), decoded[-1])


def test_the_last_frame_is_the_providers_own_where_it_was_saved(made, tmp_path):
    (tmp_path / "last.jpg").write_bytes(data := last_frame_jpeg(SCENE))
    assert Video(made, last_frame_path=tmp_path / "last.jpg").last_frame.data == data
    assert Video(made, last_frame_path=tmp_path / "gone.jpg").last_frame.facts.format == "png"


def test_a_video_stands_for_its_last_frame_where_an_image_is_asked(video):
    assert VideoRequest("on", first_frame_url=video).first_frame_url == video.last_frame


def test_extend_starts_with_the_last_frame_and_keeps_the_settings(video):
    video.request = VideoRequest(
        "first", "https://example.com/a.png", "https://example.com/b.png", resolution="1080p", frames=53, seed=7
    )
    request = video.extend("and then")
    assert request.prompt == "and then"
    assert request.first_frame_url == video.last_frame
    assert (request.last_frame_url, request.references, request.seed) == (None, (), -1)
    assert (request.resolution, request.frames) == ("1080p", 53)
    assert not [problem for problem in check(request) if problem.severity == "error"]


def test_changes_of_extend_win_and_do_not_conflict(video):
    video.request = VideoRequest("first", frames=53)
    request = video.extend("on", duration=5, seed=3, resolution="480p")
    assert (request.duration, request.frames, request.seed, request.resolution) == (5, None, 3, "480p")
    with pytest.raises(TypeError, match="resolution"):
        video.extend("on", resolutoin="480p")


def test_extend_follows_the_frame_where_the_model_asks_for_it(video):
    video.request = VideoRequest("first", model="2.5")
    assert video.extend("on").ratio == "adaptive"
    assert video.extend("on", model="1.0-pro").ratio == "16:9"


def test_extend_works_without_a_remembered_request(video):
    assert video.extend("on") == VideoRequest("on", first_frame_url=video.last_frame)


def test_save_copies_to_a_file_or_into_a_folder(video, tmp_path):
    (tmp_path / "folder").mkdir()
    assert video.save(tmp_path / "copy.mp4") == tmp_path / "copy.mp4"
    assert video.save(tmp_path / "folder") == tmp_path / "folder" / "clip.mp4"
    assert (tmp_path / "copy.mp4").read_bytes() == (tmp_path / "folder" / "clip.mp4").read_bytes()
    assert video.save(video.path) == video.path


def test_save_replaces_a_file_only_when_asked(video, tmp_path):
    (tmp_path / "mine.mp4").write_text("mine")
    with pytest.raises(FileExistsError, match="overwrite=True"):
        video.save(tmp_path / "mine.mp4")
    assert (tmp_path / "mine.mp4").read_text() == "mine"
    video.save(tmp_path / "mine.mp4", overwrite=True)
    assert (tmp_path / "mine.mp4").read_bytes() == video.path.read_bytes()


def test_save_into_nowhere_is_a_sentence_and_leaves_nothing(video, tmp_path):
    with pytest.raises(StorageError, match="cannot be saved"):
        video.save(tmp_path / "nowhere" / "clip.mp4")
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]


def test_the_poster_is_a_small_jpeg(video):
    poster = Pillow.open(io.BytesIO(video.poster()))
    assert (poster.format, poster.width) == ("JPEG", 640)
    assert len(video.poster()) <= 40_000
    assert Pillow.open(io.BytesIO(video.poster(200))).width == 200


def test_it_shows_a_player_with_a_poster_and_a_relative_source(video):
    bundle = video._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html", "image/jpeg"}
    player = Page(bundle["text/html"]).only("video")
    assert player["src"] == "clip.mp4"
    assert player["poster"].startswith("data:image/jpeg;base64,")
    assert player["preload"] == "none"
    assert {"controls", "loop", "playsinline"} <= set(player)
    assert len(bundle["text/html"]) < 60_000
    assert "640 x 360 · 2.21 s · 24 fps · sound" in bundle["text/html"]


@pytest.mark.parametrize(("width", "height", "shown"), [(640, 360, 640), (360, 640, 360), (1504, 640, 640)])
def test_the_players_shape_is_fixed_so_that_nothing_moves_when_it_plays(tmp_path, width, height, shown):
    path = tmp_path / "shape.mp4"
    render(Scene(width, height, 2, 7, "a lake"), path)
    player = Page(Video(path)._repr_mimebundle_()["text/html"]).only("video")
    style = dict(part.split(":") for part in player["style"].split(";"))
    assert (player["width"], player["height"]) == (str(width), str(height))
    assert (style["width"], style["max-width"], style["height"]) == (f"{shown}px", "100%", "auto")
    assert style["aspect-ratio"] == f"{width} / {height}"


def test_the_words_beside_a_video_take_the_pages_own_colour(video):
    video.request = VideoRequest("a lake")
    page = Page(video._repr_mimebundle_()["text/html"])
    styles = [attrs["style"] for tag, attrs in page.tags if tag in {"figcaption", "div"} and "style" in attrs]
    assert "color:var(--jp-ui-font-color1,inherit)" in styles[0]
    for style in styles:  # GrayText and CanvasText are those of the browser, and not of a dark notebook in it
        assert "Text" not in style
        assert float(re.search(r"opacity:([\d.]+)", style)[1] if "opacity" in style else 1) >= 0.75


def test_help_on_extend_says_that_it_is_a_request():
    assert "not yet a video" in Video.extend.__doc__
    assert "sw.submit(video.extend(" in Video.extend.__doc__


def test_a_video_elsewhere_keeps_a_relative_address(video, tmp_path, monkeypatch):
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    assert Page(video._repr_mimebundle_()["text/html"]).only("video")["src"] == "../clip.mp4"


NAMES = ['"><script>alert(1)</script>.mp4', "a b#c?d%20e&amp;.mp4", "javascript:alert(1).mp4", "日落 'x'.mp4"]


@pytest.mark.parametrize("name", [name.replace("/", "") for name in NAMES])
def test_hostile_names_and_prompts_are_only_text(video, tmp_path, name):
    path = video.path.rename(tmp_path / name)
    prompt = "<img src=x onerror=alert(1)>\"'</figure><script>alert(2)</script>"
    shown = Video(path, request=VideoRequest(prompt), provider="<b>", currency="<i>", price=1.0)
    page = Page(shown._repr_mimebundle_()["text/html"])
    assert {tag for tag, _ in page.tags} == {"figure", "video", "a", "figcaption", "div"}
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")]
    assert prompt in page.text
    source = page.only("video")["src"]
    assert re.fullmatch(r"[A-Za-z0-9_.~%/-]+", source)
    assert Path(unquote(source)) == Path(name)


def test_a_simulated_video_says_so(made):
    simulated = Video(made, provider="simulator:ark-cn", price=2.7, currency="CNY", tokens=108900, seed=7)
    text = Page(simulated._repr_mimebundle_()["text/html"]).text
    assert "seed 7 · 108,900 tokens · simulated, free" in text
    assert (
        "2.70 CNY"
        in Page(Video(made, provider="ark-cn", price=2.7, currency="CNY")._repr_mimebundle_()["text/html"]).text
    )


def test_a_file_that_is_gone_is_told_and_never_raised_by_showing(video):
    video.path.unlink()
    bundle = video._repr_mimebundle_()
    assert "moved or deleted" in bundle["text/plain"]
    assert "moved or deleted" in bundle["text/html"]
    assert "the file is gone" in repr(video)
    for ask in (lambda: video.width, lambda: video.frame(0), lambda: video.last_frame, lambda: video.save("x.mp4")):
        with pytest.raises(VideoFileError, match="moved or deleted"):
            ask()


def test_a_file_deleted_after_it_was_read_is_told_too(video):
    assert "video" in video._repr_mimebundle_()["text/html"]
    video.path.unlink()
    assert "moved or deleted" in video._repr_mimebundle_()["text/html"]


def test_a_path_at_which_nothing_lies_is_told_by_name_and_folder(tmp_path):
    with pytest.raises(VideoFileError, match=f"^there is no file nope.mp4 in {re.escape(str(tmp_path))}; give"):
        Video.open(tmp_path / "nope.mp4")


PLAYLIST = b"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n/etc/hostname\n#EXT-X-ENDLIST\n"


@pytest.mark.parametrize("data", [b"", b"<html>404</html>", PLAYLIST, b"ffconcat version 1.0\nfile clip.mp4\n"])
def test_what_is_no_video_is_refused_with_a_sentence(tmp_path, data):
    path = tmp_path / "odd.mp4"
    path.write_bytes(data)
    with pytest.raises(VideoFileError, match="is no video"):
        Video.open(path)
    assert "is no video" in Video(path)._repr_mimebundle_()["text/html"]


def test_an_image_and_a_cut_file_are_no_videos(tmp_path, made, png):
    (tmp_path / "picture.mp4").write_bytes(png)
    (tmp_path / "cut.mp4").write_bytes(made.read_bytes()[:600])
    for name in ("picture.mp4", "cut.mp4"):
        with pytest.raises(VideoFileError, match="is no video"):
            Video.open(tmp_path / name)


def test_a_file_whose_second_half_is_missing_still_shows_something(tmp_path, made):
    data = made.read_bytes()
    (tmp_path / "half.mp4").write_bytes(data[: len(data) // 2])
    half = Video(tmp_path / "half.mp4")
    assert set(half._repr_mimebundle_()) == {"text/plain", "text/html", "image/jpeg"}
    with pytest.raises(VideoFileError, match="the file is damaged"):
        half.frame(half.duration)


def test_two_are_equal_where_they_are_the_same_file(video, tmp_path, made):
    assert video == Video("clip.mp4", seed=3)
    assert len({video, Video("clip.mp4")}) == 1
    assert video != Video(made)
    assert video != "clip.mp4"


def test_it_stays_the_same_file_when_the_folder_changes(video, tmp_path, monkeypatch):
    near = Video("clip.mp4")
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    assert near.frames == 53
