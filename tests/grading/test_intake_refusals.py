"""What is not taken into a class, what is said of it, and that it costs nobody else anything."""

import os
from pathlib import Path

import pytest
from intake_class import COST, RECEIVED, RESOURCES, actions, answered, only, stamp, submitted, take

from mlopt_lessons.grading.intake import intake
from mlopt_lessons.grading.records import GradingError


@pytest.mark.parametrize(
    ("files", "refused", "word"),
    [
        ({"ada/data.csv": b"1"}, "ada/data.csv", "no notebook"),
        ({"ada/01_cost.ipynb": b"%PDF-1.7"}, "ada/01_cost.ipynb", "JSON"),
        ({"ada/01_cost.ipynb": b""}, "ada/01_cost.ipynb", "JSON"),
        ({"ada/01_cost.ipynb": b"[1, 2]"}, "ada/01_cost.ipynb", "."),
        ({"ada/01_cost.ipynb": b" " * 11_000_000}, "ada/01_cost.ipynb", ""),
        ({"01_cost.ipynb": COST}, "01_cost.ipynb", "whose"),
        (
            {"ada/timestamp.txt": b"2020-01-01 00:00:00 UTC", "ada/01_cost.ipynb": COST},
            "ada/timestamp.txt",
            "when",
        ),
        (
            {"ada/timestamp.txt/x.txt": b"", "ada/01_cost.ipynb": COST},
            "ada/timestamp.txt/x.txt",
            "when",
        ),
        ({"ada/sub/judge.py": b"", "ada/01_cost.ipynb": COST}, "ada/sub/judge.py", "judge"),
        ({"ada/Gradebook.DB": b"", "ada/01_cost.ipynb": COST}, "ada/Gradebook.DB", "gradebook"),
        ({"ada/work.zip": b"no zip"}, "ada/work.zip", "zip"),
    ],
)
def test_what_is_refused(root: Path, files: dict[str, bytes], refused: str, word: str) -> None:
    lines = {each.path_in_source: each for each in take(root, files)}
    assert lines[refused].action == "refused"
    assert word in lines[refused].says
    assert lines[refused].says.endswith(".")
    assert not any(
        refused.rsplit("/", maxsplit=1)[-1].lower() == Path(name).name.lower()
        for name in submitted(root)
    )


def test_a_refused_file_beside_it_does_not_cost_the_notebook(root: Path) -> None:
    files = {"ada/timestamp.txt": b"2020-01-01 00:00:00 UTC", "ada/01_cost.ipynb": COST}
    take(root, files, received=RECEIVED)
    assert stamp(root, "ada") == "2026-11-25 10:00:00 UTC"


def test_two_notebooks_of_one_lesson_are_both_refused(root: Path) -> None:
    taken = take(root, {"ada/a.ipynb": COST, "ada/b.ipynb": COST, "bob/01_cost.ipynb": COST})
    assert actions(taken) == {
        "ada/a.ipynb": "refused",
        "ada/b.ipynb": "refused",
        "bob/01_cost.ipynb": "took",
    }
    assert all("one of 2 notebooks of 01_cost" in each.says for each in taken[:2])
    assert "".join(map(str, taken)).count("ada/b.ipynb") == 1
    assert set(submitted(root)) == {"bob/01_cost/01_cost.ipynb"}


def test_many_files_beside_a_notebook_are_capped(root: Path) -> None:
    files = {"ada/01_cost.ipynb": COST} | {f"ada/{number}.txt": b"x" for number in range(300)}
    found = list(actions(take(root, files)).values())
    assert 0 < found.count("refused") < 200
    assert found.count("took") + found.count("refused") == 301
    assert len(submitted(root)) == found.count("took") <= 200


def test_large_files_beside_a_notebook_are_capped_together(root: Path) -> None:
    big = os.urandom(8_000_000)
    files = {"ada/01_cost.ipynb": COST} | {f"ada/{number}.bin": big for number in range(3)}
    assert list(actions(take(root, files)).values()).count("refused") == 1
    assert len(submitted(root)) == 3


def test_names_that_cannot_lie_side_by_side(root: Path) -> None:
    files = {"ada/01_cost.ipynb": COST, "ada/a": b"1", "ada/a/b": b"2", "ada/01_COST.ipynb/x": b"3"}
    found = actions(take(root, files))
    assert found["ada/a"] == "took"
    assert found["ada/a/b"] == found["ada/01_COST.ipynb/x"] == "refused"
    assert set(submitted(root)) == {"ada/01_cost/01_cost.ipynb", "ada/01_cost/a"}


@pytest.mark.parametrize(
    "paths",
    [
        ["Wei Wang_7_assignsubmission_file/x.ipynb", "Wei Wang_8_assignsubmission_file/x.ipynb"],
        [
            "01_cost_u_smith_attempt_2026-11-25-10-00-00_x.ipynb",
            "01_cost_v_smith_attempt_2026-11-25-10-00-00_x.ipynb",
        ],
        ["Ada/01_cost.ipynb", "ada/01_cost.ipynb"],
        ["Ada Lovelace/01_cost.ipynb", "Ada_Lovelace/01_cost.ipynb"],
    ],
)
def test_two_learners_never_become_one(root: Path, paths: list[str]) -> None:
    taken = take(root, {path: answered(answer=path) for path in paths})
    assert [each.action for each in taken] == ["refused", "refused"]
    assert submitted(root) == {}


def test_a_learner_who_differs_in_capitals_from_an_earlier_one(root: Path) -> None:
    take(root, {"ada/01_cost.ipynb": COST}, name="one")
    line = only(take(root, {"Ada/02_resources.ipynb": RESOURCES}, name="two"))
    assert line.action == "refused"
    assert "capitals" in line.says


def test_one_name_with_another_number_in_each_lesson_is_one_learner(root: Path) -> None:
    taken = take(
        root,
        {
            "01_cost/Ada Lovelace_12_assignsubmission_file/x.ipynb": COST,
            "02_resources/Ada Lovelace_34_assignsubmission_file/x.ipynb": RESOURCES,
        },
    )
    assert {each.student for each in taken if each.action == "renamed"} == {"Ada_Lovelace"}


def test_a_source_that_is_none(root: Path, tmp_path: Path) -> None:
    plain = tmp_path / "x.txt"
    plain.write_text("x")
    with pytest.raises(GradingError, match="neither a folder nor a zip"):
        intake(plain, root)
    with pytest.raises(GradingError, match="There is no"):
        intake(tmp_path / "none", root)
