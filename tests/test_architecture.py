"""The rules that hold the structure: import direction, one door per heavy library, no configuration engine in src."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SRC = ROOT / "src" / "cinemyo"
FILES = sorted(SRC.rglob("*.py"))

LEVELS = [
    {"errors", "labels", "__init__"},
    {
        "config",
        "schema",
        "tables",
        "measures",
        "sheets",
        "cores",
        "layout",
        "provenance",
        "commit",
        "events",
        "review",
        "launching",
        "arm_files",
    },
    {"sources", "deid", "scan", "preparation", "folds", "openings", "persons", "splitting", "models", "evaluation"},
    {"training"},
    {"explain", "trials", "sweeping", "tuning"},
    {"record"},
    {"audit"},
    {"planning"},
    {
        *("cli", "cli_deidentify", "cli_holdout", "cli_ingest", "cli_plan", "cli_readers", "cli_scan", "doctor"),
        *(
            "cli_audit",
            "cli_audit_ledger",
            "cli_audit_trace",
            "cli_audit_withdraw",
            "cli_audit_export",
            "cli_audit_study",
        ),
    },
]
LEVEL = {name: depth for depth, names in enumerate(LEVELS) for name in names}

DOORS = {
    "pydicom": ("sources/", "deid/", "scan/dicom.py"),
    "SimpleITK": ("sources/", "preparation/"),
    "timm": ("models/backbone.py",),
    "captum": ("explain/gradcam.py",),
    "pytorch_lightning": ("training/",),
    "mlflow": ("record/tracking/",),
    "matplotlib": ("record/",),
    "nibabel": ("sources/",),
    "tifffile": ("preparation/canvas.py",),
    "rocrate": ("audit/export/crate.py",),
    "prov": ("audit/export/prov_json.py",),
    "reportlab": ("audit/export/pdf.py",),
    "ray": ("launching/on_ray.py",),
    "submitit": ("launching/on_slurm.py",),
    "optuna": ("tuning/study.py",),
    "hydra": (),
    "omegaconf": (),
    "dvc": (),
    "pipelines": (),
}


def imports_of(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def part_of(module: str) -> str:
    names = module.split(".")
    return names[1] if len(names) > 1 and names[1] in LEVEL else "__init__"


def name_of(path: Path) -> str:
    return path.relative_to(SRC).as_posix()


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_imports_go_one_way(path: Path) -> None:
    own = LEVEL[Path(name_of(path)).parts[0].removesuffix(".py")]
    upward = [name for name in imports_of(path) if name.startswith("cinemyo") and LEVEL[part_of(name)] > own]
    assert upward == []


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_heavy_libraries_have_one_door(path: Path) -> None:
    used = {name.split(".")[0] for name in imports_of(path)} & set(DOORS)
    assert [library for library in sorted(used) if not name_of(path).startswith(DOORS[library])] == []


@pytest.mark.parametrize("path", [p for p in FILES if "evaluation" in p.parts], ids=name_of)
def test_evaluation_never_imports_torch(path: Path) -> None:
    assert not {name for name in imports_of(path) if name.split(".")[0] in {"torch", "pytorch_lightning", "timm"}}


@pytest.mark.parametrize("path", [p for p in FILES if "torch" in p.read_text(encoding="utf-8")], ids=name_of)
def test_no_pickled_weights(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert "torch.load(" not in text
    assert "torch.save(" not in text
