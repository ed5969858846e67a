"""The results: links that expire, files that are rendered when they are first fetched, and faults on request."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from starlette.responses import FileResponse, JSONResponse, Response

from seedance_widgets.catalog import provider_facts, rules
from seedance_widgets.simulator.pictures import is_heic, stand_in
from seedance_widgets.simulator.refusal import Dropped

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from seedance_widgets.simulator.clock import Clock
    from seedance_widgets.simulator.render import Scene
    from seedance_widgets.simulator.store import Store
    from seedance_widgets.simulator.tasks import Task

RENDERERS = 2  # rendering takes a core each; more would only get in each other's way
TYPES = {"mp4": "video/mp4", "jpg": "image/jpeg"}
NO_VIDEO = b"<?xml version='1.0'?><Error><Code>InternalError</Code><Message>This is no video.</Message></Error>"


class Media:
    """Serves `/media/<token>.mp4` and `.jpg`.

    Args:
        base_url: Where the simulator listens.
    """

    def __init__(self, clock: Clock, store: Store, base_url: str) -> None:
        self._clock = clock
        self._store = store
        self._base_url = base_url
        self._pool = ThreadPoolExecutor(RENDERERS, thread_name_prefix="simulator-render")
        self._rendering: dict[str, asyncio.Future[None]] = {}

    def url(self, task: Task, kind: str) -> str:
        """The link to the task's "mp4" or "jpg", dressed as the object store's."""
        facts = provider_facts(task.provider)
        token = task.video_token if kind == "mp4" else task.frame_token
        url = f"{self._base_url}/media/{token}.{kind}"
        if task.provider == "acedata":  # it delivers from a CDN of its own, whose links carry nothing
            return url
        date = datetime.fromtimestamp(task.ended_at or task.created_at, UTC).strftime("%Y%m%dT%H%M%SZ")
        most = facts.url_downloads
        return f"{url}?X-Tos-Date={date}&X-Tos-Expires={facts.url_seconds}&X-Tos-Max-Requests={most}"

    async def answer(self, task: Task | None, token: str, kind: str, *, count: bool) -> Response:
        """The file, or why it is not given.

        Args:
            task: Whose file it is; None where the token is unknown.
            token: From the link.
            kind: "mp4" or "jpg".
            count: Whether this request counts as a download.

        Raises:
            Dropped: The connection is to be closed in the middle.
        """
        known = task is not None and token == (task.video_token if kind == "mp4" else task.frame_token)
        if task is None or not known or task.status != "succeeded":
            return _no("NoSuchKey", "The specified key does not exist.", 404)
        if self._expired(task, kind) or "403-media" in task.words:
            return _no("AccessDenied", "Request has expired", 403)
        if count:
            task.downloads[kind] = task.downloads.get(kind, 0) + 1
        if "bad-media" in task.words:
            return Response(NO_VIDEO, media_type=TYPES[kind])
        path = await self._file(task, kind)
        if "short-media" in task.words:
            return await self._short(path, kind)
        return FileResponse(path, media_type=TYPES[kind])

    def close(self) -> None:
        """Wait for what is being rendered; blocking."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _expired(self, task: Task, kind: str) -> bool:
        facts = provider_facts(task.provider)
        too_old = task.ended_at is not None and self._clock.now() >= task.ended_at + facts.url_seconds
        return too_old or (facts.url_downloads is not None and task.downloads.get(kind, 0) >= facts.url_downloads)

    async def _file(self, task: Task, kind: str) -> Path:
        """The file, rendered by the first who asks while others wait."""
        path = self._store.media / f"{task.video_token if kind == 'mp4' else task.frame_token}.{kind}"
        if not await asyncio.to_thread(path.exists):
            name = path.name
            if name not in self._rendering:
                loop = asyncio.get_running_loop()
                self._rendering[name] = loop.run_in_executor(self._pool, self._render, task, kind, path)
                self._rendering[name].add_done_callback(lambda _: self._rendering.pop(name, None))
            # Shielded, so that a client who hangs up does not take the file from the others.
            await asyncio.shield(self._rendering[name])
        return path

    def _render(self, task: Task, kind: str, path: Path) -> None:
        from seedance_widgets.simulator.render import last_frame_jpeg, render  # noqa: PLC0415 - heavy: PyAV, numpy

        scene = self._scene(task)
        part = path.with_name(f"part-{path.name}")
        if kind == "mp4":
            render(scene, part)
        else:
            part.write_bytes(last_frame_jpeg(scene))
        part.replace(path)

    def _scene(self, task: Task) -> Scene:
        from seedance_widgets.simulator.render import Scene  # noqa: PLC0415 - heavy: PyAV, numpy

        by_role: dict[str, list[bytes]] = {}
        for role, where in task.images:
            data = self._store.image(where.removeprefix("sha256:"))
            # Pillow cannot read HEIC without help; the provider can.
            by_role.setdefault(role, []).append(stand_in(where) if is_heic(data) else data)
        return Scene(
            width=task.width,
            height=task.height,
            frames=task.frames,
            seed=task.seed,
            prompt=task.prompt,
            first=by_role.get("first_frame", [None])[0],
            last=by_role.get("last_frame", [None])[0],
            references=tuple(by_role.get("reference_image", ())),
            audio=task.generate_audio,
            camera_fixed=task.camera_fixed,
            watermark=task.watermark,
            fps=rules().fps,
        )

    async def _short(self, path: Path, kind: str) -> Response:
        data = await asyncio.to_thread(path.read_bytes)

        async def half() -> AsyncIterator[bytes]:
            yield data[: len(data) // 2]
            await asyncio.sleep(0)
            raise Dropped

        return _Half(half, len(data), TYPES[kind])


class _Half(Response):
    """Promises `length` bytes; its body ends the connection before that."""

    def __init__(self, body: Callable[[], AsyncIterator[bytes]], length: int, media_type: str) -> None:
        super().__init__(media_type=media_type)
        self._body = body
        self.headers["content-length"] = str(length)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Send the head and what the body yields before it is dropped."""
        del scope, receive
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        async for chunk in self._body():
            await send({"type": "http.response.body", "body": chunk, "more_body": True})


def _no(code: str, message: str, status: int) -> Response:
    return JSONResponse({"Code": code, "Message": message}, status)
