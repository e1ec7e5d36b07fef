"""The ranking as a page and a figure."""

from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from cinemyo.config import Study
from cinemyo.record.sweep.figure import accuracy_against_cost, front
from cinemyo.record.sweep.page import page
from cinemyo.sweeping.ranking import job_folders, ranking
from tests.sweeping.made_up import write

STUDY = Study(name="tiny", title="A <tiny> study", synthetic=True, notice="Phantoms & nothing else", primary="dual")


@pytest.fixture(scope="module")
def ranked(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    folder = tmp_path_factory.mktemp("jobs")
    write(folder, "a", accuracy=0.5)
    write(folder, "b", accuracy=0.75, gflop=3.0, backbone={"name": "resnet18"})
    write(folder, "c", accuracy=0.6, labels="permuted")
    write(folder, "d", accuracy=None)
    return ranking(job_folders(folder, basis="b"))


@pytest.fixture(scope="module")
def figure(ranked: pd.DataFrame) -> bytes:
    return accuracy_against_cost(ranked, title="Accuracy", note="Synthetic")


@pytest.fixture(scope="module")
def html(ranked: pd.DataFrame, figure: bytes) -> str:
    return page(ranked, study=STUDY, figure=figure).decode()


class Rows(HTMLParser):
    """Cells of the rows of all tables."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag == "tr":
            self.rows.append([])

    def handle_data(self, data: str) -> None:
        if self.rows and data.strip():
            self.rows[-1].append(data)


def test_each_job_is_a_line_with_rank_accuracy_and_cost(html: str) -> None:
    parser = Rows()
    parser.feed(html)
    best = parser.rows[1]
    assert best[:5] == ["1", "job b", "b", "resnet18", "32"]
    assert best[6:] == ["0.750 ± 0.050", "1.000", "3.000", "2.00", "1.00", "12"]


def test_a_control_says_so(html: str) -> None:
    assert '<th scope="row">control</th><td>job c</td>' in html


def test_failures_stand_apart_with_their_reason_escaped(html: str) -> None:
    assert "a &lt;b&gt;bold&lt;/b&gt; fault" in html


def test_the_page_says_that_it_is_no_result_and_synthetic(html: str) -> None:
    assert "Not for clinical use. Synthetic images. Phantoms &amp; nothing else. Exploration: no result" in html
    assert "A &lt;tiny&gt; study" in html


def test_the_page_needs_no_network_and_no_script(html: str) -> None:
    assert "http" not in html.replace("http-equiv", "")
    assert "<script" not in html


def test_the_same_jobs_give_the_same_bytes(ranked: pd.DataFrame, figure: bytes, html: str) -> None:
    assert accuracy_against_cost(ranked, title="Accuracy", note="Synthetic") == figure
    assert page(ranked, study=STUDY, figure=figure).decode() == html


def test_the_figure_is_drawn_without_any_finished_job(ranked: pd.DataFrame) -> None:
    assert accuracy_against_cost(ranked[ranked["state"] == "failed"], title="None", note="")[:4] == b"\x89PNG"


def test_the_line_joins_what_no_cheaper_job_beats() -> None:
    gflop, accuracy = np.array([3.0, 1.0, 2.0, 2.0, 4.0]), np.array([0.8, 0.5, 0.4, 0.6, 0.8])
    assert front(gflop, accuracy=accuracy).tolist() == [1, 3, 0]
