"""Values that nobody bears, planted wherever an export can name a person, so that a leak can be found."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pandas as pd
from pydicom import Dataset, dcmread
from pydicom.dataset import FileDataset

ROOT_UID: Final = "1.3.12.2.1107.5.2.99."
DATES: Final = ("1931-07-19", "1932/08/17", "14.09.1933", "23/10/1934", "19351128")
"""Five formats; the birth date is the last."""
TEXTS: Final = {
    "preamble": "Kvetchenborough",
    "SourceApplicationEntityTitle": "AEZWILKON",
    "SendingApplicationEntityTitle": "AEBRUMPTA",
    "ReceivingApplicationEntityTitle": "AEGLIMMOX",
    "PrivateInformation": "Hrobnicek",
    "OtherPatientIDs": "OPI5550183",
    "OtherPatientNames": "Wyzzbrandt^Olqa",
    "PatientBirthName": "Jöttenhåmmar^Ylvä",
    "PatientMotherBirthName": "Pfrümmelsky^Aune",
    "PatientAddress": "77 Quagglethorpe Lane",
    "PatientTelephoneNumbers": "+33388550199",
    "PatientComments": f"Mr Blenkwhistle, seen {DATES[0]}",
    "ImageComments": f"for Dr Snorvaxen on {DATES[1]}",
    "AdditionalPatientHistory": f"operated {DATES[2]} by Umbrokvist",
    "StudyComments": f"recall {DATES[3]} Trelvoxan",
    "InstitutionName": "Drumblecastle Infirmary",
    "InstitutionAddress": "9 Fribbleton Quay",
    "InstitutionalDepartmentName": "Ward Yortlehausen",
    "StationName": "STQWERZUM",
    "DeviceSerialNumber": "SN7740021",
    "ReferringPhysicianName": "Vlorkensen^Tyb",
    "PerformingPhysicianName": "Grambelow^Ine",
    "OperatorsName": "Zazzenheim^Bo",
    "StudyDescription": "Heart of Mrs Plinkworthy",
    "StudyID": "STD8800441",
    "Occupation": "Wumblesea keep",
    "CurrentPatientLocation": "Room Nixelfort",
    "private": "Ombelgrove",
    "private, nested": "Skrimshander",
    "nested once": "Thwaiteferry",
    "nested twice": "Urglenmoor",
    "overlay comments": "Jibberwick",
    "trailing padding": "Fnordelhalt",
    "private creator": "XYLQUIBBLE 1.0",
    "file that is no image": "Ghastelbury",
    "broken file": "Plovendyke",
}
"""By place: one value for the whole export."""


def name_of(number: int) -> str:
    """A patient's name, with a given name of three letters and accents."""
    return f"Zürgelbräu{'aeiouy'[number % 6]}{chr(ord('k') + number)}^Zqö"


def id_of(number: int) -> str:
    """A patient's number."""
    return f"{77310000 + 37 * number}"


def accession_of(number: int) -> str:
    """An accession number."""
    return f"AC{66120000 + 41 * number}"


def uid_of(uid: str) -> str:
    """A UID of a maker in place of a phantom's."""
    return uid if uid.startswith("1.2.840.10008") else f"{ROOT_UID}{int(uid.rpartition('.')[2]) % 10**24}"


