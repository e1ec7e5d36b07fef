from pathlib import Path

import pytest

from cinemyo.deid.keys import KEY_VARIABLE, Key, load_key, new_key
from cinemyo.deid.locate import locate
from cinemyo.deid.pseudonyms import file_code, pseudonym
from cinemyo.errors import SourceError
from tests.sources.dicom_files import write_cine
from tests.sources.reading import read

KEY = load_key("published")


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("export")
    write_cine(root / "one", patient="P1", study=1, phases=8)
    write_cine(root / "two", patient="P2", study=2, series=2, phases=8)
    (root / "stack" / "patient042").mkdir(parents=True)
    (root / "stack" / "patient042" / "patient042_4d.nii.gz").write_bytes(b"not read for its name")
    return root


def _found(code: str, root: Path, *, key: Key = KEY) -> list[str]:
    return [Path(name).relative_to(root).as_posix() for name in locate(code, root=root, key=key, workers=1)]


ONE = [f"one/im{phase:03d}.dcm" for phase in range(8)]


@pytest.mark.parametrize(
    ("kind", "identifier"), [("patient", "P1"), ("exam", "1.2.3.1"), ("series", "1.2.3.1.1")], ids=str
)
def test_a_pseudonym_leads_to_its_files(export: Path, kind: str, identifier: str) -> None:
    assert _found(pseudonym(kind, identifier, key=KEY), export) == ONE


def test_a_series_is_found_by_the_name_of_its_exclusion(export: Path) -> None:
    assert _found(f"{pseudonym('series', '1.2.3.1.1', key=KEY)}:scout", export) == ONE


def test_an_instance_leads_to_its_file(export: Path) -> None:
    assert _found(pseudonym("instance", "1.2.3.1.1.10000.0.3", key=KEY), export) == ["one/im002.dcm"]


def test_a_scanner_leads_to_all_its_files(export: Path) -> None:
    assert len(_found(pseudonym("scanner", "SIEMENS", "MR1", "4711", key=KEY), export)) == 16


def test_a_cine_of_the_reader_leads_to_its_frames(export: Path) -> None:
    cines, _ = read(export / "one")
    assert _found(cines[0].cine_id, export) == ONE


def test_a_keyed_name_leads_to_its_file(export: Path) -> None:
    assert _found(file_code("two/im004.dcm", key=KEY), export) == ["two/im004.dcm"]


@pytest.mark.parametrize(
    "parts", [("patient", "patient042"), ("series", "patient042_sax"), ("cine", "patient042_sax", "3")]
)
def test_names_of_folders_stand_for_patients_of_image_stacks(export: Path, parts: tuple[str, ...]) -> None:
    kind, *identifiers = parts
    code = pseudonym(kind, *identifiers, key=KEY)
    assert _found(code, export) == ["stack/patient042/patient042_4d.nii.gz"]


def test_another_key_finds_nothing(export: Path) -> None:
    other = Key(b"another key of more than thirty-two bytes")
    with pytest.raises(SourceError, match="check the key"):
        locate(pseudonym("patient", "P1", key=KEY), root=export, key=other, workers=1)


def test_what_is_no_pseudonym_is_refused(export: Path) -> None:
    with pytest.raises(SourceError, match="p-…"):
        locate("P1", root=export, key=KEY)


def test_a_random_pseudonym_is_found_and_none_is_drawn(
    export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_key(tmp_path / "key")
    monkeypatch.setenv(KEY_VARIABLE, str(tmp_path / "key"))
    code = pseudonym("patient", "P1", key=load_key("random_table"))
    before = (tmp_path / "key.crosswalk").read_bytes()
    assert _found(code, export, key=load_key("random_table")) == ONE
    assert (tmp_path / "key.crosswalk").read_bytes() == before
