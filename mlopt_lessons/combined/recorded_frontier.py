"""Many combinations of pruning, fine-tuning and rounding, recorded once; the lab shows them at once.

`benchmarks/record_pipeline.py` carries out every plan of `frontier_plans` on two shipped models and
writes data/frontier.csv. A test carries out some of them again. All are judged on the same test images, and
the best of many looks a little better there than it is: check a pick on images of your own.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import product

from mlopt_lessons.combined.steps import Plan
from mlopt_lessons.workbench import Accuracy, Price, dollars_per_million

FRONTIER_MODELS = ("glyph_cnn", "mlp")
FRONTIER_AMOUNTS = (10, 20, 30, 40, 50, 60, 70, 80, 90)
RECORDED = "data/frontier.csv"
JOIN = "; "  # between the steps of a plan in the table
_TUNED = "fine-tune 3"


@dataclass(frozen=True)
class Point:
    """What one plan made of one model: a real file, its right answers, and a call of `batch` images.

    `size_bytes` is the file on disk and `zstd_bytes` what is sent when it is compressed; `ms` is the
    median of a call in milliseconds with its 10th and 90th percentile, on `machine`.
    """

    model: str
    plan: Plan
    accuracy: Accuracy
    size_bytes: int
    zstd_bytes: int
    weights_left: int
    ms: float
    ms_low: float
    ms_high: float
    batch: int
    machine: str

    def dollars(self, price: Price) -> float:
        """Dollars for a million predictions, a machine that is always busy with one call at a time."""
        return dollars_per_million(self.ms / 1e3 / self.batch, price)


def frontier_plans() -> tuple[Plan, ...]:
    """Every plan of the table: what goes, how much, fine-tuned or not, the file's numbers, the order."""
    cuts = [
        cut.format(amount)
        for cut, amount in product(
            ("prune {} %", "prune {} % by 16", "zero {} %"), FRONTIER_AMOUNTS
        )
    ]
    floats = [(), *product(cuts), *product(cuts, (_TUNED,))]
    rounded = [(*steps, *last) for steps, last in product(floats, ((), ("int8",), ("4-bit",)))]
    return tuple(Plan(steps) for steps in (*rounded, *product(("int8",), cuts)))


@cache
def recorded_points() -> tuple[Point, ...]:
    """The points that ship with the package, in the order of their recording."""
    return tuple(_from_row(row) for row in csv.DictReader(_lines()))


@cache
def recorded_on() -> str:
    """The date, the versions and the machine of the recording, for provenance."""
    row = next(csv.DictReader(_lines()))
    return f"{row['date']}, {row['made_with']}, on {row['machine']}"


def _lines() -> Sequence[str]:
    place = files("mlopt_lessons.combined").joinpath(RECORDED)
    return place.read_text(encoding="utf-8").splitlines()


def _from_row(row: dict[str, str]) -> Point:
    return Point(
        model=row["model"],
        plan=Plan(tuple(filter(None, row["steps"].split(JOIN)))),
        accuracy=Accuracy(int(row["correct"]), int(row["total"])),
        size_bytes=int(row["bytes"]),
        zstd_bytes=int(row["zstd_bytes"]),
        weights_left=int(row["weights_left"]),
        ms=float(row["ms"]),
        ms_low=float(row["ms_low"]),
        ms_high=float(row["ms_high"]),
        batch=int(row["batch"]),
        machine=row["machine"],
    )
