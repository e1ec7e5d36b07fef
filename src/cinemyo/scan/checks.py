"""Check digits of numbers that name a person."""

import re
from typing import Final

IBAN_LENGTHS: Final = {
    **{"AT": 20, "BE": 16, "CH": 21, "DE": 22, "ES": 24, "FR": 27},
    **{"GB": 22, "IT": 27, "LU": 20, "NL": 18, "PT": 25},
}


def is_nir(number: str) -> bool:
    """Whether 15 characters are a French NIR with its key (97 minus the rest of the 13 before, modulo 97).

    Source: INSEE, NIR; 2A and 2B (Corsica) count as 19 and 18
    """
    compact = re.sub(r"[ .]", "", number.upper())
    if not re.fullmatch(r"[12]\d{4}(\d{2}|2[AB])\d{8}", compact):
        return False
    month = int(compact[3:5])
    if not (1 <= month <= 12 or month == 20 or 30 <= month <= 42 or month >= 50):
        return False
    digits = int(compact[:13].replace("2A", "19").replace("2B", "18"))
    return 97 - digits % 97 == int(compact[13:])


def is_iban(number: str) -> bool:
    """Whether a text is an IBAN of a European country, by its length and the rest modulo 97.

    Source: ISO 13616
    """
    compact = number.replace(" ", "").upper()
    if len(compact) != IBAN_LENGTHS.get(compact[:2], -1):
        return False
    digits = "".join(str(int(letter, 36)) for letter in compact[4:] + compact[:4])
    return int(digits) % 97 == 1
