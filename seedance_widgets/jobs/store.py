"""The files beside the ledger: input images before the submit, videos and last frames after it.

Names are made here from our own ids and digests; nothing that a server said becomes part of a path.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import urlsplit

import httpx

from seedance_widgets.errors import DownloadFailed, StorageError
from seedance_widgets.providers.connections import tls_context
from seedance_widgets.providers.keys import is_loopback
from seedance_widgets.request.images import is_url, load_image
from seedance_widgets.request.model import IMAGE_FIELDS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from seedance_widgets.request import VideoRequest

MEDIA = "media"
INPUTS = "inputs"

# Below this much free space nothing is submitted: the longest 4k clip is smaller.
MIN_FREE_BYTES = 128 * 1024 * 1024
CHUNK = 1024 * 1024
ATTEMPTS = 5
# A link that answers so will not answer otherwise if asked again; a fresh one may.
_DEAD_LINK = frozenset({401, 403, 404, 410})


class LinkExpired(Exception):
    """The provider's link no longer answers; ask the provider for a fresh one."""


def check_space(folder: Path) -> None:
    """Refuse to spend money on a video that could not be stored.

    Raises:
        StorageError: Less than 128 MB are free.
    """
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        raise StorageError(f"the folder {folder} is gone ({error}); nothing was sent.") from error
    if free < MIN_FREE_BYTES:
        raise StorageError(
            f"only {free / 1e6:.0f} MB are free in {folder}, and a video may need {MIN_FREE_BYTES / 1e6:.0f} MB; "
            "nothing was sent. Free some space, or set SEEDANCE_HOME to a folder on another disk."
        )


def keep_inputs(folder: Path, request: VideoRequest) -> dict[str, Any]:
    """Copy the request's local images into the ledger's folder and return the request as the ledger writes it.

    Blocking. The same image is kept once, under its digest.

    Raises:
        StorageError: An image cannot be read, or not be copied.
    """

    def write(value: Any) -> Any:
        if isinstance(value, str) and is_url(value):
            return value
        image = load_image(value)
        suffix = image.facts.format if image.facts is not None else "bin"
        name = f"{image.digest}.{suffix}"
        target = folder / INPUTS / name
        if not target.exists():
            target.parent.mkdir(exist_ok=True)
            part = _part_of(target)
            with part.open("wb") as file:
                file.write(image.data)
                _to_disk(file)
            part.replace(target)
        return f"{INPUTS}/{name}"

    try:
        return request.to_dict(image=write)
    except OSError as error:
        raise StorageError(f"the images cannot be kept in {folder} ({error}); nothing was sent.") from error


def request_values(folder: Path, written: dict[str, Any]) -> dict[str, Any]:
    """The values that `VideoRequest.from_dict` takes, from what `keep_inputs` wrote."""

    def read(value: Any) -> Any:
        if isinstance(value, list):
            return [read(one) for one in value]
        if isinstance(value, str) and value.startswith(f"{INPUTS}/"):
            return str(folder / INPUTS / Path(value).name)
        return value

    return {name: read(value) if name in IMAGE_FIELDS else value for name, value in written.items()}


def media_name(job_id: str, created_at: float, suffix: str) -> str:
    """A file name that sorts by time: `20261122-191500-1a2b3c4d5e.mp4`."""
    return f"{time.strftime('%Y%m%d-%H%M%S', time.localtime(created_at))}-{job_id}{suffix}"


