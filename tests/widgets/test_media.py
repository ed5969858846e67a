"""What the browser may fetch: what was shown to it, and nothing else."""

import io
import math

import PIL.Image
import pytest

import seedance_widgets as sw
from seedance_widgets.widgets.media import LONGEST_PIECE, WIDEST_PICTURE, MediaAnswers, Shelf, video_state
from seedance_widgets.widgets.surface import Refused


@pytest.fixture
async def video(sim):
    return await sw.generate_video("a boat", provider=sim.provider(), resolution="480p", duration=2)


@pytest.fixture
def shelf():
    return Shelf()


@pytest.fixture
def media(shelf):
    answers = MediaAnswers()
    answers.shelf = shelf
    return answers


async def test_the_pieces_are_the_file(media, video):
    key = video_state(video, media.shelf)["key"]
    pieces, offset = [], 0
    while offset < video.bytes:
        answer = await media.answer_media_read(key, offset, 1000)
        assert answer.value == {"size": video.bytes}
        pieces.append(answer.buffers[0])
        offset += 1000
    assert b"".join(pieces) == video.path.read_bytes()
    assert (await media.answer_media_read(key, video.bytes + 5, 10)).buffers == [b""]


@pytest.mark.parametrize(
    ("offset", "length"),
    [(-1, 5), (0, 0), (0, -5), (0, LONGEST_PIECE + 1)],
)
async def test_a_piece_that_is_none_is_refused(media, video, offset, length):
    key = video_state(video, media.shelf)["key"]
    with pytest.raises(Refused, match="piece"):
        await media.answer_media_read(key, offset, length)


@pytest.mark.parametrize("key", ["", "nothing", "../../etc/passwd", "/etc/passwd"])
async def test_a_name_that_was_never_given_opens_nothing(media, video, key):
    video_state(video, media.shelf)
    with pytest.raises(Refused, match="not known here"):
        await media.answer_media_read(key, 0, 10)
    with pytest.raises(Refused, match="not known here"):
        await media.answer_picture(key, 100)


async def test_the_name_of_an_image_opens_no_file_of_its_path(media, png, tmp_path):
    (tmp_path / "a.png").write_bytes(png)
    key = media.shelf.key_of(str(tmp_path / "a.png"))
    with pytest.raises(Refused, match="not known here"):
        await media.answer_media_read(key, 0, 10)


async def test_a_video_whose_file_is_gone_says_so(media, video):
    key = video_state(video, media.shelf)["key"]
    video.path.unlink()
    with pytest.raises(Refused, match=video.path.name):
        await media.answer_media_read(key, 0, 10)
    with pytest.raises(sw.errors.VideoFileError, match="moved or deleted"):
        video_state(video, media.shelf)


def test_a_name_stays_and_tells_nothing(shelf, png, tmp_path):
    image = sw.Image(png)
    for value in (str(tmp_path / "a.png"), "https://example.com/secret.png", image):
        key = shelf.key_of(value)
        assert shelf.key_of(value) == key
        assert "secret" not in key
    assert shelf.key_of(sw.Image(png)) != shelf.key_of(image)  # by identity: content is never compared


def test_an_image_that_nobody_holds_is_not_kept_for_its_picture(shelf, png):
    key = shelf.key_of(sw.Image(png))
    with pytest.raises(Refused):
        shelf.picture(key, 100)


@pytest.mark.parametrize(("asked", "got"), [(100, 100), (1, 16), (10**9, 640), (300.7, 300), (math.inf, 640)])
def test_a_picture_is_no_wider_than_asked_and_never_larger_than_the_image(shelf, asked, got):
    data = io.BytesIO()
    PIL.Image.new("RGB", (640, 320), "teal").save(data, "PNG")
    image = sw.Image(data.getvalue())
    jpeg, width, height = shelf.picture(shelf.key_of(image), asked)
    assert (width, height) == (got, got // 2)
    assert PIL.Image.open(io.BytesIO(jpeg)).size == (width, height)
    assert width <= WIDEST_PICTURE


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "1", "I;16", "CMYK"])
def test_every_kind_of_picture_is_drawn_and_what_is_transparent_is_white(shelf, mode):
    data = io.BytesIO()
    ending = "TIFF" if mode == "CMYK" else "PNG"
    PIL.Image.new(mode, (320, 320)).save(data, ending)
    image = sw.Image(data.getvalue())
    jpeg, _, _ = shelf.picture(shelf.key_of(image), 64)  # smaller than it is: it must be scaled
    drawn = PIL.Image.open(io.BytesIO(jpeg))
    if mode in {"RGBA", "LA"}:
        assert min(drawn.convert("L").getextrema()) > 250


@pytest.mark.parametrize("data", [b"", b"no picture", b"\x89PNG\r\n\x1a\n" + bytes(40)])
def test_what_cannot_be_drawn_says_so(shelf, data):
    image = sw.Image(data)
    with pytest.raises(Refused, match="no picture"):
        shelf.picture(shelf.key_of(image), 64)


def test_an_address_is_never_fetched_for_its_picture(shelf):
    with pytest.raises(Refused, match="does not lie on this machine"):
        shelf.picture(shelf.key_of("http://127.0.0.1:1/a.png"), 64)


def test_sixteen_bits_are_shown_as_bright_as_they_are(shelf):
    data = io.BytesIO()
    PIL.Image.new("I;16", (320, 320), 0x8000).save(data, "PNG")
    image = sw.Image(data.getvalue())
    jpeg, _, _ = shelf.picture(shelf.key_of(image), 64)
    assert PIL.Image.open(io.BytesIO(jpeg)).getpixel((5, 5)) == pytest.approx(128, abs=2)


async def test_the_poster_of_a_video_is_its_first_frame(media, video):
    key = video_state(video, media.shelf)["poster"]
    answer = await media.answer_picture(key, 320)
    assert answer.value["width"] == 320
    assert PIL.Image.open(io.BytesIO(answer.buffers[0])).size == (320, answer.value["height"])
