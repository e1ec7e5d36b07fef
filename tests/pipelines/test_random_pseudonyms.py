"""The first stages of a study whose pseudonyms are drawn at random, from the export's census to its labels."""

import re
from pathlib import Path

import pandas as pd
import pytest
import yaml

from cinemyo import tables
from cinemyo.cores import VARIABLE as WORKERS
from cinemyo.deid.crosswalk import CROSSWALK_VARIABLE
from cinemyo.deid.keys import KEY_VARIABLE, Key, load_key, new_key
from cinemyo.deid.pseudonyms import file_code, pseudonym
from cinemyo.layout import Layout
from pipelines import census, ingest, label
from tests.pipelines.project import link_code
from tests.sources.dicom_files import write_cine
from tests.tiny_study import params_values

PATIENTS = {1: "QUIMBY-1", 2: "QUIMBY-2", 3: "QUIMBY-3"}
CODE = re.compile(r"\b[pescida]-[a-z2-7]{16}\b")
Project = tuple[Layout, bytes]
"""What a study has written, and the census of its export."""


def _write_source(data: Path) -> None:
    """Three patients with two cines each, a series that is none, and a file that is no image."""
    for number, patient in PATIENTS.items():
        for z_mm in (0.0, 10.0):
            place = data / "source" / patient / f"{z_mm:.0f}"
            write_cine(place, patient=patient, study=number, series=number, z_mm=z_mm, seed=number, phases=8)
    write_cine(data / "source" / "few", patient=PATIENTS[1], series=9, phases=3)
    (data / "source" / "QUIMBY.txt").write_text("no image", encoding="utf-8")
    rows = [f"{patient},1.2.3.{number},hcm" for number, patient in PATIENTS.items()]
    (data / "labels.csv").write_text("\n".join(["patient,exam,pathology", *rows, ""]), encoding="utf-8")


def _run(base: Path, *, key: str, workers: int) -> Project:
    """Census, ingest and label in a project of its own."""
    base.mkdir()
    link_code(base)
    _write_source(base / "data")
    values = params_values()
    values["source"] |= {"root": "data/source.census", "key": key}
    (base / "params.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(base)
        patch.setenv(WORKERS, str(workers))
        for stage in (census, ingest, label):
            stage.main()
    return Layout("tiny", base), (base / "data" / "source.census").read_bytes()


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Project]:
    """Under one key file: `one` and `two` by way of its crosswalk, `keyed` by keyed hashes."""
    base = tmp_path_factory.mktemp("study")
    new_key(base / "key")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(KEY_VARIABLE, str(base / "key"))
        patch.delenv(CROSSWALK_VARIABLE, raising=False)
        return {
            "one": _run(base / "one", key="random_table", workers=3),
            "two": _run(base / "two", key="random_table", workers=1),
            "keyed": _run(base / "keyed", key="file", workers=2),
        }


@pytest.fixture
def keys(projects: dict[str, Project], monkeypatch: pytest.MonkeyPatch) -> tuple[Key, Key]:
    """The random one, which adds nothing any more, and the keyed one."""
    monkeypatch.setenv(KEY_VARIABLE, str(projects["one"][0].base.parent / "key"))
    monkeypatch.delenv(CROSSWALK_VARIABLE, raising=False)
    return load_key("random_table").asking(), load_key("file")


def _files(layout: Layout) -> dict[str, bytes]:
    """Every file of the study but its provenance, which tells times."""
    paths = sorted(path for path in layout.data.rglob("*") if path.is_file())
    skipped = layout.provenance("ingest").parent
    return {str(path.relative_to(layout.data)): path.read_bytes() for path in paths if skipped not in path.parents}


def _pseudonyms(layout: Layout) -> set[str]:
    """All that stand in names or texts of the study, and the codes of the source's files."""
    texts = [*_files(layout), *(path.read_text(encoding="utf-8") for path in layout.data.rglob("*.csv"))]
    return {*CODE.findall("\n".join(texts)), *pd.read_parquet(layout.sources)["file"]}


def test_twice_gives_the_same_bytes_whatever_the_number_of_processes(projects: dict[str, Project]) -> None:
    (one, census_of_one), (two, census_of_two) = projects["one"], projects["two"]
    assert _files(one) == _files(two)
    assert census_of_one == census_of_two


def test_the_labels_find_their_cines(projects: dict[str, Project]) -> None:
    layout, _ = projects["one"]
    cines = tables.read(layout.cines, table=tables.CINES)
    labels = tables.read(layout.labels, table=tables.LABELS)
    assert (len(cines), cines["patient_id"].nunique(), set(labels["pathology"])) == (6, 3, {"hcm"})


def test_identifiers_have_the_codes_of_the_crosswalk(projects: dict[str, Project], keys: tuple[Key, Key]) -> None:
    layout, random = projects["one"][0], keys[0]
    cines = tables.read(layout.cines, table=tables.CINES)
    assert set(cines["patient_id"]) == {pseudonym("patient", name, key=random) for name in PATIENTS.values()}
    assert set(cines["exam_id"]) == {pseudonym("exam", f"1.2.3.{number}", key=random) for number in PATIENTS}
    assert set(cines["series_id"]) == {pseudonym("series", f"1.2.3.{n}.{n}", key=random) for n in PATIENTS}
    assert file_code("QUIMBY.txt", key=random) in set(pd.read_parquet(layout.sources)["file"])


def test_no_pseudonym_is_a_keyed_hash(projects: dict[str, Project]) -> None:
    random, keyed = (_pseudonyms(projects[name][0]) for name in ("one", "keyed"))
    assert len(random) == len(keyed) > 60
    assert random & keyed == set()


def test_no_keyed_hash_of_an_identifier_is_in_any_byte(projects: dict[str, Project], keys: tuple[Key, Key]) -> None:
    (layout, counted), keyed = projects["one"], keys[1]
    written = b"".join(_files(layout).values()) + "".join(_files(layout)).encode() + counted
    written += b"".join(path.read_bytes() for path in layout.provenance("ingest").parent.iterdir())
    hashes = _pseudonyms(projects["keyed"][0]) | {pseudonym("patient", name, key=keyed) for name in PATIENTS.values()}
    assert [code for code in hashes if code.encode() in written] == []
    assert [name for name in (*PATIENTS.values(), "QUIMBY", "1.2.3.1") if name.encode() in written] == []


def test_the_key_and_its_crosswalk_are_not_in_the_projects(projects: dict[str, Project], keys: tuple[Key, Key]) -> None:
    layout, secret = projects["one"][0], keys[1].secret
    paths = [path for path in layout.base.rglob("*") if path.is_file() and not path.is_symlink()]
    assert [path for path in paths if path.suffix == ".crosswalk"] == []
    assert not any(secret in content or secret.hex().encode() in content for content in map(Path.read_bytes, paths))
