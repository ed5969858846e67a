from __future__ import annotations

import dataclasses
import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pictures import picture

from seedance_widgets.errors import StorageError
from seedance_widgets.request import Image, VideoRequest

TOOL = [
    "prompt",
    "first_frame_url",
    "last_frame_url",
    "reference_image_urls",
    "model",
    "resolution",
    "ratio",
    "duration",
    "frames",
    "generate_audio",
    "service_tier",
    "seed",
    "return_last_frame",
    "callback_url",
    "execution_expires_after",
]

IMAGES = st.one_of(
    st.none(), st.sampled_from(["https://a.example/x.png", "x.png", "asset://a"]), st.binary(max_size=40)
)
REQUESTS = st.builds(
    VideoRequest,
    st.text(),
    first_frame_url=IMAGES,
    last_frame_url=IMAGES,
    reference_image_urls=st.lists(IMAGES, max_size=4),
    model=st.text(max_size=9),
    duration=st.one_of(st.none(), st.integers()),
    frames=st.one_of(st.none(), st.integers()),
    generate_audio=st.booleans(),
    seed=st.integers(),
    callback_url=st.one_of(st.none(), st.text(max_size=9)),
)


def test_the_parameters_are_the_tools_with_its_names_order_and_defaults():
    fields = dataclasses.fields(VideoRequest)
    assert [field.name for field in fields][:15] == TOOL
    defaults = {field.name: field.default for field in fields[1:15]}
    assert defaults == {
        "first_frame_url": None,
        "last_frame_url": None,
        "reference_image_urls": (),
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


@given(REQUESTS)
def test_a_request_survives_json_and_pickle(request_):
    again = VideoRequest.from_dict(json.loads(json.dumps(request_.to_dict())))
    assert again == request_
    assert pickle.loads(pickle.dumps(request_)) == request_
    assert hash(again) == hash(request_)


def test_the_content_hash_never_changes():
    assert VideoRequest("x").content_hash == "ce9b4ca8ac4c203bbe3b4c9c02ff2cba61e6bb35442e5e2e505d8b1b75056fd4"
    with_images = VideoRequest("猫", first_frame_url=b"some bytes", last_frame_url="https://a.example/x.png", seed=7)
    assert with_images.content_hash == "f01232c86ce13d042ac57294b21d82936d2767b4cf30faa3dae1512329db16ca"


def test_an_image_counts_by_its_content_and_not_by_how_it_was_given(tmp_path):
    data = picture()
    path = tmp_path / "x.png"
    path.write_bytes(data)
    given_as = [str(path), path, data, bytearray(data), Image(data, name="y.png"), Image(data).data_uri()]
    assert len({VideoRequest("x", first_frame_url=image).content_hash for image in given_as}) == 1
    assert len({VideoRequest("x", model="2.0", reference_image_urls=[image]).content_hash for image in given_as}) == 1
    other = VideoRequest("x", first_frame_url=picture(400, 400)).content_hash
    assert other != VideoRequest("x", first_frame_url=data).content_hash


@given(st.sampled_from([field.name for field in dataclasses.fields(VideoRequest)]))
def test_every_field_counts_in_the_hash(field):
    plain = VideoRequest("x")
    other = plain.replace(**{field: ("https://a.example/1",) if field == "reference_image_urls" else "other"})
    if field.endswith("frame_url"):
        other = plain.replace(**{field: "https://a.example/1"})
    assert other.content_hash != plain.content_hash
    assert other != plain


def test_a_missing_file_has_no_hash():
    with pytest.raises(StorageError, match="no such file"):
        _ = VideoRequest("x", first_frame_url="nowhere.png").content_hash


def test_an_unknown_keyword_is_a_type_error_with_the_nearest_name():
    with pytest.raises(TypeError, match="did you mean first_frame_url"):
        VideoRequest("x", first_frame="a.png")
    with pytest.raises(TypeError, match="did you mean resolution"):
        VideoRequest("x").replace(resolutoin="480p")
    with pytest.raises(TypeError, match="did you mean frames"):
        VideoRequest.from_dict({"prompt": "x", "frame": 29})


def test_a_request_cannot_be_changed_but_copied():
    request = VideoRequest("x", reference_image_urls=["https://a.example/1"])
    with pytest.raises(dataclasses.FrozenInstanceError):
        request.seed = 5
    assert request.replace(seed=5).seed == 5
    assert request.replace(seed=5).reference_image_urls == ("https://a.example/1",)
    assert request.seed == -1


def test_the_mode_follows_the_images():
    url = "https://a.example/x.png"
    assert VideoRequest("x").mode == "text"
    assert VideoRequest("x", first_frame_url=url).mode == "first_frame"
    assert VideoRequest("x", first_frame_url=url, last_frame_url=url).mode == "first_last_frame"
    assert VideoRequest("x", reference_image_urls=url).mode == "references"
    assert [role for role, _ in VideoRequest("x", first_frame_url=url, last_frame_url=url).images] == [
        "first_frame",
        "last_frame",
    ]
