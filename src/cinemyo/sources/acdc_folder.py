"""One patient's folder of the ACDC release: its annotation, its stack, its masks."""

import re
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from cinemyo.sources.nifti import UnusableError, Volume, read_volume
from cinemyo.sources.nifti_geometry import own_frame
from cinemyo.sources.nifti_masks import PROJECT_CODE, Masks
from cinemyo.sources.release import PatientFiles, pair_masks
from cinemyo.sources.stacks import Stack

_MOST_LETTERS: Final = 1 << 16
_FRAME: Final = re.compile(r"0*[1-9][0-9]{0,3}")
_GROUP: Final = re.compile(r"[A-Za-z0-9_]{0,16}")


@dataclass(frozen=True)
class Info:
    """Info.cfg: annotated frames from 1, and the group where it is stated."""

    diastole: int
    systole: int
    group: str | None


def read_info(folder: PatientFiles) -> Info:
    """What Info.cfg states.

    Raises:
        UnusableError: `no_info` or `bad_info`.
    """
    path = folder.paths.get("Info.cfg")
    if path is None:
        raise UnusableError("no_info", "the folder has no Info.cfg")
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            lines = file.read(_MOST_LETTERS).splitlines()
    except OSError:
        raise UnusableError("no_info", "Info.cfg cannot be read") from None
    pairs = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    frames = [pairs.get("ED", ""), pairs.get("ES", "")]
    if not all(_FRAME.fullmatch(frame) for frame in frames):
        raise UnusableError("bad_info", "Info.cfg states no frame numbers ED and ES")
    diastole, systole = map(int, frames)
    if diastole == systole:
        raise UnusableError("bad_info", "ED and ES are one frame in Info.cfg")
    group = pairs.get("Group", "")
    if not _GROUP.fullmatch(group):
        raise UnusableError("bad_info", "the group in Info.cfg is no word")
    return Info(diastole, systole, group or None)


def read_stack(folder: PatientFiles, info: Info) -> Stack:
    """The stack of all phases where there is one, else of the two annotated ones.

    Raises:
        UnusableError: an image is missing or damaged, or the two phases do not belong together.
    """
    series = folder.image(f"{folder.name}_4d")
    if series is not None:
        volume = replace(read_volume(folder.paths[series]), frame_ms=None)  # its headers state one second, or none
        if max(info.diastole, info.systole) > len(volume.voxels):
            raise UnusableError("frame_out_of_series", f"ED or ES lies beyond the {len(volume.voxels)} frames")
        return Stack(
            volume, own_frame(volume), info.diastole - 1, info.systole - 1, "frame_number", ("Info.cfg", series)
        )
    names = [folder.image(f"{folder.name}_frame{frame:02d}") for frame in (info.diastole, info.systole)]
    found = [name for name in names if name is not None]
    if len(found) < len(names):
        raise UnusableError("missing_frame", "the image of ED or ES is not there")
    diastole, systole = (read_volume(folder.paths[name]) for name in found)
    if diastole.grid != systole.grid or len(diastole.voxels) != 1 or len(systole.voxels) != 1:
        raise UnusableError("frames_disagree", "ED and ES differ in size or spacing")
    voxels = np.concatenate([diastole.voxels, systole.voxels])
    pair = Volume(voxels, diastole.row_spacing_mm, diastole.column_spacing_mm, diastole.slice_spacing_mm)
    return Stack(pair, own_frame(pair), 0, 1, "annotated_pair", ("Info.cfg", *found))


def read_masks(folder: PatientFiles, info: Info, volume: Volume) -> Masks:
    """The masks at diastole and systole where both are there and fit; a fault costs the masks, not the cines."""
    diastole, systole = (f"{folder.name}_frame{frame:02d}_gt" for frame in (info.diastole, info.systole))
    several = "the mask differs from its image in size"
    return pair_masks(folder, (diastole, systole), like=volume, code=PROJECT_CODE, several=several)
