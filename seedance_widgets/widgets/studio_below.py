"""StudioBelow: a surface that puts a request into a Studio of its own, which stands below it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import traitlets
from ipywidgets import widget_serialization

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

    def put_into_studio(self, request: VideoRequest, provider: Provider | None) -> None:
        """Open the Studio, or give the one that is open another request.

        Args:
            request: What its form holds then.
            provider: Who makes the videos; None for the one that it has, at first `sw.provider()`.
        """
        if self.studio is None or self.studio.comm is None:
            self.studio = Studio(request, provider=provider, lang=self.lang)
            return
        if provider is not None and provider is not self.studio.provider:
            self.studio.provider = provider
        self.studio.request = request
