"""What must hold after any folder was read: every file is in its place, and every frame used is a frame of a file."""

import os
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from cinemyo import tables
from cinemyo.deid.keys import load_key
from cinemyo.deid.pseudonyms import keyed_hash
from cinemyo.errors import SourceError
from cinemyo.sources.base import Cine, Exclusion, read
from tests.fuzz.bases import CANARY
from tests.fuzz.case import Case, lay, regular_files
from tests.fuzz.frames import DefectError, check_frames, equal
from tests.fuzz.memory import peak_bytes, reset_peak
from tests.fuzz.readers import reader_of
from tests.fuzz.reference import PLUGINS, Reference, dicom_facts, dicom_frames, nifti_frames
from tests.fuzz.zips import members_of

_SPARSE: Final = 1 << 27
_BEGINNING: Final = 1 << 23
_FITTING: Final[set[str]] = set()
"""Rows that the table has taken before."""


@dataclass(frozen=True)
class Outcome:
    """What became of the files: number of files by `used` or by code, of frames used, and what the reading took.

    Seconds are the processor's, so that a machine that others use too tells the same.
    """

    files: dict[str, int]
    frames: int
    seconds: float = 0.0
    peak_bytes: int = 0


def examine(case: Case) -> Outcome:
    """Reads the folder of a case and judges what came out.

    Raises:
        DefectError: a file lost or counted twice, a frame that no file holds, or a word of an identity.
        Exception: whatever the reader raised.
    """
    with tempfile.TemporaryDirectory(prefix="fuzz-", dir=_fast()) as folder:
        root = Path(folder) / "inner" / "root"
        root.mkdir(parents=True)
        lay(case, root)
        reset_peak()
        began = time.process_time()
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            items = read_all(case, root)
        seconds, peak = time.process_time() - began, peak_bytes()
        if items is None:
            return Outcome({"stopped": len(case.files)}, 0, seconds, peak)
        return replace(judge(case, root, items), seconds=seconds, peak_bytes=peak)


def read_all(case: Case, root: Path) -> list[Cine | Exclusion] | None:
    """What the reader makes of a folder; None where there is nothing to read, or no sheet of a release."""
    key, source = load_key("published"), reader_of(case.base.kind, root)
    try:
        return list(read(source, key=key))
    except SourceError as error:
        if "sheet" in str(error) or not regular_files(root):
            return None
        raise


def judge(case: Case, root: Path, items: Sequence[Cine | Exclusion]) -> Outcome:
    """The account of files and frames.

    Raises:
        DefectError: see `examine`.
    """
    paths = {_code(name): name for name in regular_files(root)}
    archives = [name for name in paths.values() if name.lower().endswith(".zip")]
    members = {_code(f"{outer}!{name}"): f"{outer}!{name}" for outer in archives for name in _members(root, outer)}
    paths |= members
    cines = [item for item in items if isinstance(item, Cine)]
    excluded = [item for item in items if isinstance(item, Exclusion)]
    account = _accounted(case, paths, cines, excluded)
    for cine in cines:
        if case.family == "nifti":
            _nifti_frames_hold(case, root, cine, paths)
            continue
        images = tuple(file for file in cine.files if not _is_text(case, paths[file.file]))
        _frames_hold(case, root, replace(cine, files=images), paths)
        _facts_hold(root, replace(cine, files=images), paths)
    _no_identity(cines, excluded, paths if case.family == "dicom" else {})
    _fit_tables(cines)
    return Outcome(dict(account), sum(len(cine.frames) for cine in cines))


