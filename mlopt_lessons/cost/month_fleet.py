"""Who runs what in the simulated month: machines, training runs, storage; facts and assumptions.

Machine prices are rows of `workbench.gpu_prices()`: AWS us-east-1, on demand on 2026-07-20, spot on
2025-03-07. Everything else in these tables is invented to be believable; `month.py` says what it was
fitted to.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from mlopt_lessons.workbench.prices import gpu_prices

# S3 Standard, us-east-1, first 50 TB (open-exam-prep.com, updated June 2026).
STORAGE_USD_PER_GB_MONTH = 0.023
# An agreed discount on every machine paid by the hour, and what a year's reservation saves on the list
# price: up to 28 % for a year of Google's flexible commitments, about 30 % for a year of AWS's (yobitel.com,
# "Savings plans"; vantage.sh, "What is an AWS Savings Plan?").
CONTRACT_DISCOUNT = 0.05
COMMITMENT_DISCOUNT = 0.28
TAX_RATE = 0.03

ALWAYS, OFFICE, EVENING, SATURDAY = "always", "office hours", "until ten", "Saturdays"


def _tags(team: str, environment: str, workload: str, **more: str) -> dict[str, str]:
    return {"team": team, "environment": environment, "workload": workload, **more}


@dataclass(frozen=True)
class Machine:
    """A machine that runs by a timetable, from day `first` to day `last` of the month (exclusive).

    `load` holds its mean utilisation in percent inside and outside office hours, None where nobody
    measures it. `wasted` is the kind of waste that its hours are ("idle": all of them; "nights and
    weekends": those outside office hours).
    """

    name: str
    instance: str
    tags: Mapping[str, str]
    timetable: str = ALWAYS
    load: tuple[float, float] | None = None
    reserved: bool = False
    first: int = 0
    last: int = 30
    wasted: str = ""


@dataclass(frozen=True)
class Runs:
    """A series of training runs on one kind of machine; `hours` is the mean length of one."""

    name: str
    instance: str
    team: str
    count: int
    failed: int
    hours: float
    spot: bool = False
    restartable: bool = True
    load: float = 50.0


@dataclass(frozen=True)
class Bucket:
    """Stored data: terabytes (1,000 GB) and the date of the last read, None where unknown."""

    name: str
    terabytes: float
    last_used: str | None
    tags: Mapping[str, str] = field(default_factory=dict)
    wasted: str = ""


_SEARCH = _tags("search", "production", "serving")
_VISION = _tags("vision", "production", "serving")
_RECOMMEND = _tags("recommendations", "production", "serving")
_NIGHTS = "nights and weekends"

MACHINES = (
    Machine("search-ranker-1", "g5.xlarge", _SEARCH, load=(38, 12), reserved=True),
    Machine("search-ranker-2", "g5.xlarge", _SEARCH, load=(36, 11), reserved=True),
    Machine("search-ranker-peak", "g5.xlarge", _SEARCH, EVENING, load=(41, 24)),
    Machine("recommender", "g4dn.xlarge", _RECOMMEND, load=(44, 16), reserved=True),
    # The endpoint moved to another machine type on the 11th; its reservation did not.
    Machine("vision-api", "g6.xlarge", _VISION, load=(31, 10), reserved=True, last=10),
    Machine("vision-api-2", "g5.xlarge", _VISION, load=(33, 12), first=10),
    Machine("feature-store", "r5.2xlarge", _tags("recommendations", "production", "data"), load=(9, 7)),
    Machine("gateway", "m5.xlarge", _tags("platform", "production", "serving"), load=(14, 6)),
    Machine("weekly-report", "m5.4xlarge", _tags("search", "production", "data"), SATURDAY, (70, 70)),
    Machine("ci-runner", "c5.xlarge", {}, load=(35, 18)),
    Machine("labelling-old", "g5.xlarge", {}, load=(1.5, 1.5), wasted="idle"),
    Machine(
        "vision-sandbox", "m5.xlarge", _tags("vision", "development", "data"), load=(2, 2), wasted="idle"
    ),
    Machine(
        "search-staging", "g4dn.xlarge", _tags("search", "development", "serving"), load=(18, 9),
        wasted=_NIGHTS,
    ),
    *(
        Machine(f"notebook-{person}", instance, _tags(team, "development", "notebook"), wasted=_NIGHTS)
        for person, instance, team in (
            ("ana", "g4dn.xlarge", "search"),
            ("ben", "g4dn.xlarge", "vision"),
            ("chen", "g5.xlarge", "vision"),
            ("dora", "m5.xlarge", "recommendations"),
        )
    ),
    *(
        Machine(f"notebook-{person}", "g4dn.xlarge", _tags(team, "development", "notebook"), OFFICE)
        for person, team in (("emil", "recommendations"), ("fay", "platform"))
    ),
)  # fmt: skip

RUNS = (
    Runs("ranker", "g5.12xlarge", "search", count=14, failed=3, hours=14, load=55),
    Runs("ranker-ablation", "g5.12xlarge", "search", count=12, failed=2, hours=14, spot=True),
    Runs("detector", "p5.4xlarge", "vision", count=8, failed=1, hours=16, load=62),
    Runs("detector-nightly", "g6e.xlarge", "vision", count=26, failed=3, hours=6, load=48),
    Runs("embeddings", "g5.xlarge", "recommendations", count=30, failed=3, hours=5, load=43),
    Runs("two-tower", "g6.12xlarge", "recommendations", count=6, failed=1, hours=10, load=35),
    Runs("tuning", "g5.xlarge", "recommendations", count=40, failed=6, hours=6, spot=True, load=43),
    Runs(
        "export", "p3.2xlarge", "platform", count=4, failed=0, hours=3, restartable=False, load=20
    ),
)

BUCKETS = (
    Bucket("images", 6.0, "2026-06-29", _tags("vision", "production", "data")),
    Bucket("clicks", 4.5, "2026-06-30", _tags("recommendations", "production", "data")),
    Bucket("features", 2.0, "2026-06-30", _tags("recommendations", "production", "data")),
    # Read on the 1st and the 10th: 30 and 21 days before the month's end, so neither is cold.
    Bucket("evaluation-sets", 1.0, "2026-06-01", _tags("search", "production", "data")),
    Bucket("checkpoints-june", 1.5, "2026-06-10", _tags("search", "production", "training")),
    Bucket("audit-logs", 0.8, None, _tags("platform", "production", "data")),
    Bucket(
        "checkpoints-2025", 7.0, "2026-02-11", _tags("search", "development", "training"), "cold storage"
    ),
    Bucket(
        "checkpoints-vision", 4.0, "2026-05-31", _tags("vision", "production", "training"), "cold storage"
    ),
    Bucket("export-2024", 1.5, "2024-11-05", wasted="cold storage"),
)  # fmt: skip


@cache
def usd_per_hour(instance: str, spot: bool = False) -> float:
    """Dollars an hour of a machine in AWS us-east-1, on demand or as spot, from the price table.

    Raises ValueError for a machine without such a price.
    """
    table, column = gpu_prices(), "spot_usd_h" if spot else "on_demand_usd_h"
    rows = table[(table["provider"] == "AWS") & (table["instance"] == instance)]
    found = rows[column].dropna()
    if found.empty:
        raise ValueError(f"The price table has no {column} for {instance}; choose one that it has.")
    return float(found.iloc[0])
