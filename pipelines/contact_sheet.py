"""Stage contact_sheet, per recipe: pages on which a person checks the prepared cohort in a minute."""

import sys

from cinemyo import tables
from cinemyo.record.contact_sheet import contact_sheet
from pipelines.stage import argument, stage


def main() -> None:
    """Reads canvases, cines, regions, phases and labels and writes the pages of one recipe."""
    with stage("contact_sheet", *sys.argv[1:2]) as run:
        name, layout = argument(run.params.recipes), run.layout
        folder = layout.contact_sheets / name
        contact_sheet(
            tables.read(layout.prepared(name) / "prepared.csv", table=tables.PREPARED),
            layout=layout,
            recipe=name,
            cines=tables.read(layout.cines, table=tables.CINES),
            labels=tables.read(layout.labels, table=tables.LABELS),
            regions=tables.read(layout.regions, table=tables.REGIONS),
            phases=tables.read(layout.phases, table=tables.PHASE_TABLE),
            title=run.params.study.title,
        )
        run.wrote(
            inputs=[layout.prepared(name), layout.cines, layout.labels, layout.regions, layout.phases],
            outputs=[folder],
            params={"study": run.params.study.model_dump(mode="json")},
        )


if __name__ == "__main__":
    main()
