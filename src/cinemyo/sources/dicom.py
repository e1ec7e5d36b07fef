"""Cines from a folder of MR DICOM, in any layout, in which every file is accounted for once."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from cinemyo.deid.keys import Key
from cinemyo.errors import SourceError
from cinemyo.sources.archives import FileRef
from cinemyo.sources.base import Exclusion, Part
from cinemyo.sources.dicom_patients import Grouper
from cinemyo.sources.dicom_spool import HeaderReader, HeaderSpool, Packed, read_all
from cinemyo.sources.files import refs_under
from cinemyo.sources.pool import Failure, Limits, in_order


@dataclass(frozen=True, kw_only=True)
class DicomReader:
    """A folder of DICOM files, those in zip archives among them, as a source of cines.

    Headers of all files are read first, in processes, and their facts spooled to disk; then patients come one after the
    other, so that memory holds the headers of a few and does not grow with their number.

    Source: domain.md A.2, A.3
    """

    root: Path = field(kw_only=False)
    key: Key = field(repr=False)
    min_phases: int = 8
    max_phases: int = 60
    truth: Path | None = None
    workers: int | None = None
    limits: Limits | None = None
    watch: Callable[[int], object] = lambda files: None
    """Told the number of new files while headers are read."""

    def parts(self) -> Iterator[Part | Exclusion]:
        """Exclusions of files without a header first, then by patient: exclusions, and a part for each position.

        Raises:
            SourceError: the folder is absent or holds no file.
        """
        refs = refs_under(self.root)
        first = next(refs, None)
        if first is None:
            raise SourceError(
                f"DICOM folder {self.root}",
                expected="DICOM files",
                got="an empty folder",
                remedy="point the source's root at the export (`make source ROOT=...`)",
            )
        return self._read(chain([first], refs))

    def _read(self, refs: Iterable[FileRef]) -> Iterator[Part | Exclusion]:
        spool = HeaderSpool()
        try:
            yield from read_all(
                refs,
                reader=HeaderReader(self.root, self.key),
                into=spool,
                workers=self.workers,
                limits=self.limits,
                watch=self.watch,
            )
            yield from self._grouped(spool)
        finally:
            spool.close()

    def _grouped(self, spool: HeaderSpool) -> Iterator[Part | Exclusion]:
        """The patients' exclusions and parts, grouped in processes where that is worth starting them."""
        grouper = Grouper(key=self.key, min_phases=self.min_phases, max_phases=self.max_phases, truth=self.truth)
        here = grouper if spool.is_small() else _nowhere
        grouped = in_order(grouper, spool.patients(), workers=self.workers, limits=self.limits, here=here)
        for packed, found in grouped:
            # no single file can be blamed: what ended a process is met again, and told, in this one
            yield from grouper(packed) if isinstance(found, Failure) else found


def _nowhere(packed: Packed) -> None:
    """Of no patient is the outcome known without a process."""
