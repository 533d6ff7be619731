"""How long a bill of a million charges takes to load and to group, and the most memory that it takes."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv, parquet

ROWS = 1_000_000
GIB = 2**30
TEAMS = ("search", "recommendations", "vision", "platform")

# Runs in a process of its own, so that the peak is the bill's and not this script's; nor is it taken
# from getrusage where there is /proc, since a child's maximum begins there with that of its parent.
CHILD = """
import json, sys, time
from mlopt_lessons.cost.bill import load_bill
from mlopt_lessons.cost.grouping import group
from mlopt_lessons.high_water import high_water
start = time.perf_counter()
bill = load_bill(sys.argv[1])
loaded = time.perf_counter()
for by in ("service", "team", "resource", "hour", ["team", "service", "day"]):
    group(bill, by)
grouped = time.perf_counter()
print(json.dumps([loaded - start, (grouped - loaded) / 5, high_water(), len(bill.rows)]))
"""


def write_bill(csv_path: Path, parquet_path: Path, rows: int = ROWS, seed: int = 0) -> None:
    """A FOCUS bill as large as a company's, 5,000 resources over 30 days, as CSV and as Parquet."""
    table = _table(rows, np.random.default_rng(seed))
    csv.write_csv(table, csv_path)
    parquet.write_table(table, parquet_path)


def _table(rows: int, rng: np.random.Generator) -> pa.Table:
    def pick(values: list[str], of: np.ndarray | None = None) -> pa.Array:
        codes = rng.integers(len(values), size=rows) if of is None else of % len(values)
        return pa.DictionaryArray.from_arrays(codes.astype(np.int32), values).cast(pa.string())

    resource, hour = rng.integers(5000, size=rows), rng.integers(720, size=rows)
    hours = np.datetime_as_string(np.datetime64("2026-06-01T00") + np.arange(721), unit="s")
    stamps = [f"{each}Z" for each in hours]
    billed = rng.gamma(0.5, 2.0, rows).round(8)
    tags = [
        json.dumps({"team": TEAMS[k % 4], "environment": ("production", "development")[k % 3 % 2],
                    "run": f"r{k:05}"}) if k % 7 else ""
        for k in range(5000)
    ]  # fmt: skip
    return pa.table(
        {
            "BilledCost": billed,
            "EffectiveCost": billed,
            "ListCost": (billed * 1.1).round(8),
            "ContractedCost": billed,
            "BillingCurrency": pick(["USD"]),
            "ChargeCategory": pick(["Usage"] * 98 + ["Tax", "Credit"]),
            "ChargePeriodStart": pick(stamps, hour),
            "ChargePeriodEnd": pick(stamps, hour + 1),
            "BillingPeriodStart": pick([stamps[0]]),
            "BillingPeriodEnd": pick(["2026-07-01T00:00:00Z"]),
            "ServiceName": pick([f"Service {k}" for k in range(40)], resource),
            "ServiceCategory": pick(["Compute", "Storage", "Networking", "Databases"], resource),
            "ServiceProviderName": pick(["Example Cloud"]),
            "ResourceId": pick([f"arn:example:compute:eu-1:1234567890:machine/{k:017x}"
                                for k in range(5000)], resource),
            "ResourceName": pick([f"machine-{k}" for k in range(5000)], resource),
            "RegionId": pick(["eu-1", "us-1", "us-2"], resource),
            "PricingCategory": pick(["Standard", "Dynamic", "Committed"], resource),
            "CommitmentDiscountStatus": pick(["", "", "Used"], resource),
            "ChargeDescription": pick([f"${k / 100:.2f} per hour of machine type {k}"
                                       for k in range(300)], resource),
            "ConsumedQuantity": rng.random(rows).round(6),
            "SkuId": pick([f"SKU{k:010}" for k in range(2000)]),
            "Tags": pick(tags, resource),
        }
    )  # fmt: skip


def measure(path: Path) -> tuple[float, float, int]:
    """Seconds to load, seconds a grouping (mean of five), and peak bytes of the process that did it."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(path)], capture_output=True, text=True, check=True
    )
    load, grouping, peak, rows = json.loads(done.stdout)
    if rows != ROWS:
        raise RuntimeError(f"{path.name} was read with {rows} of {ROWS} rows.")
    return load, grouping, peak


def bill_rows() -> list[tuple[str, str]]:
    """What was timed, and the result, for the README."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        paths = Path(folder) / "bill.csv", Path(folder) / "bill.parquet"
        write_bill(*paths)
        for path in paths:
            load, grouping, peak = measure(path)
            told = (
                f"{load:.1f} s to load, {grouping:.2f} s a grouping, {peak / GIB:.2f} GiB at most"
            )
            size = path.stat().st_size / 1e6
            rows.append((f"a bill of {ROWS:,} charges, {path.suffix[1:]} of {size:.0f} MB", told))
    return rows


if __name__ == "__main__":
    for name, told in bill_rows():
        print(f"{name}: {told}")
