from __future__ import annotations

import io
import os
import pathlib
import pickle
import re

import numpy as np
import PIL.Image
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pictures import heic, picture, png_header

from seedance_widgets.errors import StorageError
from seedance_widgets.request import Image, VideoRequest
from seedance_widgets.request.images import (
    ImageFacts,
    ImageTrouble,
    Unusable,
    as_image,
    content_key,
    facts_of,
    is_url,
    probe,
    wire_url,
)

FORMATS = {
    "jpeg": picture(kind="JPEG"),
    "jpeg, progressive": picture(kind="JPEG", progressive=True),
    "png": picture(kind="PNG"),
    "webp, lossy": picture(kind="WEBP"),
    "webp, lossless": picture(kind="WEBP", lossless=True),
    "webp, extended": picture(kind="WEBP", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0"),
    "bmp": picture(kind="BMP"),
    "tiff": picture(kind="TIFF"),
    "tiff, packed": picture(kind="TIFF", compression="tiff_lzw"),
    "tiff, large": picture(kind="TIFF", big_tiff=True),
    "gif": picture(kind="GIF"),
    "gif, moving": picture(kind="GIF", save_all=True, append_images=[PIL.Image.new("RGB", (640, 360))]),
}


@pytest.mark.parametrize("name", FORMATS)
def test_headers_tell_the_same_as_pillow(name):
    data = FORMATS[name]
    seen = PIL.Image.open(io.BytesIO(data))
    facts = Image(data).facts
    assert facts == ImageFacts(seen.format.lower(), len(data), *seen.size)
    assert facts.aspect == pytest.approx(16 / 9)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("kept", [0.02, 0.3, 0.6, 0.95])
def test_an_image_that_breaks_off_is_found(name, kept):
    data = FORMATS[name]
    with pytest.raises(ImageTrouble, match=r"breaks off|damaged|not an image|does not give its size"):
        probe(Image(data[: int(len(data) * kept)]))


@pytest.mark.parametrize("name", ["jpeg", "jpeg, progressive", "png", "gif"])
def test_something_after_the_end_does_no_harm(name):
    assert facts_of(Image(FORMATS[name] + b"\0 appended by a camera \0")).width == 640


def test_heic_is_known_by_its_brand_and_its_largest_picture():
    assert probe(Image(heic(4032, 3024))) == ImageFacts("heic", len(heic(4032, 3024)), 4032, 3024)
    assert probe(Image(heic(4032, 3024, b"avif"))).format == "avif"
    assert probe(Image(heic(800, 600, b"mif1"))).format == "heif"
    with pytest.raises(ImageTrouble, match="breaks off"):
        probe(Image(heic(4032, 3024)[:-4]))


def test_an_exif_turn_is_told_and_the_stored_sides_are_kept():
    exif = PIL.Image.Exif()
    exif[274] = 6
    facts = probe(Image(picture(640, 360, "JPEG", exif=exif)))
    assert (facts.width, facts.height, facts.turned) == (640, 360, True)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b"hello", "not an image"),
        (b"<!DOCTYPE html><html>", "web page"),
        (b"<svg xmlns='x'/>", "SVG"),
        (b"%PDF-1.7", "PDF"),
        (b"\0\0\0\x18ftypisom\0\0\0\0isommp42", "video"),
        (b"\xff\xd8\xff", "breaks off"),
    ],
)
def test_bytes_that_are_no_image_are_named(data, said):
    with pytest.raises(ImageTrouble, match=said):
        probe(Image(data))


def test_a_bomb_is_measured_and_never_decoded():
    assert probe(Image(png_header(60_000, 60_000))).width == 60_000


@given(st.sampled_from(sorted(FORMATS)), st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=6))
def test_damaged_headers_end_as_a_sentence_or_as_facts(name, damage):
    data = bytearray(FORMATS[name])
    for place, value in damage:
        data[place % len(data)] = value
    image = Image(bytes(data))
    facts = facts_of(image)  # anything but an ImageTrouble would come through
    assert facts is None or facts.bytes == len(data)


@given(st.binary(max_size=200))
def test_any_bytes_end_as_a_sentence_or_as_facts(data):
    for start in (b"", b"\xff\xd8\xff", b"GIF89a", b"BM", b"II*\0", b"MM\0*", b"\0\0\0\x20ftypheic"):
        assert facts_of(Image(start + data)) is None or Image(start + data).facts.format


def test_every_way_to_give_an_image_gives_the_same_bytes(tmp_path):
    data = picture()
    path = tmp_path / "frame.png"
    path.write_bytes(data)
    with path.open("rb") as file:
        file.seek(7)
        from_file = as_image(file)
        assert file.tell() == 7
    assert from_file.name == "frame.png"
    written = io.BytesIO()
    written.write(data)  # left at its end, as after PIL's save
    for given_image in (data, bytearray(data), memoryview(data), written, Image(data).data_uri(), from_file):
        assert as_image(given_image) == Image(data)
    assert as_image(path) == str(path)
    assert content_key(as_image(path)) == content_key(as_image(data))
    assert wire_url(str(path)) == Image(data).data_uri()


