"""Videos and pictures on their way to the browser: what may be asked for, by which name, and in which pieces."""

from __future__ import annotations

import asyncio
import io
import secrets
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypedDict
from weakref import WeakValueDictionary

from seedance_widgets.errors import StorageError, VideoFileError
from seedance_widgets.request import Image
from seedance_widgets.request.images import ImageTrouble, file_stamp, is_url, load_image
from seedance_widgets.video import Video
from seedance_widgets.widgets.surface import Answer, Refused

if TYPE_CHECKING:
    from pathlib import Path

    import PIL.Image

LONGEST_PIECE = 8 * 1024 * 1024
WIDEST_PICTURE = 1920
_NARROWEST = 16
_QUALITY = 82
_PICTURES = 64  # JPEGs that are kept
# One at a time: a JPEG is read and written without letting go of the interpreter, and ten at once would keep the loop
# from its turn for a tenth of a second.
_painter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="seedance-pictures")


class VideoState(TypedDict):
    """What the browser knows of a video before it has its bytes."""

    key: str
    width: int
    height: int
    fps: float
    frames: int
    duration: float
    bytes: int
    name: str
    has_audio: bool
    poster: str


class Shelf:
    """What the browser may ask for: only what was put here, by a name that tells nothing."""

    def __init__(self) -> None:
        self._keys: dict[Any, str] = {}
        self._values: dict[str, Any] = {}
        # An image that nobody else holds any more, in no form and no job, is not kept for its picture.
        self._images: WeakValueDictionary[str, Image] = WeakValueDictionary()
        self._pictures: OrderedDict[tuple[str, int], tuple[bytes, int, int]] = OrderedDict()

    def key_of(self, value: Any) -> str:
        """The name of a `Video` or an image; the same value keeps its name.

        Args:
            value: A `Video`, an `Image`, a path or a URL; anything else gets a name under which nothing is found.
        """
        sign = _sign(value)
        key = self._keys.get(sign)
        if key is None or (isinstance(value, Image) and self._images.get(key) is not value):
            key = self._keys[sign] = secrets.token_urlsafe(9)
            if isinstance(value, Image):
                self._images[key] = value
            else:
                self._values[key] = value
        return key

    def video(self, key: str) -> Video:
        """The video with this name.

        Raises:
            Refused: There is none.
        """
        value = self._find(key)
        if not isinstance(value, Video):
            raise Refused("this video is not known here (any more); run the cell again.")
        return value

    def _find(self, key: str) -> Any:
        return self._values.get(key) or self._images.get(key)

    def picture(self, key: str, width: float) -> tuple[bytes, int, int]:
        """A JPEG of an image, or of a video's first frame. Blocking.

        Args:
            key: Its name.
            width: Pixels, at most.

        Returns:
            The JPEG, its width and its height.

        Raises:
            Refused: There is none with this name, or it cannot be drawn.
        """
        value = self._find(key)
        if value is None:
            raise Refused("this picture is not known here (any more); run the cell again.")
        width = int(max(_NARROWEST, min(width, WIDEST_PICTURE)))
        if (key, width) not in self._pictures:
            try:
                self._pictures[key, width] = _jpeg(value, width)
            except (ImageTrouble, StorageError, OSError) as error:
                raise Refused(f"there is no picture to show: {error}") from None
            while len(self._pictures) > _PICTURES:
                self._pictures.popitem(last=False)
        return self._pictures[key, width]


def _sign(value: Any) -> Any:
    """What stays the same for as long as the picture does."""
    if isinstance(value, Video):
        return (str(value.path),)
    if not isinstance(value, str):
        return id(value)  # an image by identity: comparing two by content would hash megabytes
    if is_url(value):
        return value
    try:
        return file_stamp(value)  # another file under the same path is another picture
    except ImageTrouble:
        return value


def video_state(video: Video, shelf: Shelf) -> VideoState:
    """What the browser needs to know of a video. It reads the file's header, where that has not been read.

    Raises:
        VideoFileError: The file is gone or is no video.
    """
    if not video.path.is_file():
        raise VideoFileError(f"the video is no longer at {video.path}: it was moved or deleted.")
    key = shelf.key_of(video)
    return {
        "key": key,
        "width": video.width,
        "height": video.height,
        "fps": video.fps,
        "frames": video.frames,
        "duration": video.duration,
        "bytes": video.bytes,
        "name": video.path.name,
        "has_audio": video.has_audio,
        "poster": key,
    }


class MediaAnswers:
    """For a `Surface` with a `shelf`: answers for the bytes of videos and for pictures."""

    shelf: Shelf

    async def answer_media_read(self, key: str, offset: int, length: int) -> Answer:
        """A piece of a video's file, read off the loop."""
        video = self.shelf.video(key)
        if offset < 0 or not 0 < length <= LONGEST_PIECE:
            raise Refused(f"a piece has 1 to {LONGEST_PIECE:,} bytes, from 0 on; not {length:,} from {offset:,} on.")
        piece, size = await asyncio.to_thread(_read, video.path, offset, length)
        return Answer({"size": size}, [piece])

    async def answer_picture(self, key: str, width: float) -> Answer:
        """A picture as JPEG, made off the loop."""
        loop = asyncio.get_running_loop()
        data, wide, high = await loop.run_in_executor(_painter, self.shelf.picture, key, width)
        return Answer({"width": wide, "height": high}, [data])


def _read(path: Path, offset: int, length: int) -> tuple[bytes, int]:
    try:
        with path.open("rb") as file:
            size = file.seek(0, io.SEEK_END)
            file.seek(offset)
            return file.read(length), size
    except OSError as error:
        raise Refused(f"{path.name} cannot be read: {(error.strerror or str(error)).lower()}.") from None


def _jpeg(value: Any, width: int) -> tuple[bytes, int, int]:
    picture = _eight_bits(_pixels(value, width))
    picture.thumbnail((width, 4 * width))
    data = io.BytesIO()
    _on_white(picture).save(data, "JPEG", quality=_QUALITY)
    return data.getvalue(), picture.width, picture.height


def _pixels(value: Any, width: int) -> PIL.Image.Image:
    from PIL import Image as Pillow  # noqa: PLC0415  loads only where pixels are wanted

    if isinstance(value, Video):
        return value.frame(0.0)
    if not isinstance(value, Image) and (not isinstance(value, str) or is_url(value)):
        raise ImageTrouble("it does not lie on this machine")
    try:
        picture = Pillow.open(io.BytesIO(load_image(value).data))
        picture.draft("RGB", (width, width))  # a JPEG is decoded no larger than needed
        picture.load()
    except (ValueError, SyntaxError, Pillow.DecompressionBombError) as error:
        raise ImageTrouble(str(error)) from None
    return picture


def _eight_bits(picture: PIL.Image.Image) -> PIL.Image.Image:
    """A picture of 16 bits a pixel cannot be scaled or written as JPEG."""
    if not picture.mode.startswith("I"):
        return picture
    return picture.point(lambda value: value * (1 / 256)).convert("L")


def _on_white(picture: PIL.Image.Image) -> PIL.Image.Image:
    """JPEG knows no transparency."""
    if picture.mode in {"RGB", "L"}:
        return picture
    from PIL import Image as Pillow  # noqa: PLC0415  the same

    layer = picture.convert("RGBA")
    white = Pillow.new("RGBA", layer.size, "white")
    return Pillow.alpha_composite(white, layer).convert("RGB")
