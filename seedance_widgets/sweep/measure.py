"""Measurements of a video, computed from its file.

Every frame is decoded once, as luma, and scaled so that its width is 640 pixels at most: videos of different
resolutions are measured on the same footing, and a clip takes a fraction of a second.

    first_frame_psnr   dB, 0 to 100: how near the first frame is to the image that was given; 100 where they are equal
    first_frame_ssim   -1 to 1: the same by structure; 1 where they are equal
    last_frame_psnr    the same for the last frame
    last_frame_ssim
    motion             0 to 1: the mean change of a pixel from one frame to the next
    sharpness          from 0 on: the variance of the Laplacian, of luma from 0 to 1, the mean of some twelve frames
    flicker            0 to 1: the mean of how much the brightness bends from frame to frame; a steady fade has none
    loop_seam          from 0 on: the step from the last frame back to the first, in mean steps; 1 loops without a seam
    brightness         0 to 1: the mean luma

PSNR and SSIM are scikit-image's; the image is cut to the video's shape as the provider does.
"""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Mapping
from concurrent.futures import CancelledError, Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from seedance_widgets.errors import SweepError, VideoFileError
from seedance_widgets.request.framing import centre_crop
from seedance_widgets.request.plain import said_by, shown, tame
from seedance_widgets.sweep.columns import MEASURED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    Luma = NDArray[np.float32]
    Weights = tuple[float, float, float]

Found = dict[str, float | None] | VideoFileError

COLUMNS = MEASURED
MOST_DB = 100.0  # of equal pictures, whose PSNR is infinite: a table stays finite
MOST_STEPS = 1000.0  # of a seam in a video that stands still
_WIDTH = 640
_SHARP = 12  # frames that are looked at for sharpness
_AHEAD = 2  # videos handed to each worker: one at work, one waiting
_UNKNOWN_WORKERS = 16
_STILL = 1e-6
# How much of luma red, green and blue are; by what the file says of its colours, as FFmpeg numbers it.
_BT709 = (0.2126, 0.7152, 0.0722)
_BT601 = (0.299, 0.587, 0.114)  # also where it says nothing: what FFmpeg takes then
_MARKED_BT709 = 1


@dataclass(frozen=True)
class Subject:
    """One video to be measured.

    Args:
        path: The file.
        first: The image that was given as its first frame, encoded; None where there was none.
        last: The same for its last frame.
    """

    path: str
    first: bytes | None = None
    last: bytes | None = None


