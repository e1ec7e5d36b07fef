"""Tables, figures and heat maps to one page that a reviewer can read, with flow figure, model card and checklists."""

from cinemyo import tables
from cinemyo.record.report.page import build
from pipelines.stage import stage


def main() -> None:
    """Runs the stage; the page itself shows the provenance of the stages before it."""
    with stage("report") as run:
        layout, material = run.layout, build(run.params, layout=run.layout)
        tables.write_bytes(layout.report, material.page)
        tables.write_bytes(layout.flow, material.flow)
        tables.write_bytes(layout.model_card, material.card.encode())
        for name, text in material.checklists.items():
            tables.write_bytes(layout.checklists / f"{name}.md", text.encode())


if __name__ == "__main__":
    main()
