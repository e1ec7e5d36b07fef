from pathlib import Path
from zipfile import ZipFile

import pytest
from pydantic import ValidationError

from cinemyo.config import AcdcSource, DicomSource, SliceRule
from cinemyo.deid.keys import PUBLISHED_KEY, Key
from cinemyo.errors import IdentityKeyError
from cinemyo.sources.acdc import AcdcReader
from cinemyo.sources.base import SourceKind
from cinemyo.sources.dicom import DicomReader
from cinemyo.sources.keyed import key_of
from cinemyo.sources.mnms import MnmsReader
from cinemyo.sources.mnms2 import Mnms2Reader
from cinemyo.sources.nifti_folder import NiftiReader
from cinemyo.sources.opened import count_of, open_source
from cinemyo.sources.sunnybrook import SunnybrookReader
from cinemyo.sources.usual import usual

ACDC = AcdcSource(kind="acdc", root="r", labels="l", slices=SliceRule(first=0.2, last=0.8), groups={"NOR": "normal"})
KEY = Key(PUBLISHED_KEY)
PHANTOM = DicomSource(kind="dicom", root="r", labels="l", key="published", truth="truth", min_phases=8, max_phases=60)


def test_acdc_is_read_by_its_reader() -> None:
    assert open_source(ACDC, key=KEY) == AcdcReader(Path("r"), slices=ACDC.slices, groups=ACDC.groups, key=KEY)


def test_groups_out_of_class_are_told_to_the_reader() -> None:
    reader = open_source(ACDC.model_copy(update={"out_of_class": ("MINF",)}), key=KEY)
    assert isinstance(reader, AcdcReader)
    assert reader.out_of_class == ("MINF",)


def test_a_group_is_in_class_or_out_of_it() -> None:
    with pytest.raises(ValidationError, match="out_of_class must name groups that have no pathology, got NOR"):
        AcdcSource.model_validate(ACDC.model_dump() | {"out_of_class": ["NOR"]})


def test_dicom_is_read_by_its_reader() -> None:
    assert isinstance(open_source(PHANTOM, key=KEY), DicomReader)


def test_public_identifiers_use_the_published_key() -> None:
    assert key_of(ACDC) == key_of(PHANTOM) == KEY


def test_people_need_a_key_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CINEMYO_KEY_FILE", raising=False)
    with pytest.raises(IdentityKeyError):
        key_of(PHANTOM.model_copy(update={"key": "file", "truth": None}))


READERS: dict[SourceKind, type] = {
    "dicom": DicomReader,
    "acdc": AcdcReader,
    "mnms": MnmsReader,
    "mnms2": Mnms2Reader,
    "sunnybrook": SunnybrookReader,
    "nifti": NiftiReader,
}


@pytest.mark.parametrize(("kind", "reader"), READERS.items())
def test_each_kind_has_its_reader(kind: SourceKind, reader: type) -> None:
    assert type(open_source(usual(kind, Path("r")), key=KEY)) is reader


@pytest.mark.parametrize("kind", ["acdc", "mnms", "mnms2", "sunnybrook"])
def test_releases_use_the_published_key(kind: SourceKind) -> None:
    assert key_of(usual(kind, Path("r"))) == KEY


@pytest.mark.parametrize("kind", ["dicom", "nifti"])
def test_people_use_a_key_of_their_own(kind: SourceKind, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CINEMYO_KEY_FILE", raising=False)
    with pytest.raises(IdentityKeyError):
        key_of(usual(kind, Path("r")))


def test_members_of_archives_count_where_a_reader_opens_them(tmp_path: Path) -> None:
    with ZipFile(tmp_path / "export.zip", "w") as archive:
        archive.writestr("a", "x")
        archive.writestr("b", "x")
    assert [count_of(usual(kind, tmp_path)) for kind in ("dicom", "sunnybrook", "acdc", "nifti")] == [3, 3, 1, 1]
