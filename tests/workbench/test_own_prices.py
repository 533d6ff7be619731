"""The learner's own price list: read as written, and told which line is wrong."""

import re

import pytest

from mlopt_lessons.workbench import Price, as_price, own_prices, price, prices

HEAD = "name,usd_per_hour,source,date"


def write(path, *lines, encoding="utf-8"):
    path.write_text("\n".join(lines) + "\n", encoding=encoding)
    return path


def test_a_list_with_the_four_columns(tmp_path):
    table = own_prices(write(tmp_path / "p.csv", HEAD, "my server,0.12,invoice 7,2026-11-24"))
    assert price("my server", table) == Price("my server", 0.12, "invoice 7", "2026-11-24")


def test_a_list_with_the_shipped_columns(tmp_path):
    prices().to_csv(tmp_path / "p.csv", index=False)
    table = own_prices(tmp_path / "p.csv")
    assert list(table.columns) == list(prices().columns)
    for name in prices()["name"]:
        assert price(name, table) == price(name)


def test_cores_may_be_given_for_some_rows_only(tmp_path):
    lines = (HEAD + ",vcpus", "a,1,s,2026-01-31,8", "b,2,s,2026-01-31,")
    table = own_prices(write(tmp_path / "p.csv", *lines))
    assert (price("a", table).vcpus, price("b", table).vcpus) == (8, None)


def test_what_spreadsheets_write_is_read(tmp_path):
    path = write(tmp_path / "p.csv", HEAD, "Büro, 1.5, s, 2026-01-31", encoding="utf-8-sig")
    assert price("Büro", own_prices(path)).usd_per_hour == 1.5


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("a,0,s,2026-01-31", "Line 3 of p.csv: usd_per_hour must be above 0"),
        ("a,-1,s,2026-01-31", "above 0"),
        ("a,nan,s,2026-01-31", "usd_per_hour must be a number such as 0.12"),
        ("a,inf,s,2026-01-31", "above 0"),
        ("a,$0.12,s,2026-01-31", "without $ or thousands separator, got '$0.12'"),
        ("a,,s,2026-01-31", "usd_per_hour must be a number"),
        ("a,1,,2026-01-31", "needs its source and its date"),
        ("a,1,s,", "a date is written 2026-11-24, got ''"),
        ("a,1,s,31.01.2026", "a date is written 2026-11-24"),
        (",1,s,2026-01-31", "a price needs a name"),
        ("good,1,s,2026-01-31", "'good' is there already"),
    ],
)
def test_a_bad_row_is_told_with_its_line(tmp_path, row, told):
    path = write(tmp_path / "p.csv", HEAD, "good,1,s,2026-01-31", row)
    with pytest.raises(ValueError, match=re.escape(told)):
        own_prices(path)


@pytest.mark.parametrize("cores", ["0", "1.5", "many", "inf", "1e999"])
def test_cores_are_whole_numbers(tmp_path, cores):
    path = write(tmp_path / "p.csv", HEAD + ",vcpus", f"a,1,s,2026-01-31,{cores}")
    with pytest.raises(ValueError, match=r"Line 2 of p\.csv: vcpus must be a"):
        own_prices(path)


def test_memory_is_a_number(tmp_path):
    path = write(tmp_path / "p.csv", HEAD + ",ram_gib", "a,1,s,2026-01-31,8 GiB")
    with pytest.raises(ValueError, match="ram_gib must be a number"):
        own_prices(path)


@pytest.mark.filterwarnings("ignore:Length of header")
def test_a_thousands_separator_is_not_read_as_two_columns(tmp_path):
    path = write(tmp_path / "p.csv", HEAD, "a,1,200,s,2026-01-31")
    with pytest.raises(ValueError, match="Line 2 of p"):
        own_prices(path)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "p.csv is no CSV in UTF-8"),
        (HEAD, "has no row"),
        ("name,price\na,1", "lacks the column(s) usd_per_hour, source, date"),
        ('a,b\n"1', "is no CSV"),
    ],
)
def test_a_file_that_is_no_list(tmp_path, text, told):
    (tmp_path / "p.csv").write_text(text)
    with pytest.raises(ValueError, match=re.escape(told)):
        own_prices(tmp_path / "p.csv")


def test_another_encoding(tmp_path):
    path = write(tmp_path / "p.csv", HEAD, "a,1,s,2026-01-31", encoding="utf-16")
    with pytest.raises(ValueError, match="Save it as one again"):
        own_prices(path)


def test_a_missing_file(tmp_path):
    with pytest.raises(OSError, match=r"none\.csv"):
        own_prices(tmp_path / "none.csv")


def test_a_name_that_is_not_in_the_list(tmp_path):
    table = own_prices(write(tmp_path / "p.csv", HEAD, "mine,1,s,2026-01-31"))
    with pytest.raises(ValueError, match="no price for 't3'; choose one of mine"):
        price("t3", table)


def test_a_number_becomes_a_price_and_a_price_stays():
    mine = Price("mine", 2.0, "s", "2026-01-31")
    assert as_price(mine) is mine
    assert as_price(3).usd_per_hour == 3
