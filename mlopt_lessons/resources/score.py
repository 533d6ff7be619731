"""How good a rule is: trained on the first part of each record, judged on the rest, in dollars.

CPU is compressible: a job that wants more than it asked for runs slower. Memory is not: a job that
goes above its request is killed. So they are counted apart.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mlopt_lessons.resources.rules import Rule
from mlopt_lessons.resources.usage import Request, Usage

HOURS_PER_MONTH = 730.0  # 8,760 hours a year / 12
# An assumption, the learner's own to set: work lost, a retry, somebody's attention.
KILL_USD = 1.0
SHORT_SHARE = 0.05  # a job is short of CPU where it lacks some in more of the intervals than this


@dataclass(frozen=True)
class Rates:
    """Dollars an hour of a core and of a GiB of memory, with where and when they were read.

    Raises ValueError for a price below 0 or not finite, and for one without source or date.
    """

    core_usd_h: float
    gib_usd_h: float
    source: str
    date: str

    def __post_init__(self) -> None:
        for price in (self.core_usd_h, self.gib_usd_h):
            if not 0 <= price < math.inf:
                raise ValueError(f"A price an hour is a finite number, at least 0, not {price}.")
        if not self.source or not self.date:
            raise ValueError("Prices need their source and their date.")

    def month(self, cores: float, gib: float) -> float:
        """Dollars for so many cores and GiB, held for a month of 730 hours."""
        return HOURS_PER_MONTH * (cores * self.core_usd_h + gib * self.gib_usd_h)


# Fargate bills a vCPU and a GB apart; its GB is taken as a GiB here.
FARGATE = Rates(
    0.04048,
    0.004445,
    "AWS Fargate on demand, Linux on x86, us-east-1, as in wring.co/blog/aws-fargate-pricing-guide",
    "2026-03-10",
)


@dataclass(frozen=True)
class Score:
    """What a rule saves and breaks, over all jobs.

    saved_cores, saved_gib: request before minus request by the rule, summed; below 0 where the rule
    asks for more. short: share of jobs that want more CPU than asked for in over 5 % of the intervals
    judged. killed: share of jobs killed for memory at least once. kills_month: kills a month of all
    jobs. usd_month: dollars a month, with the price of the kills; before_usd_month: for the old requests,
    kills included. saved_cores_share and saved_gib_share: parts of the old requests, 1 = all.
    """

    jobs: int
    saved_cores: float
    saved_gib: float
    saved_cores_share: float
    saved_gib_share: float
    short: float
    killed: float
    kills_month: float
    usd_month: float
    before_usd_month: float


def split(usage: Usage, train: float = 0.5) -> tuple[Usage, Usage]:
    """The first `train` of a record and the rest, each with a sample or more.

    Raises ValueError where `train` is not between 0 and 1, or the record has one sample.
    """
    if not 0 < train < 1:
        raise ValueError(f"train is the part to learn from, between 0 and 1, not {train}.")
    count = len(usage.cpu)
    if count < 2:
        raise ValueError(f"Job {usage.job!r} has one sample; there is nothing to judge on.")
    at = min(max(round(train * count), 1), count - 1)
    return usage.part(0, at), usage.part(at, count)


def kill_starts(memory_gib: NDArray[np.float64], limit_gib: float) -> NDArray[np.int64]:
    """Intervals at which a job goes above its memory: the first of each stretch above the limit."""
    above = memory_gib > limit_gib
    return np.flatnonzero(above & ~np.concatenate(([False], above[:-1])))


def short_of_cpu(cpu: NDArray[np.float64], request: float) -> float:
    """Share of intervals in which a job wants more cores than it asked for."""
    return float((cpu > request).mean())


def score_rule(
    rule: Rule,
    usages: Sequence[Usage],
    train: float = 0.5,
    prices: Rates = FARGATE,
    kill_price: float = KILL_USD,
    short_share: float = SHORT_SHARE,
) -> Score:
    """Judges a rule on the part of each record that it has not seen.

    A request stays as it is after a kill, and a kill is counted once for each stretch above it. Raises
    ValueError without jobs, for a job whose request is not known, and as `split` does.
    """
    parts = [split(usage, train) for usage in checked(usages)]
    old = [asked(usage) for usage in usages]
    new = [rule(seen) for seen, _ in parts]
    tests = [test for _, test in parts]
    killed = np.array([_kills(test, request) for test, request in zip(tests, new, strict=True)])
    before = np.array([_kills(test, request) for test, request in zip(tests, old, strict=True)])
    lacks = [short_of_cpu(test.cpu, each.cpu) for test, each in zip(tests, new, strict=True)]
    months = HOURS_PER_MONTH / np.array([test.hours for test in tests])
    (old_cores, old_gib), (cores, gib) = _totals(old), _totals(new)
    return Score(
        jobs=len(usages),
        saved_cores=old_cores - cores,
        saved_gib=old_gib - gib,
        saved_cores_share=1 - cores / old_cores if old_cores else math.nan,
        saved_gib_share=1 - gib / old_gib if old_gib else math.nan,
        short=float((np.array(lacks) > short_share).mean()),
        killed=float((killed > 0).mean()),
        kills_month=float(killed @ months),
        usd_month=prices.month(cores, gib) + kill_price * float(killed @ months),
        before_usd_month=prices.month(old_cores, old_gib) + kill_price * float(before @ months),
    )


def score_rules(
    rules: Mapping[str, Rule],
    usages: Sequence[Usage],
    train: float = 0.5,
    prices: Rates = FARGATE,
    kill_price: float = KILL_USD,
) -> pd.DataFrame:
    """A row a rule, the fields of `Score` as columns."""
    found = {
        name: score_rule(each, usages, train, prices, kill_price) for name, each in rules.items()
    }
    return pd.DataFrame.from_dict({name: asdict(each) for name, each in found.items()}, "index")


def checked(usages: Sequence[Usage]) -> Sequence[Usage]:
    """The jobs. Raises ValueError when there are none or one has no known request."""
    if not usages:
        raise ValueError("At least one job is needed.")
    for usage in usages:
        asked(usage)
    return usages


def asked(usage: Usage) -> Request:
    """What a job asked for. Raises ValueError where that is not known."""
    if usage.request is None:
        raise ValueError(
            f"What job {usage.job!r} asked for is not known, so nothing can be said to be saved; "
            "add the columns cpu_request and memory_request_gib."
        )
    return usage.request


def _kills(test: Usage, request: Request) -> int:
    return len(kill_starts(test.memory_gib, request.memory_gib))


def _totals(requests: Sequence[Request]) -> tuple[float, float]:
    return sum(each.cpu for each in requests), sum(each.memory_gib for each in requests)
