"""Our own beating hearts, written as DICOM with invented identities."""

from cinemyo.sources.phantom.export import generate

__all__ = ["generate"]
