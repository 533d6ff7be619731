"""The names of learners: from an export into students.csv, and from there into the gradebook."""

import csv
import unicodedata
from pathlib import Path

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from intake_class import COST, submitted, take
from nbgrader.api import Gradebook as Nbgraders
from nbgrader.apps.dbapp import DbStudentImportApp
from nbgrader_pages import EXPORTERS, RESOURCES
from toy_class import GOOD, LESSON, graded, hand_in, make_class

from mlopt_lessons.grading.classroom import Classroom
from mlopt_lessons.grading.exports import FORMULA
from mlopt_lessons.grading.gradebook import Gradebook
from mlopt_lessons.grading.platforms import student_id
from mlopt_lessons.grading.records import GradingError
from mlopt_lessons.grading.students import Name, add, cleaned, divided, names_in

HEAD = "id,first_name,last_name,email\n"
TEXTS = st.text() | st.text("<>&\"'=+-@ aZ李é.,()\u202e", max_size=200)


def lines(root: Path) -> list[list[str]]:
    with (root / "students.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


# --- names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("Ada Lovelace", "Ada", "Lovelace"),
        ("  Ada  King\tLovelace ", "Ada King", "Lovelace"),
        ("李小龙", "", "李小龙"),
        ("Zoe\u0308 O’Brien-Smith", "Zoë", "O’Brien-Smith"),
        ("d'Arc", "", "d'Arc"),
        ("मीरा नायर", "मीरा", "नायर"),
        ("<script>alert(1)</script>", "", "scriptalert(1)script"),
        ("=1+1", "", "11"),
        ("Ada -SUM(A1)", "Ada", "SUM(A1)"),
        ("\u202eevil\x1b[2J\n", "", "evil2J"),
        ("😀", "", ""),
    ],
)
def test_a_name_in_two_parts(name: str, first: str, last: str) -> None:
    assert divided(name) == (first, last)


@given(TEXTS)
def test_nothing_is_left_in_a_name_that_a_page_or_spreadsheet_acts_on(text: str) -> None:
    for part in (*divided(text), cleaned(text)):
        assert not set(part) & set('<>&"{}=+@＝＋－＠\n\t\0')
        assert not part.startswith(FORMULA)
        assert len(part) <= 100
        assert part == part.strip() == unicodedata.normalize("NFC", part)
        assert part.isprintable()
        assert cleaned(part) == part


# --- students.csv --------------------------------------------------------------------------------


def test_intake_writes_down_who_was_taken(root: Path) -> None:
    take(
        root,
        {
            "Ada King Lovelace_1_assignsubmission_file/x.ipynb": COST,
            "李小龙_2_assignsubmission_file/x.ipynb": COST,
            "lovelaceada_77_20_x.ipynb": COST,
            "anon_aB3dE_21_x.ipynb": COST,
            "Alan_Turing/x.ipynb": COST,
            "eve/x.ipynb": b"no notebook",
        },
    )
    take(root, {"E_u12_attempt_2026-11-25-10-00-00_x.ipynb": COST}, name="of Blackboard")
    head, *rows = lines(root)
    assert head == ["id", "first_name", "last_name", "email"]
    assert rows == [
        ["Ada_King_Lovelace", "Ada King", "Lovelace", ""],
        ["Alan_Turing", "Alan", "Turing", ""],
        ["anon_aB3dE", "anon", "aB3dE", ""],
        [student_id("李小龙"), "", "李小龙", ""],
        ["lovelaceada_77", "", "lovelaceada", ""],
        ["u12", "", "u12", ""],
    ]


def test_what_the_instructor_wrote_stays_letter_by_letter(root: Path) -> None:
    kept = 'email, id ,group,last_name\r\na@x.org,ada,"red, 1",Byron\r\n\r\n,zed\r\n,x'
    (root / "students.csv").write_text("\ufeff" + kept, encoding="utf-8", newline="")
    take(root, {"ada/01_cost.ipynb": COST, "Alan Turing/01_cost.ipynb": COST})
    text = (root / "students.csv").read_bytes().decode()
    assert text == kept + "\n,Alan_Turing,,Turing\n"
    assert names_in(root)["ada"] == Name("", "Byron")


def test_nothing_is_written_where_nobody_is_new(root: Path) -> None:
    take(root, {"ada/x.ipynb": b"no notebook"}, name="one")
    assert not (root / "students.csv").exists()
    take(root, {"ada/01_cost.ipynb": COST}, name="two")
    path = root / "students.csv"
    path.chmod(0o600)
    before = path.stat().st_ino
    take(root, {"ada/01_cost.ipynb": COST}, name="three")
    assert path.stat().st_ino == before
    add(root, {"bob": "Bob"})
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in root.glob(".*")] == []


def test_a_class_of_before_gets_its_names_by_taking_the_same_in_again(root: Path) -> None:
    take(root, {"Ada Lovelace/01_cost.ipynb": COST})
    (root / "students.csv").unlink()
    take(root, {"Ada Lovelace/01_cost.ipynb": COST}, name="again")
    assert lines(root)[1] == ["Ada_Lovelace", "Ada", "Lovelace", ""]


