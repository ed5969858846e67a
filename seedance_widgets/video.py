"""Video, the result: a file on this disk, its facts read from the file itself, and how it shows itself."""

from __future__ import annotations

import base64
import math
import os
import shutil
import tempfile
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from html import escape
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from seedance_widgets.catalog import ADAPTIVE, find_model
from seedance_widgets.errors import StorageError, VideoFileError
from seedance_widgets.markup import text_only
from seedance_widgets.request import Image, VideoRequest

if TYPE_CHECKING:
    import builtins
    from collections.abc import Iterator

    import PIL.Image

# A file's content decides how FFmpeg reads it: playlists, which could name other files or hosts, are never followed.
_SAFE_OPENING = {"format_whitelist": "mov,mp4,matroska,webm", "protocol_whitelist": "file"}
# One at a time: a JPEG is written without letting go of the interpreter, and ten at once would keep a loop waiting.
_posters_lock = threading.Lock()
_POSTER_BYTES = 40_000  # aim: a notebook that shows many videos stays small


@dataclass(frozen=True, slots=True)
class _Facts:
    width: int
    height: int
    fps: float
    frames: int
    duration: float
    has_audio: bool
    codec: str
    bytes: int


class Video:
    """A finished video on this disk. Facts come from the file, and are read when first asked for; reading blocks.

    Two are equal where they are the same file.

    Args:
        path: The file.
        request: What was asked.
        task_id: The provider's name for the task.
        url: The provider's link, which dies after a day or so.
        seed: The seed that was used, where the provider tells.
        tokens: What was billed, in tokens.
        price: What that costs, in `currency`.
        currency: `CNY` or `USD`.
        provider: Who made it, as the ledger names it: `ark-cn`, `simulator:ark-cn`.
        last_frame_path: The provider's own picture of the last frame, where it was fetched.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        request: VideoRequest | None = None,
        task_id: str | None = None,
        url: str | None = None,
        seed: int | None = None,
        tokens: int | None = None,
        price: float | None = None,
        currency: str | None = None,
        provider: str | None = None,
        last_frame_path: str | os.PathLike[str] | None = None,
    ) -> None:
        # Absolute, so that it stays the same file when the notebook changes its folder.
        self.path = Path(path).absolute()
        self.request = request
        self.task_id = task_id
        self.url = url
        self.seed = seed
        self.tokens = tokens
        self.price = price
        self.currency = currency
        self.provider = provider
        self._last_frame_path = None if last_frame_path is None else Path(last_frame_path).absolute()
        self._posters: dict[int, builtins.bytes] = {}

    @classmethod
    def open(cls, path: str | os.PathLike[str], **known: Any) -> Video:
        """The video at `path`, with its header read at once.

        Raises:
            VideoFileError: The file is missing or is no video.
        """
        video = cls(path, **known)
        if not video.path.is_file():  # it may never have been there
            raise VideoFileError(f"there is no file {video.path.name} in {video.path.parent}; give a video's path.")
        _ = video._facts
        return video

    @property
    def width(self) -> int:
        """Pixels."""
        return self._facts.width

    @property
    def height(self) -> int:
        """Pixels."""
        return self._facts.height

    @property
    def fps(self) -> float:
        """Frames per second."""
        return self._facts.fps

    @property
    def frames(self) -> int:
        """How many frames there are."""
        return self._facts.frames

    @property
    def duration(self) -> float:
        """Seconds of picture."""
        return self._facts.duration

    @property
    def has_audio(self) -> bool:
        """Whether there is sound."""
        return self._facts.has_audio

    @property
    def codec(self) -> str:
        """How the picture is encoded: `h264`, `hevc`."""
        return self._facts.codec

    @property
    def bytes(self) -> int:
        """The file's length."""
        return self._facts.bytes

    @cached_property
    def last_frame(self) -> Image:
        """The picture it ends with: the provider's own where that was fetched, else decoded from the file.

        Raises:
            VideoFileError: The file is missing or is no video.
        """
        if self._last_frame_path is not None and self._last_frame_path.is_file():
            return Image(self._last_frame_path.read_bytes(), name=self._last_frame_path.name)
        data = BytesIO()
        self.frame(self.duration).save(data, "PNG")
        return Image(data.getvalue(), name=f"{self.path.stem}-last.png")

    def frame(self, seconds: float) -> PIL.Image.Image:
        """The picture that is shown at a time.

        Args:
            seconds: From 0 to `duration`; at `duration` it is the last frame.

        Raises:
            ValueError: There is no such time in this video.
            VideoFileError: The file is missing or is no video.
        """
        try:
            inside = not isinstance(seconds, bool) and 0 <= seconds <= self.duration
        except TypeError:
            inside = False
        if not inside:
            raise ValueError(
                f"seconds must be a number from 0 to {self.duration:.3f}, the length of this video; {seconds!r} is not."
            )
        with self._opened() as (container, stream):
            start = stream.start_time or 0
            # A hair later, so that index / fps, which is not exact in binary, is that frame and not the one before.
            target = start + math.floor(seconds / stream.time_base + 1e-4)
            container.seek(target, stream=stream, backward=True)
            shown = None
            for frame in container.decode(stream):
                if frame.pts is not None and frame.pts > target and shown is not None:
                    break
                shown = frame
            frame_ticks = 1 / (self.fps * stream.time_base) if self.fps else 0
            if shown is None or (shown.pts or 0) < target - 2 * frame_ticks:
                raise VideoFileError(f"{self.path} holds no picture at {seconds:.3f} s: the file is damaged.")
            picture: PIL.Image.Image = shown.to_image()
            return picture

    def extend(self, prompt: str, **changes: Any) -> VideoRequest:
        """The request for what happens next, not yet a video: nothing is sent until it is submitted.

            video = await sw.submit(video.extend("the boat reaches the shore"))

        It starts with this video's last frame and keeps the other settings; the seed becomes random again, and a last
        frame or references are dropped.

        Args:
            prompt: What happens next.
            **changes: Fields of `VideoRequest`; they override everything.

        Returns:
            The request, for `sw.submit`, `sw.check` or `sw.estimate`.

        Raises:
            TypeError: An unknown field; the message holds the nearest name.
            VideoFileError: The file is missing or is no video.
        """
        values: dict[str, Any] = {"last_frame_url": None, "reference_image_urls": (), "seed": -1}
        values |= {"prompt": prompt, "first_frame_url": self.last_frame if "first_frame_url" not in changes else None}
        base = self.request or VideoRequest(prompt)
        model = find_model(changes.get("model", base.model))
        if model is not None and "first_frame" in model.adaptive_only:
            values["ratio"] = ADAPTIVE
        for given, other in (("duration", "frames"), ("frames", "duration")):
            if changes.get(given) is not None:
                values[other] = None
        return base.replace(**{**values, **changes})

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
        """Copy the file; under its new name it appears only when it is whole.

        Args:
            path: The new file, or a folder in which it keeps its name.
            overwrite: Replace a file that is there.

        Returns:
            Where it is now.

        Raises:
            FileExistsError: There is such a file, and `overwrite` is False.
            VideoFileError: This video's own file is gone.
            StorageError: It cannot be written there.
        """
        target = Path(path).absolute()
        if target.is_dir():
            target /= self.path.name
        if not self.path.is_file():
            raise VideoFileError(self._gone)
        if target.exists():
            if target.samefile(self.path):
                return target
            if not overwrite:
                raise FileExistsError(f"{target} is there already; pass overwrite=True to replace it.")
        try:
            descriptor, unfinished = tempfile.mkstemp(prefix=".", suffix=".part", dir=target.parent)
            os.close(descriptor)
            try:
                shutil.copy(self.path, unfinished)
                Path(unfinished).replace(target)
            finally:
                Path(unfinished).unlink(missing_ok=True)
        except OSError as error:
            raise StorageError(f"the video cannot be saved as {target}: {error.strerror or error}.") from error
        return target

    def poster(self, width: int = 640) -> builtins.bytes:
        """A JPEG of the first frame, at most `width` pixels wide and about 40 kB at the default width.

        Raises:
            VideoFileError: The file is missing or is no video.
        """
        with _posters_lock:
            if width not in self._posters:
                picture = self.frame(0.0)
                picture.thumbnail((width, 4 * width))
                for quality in (80, 65, 50):
                    data = BytesIO()
                    picture.save(data, "JPEG", quality=quality, optimize=True, progressive=True)
                    if data.tell() <= _POSTER_BYTES:
                        break
                self._posters[width] = data.getvalue()
            return self._posters[width]

    def __seedance_image__(self) -> Image:
        """What an image argument takes from a video."""
        return self.last_frame

    def __eq__(self, other: object) -> bool:
        return self.path == other.path if isinstance(other, Video) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.path)

    def __repr__(self) -> str:
        try:
            facts = self._facts
        except VideoFileError:
            return f"Video({_near(self.path)!r}, the file is gone or is no video)"
        sound = ", sound" if facts.has_audio else ""
        return f"Video({_near(self.path)!r}, {facts.width}x{facts.height}, {facts.duration:.2f} s{sound})"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        try:
            if not self.path.is_file():
                raise VideoFileError(self._gone)  # noqa: TRY301  said below like every other trouble
            poster = self.poster()
            return {"text/plain": repr(self), "text/html": text_only(self._html(poster)), "image/jpeg": poster}
        except VideoFileError as error:
            return {"text/plain": str(error), "text/html": text_only(f'<p style="{_TEXT}">{escape(str(error))}</p>')}

    @cached_property
    def _facts(self) -> _Facts:
        with self._opened() as (container, stream):
            rate = stream.average_rate or stream.guessed_rate
            if stream.duration is not None:
                duration = float(stream.duration * stream.time_base)
            else:  # WebM tells it for the whole file only
                duration = (container.duration or 0) / 1_000_000
            return _Facts(
                width=stream.width,
                height=stream.height,
                fps=float(rate or 0),
                frames=stream.frames or round(duration * (rate or 0)),
                duration=duration,
                has_audio=bool(container.streams.audio),
                codec=stream.codec_context.name,
                bytes=self.path.stat().st_size,
            )

    @contextmanager
    def _opened(self) -> Iterator[tuple[Any, Any]]:
        """The container and its video stream, every trouble of FFmpeg's as one sentence."""
        import av  # noqa: PLC0415  30 ms that no import of the package shall cost

        if not self.path.is_file():
            raise VideoFileError(self._gone)
        try:
            with av.open(str(self.path), options=_SAFE_OPENING) as container:
                if not container.streams.video:
                    raise VideoFileError(f"{self.path} is no video: it holds no pictures.")
                yield container, container.streams.video[0]
        except (av.FFmpegError, OSError) as error:
            raise VideoFileError(f"{self.path} is no video that can be read: {error.strerror}.") from error

    @property
    def _gone(self) -> str:
        return f"the video is no longer at {self.path}: it was moved or deleted."

    def _html(self, poster: builtins.bytes) -> str:
        source = escape(_address(self.path))
        image = base64.b64encode(poster).decode("ascii")
        prompt = f"<div>{escape(self.request.prompt)}</div>" if self.request else ""
        # The shape is fixed: when playing starts, the video's own size takes the poster's place, and nothing may move.
        widest = round(_LONGEST * min(1, self.width / self.height))
        shape = f"width:{widest}px;aspect-ratio:{self.width} / {self.height}"
        return (
            f'<figure style="{_FIGURE}">'
            f'<video controls loop playsinline preload="none" poster="data:image/jpeg;base64,{image}" src="{source}" '
            f'width="{self.width}" height="{self.height}" style="{_PLAYER};{shape}">'
            f'<a href="{source}">{escape(self.path.name)}</a></video>'
            f'<figcaption style="{_TEXT}">{prompt}<div style="{_QUIET}">{escape(self._caption())}</div>'
            "</figcaption></figure>"
        )

    def _caption(self) -> str:
        facts = self._facts
        parts = [f"{facts.width} x {facts.height}", f"{facts.duration:.2f} s", f"{facts.fps:g} fps"]
        parts += ["sound"] if facts.has_audio else []
        parts += [f"seed {self.seed}"] if self.seed is not None else []
        parts += [f"{self.tokens:,} tokens"] if self.tokens is not None else []
        if self.provider is not None and self.provider.startswith("simulator:"):
            parts.append("simulated, free")
        elif self.price is not None:
            parts.append(f"{self.price:.2f} {self.currency or ''}".strip())
        return " · ".join([*parts, self.path.name])


_FIGURE = "margin:0;max-width:100%"
_LONGEST = 640  # pixels of the longer side as shown
_PLAYER = "display:block;max-width:100%;height:auto;background:#000;border-radius:4px"
_TEXT = (
    "margin:4px 0 0;font:var(--jp-ui-font-size1,13px)/1.5 var(--jp-ui-font-family,system-ui,sans-serif);"
    "color:var(--jp-ui-font-color1,inherit);overflow-wrap:anywhere"
)
_QUIET = "opacity:.8"  # of the page's own colour: it reads on light and on dark


def _near(path: Path) -> str:
    """The path from the current folder, where the file lies in it or close by; always with forward slashes."""
    try:
        relative = os.path.relpath(path)
    except ValueError:  # another drive
        return path.as_posix()
    return Path(relative).as_posix()


def _address(path: Path) -> str:
    """What `src` needs: relative to the notebook's folder, which is the kernel's, each odd character encoded."""
    near = _near(path)
    return path.as_uri() if os.path.isabs(near) else quote(near)  # noqa: PTH117  a relative path stays a string
