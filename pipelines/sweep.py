"""One job of a Hydra multirun: an arm composed on the command line, fitted over the folds, compared in MLflow.

`python -m pipelines.sweep -m backbone=compact,resnet50v2 crop_px=48,64` explores; it writes below `outputs/` and never
below `reports/`. A winner is promoted by adding one file to `conf/arm/` and naming it in the study.
"""

import json
import sys
from pathlib import Path
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from cinemyo import config, tables
from cinemyo.config import Arm, Params
from cinemyo.errors import CinemyoError, ConfigError
from cinemyo.evaluation.scoring import score
from cinemyo.evaluation.summary import metrics_of
from cinemyo.layout import Layout
from cinemyo.persons import read_links
from cinemyo.provenance import digest_of, sha256
from cinemyo.record.runs import flat
from cinemyo.record.tracking import Data, Entry, Metric, Store
from cinemyo.training.arm import ArmResult, Outputs, run_arm, work_folder
from cinemyo.training.data import read_inputs


def composed(values: dict[str, Any]) -> tuple[Params, Arm]:
    """The study and the arm of a composition that holds the arm at its top level.

    Raises:
        ConfigError: a key or value that the models do not know, or a recipe that the study does not prepare.
    """
    own = {key: values.pop(key) for key in Arm.model_fields}
    values["study"]["primary"] = "sweep"
    values["external"] = {"sources": {}, "arms": []}
    params = config.parse({**values, "arms": {"sweep": own}}, where="conf")
    return params, params.arms["sweep"]


def content_key(arm: Arm, *, params: Params, layout: Layout) -> str:
    """Digest of all that the result hangs on: arm, seed, and the tables and canvases that it reads."""
    read = [layout.cines, layout.labels, layout.phases, layout.folds, layout.prepared(arm.recipe) / "prepared.csv"]
    absent = [path for path in read if not path.is_file()]
    if absent:
        raise ConfigError(
            "sweep", expected=f"a prepared study {params.study.name}", got=f"no {absent[0]}", remedy="run `make repro`"
        )
    folder = layout.prepared(arm.recipe)
    return digest_of([arm.model_dump(mode="json"), params.seed, [sha256(path) for path in read], sha256(folder)])


def run_job(params: Params, arm: Arm, *, name: str, layout: Layout) -> Path:
    """The folder of a finished job; one that finished before is taken as it is."""
    key = content_key(arm, params=params, layout=layout)
    folder = layout.base / "outputs" / "sweep" / params.study.name / key[:16]
    if (folder / "metrics.json").is_file():
        return folder
    inputs = read_inputs(layout, arm=arm, seed=params.seed)
    out = Outputs.under(folder)
    result = run_arm(arm, name="sweep", seed=params.seed, inputs=inputs, out=out, work=work_folder(layout))
    figures = figures_of(result, params=params, arm=arm, layout=layout) | {"name": name, "key": key}
    tables.write_bytes(folder / "metrics.json", (json.dumps(figures, indent=2, sort_keys=True) + "\n").encode())
    return folder


def figures_of(result: ArmResult, *, params: Params, arm: Arm, layout: Layout) -> dict[str, Any]:
    """Figures of an arm, with the accuracy on the inner validation folds, by which a winner is to be chosen."""
    prepared = tables.read(layout.prepared(arm.recipe) / "prepared.csv", table=tables.PREPARED)
    scored = score(
        result.predictions,
        name="sweep",
        arm=arm,
        folds=tables.read(layout.folds, table=tables.FOLDS),
        cines=tables.read(layout.cines, table=tables.CINES),
        labels=tables.read(layout.labels, table=tables.LABELS),
        prepared=set(prepared["cine_id"]),
        seed=params.seed,
        links=read_links(params.split.links),
    )
    metrics = metrics_of([scored], study=params.study, evaluate=params.evaluate, seed=params.seed)
    figures: dict[str, Any] = metrics["arms"]["sweep"]
    selected = result.history[result.history["selected"]]["validation_accuracy"].dropna()
    return figures | ({"validation_accuracy": float(selected.mean())} if len(selected) else {})


def entry(folder: Path, *, params: Params, arm: Arm, layout: Layout) -> Entry:
    """The job as a run of the experiment `<study>_sweep`."""
    figures = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    single = [Metric(key, float(value)) for key, value in figures.items() if isinstance(value, (int, float))]
    folds = [Metric("fold_accuracy", value, step) for step, value in enumerate(figures["accuracy_folds"])]
    return Entry(
        study=f"{params.study.name}_sweep",
        arm=figures["name"],
        fold=None,
        params={"seed": str(params.seed), **flat(arm.model_dump(mode="json"))},
        metrics=[*single, *folds],
        files={"predictions.csv": folder / "predictions.csv", "history.csv": folder / "history.csv"},
        documents={"confusion.json": {"classes": figures["classes"], "matrix": figures["confusion"]}},
        data=[Data(str(layout.folds.relative_to(layout.base)), sha256(layout.folds), "training")],
        tags={"kind": "sweep", "leaky": str(figures["leaky"]).lower()},
    )


@hydra.main(version_base="1.3", config_path="../conf", config_name="sweep")
def main(values: DictConfig) -> None:
    """Runs one job of the sweep."""
    try:
        params, arm = composed(OmegaConf.to_container(values, resolve=True))  # type: ignore[arg-type]
        layout = Layout(params.study.name)
        name = HydraConfig.get().job.override_dirname or "base"
        folder = run_job(params, arm, name=name, layout=layout)
        Store(layout.base).record([entry(folder, params=params, arm=arm, layout=layout)], study=f"{layout.study}_sweep")
    except CinemyoError as error:
        sys.exit(f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    main()
