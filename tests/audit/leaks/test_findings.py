from cinemyo.audit.leaks.findings import Finding, of_ids, of_images, of_look_alikes
from cinemyo.audit.leaks.table import Row, person_of


def rows(*cells: tuple[str, str, str], by: str = "") -> list[Row]:
    return [
        Row(line, patient, person_of(patient), part, by, image) for line, (patient, part, image) in enumerate(cells, 2)
    ]


def told(findings: object) -> list[tuple[str, tuple[int, ...], bool]]:
    return [(item.kind, item.lines, item.is_leak) for item in findings if isinstance(item, Finding)]  # type: ignore[attr-defined]


def test_a_patient_in_two_parts_is_a_leak() -> None:
    assert told(of_ids(rows(("a", "0", "x"), ("b", "0", "y"), ("a", "1", "z")))) == [("patient", (2, 4), True)]


def test_a_patient_in_one_part_is_no_finding() -> None:
    assert told(of_ids(rows(("a", "0", "x"), ("a", "0", "y"), ("b", "1", "z")))) == []


def test_splits_of_their_own_are_checked_by_themselves() -> None:
    both = rows(("a", "0", "x"), by="one") + rows(("a", "1", "x"), by="other")
    assert told(of_ids(both)) == []


def test_two_spellings_in_two_parts_are_a_leak_and_in_one_part_a_note() -> None:
    assert told(of_ids(rows(("P01", "0", "x"), ("p1 ", "1", "y")))) == [("spelling", (2, 3), True)]
    assert told(of_ids(rows(("P01", "0", "x"), ("p1 ", "0", "y")))) == [("spelling", (2, 3), False)]


def test_equal_pixels_in_two_parts_are_a_leak() -> None:
    found = of_images(rows(("a", "0", "x"), ("a", "1", "y")), digests={"x": "1", "y": "1"})
    assert told(found) == [("image", (2, 3), True)]


def test_equal_pixels_under_two_patients_are_two_ids() -> None:
    found = of_images(rows(("a", "0", "x"), ("b", "0", "y")), digests={"x": "1", "y": "1"})
    assert told(found) == [("two_ids", (2, 3), False)]


def test_an_image_without_a_digest_is_equal_to_none() -> None:
    assert told(of_images(rows(("a", "0", "x"), ("b", "1", "y")), digests={"x": "1"})) == []


def test_look_alikes_count_between_patients_alone() -> None:
    both = rows(("a", "0", "x"), ("a", "1", "y"), ("b", "1", "z"))
    found = list(of_look_alikes(both, pairs=[("x", "y", 3), ("x", "z", 5)]))
    assert told(found) == [("near", (2, 4), True)]
    assert found[0].distance == 5
