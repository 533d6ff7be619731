"""Attacks by what lies in the folder of a hand-in: links, pipes, folders, names, sizes."""

import os
from pathlib import Path

from attacks_base import Attack


def _replaced(make: object) -> object:
    """In place of the notebook stands something else."""

    def place(root: Path, mine: Path, neighbour: Path) -> None:
        (mine / "01_cost.ipynb").unlink()
        make(root, mine / "01_cost.ipynb", neighbour)  # type: ignore[operator]

    return place


def _extras(root: Path, mine: Path, neighbour: Path) -> None:
    """Links, pipes and devices among the files that are handed in with a notebook."""
    (mine / "judge.py").symlink_to(root / "solutions" / "01_cost" / "judge.py")
    (mine / "all").symlink_to(root)
    (mine / "neighbour.ipynb").symlink_to(neighbour / "01_cost.ipynb")
    (mine / "loop").symlink_to(mine / "loop")
    (mine / "zero").symlink_to("/dev/zero")
    os.mkfifo(mine / "pipe")
    os.link(root / "nbgrader_config.py", mine / "hard.py")
    (mine / "deep").mkdir()
    (mine / "deep" / "up").symlink_to("../../..")


def _student_is_a_link(root: Path, mine: Path, neighbour: Path) -> None:
    _remove(mine)
    mine.parent.rmdir()
    mine.parent.symlink_to(neighbour.parent, target_is_directory=True)


def _lesson_is_a_link(root: Path, mine: Path, neighbour: Path) -> None:
    _remove(mine)
    mine.symlink_to(root / "solutions" / "01_cost", target_is_directory=True)


def _remove(folder: Path) -> None:
    for each in folder.iterdir():
        each.unlink()
    folder.rmdir()


def _odd_names(root: Path, mine: Path, neighbour: Path) -> None:
    names = [
        b"\xff\xfe.txt", b"new\nline.csv", b"<img src=x onerror=@MARK@>.txt", b"-rf", b"a" * 255,
        "\u202egpj.exe".encode(), b"..\\..\\gradebook.db", b"%2e%2e%2fx", b" ", b"$(touch @MARK@)", b"CON",
    ]  # fmt: skip
    for name in names:
        with open(os.path.join(os.fsencode(mine), name), "wb") as file:
            file.write(b"x")


def _huge_extra(root: Path, mine: Path, neighbour: Path) -> None:
    with (mine / "big.bin").open("wb") as file:
        file.truncate(1 << 40)


def _many_extras(root: Path, mine: Path, neighbour: Path) -> None:
    for number in range(3000):
        (mine / f"{number}.txt").write_bytes(b"x")


def _huge_notebook(root: Path, mine: Path, neighbour: Path) -> None:
    with (mine / "01_cost.ipynb").open("r+b") as file:
        file.truncate(1 << 40)


def _second_notebook(root: Path, mine: Path, neighbour: Path) -> None:
    content = (neighbour / "01_cost.ipynb").read_bytes()
    for name in ("02_resources.ipynb", "01_cost (1).ipynb", "01_COST.ipynb"):
        (mine / name).write_bytes(content)


def _lesson_is_a_file(root: Path, mine: Path, neighbour: Path) -> None:
    _remove(mine)
    mine.write_bytes((neighbour / "01_cost.ipynb").read_bytes())


PLACING = (
    Attack("folder_for_notebook", "a folder in place of the notebook", honest=(), refused=True,
           place=_replaced(lambda root, path, other: path.mkdir())),
    Attack("link_to_solution", "a link to the solution in place of the notebook", honest=(), refused=True,
           place=_replaced(lambda root, path, other: path.symlink_to(root / "solutions/01_cost/01_cost.ipynb"))),
    Attack("link_to_neighbour", "a link to a neighbour's notebook", honest=(), refused=True,
           place=_replaced(lambda root, path, other: path.symlink_to(other / "01_cost.ipynb"))),
    Attack("link_to_zero", "a link to /dev/zero", honest=(), refused=True,
           place=_replaced(lambda root, path, other: path.symlink_to("/dev/zero"))),
    Attack("link_to_nothing", "a link to itself", honest=(), refused=True,
           place=_replaced(lambda root, path, other: path.symlink_to(path))),
    Attack("pipe_for_notebook", "a named pipe that nobody writes to", honest=(), refused=True,
           place=_replaced(lambda root, path, other: os.mkfifo(path))),
    Attack("student_is_a_link", "the whole hand-in is a link to a neighbour's", honest=(), refused=True,
           place=_student_is_a_link),
    Attack("lesson_is_a_link", "the folder of the lesson is a link to the solutions", honest=(), refused=True,
           place=_lesson_is_a_link),
    Attack("lesson_is_a_file", "a file where the folder of the lesson should be", honest=(), refused=True,
           place=_lesson_is_a_file),
    Attack("odd_student", "a learner whose name is a pattern, a format and a tag", honest=(1, 2),
           called="[a-z]*{0}{student_id}%s $(x) <b>"),
    Attack("huge_notebook", "a notebook of a terabyte, sparse", honest=(), refused=True, place=_huge_notebook),
    Attack("links_among_files", "links to judge.py, folders and devices, a pipe, a hard link", place=_extras, honest=(), refused=True),
    Attack("odd_file_names", "files whose names are no text, have new lines, tags or commands", place=_odd_names, honest=(), refused=True),
    Attack("huge_file", "a file of a terabyte, sparse, beside the notebook", place=_huge_extra, honest=(), refused=True),
    Attack("many_files", "three thousand files", place=_many_extras, honest=(), refused=True),
    Attack("second_notebook", "a neighbour's notebook beside its own", place=_second_notebook),
    Attack("old_timestamp", "a timestamp that no clock gives",
           files={"timestamp.txt": b"99999-13-45 99:99:99 <script>@MARK@</script>"}),
)  # fmt: skip
