"""What the way of splitting and the phases are worth on real hearts, with frozen features and a linear head.

    python -m benchmarks.frozen_splits

Reads the prepared study `acdc` of params.yaml (`make use STUDY=acdc repro` first). The folds are drawn three times;
each row is the mean and range over the draws. Dequantised MobileNetV2 weights: a check of the
pipeline, not a benchmark.
"""

import tempfile
from dataclasses import replace

import numpy as np

from benchmarks.permuted_labels import by_patient
from benchmarks.result import keep
from cinemyo import config, tables
from cinemyo.config import Arm, Params
from cinemyo.layout import Layout
from cinemyo.persons import read_links
from cinemyo.splitting import assign
from cinemyo.training.arm import Outputs, run_arm
from cinemyo.training.data import read_inputs

SEEDS = (1, 2, 3)
ROWS = (
    ("dual_frozen", "honest"),
    ("diastole_frozen", "honest"),
    ("systole_frozen", "honest"),
    ("dual_frozen", "paper_by_input"),
)


def accuracies(arm: Arm, *, name: str, params: Params, layout: Layout, seed: int) -> tuple[float, float]:
    """Share of slices and of patients called right on the test folds of one draw."""
    cines, labels = tables.read(layout.cines, table=tables.CINES), tables.read(layout.labels, table=tables.LABELS)
    links = read_links(params.split.links)
    folds = assign(labels, cines=cines, split=params.split, seed=seed, links=links)
    inputs = replace(read_inputs(layout, arm=arm, seed=params.seed), folds=folds)
    with tempfile.TemporaryDirectory() as folder:
        out, work = Outputs.under(Path(folder)), Path(folder) / "work"
        predictions = run_arm(arm, name=name, seed=seed, inputs=inputs, out=out, work=work).predictions
    tested = predictions[predictions["set"] == "test"]
    called = tested.filter(like="p_").idxmax(axis=1).str.removeprefix("p_")
    right, patients, _ = by_patient(predictions, cines=cines, arm=arm)
    return float((called == tested["truth"]).mean()), right / patients


def main() -> None:
    """Measures, prints and keeps."""
    params = config.load()
    layout = Layout(params.study.name)
    rows = []
    for name, scheme in ROWS:
        arm = params.arms[name].model_copy(update={"scheme": scheme})
        found = np.array([accuracies(arm, name=name, params=params, layout=layout, seed=seed) for seed in SEEDS])
        figures = {
            what: {"mean": round(column.mean(), 3), "low": round(column.min(), 3), "high": round(column.max(), 3)}
            for what, column in zip(("slice", "patient"), found.T, strict=True)
        }
        rows.append({"arm": name, "scheme": scheme, "leaky": scheme == "paper_by_input", **figures})
        print(f"{name:16} {scheme:15} slice {figures['slice']['mean']:.3f}  patient {figures['patient']['mean']:.3f}")
    notice = f"{params.study.notice}; {params.study.citation}"
    keep(
        "frozen_splits",
        {"notice": notice, "draws": len(SEEDS), "rows": rows},
        command="python -m benchmarks.frozen_splits",
    )


if __name__ == "__main__":
    main()
