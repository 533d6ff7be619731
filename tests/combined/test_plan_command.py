"""`mlopt plan` from a shell: the memo's files, and one sentence with status 1 for each mistake."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mlopt_lessons.combined.command import plan
from mlopt_lessons.combined.levers import Interaction, Lever
from mlopt_lessons.combined.levers_file import OwnPlan, read_levers
from mlopt_lessons.combined.own_figures import own_bill
from mlopt_lessons.course.store import Store

TOML = """
spend = 12000
[[lever]]
name = "spot"
saves = 0.6
eligibility = 0.5
low = 0.5
high = 0.7
source = "lesson 3 on our cluster"
kind = "measured"
part = "training"
[[lever]]
name = "right-size"
saves = 0.3
[[interaction]]
first = "spot"
second = "right-size"
factor = 1.1
why = "smaller machines run longer"
"""
CSV = "name,saves,eligibility,low,high,source,kind,part\nspot,0.6,0.5,0.5,0.7,invoice,measured,training\nright-size,0.3,,,,,,\n"


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(plan, [str(argument) for argument in arguments])


@pytest.fixture
def file(tmp_path: Path):
    """Writes a levers file and gives its path."""

    def write(text: str | bytes, name: str = "levers.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def test_both_formats_hold_the_same_levers(file) -> None:
    levers = (
        Lever("spot", 0.6, 0.5, 0.5, 0.7, "invoice", "measured", "training"),
        Lever("right-size", 0.3),
    )
    assert read_levers(file(CSV)) == OwnPlan(levers)
    found = read_levers(file(TOML.replace("lesson 3 on our cluster", "invoice"), "l.toml"))
    pair = Interaction("spot", "right-size", 1.1, "smaller machines run longer")
    assert found == OwnPlan(levers, (pair,), 12000)


def test_a_file_from_a_spreadsheet_with_a_byte_order_mark_is_read(file) -> None:
    text = "\ufeff" + CSV.replace("\n", "\r\n") + "\r\n"
    assert read_levers(file(text)) == read_levers(file(CSV, "plain.csv"))


def test_it_writes_memo_and_pictures(file, tmp_path) -> None:
    out = tmp_path / "made" / "here"
    result = invoke("--levers", file(TOML, "own.toml"), "--out", out)
    assert result.exit_code == 0, result.output
    names = {"plan.md", "plan.html", "waterfall.png", "swings.png"}
    assert {path.name for path in out.iterdir()} == names
    # By hand: 12,000 × (1 − 0.5 × 0.6) × 0.7, and 10 % more of the half that both touch.
    after = 12_000 * (0.7 * 0.7 + 0.1 * 0.5 * 0.4 * 0.7)
    assert f"${after:,.0f} is left" in result.output
    assert f"\\${after:,.0f} is left" in (out / "plan.md").read_text(encoding="utf-8")
    html = (out / "plan.html").read_text(encoding="utf-8")
    assert "own.toml" in html
    assert "lesson 3 on our cluster" in html
    assert html.count("data:image/png;base64,iVBOR") == 2
    for picture in ("waterfall.png", "swings.png"):
        assert (out / picture).read_bytes().startswith(b"\x89PNG")
    assert str(out / "plan.html") in result.output


def test_a_given_spend_wins_over_the_files(file, tmp_path) -> None:
    result = invoke("--levers", file(TOML, "own.toml"), "--spend", 1000, "--out", tmp_path / "o")
    assert "of $1,000 a month" in result.output
    assert "as given" in (tmp_path / "o" / "plan.md").read_text(encoding="utf-8")


def test_a_workspaces_levers_are_those_of_its_ledger(tmp_path) -> None:
    (tmp_path / ".mlopt").mkdir()
    result = invoke("--workspace", tmp_path, "--out", tmp_path / "o")
    assert result.exit_code == 0, result.output
    # Nothing is measured yet, so the story's figures stand, each on its part of the bill.
    left = sum(row.after for row in own_bill(Store(None)))
    assert f"${left:,.0f} is left" in result.output
    memo = (tmp_path / "o" / "plan.md").read_text(encoding="utf-8")
    assert "33 %, training" in memo
    assert "(the story's)" in memo


def test_the_memo_fits_a_page_of_words(file, tmp_path) -> None:
    invoke("--levers", file(TOML, "own.toml"), "--out", tmp_path / "o")
    assert len((tmp_path / "o" / "plan.md").read_text(encoding="utf-8").split()) < 700


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name,saves\nspot,60\n", "line 2: spot: saves is a part of 1, so 60 % is written 0.6"),
        ("name,saves\nspot,60%\n", "line 2: saves must be a part of 1 such as 0.6, without % sign"),
        ("name,saves\nspot,1.2\n", "line 2: spot: saves is a part of 1"),
        ("name,saves\nspot,nan\n", "saves must lie between 0 and 1"),
        ("name,saves\nspot,0,6\n", "line 2 has 3 cells, the header 2; write 0.6, not 0,6"),
        ("name,saving\nspot,0.6\n", "'saving' is not known here; did you mean saves"),
        ("name,colour\nspot,red\n", "'colour' is not known here; it knows name, saves"),
        ("name;saves\nspot;0,6\n", "separates its columns by semicolons"),
        ("name,name,saves\na,b,0.1\n", "has the column 'name' twice"),
        ("name\nspot\n", "line 2 lacks saves; a lever needs name and saves"),
        ("name,saves\nspot,0.6\nspot,0.3\n", "The lever 'spot' is there twice"),
        ("name,saves,kind\nspot,0.6,guess\n", "kind must be one of measured"),
        ("name,saves\n", "has no lever"),
        ("", "has no lever"),
        (b"name,saves\nsp\xff,0.6\n", "is not text in UTF-8"),
    ],
)
def test_a_csv_that_cannot_be_says_where_and_what_to_do(file, tmp_path, text, says) -> None:
    fails(invoke("--levers", file(text), "--out", tmp_path / "o"), says)
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[lever]\n", "is no TOML"),
        ("spend = -1\n[[lever]]\nname='a'\nsaves=0.1\n", "The spend must be 0 dollars or more"),
        ("spend = 'much'\n[[lever]]\nname='a'\nsaves=0.1\n", "must be a number of dollars"),
        ("[lever]\nname='a'\nsaves=0.1\n", "under [[lever]]"),
        ("[[levers]]\nname='a'\nsaves=0.1\n", "'levers' is not known here; did you mean lever"),
        ("[[lever]]\nname='a'\nsaves='0.1'\n", "lever 1: a: saves must be a number such as 0.6"),
        ("[[lever]]\nname=3\nsaves=0.1\n", "lever 1: A lever needs a name"),
        ("[[lever]]\nname='a'\nsaves=0.1\nsource=3\n", "source and part must be text"),
        (
            TOML.replace("factor = 1.1", "factor = 0"),
            "interaction 1: spot and right-size: the factor",
        ),
        (TOML.replace("factor = 1.1", "factor = 'x'"), "the factor must be a number"),
        (TOML.replace("factor = 1.1\n", ""), "interaction 1 lacks factor"),
        (
            TOML.replace('second = "right-size"', 'second = "rigth"'),
            "names 'rigth', which is no lever",
        ),
        ("", "has no lever"),
    ],
)
def test_a_toml_that_cannot_be_says_where_and_what_to_do(file, tmp_path, text, says) -> None:
    fails(invoke("--levers", file(text, "own.toml"), "--out", tmp_path / "o"), says)


def test_other_mistakes(file, tmp_path) -> None:
    own = file(CSV)
    fails(invoke("--levers", own, "--spend", -5), "The spend must be 0 dollars or more, got -5")
    fails(invoke("--levers", own, "--spend", 0), "A bill of 0 dollars leaves nothing to save")
    fails(invoke("--levers", tmp_path / "none.csv"), "none.csv cannot be used")
    fails(invoke("--levers", file(CSV, "levers.xlsx")), "read from a .toml or a .csv file")
    fails(invoke("--levers", own, "--workspace", tmp_path), "not both")
    fails(invoke("--workspace", tmp_path), "is no workspace of this course")
    fails(invoke("--levers", own, "--out", own), "levers.csv cannot be used")


def fails(result: Result, says: str) -> None:
    """Status 1 and one sentence, no traceback."""
    assert result.exit_code == 1, result.output
    assert says in result.output
    assert result.output.startswith("Error: ")
    assert len(result.output.strip().splitlines()) == 1
