"""Canvases and labels to the price of leakage: frozen features, a linear head, several partitions of two kinds."""

from pathlib import Path

from cinemyo import tables
from cinemyo.measures import LEAKAGE
from cinemyo.persons import read_links
from cinemyo.trials.features import phase_features
from cinemyo.trials.leakage import price_of_leakage
from cinemyo.trials.partitions import open_cohort
from pipelines.stage import stage


def main() -> None:
    """Runs the stage."""
    with stage("leakage") as run:
        layout, params = run.layout, run.params
        settings, prepared = params.leakage, layout.prepared(params.leakage.recipe)
        cohort = open_cohort(
            tables.read(layout.cines, table=tables.CINES),
            labels=tables.read(layout.labels, table=tables.LABELS),
            folds=tables.read(layout.folds, table=tables.FOLDS),
            prepared=set(tables.read(prepared / "prepared.csv", table=tables.PREPARED)["cine_id"]),
            links=read_links(params.split.links),
        )
        cine_ids = cohort.cines["cine_id"].tolist()
        features = phase_features(layout, settings=settings, cine_ids=cine_ids, seed=params.seed)
        table = price_of_leakage(
            cohort, features=features, settings=settings, folds=params.split.folds, seed=params.seed
        )
        tables.write(table, table=LEAKAGE, path=layout.leakage)
        links = [Path(params.split.links)] if params.split.links else []
        run.wrote(
            inputs=[layout.cines, layout.labels, layout.phases, layout.folds, prepared, *links],
            outputs=[layout.leakage],
            params=params.model_dump(mode="json", include={"seed": True, "leakage": True, "split": {"folds"}}),
        )


if __name__ == "__main__":
    main()
