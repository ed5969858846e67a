"""Joining videos to one: their pictures as they are where all are alike, else decoded and encoded anew."""

from __future__ import annotations

import contextlib
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

from seedance_widgets.errors import StorageError, SweepError, VideoFileError
from seedance_widgets.folders import new_file, whole_file
from seedance_widgets.sweep.contact import fitted

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from seedance_widgets.video import Video

How = Literal["copy", "encode"]
_SAFE = {"protocol_whitelist": "file"}
_FAST_START = {"movflags": "+faststart"}
_SOUND_RATE, _SOUND_BITS = 48_000, 192_000  # samples and bits per second


def join(videos: Sequence[Video], path: str | os.PathLike[str], *, overwrite: bool = False) -> How:
    """Write the videos one after the other as one MP4. Blocking.

    Args:
        videos: In their order, at least one.
        path: The new file.
        overwrite: Replace a file that is there.

    Returns:
        `copy` where no picture was encoded again, `encode` where size or format differ. Sound is always encoded anew.

    Raises:
        SweepError: There is no video, or the name does not end in .mp4.
        FileExistsError: There is such a file.
        VideoFileError: A video is gone or is none.
        StorageError: It cannot be written.
    """
    import av  # noqa: PLC0415  only where something is joined

    target = new_file(path)
    if not videos:
        raise SweepError("there is no video to join yet; run the storyboard first.")
    if target.suffix.lower() != ".mp4":
        raise SweepError(f"{target.name} should end in .mp4.")
    alike = len({_kind(video) for video in videos}) == 1  # also says in a sentence which one is gone or is no video
    with whole_file(target, overwrite=overwrite) as unfinished:
        try:
            (_copy if alike else _encode)(videos, unfinished)
        except av.FFmpegError as error:
            raise StorageError(f"{target} cannot be written: {error.strerror or error}.") from error
    return "copy" if alike else "encode"


def _kind(video: Video) -> tuple[Any, ...]:
    """What must be equal for the pictures of two videos to stand in one stream as they are."""
    import av  # noqa: PLC0415  only where something is joined

    if not video.path.is_file():
        raise VideoFileError(f"the video is no longer at {video.path}: it was moved or deleted.")
    try:
        with av.open(str(video.path), options=_SAFE) as container:
            stream = container.streams.video[0]
            context: Any = stream.codec_context
            made = [context.name, context.extradata, stream.time_base, stream.average_rate]
            return (*made, context.width, context.height, context.pix_fmt)
    except IndexError:
        raise VideoFileError(f"{video.path} is no video that can be read: it has no pictures.") from None
    except (av.FFmpegError, OSError) as error:
        raise VideoFileError(f"{video.path} is no video that can be read: {error.strerror}.") from error


def _copy(videos: Sequence[Video], path: Path) -> None:
    import av  # noqa: PLC0415  only where something is joined

    with contextlib.ExitStack() as stack:
        out = stack.enter_context(av.open(str(path), "w", format="mp4", options=_FAST_START))
        first: Any = stack.enter_context(av.open(str(videos[0].path), options=_SAFE))
        picture = out.add_stream_from_template(first.streams.video[0])
        sound = _Sound(out, videos)
        begins = Fraction(0)
        for video in videos:
            with av.open(str(video.path), options=_SAFE) as container:
                source: Any = container.streams.video[0]
                shift = round(begins / source.time_base) - (source.start_time or 0)
                for packet in container.demux(source):
                    if packet.dts is None or packet.pts is None:  # the end of the stream
                        continue
                    packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                    packet.stream = picture
                    out.mux(packet)
                begins += Fraction(video.frames) / source.average_rate
            sound.add(video, begins)
        sound.end()


def _encode(videos: Sequence[Video], path: Path) -> None:
    import av  # noqa: PLC0415  only where something is joined

    size = (videos[0].width - videos[0].width % 2, videos[0].height - videos[0].height % 2)
    rate = Fraction(videos[0].fps).limit_denominator(1001)
    with av.open(str(path), "w", format="mp4", options=_FAST_START) as out:
        picture: Any = out.add_stream("libx264", rate=rate, options={"crf": "17", "preset": "medium"})
        picture.width, picture.height, picture.pix_fmt = *size, "yuv420p"
        sound = _Sound(out, videos)
        shown = 0
        for video in videos:
            frames = max(1, round(video.duration * float(rate)))
            for image in _pictures(video, rate, frames):
                frame: Any = av.VideoFrame.from_image(fitted(image, size))  # type: ignore[no-untyped-call]
                frame.pts, frame.time_base = shown, 1 / rate
                out.mux(picture.encode(frame))
                shown += 1
            sound.add(video, shown / rate)
        out.mux(picture.encode())
        sound.end()


class _Sound:
    """The sound of a film, if any of its videos has some. It is always encoded anew.

    Each file's sound begins with a packet that only warms the decoder up, and may last longer than its pictures: copied
    one after the other such packets collide, or push each following shot further back.

    Args:
        out: The film; the stream is added to it.
        videos: All of them.
    """

    def __init__(self, out: Any, videos: Sequence[Video]) -> None:
        self._out = out
        self._stream: Any = None
        self._heard = 0  # samples
        if any(video.has_audio for video in videos):
            self._stream = out.add_stream("aac", rate=_SOUND_RATE, layout="stereo", bit_rate=_SOUND_BITS)

    def add(self, video: Video, end: Fraction) -> None:
        """The sound of the next video, so much of it that it ends with its pictures, at this time of the film."""
        if self._stream is None:
            return
        for piece in _sound(video, round(end * _SOUND_RATE) - self._heard):
            piece.pts, piece.time_base = self._heard, Fraction(1, _SOUND_RATE)
            self._heard += piece.samples
            self._out.mux(self._stream.encode(piece))

    def end(self) -> None:
        """There is no further video."""
        if self._stream is not None:
            self._out.mux(self._stream.encode())


def _pictures(video: Video, rate: Fraction, count: int) -> Iterator[Any]:
    """So many pictures at this rate; one that is missing is the one before."""
    import av  # noqa: PLC0415  only where something is joined

    number, last = 0, None
    with av.open(str(video.path), options=_SAFE) as container:
        stream: Any = container.streams.video[0]
        frame: Any
        for frame in container.decode(stream):
            at = round(float(((frame.pts or 0) - (stream.start_time or 0)) * stream.time_base) * rate)
            image = frame.to_image()
            while last is not None and number < min(at, count):
                yield last
                number += 1
            last = image
    while last is not None and number < count:
        yield last
        number += 1


def _sound(video: Video, samples: int) -> Iterator[Any]:
    """So many samples of the video's sound, with silence where it has none."""
    import av  # noqa: PLC0415  only where something is joined
    import numpy as np  # noqa: PLC0415  the same

    size = 1024
    buffer = np.zeros((2, 0), dtype=np.float32)
    if video.has_audio:
        resampler = av.AudioResampler(format="fltp", layout="stereo", rate=_SOUND_RATE)
        with av.open(str(video.path), options=_SAFE) as container:
            parts = [
                piece.to_ndarray() for frame in container.decode(audio=0) for piece in resampler.resample(frame)
            ] + [piece.to_ndarray() for piece in resampler.resample(None)]
        buffer = np.concatenate([buffer, *parts], axis=1)
    whole = np.zeros((2, samples), dtype=np.float32)
    length = min(samples, buffer.shape[1])
    whole[:, :length] = buffer[:, :length]
    for start in range(0, samples, size):
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(whole[:, start : start + size]), "fltp", "stereo")
        frame.sample_rate = _SOUND_RATE
        yield frame
