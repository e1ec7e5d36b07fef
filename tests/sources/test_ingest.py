import errno
import hashlib
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cinemyo import tables
from cinemyo.config import SliceRule
from cinemyo.deid.keys import Key, load_key
from cinemyo.errors import SetupError, SourceError
from cinemyo.layout import Layout
from cinemyo.sources.acdc import AcdcReader
from cinemyo.sources.base import Cine, Exclusion, Part, SourceFile
from cinemyo.sources.base import read as every
from cinemyo.sources.files import count_files
from cinemyo.sources.images import read_cine, read_mask
from cinemyo.sources.ingest import ingest, outputs, work_of
from cinemyo.sources.pool import Limits
from tests.shared import ACDC, needs
from tests.sources.release import GROUPS, SLICES, reader, write_patient

KEY = load_key("published")


@dataclass
class Items:
    """A source that yields what it is given, and then may fail."""

    items: list[Cine | Exclusion]
    fault: Exception | None = None
    content: str = "items"
    files: tuple[SourceFile, ...] = ()

    def parts(self) -> Iterator[Part | Exclusion]:
        yield self

    def build(self, *, key: Key) -> Iterator[Cine | Exclusion]:
        yield from self.items
        if self.fault:
            raise self.fault


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two patients, one of another group, and a licence."""
    write_patient(tmp_path / "release", "patient001", group="HCM")
    write_patient(tmp_path / "release", "patient002", masks=False)
    write_patient(tmp_path / "release", "patient003", group="RV")
    (tmp_path / "release" / "LICENSE.md").write_text("licence")
    return tmp_path / "release"


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout("tiny", tmp_path)


@pytest.fixture
def ingested(root: Path, layout: Layout) -> Layout:
    ingest(reader(root, first=0.3), layout=layout, key=KEY, found=count_files(root))
    return layout


def cines_of(layout: Layout) -> pd.DataFrame:
    return tables.read(layout.cines, table=tables.CINES)


def sources_of(layout: Layout) -> pd.DataFrame:
    return tables.read(layout.sources, table=tables.SOURCES)


def exclusions_of(layout: Layout) -> pd.DataFrame:
    return tables.read(layout.exclusions, table=tables.EXCLUSIONS)


def content(layout: Layout) -> dict[str, str]:
    files = [path for path in sorted(layout.data.rglob("*")) if path.is_file()]
    return {str(path.relative_to(layout.data)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_every_cine_has_its_image(ingested: Layout) -> None:
    assert {path.stem for path in ingested.ingested.iterdir()} == set(cines_of(ingested)["cine_id"])


def test_masks_are_written_where_the_source_has_them(ingested: Layout) -> None:
    with_masks = cines_of(ingested)["cine_id"][:3]
    assert {path.stem for path in ingested.masks.iterdir()} == set(with_masks)


def test_the_folder_of_masks_exists_without_a_mask(tmp_path: Path, layout: Layout) -> None:
    write_patient(tmp_path / "release", "patient001", masks=False)
    ingest(reader(tmp_path / "release"), layout=layout, key=KEY)
    assert list(layout.masks.iterdir()) == []


def test_images_are_those_of_the_source(root: Path, ingested: Layout) -> None:
    cine = next(item for item in every(reader(root, first=0.3), key=KEY) if isinstance(item, Cine))
    frames, row, column = read_cine(ingested.ingested / f"{cine.cine_id}.mha")
    np.testing.assert_array_equal(frames, cine.frames)
    np.testing.assert_array_equal(read_mask(ingested.masks / f"{cine.cine_id}.mha"), cine.mask)
    assert (row, column) == (cine.row_spacing_mm, cine.column_spacing_mm)


def test_each_file_is_used_or_excluded(root: Path, ingested: Layout) -> None:
    files = sources_of(ingested)
    assert len(files) == count_files(root)
    assert (files["cine_id"].notna() ^ files["code"].notna()).all()


def test_exclusions_count_their_files(ingested: Layout) -> None:
    files, exclusions = sources_of(ingested), exclusions_of(ingested)
    assert files["code"].value_counts().to_dict() == {"group_not_in_study": 5, "outside_patients": 1}
    assert exclusions["n_files"].sum() == files["code"].notna().sum()


def test_a_file_of_several_cines_stands_with_the_first(ingested: Layout) -> None:
    used = sources_of(ingested)["cine_id"].dropna()
    assert set(used) == set(cines_of(ingested)["cine_id"][::3])


def test_a_slice_left_out_takes_no_file_that_another_uses(ingested: Layout) -> None:
    exclusions = exclusions_of(ingested)
    assert exclusions.loc[exclusions["code"] == "slice_rule", "n_files"].tolist() == [0, 0]


def test_files_of_an_exam_without_a_slice_go_with_the_first_exclusion(tmp_path: Path, layout: Layout) -> None:
    write_patient(tmp_path / "release", "patient001")
    items = [*every(reader(tmp_path / "release", first=1.0), key=KEY)]
    write_patient(tmp_path / "other", "patient002")
    ingest(Items([*items, *every(reader(tmp_path / "other"), key=KEY)]), layout=layout, key=KEY, found=10)
    assert exclusions_of(layout)["n_files"].tolist() == [5, 0, 0, 0]


def test_carried_labels_are_a_sheet(ingested: Layout) -> None:
    sheet = tables.read(ingested.carried_labels, table=tables.SHEET)
    assert sheet["pathology"].tolist() == ["hcm"] * 3 + ["normal"] * 3


def test_no_carried_label_leaves_a_header(root: Path, layout: Layout) -> None:
    items = [replace(item, carried={}) if isinstance(item, Cine) else item for item in every(reader(root), key=KEY)]
    ingest(Items(items), layout=layout, key=KEY)
    assert layout.carried_labels.read_text() == ",".join(tables.SHEET.header) + "\n"


def test_trigger_times_are_kept_as_first_and_last(root: Path, layout: Layout) -> None:
    cine = next(item for item in every(reader(root), key=KEY) if isinstance(item, Cine))
    ingest(Items([replace(cine, trigger_ms=(12.5, 812.5), rr_ms=900.0)]), layout=layout, key=KEY)
    assert cines_of(layout)[["trigger_start_ms", "trigger_end_ms", "rr_ms"]].to_numpy().tolist() == [[12.5, 812.5, 900]]


def test_the_digest_knows_the_pixels(root: Path, layout: Layout) -> None:
    cine = next(item for item in every(reader(root), key=KEY) if isinstance(item, Cine))
    other = replace(cine, cine_id="c-" + "a" * 16, frames=cine.frames + 1)
    same = replace(cine, cine_id="c-" + "b" * 16)
    ingest(Items([cine, other, same]), layout=layout, key=KEY)
    first, second, third = cines_of(layout)["digest"]
    assert first == third != second


@pytest.mark.parametrize("kind", [np.int16, np.uint16, np.int32, np.float64])
def test_equal_values_have_equal_digests_in_every_type(root: Path, layout: Layout, kind: type[np.generic]) -> None:
    cine = next(item for item in every(reader(root), key=KEY) if isinstance(item, Cine))
    frames = np.arange(cine.frames.size, dtype=np.float32).reshape(cine.frames.shape) % 4000
    other = replace(cine, cine_id="c-" + "a" * 16, frames=frames.astype(kind))
    ingest(Items([replace(cine, frames=frames), other]), layout=layout, key=KEY)
    assert cines_of(layout)["digest"].nunique() == 1


def test_values_of_equal_bits_in_two_types_have_two_digests(root: Path, layout: Layout) -> None:
    cine = next(item for item in every(reader(root), key=KEY) if isinstance(item, Cine))
    below = np.full(cine.frames.shape, -1, dtype=np.int16)
    above = replace(cine, cine_id="c-" + "a" * 16, frames=below.view(np.uint16))
    ingest(Items([replace(cine, frames=below), above]), layout=layout, key=KEY)
    assert cines_of(layout)["digest"].nunique() == 2


def test_the_same_source_gives_the_same_bytes(root: Path, ingested: Layout) -> None:
    before = content(ingested)
    ingest(reader(root, first=0.3), layout=ingested, key=KEY)
    assert content(ingested) == before


def test_the_order_of_rows_does_not_depend_on_the_key(root: Path, tmp_path: Path, ingested: Layout) -> None:
    other = Layout("other", tmp_path)
    key = Key(b"another key of thirty-two bytes or more")
    ingest(AcdcReader(root, slices=SliceRule(first=0.3, last=1.0), groups=GROUPS, key=key), layout=other, key=key)
    assert not set(cines_of(other)["cine_id"]) & set(cines_of(ingested)["cine_id"])
    assert cines_of(other)["digest"].tolist() == cines_of(ingested)["digest"].tolist()


def test_no_name_of_a_file_is_written(ingested: Layout) -> None:
    written = b"".join(path.read_bytes() for path in ingested.data.glob("*.parquet"))
    written += ingested.cines.read_bytes() + ingested.exclusions.read_bytes()
    assert b"patient0" not in written
    assert b"frame0" not in written


def test_a_source_without_a_cine_is_refused_with_its_codes(tmp_path: Path, layout: Layout) -> None:
    write_patient(tmp_path / "release", "patient001", group="MINF")
    (tmp_path / "release" / "README").write_text("")
    with pytest.raises(SourceError, match=r"none in 6 files \(group_not_in_study 1, outside_patients 1\)"):
        ingest(reader(tmp_path / "release"), layout=layout, key=KEY, found=6)


def test_an_empty_folder_is_refused(tmp_path: Path, layout: Layout) -> None:
    (tmp_path / "release").mkdir()
    with pytest.raises(SourceError, match=r"expected at least one cine, got none in 0 files"):
        ingest(reader(tmp_path / "release"), layout=layout, key=KEY)


def test_a_cine_that_comes_twice_is_refused(root: Path, layout: Layout) -> None:
    cine = next(item for item in every(reader(root), key=KEY) if isinstance(item, Cine))
    with pytest.raises(SourceError, match=r"expected each cine once, got a second one"):
        ingest(Items([cine, cine]), layout=layout, key=KEY)


def test_files_that_the_reader_lost_are_refused(root: Path, layout: Layout) -> None:
    with pytest.raises(SourceError, match=r"expected 99 files used or excluded, got 14"):
        ingest(reader(root), layout=layout, key=KEY, found=99)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_one_sentence(root: Path, layout: Layout, number: int) -> None:
    with pytest.raises(SetupError, match=r"expected room for the cines, got a full disk; free space"):
        ingest(Items([*every(reader(root), key=KEY)], fault=OSError(number, "full")), layout=layout, key=KEY)


def test_a_fault_of_the_disk_that_is_read_costs_the_part(root: Path, layout: Layout) -> None:
    class Broken(AcdcReader):
        def parts(self) -> Iterator[Part | Exclusion]:
            yield Items([], fault=OSError(errno.EIO, "broken"), files=(SourceFile("a" * 32, "b" * 64, 5),))
            yield from super().parts()

    ingest(Broken(root, slices=SliceRule(first=0, last=1), groups=GROUPS), layout=layout, key=KEY)
    first = exclusions_of(layout).iloc[0]
    assert (first["item"], first["code"], first["n_files"]) == ("a" * 32, "reader_crashed", 1)
    assert first["reason"].endswith("(OSError)")


def test_a_fault_leaves_nothing_half_written(root: Path, tmp_path: Path, layout: Layout) -> None:
    with pytest.raises(SetupError):
        ingest(Items([*every(reader(root), key=KEY)], fault=OSError(errno.ENOSPC, "full")), layout=layout, key=KEY)
    assert not layout.data.exists()
    assert [path.name for path in layout.data.parent.glob("*")] == []


def test_a_fault_leaves_the_earlier_outputs_as_they_were(root: Path, ingested: Layout) -> None:
    before = content(ingested)
    with pytest.raises(SetupError):
        ingest(Items([*every(reader(root), key=KEY)], fault=OSError(errno.ENOSPC, "full")), layout=ingested, key=KEY)
    assert content(ingested) == before


def test_other_files_of_the_study_are_left_alone(root: Path, layout: Layout) -> None:
    layout.data.mkdir(parents=True)
    layout.labels.write_text("mine")
    ingest(reader(root), layout=layout, key=KEY)
    assert layout.labels.read_text() == "mine"


def test_outputs_are_all_written(ingested: Layout) -> None:
    assert all(path.exists() for path in outputs(ingested))


@needs(ACDC)
def test_the_release_is_accounted_for(tmp_path: Path) -> None:
    (tmp_path / "release").mkdir()
    for patient in ("patient001", "patient021", "patient061"):
        (tmp_path / "release" / patient).symlink_to(ACDC / patient, target_is_directory=True)
    layout = Layout("acdc", tmp_path)
    ingest(reader(tmp_path / "release", first=0.2, last=0.8), layout=layout, key=KEY, found=15)
    assert sources_of(layout)["cine_id"].notna().sum() == 15
    assert len(list(layout.masks.iterdir())) == len(cines_of(layout)) >= 3 * SLICES


@dataclass(frozen=True)
class Trial:
    """A part that may harm its process."""

    name: str
    harm: str = "none"

    @property
    def content(self) -> str:
        return self.name

    @property
    def files(self) -> tuple[SourceFile, ...]:
        return tuple(SourceFile(f"{self.name}{index}" + "0" * 30, "d" * 64, 3) for index in "ab")

    def build(self, *, key: Key) -> Iterator[Cine | Exclusion]:
        if self.harm == "dies":
            os.kill(os.getpid(), signal.SIGSEGV)
        if self.harm == "hangs":
            time.sleep(600)
        if self.harm == "fails":
            raise ValueError("DOE^JOHN")
        yield tiny_cine(self.name, files=self.files)


@dataclass(frozen=True)
class Trials:
    """A source of such parts, an exclusion of its own between each two."""

    harms: tuple[str, ...]

    def parts(self) -> Iterator[Part | Exclusion]:
        for index, harm in enumerate(self.harms):
            name = "abcdef"[index]
            yield Trial(name, harm)
            yield Exclusion(name * 32, "file", "not_an_image", "no image", files=(SourceFile(name * 32, "e" * 64, 4),))


def tiny_cine(name: str, *, files: tuple[SourceFile, ...] = ()) -> Cine:
    letters = name * 16
    frames = np.arange(24, dtype=np.float32).reshape(2, 3, 4) + ord(name)
    mask = np.ones((2, 3, 4), dtype=np.uint8) if name == "a" else None
    return Cine(
        cine_id=f"c-{letters}",
        patient_id=f"p-{letters}",
        exam_id=f"e-{letters}",
        series_id=f"s-{letters}",
        exam_order=1,
        slice_number=1,
        source="dicom",
        frames=frames,
        row_spacing_mm=1.5,
        column_spacing_mm=0.1 + 0.2,
        phase_key="trigger_time",
        scanner="unknown",
        row_cosine=(0.0, 1.0, 0.0),
        column_cosine=(1.0, 0.0, 0.0),
        position=(0.0, 0.0, 1 / 3),
        files=files,
        mask=mask,
    )


@pytest.mark.parametrize(
    ("harm", "code"), [("dies", "reader_crashed"), ("hangs", "reader_timeout"), ("fails", "reader_crashed")]
)
def test_a_part_that_harms_its_process_is_excluded_by_its_files(layout: Layout, harm: str, code: str) -> None:
    ingest(Trials(("none", harm, "none")), layout=layout, key=KEY, found=9, workers=2, limits=Limits(seconds=2))
    left = exclusions_of(layout)
    assert left["code"].tolist() == ["not_an_image", code, code, "not_an_image", "not_an_image"]
    assert left["item"].tolist()[1:3] == [file.file for file in Trial("b").files]
    assert len(cines_of(layout)) == 2
    assert "DOE" not in layout.exclusions.read_text()


@pytest.mark.parametrize("workers", [2, 3, 5])
def test_the_number_of_processes_changes_no_byte(root: Path, tmp_path: Path, ingested: Layout, workers: int) -> None:
    other = Layout("other", tmp_path)
    ingest(reader(root, first=0.3), layout=other, key=KEY, workers=workers)
    assert content(other) == content(ingested)


def test_finished_work_is_cleared_once_all_is_written(tmp_path: Path, ingested: Layout) -> None:
    assert not (tmp_path / ".cache").exists()


def test_a_finished_part_is_not_built_again(layout: Layout, tmp_path: Path) -> None:
    done = work_of(layout, key=KEY)
    first = ingest(Trials(("none", "none")), layout=layout, key=KEY, finished=done)
    before = content(layout)
    # had it been built again, it would have died
    second = ingest(Trials(("dies", "dies")), layout=layout, key=KEY, finished=done)
    assert (first.parts, first.reused, second.parts, second.reused) == (2, 0, 2, 2)
    assert content(layout) == before


def test_what_is_cut_short_is_built_again(layout: Layout) -> None:
    done = work_of(layout, key=KEY)
    ingest(Trials(("none", "none")), layout=layout, key=KEY, finished=done)
    before = content(layout)
    image = done.path(f"c-{'a' * 16}.mha")
    image.unlink()
    image.write_bytes(b"half")
    again = ingest(Trials(("none", "none")), layout=layout, key=KEY, finished=done)
    assert again.reused == 1
    assert content(layout) == before


def test_work_under_another_key_is_not_taken_over(layout: Layout) -> None:
    ours = work_of(layout, key=KEY)
    other = work_of(layout, key=Key(b"another key of thirty-two bytes or more"))
    assert ours.folder != other.folder
    assert not ours.folder.exists()


def test_an_empty_part_counts_as_finished(layout: Layout) -> None:
    done = work_of(layout, key=KEY)
    ingest(Items([*every(Trials(("none",)), key=KEY)]), layout=layout, key=KEY, finished=done)
    assert ingest(Items([]), layout=layout, key=KEY, finished=done).reused == 1


def test_the_caller_is_told_of_new_cines(root: Path, layout: Layout) -> None:
    told: list[int] = []
    ingest(reader(root), layout=layout, key=KEY, watch=told.append)
    assert sum(told) == len(cines_of(layout))
