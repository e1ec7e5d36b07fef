"""Screenshots of MLflow's pages and of the comparison page, taken by a headless browser from a recorded study.

    python -m docs.screenshots [FOLDER]

Needs a study of phantoms (`make repro`) and Chromium; images of people are never written here.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import Browser, Page, sync_playwright

from cinemyo import config
from cinemyo.record.tracking import Found, Store, find

TARGET = Path(__file__).parent / "images"
SIZE = (1760, 1000)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
ARMS = "tags.level = 'arm' and tags.target = 'pathology'"


def chromium() -> str | None:
    """The browser of this machine, where it has one."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@contextmanager
def server(base: Path) -> Iterator[str]:
    """The address of MLflow's UI on the embedded store below a folder, on 127.0.0.1 alone."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "ui", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", "sqlite:///mlruns/mlflow.db"]
    command += ["--default-artifact-root", "mlflow-artifacts:/", "--artifacts-destination", "mlruns/artifacts"]
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
    process = subprocess.Popen(
        command,
        cwd=base,
        env={**os.environ, **quiet},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        address = f"http://127.0.0.1:{port}"
        _wait(f"{address}/health", process=process)
        yield address
    finally:
        os.killpg(process.pid, 15)
        process.wait(timeout=60)


def _wait(address: str, *, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(240):
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except OSError:
            if process.poll() is not None:
                raise
            time.sleep(0.5)
    raise TimeoutError(address)


@contextmanager
def browser() -> Iterator[Browser]:
    """A headless browser without a network of its own."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        try:
            yield opened
        finally:
            opened.close()


def visits(address: str, *, experiment: str, arms: list[Found], fold: Found) -> dict[str, tuple[str, str]]:
    """By the name of a screenshot: the address of a page of MLflow, and the selector of what must have appeared."""
    query = quote(ARMS)
    runs = quote(json.dumps([run.run_id for run in arms]))
    return {
        "mlflow_runs": (
            f"{address}/#/experiments/{experiment}/runs?searchFilter={query}",
            f"text={arms[0].name}",
        ),
        "mlflow_compare": (
            f"{address}/#/compare-runs?runs={runs}&experiments={quote(json.dumps([experiment]))}",
            f"text={arms[0].name}",
        ),
        "mlflow_fold": (
            f"{address}/#/experiments/{experiment}/runs/{fold.run_id}/artifacts/figures/confusion.png",
            "img[src^='blob:'], img[src*='confusion']",
        ),
    }


def take(base: Path, *, out: Path, study: str) -> list[Path]:
    """Screenshots of the runs of a study, their comparison in MLflow, an image of a fold, and the comparison page."""
    store = Store(base)
    runs = {run.name: run for run in find(store, study=study)}
    arms = sorted((run for run in runs.values() if run.tags["level"] == "arm"), key=lambda run: run.name)
    arms = [run for run in arms if run.tags["target"] == "pathology"]
    experiment = str(store.client.get_experiment_by_name(study).experiment_id)
    out.mkdir(parents=True, exist_ok=True)
    with server(base) as address, browser() as opened:
        page = opened.new_page(viewport={"width": SIZE[0], "height": SIZE[1]})
        pages = visits(address, experiment=experiment, arms=arms[:3], fold=runs[f"{arms[0].name} fold 0"])
        comparison = base / "reports" / "compare.html"
        if comparison.is_file():
            pages["compare"] = (comparison.absolute().as_uri(), "h1")
        return [_shot(page, *visit, path=out / f"{name}.png") for name, visit in pages.items()]


def _shot(page: Page, address: str, selector: str, *, path: Path) -> Path:
    page.goto(address)
    page.locator(selector).first.wait_for(timeout=90_000)
    for panel in page.get_by_label("Close").all():
        # an assistant that covers a quarter of the page
        if panel.is_visible():
            panel.click()
    page.wait_for_timeout(1500)
    page.screenshot(path=path)
    return path


def main() -> None:
    """Takes them of the study of params.yaml, if it is one of phantoms."""
    params = config.load()
    if not params.study.synthetic:
        sys.exit("docs.screenshots: expected a study of phantoms, got one of people; make use STUDY=demo")
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET
    for path in take(Path(), out=folder, study=params.study.name):
        print(path)


if __name__ == "__main__":
    main()
