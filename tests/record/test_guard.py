"""What may not enter git, by kind of study and of file."""

import json
from pathlib import Path

import pytest
import yaml

from cinemyo.record.guard import is_real, refusals
from tests.tiny_study import params_values


def project(base: Path, *, synthetic: bool) -> Path:
    values = params_values()
    values["study"]["synthetic"] = synthetic
    values["source"]["key"] = "published" if synthetic else "file"
    values["oversight"]["consent_basis"] = "synthetic" if synthetic else "waiver"
    (base / "params.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
    return base


@pytest.fixture
def real(tmp_path: Path) -> Path:
    return project(tmp_path, synthetic=False)


@pytest.fixture
def synthetic(tmp_path: Path) -> Path:
    return project(tmp_path, synthetic=True)


def put(base: Path, name: str, content: bytes) -> Path:
    (base / name).parent.mkdir(parents=True, exist_ok=True)
    (base / name).write_bytes(content)
    return Path(name)


REFUSED = {
    "reports/heat.png": b"\x89PNG",
    "reports/a.nii.gz": b"\x1f\x8b",
    "no_suffix": b"\0" * 128 + b"DICM",
    "model.safetensors": b"x",
    "a.parquet": b"PAR1",
    "reports/attention.csv": b"arm,cine_id,fold\ndual,c,0\n",
    "reports/patients.csv": "\ufeffpatient_id;age\np;3\n".encode(),
    "notes.md": b"look at c-aaaaaaaaaaaaaaaa again",
    "reports/report.html": b'<img src="data:image/png;base64,AA">',
    "a.ipynb": b'{"outputs": [{"data": {"image/png": "AA"}}]}',
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_study_of_people_refuses(real: Path, name: str) -> None:
    path = put(real, name, REFUSED[name])
    assert len(refusals([path], base=real)) == 1


@pytest.mark.parametrize("name", REFUSED)
def test_a_synthetic_study_accepts(synthetic: Path, name: str) -> None:
    path = put(synthetic, name, REFUSED[name])
    assert refusals([path], base=synthetic) == []


@pytest.mark.parametrize("name", ["src/a.py", "reports/tables/table_2.csv", "README.md", "conf/config.yaml"])
def test_a_study_of_people_accepts_code_and_aggregates(real: Path, name: str) -> None:
    path = put(real, name, b"arm,accuracy\ndual,0.9\n")
    assert refusals([path], base=real) == []


def test_data_is_refused_in_any_study(synthetic: Path) -> None:
    path = put(synthetic, "data/demo/cines.csv", b"a\n")
    (line,) = refusals([path], base=synthetic)
    assert line.startswith("data/demo/cines.csv: expected nothing of a person in git, got a file under data/")


def test_a_deleted_file_is_no_matter(real: Path) -> None:
    assert refusals([Path("gone.png")], base=real) == []


def test_without_params_a_study_counts_as_real(tmp_path: Path) -> None:
    assert is_real(tmp_path)


def test_reports_of_people_beside_synthetic_params_count(synthetic: Path) -> None:
    put(synthetic, "reports/metrics.json", json.dumps({"synthetic": False}).encode())
    assert is_real(synthetic)


def test_reports_of_phantoms_do_not_count(synthetic: Path) -> None:
    put(synthetic, "reports/metrics.json", json.dumps({"synthetic": True}).encode())
    assert not is_real(synthetic)