def plant(export: Path, *, labels: Path) -> list[str]:
    """All values that must not leak, after planting them in every file of a phantom's export and in its label sheet."""
    files = sorted(path for path in export.rglob("*.dcm"))
    patients = sorted({str(dcmread(path, stop_before_pixels=True).PatientID) for path in files})
    numbers = {patient: number for number, patient in enumerate(patients)}
    uids = {uid for path in files for uid in _planted(path, numbers)}
    for folder in sorted(path for path in export.iterdir() if path.is_dir()):
        folder.rename(export / f"{id_of(numbers[folder.name.split('_')[0]])} Quibblestone")
    (export / "Ghastelbury letter.txt").write_text(f"{TEXTS['file that is no image']}\n", encoding="utf-8")
    (export / "Plovendyke.dcm").write_bytes(bytes(128) + b"DICM" + TEXTS["broken file"].encode() + b"\xff\xfe\x00")
    sheet = pd.read_csv(labels, dtype=str)
    sheet["patient"] = [id_of(numbers[patient]) for patient in sheet["patient"]]
    sheet["exam"], sheet["series"] = sheet["exam"].map(uid_of), sheet["series"].map(uid_of)
    sheet.to_csv(labels, index=False)
    people = [value for number in numbers.values() for value in (name_of(number), id_of(number), accession_of(number))]
    return [*TEXTS.values(), *words(), *DATES, *people, *sorted(uids), "Quibblestone", "Xaverblum"]


def words() -> list[str]:
    """The invented words of the values, each a value of its own."""
    found = (word.strip(",") for text in TEXTS.values() for word in text.replace("^", " ").split())
    common = {"Heart", "Keeper", "Infirmary", "operated", "recall", "light", "Lane", "Quay", "Ward", "Room", "seen"}
    return sorted({word for word in found if word.isalpha() and word[0].isupper() and len(word) > 3} - common)


def known_file(path: Path, values: list[str]) -> Path:
    """The values as a file for `cinemyo scan-phi --known`."""
    path.write_text(json.dumps(values), encoding="utf-8")
    path.chmod(0o600)
    return path


def _planted(path: Path, numbers: dict[str, int]) -> Iterator[str]:
    dataset = dcmread(path)
    number = numbers[str(dataset.PatientID)]
    dataset.SpecificCharacterSet = ("ISO_IR 192", "ISO_IR 100")[number % 2]
    dataset.PatientName, dataset.PatientID = name_of(number), id_of(number)
    dataset.AccessionNumber = accession_of(number)
    dataset.PatientBirthDate = DATES[-1]
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "FrameOfReferenceUID"):
        setattr(dataset, keyword, uid_of(str(getattr(dataset, keyword))))
        yield str(getattr(dataset, keyword))
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    for keyword, text in TEXTS.items():
        if keyword.isalnum() and keyword[0].isupper() and keyword != "PrivateInformation":
            place = dataset.file_meta if keyword.endswith("ApplicationEntityTitle") else dataset
            setattr(place, keyword, text)
    dataset.SeriesDescription = f"{dataset.SeriesDescription} Xaverblum"
    dataset.ProtocolName = f"{dataset.ProtocolName} Xaverblum"
    _plant_nested(dataset)
    _plant_outside(dataset)
    dataset.save_as(path.with_name(f"Quibblestone {path.name}"), enforce_file_format=True)
    path.unlink()


def _plant_nested(dataset: FileDataset) -> None:
    inner, middle = Dataset(), Dataset()
    inner.RequestingPhysician = TEXTS["nested twice"]
    middle.ScheduledPerformingPhysicianName = TEXTS["nested once"]
    middle.RequestAttributesSequence = [inner]
    middle.add_new(0x00110010, "LO", TEXTS["private creator"])
    middle.add_new(0x00111001, "LO", TEXTS["private, nested"])
    dataset.RequestAttributesSequence = [middle]
    dataset.add_new(0x00090010, "LO", TEXTS["private creator"])
    dataset.add_new(0x00091010, "LO", TEXTS["private"])


def _plant_outside(dataset: FileDataset) -> None:
    dataset.preamble = TEXTS["preamble"].encode().ljust(128, b"\0")
    dataset.file_meta.PrivateInformationCreatorUID = "1.2.840.10008.1.1"
    dataset.file_meta.PrivateInformation = TEXTS["PrivateInformation"].encode().ljust(16, b"\0")
    dataset.add_new(0x60004000, "LT", TEXTS["overlay comments"])
    dataset.add_new(0xFFFCFFFC, "OB", TEXTS["trailing padding"].encode().ljust(16, b"\0"))
