"""Models and canvases to heat maps: each arm measured into attention.csv, the misclassified and a sample drawn."""

import shutil

from cinemyo.config import Params
from cinemyo.explain.arm import Explained, attention_table, explain_arm
from cinemyo.layout import Layout
from cinemyo.record.heat_maps import banner, draw_case, draw_overview
from cinemyo.tables import ATTENTION, write, write_bytes
from pipelines.stage import stage


def main() -> None:
    """Runs the stage."""
    with stage("explain") as run:
        params, layout = run.params, run.layout
        shutil.rmtree(layout.heat_maps, ignore_errors=True)
        layout.heat_maps.mkdir(parents=True)
        rows = []
        for name in params.arms:
            found = explain_arm(params, name=name, layout=layout)
            draw(found, name=name, params=params, layout=layout)
            rows += found.rows
        write(attention_table(rows), table=ATTENTION, path=layout.attention)
        read = [layout.cines, layout.phases]
        for name, arm in params.arms.items():
            read += [layout.models(name), layout.predictions(name), layout.prepared(arm.recipe)]
        run.wrote(
            inputs=list(dict.fromkeys(read)),
            outputs=[layout.attention, layout.heat_maps],
            params=params.model_dump(mode="json", include={"arms", "explain", "seed", "study", "recipes"}),
        )


def draw(found: Explained, *, name: str, params: Params, layout: Layout) -> None:
    """Draws the cases of an arm and its overview."""
    arm = params.arms[name]
    folder = layout.heat_maps / name
    words = banner(params.study, scheme=arm.scheme)
    overview = draw_overview(found.cases, arm=name, phases=arm.phases, standing=words)
    write_bytes(folder / "overview.png", overview)
    for case in found.cases:
        write_bytes(folder / f"{case.answer.cine_id}.png", draw_case(case, phases=arm.phases, standing=words))


if __name__ == "__main__":
    main()
