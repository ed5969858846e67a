"""One film of several videos: no picture is encoded again where all are alike, and sound stays with its pictures."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest

import seedance_widgets as sw
from seedance_widgets.storyboard import join

FPS, RATE, LATE = 24, 48_000, 0.05


def packets(path):
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


def beeping(path, *, frames=49, at=0.5, longer=0.0, sound="aac", layout="stereo", rate=RATE):
    """A film whose picture is white for a moment, with a beep at the same time; its sound may be longer."""
    with av.open(str(path), "w") as out:
        picture = out.add_stream("libx264", rate=FPS, options={"g": "12"})
        picture.width, picture.height, picture.pix_fmt = 160, 96, "yuv420p"
        stream = out.add_stream(sound, rate=rate, layout=layout) if sound else None
        for number in range(frames):
            white = at <= number / FPS < at + 0.25
            image = np.full((96, 160, 3), 255 if white else 0, dtype=np.uint8)
            frame = av.VideoFrame.from_ndarray(image, "rgb24")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            out.mux(picture.encode(frame))
        out.mux(picture.encode())
        if stream is not None:
            times = np.arange(round((frames / FPS + longer) * rate)) / rate
            tone = np.where((times >= at) & (times < at + 0.25), np.sin(2 * np.pi * 880 * times), 0)
            channels = 2 if layout == "stereo" else 1
            for start in range(0, len(tone), 1024):
                part = np.ascontiguousarray(np.tile(tone[start : start + 1024], (channels, 1)).astype(np.float32))
                piece = av.AudioFrame.from_ndarray(part, "fltp", layout)
                piece.sample_rate, piece.pts, piece.time_base = rate, start, Fraction(1, rate)
                out.mux(stream.encode(piece))
            out.mux(stream.encode())
    return sw.Video.open(path)


def beginnings(times, loud):
    """When something begins to be there, by the times at which it is."""
    found = times[loud]
    return [float(time) for time, before in zip(found, [-1.0, *found], strict=False) if time - before > 0.2]


def flashes_and_beeps(path):
    """When pictures turn white and when sound begins, as a player shows them."""
    with av.open(str(path)) as film:
        white = [(frame.time, frame.to_ndarray(format="gray").mean() > 128) for frame in film.decode(video=0)]
    with av.open(str(path)) as film:
        parts = [(frame.time, frame.to_ndarray()[0]) for frame in film.decode(audio=0)]
    samples = [np.abs(part) > 0.3 for _, part in parts]
    times = [start + np.arange(len(part)) / RATE for start, part in parts]
    seen = beginnings(np.array([time for time, _ in white]), np.array([is_white for _, is_white in white]))
    return seen, beginnings(np.concatenate(times), np.concatenate(samples))


async def test_three_alike_shots_with_sound_become_one_film_and_no_picture_is_encoded_again(sim, tmp_path):
    base = sw.VideoRequest("", first_frame_url=sw.sample_image(), model="1.5-pro", resolution="480p", duration=4)
    shots = ["leaves", "passes", "lands"]
    board = sw.Storyboard(shots, base=base.replace(generate_audio=True), provider=sim.provider())
    await board.run()
    assert all(video.has_audio for video in board.videos)
    film = board.join(tmp_path / "film.mp4")
    assert board.joined_by == "copy"
    assert packets(film.path) == [packet for video in board.videos for packet in packets(video.path)]
    assert film.frames == sum(video.frames for video in board.videos)
    assert film.has_audio
    with av.open(str(film.path)) as container:
        sound = sum(frame.samples for frame in container.decode(audio=0)) / RATE
    assert sound == pytest.approx(film.duration, abs=LATE)


@pytest.mark.parametrize("longer", [0.0, 0.4, -0.3], ids=["as long", "longer sound", "shorter sound"])
@pytest.mark.parametrize("layout", ["stereo", "mono"])
def test_sound_stays_with_its_pictures_up_to_the_last_shot(tmp_path, longer, layout):
    videos = [
        beeping(tmp_path / f"{number}.mp4", at=0.25 * number + 0.25, longer=longer, layout=layout)
        for number in range(4)
    ]
    assert join(videos, tmp_path / "film.mp4") == "copy"
    assert sw.Video.open(tmp_path / "film.mp4").frames == 4 * 49
    seen, heard = flashes_and_beeps(tmp_path / "film.mp4")
    assert seen == pytest.approx([number * 49 / FPS + 0.25 * number + 0.25 for number in range(4)], abs=0.002)
    assert heard == pytest.approx(seen, abs=LATE)


def test_a_silent_shot_between_two_with_sound_stays_silent_and_no_picture_is_encoded_again(tmp_path):
    videos = [beeping(tmp_path / f"{number}.mp4", sound="" if number == 1 else "aac") for number in range(3)]
    assert join(videos, tmp_path / "film.mp4") == "copy"
    seen, heard = flashes_and_beeps(tmp_path / "film.mp4")
    assert heard == pytest.approx([seen[0], seen[2]], abs=LATE)


def test_sound_of_another_rate_stays_with_its_pictures_too(tmp_path):
    videos = [beeping(tmp_path / f"{rate}.mp4", rate=rate, longer=0.2) for rate in (44_100, 48_000, 22_050)]
    assert join(videos, tmp_path / "film.mp4") == "copy"
    seen, heard = flashes_and_beeps(tmp_path / "film.mp4")
    assert heard == pytest.approx(seen, abs=LATE)
