"""A project with all that a study can leave, and what a patient is in, found by other means than `cinemyo.audit`."""

import gzip
import hashlib
import io
import json
import sqlite3
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from cinemyo.record.tracking import Data, Entry, Store
from tests.audit.project import STAGES, Project
from tests.tiny_study import FOLDS, identifier, part_of

PATIENT = identifier("p", 0)
CINES = [identifier("c", 0), identifier("c", 1)]
OLDER = "c-7777777777777777"
"""A cine of the patient's that only an earlier version of the tables names."""
NAMES = [PATIENT, *CINES, OLDER, identifier("e", 0), identifier("s", 0), identifier("s", 1)]
EXTRA = {
    "explain@dual": (["data/tiny/models/dual", "data/tiny/predictions/dual.csv"], ["reports/heat_maps/dual"]),
    "report": (["reports/metrics.json", "data/tiny/labels.csv"], ["reports/report.html", "reports/flow.svg"]),
}


def plant(project: Project) -> None:
    """Fills a project that has run with all the other places in which a patient can be."""
    base = project.base
    other = identifier("c", 6)
    for name, content in {
        "reports/heat_maps/dual/overview.png": b"\x89PNG overview",
        f"reports/heat_maps/dual/{CINES[0]}.png": b"\x89PNG own",
        f"reports/heat_maps/dual/{other}.png": b"\x89PNG other",
        "reports/report.html": f"<p>{CINES[0]}</p>".encode(),
        "reports/flow.svg": b"<svg/>",
        "reports/lineage.csv": b"artefact\n",
        "outputs/sweep/tiny/0123/metrics.json": b"{}",
        "outputs/sweep/tiny/0123/models/fold0.safetensors": b"\0weights",
        "outputs/sweep/tiny/0123/predictions.csv": f"cine_id\n{CINES[1]}\n".encode(),
        "outputs/tune/tiny/fit-0123/search.json": b"{}",
        "outputs/2026-01-01/.hydra/config.yaml": b"seed: 7\n",
        ".cache/cinemyo/train/0123/fold0.json": b"{}",
        f".cache/cinemyo/prepare/coarse/{CINES[0]}.tif": b"II*\0",
        f".cache/cinemyo/prepare/coarse/{other}.tif": b"II*\0",
        "data/reading.key.csv": f"item,cine_id\nitem_0001,{CINES[0]}\n".encode(),
        "data/other.key.csv": f"item,cine_id\nitem_0001,{other}\n".encode(),
        "data/handed_over.zip": _zip({"inner/list.csv": f"{PATIENT}\n".encode() * 50}),
        "data/list.txt.gz": gzip.compress(f"{CINES[1]}\n".encode() * 50, mtime=0),
        "data/packed_other.zip": _zip({"list.csv": f"{other}\n".encode() * 50}),
        "conf/notes.csv": f"patient\n{PATIENT}\n".encode(),
        ".dvc/tmp/site/index.txt": f"{CINES[0]}.mha".encode(),
    }.items():
        path = base / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    pd.DataFrame({"cine_id": [CINES[0], other], "x": [1, 2]}).to_parquet(base / "data" / "tiny" / "leakage.parquet")
    _more_stages(project)
    _runs(project)
    for store in (base / ".dvc" / "cache", base / ".dvc" / "remote"):
        _store(project, store)
    (base / ".dvc" / "config").write_text("[core]\n    remote = r\n['remote \"r\"']\n    url = remote\n")


