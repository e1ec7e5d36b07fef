"""Folders of undamaged files that the fuzzer damages: tiny phantoms always, real files where they lie beside."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from io import BytesIO
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import pydicom
from PIL import Image
from pydicom import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
)

from cinemyo.config import PhantomCohort
from cinemyo.deid.decoding import quiet
from cinemyo.sources.phantom.export import generate
from tests.fuzz.enhanced import enhanced_object, two_slices
from tests.fuzz.readers import RELEASES, collected, written
from tests.fuzz.zips import zipped
from tests.shared import ACDC, ACDC_CINE, EDGE, SUNNYBROOK
from tests.sources import release
from tests.sources.dicom_files import mr_image, set_pixels

CANARY: Final = "Zykqanary"
"""Stands in every identity of the phantoms; nothing that leaves a reader may hold it."""

Family = Literal["dicom", "nifti", "zip"]
Files = dict[str, bytes]


@dataclass(frozen=True)
class Base:
    """Undamaged files by name below the root, and of which formats they are."""

    name: str
    family: Family
    files: Files

    @property
    def kind(self) -> str:
        """Which reader they are for: a release's, `acdc`, or `dicom`."""
        return self.name if self.name in RELEASES else "acdc" if self.family == "nifti" else "dicom"


def base(name: str) -> Base:
    """The folder of that name, built or read once a process."""
    return _built(name)


def names() -> list[str]:
    """All bases that can be had here; phantoms first, whatever lies beside the project."""
    return [*PHANTOMS, *real_names()]


@cache
def real_names() -> list[str]:
    """Bases made of real files."""
    found = [f"sunnybrook/{patient.name}/{n}" for patient in sorted(SUNNYBROOK.glob("SCD*")) for n in range(12)]
    found += [f"sunnybrook/{folder.name}" for folder in sorted(SUNNYBROOK.glob("localizer_*"))]
    found += [f"edge/{path.stem}" for path in sorted(EDGE.glob("*.dcm"))]
    found += [f"acdc/{folder.name}" for folder in sorted(ACDC.glob("patient*"))[:10]]
    return found + [f"acdc_cine/{folder.name}" for folder in sorted(ACDC_CINE.glob("patient*"))[:2]]


@cache
def _built(name: str) -> Base:
    if name in PHANTOMS:
        family, make = PHANTOMS[name]
        with quiet():
            return Base(name, family, make())
    kind, _, rest = name.partition("/")
    return replace(_REAL[kind](rest), name=name)


def _named(image: Dataset) -> Dataset:
    """An image under an identity that can be searched for."""
    image.PatientID, image.PatientName = f"{CANARY}7041", f"{CANARY}^Ada"
    image.InstitutionName, image.AccessionNumber = f"{CANARY} Clinic", f"{CANARY}99"
    image.OperatorsName = f"{CANARY}^Op"
    return image


def _cine(edit: Callable[[Dataset], Any] = _named, *, phases: int = 10, **facts: Any) -> Callable[[], Files]:
    """A maker of one cine of tiny classic images; `edit` changes each or gives its bytes."""

    def make() -> Files:
        files = {}
        for phase in range(phases):
            image = _named(mr_image(phase=phase, phases=phases, **facts))
            made = edit(image)
            files[f"im{phase:03d}.dcm"] = made if isinstance(made, bytes) else to_bytes(image)
        return files

    return make


def to_bytes(image: Dataset, *, little: bool = True, implicit: bool = False) -> bytes:
    """The data set as a DICOM file."""
    stream = BytesIO()
    plain = "TransferSyntaxUID" not in image.file_meta
    if plain:
        image.save_as(stream, implicit_vr=implicit, little_endian=little)
    else:
        image.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def _compressed(syntax: str) -> Callable[[Dataset], Any]:
    def edit(image: Dataset) -> None:
        image.compress(syntax, generate_instance_uid=False)

    return edit


def _as_syntax(syntax: str) -> Callable[[Dataset], Any]:
    def edit(image: Dataset) -> None:
        if syntax == ExplicitVRBigEndian:
            image.PixelData = image.pixel_array.astype(">u2").tobytes()
        image.file_meta.TransferSyntaxUID = syntax

    return edit


def _jpeg(image: Dataset) -> None:
    values = (image.pixel_array >> 4).astype(np.uint8)
    set_pixels(image, values.astype(np.uint16), stored_bits=8)
    stream = BytesIO()
    Image.fromarray(values).save(stream, "JPEG", quality=95)
    image.BitsAllocated, image.PixelData = 8, encapsulate([stream.getvalue()])
    image.file_meta.TransferSyntaxUID, image.LossyImageCompression = JPEGBaseline8Bit, "01"


def _bare(image: Dataset) -> bytes:
    """Without preamble and file meta."""
    stream = BytesIO()
    del image.file_meta
    image.save_as(stream, implicit_vr=True, little_endian=True)
    return stream.getvalue()


def _rich(image: Dataset) -> None:
    """Signed, MONOCHROME1, rescaled, padded, with private, nested and overlay elements."""
    values = image.pixel_array.astype(np.int16) - 2048
    values[:2] = -2000
    set_pixels(image, values)
    image.PhotometricInterpretation = "MONOCHROME1"
    image.RescaleSlope, image.RescaleIntercept, image.PixelPaddingValue = "1.5", "-10", -2000
    block = image.private_block(0x0009, CANARY, create=True)
    block.add_new(1, "LO", CANARY)
    inner, outer = Dataset(), Dataset()
    inner.CodeValue, inner.CodeMeaning = "1", CANARY
    outer.ReferencedSOPInstanceUID, outer.PurposeOfReferenceCodeSequence = "1.2.3", [inner]
    image.ReferencedImageSequence = [outer, outer]
    image.add_new(0x60000010, "US", 24)
    image.add_new(0x60003000, "OW", bytes(60))


