"""Under which permission a study of people is done, and until when what it holds may be kept."""

from datetime import date
from typing import Literal, Self

from pydantic import model_validator

from cinemyo.config.base import Frozen

ConsentBasis = Literal["synthetic", "public_release", "consent", "opt_out", "waiver"]


class Oversight(Frozen):
    """What an ethics board or a data-protection officer asks first; read by the audit and the report, by no model."""

    protocol: str
    """As the board numbers it, such as 20-072; empty where no board is asked."""
    consent_basis: ConsentBasis
    """Of patients whom `consents` does not name."""
    responsible_role: str
    """Who answers for the study: a role, never a name."""
    images_until: date | None
    """The day after which images and tables of patients must be gone; None where that is not stated."""
    audit_until: date | None
    """The day until which the record of the audit must be kept, and after which it must be gone."""
    consents: str
    """A sheet (patient, consent_basis, opposition_checked): what holds for single patients."""
    withdrawn: str
    """A sheet of keyed refusal codes: whoever withdrew is refused at ingest."""

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if self.images_until and self.audit_until and self.audit_until < self.images_until:
            raise ValueError(
                f"audit_until must be no earlier than images_until {self.images_until}, got {self.audit_until}: "
                "the record outlives what it is about"
            )
        return self
