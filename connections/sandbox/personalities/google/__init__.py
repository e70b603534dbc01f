"""Google Health."""

from .google import PERSONALITY

__all__ = ["PERSONALITY"]