def _zip(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return buffer.getvalue()


def _more_stages(project: Project) -> None:
    pipeline = yaml.safe_load((project.base / "dvc.yaml").read_text())
    pipeline["stages"] |= {"explain": {"foreach": ["dual"], "do": {"cmd": "x"}}, "report": {"cmd": "x"}}
    (project.base / "dvc.yaml").write_text(yaml.safe_dump(pipeline, sort_keys=False))
    lock = yaml.safe_load((project.base / "dvc.lock").read_text())
    for name, (inputs, outputs) in EXTRA.items():
        lock["stages"][name] = {
            "cmd": "x",
            "deps": [{"path": path, "md5": md5(project.base / path)} for path in inputs],
            "outs": [{"path": path, "md5": md5(project.base / path)} for path in outputs],
        }
    (project.base / "dvc.lock").write_text(yaml.safe_dump(lock, sort_keys=False))


def md5(path: Path) -> str:
    """As DVC has it, computed here anew."""
    if path.is_file():
        return hashlib.md5(path.read_bytes()).hexdigest()
    return hashlib.md5(_listing(path)).hexdigest() + ".dir"


def _listing(path: Path) -> bytes:
    files = [item for item in path.rglob("*") if item.is_file()]
    items = [{"md5": md5(item), "relpath": item.relative_to(path).as_posix()} for item in files]
    return json.dumps(sorted(items, key=lambda item: item["relpath"]), sort_keys=True).encode()


def _store(project: Project, store: Path) -> None:
    """Every output, and earlier versions of some."""
    base = project.base
    for out in [path for _, outputs in [*STAGES.values(), *EXTRA.values()] for path in outputs]:
        keep(base / out, store=store)
    older = (base / "data/tiny/cines.csv").read_text().splitlines()
    _write(store, ("\n".join([older[0], older[1].replace(CINES[0], OLDER)]) + "\n").encode())
    _write(store, f"cine_id,heart\n{OLDER},1\n".encode())
    other = identifier("c", 6)
    names = {f"{OLDER}.tif": b"II*\0older own", f"{other}.tif": b"II*\0older other", "prepared.csv": b"cine_id\n"}
    items = [{"md5": _write(store, content), "relpath": name} for name, content in names.items()]
    _write(store, json.dumps(items).encode(), ending=".dir")
    models = [{"md5": _write(store, b"\0older weights"), "relpath": "fold0.safetensors"}]
    _write(store, json.dumps(models).encode(), ending=".dir")


def keep(path: Path, *, store: Path) -> None:
    """Puts a file, or a folder with its list, into a store."""
    if path.is_file():
        _write(store, path.read_bytes())
        return
    for item in path.rglob("*"):
        if item.is_file():
            _write(store, item.read_bytes())
    _write(store, _listing(path), ending=".dir")


def _write(store: Path, content: bytes, *, ending: str = "") -> str:
    digest = hashlib.md5(content).hexdigest()
    path = store / "files" / "md5" / digest[:2] / (digest[2:] + ending)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return digest


def _runs(project: Project) -> None:
    layout = project.layout
    folds = [
        Entry(
            "tiny",
            "dual",
            fold,
            files={f"model/fold{fold}.safetensors": layout.models("dual") / f"fold{fold}.safetensors"},
            tags={"level": "fold"},
        )
        for fold in range(FOLDS)
    ]
    data = [Data("data/tiny/cines.csv", "f" * 64, "cines")]
    files = {"predictions.csv": layout.predictions("dual"), "figures/a.png": layout.base / "reports/flow.svg"}
    Store(project.base).record([Entry("tiny", "dual", None, files=files, data=data, children=folds)], study="tiny")
    search = Entry(
        "tiny_tune", "fit", None, documents={"importances.json": {}}, tags={"kind": "tune", "level": "search"}
    )
    Store(project.base).record([search], study="tiny_tune")
    Store(project.base).record([Entry("elsewhere", "dual", None, documents={"a.json": {}})], study="elsewhere")


# the same by other means


def naming(base: Path) -> set[str]:
    """Files that hold one of the names in their path, their bytes, or whatever is packed in them."""
    return {name for name, texts in _texts(base) if any(word.encode() in text for text in texts for word in NAMES)}


def _texts(base: Path) -> Iterator[tuple[str, list[bytes]]]:
    listed = _names_in_lists(base)
    for path in base.rglob("*"):
        name = path.relative_to(base).as_posix()
        if path.is_file() and not name.startswith(".git/"):
            content = path.read_bytes()
            texts = [name.encode(), content, *_unpacked(path, content)]
            yield name, texts + [item.encode() for item in listed.get(path.parent.name + path.name, [])]


def _names_in_lists(base: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path in base.glob(".dvc/*/files/md5/??/*.dir"):
        for item in json.loads(path.read_text()):
            found.setdefault(item["md5"], []).append(item["relpath"])
    return found


def _unpacked(path: Path, content: bytes) -> Iterator[bytes]:
    if content.startswith(b"PAR1"):
        yield pd.read_parquet(path).to_csv().encode()
    if content.startswith(b"PK\3\4"):
        with zipfile.ZipFile(path) as file:
            yield from (file.read(name) for name in file.namelist())
    if content.startswith(b"\x1f\x8b"):
        yield gzip.decompress(content)
    if content.startswith(b"SQLite format 3"):
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
            yield "\n".join(database.iterdump()).encode()


def hanging(base: Path) -> set[str]:
    """Files that hang on the patient by the graph of the lock, the folds and the tracking store, named or not."""
    stages: dict[str, Any] = yaml.safe_load((base / "dvc.lock").read_text())["stages"]
    known = {"data/tiny/cines.csv"}
    found: set[str] = {"dvc.lock", "audit/ledger.jsonl", "reports/lineage.csv"}
    for _ in stages:  # long enough for the longest path
        for name, stage in stages.items():
            reads = any(_meet(dep["path"], path) for dep in stage.get("deps", []) for path in known)
            if reads or name == "ingest":
                known |= {out["path"] for out in stage["outs"] if not out["path"].startswith("data/tiny/provenance")}
                found |= {out["path"] for out in stage["outs"]}
    files = {name for path in found for name in _below(base, path)}
    files = {name for name in files if not _is_image_of_another(name)}
    files |= _below(base, "outputs/sweep/tiny") | _below(base, "outputs/tune/tiny")
    files |= _below(base, ".cache/cinemyo/train") | {"mlruns/mlflow.db"}
    files |= _of_runs(base)
    files = {name for name in files if not _is_tested_only(name)}
    return files | _in_stores(base, files)


def _meet(one: str, other: str) -> bool:
    return f"{one}/".startswith(f"{other}/") or f"{other}/".startswith(f"{one}/")


def _below(base: Path, path: str) -> set[str]:
    own = base / path
    files = own.rglob("*") if own.is_dir() else [own]
    return {item.relative_to(base).as_posix() for item in files if item.is_file()}


def _is_image_of_another(name: str) -> bool:
    """Masks and canvases hang on their own cine; so do tables of a folder that do not name the patient."""
    folder = name.startswith(("data/tiny/masks/", "data/tiny/prepared/"))
    plain = name in ("data/tiny/exclusions.csv", "data/tiny/sources.parquet")
    return (folder or plain) and not any(cine in name for cine in CINES)


def _is_tested_only(name: str) -> bool:
    own = int(part_of(0))
    is_model = name.endswith(f"fold{own}.safetensors")
    return is_model and ("/models/" in name or "/model/" in name) and not name.startswith("outputs/")


def _of_runs(base: Path) -> set[str]:
    from mlflow.tracking import MlflowClient

    client = MlflowClient(f"sqlite:///{base / 'mlruns' / 'mlflow.db'}")
    experiments = [client.get_experiment_by_name(name) for name in ("tiny", "tiny_tune")]
    runs = [run.info.run_id for run in client.search_runs([item.experiment_id for item in experiments if item])]
    return {name for run in runs for name in _below(base, f"mlruns/artifacts/{run}")}


def _in_stores(base: Path, files: set[str]) -> set[str]:
    """Objects with the content of these files, lists of folders that hold one, and versions that are no longer used."""
    present = {hashlib.md5((base / name).read_bytes()).hexdigest() for name in files}
    here = {md5(path) for path in base.glob("data/**/*") if path.is_file()}
    here |= {md5(path) for path in base.glob("reports/**/*") if path.is_file()}
    folders = {md5(base / out) for _, outs in [*STAGES.values(), *EXTRA.values()] for out in outs}
    objects = {path.parent.name + path.name: path for path in base.glob(".dvc/*/files/md5/??/*")}
    stores = {path: path.parent.name + path.name for path in base.glob(".dvc/*/files/md5/??/*")}
    lists = {name: json.loads(path.read_text()) for name, path in objects.items() if name.endswith(".dir")}
    images = {
        item["md5"]
        for items in lists.values()
        for item in items
        if item["relpath"].endswith((".mha", ".tif")) and not any(cine in item["relpath"] for cine in [*CINES, OLDER])
    }
    found = set()
    for path, name in stores.items():
        is_old = name not in here and name not in folders and name not in images
        holds = any(item["md5"] in present for item in lists.get(name, []))
        if name in present or is_old or holds:
            found.add(path.relative_to(base).as_posix())
    return found
