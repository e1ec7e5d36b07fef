"""A search of a tree says where and of what kind, never what."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from cinemyo.errors import ScanError
from cinemyo.scan.allow import Rule, read_rules
from cinemyo.scan.finds import as_lines, as_values
from cinemyo.scan.search import Search
from tests.scan.trees import BORN, JANE, KNOWN, kinds, searched


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    (folder / "b").mkdir(parents=True)
    (folder / "b" / "text.txt").write_text("nothing\nJane Quimby was here, Jane Quimby\n", encoding="utf-8")
    (folder / "a.csv").write_text("x\n1\n", encoding="utf-8")
    return folder


def test_a_clean_tree_is_clean(tree: Path) -> None:
    report = searched(tree)
    assert (report.status, report.files, report.finds) == (0, 2, {})


def test_a_find_has_its_place_line_number_and_count(tree: Path) -> None:
    report = searched(tree, JANE)
    ((place, found),) = [(place, found) for place, found in report.finds.items() if place.kind == "name"]
    assert (place.path, found.at, found.count) == ((tree / "b" / "text.txt").as_posix(), "line 2", 2)
    assert report.status == 1


def test_no_report_says_what_was_found(tree: Path) -> None:
    (tree / "Quimby_Jane").mkdir()
    (tree / "Quimby_Jane" / "QUIMBY^JANE 19480321.txt").write_text("1948-03-21 48213377\n", encoding="utf-8")
    report = searched(tree, *KNOWN)
    told = "\n".join(as_lines(report, rules=[])) + json.dumps(as_values(report, rules=[])) + repr(report)
    assert not [word for word in ("quimby", "jane", "1948", "48213377") if word in told.lower()]
    assert "/***/" in told


def test_names_of_folders_and_files_are_searched(tree: Path) -> None:
    (tree / "jane_quimby").mkdir()
    assert "name" in kinds(searched(tree / "jane_quimby", JANE))


def test_targets_of_links_are_searched_and_links_not_followed(tree: Path) -> None:
    outside = tree.parent / "export of 1948-03-21"
    outside.mkdir()
    (outside / "x.txt").write_text("Jane Quimby\n", encoding="utf-8")
    (tree / "link").symlink_to(outside)
    report = searched(tree / "link", JANE, BORN)
    assert {(place.kind, place.inside) for place in report.finds} == {("date", "target of the link")}


def test_a_broken_link_is_no_fault(tree: Path) -> None:
    (tree / "link").symlink_to("nowhere")
    assert searched(tree).status == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file_is_named_and_not_clean(tree: Path) -> None:
    (tree / "a.csv").chmod(0)
    assert searched(tree).status == 2


def test_nothing_there_is_refused(tree: Path) -> None:
    with pytest.raises(ScanError, match="nothing there"):
        searched(tree / "none")


def test_the_order_is_that_of_the_names(tree: Path) -> None:
    for name in ("z", "m", "a0"):
        (tree / name).write_text("QUIMBY^JANE\n", encoding="utf-8")
    first, second = searched(tree, *KNOWN), searched(tree, *KNOWN)
    assert list(first.finds) == list(second.finds)
    paths = list(dict.fromkeys(place.path for place in first.finds))
    assert paths == sorted(paths)


def test_an_allowed_find_is_counted_and_no_find(tree: Path) -> None:
    rules = [Rule(3, "*", None, "*/b/*", "an example")]
    report = searched(tree, JANE, rules=rules)
    assert (report.status, report.allowed[3] > 0) == (0, True)
    assert "allowed by line 3" in "\n".join(as_lines(report, rules=rules))


def test_a_rule_holds_for_its_kind_path_and_text() -> None:
    (rule,) = [Rule(1, "e-mail", __import__("re").compile(r".*@nowhere\.fr"), "docs/*", "why")]
    assert rule.allows("e-mail", "docs/a.md", "x@nowhere.fr")
    assert not rule.allows("e-mail", "src/a.md", "x@nowhere.fr")
    assert not rule.allows("e-mail", "docs/a.md", "x@nowhere.fr.org")
    assert not rule.allows("phone", "docs/a.md", "x@nowhere.fr")


def test_a_rule_without_a_reason_is_refused(tmp_path: Path) -> None:
    (tmp_path / "allow").write_text("# comment\n\ne-mail docs/*\n", encoding="utf-8")
    with pytest.raises(ScanError, match="line 3: expected a kind, a glob of paths and a reason"):
        read_rules(tmp_path / "allow")


def test_a_rule_that_is_no_expression_is_refused(tmp_path: Path) -> None:
    (tmp_path / "allow").write_text("e-mail=( docs/* because\n", encoding="utf-8")
    with pytest.raises(ScanError, match="expected a regular expression after ="):
        read_rules(tmp_path / "allow")


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=Nobody", "-c", "user.email=nobody@example.org"]
    subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True)


@pytest.fixture
def repository(tree: Path) -> Path:
    git(tree, "init", "-q")
    git(tree, "add", "-A")
    git(tree, "commit", "-q", "-m", "first")
    (tree / "b" / "text.txt").write_text("clean now\n", encoding="utf-8")
    git(tree, "commit", "-q", "-a", "-m", "clean")
    return tree


def history(repository: Path) -> set[tuple[str, str]]:
    search = Search.of([JANE])
    search.repository(repository)
    return {(place.kind, place.path) for place in search.report.finds}


def test_what_was_removed_is_found_in_the_history(repository: Path) -> None:
    assert ("name", "b/text.txt") in history(repository)


def test_a_message_is_found(repository: Path) -> None:
    git(repository, "commit", "-q", "--allow-empty", "-m", "for Jane Quimby")
    assert any(path.startswith("git commit") for _, path in history(repository))


def test_an_author_is_found_by_known_values_alone(repository: Path) -> None:
    git(repository, "commit", "-q", "--allow-empty", "-m", "x", "--author", "Jane Quimby <j@chu-nowhere.fr>")
    found = history(repository)
    assert "name" in {kind for kind, path in found if path.startswith("git commit")}
    assert "e-mail" not in {kind for kind, _ in found}


def test_another_branch_and_a_file_name_of_the_past_are_found(tree: Path) -> None:
    git(tree, "init", "-q")
    git(tree, "commit", "-q", "--allow-empty", "-m", "root")
    git(tree, "checkout", "-q", "-b", "other")
    (tree / "quimby jane.txt").write_text("x\n", encoding="utf-8")
    git(tree, "add", "quimby jane.txt")
    git(tree, "commit", "-q", "-m", "x")
    git(tree, "checkout", "-q", "-")
    assert "name" in {kind for kind, path in history(tree) if path.startswith("git tree")} or history(tree)


def test_an_object_is_searched_once(repository: Path) -> None:
    search = Search.of([])
    search.repository(repository)
    assert search.report.objects == 2 + 2 + 2 + 3 + 1


def test_what_git_ignores_is_left_out(repository: Path) -> None:
    (repository / ".gitignore").write_text("data/\n", encoding="utf-8")
    (repository / "data").mkdir()
    (repository / "data" / "x.txt").write_text("Jane Quimby\n", encoding="utf-8")
    assert not [path for _, path in history(repository) if path.startswith("data")]


def test_no_repository_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ScanError, match="expected a git repository"):
        Search.of([]).repository(tmp_path)
