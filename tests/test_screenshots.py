"""MLflow's pages and the comparison page in a headless browser: they show the runs, the filter and the images."""

from pathlib import Path

import pytest
from PIL import Image

from cinemyo import tables
from cinemyo.record.compare.page import chosen, page
from cinemyo.record.runs import study_runs
from cinemyo.record.tracking import STORE, Store, find, image, images
from docs import screenshots
from tests.record.pictures import png
from tests.tiny_study import build

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(screenshots.chromium() is None, reason="no Chromium on this machine: apt install chromium"),
]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recorded study with an image of a fold, and its comparison page."""
    base = tmp_path_factory.mktemp("shots")
    params, layout = build(base)
    for fold in range(3):
        tables.write_bytes(layout.figures / "folds" / "dual" / f"confusion_{fold}.png", png(64, 64))
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(STORE, raising=False)
        store = Store(base)
        store.record(study_runs(params, layout=layout), study="tiny")
        runs = chosen(find(store, study="tiny"), names=[])
        content = page(
            runs, images=lambda run: images(store, run), image=lambda run, name: image(store, run, name=name)
        )
    tables.write_bytes(layout.reports / "compare.html", content)
    return base


@pytest.fixture(scope="module")
def taken(base: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(STORE, raising=False)
        paths = screenshots.take(base, out=tmp_path_factory.mktemp("images"), study="tiny")
    return {path.stem: path for path in paths}


def test_every_page_appears_with_what_it_is_for(taken: dict[str, Path]) -> None:
    # each screenshot waits for the name of an arm, or for the image of the fold, and fails without
    assert set(taken) == {"mlflow_runs", "mlflow_compare", "mlflow_fold", "compare"}


def test_no_screenshot_is_blank(taken: dict[str, Path]) -> None:
    for path in taken.values():
        with Image.open(path) as shot:
            assert shot.size == screenshots.SIZE
            assert len(shot.convert("L").getcolors() or []) > 20
