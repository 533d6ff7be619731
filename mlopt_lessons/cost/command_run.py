"""What `mlopt bill` does, and the text that it prints."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from mlopt_lessons.cost.bill import Bill, load_bill
from mlopt_lessons.cost.grouping import group
from mlopt_lessons.cost.report import bill_report, counted, finding_rows, money

SHOWN = 30  # rows of a finding on the screen; --csv writes all


@dataclass(frozen=True)
class BillRequest:
    """The arguments of `mlopt bill`."""

    file: Path
    by: tuple[str, ...] = ()
    cost: str = "EffectiveCost"
    currency: str | None = None
    kind: str | None = None
    out: Path | None = None


def run(request: BillRequest) -> str:
    """Reads the bill and returns the report, or the charges behind one finding; writes the CSV.

    Raises ValueError and OSError with a sentence, as `load_bill`, `group` and `finding_rows` do.
    """
    bill = load_bill(request.file, request.currency)
    if request.kind is not None:
        rows = finding_rows(bill, request.kind)
        return _with_file(_listed(rows, request.kind, bill), rows, request.out)
    text = bill_report(bill, request.by, request.cost)
    if request.out is None:
        return text
    return _with_file(text, group(bill, request.by or ("service",), request.cost), request.out)


def _listed(rows: pd.DataFrame, kind: str, bill: Bill) -> str:
    total = money(float(rows["EffectiveCost"].sum()), bill.currency)
    head = f"{kind}: {counted(len(rows), 'charge')}, {total}. Rows count from 1."
    if rows.empty:
        return head
    shown = rows.head(SHOWN).assign(
        ChargePeriodStart=rows["ChargePeriodStart"].dt.strftime("%Y-%m-%d %H:%M"),
        Tags=[";".join(f"{key}={value}" for key, value in tags.items()) for tags in rows["Tags"]][
            :SHOWN
        ],
    )
    shown.index = shown.index + 1
    rest = f"\n{len(rows) - SHOWN:,} more; --csv writes them all." if len(rows) > SHOWN else ""
    return f"{head}\n\n{shown.to_string(max_colwidth=40)}{rest}"


def _with_file(text: str, table: pd.DataFrame, out: Path | None) -> str:
    if out is None:
        return text
    out.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(out, index=False)
    return f"{text}\n\nWritten: {out}, {counted(len(table), 'row')}."
