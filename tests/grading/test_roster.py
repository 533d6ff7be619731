"""Class lists of the platforms, and who in them is which learner."""

import pytest
from class_lists import CANVAS, MOODLE

from mlopt_lessons.grading.platforms import student_id
from mlopt_lessons.grading.records import GradingError
from mlopt_lessons.grading.report_data import Learner
from mlopt_lessons.grading.roster import Person, read_roster
from mlopt_lessons.grading.roster_match import doubt, match


@pytest.mark.parametrize(
    "learner",
    [
        Learner("ada"),
        Learner("S1"),
        Learner("x", lms_id="501"),
        Learner("x", "Ada", "Byron"),
        Learner("byron_ada"),
        Learner("ADA"),
    ],
)
def test_a_learner_is_found_by_login_number_or_name(roster, learner):
    found = match([learner], roster(CANVAS).people)
    assert found.people[learner.id].get("canvas_id") == "501"
    assert [each.name for each in found.others] == ["Zola, Émile", "Weil, Simone"]


@pytest.mark.parametrize(
    ("name", "number", "row"),
    [
        ("byronada", "501", 0),
        ("zolaémile", "502", 1),
        ("王伟", "504", 2),
        ("sørensenåse", "505", 3),
    ],
)
def test_a_learner_of_a_download_of_canvas_is_found(roster, name, number, row):
    """Ids as intake makes them of lovelaceada_1234_567_x.ipynb."""
    rows = ['"Byron, Ada",501', '"Zola, Émile",502', "王伟,504", '"Sørensen, Åse",505']
    people = roster(
        "\n".join(["Student,ID,SIS Login ID,Section", *(f"{r},,A" for r in rows)])
    ).people
    id = student_id(f"{name}_{number}")
    assert match([Learner(id)], people).people[id] is people[row]


@pytest.mark.parametrize("id", ["weilsimone_501", "501", "504"])
def test_a_number_with_another_name_or_none_is_nobody(roster, id):
    people = roster(f"{CANVAS}王伟,504,,,A,,,\r\n").people
    assert id in match([Learner(id)], people).unmatched


@pytest.mark.parametrize("name", ["Ada Byron", "Émile Zola", "王 伟"])
def test_a_learner_of_a_download_of_moodle_is_found(roster, name):
    """Ids as intake makes them of the folder Ada Byron_123_assignsubmission_file."""
    people = roster(f"{MOODLE}王,伟,79,,,w@example.org,1\n").people
    id = student_id(name)
    assert match([Learner(id)], people).people[id].name == name


WORLD = """Student,ID,SIS Login ID,Section
"Byron, Ada",1,,A
"Núñez-Ålund, José",2,,A
"O'Brien, Miles",3,,A
"李, 小龙",4,,A
"""


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("José Núñez-Ålund", "2"), ("Núñez-Ålund, José", "2"), ("Núñez-Ålund José", "2"),
        ("Miles O'Brien", "3"), ("李小龙", "4"), ("李 小龙", "4"), ("小龙 李", "4"), ("Byron Ada", "1"),
    ],
)  # fmt: skip
def test_a_name_is_found_in_the_order_of_its_country(roster, written, number):
    """Ids as intake makes them of names that do not stay as they are."""
    id = student_id(written)
    assert match([Learner(id)], roster(WORLD).people).people[id].get("canvas_id") == number


def test_first_and_last_name_are_found_in_the_order_of_their_country(roster):
    found = roster("First name,Last name,Email address\n小龙,李,li@x.org\nLi,小龙,x@x.org\n")
    id = student_id("李小龙")
    assert match([Learner(id)], found.people).people[id].get("email") == "li@x.org"


def test_a_name_that_is_one_persons_forwards_and_anothers_backwards_is_nobody(roster):
    people = roster("First name,Last name,Email address\nMing,Lí,1@x.org\nLí,Ming,2@x.org\n").people
    id = student_id("Lí Ming")
    assert match([Learner(id)], people).people == {}


def test_two_learners_whose_names_are_turned_round_are_both_told(roster):
    ids = student_id("José Núñez-Ålund"), student_id("Núñez-Ålund José")
    found = match([Learner(id) for id in ids], roster(WORLD).people)
    assert found.people == {}
    assert set(found.unmatched) == set(ids)


@pytest.mark.parametrize(
    ("ids", "doubted"),
    [(("a", "b"), False), (("ada", "b", "c"), True), (("ada", "ezola", "c"), False)],
)
def test_a_list_with_few_of_the_learners_is_doubted(roster, ids, doubted):
    assert bool(doubt([Learner(id) for id in ids], roster(CANVAS))) == doubted


def test_accents_and_case_do_not_hide_a_name(roster):
    found = match([Learner("emile zola")], roster(CANVAS).people)
    assert found.people["emile zola"].get("canvas_id") == "502"


def test_the_login_counts_for_more_than_the_name(roster):
    found = match([Learner("ezola", "Ada", "Byron")], roster(CANVAS).people)
    assert found.people["ezola"].get("canvas_id") == "502"


def test_two_people_of_one_name_are_not_guessed():
    people = [Person({"name": "Li Wei", "login": "l1"}), Person({"name": "Wei, Li", "login": "l2"})]
    found = match([Learner("x", "Li", "Wei"), Learner("l2")], people)
    assert found.unmatched["x"] == (
        "Li Wei (x) could be 2 people in the roster, all Li Wei: enter the grades by hand."
    )
    assert found.people["l2"] is people[1]


def test_two_learners_who_could_be_one_person_are_both_told():
    people = [Person({"name": "Li Wei", "login": "l1"})]
    found = match([Learner("l1"), Learner("li.wei")], people)
    assert found.people == {}
    assert all("another learner could both be Li Wei" in each for each in found.unmatched.values())


@pytest.mark.parametrize("separator", [";", "\t"])
def test_a_roster_with_other_separators(roster, separator):
    text = f"Student{separator}ID{separator}SIS Login ID{separator}Section\nAda{separator}7{separator}ada{separator}A\n"
    found = roster(text)
    assert (found.platform, found.people[0].get("canvas_id")) == ("canvas", "7")


def test_which_platform_wrote_a_roster(roster):
    assert roster(CANVAS).platform == "canvas"
    assert roster(MOODLE).platform == "moodle"
    assert [each.name for each in roster(CANVAS).people] == [
        "Byron, Ada",
        "Zola, Émile",
        "Weil, Simone",
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no class list"),
        ("Vorname;Nachname\nA;B\n", "no class list"),
        ('Student,ID\n"x', "not CSV"),
    ],
)
def test_what_is_no_roster_is_a_sentence(roster, text, says):
    with pytest.raises(GradingError, match=says):
        roster(text)


def test_a_roster_that_cannot_be_read_is_a_sentence(tmp_path):
    with pytest.raises(GradingError, match="cannot be read"):
        read_roster(tmp_path / "none.csv")
    (tmp_path / "latin.csv").write_bytes("Student,ID\nÉmile,1".encode("latin-1"))
    with pytest.raises(GradingError, match="not UTF-8"):
        read_roster(tmp_path / "latin.csv")
