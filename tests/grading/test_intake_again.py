"""A hand-in where an earlier one lies: the same is kept, another never overwrites it."""

from datetime import timedelta
from pathlib import Path

import pytest
from intake_class import COST, RECEIVED, actions, answered, only, stamp, submitted, take


def test_the_same_again_is_kept_with_its_first_time(root: Path) -> None:
    files = {"ada/01_cost.ipynb": COST, "ada/data.csv": b"1"}
    take(root, files, received=RECEIVED)
    before = submitted(root)
    taken = take(root, files, received=RECEIVED + timedelta(days=3), name="again")
    assert set(actions(taken).values()) == {"kept"}
    assert submitted(root) == before
    assert stamp(root, "ada") == "2026-11-25 10:00:00 UTC"


@pytest.mark.parametrize(
    "later",
    [
        {"ada/01_cost.ipynb": answered(answer="new")},
        {"ada/01_cost.ipynb": COST, "ada/data.csv": b"1"},
    ],
)
def test_another_one_never_overwrites(root: Path, later: dict[str, bytes]) -> None:
    take(root, {"ada/01_cost.ipynb": COST})
    before = submitted(root)
    taken = take(root, later, name="again")
    notebook = next(each for each in taken if each.path_in_source.endswith(".ipynb"))
    assert notebook.action == "refused"
    assert "--replace" in notebook.says
    assert submitted(root) == before


def test_replace_sets_the_earlier_one_aside(root: Path) -> None:
    take(root, {"ada/01_cost.ipynb": COST, "ada/data.csv": b"1"}, received=RECEIVED)
    new, newest = answered(answer="new"), answered(answer="newest")
    line = only(take(root, {"ada/01_cost.ipynb": new}, replace=True, name="again"))
    assert line.action == "replaced"
    take(root, {"ada/01_cost.ipynb": newest}, replace=True, name="thrice")
    assert submitted(root)["ada/01_cost/01_cost.ipynb"] == newest
    kept = sorted((root / "replaced" / "ada" / "01_cost").iterdir())
    assert [(each / "01_cost.ipynb").read_bytes() for each in kept] == [COST, new]
    assert (kept[0] / "data.csv").read_bytes() == b"1"
    assert (kept[0] / "timestamp.txt").read_text().strip() == "2026-11-25 10:00:00 UTC"


def test_with_replace_the_same_is_still_kept(root: Path) -> None:
    take(root, {"ada/01_cost.ipynb": COST})
    assert (
        only(take(root, {"ada/01_cost.ipynb": COST}, replace=True, name="again")).action == "kept"
    )
    assert not (root / "replaced").exists()
