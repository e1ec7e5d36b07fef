"""Nothing heavy is imported before a command runs: what `import cinemyo` and the help of every command load."""

import json
import subprocess
import sys
from typing import Final

HEAVY: Final = (
    *("captum", "hydra", "matplotlib", "mlflow", "nibabel", "numpy", "optuna", "pandas", "pandera", "pydicom"),
    *("pytorch_lightning", "ray", "scipy", "SimpleITK", "sklearn", "submitit", "timm", "torch", "torchvision", "yaml"),
)
"""Each takes a tenth of a second or more, or brings one that does; pydantic is typer's own, on 0.1 s."""

HELP: Final = """
from typer.main import get_command
from typer.testing import CliRunner
from cinemyo.cli import app
for command in [[], *([name] for name in get_command(app).commands)]:
    found = CliRunner().invoke(app, [*command, "--help"])
    assert found.exit_code == 0, found.output
"""


def heavy_after(code: str) -> list[str]:
    """Heavy modules that a fresh interpreter holds after the code."""
    told = f"{code}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    return [name for name in json.loads(done.stdout.splitlines()[-1]) if name in HEAVY]


def test_the_package_imports_nothing_heavy() -> None:
    assert heavy_after("import cinemyo") == []


def test_the_help_of_every_command_imports_nothing_heavy() -> None:
    assert heavy_after(HELP) == []


def test_what_is_heavy_is_seen() -> None:
    assert "pandas" in heavy_after("import cinemyo.tables")
