"""What each moment of a simulated video shows: which pictures, where the camera looks, which light falls."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from PIL import Image

from seedance_widgets.simulator.canvas import blend_references, fit_picture
from seedance_widgets.simulator.light import DriftingLight
from seedance_widgets.simulator.marks import Mark
from seedance_widgets.simulator.motion import STILL, Pose, choose_move
from seedance_widgets.simulator.painting import paint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    Planes = tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]

# BT.601 with its tag: players read the tag, and tools that ignore tags assume just this.
MATRIX, RANGE = Colorspace.ITU601, ColorRange.MPEG
RESAMPLE = Interpolation.BICUBIC
_KEY_SHIFT = 1 / 360  # how far the picture may move between keys, in picture heights
_KEY_FRAMES = 6  # ... and how many frames they may lie apart, for light and dissolves
_DISSOLVE = 0.2, 0.8  # from when to when the last frame's picture takes over


@dataclass(frozen=True)
class Scene:
    """What is to be seen and heard.

    Args:
        width: Pixels, even.
        height: Pixels, even.
        frames: How many, at `fps`.
        seed: Chooses the details; the same seed and inputs give the same bytes.
        prompt: Camera words steer the camera; without images its words also choose what is painted.
        first: Encoded image the video starts with.
        last: Encoded image the video ends with.
        references: Encoded images that guide the look; used where there is no `first`.
        audio: Whether there is sound.
        camera_fixed: The camera stands still; only the light moves.
        watermark: Whether the provider's "AI generated" mark is drawn too.
    """

    width: int
    height: int
    frames: int
    seed: int
    prompt: str
    first: bytes | None = None
    last: bytes | None = None
    references: tuple[bytes, ...] = ()
    audio: bool = False
    camera_fixed: bool = False
    watermark: bool = False
    fps: int = 24


class Film:
    """Every frame of a scene that is worth drawing."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        move = choose_move(scene.prompt, scene.seed, camera_fixed=scene.camera_fixed)
        self._end = max(1, scene.frames - 1)
        seconds = scene.frames / scene.fps
        self._pose: Callable[[int], Pose] = lambda index: move.pose(index / self._end, seconds)
        self._light = DriftingLight(
            scene.prompt,
            scene.seed,
            scene.width,
            scene.height,
            strength=44 if move is STILL else 24,
            leaves=scene.last is not None,
        )

    @cached_property
    def _opening(self) -> _Layer:
        scene, size = self.scene, (self.scene.width, self.scene.height)
        if scene.first is not None:
            picture = fit_picture(scene.first, *size)
        elif scene.references:
            picture = blend_references(scene.references, scene.prompt, scene.seed, *size)
        else:
            picture = paint(scene.prompt, scene.seed, *size)
        return _Layer(picture, *size, self._path(self._pose))

    @cached_property
    def _ending(self) -> _Layer | None:
        if self.scene.last is None:
            return None
        size = self.scene.width, self.scene.height
        return _Layer(fit_picture(self.scene.last, *size), *size, self._path(self._pose_of_ending))

    def _pose_of_ending(self, index: int) -> Pose:
        """The same move seen from its end, where the last frame's picture must stand exactly."""
        pose, end = self._pose(index), self._pose(self._end)
        return Pose(pose.x - end.x, pose.y - end.y, pose.zoom / end.zoom)

    def _path(self, pose: Callable[[int], Pose]) -> list[Pose]:
        return [pose(index) for index in range(self._end + 1)]

    @cached_property
    def _mark(self) -> Mark:
        # At the top: below lie a player's controls and what a grid writes on a cell, in the upper corners its signs.
        return Mark("simulated", self.scene.width, self.scene.height, corner=False)

    @cached_property
    def _watermark(self) -> Mark:
        return Mark("AI generated", self.scene.width, self.scene.height, corner=True)

    def key(self, index: int, *, watermark: bool) -> av.VideoFrame:
        """Draw frame number `index`."""
        scene = self.scene
        frame = av.VideoFrame(scene.width, scene.height, "yuv420p")
        planes = planes_of(frame)
        weight = self._weight(index)
        if weight < 1:
            self._opening.draw(self._pose(index), planes)
        if weight > 0 and self._ending is not None:
            if weight < 1:
                over = planes_of(av.VideoFrame(scene.width, scene.height, "yuv420p"))
                self._ending.draw(self._pose_of_ending(index), over)
                _dissolve(planes, over, weight)
            else:
                self._ending.draw(self._pose_of_ending(index), planes)
        self._light.shine(planes, index / self._end)
        self._mark.stamp(planes[0])
        if watermark:
            self._watermark.stamp(planes[0])
        return frame

    def key_indexes(self) -> Iterator[int]:
        """The frames to draw: the first, the last, and each at which the picture has moved on far enough."""
        yield 0
        since = 0
        for index in range(1, self._end):
            if index - since >= _KEY_FRAMES or self._moved(since, index) >= _KEY_SHIFT:
                yield index
                since = index
        if self.scene.frames > 1:
            yield self._end

    def _moved(self, one: int, other: int) -> float:
        """The farthest that an edge moves between two frames, in picture heights."""
        aspect = self.scene.width / self.scene.height
        pairs = zip(_window(self._pose(one)), _window(self._pose(other)), (aspect, 1, aspect, 1), strict=True)
        return max(abs(a - b) * sides for a, b, sides in pairs)

    def _weight(self, index: int) -> float:
        """How much of the last frame's picture there is: 0 to 1."""
        if self.scene.last is None:
            return 0.0
        begin, end = _DISSOLVE
        share = min(1.0, max(0.0, (index / self._end - begin) / (end - begin)))
        return share * share * (3 - 2 * share)