async def download(
    url: str,
    target: Path,
    *,
    real_seconds: Callable[[float], float],
    check: Callable[[Path], None] | None = None,
    on_bytes: Callable[[int, int | None], None] | None = None,
) -> None:
    """Fetch `url` to `target`: streamed to a temporary file, its length checked, on the disk, then renamed.

    No key is sent. A broken transfer is taken up again where it broke, up to five times.

    Args:
        url: http(s); from the provider.
        target: Where the file shall be; it appears there whole or not at all.
        real_seconds: `Limits.real_seconds`: waits between attempts run in the provider's clock.
        check: Called in a thread with the temporary file before it gets its name; what it raises is raised.
        on_bytes: Told (bytes so far, bytes in all or None) as they come.

    Raises:
        LinkExpired: The link is dead.
        DownloadFailed: The transfer failed five times.
        StorageError: The file cannot be written.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = _part_of(target)
    try:
        async with _connections(url) as client:
            transfer = _Transfer(client, url, part, on_bytes)
            for attempt in range(1, ATTEMPTS + 1):
                try:
                    await transfer.go()
                    break
                except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, _Short) as error:
                    if attempt == ATTEMPTS or isinstance(error, (httpx.InvalidURL, httpx.UnsupportedProtocol)):
                        raise DownloadFailed(
                            f"the video was made, but its file could not be fetched ({_reason(error)}) after {attempt} "
                            "attempts; `await sw.resume()` tries again while the provider keeps it."
                        ) from None
                    await asyncio.sleep(real_seconds(2.0**attempt))
        await asyncio.to_thread(_settle, part, target, check)
    except OSError as error:
        raise StorageError(
            f"the video was made, but {target.parent} cannot be written ({error}). Free some space or make the folder "
            "writable, then `await sw.resume()` fetches it while the provider keeps it."
        ) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink()


class _Short(Exception):
    """Fewer bytes than announced."""


class _Transfer:
    """One file on its way; `go` starts it, or takes it up where it broke."""

    def __init__(
        self, client: httpx.AsyncClient, url: str, part: Path, on_bytes: Callable[[int, int | None], None] | None
    ) -> None:
        self._client = client
        self._url = url
        self._part = part
        self._on_bytes = on_bytes
        self._done = 0
        self._tag: str | None = None

    async def go(self) -> None:
        headers = {"accept-encoding": "identity"}
        if self._done and self._tag:  # only where the server lets us see that it is still the same file
            headers |= {"range": f"bytes={self._done}-", "if-range": self._tag}
        async with self._client.stream("GET", self._url, headers=headers) as answer:
            if answer.status_code in _DEAD_LINK:
                raise LinkExpired(f"HTTP {answer.status_code}")
            answer.raise_for_status()
            going_on = answer.status_code == httpx.codes.PARTIAL_CONTENT and "range" in headers
            if not going_on:
                self._done = 0
                self._tag = answer.headers.get("etag") or answer.headers.get("last-modified")
            length = _length(answer, self._done)
            file = await asyncio.to_thread(self._part.open, "ab" if going_on else "wb")
            try:
                # Each chunk is written before the next is asked for: memory holds one, however large the file.
                async for chunk in answer.aiter_raw(CHUNK):
                    await asyncio.to_thread(file.write, chunk)
                    self._done += len(chunk)
                    if self._on_bytes is not None:
                        self._on_bytes(self._done, length)
                await asyncio.to_thread(_finish, file)
            finally:
                if not file.closed:
                    await asyncio.to_thread(file.close)
        if length is not None and self._done != length:
            raise _Short(f"{self._done:,} bytes came of {length:,}")
        if self._done == 0:
            raise _Short("the file is empty")


@dataclass(slots=True)
class _Links:
    client: httpx.AsyncClient
    users: int = 0


_links: dict[tuple[asyncio.AbstractEventLoop, bool], _Links] = {}


@contextlib.asynccontextmanager
async def _connections(url: str) -> AsyncIterator[httpx.AsyncClient]:
    """The connections that this event loop's downloads share; closed with the last of them on its way."""
    here = is_loopback(urlsplit(url).hostname)
    tls = await asyncio.to_thread(tls_context)
    key = asyncio.get_running_loop(), here
    if key not in _links:
        timeout = httpx.Timeout(30, read=60)
        # No proxy stands before this machine.
        _links[key] = _Links(httpx.AsyncClient(timeout=timeout, follow_redirects=True, trust_env=not here, verify=tls))
    links = _links[key]
    links.users += 1
    try:
        yield links.client
    finally:
        links.users -= 1
        if not links.users:
            del _links[key]
            await links.client.aclose()


def _length(answer: httpx.Response, done: int) -> int | None:
    announced = answer.headers.get("content-length", "")
    return done + int(announced) if announced.isascii() and announced.isdigit() else None


def _reason(error: Exception) -> str:
    if isinstance(error, httpx.HTTPStatusError):
        return f"HTTP {error.response.status_code}"
    return str(error) or type(error).__name__


def _part_of(target: Path) -> Path:
    # Random: two kernels may fetch the same video, and neither must write into the other's file.
    return target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")


def _to_disk(file: BinaryIO | Any) -> None:
    file.flush()
    os.fsync(file.fileno())


def _finish(file: BinaryIO | Any) -> None:
    _to_disk(file)
    file.close()


def _settle(part: Path, target: Path, check: Callable[[Path], None] | None) -> None:
    if check is not None:
        check(part)
    part.replace(target)
    _folder_to_disk(target.parent)


def _folder_to_disk(folder: Path) -> None:
    if os.name == "posix":  # elsewhere a folder cannot be opened
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