def _accounted(case: Case, paths: dict[str, str], cines: Sequence[Cine], excluded: Sequence[Exclusion]) -> Counter[str]:
    """Files by what became of them; members of archives that were opened are files too."""
    used = Counter(file.file for cine in cines for file in {file.file: file for file in cine.files}.values())
    codes = list(dict.fromkeys((file.file, item.code) for item in excluded for file in item.files))
    left = Counter(file for file, _ in codes)
    opened = {paths[file] for file, code in codes if code == "archive" and file in paths}
    must = {file: name for file, name in paths.items() if "!" not in name or name.rpartition("!")[0] in opened}
    lost = [name for file, name in must.items() if file not in used and file not in left]
    if lost:
        raise DefectError(f"{len(lost)} files lost, such as {lost[0]!r}")
    crashed = [item.reason for item in excluded if item.code in ("reader_crashed", "reader_timeout")]
    if crashed:
        raise DefectError(f"a reader's fault: {crashed[0]}")
    unknown = (set(used) | set(left)) - set(paths)
    if unknown and case.family != "zip":
        raise DefectError(f"{len(unknown)} files that are not there")
    twice = [paths[file] for file in paths if used[file] + left[file] > 1 and not _of_many(case, paths[file])]
    if twice:
        raise DefectError(f"counted twice: {twice[0]!r}")
    account = Counter({file: code for file, code in reversed(codes) if file not in used}.values())
    account["used"] = len(used)
    return account


def _is_text(case: Case, name: str) -> bool:
    """Whether it was the sheet or a contour of a release."""
    return case.origin.get(name, name).endswith((".csv", ".txt"))


def _of_many(case: Case, name: str) -> bool:
    """Whether a file may serve several cines: a stack, or an object of several frames."""
    return (
        case.family != "dicom"
        or case.base.kind != "dicom"
        or b"\x28\x00\x08\x00" in case.files.get(name, b"")[:1_000_000]
    )


def _frames_hold(case: Case, root: Path, cine: Cine, paths: dict[str, str]) -> None:
    """Each frame of a cine is one frame of one of its files, none twice.

    Raises:
        DefectError: a frame that was repaired, repeated, made up, or changed without a reason.
    """
    names = list(dict.fromkeys(paths[file.file] for file in cine.files))
    faults = []
    for plugin in PLUGINS:
        try:
            check_frames(cine, names, [_reference(case, root, name, plugin=plugin) for name in names])
        except DefectError as fault:
            faults.append(fault)
        else:
            return
    raise faults[0]


def _facts_hold(root: Path, cine: Cine, paths: dict[str, str]) -> None:
    """Spacing, plane and times are those that the files state.

    Raises:
        DefectError: others.
    """
    names = [paths[file.file] for file in cine.files]
    found = [dicom_facts(_bytes(root, name)) for name in names]
    if len(names) != len(cine.frames) or any(facts is None or facts.frames > 1 for facts in found):
        return
    first = found[0]
    stated = (*first.spacing, *first.orientation, *first.position)
    read_as = (cine.row_spacing_mm, cine.column_spacing_mm, *cine.column_cosine, *cine.row_cosine, *cine.position)
    if len(stated) != len(read_as) or not np.allclose(stated, read_as, rtol=1e-6, atol=1e-9):
        raise DefectError(f"geometry of other values than the file: {names[0]!r}")
    if cine.phase_key == "trigger_time" and [facts.trigger_ms for facts in found] != list(cine.trigger_ms or ()):
        raise DefectError(f"times of other values than the files: {names[0]!r}")


def _reference(case: Case, root: Path, name: str, *, plugin: str) -> Reference | None:
    """What this file may show: the frames of the base where the damage left no others, else what its bytes hold.

    Where pydicom cannot read them, the reader may know better, if it shows the frames of the base.
    """
    original = case.original(name)
    known = None if original is None else dicom_frames(original)
    if case.pixels.get(name, "kept") == "kept" and original is not None:
        return known
    return dicom_frames(_bytes(root, name), plugin=plugin) or known


def _code(name: str) -> str:
    return keyed_hash(os.fsencode(name), key=load_key("published"))[:32]


def _bytes(root: Path, name: str) -> bytes:
    """What a file or a member of an archive holds; the beginning of a giant."""
    outer, inside, member = name.partition("!")
    if inside and (root / outer).is_file():
        return _members(root, outer)[member]
    with (root / name).open("rb") as file:
        return file.read(_BEGINNING if (root / name).stat().st_size > _SPARSE else -1)