def test_urls_and_paths_stay_as_they_are():
    for text in ("https://a.example/x.png", "HTTP://a.example", "asset://a1", "pictures/x.png", "~/x.png", ""):
        assert as_image(text) == text
    assert is_url("https://a.example/x.png")
    assert is_url("asset://a1")
    assert not is_url("C:\\x.png")
    assert wire_url("https://a.example/x.png") == "https://a.example/x.png"


def test_a_home_folder_is_found(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "x.png").write_bytes(picture())
    assert probe("~/x.png").format == "png"


def test_pil_pictures_become_png_with_their_pixels():
    for mode in ("RGB", "RGBA", "L", "P", "1", "CMYK", "I;16", "F"):
        image = as_image(PIL.Image.new(mode, (320, 300)))
        assert (image.facts.format, image.facts.width, image.facts.height) == ("png", 320, 300)
    colour = PIL.Image.new("RGB", (320, 300), (10, 20, 30))
    assert as_image(colour).to_pil().getpixel((5, 5)) == (10, 20, 30)


@pytest.mark.parametrize("shape", [(300, 320), (300, 320, 1), (300, 320, 3), (300, 320, 4)])
def test_arrays_become_png_with_their_pixels(shape):
    whole = np.random.default_rng(1).integers(0, 256, shape, dtype="uint8")
    image = as_image(whole)
    assert np.array_equal(np.asarray(image.to_pil()), whole.squeeze())
    assert as_image(whole / 255.0) == image
    assert as_image((whole / 255.0).astype("float32")) == image
    assert as_image(whole[::-1][::-1]) == image


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.full((4, 4), np.nan), "NaN"),
        (np.full((4, 4), np.inf), "NaN or infinity"),
        (np.full((4, 4), 1.5), "0 to 1"),
        (np.full((4, 4), -0.1), "0 to 1"),
        (np.zeros((4, 4), bool), "bool"),
        (np.zeros((4, 4), "int64"), "int64"),
        (np.zeros((4, 4), object), "object"),
        (np.zeros((4, 4, 2), "uint8"), "4 x 4 x 2"),
        (np.zeros((0, 4), "uint8"), "0 x 4"),
        (np.zeros(4, "uint8"), "height x width"),
        (np.uint8(4) * np.ones((), "uint8"), "single number|uint8"),
        (np.zeros((1, 9000), "uint8"), "6000"),
    ],
)
def test_an_array_that_is_no_picture_gets_a_sentence(array, said):
    got = as_image(array)
    assert isinstance(got, Unusable)
    with pytest.raises(ImageTrouble, match=said):
        probe(got)


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("data:image/PNG;base64,AAAA", "lowercase"),
        ("data:text/html;base64,AAAA", "data:image/"),
        ("data:image/png,AAAA", "base64"),
        ("data:image/png;base64,AA\nAA", "line breaks"),
        ("data:image/png;base64,AAA", "damaged or incomplete"),
        ("data:image/png;base64,AA€A", "damaged or incomplete"),
    ],
)
def test_a_malformed_data_uri_is_named(uri, said):
    assert said in as_image(uri).reason


class Hostile:
    def __getattribute__(self, name):
        raise RuntimeError("no")

    def __repr__(self):
        raise RuntimeError("no")


class WithoutText(Exception):
    def __str__(self):
        raise RuntimeError("no")


class BadStream:
    def read(self, count=-1):
        raise WithoutText


def test_nothing_raises_whatever_is_given_as_an_image():
    for thing in (Hostile(), BadStream(), object(), 5, {}, [b"x"], io.StringIO("text"), Hostile):
        assert isinstance(as_image(thing), Unusable)


class Clip:
    def __seedance_image__(self):
        return Image(picture())


class BrokenClip:
    def __seedance_image__(self):
        raise OSError(2, "No such file or directory")


def test_a_video_stands_for_its_last_frame():
    assert as_image(Clip()) == Image(picture())
    assert "no such file" in as_image(BrokenClip()).reason


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("  ", "empty"),
        ("nowhere/x.png", "no such file"),
        ("file:///etc/hostname", "file: addresses are not taken"),
        ("javascript:alert(1)", "javascript: addresses are not taken"),
        ("ftp://a.example/x.png", "ftp: addresses are not taken"),
        ("a\0b", "cannot be opened"),
        ("a\nb\x1b[31m", "cannot be opened"),
        ("x" * 5000, "too long"),
        ("\ud800", "cannot be opened"),
        (".", "folder"),
        ("/dev/zero", "folder or device"),
    ],
)
def test_a_path_that_is_no_image_gets_a_sentence(text, said):
    with pytest.raises(ImageTrouble, match=said) as raised:
        probe(text)
    assert str(raised.value).isprintable()
    with pytest.raises(StorageError):
        content_key(text)


