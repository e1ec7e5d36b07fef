"""A made-up release in ACDC's layout, a few pixels in size."""

from pathlib import Path

import nibabel
import numpy as np

from cinemyo.config import SliceRule
from cinemyo.deid.keys import load_key
from cinemyo.sources.acdc import AcdcReader
from cinemyo.sources.base import Cine, Exclusion
from cinemyo.sources.base import read as every

GROUPS = {"NOR": "normal", "HCM": "hcm", "DCM": "dcm"}
COLUMNS, ROWS, SLICES = 6, 5, 4
ZOOMS = (1.25, 1.5, 10.0)


def voxels(frame: int) -> np.ndarray:
    """(x, y, z): each voxel tells its place and frame: 1000 frame + 100 x + 10 y + z."""
    x, y, z = np.indices((COLUMNS, ROWS, SLICES))
    return (1000 * frame + 100 * x + 10 * y + z).astype(np.int16)


def labels(frame: int) -> np.ndarray:
    """(x, y, z): each voxel one of the four labels."""
    return (voxels(frame) % 4).astype(np.uint8)


def save(path: Path, values: np.ndarray, *, zooms: tuple[float, ...] = ZOOMS) -> None:
    """A NIfTI file whose affine is wrong, as the release's are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = nibabel.Nifti1Image(values, None)
    image.header.set_zooms((*zooms, 1.0)[: values.ndim])
    nibabel.save(image, path)


def write_patient(
    root: Path, name: str, *, group: str | None = "NOR", diastole: int = 1, systole: int = 4, masks: bool = True
) -> Path:
    """The folder of a patient with annotated frames and masks."""
    folder = root / name
    for frame in (diastole, systole):
        save(folder / f"{name}_frame{frame:02d}.nii.gz", voxels(frame))
        if masks:
            save(folder / f"{name}_frame{frame:02d}_gt.nii.gz", labels(frame))
    write_info(folder, group=group, diastole=diastole, systole=systole)
    return folder


def write_info(folder: Path, *, group: str | None = "NOR", diastole: int | str = 1, systole: int | str = 4) -> None:
    """Info.cfg as released."""
    lines = [f"ED: {diastole}", f"ES: {systole}", *([f"Group: {group}"] if group else []), "Height: 170.0"]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Info.cfg").write_text("\n".join(lines) + "\n")


def add_series(folder: Path, *, frames: int = 5) -> None:
    """The patient's 4-D file: frame k holds `voxels(k)`."""
    series = np.stack([voxels(frame) for frame in range(1, frames + 1)], axis=-1)
    save(folder / f"{folder.name}_4d.nii.gz", series)


def reader(root: Path, *, first: float = 0.0, last: float = 1.0, out_of_class: tuple[str, ...] = ()) -> AcdcReader:
    """A reader of the three groups, and of others without a pathology."""
    return AcdcReader(root, slices=SliceRule(first=first, last=last), groups=GROUPS, out_of_class=out_of_class)


def read(
    root: Path, *, first: float = 0.0, last: float = 1.0, out_of_class: tuple[str, ...] = ()
) -> tuple[list[Cine], list[Exclusion]]:
    """What a reader yields, cines apart from exclusions."""
    items = list(every(reader(root, first=first, last=last, out_of_class=out_of_class), key=load_key("published")))
    return [item for item in items if isinstance(item, Cine)], [item for item in items if isinstance(item, Exclusion)]
