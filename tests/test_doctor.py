"""Checks of the environment, sound and with each fault."""

import importlib.metadata
import shutil
import sys
import types
from datetime import date
from pathlib import Path

import pytest
import yaml

from cinemyo import doctor
from cinemyo.deid.keys import KEY_VARIABLE, new_key
from tests.tiny_study import params_values

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (KEY_VARIABLE, "MLFLOW_TRACKING_URI", "HF_HUB_OFFLINE", "DVC_NO_ANALYTICS"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    "check",
    [
        doctor.check_python,
        doctor.check_packages,
        doctor.check_torch,
        doctor.check_gpu,
        doctor.check_codecs,
        doctor.check_git,
        doctor.check_dvc,
        doctor.check_offline,
        doctor.check_key,
    ],
    ids=lambda check: check.__name__,
)
def test_this_environment_is_sound(check) -> None:
    assert check(ROOT).remedy is None


def test_all_checks_are_made(tmp_path: Path) -> None:
    assert len(doctor.examine(tmp_path)) == len(doctor.CHECKS)


def test_an_old_python_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 1))
    assert doctor.check_python(ROOT).remedy == "install Python 3.11 or newer"


def test_a_missing_package_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata, "requires", lambda _: ["no-such-package>=1"])
    assert doctor.check_packages(ROOT).found == "no-such-package is not installed"


def test_a_version_out_of_range_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata, "requires", lambda _: ["numpy<1", 'ray>=2; extra == "sweep"'])
    assert "is not <1" in doctor.check_packages(ROOT).found


def test_a_malicious_release_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_version", lambda name: "2.6.2" if name == "lightning" else "999")
    assert doctor.check_packages(ROOT).remedy == "remove it and rotate what it could read"


def test_a_mixed_torch_pair_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchvision", types.SimpleNamespace(__version__="0.29.0+cpu"))
    import torch

    monkeypatch.setattr(torch, "__version__", "2.15.0+cu132")
    assert doctor.check_torch(ROOT).remedy == "install both from one index: run `make install`"


def test_a_torchvision_that_does_not_import_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchvision", None)
    assert doctor.check_torch(ROOT).remedy == doctor.INSTALL


def test_a_gpu_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "A GPU")
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: types.SimpleNamespace(total_memory=2**34))
    assert doctor.check_gpu(ROOT).found == "A GPU, 16 GiB"


def test_a_missing_codec_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cinemyo.sources.codecs.missing", lambda: ["JPEG-LS"])
    assert doctor.check_codecs(ROOT).found == "no decoder for JPEG-LS"


def test_a_full_disk_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: types.SimpleNamespace(free=1e9))
    assert doctor.check_disk(ROOT).remedy == "free at least 5 GB"


def test_no_git_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert doctor.check_git(ROOT).remedy == "install git"


def test_a_folder_outside_git_is_a_fault(tmp_path: Path) -> None:
    assert doctor.check_git(tmp_path).remedy == "run this in a clone"


def test_a_git_that_does_not_run_gives_no_answer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", "")
    assert doctor._answer(["git", "--version"], base=tmp_path) is None


def test_no_dvc_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_version", lambda _: None)
    assert doctor.check_dvc(ROOT).remedy == doctor.INSTALL


def test_a_folder_without_dvc_is_a_fault(tmp_path: Path) -> None:
    assert doctor.check_dvc(tmp_path).remedy == "run this in the root of the project"


def test_dvc_that_reports_home_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / ".dvc").mkdir()
    assert doctor.check_dvc(tmp_path).remedy == "run `dvc config core.analytics false`"


def test_a_damaged_store_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "mlruns").mkdir()
    (tmp_path / "mlruns" / "mlflow.db").write_bytes(b"none" * 100)
    assert not doctor.check_store(tmp_path).ok


def test_a_store_that_can_be_made_is_sound(tmp_path: Path) -> None:
    assert doctor.check_store(tmp_path).ok


def test_telemetry_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "false")
    assert doctor.check_offline(ROOT).remedy == "unset MLFLOW_DISABLE_TELEMETRY"


def test_forbidden_downloads_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert doctor.check_offline(ROOT).found.endswith("downloads forbidden")


def test_a_key_is_known_by_its_id(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    key = new_key(tmp_path / "key")
    monkeypatch.setenv(KEY_VARIABLE, str(tmp_path / "key"))
    assert doctor.check_key(ROOT).found == f"key {key.id}"


def test_a_key_that_others_can_read_is_a_fault(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    new_key(tmp_path / "key")
    (tmp_path / "key").chmod(0o644)
    monkeypatch.setenv(KEY_VARIABLE, str(tmp_path / "key"))
    assert "chmod 600" in str(doctor.check_key(ROOT).remedy)


def test_params_that_do_not_load_are_a_fault(tmp_path: Path) -> None:
    assert doctor.check_params(tmp_path).remedy == "run `make params`"


def overseen(base: Path, **oversight: object) -> Path:
    values = params_values()
    values["oversight"] |= oversight
    (base / "params.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
    return base


def test_a_date_of_retention_that_is_past_is_a_fault(tmp_path: Path) -> None:
    check = doctor.check_oversight(overseen(tmp_path, images_until=date(2020, 1, 1)))
    assert check.found.startswith("images and tables of patients were to be kept until 2020-01-01")
    assert check.remedy == "run `cinemyo audit dispose`, or correct the date in conf/study"


def test_phantoms_without_a_date_are_sound(tmp_path: Path) -> None:
    check = doctor.check_oversight(overseen(tmp_path))
    assert (check.found, check.remedy) == ("synthetic, no date of retention", None)


def test_a_study_of_people_without_a_protocol_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cinemyo.record.oversight.missing", lambda _: ["oversight.protocol"])
    check = doctor.check_oversight(overseen(tmp_path))
    assert (check.found, check.remedy) == ("not stated: oversight.protocol", "state it in conf/study")


def test_without_params_there_is_nothing_to_oversee(tmp_path: Path) -> None:
    assert doctor.check_oversight(tmp_path).remedy is None
