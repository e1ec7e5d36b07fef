"""The tiny study, built once."""

from tests.tiny_study import found, tiny

__all__ = ["found", "tiny"]
