from random import Random

import pytest

from tests.fuzz import bases
from tests.fuzz.case import MUTATIONS, case, finished
from tests.fuzz.draft import Draft, Mutation
from tests.fuzz.oracle import examine


def kind(mutation: Mutation) -> str:
    return mutation.kind


@pytest.mark.parametrize("seed", [0, 6, 34, 300])
def test_a_seed_gives_the_same_folder_each_time(seed: int) -> None:
    one, other = case(seed), case(seed)
    assert (one.files, one.specials, str(one)) == (other.files, other.specials, str(other))


def test_a_case_tells_its_seed_its_base_and_what_was_done() -> None:
    made = case(34)
    assert str(made).startswith(f"case 34: {made.base.name}: ")
    assert all(told in str(made) for told in made.told)


@pytest.mark.parametrize("name", bases.PHANTOMS)
def test_every_undamaged_base_is_accounted_for(name: str) -> None:
    base = bases.base(name)
    members = {"zip": 13}.get(name, 0)
    assert sum(examine(finished(Draft(base))).files.values()) == len(base.files) + members


@pytest.mark.parametrize("mutation", MUTATIONS, ids=kind)
def test_every_mutation_does_something_to_a_base(mutation: Mutation) -> None:
    base = bases.base({"nifti": "acdc_series", "zip": "zip"}.get(mutation.family, "explicit"))
    changed = 0
    for seed in range(8):
        draft = Draft(base)
        mutation.apply(draft, Random(seed))
        changed += draft.files != base.files or bool(draft.specials)
    assert changed >= 4
