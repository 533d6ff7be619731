"""A bill is read as it was exported, and a file that is wrong is told where and why."""

import csv
import gzip
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pytest
from bill_tables import HEADER, ROW, bill_of, charge, sample, write
from pyarrow import parquet

from mlopt_lessons.cost.bill import Bill, load_bill, make_bill
from mlopt_lessons.cost.focus import COLUMNS, COSTS


def recorded_rows():
    with sample().open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("cost", COSTS)
def test_the_recorded_sample_sums_to_what_decimal_arithmetic_says(cost):
    exact = sum(Decimal(row[cost]) for row in recorded_rows() if row[cost] != "NULL")
    assert float(load_bill(sample()).rows[cost].sum()) == pytest.approx(float(exact), rel=1e-12)


def test_the_recorded_sample_has_the_published_totals():
    rows = load_bill(sample()).rows
    assert len(rows) == 1000
    assert round(rows["BilledCost"].sum(), 2) == 20.52
    assert round(rows["EffectiveCost"].sum(), 2) == 14.98


def test_null_in_the_sample_is_missing_and_never_zero():
    rows, plain = load_bill(sample()).rows, recorded_rows()
    assert (
        rows["ContractedCost"].isna().sum()
        == sum(r["ContractedCost"] == "NULL" for r in plain)
        == 7
    )
    assert rows["ResourceId"].isna().sum() == sum(r["ResourceId"] == "NULL" for r in plain)
    assert sum(not tags for tags in rows["Tags"]) == sum(r["Tags"] == "NULL" for r in plain)


def test_a_row_is_read_by_hand(tmp_path):
    bill = load_bill(write(tmp_path / "june.csv", HEADER, ROW))
    row = bill.rows.iloc[0]
    assert (bill.currency, bill.source) == ("USD", "recorded: june.csv")
    assert (row["BilledCost"], row["EffectiveCost"]) == (1.5, 1.25)
    assert row["ChargePeriodStart"] == pd.Timestamp("2026-06-01", tz="UTC")
    assert row["Tags"] == {}
    assert list(bill.rows.columns) == list(COLUMNS)
    assert not bill.has("ListCost")


def test_a_cost_that_the_bill_lacks_is_not_replaced_by_another(tmp_path):
    bill = load_bill(write(tmp_path / "june.csv", HEADER, ROW))
    with pytest.raises(ValueError, match="no ListCost; it has BilledCost, EffectiveCost"):
        bill.costs("ListCost")
    with pytest.raises(ValueError, match="'Cost' is no cost"):
        bill.costs("Cost")


def test_every_way_to_save_the_same_table_gives_the_same_bill(tmp_path):
    plain = load_bill(write(tmp_path / "a.csv", HEADER, ROW)).rows
    table = pd.read_csv(tmp_path / "a.csv")
    table.to_parquet(tmp_path / "b.parquet")
    (tmp_path / "c.csv.gz").write_bytes(gzip.compress((tmp_path / "a.csv").read_bytes()))
    write(tmp_path / "d.csv", HEADER, ROW, encoding="utf-8-sig")
    write(tmp_path / "e.csv", HEADER.replace(",", ";"), ROW.replace(",", ";"))
    write(tmp_path / "f.csv", "", HEADER.lower(), ROW, "")
    (tmp_path / "g.csv").write_bytes(f"{HEADER}\r\n{ROW}\r\n".encode())
    quoted = (",".join(f'"{each}"' for each in line.split(",")) for line in (HEADER, ROW))
    write(tmp_path / "h.csv", *quoted)
    for name in ("h.csv", "b.parquet", "c.csv.gz", "d.csv", "e.csv", "f.csv", "g.csv"):
        pd.testing.assert_frame_equal(load_bill(tmp_path / name).rows, plain)