def test_a_changed_file_is_read_again_and_an_unchanged_one_is_not(tmp_path, monkeypatch):
    path = tmp_path / "x.png"
    path.write_bytes(picture(640, 360))
    first = probe(str(path)), content_key(str(path))
    opened = []
    plain_open = open
    monkeypatch.setattr("builtins.open", lambda *args, **rest: opened.append(args) or plain_open(*args, **rest))
    assert (probe(str(path)), content_key(str(path))) == first
    assert opened == []
    damaged = tmp_path / "y.png"
    damaged.write_bytes(picture(640, 360)[:-30])
    assert [facts_of(str(damaged)) for _ in range(5)] == [None] * 5
    assert len(opened) == 1
    path.write_bytes(picture(400, 400))
    os.utime(path, ns=(1, 1))
    assert probe(str(path)).width == 400
    assert content_key(str(path)) != first[1]


def test_an_image_is_its_content():
    data = picture()
    one, other = Image(data, name="a"), Image(bytes(bytearray(data)), name="b")
    assert one == other
    assert len({one, other}) == 1
    assert one != Image(data + b"x")
    assert one != data
    assert pickle.loads(pickle.dumps(one)) == one
    with pytest.raises(AttributeError):
        one.data = b""


def test_an_image_shows_itself_shortly():
    assert repr(Image(picture(640, 360))).startswith("Image(png, 640x360, ")
    assert repr(Image(b"nothing")) == "Image(not readable, 7 bytes)"
    assert Image(picture())._repr_mimebundle_()["image/png"] == picture()
    noise = np.random.default_rng(0).integers(0, 256, (900, 1200, 3), dtype="uint8")
    large = as_image(noise)
    assert len(large.data) > 1_000_000
    shown = large._repr_mimebundle_()
    assert "image/png" not in shown
    assert len(shown["image/jpeg"]) < 500_000
    assert list(Image(b"nothing")._repr_mimebundle_()) == ["text/plain"]
    assert list(Image(png_header(60_000, 60_000, 2_000_000))._repr_mimebundle_()) == ["text/plain"]
    assert list(Image(png_header(600, 600, 2_000_000))._repr_mimebundle_()) == ["text/plain"]


def test_importing_the_request_loads_no_heavy_library():
    import subprocess
    import sys

    code = (
        "import sys, seedance_widgets.request as r; r.check(r.VideoRequest('x', first_frame_url=b'x'));"
        "print([m for m in ('PIL', 'numpy', 'httpx', 'av', 'IPython') if m in sys.modules])"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


def test_images_never_change_under_a_request():
    data = bytearray(picture())
    request = VideoRequest("x", first_frame_url=data)
    before = request.content_hash
    data[:] = b"\0" * len(data)
    assert request.first_frame_url == Image(picture())
    assert request.content_hash == before


def test_paths_may_be_any_pathlike():
    assert as_image(pathlib.PurePosixPath("a/b.png")) == "a/b.png"


RAMP = np.linspace(0, 65535, 320 * 300).reshape(300, 320)


def mean(image):
    return np.asarray(image.to_pil()).astype(float).mean()


@pytest.mark.parametrize(
    ("pixels", "mode"),
    [
        (RAMP.astype("uint16"), "I;16"),
        (RAMP.astype(">u2"), "I;16B"),
        (RAMP.astype("int32"), "I"),
        ((RAMP / 257).astype("int32"), "I"),
        ((RAMP / 65535).astype("float32"), "F"),
    ],
)
def test_pil_pictures_with_larger_numbers_keep_their_brightness(pixels, mode):
    made = PIL.Image.fromarray(pixels)
    assert made.mode == mode
    image = as_image(made)
    assert mean(image) == pytest.approx(127.5, abs=0.6)
    assert image.to_pil().getextrema() == (0, 255)
    assert image.to_pil().mode == "L"


def test_an_all_bright_16_bit_picture_stays_bright_and_a_dim_one_dim():
    assert mean(as_image(PIL.Image.fromarray(np.full((300, 320), 65535, "uint16")))) == 255
    assert mean(as_image(PIL.Image.fromarray(np.full((300, 320), 200, "uint16")))) == 1


@pytest.mark.parametrize(
    ("pixels", "said"),
    [
        (RAMP.astype("float32"), "mode F.*run from 0 to 65535; expected 0 to 1"),
        (np.full((300, 320), -0.5, "float32"), "run from -0.5 to -0.5"),
        (np.full((300, 320), np.nan, "float32"), "NaN"),
        (np.full((300, 320), 65536, "int32"), "mode I.*65536; expected 0 to 255, or to 65535"),
        (np.full((300, 320), -1, "int32"), "run from -1"),
        (np.zeros((0, 320), "uint8"), "empty"),
    ],
)
def test_pil_pictures_whose_range_is_not_known_are_refused_with_a_sentence(pixels, said):
    got = as_image(PIL.Image.fromarray(pixels))
    assert isinstance(got, Unusable)
    assert re.search(said, got.reason), got.reason
