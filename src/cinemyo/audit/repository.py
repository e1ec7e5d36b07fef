"""What git says of the project, asked without writing anything."""

import subprocess
from pathlib import Path


def git(base: Path, *arguments: str, given: str = "", seconds: float | None = 60) -> str:
    """The output of a git command; empty outside a repository, or where it fails or takes longer than some seconds.

    `given` is what the command reads from its standard input.
    """
    command = ["git", *arguments]
    try:
        done = subprocess.run(
            command, cwd=base, input=given.encode(), capture_output=True, check=False, timeout=seconds
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace").strip() if done.returncode == 0 else ""


def commits(base: Path, *refs: str) -> frozenset[str]:
    """The commits that refs (`--all`, `HEAD`) lead to."""
    return frozenset(git(base, "rev-list", *refs).split())


def uncommitted(base: Path, *paths: str) -> list[str]:
    """Files below these paths that differ from the last commit, or that git does not hold."""
    lines = git(base, "-c", "core.quotePath=false", "status", "--porcelain", "-uall", "-z", "--", *paths).split("\0")
    return sorted(line.lstrip().partition(" ")[2].lstrip() for line in lines if line)
