"""DICOM files parsed, changed in any way, however wrong, and written again."""

import warnings
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pydicom
from pydicom import Dataset
from pydicom.dataelem import RawDataElement
from pydicom.tag import Tag

from cinemyo.deid.decoding import quiet
from tests.fuzz.draft import Draft, Pixels


def is_bomb(content: bytes) -> bool:
    """Whether it is one of ours, which pydicom would unfold."""
    return len(content) > 100_000 and b"1.2.840.10008.1.2.1.99" in content[:1000]


def parsed(content: bytes) -> Dataset | None:
    """The whole data set, or None."""
    if is_bomb(content):
        return None
    try:
        with quiet():
            dataset = pydicom.dcmread(BytesIO(content), force=True)
            return dataset if len(dataset) else None
    except Exception:
        return None


def written(dataset: Dataset) -> bytes | None:
    """A data set as bytes, however wrong it is; None where pydicom cannot."""
    stream = BytesIO()
    try:
        with quiet(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if "TransferSyntaxUID" in dataset.file_meta:
                pydicom.dcmwrite(stream, dataset, enforce_file_format=False)
            else:
                dataset.save_as(stream, implicit_vr=True, little_endian=True)
    except Exception:
        return None
    return stream.getvalue()


def raw(dataset: Dataset, keyword: str, value: bytes, *, vr: str | None = None) -> None:
    """Puts bytes under a keyword as they are, whatever its VR allows."""
    tag = Tag(keyword)
    code = vr or pydicom.datadict.dictionary_VR(tag).split(" or ")[0]
    implicit, little = dataset.original_encoding
    padded = value + b" " * (len(value) % 2)
    code = "UN" if len(padded) > 0xFFFE and code not in ("OB", "OW", "UN", "UT", "UC", "UR") else code
    dataset[tag] = RawDataElement(tag, code, len(padded), padded, 0, bool(implicit), bool(little))


def edited(draft: Draft, name: str, change: Callable[[Dataset], Any], *, pixels: Pixels) -> bool:
    """Parses a file, changes it, and puts it back; False where that cannot be."""
    dataset = parsed(draft.files[name])
    if dataset is None:
        return False
    try:
        with quiet(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            change(dataset)
    except (AttributeError, KeyError, ValueError, TypeError, IndexError, OverflowError, NotImplementedError):
        return False
    content = written(dataset)
    if content is None:
        return False
    draft.replace(name, content, pixels=pixels)
    return True