class _Layer:
    """One picture under a moving camera, as Y, U and V planes with mirrored margins as wide as the camera needs."""

    def __init__(self, picture: Image.Image, width: int, height: int, poses: list[Pose]) -> None:
        windows = [_window(pose) for pose in poses]
        over_x = max(0.0, *(max(-w[0], w[2] - 1) for w in windows))
        over_y = max(0.0, *(max(-w[1], w[3] - 1) for w in windows))
        self._margin = (_even_up(over_x * width), _even_up(over_y * height))
        whole: Any = av.VideoFrame
        frame = whole.from_image(picture).reformat(
            width,
            height,
            "yuv420p",
            dst_colorspace=MATRIX,
            dst_color_range=RANGE,
            interpolation=RESAMPLE | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INP,
            threads=1,
        )
        self._sources = [
            np.pad(plane, ((self._margin[1] // half,) * 2, (self._margin[0] // half,) * 2), mode="symmetric")
            for half, plane in zip((1, 2, 2), planes_of(frame), strict=True)
        ]
        self._scalers = [VideoReformatter() for _ in self._sources]

    def draw(self, pose: Pose, out: Planes) -> None:
        """Fill the output planes with what the camera sees."""
        window = _window(pose)
        for half, source, scaler, plane in zip((1, 2, 2), self._sources, self._scalers, out, strict=True):
            height, width = plane.shape
            x, y = (margin // half for margin in self._margin)
            left, top, right, bottom = (
                _nearest(share * size) for share, size in zip(window, (width, height) * 2, strict=True)
            )
            part = source[top + y : bottom + y, left + x : right + x]
            if part.shape != plane.shape:
                seen: Any = av.VideoFrame.from_numpy_buffer(part, "gray")
                kernel = RESAMPLE if half == 1 else Interpolation.BILINEAR
                part = planes_of(scaler.reformat(seen, width, height, interpolation=kernel, threads=1))[0]
            np.copyto(plane, part)


def planes_of(frame: av.VideoFrame) -> Planes:
    """The frame's planes as arrays over the same memory, (height, width) each."""
    planes: Any = frame.planes
    views: Any = tuple(
        np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: plane.height, : plane.width] for plane in planes
    )
    return views  # type: ignore[no-any-return]


def _window(pose: Pose) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of what the camera sees, as shares of the picture."""
    half = 0.5 / pose.zoom
    return 0.5 + pose.x - half, 0.5 + pose.y - half, 0.5 + pose.x + half, 0.5 + pose.y + half


def _dissolve(under: Planes, over: Planes, weight: float) -> None:
    for low, high in zip(under, over, strict=True):
        mixed = Image.blend(Image.fromarray(low), Image.fromarray(high), weight)
        np.copyto(low, np.asarray(mixed))


def _nearest(value: float) -> int:
    """Round halves away from the middle of the picture alike on both sides, so that a zoom stays centred."""
    return int(np.floor(value + 0.5))


def _even_up(value: float) -> int:
    """The next even number that is at least one pixel larger; 0 stays 0."""
    return 2 * int(value / 2 + 1.5) if value > 0 else 0
