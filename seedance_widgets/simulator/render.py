"""Render what a simulated task promises: a real MP4 of the exact size and length, moving from first to last frame.

Only the frames between which the picture moves by a few pixels are drawn ("keys"); FFmpeg blends the ones between
them. That costs a fraction of the encoding, keeps slow moves free of jumps, and never holds more than a few frames.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from fractions import Fraction
from io import BytesIO
from itertools import islice
from typing import TYPE_CHECKING, Any

import av
from av.video.reformatter import ColorPrimaries, ColorTrc

from seedance_widgets.simulator.film import MATRIX, RANGE, RESAMPLE, Film, Scene
from seedance_widgets.simulator.sound import RATE, chord_blocks

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from pathlib import Path

__all__ = ["ENCODER", "Scene", "last_frame_jpeg", "render"]

# Two encoder threads whatever the machine has: the same scene must give the same bytes everywhere.
ENCODER = {"preset": "ultrafast", "crf": "20", "g": "48", "threads": "2"}
_BLENDS = 256  # steps in which FFmpeg blends two keys
_AHEAD = 4  # frames drawn before the encoder asks for them


def render(scene: Scene, path: Path) -> None:
    """Write the scene as a faststart MP4: H.264 yuv420p at a constant rate, with AAC where sound is asked.

    Blocking; made for a worker thread. The file appears under its name only when it is whole.

    Raises:
        UnreadablePicture: An image cannot be decoded.
        OSError: The file cannot be written.
    """
    film = Film(scene)
    unfinished = path.with_name(path.name + ".part")
    try:
        with av.open(unfinished, "w", format="mp4", options={"movflags": "+faststart", "fflags": "+bitexact"}) as out:
            out.metadata["comment"] = "Simulated by seedance_widgets: no model made this."
            _encode(film, out)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def last_frame_jpeg(scene: Scene) -> bytes:
    """The video's last frame as a JPEG, without the provider's watermark; nothing else is rendered."""
    film = Film(scene)
    frame: Any = film.key(scene.frames - 1, watermark=False)
    picture = frame.to_image(src_colorspace=MATRIX, src_color_range=RANGE, interpolation=RESAMPLE)
    data = BytesIO()
    picture.save(data, "JPEG", quality=93, subsampling=0)
    return data.getvalue()


def _encode(film: Film, out: Any) -> None:
    scene = film.scene
    video = out.add_stream("libx264", rate=scene.fps, options=ENCODER)
    video.width, video.height, video.pix_fmt = scene.width, scene.height, "yuv420p"
    context = video.codec_context
    context.colorspace, context.color_range = 6, int(RANGE)  # 6 is SMPTE 170M in H.264's own list
    context.color_primaries, context.color_trc = int(ColorPrimaries.BT709), int(ColorTrc.BT709)
    add_sound = _sound(film, out) if scene.audio else None
    with closing(_ahead(islice(_frames(film), scene.frames))) as frames:
        for index, frame in enumerate(frames):
            frame.pts, frame.time_base = index, Fraction(1, scene.fps)
            out.mux(video.encode(frame))
            if add_sound is not None:
                add_sound(index + 1)
    out.mux(video.encode(None))
    if add_sound is not None:
        add_sound(None)


def _ahead(frames: Iterator[Any]) -> Generator[Any]:
    """The same frames, drawn on a thread of their own while the encoder is busy with earlier ones."""
    with ThreadPoolExecutor(1, "seedance-drawing") as pool:
        coming = deque(pool.submit(next, frames, None) for _ in range(_AHEAD))
        while (frame := coming.popleft().result()) is not None:
            coming.append(pool.submit(next, frames, None))
            yield frame


def _frames(film: Film) -> Iterator[Any]:
    """Every frame in order: the keys, and between them what FFmpeg's `framerate` filter blends."""
    scene = film.scene
    tick = Fraction(1, scene.fps * _BLENDS)
    graph: Any = av.filter.Graph()
    graph.threads = 1
    source = graph.add_buffer(width=scene.width, height=scene.height, format="yuv420p", time_base=tick)
    # scene=100:flags=0 switches its scene-cut detection off: every gap is blended.
    blend = graph.add("framerate", f"fps={scene.fps}:interp_start=0:interp_end=255:scene=100:flags=0")
    sink = graph.add("buffersink")
    graph.link_nodes(source, blend, sink).configure()
    for index in film.key_indexes():
        frame = film.key(index, watermark=scene.watermark)
        frame.pts, frame.time_base = index * _BLENDS, tick
        graph.vpush(frame)
        yield from _ready(graph)
    graph.vpush(None)
    yield from _ready(graph)


def _ready(graph: Any) -> Iterator[Any]:
    while True:
        try:
            yield graph.vpull()
        except (av.BlockingIOError, av.EOFError):
            return


def _sound(film: Film, out: Any) -> Callable[[int | None], None]:
    """Add an AAC stream; the returned function writes the sound up to a frame, or with None all that is left."""
    scene = film.scene
    stream = out.add_stream(
        "aac", rate=RATE, layout="stereo", options={"b": "96k", "aac_coder": "fast", "flags": "+bitexact"}
    )
    samples = round(scene.frames * RATE / scene.fps)
    blocks = chord_blocks(scene.prompt, scene.seed, samples)
    written = 0

    def add(frames: int | None) -> None:
        nonlocal written
        while frames is None or written < frames * RATE / scene.fps:
            block = next(blocks, None)
            if block is None:
                break
            frame = av.AudioFrame.from_ndarray(block, format="fltp", layout="stereo")
            frame.sample_rate, frame.pts, frame.time_base = RATE, written, Fraction(1, RATE)
            written += block.shape[1]
            out.mux(stream.encode(frame))
        if frames is None:
            out.mux(stream.encode(None))

    return add
