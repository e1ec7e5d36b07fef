"""Documentation that is made from the code is up to date."""

from docs.tables import TARGET, text


def test_the_reference_of_tables_is_that_of_the_code() -> None:
    assert TARGET.read_text(encoding="utf-8") == text()
