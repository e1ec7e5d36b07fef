"""Chosen runs side by side: which are chosen, what differs, and the page itself."""

import re
from pathlib import Path

import pytest

from cinemyo.errors import SetupError
from cinemyo.record.compare.page import chosen, figures, page, settings, strips
from cinemyo.record.tracking import STORE, Entry, Found, Metric, Store, find, image, images
from tests.record.pictures import png


def run(name: str, *, identity: str = "", started: int = 1, level: str = "arm", **metrics: float) -> Found:
    params = {"backbone.name": "vgg16", "crop_px": "160" if name == "dual" else "128"}
    tags = {"arm": name, "level": level, "leaky": "false", "synthetic": "true"}
    return Found(identity or f"id-{name}-{started}", name, "demo", params, metrics, tags, started)


def test_without_a_name_every_arm_is_chosen_and_no_fold() -> None:
    runs = [run("dual"), run("systole"), run("dual fold 0", level="fold")]
    assert [found.name for found in chosen(runs, names=[])] == ["dual", "systole"]


def test_the_newest_run_of_a_name_is_chosen() -> None:
    runs = [run("dual", started=2), run("dual", started=1)]
    assert chosen(runs, names=["dual"])[0].started == 2


def test_an_older_run_is_chosen_by_its_id() -> None:
    runs = [run("dual", started=2), run("dual", started=1, identity="old")]
    assert [found.started for found in chosen(runs, names=["old", "dual"])] == [1, 2]


def test_an_unknown_name_is_refused_with_those_that_exist() -> None:
    with pytest.raises(SetupError, match="expected runs among dual, got triple; name arms, folds or run ids"):
        chosen([run("dual")], names=["triple"])


def test_more_runs_than_a_page_can_show_are_refused() -> None:
    with pytest.raises(SetupError, match="expected at most 8 runs, got 9"):
        chosen([run(f"arm{index}") for index in range(9)], names=[])


def test_only_settings_that_differ_are_shown() -> None:
    assert [line.name for line in settings([run("dual"), run("systole")])] == ["crop_px"]


def test_an_interval_stands_behind_its_figure() -> None:
    own = run("dual", patient_accuracy=0.9, patient_accuracy_low=0.8, patient_accuracy_high=0.95)
    assert [(line.name, line.cells) for line in figures([own])] == [("patient_accuracy", ("0.900 (0.800 to 0.950)",))]


def test_the_bounds_of_the_bootstrap_are_no_figures_of_their_own() -> None:
    own = run("dual", macro_f1=0.9, macro_f1_bca_low=0.8, macro_f1_bca_high=0.95)
    assert [line.name for line in figures([own])] == ["macro_f1"]


def test_a_figure_that_a_run_lacks_is_a_dash() -> None:
    lines = figures([run("dual", auroc=0.9), run("systole")])
    assert lines[0].cells == ("0.900", "–")


def test_counts_are_whole_numbers() -> None:
    own = run("dual", **{"missed_disease.hcm.missed": 3.0, "patient_missed_disease.hcm.n": 40.0, "patient_n_tied": 0.0})
    assert [line.cells[0] for line in figures([own])] == ["3", "40", "0"]


def test_curves_are_no_figures() -> None:
    assert figures([run("dual", train_loss=0.1, validation_accuracy=0.5)]) == []


def test_the_same_picture_of_two_arms_stands_in_one_line() -> None:
    names = {"dual": ["figures/confusion_dual.png"], "systole": ["figures/confusion_systole.png"]}
    found = strips([run("dual"), run("systole")], images=lambda own: names[own.name], image=lambda own, name: png(4, 4))
    assert [(strip.name, len([source for source in strip.sources if source])) for strip in found] == [
        ("figures/confusion.png", 2)
    ]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store with two arms, one of them with a picture."""
    base = tmp_path_factory.mktemp("compare")
    picture = base / "confusion_dual.png"
    picture.write_bytes(png(8, 8))
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(STORE, raising=False)
        made = Store(base)
    tags = {"level": "arm", "synthetic": "true"}
    files = {"figures/confusion_dual.png": picture}
    entries = [
        Entry("demo", "dual", None, {"crop_px": "64"}, [Metric("patient_accuracy", 0.9)], files, tags=tags),
        Entry("demo", "systole", None, {"crop_px": "48"}, [Metric("patient_accuracy", 0.8)], tags=tags),
    ]
    made.record(entries, study="demo")
    return made


def test_runs_are_found_with_params_metrics_and_tags(store: Store) -> None:
    found = {own.name: own for own in find(store, study="demo")}
    assert found["dual"].params["crop_px"] == "64"
    assert found["systole"].metrics["patient_accuracy"] == 0.8
    assert found["dual"].tags["level"] == "arm"


def test_a_query_selects_runs(store: Store) -> None:
    assert [own.name for own in find(store, study="demo", query="tags.arm = 'systole'")] == ["systole"]


def test_a_query_that_is_none_is_refused(store: Store) -> None:
    with pytest.raises(SetupError, match="expected MLflow's search syntax"):
        find(store, study="demo", query="arm is dual")


def test_an_unknown_study_is_refused_with_those_that_exist(store: Store) -> None:
    with pytest.raises(SetupError, match=r"expected the study acdc, got studies .*demo"):
        find(store, study="acdc")


def test_the_page_holds_images_figures_and_no_link_outside(store: Store) -> None:
    runs = chosen(find(store, study="demo"), names=["dual", "systole"])
    text = page(runs, images=lambda own: images(store, own), image=lambda own, name: image(store, own, name=name))
    words = text.decode()
    assert words.count("data:image/png;base64,") == 1
    assert "0.900" in words
    assert "Synthetic images." in words
    assert not re.findall(r"(?:src|href)=\"(?!data:|#)", words)


def test_an_absent_image_is_refused(store: Store) -> None:
    own = find(store, study="demo")[0]
    with pytest.raises(SetupError, match=r"expected the file figures/none\.png, got none"):
        image(store, own, name="figures/none.png")


def test_the_same_runs_give_the_same_bytes(store: Store) -> None:
    runs = chosen(find(store, study="demo"), names=["dual"])
    made = [page(runs, images=lambda own: [], image=lambda own, name: b"") for _ in range(2)]
    assert made[0] == made[1]


def test_a_heavy_image_becomes_a_jpeg(tmp_path: Path) -> None:
    found = strips([run("dual")], images=lambda own: ["big.png"], image=lambda own, name: png(900, 900))
    assert found[0].sources[0].startswith("data:image/jpeg")


def test_all_jobs_of_a_sweep_are_taken_where_none_is_named() -> None:
    runs = [run("crop_px=32", level="job"), run("crop_px=48", level="job"), run("sweep", level="sweep")]
    assert [found.name for found in chosen(runs, names=[])] == ["crop_px=32", "crop_px=48"]
