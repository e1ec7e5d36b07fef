"""One patient's folder of the ACDC release: its annotation, its stack, its masks."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import UInt8

from cinemyo.sources.base import SourceFile
from cinemyo.sources.nifti import UnusableError, Volume, read_volume

ENDINGS: Final = (".nii.gz", ".nii")
_LARGEST_LABEL: Final = 3


@dataclass(frozen=True)
class Info:
    """Info.cfg: annotated frames from 1, and the group where it is stated."""

    diastole: int
    systole: int
    group: str | None


@dataclass(frozen=True)
class Folder:
    """One patient's folder: paths and source files by file name."""

    name: str
    paths: dict[str, Path]
    files: dict[str, SourceFile]

    def image(self, stem: str) -> str | None:
        """Name of the image with this stem, compressed or not."""
        return next((stem + ending for ending in ENDINGS if stem + ending in self.paths), None)


@dataclass(frozen=True)
class Masks:
    """Masks at diastole and systole, or the reason why those that are there cannot be used."""

    names: tuple[str, ...] = ()
    labels: UInt8[np.ndarray, "phase z y x"] | None = None
    fault: UnusableError | None = None


@dataclass(frozen=True)
class Stack:
    """A patient's usable stack with the names of the files it came from."""

    volume: Volume
    diastole_index: int
    systole_index: int
    phase_key: str
    names: tuple[str, ...]


def read_info(folder: Folder) -> Info:
    """What Info.cfg states.

    Raises:
        UnusableError: `no_info` or `bad_info`.
    """
    path = folder.paths.get("Info.cfg")
    if path is None:
        raise UnusableError("no_info", "the folder has no Info.cfg")
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    pairs = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    frames = [pairs.get("ED", ""), pairs.get("ES", "")]
    if not all(frame.isascii() and frame.isdecimal() and int(frame) >= 1 for frame in frames):
        raise UnusableError("bad_info", "Info.cfg states no frame numbers ED and ES")
    diastole, systole = map(int, frames)
    if diastole == systole:
        raise UnusableError("bad_info", "ED and ES are one frame in Info.cfg")
    return Info(diastole, systole, pairs.get("Group") or None)


def read_stack(folder: Folder, info: Info) -> Stack:
    """The stack of all phases where there is one, else of the two annotated ones.

    Raises:
        UnusableError: an image is missing or damaged, or the two phases do not belong together.
    """
    series = folder.image(f"{folder.name}_4d")
    if series is not None:
        volume = read_volume(folder.paths[series])
        if max(info.diastole, info.systole) > len(volume.voxels):
            raise UnusableError("frame_out_of_series", f"ED or ES lies beyond the {len(volume.voxels)} frames")
        return Stack(volume, info.diastole - 1, info.systole - 1, "frame_number", ("Info.cfg", series))
    names = [folder.image(f"{folder.name}_frame{frame:02d}") for frame in (info.diastole, info.systole)]
    found = [name for name in names if name is not None]
    if len(found) < len(names):
        raise UnusableError("missing_frame", "the image of ED or ES is not there")
    diastole, systole = (read_volume(folder.paths[name]) for name in found)
    if diastole.grid != systole.grid or len(diastole.voxels) != 1 or len(systole.voxels) != 1:
        raise UnusableError("frames_disagree", "ED and ES differ in size or spacing")
    voxels = np.concatenate([diastole.voxels, systole.voxels])
    pair = Volume(voxels, diastole.row_spacing_mm, diastole.column_spacing_mm, diastole.slice_spacing_mm)
    return Stack(pair, 0, 1, "annotated_pair", ("Info.cfg", *found))


def read_masks(folder: Folder, info: Info, volume: Volume) -> Masks:
    """The masks at diastole and systole where both are there and fit; a fault costs the masks, not the cines."""
    stems = [f"{folder.name}_frame{frame:02d}_gt" for frame in (info.diastole, info.systole)]
    names = tuple(name for stem in stems if (name := folder.image(stem)) is not None)
    if not names:
        return Masks()
    try:
        if len(names) < len(stems):
            raise UnusableError("mask_incomplete", "one of the masks of ED and ES is not there")
        return Masks(names, np.concatenate([_labels(folder.paths[name], volume) for name in names]))
    except UnusableError as fault:
        code = fault.code if fault.code.startswith("mask") else "mask_unreadable"
        return Masks(names, fault=UnusableError(code, fault.reason))


def _labels(path: Path, volume: Volume) -> UInt8[np.ndarray, "1 z y x"]:
    voxels = read_volume(path).voxels
    if voxels.shape != (1, *volume.voxels.shape[1:]):
        raise UnusableError("mask_shape", "the mask differs from its image in size")
    labels = np.clip(np.nan_to_num(voxels, nan=-1), -1, _LARGEST_LABEL + 1)
    whole: UInt8[np.ndarray, "1 z y x"] = np.maximum(labels, 0).astype(np.uint8)
    if labels.min() < 0 or labels.max() > _LARGEST_LABEL or not np.array_equal(whole, labels):
        raise UnusableError("mask_unknown_label", "the mask holds values other than 0 to 3")
    return whole
