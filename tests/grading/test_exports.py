"""Grades as CSV, read back as the platforms read them."""

import csv
import io
import re

import pandas as pd
import pytest
from class_lists import CANVAS, MOODLE
from class_records import class_of, final, waiting
from hypothesis import given
from hypothesis import strategies as st

from mlopt_lessons.grading.exports import BOM, grades_csv, number, safe
from mlopt_lessons.grading.exports_canvas import canvas_csv
from mlopt_lessons.grading.exports_moodle import moodle_csv
from mlopt_lessons.grading.records import GradingError
from mlopt_lessons.grading.report_data import HandIn, Learner

ADA = Learner("ada", "Ada", "Byron", "ada@example.org")
EMILE = Learner("u17", "Émile", "Zola", "zola@example.org")


def rows_of(text):
    return list(csv.reader(io.StringIO(text.removeprefix(BOM), newline=""), strict=True))


def read(text):
    return pd.read_csv(io.StringIO(text.removeprefix(BOM)), dtype=str, keep_default_na=False)


def as_canvas_reads(text):
    """Grades by (ID, login, name) and points, by the rules of Canvas's importer."""
    heads, *lines = rows_of(text)
    assert len(heads) > 3
    assert "Student" in heads[0]
    assert "ID" in heads[1]
    assert re.search(r"SIS\s+User\s+ID", heads[2])
    assert re.search(r"SIS\s+Login\s+ID", heads[3])
    assert "Section" in heads[4]
    grades, points = {}, {}
    for line in lines:
        found = dict(zip(heads[5:], line[5:], strict=True))
        if "Points Possible" in line[0]:
            points = found
        else:
            grades[line[1], line[3], line[0]] = found
    return grades, points


def as_moodle_reads(text, column):
    """Grades by who it is; as in Moodle, an empty id would be the learner of the line before."""
    heads, *lines = rows_of(text)
    place, who, grades = heads.index(column), None, {}
    for line in lines:
        who = line[place].strip() or who
        cells = dict(zip(heads[3:], line[3:], strict=True))
        values = {item: None if text in ("", "-") else float(text) for item, text in cells.items()}
        assert who not in grades
        grades[who] = values
    return grades


def test_the_table_has_a_line_for_each_learner_and_lesson():
    record = class_of(
        final("ada", 5.25, 1.5, penalty=0.5), waiting("u17", 4),
        HandIn("u17", "05_quantization", graded=False), learners=[ADA, EMILE],
    )  # fmt: skip
    found = read(grades_csv(record)).set_index(["lesson", "student"])
    assert len(found) == 4
    ada, emile = found.loc["01_cost", "ada"], found.loc["01_cost", "u17"]
    assert list(ada["state":"max"]) == ["final", "5.25", "11", "1.5", "3", "0", "0.5", "6.25", "14"]
    assert list(emile["state":"max"]) == ["waits", "4", "11", "", "3", "3", "0", "", "14"]
    assert found.loc["05_quantization", "u17"]["state"] == "not graded"
    assert list(found.loc["05_quantization", "ada"]["state":]) == [
        "nothing", "", "12", "", "3", "", "", "", "15",
    ]  # fmt: skip
    assert emile["last_name"] == "Zola"
    assert emile["first_name"] == "Émile"


def test_the_table_opens_as_utf_8_in_a_spreadsheet():
    assert grades_csv(class_of(final("ada", 5))).encode().startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1+1",
        "-1+cmd|' /C calc'!A0",
        "@SUM(A1)",
        "  =1",
        "＝1",
        "-x",
    ],
)
def test_what_a_spreadsheet_would_run_gets_an_apostrophe(text):
    assert safe(text) == f"'{text}"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\t=1", "'\t'=1"),
        ("\r=1", "'\r'=1"),
        ("\n=1", "'\n'=1"),
        ("ada;=1+1", "ada;'=1+1"),
        ("ada\t =1", "ada\t '=1"),
        ("a|-1+1;@x", "a|'-1+1;'@x"),
    ],
)
def test_a_formula_behind_another_separator_is_none(text, shown):
    assert safe(text) == shown


@pytest.mark.parametrize("text", ["", "Ada", "-", "-1.5", "12,5", "a=b", "O'Neil", "x@y.org"])
def test_any_other_text_stays(text):
    assert safe(text) == text


@given(st.text(st.characters(codec="utf-8"), max_size=12))
def test_no_cell_of_a_hostile_name_begins_a_formula(name):
    record = class_of(final(f"id{name}", 5), learners=[Learner(f"id{name}", name, name, name)])
    for text in (grades_csv(record), canvas_csv(record).text, moodle_csv(record).text):
        for row in rows_of(text):
            for cell in row:
                assert not re.match(r"\s*[=+@＝＋－＠]|\s*-.*[^\d.,]", cell), cell
        assert len({len(row) for row in rows_of(text)}) == 1


def test_line_breaks_quotes_and_commas_come_back():
    name = 'Ada "the first",\nByron; x'
    found = read(grades_csv(class_of(final("ada", 5), learners=[Learner("ada", name)])))
    assert set(found["first_name"]) == {name}


@pytest.mark.parametrize(
    ("points", "text"),
    [(0, "0"), (7, "7"), (7.5, "7.5"), (10, "10"), (1 / 3, "0.33"), (100, "100")],
)
def test_points_are_plain_numbers(points, text):
    assert number(points) == text


def test_canvas_with_its_own_export_has_ids_and_its_assignment(roster):
    record = class_of(final("ada", 5, 1), final("u17", 3.5), learners=[ADA, EMILE])
    made = canvas_csv(record, roster(CANVAS))
    grades, points = as_canvas_reads(made.text)
    assert grades == {
        ("501", "ada", "Byron, Ada"): {"01_cost (4711)": "6"},
        ("502", "ezola", "Zola, Émile"): {"01_cost (4711)": "3.5"},
    }
    assert points == {"01_cost (4711)": "14"}
    assert made.sentences == ()


