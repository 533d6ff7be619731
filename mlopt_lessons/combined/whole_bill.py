"""One model from training to serving: trained on simulated spot, served on the right-sized machines."""

import math
from dataclasses import dataclass

from mlopt_lessons.gpu.gpu_offers import Offer, offers
from mlopt_lessons.gpu.job_cost import estimate
from mlopt_lessons.gpu.known import known_profiles
from mlopt_lessons.gpu.picking import pick
from mlopt_lessons.gpu.work import Job
from mlopt_lessons.spot.closed_forms import best_interval, expected_billed
from mlopt_lessons.spot.job import Job as SpotJob
from mlopt_lessons.spot.market import Checkpoints, Market
from mlopt_lessons.workbench import Price, price

HOURS_A_MONTH = 730
SPOT_MARKET = Market(preemptions_per_hour=0.1, outage_h=1.0, restart_h=10 / 60)  # lesson 3's


@dataclass(frozen=True)
class Training:
    """A model that is trained `runs` times a month for `samples` images each, and the market for it.

    `before` is the GPU of today, on demand. `checkpoint_h` is what saving once costs in hours.
    """

    network: str = "resnet50"
    batch: int = 64
    precision: str = "fp16"
    samples: float = 40 * 1.28e6
    deadline_h: float = 72.0
    runs: int = 20
    before: str = "V100-16GB"
    market: Market = SPOT_MARKET
    checkpoint_h: float = 1 / 60


@dataclass(frozen=True)
class Serving:
    """Predictions a second at the peak, and seconds of machine that one takes before and after.

    A machine is loaded to `busy` at most, so that bursts find room. Raises ValueError for values
    that cannot be.
    """

    per_second: float
    before_s: float
    after_s: float
    at: Price | None = None
    busy: float = 0.6

    def __post_init__(self) -> None:
        for name in ("per_second", "before_s", "after_s"):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be above 0 and finite, got {getattr(self, name)!r}.")
        if not 0 < self.busy <= 1:
            raise ValueError(f"busy is a part from 0 to 1, so 60 % is 0.6; got {self.busy!r}.")

    def machines(self, seconds: float) -> int:
        """Whole machines for `per_second` predictions of `seconds` each; at least one."""
        return max(1, math.ceil(self.per_second * seconds / self.busy - 1e-9))


@dataclass(frozen=True)
class BillRow:
    """One line of the bill in dollars a month, before and after, and what changed, in a sentence."""

    part: str
    before: float
    after: float
    how: str

    @property
    def saved(self) -> float:
        """Dollars saved a month; below 0 where it got dearer."""
        return self.before - self.after


def whole(serving: Serving, training: Training | None = None) -> tuple[BillRow, ...]:
    """Training and serving in dollars a month, before and after, and their sum as the last row.

    Training moves to the cheapest GPU that holds the job and is in time, at its spot price, and pays for the
    hours that spot loses (the closed form of lesson 3 at the best interval). Serving needs as many
    machines as `Serving.machines`. Raises ValueError where no GPU holds the job in time.
    """
    rows = (_trained(training or Training()), _served(serving))
    both = (sum(row.before for row in rows), sum(row.after for row in rows))
    return (*rows, BillRow("together", *both, "both rows"))


def _trained(training: Training) -> BillRow:
    demand = known_profiles()[training.network].demand(training.batch, training.precision, True)
    job = Job(demand, training.samples / training.batch, training.deadline_h)
    today = estimate(job, _offer(training.before))
    choice = pick(job, offers(spot=True))
    if choice.best is None:
        raise ValueError(choice.why)
    offer, hours = choice.best.offer, choice.best.hours.middle
    plan = Checkpoints(best_interval(training.market, training.checkpoint_h), training.checkpoint_h)
    billed = expected_billed(SpotJob(hours), training.market, plan)
    return BillRow(
        "training",
        training.runs * today.usd.middle,
        training.runs * offer.usd_h * billed,
        f"{training.runs} runs of {today.hours.middle:.1f} h on {today.offer.gpu} on demand at "
        f"${today.offer.usd_h:.2f}/h; then of {hours:.1f} h, {billed:.1f} h paid, on spot "
        f"{offer.gpu} at ${offer.usd_h:.2f}/h ({offer.provider}, {offer.date})",
    )


def _offer(name: str) -> Offer:
    found = [each for each in offers() if each.gpu == name]
    if not found:
        known = ", ".join(sorted({each.gpu for each in offers()}))
        raise ValueError(f"There is no price for {name!r}; choose one of {known}.")
    return min(found, key=lambda each: each.usd_h)


def _served(serving: Serving) -> BillRow:
    at = serving.at or price("c7i.large")
    before, after = (serving.machines(each) for each in (serving.before_s, serving.after_s))
    month = HOURS_A_MONTH * at.usd_per_hour
    return BillRow(
        "serving",
        before * month,
        after * month,
        f"{before:,} machines become {after:,} for {serving.per_second:,.0f} predictions a second "
        f"at {100 * serving.busy:.0f} % load; {at}",
    )
