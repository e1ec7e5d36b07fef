"""What looks like an identity, and what only seems to."""

import pytest

from cinemyo.scan.looking import find_patterns

FOUND = {
    "e-mail": ["write to j.quimby@chu-nowhere.fr", "mailto:Jane@mail.hospital"],
    "person-name": ["QUIMBY^JANE", "Quimby^Jane^X", "LE GRAND^ZOÉ"],
    "nir": ["184127645108946", "1 84 12 76 451 089 46", "NIR : 1841276451089", "n° sécu 1 84 12 76 451 089"],
    "ssn": ["SSN 219-09-9999"],
    "iban": ["FR14 2004 1010 0505 0001 3M02 606"],
    "dicom-uid": ["1.3.12.2.1107.5.2.30.25123.30000", "1.2.826.0.1.3680043.8.498.12"],
    "phone": ["03 88 11 22 33", "03.88.11.22.33", "+33 3 88 11 22 33", "+33388112233", "tel: 0388112233",
              "(212) 555-0123", "+49 30 123456 78", "Téléphone : 03 88 11 22 33"],
    "date-of-birth": ["Date of birth: 12/03/1948", "née le 3 février 1948", "DOB=1948-03-12", "born on March 3, 1948",
                      "<td>Date de naissance</td><td>12.03.1948</td>", '"birth_date": "19480312"'],
    "medical-date": ["StudyDate 20200102", "examined on 2 March 2020", "IRM du 02/03/2020", "exam date: 2020-03-02"],
    "record-number": ["IPP 123456789", "MRN: A1234567", '{"patient_id": "12345678"}', "n° dossier 123456"],
    "labelled-name": ["Nom : QUIMBY", "PatientName: Quimby Jane", "<th>Patient name</th><td>QUIMBY JANE</td>",
                      "Prénom\tJane"],
    "identity-column": ["nom,age\nQ,3\n", "id;DOB;x\n1;2;3\n", "PatientName\tsex\nQ\tF\n"],
}  # fmt: skip

NONE = [
    "maintainers@users.noreply.example", "jane@example.org", "git@github.com:a/b.git", "/arm/demo@arms.dual: base",
    "dual@fold.0", "x^y", "HEAD^main", "A^T B^T", "[^A-Z]^B", "184127645108947", "0.184127645108946", "000-12-3456",
    "1.2.840.10008.5.1.4.1.1.4", "2.25.123456789012345678901234567890", "1.2.3.4", "version 10.0.1.2.3",
    "1.5 2.5 3.5", "2020-03-02", "born to run", "PatientName, OperatorsName", "PatientName: str",
    "PatientName: REMOVED", "name: Value", "patient_id: p-abcdefghijklmnop", "nom,age", "tel 12",
    "1234567890 1234567890", "1e+00 1e+01", "cine_id,patient_id,view\nc,p,short_axis\n",
    "ReferringPhysicianName\tPatientBirthDate",
]  # fmt: skip


def kinds(text: str, *, is_text: bool = True) -> set[str]:
    return {hit.kind for hit in find_patterns(text.encode(), is_text=is_text)}


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in FOUND.items() for text in texts])
def test_found(kind: str, text: str) -> None:
    assert kind in kinds(text)


@pytest.mark.parametrize("text", NONE)
def test_not_found(text: str) -> None:
    assert kinds(text) == set()


def test_the_find_is_the_value_without_its_label() -> None:
    text = b"Date of birth: 12/03/1948."
    (hit,) = find_patterns(text, is_text=True)
    assert text[hit.start : hit.end] == b"12/03/1948"


def test_a_find_is_counted_once() -> None:
    assert len(list(find_patterns(b"Tel +33 3 88 11 22 33", is_text=True))) <= 2
    assert len(list(find_patterns(b"a QUIMBY^JANE b", is_text=True))) == 1


def test_in_a_binary_file_sure_kinds_alone_count() -> None:
    assert kinds("\0the name QUIMBY^JANE\0", is_text=False) == {"person-name"}
    assert kinds("\0Date of birth: 12/03/1948\0", is_text=False) == set()


def test_in_a_binary_file_a_find_stands_in_a_run_of_text() -> None:
    assert kinds("\0\1QUIM^JAN\0\1", is_text=False) == set()


def test_a_find_far_into_a_file_keeps_its_place() -> None:
    content = b"." * (5 << 20) + b" j.quimby@chu-nowhere.fr"
    (hit,) = find_patterns(content, is_text=True)
    assert content[hit.start : hit.end] == b"j.quimby@chu-nowhere.fr"
