"""The programs that `benchmarks.ingest` compares; each prints its seconds and files as JSON."""

import hashlib
import json
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pydicom
import SimpleITK

from benchmarks.result import cpu_seconds
from cinemyo import tables
from cinemyo.deid.keys import load_key
from cinemyo.deid.pseudonyms import KeyedDigest
from cinemyo.layout import Layout
from cinemyo.sources.base import Exclusion, Part
from cinemyo.sources.building import Builder
from cinemyo.sources.dicom import DicomReader
from cinemyo.sources.dicom_patients import Grouper
from cinemyo.sources.dicom_spool import HeaderReader, HeaderSpool
from cinemyo.sources.files import count_refs, files_under, refs_under
from cinemyo.sources.finished import Finished
from cinemyo.sources.ingest import ingest

KEY = load_key("published")
_ROW = {"file": 32 * "0", "digest": 64 * "0", "bytes": 0, "cine_id": None, "code": "none"}


def read_bytes(root: Path, out: Path, workers: int) -> dict[str, Any]:
    """(a) Every byte of every file."""
    return {"files": sum(1 for path in files_under(root) if path.read_bytes())}


def read_by_pydicom(root: Path, out: Path, workers: int) -> dict[str, Any]:
    """(b) Every image as an array."""
    return {"files": sum(1 for path in files_under(root) if pydicom.dcmread(path).pixel_array.size)}


def read_by_simpleitk(root: Path, out: Path, workers: int) -> dict[str, Any]:
    """(c) Every series as a volume."""
    files = 0
    for folder in sorted(path for path in root.iterdir() if path.is_dir()):
        for series in SimpleITK.ImageSeriesReader.GetGDCMSeriesIDs(str(folder)):
            reader = SimpleITK.ImageSeriesReader()
            reader.SetFileNames(SimpleITK.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder), series))
            files += reader.Execute().GetDepth()
    return {"files": files}


def run_ingest(root: Path, out: Path, workers: int) -> dict[str, Any]:
    """All that ingest does."""
    reader = DicomReader(root, key=KEY, workers=workers)
    found = count_refs(root)
    ingest(reader, layout=Layout("bench", out), key=KEY, found=found, workers=workers)
    return {"files": found}


def profile(root: Path, out: Path, workers: int) -> dict[str, Any]:
    """Where the time goes, one step after the other in one process; ms for a file."""
    refs = list(refs_under(root))
    contents = [ref.path.read_bytes() for ref in refs[:300]]
    reader, spool = HeaderReader(root, KEY), HeaderSpool()
    split: dict[str, float] = {}
    split["read bytes"] = _timed(lambda: [ref.path.read_bytes() for ref in refs])
    scale = len(refs) / len(contents)
    split["of it hash of the bytes"] = scale * _timed(lambda: [_keyed(content) for content in contents])
    split["of it hash of the pixels"] = scale * _timed(lambda: [hashlib.sha256(c).digest() for c in contents])
    split["headers"] = _timed(lambda: [spool.add(facts) for facts in reader(tuple(refs))[1]])
    parts: list[Part] = []
    source = DicomReader(root, key=KEY)
    grouper = Grouper(key=KEY, min_phases=source.min_phases, max_phases=source.max_phases, truth=source.truth)
    split["grouping"] = _timed(lambda: parts.extend(_parts(grouper, spool)))
    with tempfile.TemporaryDirectory() as work:
        builder = Builder(Finished(Path(work)), KEY)
        split["pixels, images, rows"] = _timed(lambda: [builder(part) for part in parts])
    split["of it pixels"] = _timed(lambda: [list(part.build(key=KEY)) for part in parts])
    return {"files": len(refs), "split": {name: round(1000 * s / len(refs), 4) for name, s in split.items()}}


def _parts(grouper: Grouper, spool: HeaderSpool) -> list[Part]:
    # in this process: what the reader starts for it is not in this one's time
    return [item for packed in spool.patients() for item in grouper(packed) if not isinstance(item, Exclusion)]


def _keyed(content: bytes) -> str:
    digest = KeyedDigest(key=KEY)
    digest.update(content)
    return digest.hexdigest()


def _timed(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


PROGRAMS: dict[str, Callable[[Path, Path, int], dict[str, Any]]] = {
    "bytes": read_bytes,
    "pydicom": read_by_pydicom,
    "simpleitk": read_by_simpleitk,
    "ingest": run_ingest,
    "profile": profile,
}


def main() -> None:
    """Runs the program that is named, and prints what it took."""
    name, root, out, workers, cores = sys.argv[1:6]
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: int(cores)])
    SimpleITK.ProcessObject.SetGlobalWarningDisplay(False)
    warnings.simplefilter("ignore")
    # a table without rows is not handed to pandera, which would then be imported while the time runs
    tables.check(tables.from_rows([_ROW], table=tables.SOURCES), table=tables.SOURCES, where="imports")
    start, cpu = time.perf_counter(), cpu_seconds()
    figures = PROGRAMS[name](Path(root), Path(out), int(workers))
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": round(seconds, 3), "cpu_seconds": round(cpu_seconds() - cpu, 3), **figures}))


if __name__ == "__main__":
    main()