def _members(root: Path, outer: str) -> dict[str, bytes]:
    """Members by the names that the reader gives them, those of an inner archive with its own before them."""
    if (root / outer).stat().st_size > _SPARSE:
        return {}
    found = members_of((root / outer).read_bytes())
    inner = {f"{name}!{deep}": content for name, packed in found.items() for deep, content in _inner(name, packed)}
    return {**found, **inner}


def _inner(name: str, packed: bytes) -> Iterator[tuple[str, bytes]]:
    if name.lower().endswith(".zip"):
        yield from members_of(packed).items()


def _nifti_frames_hold(case: Case, root: Path, cine: Cine, paths: dict[str, str]) -> None:
    names = [paths[file.file] for file in cine.files if ".nii" in Path(paths[file.file]).name.lower()]
    volumes = {name: _volume(case, root, name) for name in names}
    if case.base.kind == "acdc":
        images = [name for name in names if "_gt" not in Path(name).name]
        found = [volumes[name] for name in images]
        held = all(volume is not None for volume in found) and equal(
            cine.frames, np.concatenate([volume for volume in found if volume is not None])[:, cine.slice_number - 1]
        )
    else:  # these readers turn a stack to how it is shown, and choose its first slice
        turned = [
            np.rot90(frames, k, axes=(1, 2)) for frames in (cine.frames, cine.frames[:, :, ::-1]) for k in range(4)
        ]
        known = [volume for volume in volumes.values() if volume is not None]
        singles = [volume for volume in known if len(volume) == 1]
        pairs = [np.concatenate([a, b]) for a in singles for b in singles if a.shape == b.shape]
        slices = [volume[:, z] for volume in (*known, *pairs) for z in range(volume.shape[1])]
        held = any(equal(shown, expected) for shown in turned for expected in slices)
    if not held:
        raise DefectError(f"frames of other values than the file: {names[0]!r}")


def _volume(case: Case, root: Path, name: str) -> np.ndarray[Any, Any] | None:
    original = case.original(name)
    kept = original is not None and case.pixels.get(name, "kept") == "kept"
    content = original if kept and original is not None else (root / name).read_bytes()
    return nifti_frames(content, packed=name.lower().endswith(".gz"))


def _no_identity(cines: Sequence[Cine], excluded: Sequence[Exclusion], paths: dict[str, str]) -> None:
    words = " ".join(
        [repr(item) for item in excluded]
        + [
            repr({name: value for name, value in vars(cine).items() if name not in ("frames", "mask", "carried")})
            for cine in cines
        ]
    )
    if CANARY.lower() in words.lower():
        raise DefectError("a word of an identity in what a reader gave")
    for name in paths.values():
        stem = Path(name).name
        if len(stem) > 5 and stem in words:
            raise DefectError("a file name in what a reader gave")


def _fit_tables(cines: Sequence[Cine]) -> None:
    """Nothing that a file says breaks the table of the cines.

    Raises:
        TableError: a value out of range.
    """
    new = {repr(row): row for row in map(_row, cines) if repr(row) not in _FITTING}
    if new:
        tables.check(tables.from_rows(list(new.values()), table=tables.CINES), table=tables.CINES, where="cines")
        _FITTING.update(new)


def _row(cine: Cine) -> dict[str, Any]:
    own = {name: getattr(cine, name) for name in tables.CINES.header if hasattr(cine, name)}
    for name in ("row_cosine", "column_cosine", "position"):
        own |= {f"{name}_{axis}": value for axis, value in zip("xyz", getattr(cine, name), strict=True)}
    times = cine.trigger_ms or (None,)
    n_frames, rows, columns = cine.frames.shape
    own |= {"n_frames": n_frames, "rows": rows, "columns": columns, "digest": "0" * 64}
    return own | {"trigger_start_ms": times[0], "trigger_end_ms": times[-1]}


def _fast() -> str | None:
    """A folder in memory, where there is one."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None
