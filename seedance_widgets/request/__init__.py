"""WHAT is asked: the request, its images, what is wrong with it and what it will cost."""

from seedance_widgets.request.check import Problem, check
from seedance_widgets.request.estimate import Estimate, estimate
from seedance_widgets.request.images import Image, ImageFacts
from seedance_widgets.request.model import VideoRequest

__all__ = ["Estimate", "Image", "ImageFacts", "Problem", "VideoRequest", "check", "estimate"]
