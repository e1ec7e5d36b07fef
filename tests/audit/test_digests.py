import hashlib
from pathlib import Path

import pytest

from cinemyo import provenance
from cinemyo.audit.digests import digest, files_of, sha256_of_files
from cinemyo.record.lineage import dvc_md5


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a/x.csv", "a-b/x.csv", "a.csv", "z/é.csv"):
        path = tmp_path / "folder" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name, encoding="utf-8")
    return tmp_path / "folder"


def test_a_folder_has_the_digest_of_its_provenance_and_of_dvc(folder: Path) -> None:
    found = digest(folder)
    assert (found.sha256, found.md5) == (provenance.sha256(folder), dvc_md5(folder))
    assert found.size == sum(path.stat().st_size for path in folder.rglob("*.csv"))


def test_a_file_has_the_digest_of_its_provenance_and_of_dvc(folder: Path) -> None:
    path = folder / "a.csv"
    found = digest(path)
    assert (found.sha256, found.md5, found.size) == (provenance.sha256(path), dvc_md5(path), 5)
    assert found.manifest is None


def test_the_digest_of_a_manifest_is_that_of_its_folder(folder: Path) -> None:
    found = digest(folder)
    assert found.manifest is not None
    assert hashlib.sha256(found.manifest).hexdigest() == found.sha256
    assert files_of(found.manifest) == sha256_of_files(folder) == found.files


def test_an_empty_folder_has_a_digest(tmp_path: Path) -> None:
    assert digest(tmp_path).sha256 == provenance.sha256(tmp_path)
