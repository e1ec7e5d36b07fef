"""What the project says of its data: pseudonymised, never more."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TEXTS = sorted(
    path
    for folder, pattern in ((".", "*.md"), ("docs", "*.md"), ("reports", "*.md"), ("src", "*.html"), ("conf", "*.yaml"))
    for path in (ROOT / folder).glob(pattern if folder in {".", "docs", "reports"} else f"**/{pattern}")
)
CLAIM = re.compile(r"\banonym(ous|ously|ised|ized|isation|ization|ity)\b", re.IGNORECASE)


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_no_text_calls_data_anonymous(path: Path) -> None:
    assert CLAIM.findall(path.read_text(encoding="utf-8")) == []


def test_the_texts_are_there() -> None:
    assert len(TEXTS) > 10
