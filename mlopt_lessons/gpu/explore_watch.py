"""What the lab shows: one GPU's log, what is wasted by each definition, and idle GPUs in dollars."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlopt_lessons.gpu.efficiency import (
    Efficiency,
    Idle,
    find_idle,
    gpu_hour_price,
    mean_efficiency,
)
from mlopt_lessons.gpu.samples import SECONDS_PER_HOUR, Samples
from mlopt_lessons.workbench import Price, as_price

ALL = "all GPUs"
BELOW_PERCENT = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0)
IDLE_MINUTES = (5.0, 10.0, 30.0, 60.0, 120.0, 240.0)


@dataclass(frozen=True, eq=False)
class WatchView:
    """One GPU of a cluster, or the mean of all, under a rule for what counts as idle.

    `origin` says where the logs come from. `hours_at` and the three series, in %, are of shape (n,);
    `idle_h` holds the hours of start and end of this GPU's idle spells, shape (k, 2), none for all GPUs;
    `below` is the % under which it is idle. `efficiency` is this GPU's, `cluster` that of all; `idle` is
    in the order of the logs; dollars are at `price` an hour of a GPU.
    """

    gpu: str
    origin: str
    hours_at: NDArray[np.float64]
    utilisation: NDArray[np.float64]
    sm_active: NDArray[np.float64]
    occupancy: NDArray[np.float64]
    idle_h: NDArray[np.float64]
    efficiency: Efficiency
    cluster: Efficiency
    idle: tuple[Idle, ...]
    below: float
    price: Price

    @property
    def wasted(self) -> dict[str, float]:
        """What is wasted of this GPU, in %, by each definition that is known."""
        return self.efficiency.wasted

    @property
    def parked(self) -> tuple[str, ...]:
        """The GPUs that are idle nearly all the time."""
        return tuple(each.gpu for each in self.idle if each.parked)

    @property
    def usd_month(self) -> NDArray[np.float64]:
        """Dollars a month for the idle hours of each GPU, shape (gpus,)."""
        return np.array([each.usd_month(self.price.usd_per_hour) for each in self.idle])

    @property
    def idle_share(self) -> float:
        """Idle part of all GPU hours, 0 to 1."""
        return sum(each.hours for each in self.idle) / sum(each.log_hours for each in self.idle)

    @property
    def note(self) -> str:
        """Idle GPUs and their dollars, in a few words."""
        return (
            f"{len(self.parked)} of {len(self.idle)} GPUs parked, {100 * self.idle_share:.0f} % of GPU "
            f"hours idle: ${self.usd_month.sum():,.0f} a month"
        )

    @property
    def finding(self) -> str:
        """The picture's finding in a sentence, its alternative text."""
        return f"Wasted of {self.gpu}: {self.efficiency.finding}. {self.note}, at {self.price}."


class WatchExplorer:
    """Logs of a cluster under every rule of the lab, with what does not change computed once.

    `price` is a Price or dollars an hour of one GPU; without one the cheapest published price of the
    first GPU. Raises ValueError without logs, for logs whose times differ, and for a GPU without a price.
    """

    def __init__(self, logs: Sequence[Samples], price: Price | float | None = None) -> None:
        if not logs:
            raise ValueError("There is no log; give one or more.")
        if any(not np.array_equal(log.time_s, logs[0].time_s) for log in logs):
            raise ValueError(
                "The logs of one picture are taken at the same times; cut them to those."
            )
        self._logs = {log.gpu: log for log in logs}
        if len(self._logs) < len(logs):
            raise ValueError("Two logs are of one GPU; give each GPU a name of its own.")
        self._price = gpu_hour_price(logs[0].gpu) if price is None else as_price(price)
        self._efficiency = {log.gpu: mean_efficiency(log) for log in logs} | {
            ALL: mean_efficiency(logs)
        }
        self._series = {log.gpu: _percent(log) for log in logs}
        self._series[ALL] = np.mean(list(self._series.values()), axis=0)
        self._hours_at = logs[0].hours_at
        self._origin = "; ".join(dict.fromkeys(log.origin for log in logs))

    @property
    def choices(self) -> tuple[str, ...]:
        """What can be shown: all GPUs, and each."""
        return (ALL, *self._logs)

    def view(self, gpu: str = ALL, below: float = 5.0, minutes: float = 10.0) -> WatchView:
        """The picture of a GPU, idle being under `below` % for `minutes` or more.

        Raises ValueError for a GPU that is not there, and as `find_idle` does.
        """
        if gpu not in self._series:
            raise ValueError(
                f"There is no log of {gpu!r}; choose one of {', '.join(self.choices)}."
            )
        idle = tuple(find_idle(list(self._logs.values()), below, minutes))
        utilisation, sm_active, occupancy = self._series[gpu]
        return WatchView(
            gpu,
            self._origin,
            self._hours_at,
            utilisation,
            sm_active,
            occupancy,
            self._idle_h(gpu, idle),
            self._efficiency[gpu],
            self._efficiency[ALL],
            idle,
            below,
            self._price,
        )

    def _idle_h(self, gpu: str, idle: tuple[Idle, ...]) -> NDArray[np.float64]:
        if gpu == ALL:
            return np.empty((0, 2))
        own = next(each for each in idle if each.gpu == gpu)
        return (own.spells_s - self._logs[gpu].time_s[0]) / SECONDS_PER_HOUR


def _percent(log: Samples) -> NDArray[np.float64]:
    return np.stack((log.utilisation, log.sm_active, log.occupancy))
