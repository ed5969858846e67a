"""StudioBelow: a surface that puts a request into a Studio of its own, which stands below it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import traitlets
from ipywidgets import widget_serialization

from seedance_widgets.widgets.strings import text
from seedance_widgets.widgets.studio import Studio
from seedance_widgets.widgets.surface import Surface

if TYPE_CHECKING:
    from seedance_widgets.providers.base import Provider
    from seedance_widgets.request import VideoRequest


class StudioBelow(Surface):
    """The part that History and the grid of a sweep share.

    Attributes:
        studio: The Studio that holds the settings that were used again last; None before.
    """

    studio = traitlets.Instance(Studio, allow_none=True).tag(sync=True, **widget_serialization)

    _put: VideoRequest | None = None  # what it was given last

    def put_into_studio(self, request: VideoRequest, provider: Provider | None, *, replace: bool) -> dict[str, str]:
        """Open the Studio, or give the one that is open another request; asks first where its form was changed since.

        Args:
            request: What its form holds then.
            provider: Who makes the videos; None for the one that it has, at first `sw.provider()`.
            replace: The person has been asked, and has said yes.

        Returns:
            `words` that say what was done, or `changed`, the question.
        """
        if self.studio is None or self.studio.comm is None:
            self.studio = Studio(request, provider=provider, lang=self.lang)
        else:
            if not replace and self.studio.request not in (self._put, request):
                return {"changed": text(self.lang, "told.studio_changed")}
            if provider is not None and provider is not self.studio.provider:
                self.studio.provider = provider
            self.studio.request = request
        self._put = self.studio.request
        return {"words": text(self.lang, "told.in_studio")}