def test_parquet_may_carry_times_maps_and_decimals(tmp_path):
    start, end = pd.Timestamp("2026-06-01 02:00"), pd.Timestamp("2026-06-01 03:00")
    table = pa.table(
        {
            "BilledCost": pa.array([Decimal("1.50")], pa.decimal128(10, 2)),
            "BillingCurrency": ["USD"],
            "ChargeCategory": ["Usage"],
            "ServiceName": ["Compute"],
            "ChargePeriodStart": pa.array([start], pa.timestamp("ms")),
            "ChargePeriodEnd": pa.array([end.tz_localize("UTC")], pa.timestamp("ns", "UTC")),
            "Tags": pa.array([[("team", "search")]], pa.map_(pa.string(), pa.string())),
        }
    )
    parquet.write_table(table, tmp_path / "bill.parquet")
    row = load_bill(tmp_path / "bill.parquet").rows.iloc[0]
    assert row["BilledCost"] == 1.5
    assert row["Tags"] == {"team": "search"}
    assert row["ChargePeriodEnd"] - row["ChargePeriodStart"] == pd.Timedelta(hours=1)


def test_times_with_an_offset_become_utc(tmp_path):
    row = ROW.replace("00:00:00Z", "00:00:00+02:00").replace("01:00:00Z", "01:00:00+02:00")
    read = load_bill(write(tmp_path / "bill.csv", HEADER, row)).rows
    assert read["ChargePeriodStart"][0] == pd.Timestamp("2026-05-31 22:00", tz="UTC")


def test_columns_that_are_not_used_may_be_there_twice_or_have_no_name(tmp_path):
    path = write(tmp_path / "bill.csv", f"{HEADER},,,x_Mine,x_Mine", f"{ROW},,,1,2")
    assert load_bill(path).rows["BilledCost"].tolist() == [1.5]


def test_texts_with_quotes_line_breaks_and_other_alphabets_survive(tmp_path):
    row = ROW.replace("Compute", '"München, ""large""\nмашина"')
    assert load_bill(write(tmp_path / "bill.csv", HEADER, row)).rows["ServiceName"].tolist() == [
        'München, "large"\nмашина'
    ]


def test_negative_charges_are_kept():
    bill = bill_of(charge(10.0), charge(-2.5, ChargeCategory="Credit"))
    assert bill.rows["BilledCost"].sum() == 7.5


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ([""], "is empty"),
        ([HEADER], "column names and no rows"),
        ([HEADER.replace("BilledCost", "Billed"), ROW], r"lacks BilledCost \(similar: Billed\)"),
        ([HEADER.replace("ServiceName", "x"), ROW], "lacks ServiceName. A FOCUS bill needs"),
        (["a,b", "1,2"], "lacks BilledCost, ChargeCategory, ChargePeriodStart"),
        ([f"{HEADER},BilledCost", f"{ROW},2"], "two columns for BilledCost: BilledCost and BilledCost"),
        ([f"{HEADER},billed_cost", f"{ROW},2"], "two columns for BilledCost: BilledCost and billed_cost"),
        ([HEADER, ROW, ROW.replace("1.5", "abc")], "BilledCost in row 2 .* is 'abc'"),
        ([HEADER, ROW, ROW.replace("1.5", "NaN")], "BilledCost in row 2 .* is 'NaN'"),
        ([HEADER, ROW, ROW.replace("1.25", "inf")], "EffectiveCost in row 2 .* is 'inf'"),
        ([HEADER, ROW, ROW.replace("1.5", "1_000")], "BilledCost in row 2 .* is '1_000'"),
        ([HEADER, ROW, ROW.replace("1.5", '"1,000.50"')], "is '1,000.50'; it must be a plain number"),
        ([HEADER, ROW, ROW.replace("1.5", "NULL")], "BilledCost in row 2 .* is empty"),
        ([HEADER, ROW.replace("2026-06-01T01", "01/06/2026 01")], "ChargePeriodEnd in row 1 .* a date as"),
        ([HEADER, ROW.replace("2026-06-01T01", "2026-06-31T01")], "ChargePeriodEnd in row 1"),
        ([HEADER, ROW.replace("2026-06-01T01:00:00Z", "")], "Row 1 .* no whole charge period"),
        ([HEADER, ROW.replace("2026-06-01T01", "2026-05-01T01")], "row 1 .* ends .* before it starts"),
        ([HEADER, ROW.replace("USD", "")], "Row 1 of bill.csv has no BillingCurrency"),
        ([HEADER, ROW.replace("Compute", "a,b")], "no whole CSV table"),
        ([f"{HEADER},Tags", f'{ROW},"{{""team"": "'], "Row 1 of bill.csv: Tags .* are no JSON"),
    ],
)  # fmt: skip
def test_a_file_that_is_wrong_is_told_why(tmp_path, lines, told):
    path = write(tmp_path / "bill.csv", *lines)
    with pytest.raises(ValueError, match=told) as caught:
        load_bill(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("encoding", "told"),
    [("utf-16", "UTF-16"), ("utf-16-le", "UTF-16"), ("latin-1", "Latin-1.*iconv -f LATIN1")],
)
def test_a_wrong_encoding_is_named_with_the_way_out(tmp_path, encoding, told):
    path = write(tmp_path / "bill.csv", HEADER, ROW.replace("Compute", "Rechenzeit für München"),
                 encoding=encoding)  # fmt: skip
    with pytest.raises(ValueError, match=f"is not UTF-8.*{told}"):
        load_bill(path)


