"""How much longer a simulated video takes than encoding its frames alone: the goal is at most 1.3 times."""

from __future__ import annotations

import statistics
import tempfile
import time
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import av
import numpy as np
from PIL import Image

from seedance_widgets.simulator.render import ENCODER, Scene, render

RUNS = 5


def run(runs: int = RUNS) -> dict[str, float]:
    """Median seconds, CPU seconds and their ratios for a photograph-like first frame, 1280 x 720, 121 frames."""
    scene = Scene(1280, 720, 121, seed=7, prompt="push in slowly", first=photograph(1600, 900))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "video.mp4")
        render(scene, path)
        with av.open(path) as container:
            frames = [frame.reformat(format="yuv420p") for frame in container.decode(video=0)]
        alone, whole = [], []
        for _ in range(runs):  # in turns, so that a busy moment of the machine falls on both
            alone.append(_timed(lambda: encode(frames, Path(folder, "alone.mp4"))))
            whole.append(_timed(lambda: render(scene, path)))
    figures = {
        "render_seconds": statistics.median(wall for wall, _ in whole),
        "encode_seconds": statistics.median(wall for wall, _ in alone),
        "render_cpu_seconds": statistics.median(cpu for _, cpu in whole),
        "encode_cpu_seconds": statistics.median(cpu for _, cpu in alone),
    }
    figures["ratio"] = figures["render_seconds"] / figures["encode_seconds"]
    figures["cpu_ratio"] = figures["render_cpu_seconds"] / figures["encode_cpu_seconds"]
    return figures


def encode(frames: list[av.VideoFrame], path: Path) -> None:
    """What `render` is measured against: the same frames, the same encoder and container, nothing else."""
    with av.open(path, "w", format="mp4", options={"movflags": "+faststart"}) as out:
        stream = out.add_stream("libx264", rate=24, options=ENCODER)
        stream.width, stream.height, stream.pix_fmt = frames[0].width, frames[0].height, "yuv420p"
        for index, frame in enumerate(frames):
            frame.pts, frame.time_base, frame.pict_type = index, Fraction(1, 24), 0
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


def photograph(width: int, height: int) -> bytes:
    """A JPEG with structure of every size, as a photograph has, and a little grain."""
    dice = np.random.default_rng(1)
    picture = np.zeros((height, width, 3), np.float32)
    for cells in (4, 12, 36, 110, 330):
        noise = dice.integers(0, 256, (cells * height // width + 1, cells, 3), dtype=np.uint8)
        picture += np.asarray(Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC)) / cells**0.4
    picture = 30 + picture * (200 / picture.max()) + dice.normal(0, 1.5, (height, width, 1))
    data = BytesIO()
    Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8)).save(data, "JPEG", quality=92)
    return data.getvalue()


def _timed(work):
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


if __name__ == "__main__":
    for name, value in run().items():
        print(f"{name:20} {value:.3f}")  # noqa: T201  this is what it is run for
