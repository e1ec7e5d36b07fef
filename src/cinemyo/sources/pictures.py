"""Pixels of an image file of any kind that a split table may name, as they are stored."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
import pydicom
import SimpleITK
from jaxtyping import Num
from PIL import Image

from cinemyo.deid.decoding import quiet, stored_values
from cinemyo.errors import SourceError
from cinemyo.sources.nifti_bytes import load

Reader = Callable[[Path], Num[np.ndarray, "*axes"]]
MOST_PIXELS: Final = 400_000_000
"""Of one file, all its frames together."""


def read_picture(path: Path) -> Num[np.ndarray, "... y x"]:
    """Stored gray values of DICOM, NIfTI, MetaImage, NumPy, TIFF, PNG or JPEG: rows and columns are the last two axes.

    Colours become their luminance. Rescaling, window and header play no part: what is compared is what was recorded.

    Raises:
        SourceError: no such file, a kind that is not read, or pixels that cannot be decoded.
    """
    try:
        values = np.squeeze(_reader(path)(path))
    except FileNotFoundError:
        raise _fault(path, "no file", "correct the column of images, or say --root") from None
    except Exception as error:  # decoders raise whatever they like
        raise _fault(path, f"pixels that cannot be read ({type(error).__name__})", "check the file") from None
    if values.ndim < 2 or values.size == 0 or values.dtype.kind not in "biuf":
        raise _fault(path, f"values of shape {values.shape}", "name files of one gray image or stack each")
    return values


def _reader(path: Path) -> Reader:
    name = path.name.lower()
    return next((reader for ending, reader in READERS.items() if name.endswith(ending)), _dicom)


def _dicom(path: Path) -> Num[np.ndarray, "*axes"]:
    with quiet():
        dataset = pydicom.dcmread(path, force=True)
        values = stored_values(dataset)
    return _gray(values) if dataset.get("SamplesPerPixel") == 3 else values


def _nifti(path: Path) -> Num[np.ndarray, "*axes"]:
    """The file's first axis becomes the columns and its second the rows."""
    found: Num[np.ndarray, "*axes"] = np.asanyarray(load(path).dataobj.get_unscaled()).T
    return found


def _meta(path: Path) -> Num[np.ndarray, "*axes"]:
    found: Num[np.ndarray, "*axes"] = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path), imageIO="MetaImageIO"))
    return found


def _numpy(path: Path) -> Num[np.ndarray, "*axes"]:
    found: Num[np.ndarray, "*axes"] = np.load(path, allow_pickle=False)
    return found


def _pillow(path: Path) -> Num[np.ndarray, "*axes"]:
    """All pages of a file."""
    with Image.open(path) as image:
        pages = []
        for page in range(getattr(image, "n_frames", 1)):
            image.seek(page)
            if image.width * image.height * (page + 1) > MOST_PIXELS:
                raise ValueError("too large")
            gray = image.convert("L") if image.mode in {"RGB", "RGBA", "P", "CMYK", "YCbCr", "LA"} else image
            pages.append(np.asarray(gray))
    return np.stack(pages)


def _gray(values: Num[np.ndarray, "... y x 3"]) -> Num[np.ndarray, "... y x"]:
    """Luminance of ITU-R BT.601, as Pillow has it."""
    found: Num[np.ndarray, "... y x"] = values @ np.array([0.299, 0.587, 0.114])
    return found


def _fault(path: Path, got: str, remedy: str) -> SourceError:
    return SourceError(path.name, expected="an image", got=got, remedy=remedy)


READERS: Final[dict[str, Reader]] = {
    ".nii": _nifti,
    ".nii.gz": _nifti,
    ".mha": _meta,
    ".mhd": _meta,
    ".npy": _numpy,
    **dict.fromkeys((".png", ".tif", ".tiff", ".jpg", ".jpeg", ".bmp"), _pillow),
}
"""By the ending of a name; every other file is taken for DICOM."""
