"""Unit cost: dollars per training run, per 1,000 predictions, per million tokens."""

import math
from dataclasses import dataclass

import pandas as pd

from mlopt_lessons.cost.bill import Bill
from mlopt_lessons.cost.keys import tag_values


@dataclass(frozen=True)
class RunCosts:
    """What training runs cost, in the bill's currency.

    `table` has a row a run: run, succeeded, amount; the dearest first. `per_run` divides by all runs,
    `per_success` by those that gave a model: failed ones are spread over these.
    """

    table: pd.DataFrame
    amount: float
    runs: int
    succeeded: int
    failed: int

    @property
    def per_run(self) -> float:
        """Mean cost of a run, failed or not."""
        return self.amount / self.runs

    @property
    def per_success(self) -> float:
        """Cost of all runs for each that succeeded. Raises ValueError if none did."""
        if not self.succeeded:
            raise ValueError(f"None of {self.runs} runs succeeded, so a success has no price.")
        return self.amount / self.succeeded


def run_costs(bill: Bill, cost: str = "EffectiveCost") -> RunCosts:
    """Cost of each training run by the tags run and status; a run failed if any row says "failed".

    Raises ValueError where no row carries the tag run, or the bill not that cost.
    """
    values, run = bill.costs(cost).fillna(0.0), tag_values(bill, "run")
    here = run.notna()
    if not here.any():
        raise ValueError("No charge carries the tag run; tag training machines with the run's id.")
    failed = tag_values(bill, "status") == "failed"
    rows = pd.DataFrame({"run": run, "amount": values, "failed": failed})[here]
    by_run = rows.groupby("run", as_index=False).agg(
        amount=("amount", math.fsum), failed=("failed", "any")
    )
    table = by_run.assign(succeeded=~by_run["failed"])[["run", "succeeded", "amount"]]
    table = table.sort_values("amount", ascending=False, ignore_index=True)
    succeeded = int(table["succeeded"].sum())
    amount = math.fsum(table["amount"])
    return RunCosts(table, amount, len(table), succeeded, len(table) - succeeded)


def per_thousand_predictions(bill: Bill, predictions: float, cost: str = "EffectiveCost") -> float:
    """Cost of the rows tagged workload = serving for each 1,000 of the month's predictions.

    Raises ValueError for a count that is not above 0 and where nothing is tagged so.
    """
    return 1e3 * _serving(bill, cost) / _count(predictions, "predictions")


def per_million_tokens(bill: Bill, tokens: float, cost: str = "EffectiveCost") -> float:
    """Cost of the rows tagged workload = serving for each million of the month's tokens.

    Raises as `per_thousand_predictions` does.
    """
    return 1e6 * _serving(bill, cost) / _count(tokens, "tokens")


def _serving(bill: Bill, cost: str) -> float:
    serving = tag_values(bill, "workload") == "serving"
    if not serving.any():
        raise ValueError("No charge carries the tag workload = serving; tag what answers requests.")
    return math.fsum(bill.costs(cost).fillna(0.0)[serving])


def _count(count: float, what: str) -> float:
    if not 0 < count < math.inf:
        raise ValueError(f"The number of {what} must be above 0, got {count}.")
    return count
