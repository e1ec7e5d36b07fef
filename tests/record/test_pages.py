"""A page from a template: its style inside and allowed, values escaped, nothing asked for in vain."""

import re
from pathlib import Path

import jinja2
import pytest

from cinemyo.record.pages import digest, rendered


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "style.css").write_text("p { color: red }", encoding="utf-8")
    (tmp_path / "template.html").write_text("<style>{{ style | safe }}</style><!--{{ style_digest }}-->{{ name }}")
    return tmp_path


def test_the_digest_is_that_of_the_style_inside(folder: Path) -> None:
    text = rendered(folder, name="x").decode()
    style = re.search(r"<style>(.*)</style>", text)
    assert style is not None
    assert f"<!--{digest(style.group(1))}-->" in text


def test_a_digest_is_sha_256_in_base64() -> None:
    assert digest("") == "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="


def test_values_are_escaped(folder: Path) -> None:
    assert rendered(folder, name="<b>").endswith(b"&lt;b&gt;")


def test_what_is_not_among_the_content_is_refused(folder: Path) -> None:
    with pytest.raises(jinja2.UndefinedError, match="name"):
        rendered(folder)
