"""Shots in order, each starting where the one before ends, joined to one film."""

from seedance_widgets.storyboard.join import join
from seedance_widgets.storyboard.shots import Shot
from seedance_widgets.storyboard.storyboard import Storyboard

__all__ = ["Shot", "Storyboard", "join"]
