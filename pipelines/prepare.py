"""Stage prepare, per recipe: each cine resampled and windowed to 8 bit, full view."""

import sys

from cinemyo import tables
from cinemyo.preparation.prepare import prepare
from pipelines.stage import argument, stage


def main() -> None:
    """Reads the images and their regions and writes the canvases of one recipe."""
    with stage("prepare", *sys.argv[1:2]) as run:
        name, layout = argument(run.params.recipes), run.layout
        recipe = run.params.recipes[name]
        cines = tables.read(layout.cines, table=tables.CINES)
        regions = tables.read(layout.regions, table=tables.REGIONS)
        prepare(cines, layout=layout, regions=regions, name=name, recipe=recipe)
        run.wrote(
            inputs=[layout.ingested, layout.cines, layout.regions],
            outputs=[layout.prepared(name)],
            params={f"recipes.{name}": recipe.model_dump(mode="json")},
        )


if __name__ == "__main__":
    main()
