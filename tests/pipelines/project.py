"""The folder of a project as its stages expect it, in a place of its own."""

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
CODE: Final = ("src", "pipelines", "conf")
"""What a stage reads or hashes of the project beside its data; `conf` holds the sheets of studies too."""


def link_code(base: Path) -> None:
    """Links code and configuration into a folder, but what the test has written there itself."""
    for name in CODE:
        if not (base / name).exists():
            (base / name).symlink_to(ROOT / name, target_is_directory=True)