def test_files_of_other_kinds_are_refused(tmp_path):
    (tmp_path / "bill.xlsx").write_bytes(b"PK\x03\x04 and more")
    (tmp_path / "bill.parquet").write_bytes(b"PAR1 cut off")
    (tmp_path / "bill.csv.gz").write_bytes(b"\x1f\x8b\x08\x00 cut off")
    for name, told in (
        ("bill.xlsx", "Excel"),
        ("bill.parquet", "Parquet"),
        ("bill.csv.gz", "broken"),
    ):
        with pytest.raises(ValueError, match=told):
            load_bill(tmp_path / name)
    with pytest.raises(FileNotFoundError, match="There is no file"):
        load_bill(tmp_path / "absent.csv")
    with pytest.raises(IsADirectoryError, match="is a folder"):
        load_bill(tmp_path)


def test_mixed_currencies_are_named_and_one_can_be_chosen(tmp_path):
    lines = [HEADER, ROW, ROW, ROW.replace("USD", "EUR").replace("1.5", "40")]
    path = write(tmp_path / "bill.csv", *lines)
    with pytest.raises(ValueError, match=r'EUR 40.00, USD 3.00.*currency="EUR"'):
        load_bill(path)
    assert load_bill(path, currency="USD").rows["BilledCost"].tolist() == [1.5, 1.5]
    with pytest.raises(ValueError, match="no charges in CHF; it has EUR, USD"):
        load_bill(path, currency="CHF")


def test_a_bill_without_a_currency_is_given_one(tmp_path):
    path = write(tmp_path / "b.csv", HEADER.replace("BillingCurrency", "x_Other"), ROW)
    with pytest.raises(ValueError, match="has no BillingCurrency; say which"):
        load_bill(path)
    assert load_bill(path, currency="USD").currency == "USD"


def test_a_table_is_checked_as_a_file_is():
    with pytest.raises(ValueError, match="The table lacks ServiceName"):
        make_bill(pd.DataFrame([charge(1.0)]).drop(columns="ServiceName"), "USD", "by hand")
    with pytest.raises(ValueError, match="no rows"):
        make_bill(pd.DataFrame([charge(1.0)]).head(0), "USD", "by hand")
    with pytest.raises(ValueError, match="BilledCost in row 2"):
        bill_of(charge(1.0), charge(float("nan")))


def test_a_bill_takes_only_canonical_rows():
    rows = bill_of(charge(1.0), charge(2.0)).rows
    with pytest.raises(ValueError, match="lacks the columns Tags"):
        Bill(rows.drop(columns="Tags"), "USD", "by hand")
    with pytest.raises(ValueError, match="numbered from 0"):
        Bill(rows.iloc[1:], "USD", "by hand")
