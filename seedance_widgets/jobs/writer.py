"""The writer: which of a job's changes are on the disk before anything else happens, and which follow soon."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from seedance_widgets.jobs.made import add_unless_made

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from seedance_widgets.jobs.ledger import Ledger
    from seedance_widgets.jobs.record import Record, State
    from seedance_widgets.jobs.track import Track


class Writer:
    """Puts one engine's jobs into their ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._to_write: dict[Track, None] = {}  # in the order in which they came
        self._writing = asyncio.Lock()

    async def save(self, track: Track, state: State, text: str, *, note: str = "") -> None:
        """Put the job into `state`, and into the ledger before going on."""
        track.record.state = state
        track.changed(text, note=note)
        await self._write(track)

    async def add(self, track: Track, active: Collection[str]) -> Record | None:
        """Put a new job into the ledger, unless a job with an equal request makes it needless: that one, else None.

        Args:
            track: The job.
            active: Ids of the jobs that this process is busy with.
        """
        track.record.state = "pending"
        track.changed("written down")
        record, events = track.entry()
        try:
            made = await self._ledger.on_thread(add_unless_made, self._ledger, record, events, active, track.looked_at)
        except asyncio.CancelledError:  # the ledger's thread carries it out
            track.saved(len(events))
            raise
        if made is None:
            track.saved(len(events))
        return made

    def save_soon(self, track: Track, state: State, text: str) -> None:
        """Put the job into `state`; the ledger is told within seconds. For what a restart finds out again by asking."""
        track.record.state = state
        track.dirty = True
        track.changed(text)

    async def save_at_any_cost(self, track: Track, state: State, text: str) -> None:
        """Save after money may have been spent: the job goes on, and what the ledger cannot take it is given again."""
        try:
            await self.save(track, state, text)
        except Exception as error:  # noqa: BLE001  shown on the card until it is written
            track.unsaved = f"not in the ledger yet: {error}"
            track.tick()

    async def save_rest(self, tracks: Iterable[Track]) -> None:
        """Write what was put off, or refused, since: all of it in one go."""
        rest = [track for track in tracks if track.dirty or track.unsaved]
        if not rest:
            return
        self._to_write.update(dict.fromkeys(rest))
        try:
            await self._write(rest[0])
        except Exception as error:  # noqa: BLE001  shown on the cards; the next call tries again
            for track in rest:
                track.unsaved = f"not in the ledger yet: {error}"

    async def _write(self, track: Track) -> None:
        """Write `track`, and in the same breath, with one wait for the disk, every other that has come up meanwhile."""
        self._to_write[track] = None
        async with self._writing:
            if track not in self._to_write:
                return  # written along with another
            batch, self._to_write = list(self._to_write), {}
            entries = [one.entry() for one in batch]
            for one in batch:
                one.dirty = False
            try:
                await self._ledger.on_thread(self._ledger.save, *entries)
            except Exception:
                # Each of the others finds out for itself.
                self._to_write.update(dict.fromkeys(one for one in batch if one is not track))
                raise
            finally:  # where the wait was cancelled, too: the ledger's thread carries it out
                if not isinstance(sys.exception(), Exception):
                    for one, (_, events) in zip(batch, entries, strict=True):
                        one.saved(len(events))