def measure_video(video: str | bytes, first: bytes | None = None, last: bytes | None = None) -> dict[str, float | None]:
    """The columns of one video.

    Args:
        video: The path of its file, or the file's bytes.
        first: The image that was given as its first frame, encoded; None leaves its columns empty.
        last: The same for its last frame.

    Raises:
        VideoFileError: The file is missing or is no video.
    """
    import numpy as np  # noqa: PLC0415  heavy, and only needed in the process that measures

    opening = before = None
    motions: list[float] = []
    levels: list[float] = []
    sharp: list[float] = []
    with _frames(video) as (frames, count, size, weights):
        for number, luma in enumerate(frames):
            levels.append(float(luma.mean()))
            if before is None:
                opening = luma
            else:
                motions.append(float(np.abs(luma - before).mean()))
            if number % max(1, count // _SHARP) == 0:
                sharp.append(_sharpness(luma))
            before = luma
    if opening is None or before is None:
        raise VideoFileError("the file holds no pictures.")
    bends = np.abs(np.diff(np.array(levels), 2))
    step = float(np.mean(motions)) if motions else 0.0
    seam = float(np.abs(before - opening).mean())
    first_psnr, first_ssim = _fidelity(opening, first, size, weights)
    last_psnr, last_ssim = _fidelity(before, last, size, weights)
    return {
        "first_frame_psnr": first_psnr,
        "first_frame_ssim": first_ssim,
        "last_frame_psnr": last_psnr,
        "last_frame_ssim": last_ssim,
        "motion": step,
        "sharpness": float(np.mean(sharp)),
        "flicker": float(bends.mean()) if bends.size else 0.0,
        "loop_seam": min(MOST_STEPS, seam / step) if step > _STILL else (1.0 if seam <= _STILL else MOST_STEPS),
        "brightness": float(np.mean(levels)),
    }


def measure_all(
    subjects: Sequence[Subject],
    executor: Executor | None = None,
    on_done: Callable[[int, Found], None] | None = None,
) -> list[Found]:
    """Measure many videos at once; blocking. A broken one has its error in its place, and stops no other.

    Args:
        subjects: What is measured.
        executor: Any `concurrent.futures.Executor`, such as Dask's `Client.get_executor()`; by default a pool of
            processes, one per core.
        on_done: Told the number of a subject and what was found, as they come.

    Returns:
        In the order of the subjects.

    Raises:
        SweepError: That is no executor.
    """
    if executor is not None and not callable(getattr(type(executor), "submit", None)):  # a class is none either
        raise SweepError(
            f"executor must be a concurrent.futures.Executor, such as ProcessPoolExecutor() or client.get_executor(); "
            f"{type(executor).__name__} is not."
        )
    found: list[Found] = [VideoFileError("not measured")] * len(subjects)

    def done(number: int, result: Found) -> None:
        found[number] = result
        if on_done is not None:
            on_done(number, result)

    if executor is None and len(subjects) == 1:  # a pool takes longer to start than one video to measure
        done(0, _measured(subjects[0], None))
    elif subjects:
        with _pool(executor, len(subjects)) as (workers, at_once, far):
            _spread(subjects, workers, at_once, far, done)
    return found


def _spread(
    subjects: Sequence[Subject],
    workers: Any,
    at_once: int,
    far: bool,
    done: Callable[[int, Found], None],
) -> None:
    """Keep every worker busy, and never more in memory than that takes."""
    left = iter(enumerate(subjects))
    under_way: dict[Any, int] = {}
    ended: SimpleQueue[Any] = SimpleQueue()  # `concurrent.futures.wait` never hears of one that a pool has cancelled
    while True:
        for number, subject in left:
            try:
                data = Path(subject.path).read_bytes() if far else None
            except OSError:
                done(number, VideoFileError(f"the video is no longer at {subject.path}: it was moved or deleted."))
                continue
            try:
                future = workers.submit(_measured, subject, data)
            except Exception as error:  # noqa: BLE001  a pool that broke takes no more; each video says so
                done(number, VideoFileError(f"no worker was left to measure it ({said_by(error)})."))
                continue
            if not callable(getattr(future, "add_done_callback", None)):
                raise SweepError(
                    f"executor.submit must return a concurrent.futures.Future; {type(workers).__name__} returned "
                    f"{shown(tame(future))}."
                )
            under_way[future] = number
            future.add_done_callback(ended.put)
            if len(under_way) >= at_once:
                break
        if not under_way:
            return
        future = ended.get()
        done(under_way.pop(future), _result_of(future))


def _result_of(future: Any) -> Found:
    try:
        found = future.result()
    except CancelledError:
        return VideoFileError("it was not measured: the executor was stopped before.")
    except Exception as error:  # noqa: BLE001  a worker that died with one video stops no other
        return VideoFileError(f"the worker that measured it failed ({said_by(error)}).")
    if isinstance(found, VideoFileError):
        return found
    if not isinstance(found, Mapping) or set(found) != set(COLUMNS) or not all(map(_is_figure, found.values())):
        return VideoFileError(f"the worker that measured it returned {shown(tame(found))}, which is no measurement.")
    return dict(found)


def _is_figure(value: Any) -> bool:
    return value is None or (isinstance(value, (int, float)) and not isinstance(value, bool))


@contextlib.contextmanager
def _pool(given: Executor | None, count: int) -> Iterator[tuple[Any, int, bool]]:
    """Who measures, how many are handed out at once, and whether the files' bytes must go along."""
    if given is not None:
        # Threads and processes of this machine see its files; who knows where the others are.
        near = isinstance(given, (ThreadPoolExecutor, ProcessPoolExecutor))
        workers = getattr(given, "_max_workers", None) or _UNKNOWN_WORKERS
        yield given, _AHEAD * int(workers), not near
        return
    # The standard pool runs the caller's script again in each process, or cannot start from a notebook or from stdin.
    from loky import ProcessPoolExecutor as Pool  # noqa: PLC0415  only where there is something to measure

    workers = max(1, min(os.cpu_count() or 1, count))
    with Pool(max_workers=workers) as pool:
        yield pool, _AHEAD * workers, False


def _measured(subject: Subject, data: bytes | None) -> Found:
    """What is run on a worker; an error is a result, so that it reaches the caller as it is."""
    try:
        return measure_video(subject.path if data is None else data, subject.first, subject.last)
    except VideoFileError as error:
        return error
    except Exception as error:  # noqa: BLE001  an odd file stops no other one
        return VideoFileError(f"{subject.path} cannot be measured ({type(error).__name__}: {error}).")


@contextlib.contextmanager
def _frames(video: str | bytes) -> Iterator[tuple[Iterator[Luma], int, tuple[int, int], Weights]]:
    """The frames of a video as luma, how many there are, the video's width and height, and what its luma is made of."""
    import av  # noqa: PLC0415  heavy, and only needed in the process that measures

    named = video if isinstance(video, str) else "the video"
    if isinstance(video, str) and not Path(video).is_file():
        raise VideoFileError(f"the video is no longer at {video}: it was moved or deleted.")
    try:
        opened = av.open(video if isinstance(video, str) else io.BytesIO(video), options={"protocol_whitelist": "file"})
        with opened as container:
            if not container.streams.video:
                raise VideoFileError(f"{named} is no video: it holds no pictures.")
            stream = container.streams.video[0]
            stream.thread_type = "NONE"  # the videos are spread over the cores, not the frames
            weights = _BT709 if int(stream.codec_context.colorspace) == _MARKED_BT709 else _BT601
            yield _luma(container, stream), stream.frames, (stream.width, stream.height), weights
    except (av.FFmpegError, OSError) as error:
        raise VideoFileError(f"{named} is no video that can be read: {error.strerror}.") from error


def _luma(container: Any, stream: Any) -> Iterator[Luma]:
    import numpy as np  # noqa: PLC0415  as above

    width, height = _scaled(stream.width, stream.height)
    for frame in container.decode(stream):
        grey = frame.reformat(width=width, height=height, format="gray").to_ndarray()
        yield grey.astype(np.float32) / 255


def _scaled(width: int, height: int) -> tuple[int, int]:
    wide = min(width, _WIDTH)
    return wide, max(1, round(height * wide / width))


def _sharpness(luma: Luma) -> float:
    from skimage.filters import laplace  # noqa: PLC0415  as above

    return float(laplace(luma).var())  # type: ignore[no-untyped-call]


def _fidelity(
    shown: Luma, given: bytes | None, size: tuple[int, int], weights: Weights
) -> tuple[float | None, float | None]:
    """How near a frame is to the image that was given for it: PSNR and SSIM; None where there is no such image."""
    if given is None:
        return None, None
    import numpy as np  # noqa: PLC0415  as above
    from PIL import Image, ImageOps, UnidentifiedImageError  # noqa: PLC0415  as above
    from skimage.metrics import peak_signal_noise_ratio, structural_similarity  # noqa: PLC0415  as above

    try:
        picture = ImageOps.exif_transpose(Image.open(io.BytesIO(given))).convert("RGB")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None, None  # the provider could read it; this machine cannot
    high, wide = shown.shape
    x, y, width, height = centre_crop(picture.width, picture.height, *size)
    fitted = picture.resize((wide, high), Image.Resampling.LANCZOS, box=(x, y, x + width, y + height))
    wanted = (np.asarray(fitted, dtype=np.float32) @ np.array(weights, dtype=np.float32)) / 255
    with np.errstate(divide="ignore"):
        psnr = float(peak_signal_noise_ratio(wanted, shown, data_range=1.0))  # type: ignore[no-untyped-call]
    ssim = float(structural_similarity(wanted, shown, data_range=1.0))  # type: ignore[no-untyped-call]
    return min(MOST_DB, psnr), ssim
