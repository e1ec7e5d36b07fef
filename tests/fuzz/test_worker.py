import os
import sys

from tests.fuzz import bases
from tests.fuzz.case import Case, finished
from tests.fuzz.draft import Draft
from tests.fuzz.worker import Report, reports, spread


def made(seed: int) -> Case:
    """A case that ends the process, prints, fails, or is as it should be."""
    if seed == 1:
        os.abort()
    if seed == 3:
        raise RuntimeError("a fault of the generator")
    return finished(Draft(bases.base("acdc_pair")), seed=seed)


def loud(seed: int) -> Case:
    sys.stderr.write("before it is listened to\n")
    return made(seed)


def verdicts(found: list[Report]) -> list[tuple[int, str]]:
    return [(report.seed, report.verdict) for report in found]


def test_a_dead_process_costs_its_case_alone() -> None:
    assert verdicts(list(reports([0, 1, 2], make=made))) == [(0, "held"), (1, "crash"), (2, "held")]


def test_a_fault_of_the_generator_is_no_crash() -> None:
    found = list(reports([3, 4], make=made))
    assert verdicts(found) == [(3, "exception"), (4, "held")]
    assert "a fault of the generator" in found[0].fault


def test_what_the_generator_prints_is_no_output_of_a_reader() -> None:
    assert verdicts(list(reports([0], make=loud))) == [(0, "held")]


def test_all_seeds_are_answered_by_several_processes() -> None:
    assert sorted(verdicts(list(spread(range(4, 10), processes=2, make=made)))) == [(n, "held") for n in range(4, 10)]