def _mixed_stack() -> Files:
    """Two slices of one series, a repeat of one of them and a scout, in folders."""
    files: Files = {}
    for height, seed, folder in ((0.0, 0, "a"), (10.0, 1, "a"), (10.0, 2, "b/c")):
        for phase in range(9):
            image = _named(mr_image(phase=phase, phases=9, z_mm=height, seed=seed))
            image.AcquisitionTime = f"10{17 + seed}30"
            files[f"{folder}/{seed}{phase}.dcm"] = to_bytes(image)
    scout = _named(mr_image(series=2, seed=9))
    scout.SeriesDescription = "localizer"
    return {**files, "scout": to_bytes(scout)}


def _exported() -> Files:
    cohort = PhantomCohort(patients=1, seed=3, matrix=64, phases=10, field_of_view_mm=300, max_cines=1)
    return {
        name.removeprefix("dicom/"): content
        for name, content in written(lambda folder: generate(cohort, out=folder)).items()
        if name.startswith("dicom/")
    }


def _enhanced(slices: Sequence[float], **facts: Any) -> Callable[[], Files]:
    def make() -> Files:
        image = _named(enhanced_object(slices, **facts))
        return {"enhanced.dcm": to_bytes(image), "scout.dcm": to_bytes(_named(mr_image(series=5)))}

    return make


def _release(kind: str) -> Callable[[], Files]:
    def write(folder: Path) -> None:
        patient = release.write_patient(folder, "patient001", masks=kind != "plain")
        release.write_patient(folder, "patient002", group="DCM")
        if kind != "pair":
            release.add_series(patient)
        if kind == "plain":
            for path in sorted(patient.glob("*.nii.gz")):
                release.save(path.with_suffix(""), release.voxels(3))
                path.unlink()
            release.save(patient / "patient001_4d.nii", np.stack([release.voxels(k) for k in range(1, 6)], axis=-1))

    return lambda: written(write)


PHANTOMS: Final[dict[str, tuple[Family, Callable[[], Files]]]] = {
    "explicit": ("dicom", _cine()),
    "implicit": ("dicom", _cine(_as_syntax(ImplicitVRLittleEndian))),
    "big_endian": ("dicom", _cine(_as_syntax(ExplicitVRBigEndian))),
    "deflated": ("dicom", _cine(_as_syntax(DeflatedExplicitVRLittleEndian))),
    "bare": ("dicom", _cine(_bare)),
    "rich": ("dicom", _cine(_rich)),
    "rle": ("dicom", _cine(_compressed(RLELossless))),
    "jpeg_ls": ("dicom", _cine(_compressed(JPEGLSLossless))),
    "jpeg_2000": ("dicom", _cine(_compressed(JPEG2000Lossless), rows=64, columns=64)),
    "jpeg": ("dicom", _cine(_jpeg)),
    "mixed_stack": ("dicom", _mixed_stack),
    "exported": ("dicom", _exported),
    "enhanced": ("dicom", _enhanced([0.0])),
    "enhanced_stack": ("dicom", _enhanced(two_slices(), slope=1.5)),
    "enhanced_rle": ("dicom", lambda: _enhanced_rle()),
    "zip": ("zip", lambda: {"export.zip": zipped(base("explicit").files), "more/x.ZIP": _two_zips()}),
    **{kind: ("dicom" if kind == "contours" else "nifti", partial(written, write)) for kind, write in RELEASES.items()},
    "acdc_pair": ("nifti", _release("pair")),
    "acdc_series": ("nifti", _release("series")),
    "acdc_plain": ("nifti", _release("plain")),
}


def _two_zips() -> bytes:
    """An archive of one image and an archive."""
    scout = to_bytes(_named(mr_image(series=7)))
    return zipped({"inner.zip": zipped({"d/scout.dcm": scout}), "scout.dcm": to_bytes(_named(mr_image(series=8)))})


def _enhanced_rle() -> Files:
    image = _named(enhanced_object([0.0]))
    image.compress(RLELossless, generate_instance_uid=False)
    return {"enhanced.dcm": to_bytes(image)}


@cache
def _sunnybrook_slices(patient: str) -> dict[int, Files]:
    """The files of each slice, 20 phases each, by InstanceNumber."""
    slices: dict[int, Files] = {}
    with quiet():
        for path in sorted((SUNNYBROOK / patient).glob("*.dcm")):
            number = int(pydicom.dcmread(path, specific_tags=["InstanceNumber"]).InstanceNumber)
            slices.setdefault((number - 1) // 20, {})[path.name] = path.read_bytes()
    return slices


def _sunnybrook(rest: str) -> Base:
    patient, _, number = rest.partition("/")
    files = _sunnybrook_slices(patient)[int(number)] if number else collected(SUNNYBROOK / patient)
    return Base("", "dicom", files)


def _edge(stem: str) -> Base:
    """One edge file beside a phantom cine that must stay as it is."""
    return Base("", "dicom", {**base("explicit").files, f"{stem}.dcm": (EDGE / f"{stem}.dcm").read_bytes()})


def _acdc(root: Path) -> Callable[[str], Base]:
    def read(patient: str) -> Base:
        files = {f"{patient}/{name}": content for name, content in collected(root / patient).items()}
        info = f"{patient}/Info.cfg"
        return Base("", "nifti", {info: b"ED: 1\nES: 10\nGroup: NOR\n", **files})

    return read


_REAL: Final[dict[str, Callable[[str], Base]]] = {
    "sunnybrook": _sunnybrook,
    "edge": _edge,
    "acdc": _acdc(ACDC),
    "acdc_cine": _acdc(ACDC_CINE),
}
