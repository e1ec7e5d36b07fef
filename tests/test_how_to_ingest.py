"""The how-to of ingest names every code by which something can be left out."""

import re
from pathlib import Path

import pytest

from cinemyo.sources.building import FAILURES
from cinemyo.sources.dicom_codes import REASONS

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "docs" / "how-to-ingest.md").read_text(encoding="utf-8")
RAISED = re.compile(r"(?:UnusableError\(|code=|code, reason = )\"([a-z][a-z0-9_]*)\"")
CODES = {
    *REASONS,
    *(code for code, _ in FAILURES.values()),
    *(code for path in (ROOT / "src/cinemyo/sources").glob("*.py") for code in RAISED.findall(path.read_text())),
}


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_has_its_row(code: str) -> None:
    assert f"| `{code}` | " in TEXT


@pytest.mark.parametrize("code", sorted(re.findall(r"^\| `([a-z0-9_]+)` \|", TEXT, re.MULTILINE)))
def test_every_row_is_a_code(code: str) -> None:
    assert code in CODES or any(f'"{code}"' in path.read_text() for path in (ROOT / "src/cinemyo").rglob("*.py"))


@pytest.mark.parametrize("code", sorted(REASONS))
def test_reasons_are_those_of_the_code(code: str) -> None:
    assert f"| `{code}` | {REASONS[code]} |" in TEXT
