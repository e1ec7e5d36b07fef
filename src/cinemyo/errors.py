"""Errors that a user can act on; one sentence form: *where: expected X, got Y; remedy*."""

from functools import partial
from typing import Any


class CinemyoError(Exception):
    """A fault with its place, what was expected, what came, and the remedy."""

    def __init__(self, where: str, *, expected: str, got: str, remedy: str) -> None:
        super().__init__(f"{where}: expected {expected}, got {got}; {remedy}")
        self.where = where
        self.expected = expected
        self.got = got
        self.remedy = remedy

    def __reduce__(self) -> tuple[Any, ...]:
        """How the fault travels from one process to another."""
        again = partial(type(self), expected=self.expected, got=self.got, remedy=self.remedy)
        return again, (self.where,)


class ConfigError(CinemyoError):
    """A value of `conf/` or `params.yaml` cannot be used."""


class SourceError(CinemyoError):
    """A folder of images, or a file in it, cannot be used as its source kind."""


class IdentityKeyError(CinemyoError):
    """The key of the pseudonyms is missing, too weak, readable by others, or not the study's."""


class LabelError(CinemyoError):
    """The label sheet contradicts itself or the cines."""


class TableError(CinemyoError):
    """A table breaks its schema."""


class SplitError(CinemyoError):
    """A split would leak, or cannot be made from these patients."""


class WeightsError(CinemyoError):
    """A weights file is absent, altered, or belongs to another network."""


class TrainingError(CinemyoError):
    """A fit cannot go on."""


class SetupError(CinemyoError):
    """The environment lacks something: a package, a codec, disk space."""


class ScanError(CinemyoError):
    """What the search for identities was given cannot be used."""


class AuditError(CinemyoError):
    """The record of the audit is broken, incomplete, or does not know what was asked for."""
