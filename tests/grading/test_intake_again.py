"""A hand-in where an earlier one lies: the same is kept, another never overwrites it."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from intake_class import COST, RECEIVED, actions, answered, only, stamp, submitted, take


def test_the_same_again_is_kept_with_its_first_time(root: Path) -> None:
    files = {"ada/01_cost.ipynb": COST, "ada/data.csv": b"1"}
    take(root, files, received=RECEIVED)
    before = submitted(root)
    taken = take(root, files, name="again")
    assert set(actions(taken).values()) == {"kept"}
    assert submitted(root) == before
    assert stamp(root, "ada") == "2026-11-25 10:00:00 UTC"


LATER = RECEIVED + timedelta(days=3)


@pytest.mark.parametrize(
    ("path", "first", "given"),
    [
        ("ada/01_cost.ipynb", None, LATER),
        ("ada/01_cost.ipynb", LATER, RECEIVED),
        ("ada+01_cost+2026-11-24 08:00:00 UTC+a/01_cost.ipynb", None, LATER),
    ],
)
def test_received_corrects_the_time_of_the_same(
    root: Path, path: str, first: datetime | None, given: datetime
) -> None:
    """What the source tells itself, and what was given too late."""
    take(root, {path: COST}, received=first)
    before = submitted(root)
    line = only(take(root, {path: COST}, received=given, name="again"))
    assert line.action == "kept"
    assert f"its time is {given:%Y-%m-%d} 10:00:00 UTC now, and was 2026-11-2" in line.says
    assert stamp(root, "ada") == f"{given:%Y-%m-%d} 10:00:00 UTC"
    assert submitted(root) == before
    again = only(take(root, {path: COST}, received=given, name="thrice"))
    assert "time" not in again.says


def test_a_later_export_makes_nobody_late(root: Path) -> None:
    take(root, {"ada/01_cost.ipynb": COST}, received=RECEIVED)
    both = {"ada/01_cost.ipynb": COST, "bob/01_cost.ipynb": COST}
    take(root, both, received=LATER, name="again")
    assert stamp(root, "ada") == "2026-11-25 10:00:00 UTC"
    assert stamp(root, "bob") == "2026-11-28 10:00:00 UTC"


def test_a_time_written_by_hand_is_read_as_nbgrader_reads_it(root: Path) -> None:
    take(root, {"ada/01_cost.ipynb": COST})
    path = root / "submitted/ada/01_cost/timestamp.txt"
    path.write_text("2026-11-28 10:00 UTC")
    assert "time" not in only(take(root, {"ada/01_cost.ipynb": COST}, received=LATER)).says
    path.write_text("in the evening, I think")
    assert "its time is" in only(take(root, {"ada/01_cost.ipynb": COST}, received=LATER)).says


def test_a_platforms_own_time_corrects_nothing(root: Path) -> None:
    path = "ada+01_cost+2026-11-24 08:00:00 UTC+a/01_cost.ipynb"
    take(root, {path: COST}, received=RECEIVED)
    assert "time" not in only(take(root, {path: COST}, name="again")).says
    assert stamp(root, "ada") == "2026-11-25 10:00:00 UTC"


def test_another_hand_in_keeps_its_time(root: Path) -> None:
    take(root, {"ada/01_cost.ipynb": COST}, received=RECEIVED)
    other = {"ada/01_cost.ipynb": answered(answer="new")}
    assert only(take(root, other, received=LATER, name="again")).action == "refused"
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
