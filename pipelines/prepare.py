"""Stage prepare, per recipe: each cine resampled and windowed to 8 bit, full view."""

import sys
from collections.abc import Sequence

from cinemyo import tables
from cinemyo.launching.choice import chosen
from cinemyo.layout import Layout
from cinemyo.preparation.ahead import prepare_ahead
from cinemyo.preparation.prepare import prepare, work_of
from pipelines.stage import Run, argument, stage


def main() -> None:
    """Reads the images and their regions and writes the canvases of one recipe."""
    with stage("prepare", *sys.argv[1:2]) as run:
        prepare_cohort(run, layout=run.layout, recipes=[argument(run.params.recipes)])


def prepare_cohort(run: Run, *, layout: Layout, recipes: Sequence[str]) -> None:
    """Prepares a cohort by some of the study's recipes."""
    cines = tables.read(layout.cines, table=tables.CINES)
    regions = tables.read(layout.regions, table=tables.REGIONS)
    kept = [work_of(layout, name=name, recipe=run.params.recipes[name]) for name in recipes]
    for name, finished in zip(recipes, kept, strict=True):
        recipe = run.params.recipes[name]
        prepare_ahead(layout, name=name, recipe=recipe, launcher=chosen())
        prepare(cines, layout=layout, regions=regions, name=name, recipe=recipe, finished=finished)
    run.wrote(
        inputs=[layout.ingested, layout.cines, layout.regions],
        outputs=[layout.prepared(name) for name in recipes],
        params={f"recipes.{name}": run.params.recipes[name].model_dump(mode="json") for name in recipes},
    )
    for finished in kept:
        finished.clear()


if __name__ == "__main__":
    main()