DAMAGED = [
    (b"id,first_name\n\xff,x\n", "not UTF-8"),
    (b"name,email\nada,a@x.org\n", "no column id"),
    (b"id;first_name;last_name;email\n", "with commas"),
    (b'id,first_name\nada,"Ada\n', "not CSV"),
]


@pytest.mark.parametrize(("content", "says"), DAMAGED)
def test_a_damaged_file_is_told_and_nothing_is_taken_or_lost(
    root: Path, content: bytes, says: str
) -> None:
    (root / "students.csv").write_bytes(content)
    with pytest.raises(GradingError, match=f"students.csv.*{says}"):
        take(root, {"ada/01_cost.ipynb": COST})
    assert (root / "students.csv").read_bytes() == content
    assert submitted(root) == {}


@pytest.mark.usefixtures("alembic")
def test_nbgraders_own_import_reads_it(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    take(root, {"李小龙/01_cost.ipynb": COST, "Zoë <b>Ash/01_cost.ipynb": COST})
    monkeypatch.chdir(root)
    app = DbStudentImportApp()
    app.initialize(["students.csv"])
    app.start()
    with Nbgraders(f"sqlite:///{root / 'gradebook.db'}") as book:
        found = {(each.id, each.first_name, each.last_name) for each in book.students}
    assert found == {
        (student_id("李小龙"), None, "李小龙"),
        (student_id("Zoë <b>Ash"), "Zoë", "bAsh"),
    }


# --- the gradebook -------------------------------------------------------------------------------


def shown(classroom: Classroom, *students: str) -> list[tuple[str | None, str | None]]:
    """Grades these, and gives the names in the gradebook then."""
    with Gradebook(classroom) as gradebook:
        gradebook.register(classroom.exercise(LESSON))
        for student in students:
            gradebook.save(graded(classroom, student))
        people = gradebook.book.students
        return [(each.first_name, each.last_name) for each in sorted(people, key=lambda s: s.id)]


@pytest.mark.usefixtures("alembic")
def test_grading_names_whoever_has_no_name(tmp_path: Path) -> None:
    folder = make_class(tmp_path, dict.fromkeys(("ada", "bob", "eve"), GOOD))
    classroom = Classroom(folder)
    with Nbgraders(classroom.db_url) as book:
        book.add_student("ada", last_name="Byron")
        book.add_student("bob", email="b@x.org")
    (folder / "students.csv").write_text(HEAD + "ada,A,L,\nbob,,李小龙,\n", encoding="utf-8")
    assert shown(classroom, "ada", "bob", "eve") == [
        (None, "Byron"), ("", "李小龙"), (None, None),
    ]  # fmt: skip


@pytest.mark.usefixtures("alembic")
def test_whoever_was_graded_before_gets_the_name_later(tmp_path: Path) -> None:
    folder = make_class(tmp_path, {"ada": GOOD})
    classroom = Classroom(folder)
    assert shown(classroom, "ada") == [(None, None)]
    add(folder, {"ada": "Ada Lovelace"})
    with Gradebook(classroom) as gradebook:
        gradebook.late_again("ada", LESSON, None)
    assert shown(classroom) == [("Ada", "Lovelace")]


@pytest.mark.usefixtures("alembic")
@pytest.mark.parametrize(("content", "says"), DAMAGED)
def test_with_a_damaged_file_nothing_is_graded(tmp_path: Path, content: bytes, says: str) -> None:
    folder = make_class(tmp_path, {"ada": GOOD})
    (folder / "students.csv").write_bytes(content)
    with pytest.raises(GradingError, match=says):
        Gradebook(Classroom(folder))
    assert (folder / "students.csv").read_bytes() == content


def scripts(first: str | None, last: str | None) -> int:
    """How many elements the formgrader's page has for a learner of this name."""
    named = RESOURCES["formgrade"] | {"first_name": first, "last_name": last}
    notebook = nbformat.v4.new_notebook()
    html, _ = EXPORTERS["formgrade"].from_notebook_node(notebook, resources=named)
    return html.count("<script") + html.count("<img")


@pytest.mark.usefixtures("alembic")
def test_no_name_runs_on_the_formgraders_page(tmp_path: Path) -> None:
    """Its template writes names as they are, also those that got into the file by hand."""
    evil = ("<script>alert(1)</script>", "<img src=x onerror=alert(1)>")
    plain = scripts("Ada", "Lovelace")
    assert scripts(*evil) == plain + 2
    folder = make_class(tmp_path, {})
    for student in ("ada", "bob"):
        hand_in(folder, student, GOOD)
    (folder / "students.csv").write_text(HEAD + f"ada,{','.join(evil)},\n", encoding="utf-8")
    add(folder, {"bob": " ".join(evil)})
    names = shown(Classroom(folder), "ada", "bob")
    assert all(all(each) for each in names)
    assert [scripts(*each) for each in names] == [plain, plain]