def test_canvas_keeps_a_grade_that_is_there_where_none_is_final_here(roster):
    text = CANVAS.replace("Essay (12)", "05 Quantization (12)")
    record = class_of(
        waiting("ada", 5), final("ada", 4, lesson="05_quantization"), final("u17", 3),
        learners=[ADA, EMILE],
    )  # fmt: skip
    made = canvas_csv(record, roster(text))
    grades, _ = as_canvas_reads(made.text)
    assert grades["501", "ada", "Byron, Ada"] == {
        "01_cost (4711)": "2.00", "05 Quantization (12)": "4",
    }  # fmt: skip
    assert any("1 of the hand-ins wait for grading by hand" in each for each in made.sentences)
    assert any("Canvas has 10.00 points for it, and here are 15" in each for each in made.sentences)


def test_who_is_not_in_the_roster_is_told_and_not_in_the_file(roster):
    record = class_of(final("ada", 5), final("ghost", 4), learners=[ADA])
    made = canvas_csv(record, roster(CANVAS))
    assert "ghost" not in made.text
    (told,) = made.sentences
    assert told.startswith("ghost is nobody in the roster")


def test_canvas_without_a_roster_finds_by_login_and_name():
    made = canvas_csv(class_of(final("ada", 5), final("u17", 4), learners=[ADA, EMILE]))
    grades, points = as_canvas_reads(made.text)
    assert set(grades) == {("", "ada", "Byron, Ada"), ("", "u17", "Zola, Émile")}
    assert points == {"01_cost": "14"}
    assert any("makes new assignments (01_cost of 14 points)" in each for each in made.sentences)


def test_a_learner_called_points_possible_changes_no_points():
    who = Learner("x", "Points", "Points Possible")
    _, points = as_canvas_reads(canvas_csv(class_of(final("x", 5), learners=[who])).text)
    assert points == {"01_cost": "14"}


def test_canvas_gets_no_byte_order_mark():
    assert canvas_csv(class_of(final("ada", 5))).text.startswith("Student,")


def test_two_columns_for_a_lesson_are_refused(roster):
    with pytest.raises(GradingError, match="2 columns for 01_cost"):
        canvas_csv(class_of(final("ada", 5)), roster(CANVAS.replace("Essay (12)", "01 cost (12)")))


def test_a_lesson_without_a_column_is_told_with_the_columns_that_there_are(roster):
    record = class_of(final("ada", 5, lesson="05_quantization"), learners=[ADA])
    (told,) = canvas_csv(record, roster(CANVAS)).sentences
    assert "has no column for some lessons" in told
    assert "(05_quantization of 15 points)" in told
    assert "01_cost (4711), Essay (12)" in told


def test_a_roster_of_others_is_one_sentence_in_the_place_of_one_a_learner(roster):
    record = class_of(*(final(id, 5) for id in ("x", "y", "z")))
    for made in (canvas_csv(record, roster(CANVAS)), moodle_csv(record, roster(MOODLE))):
        assert sum("x, y, z" in each for each in made.sentences) == 1
        assert not any("is nobody" in each for each in made.sentences)


def test_nobody_gets_a_zero_for_what_is_not_graded():
    record = class_of(
        waiting("ada", 5), HandIn("u17", "01_cost", graded=False), learners=[ADA, EMILE]
    )
    for made in (canvas_csv(record), moodle_csv(record)):
        assert "ada" not in made.text.casefold()
        assert len(made.sentences) == 2


def test_moodle_with_its_own_export_has_its_spelling_of_the_address(roster):
    record = class_of(
        final("ada", 5.5), final("u17", 4, lesson="05_quantization"), learners=[ADA, EMILE]
    )
    made = moodle_csv(record, roster(MOODLE))
    assert made.text.startswith(BOM)
    assert as_moodle_reads(made.text, "Email address") == {
        "Ada@Example.org": {"01_cost": 5.5, "05_quantization": None},
        "zola@example.org": {"01_cost": None, "05_quantization": 4},
    }
    assert rows_of(made.text)[1][3:] == [
        "5.5",
        "-",
    ]  # an item that Moodle makes takes no empty cell
    assert "01_cost of 14, 05_quantization of 15" in made.sentences[-1]


def test_moodle_without_a_roster_takes_the_ids_where_addresses_are_unknown():
    made = moodle_csv(class_of(final("ada", 5), final("bob", 4)))
    assert set(as_moodle_reads(made.text, "Username")) == {"ada", "bob"}


def test_moodle_takes_the_column_that_most_learners_have_and_tells_who_lacks_it():
    learners = [
        Learner("-a", "A", "A", "a@x.org"),
        Learner("-b", "B", "B", "b@x.org"),
        Learner("c"),
    ]
    made = moodle_csv(class_of(*(final(each.id, 5) for each in learners), learners=learners))
    assert set(as_moodle_reads(made.text, "Email address")) == {"a@x.org", "b@x.org"}
    assert sum(each.startswith("c has no Email address") for each in made.sentences) == 1


def test_moodle_never_has_two_lines_for_one_address():
    learners = [Learner("a", email="same@x.org"), Learner("b", email="Same@x.org"), EMILE,
                Learner("-c", "C", "C", "c@x.org"), Learner("-d", email="d@x.org")]  # fmt: skip
    made = moodle_csv(class_of(*(final(each.id, 5) for each in learners), learners=learners))
    assert set(as_moodle_reads(made.text, "Email address")) == {
        "zola@example.org",
        "c@x.org",
        "d@x.org",
    }
    assert sum("no Email address of their own" in each for each in made.sentences) == 2
