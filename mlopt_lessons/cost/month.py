"""A month's bill of an ML team of twelve, made up, with waste of known kind and size planted in it.

Fitted to published figures; the rest is invented:
- Dollars: the story's $10,000 a month.
- Waste: 30 % of the spend. Flexera's State of the Cloud estimates 27 % in 2025 and 32 % in 2026.
- Failed runs: one training dollar in six. In the Philly cluster 17 % of the jobs were unsuccessful (Jeon
  et al., "Analysis of Large-Scale Multi-Tenant GPU Clusters for DNN Training Workloads", ATC'19).
- GPU utilisation of training runs: mean 47 %, as in the trace of that cluster.
- Prices: AWS us-east-1, see `month_fleet.py`; data out: `workbench.EGRESS_SOURCE`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mlopt_lessons.cost.bill import Bill, make_bill
from mlopt_lessons.cost.month_fleet import (
    ALWAYS,
    BUCKETS,
    EVENING,
    MACHINES,
    OFFICE,
    RUNS,
    SATURDAY,
    TAX_RATE,
    Machine,
    Runs,
)
from mlopt_lessons.cost.month_rows import (
    DAYS,
    HOURS,
    Charges,
    levy,
    office_hours,
    on_demand,
    reserved,
    sent,
    stored,
    table,
)
from mlopt_lessons.workbench.transfer import EGRESS_USD_PER_GB

IDLE_BELOW = 5.0  # percent; a busy machine is never below, an idle one always
CREDIT_USD, REFUND_USD = -300.0, -18.4
EGRESS_GB_PER_DAY = {"search-api": 45.0, "unnamed-nat": 20.0}


@dataclass(frozen=True, eq=False)
class Planted:
    """Waste that was put into the month on purpose: its effective cost, and the index of its rows."""

    dollars: float
    rows: pd.Index


@dataclass(frozen=True, eq=False)
class Month:
    """A simulated bill and, for each kind of waste, what was planted in it."""

    bill: Bill
    planted: Mapping[str, Planted]


def simulate_month(seed: int = 0) -> Month:
    """June 2026 of an ML team: about 13,000 charges, near $10,000, three tenths of it waste.

    Four teams train, serve, keep notebooks and store data; what lies idle, fails, stays on at night or
    is never read again is planted, beside rows that only look like it. Charges are hourly for machines,
    daily for storage and data out. The same seed gives the same bill.
    """
    rng = np.random.default_rng(seed)
    usage = [*_machines(rng), *_training(rng), *map(stored, BUCKETS), *_egress(rng)]
    rows, kinds = table([*usage, *_levies(usage)])
    bill = make_bill(rows, "USD", f"simulated: an ML team's month, seed {seed}")
    cost = bill.costs("EffectiveCost")
    planted = {
        str(kind): Planted(
            float(cost[kinds == kind].sum()), pd.Index(np.flatnonzero(kinds == kind))
        )
        for kind in sorted(set(kinds) - {""})
    }
    return Month(bill, planted)


def _machines(rng: np.random.Generator) -> Iterator[Charges]:
    office = office_hours()
    for machine in MACHINES:
        starts = np.flatnonzero(_on(machine, office))
        load = _machine_load(rng, machine, office[starts])
        if machine.reserved:
            yield from reserved(machine, starts, load)
            continue
        wasted = np.full(len(starts), True) if machine.wasted == "idle" else ~office[starts]
        yield on_demand(
            machine.name, machine.instance, starts, tags=machine.tags, load=load, kind=machine.wasted,
            wasted=wasted,
        )  # fmt: skip


def _on(machine: Machine, office: NDArray[np.bool_]) -> NDArray[np.bool_]:
    hour, day = np.arange(HOURS) % 24, np.arange(HOURS) // 24
    timetable = {
        ALWAYS: np.full(HOURS, True),
        OFFICE: office,
        EVENING: (hour >= 9) & (hour < 22),
        SATURDAY: (day % 7 == 5) & (hour < 6),  # the 1st of June 2026 is a Monday
    }[machine.timetable]
    return timetable & (day >= machine.first) & (day < machine.last)


def _machine_load(
    rng: np.random.Generator, machine: Machine, office: NDArray[np.bool_]
) -> NDArray[np.float64] | None:
    if machine.load is None:
        return None
    mean = np.where(office, *machine.load)
    limits = (0.0, IDLE_BELOW - 0.1) if machine.wasted == "idle" else (IDLE_BELOW, 99.0)
    return _noisy(rng, mean, limits)


def _noisy(
    rng: np.random.Generator, mean: NDArray[np.float64], limits: tuple[float, float]
) -> NDArray[np.float64]:
    """Percent around a mean, 20 % of it being one standard deviation, to a tenth."""
    drawn = rng.normal(mean, 0.2 * mean)
    return np.asarray(np.round(np.clip(drawn, *limits), 1), np.float64)


def _training(rng: np.random.Generator) -> Iterator[Charges]:
    for runs in RUNS:
        failed = set(rng.choice(runs.count, runs.failed, replace=False).tolist())
        for number in range(runs.count):
            yield _run(rng, runs, number + 1, number in failed)


def _run(rng: np.random.Generator, runs: Runs, number: int, failed: bool) -> Charges:
    hours = max(1, round(runs.hours * rng.uniform(0.7, 1.3)))
    starts = rng.integers(0, HOURS - hours) + np.arange(hours)
    load = _noisy(rng, np.full(hours, runs.load), (IDLE_BELOW, 99.0))
    if failed:  # it hangs for its last third before somebody looks
        load[hours - hours // 3 :] = 0.0
    tags = {
        "team": runs.team,
        "environment": "production",
        "workload": "training",
        "run": f"{runs.name}-{number:02d}",
        "status": "failed" if failed else "succeeded",
        **({} if runs.restartable else {"restartable": "no"}),
    }
    return on_demand(
        f"train-{tags['run']}", runs.instance, starts, runs.spot, tags=tags, load=load,
        kind="failed runs" if failed else "",
    )  # fmt: skip


def _egress(rng: np.random.Generator) -> Iterator[Charges]:
    known = {"search-api": {"team": "search", "environment": "production", "workload": "serving"}}
    for name, gigabytes in EGRESS_GB_PER_DAY.items():
        for day, sent_gb in enumerate(rng.gamma(20.0, gigabytes / 20.0, DAYS)):
            yield sent(name, round(sent_gb, 2), EGRESS_USD_PER_GB, known.get(name, {}), day)


def _levies(usage: list[Charges]) -> list[Charges]:
    """Tax on every cost as FOCUS wants it, a credit, and the refund of a charge of the month before."""
    sums = sum(np.array(each.costs) * len(each.starts) for each in usage)
    listed, contracted, effective, billed = TAX_RATE * np.asarray(sums)
    return [
        levy("Tax", "Tax", "Sales tax", (listed, contracted, effective, billed)),
        levy("Credit", "AWS Credits", "Start-up credit", (CREDIT_USD,) * 4),
        levy(
            "Adjustment", "Amazon Simple Storage Service", "Correction for May", (REFUND_USD,) * 4
        ),
    ]
