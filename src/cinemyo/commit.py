"""The commit that a run was made with."""

import subprocess
from pathlib import Path


def git_commit(base: Path) -> str:
    """The commit of the working tree, marked `+` where code or configuration differ from it; `none` outside git."""
    commit = _git(base, "rev-parse", "HEAD")
    if not commit:
        return "none"
    changed = _git(base, "status", "--porcelain", "--", "src", "pipelines", "conf")
    return f"{commit}+" if changed else commit


def _git(base: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], cwd=base, capture_output=True, text=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
