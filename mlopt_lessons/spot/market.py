"""The continuous spot market, and how a job saves its work on it."""

from dataclasses import dataclass

from mlopt_lessons.spot.job import check_number

SECONDS_PER_HOUR = 3600


@dataclass(frozen=True)
class Market:
    """How often a spot machine is taken away, and what follows.

    `preemptions_per_hour` of running time (lives are exponential), `outage_h` the mean hours until
    the next machine can be had (exponential too), `restart_h` the hours from a launch until work
    goes on, `notice_s` the seconds of warning. Raises ValueError for a negative or infinite value.
    """

    preemptions_per_hour: float
    outage_h: float = 0.0
    restart_h: float = 0.0
    notice_s: float = 0.0

    def __post_init__(self) -> None:
        for name in ("preemptions_per_hour", "outage_h", "restart_h", "notice_s"):
            check_number(name, getattr(self, name), least=0)

    @property
    def calm(self) -> bool:
        """Whether nothing is ever taken away: less than once in 100 million years counts as never."""
        return self.preemptions_per_hour < 1e-12


@dataclass(frozen=True)
class Checkpoints:
    """Hours of work between checkpoints (infinite: never), and the hours that saving one takes.

    Raises ValueError for an interval that is not above 0 and for a negative cost.
    """

    interval_h: float
    cost_h: float = 0.0

    def __post_init__(self) -> None:
        check_number("interval_h", self.interval_h, least=0, open_end=True, finite=False)
        check_number("cost_h", self.cost_h, least=0)

    def saved_on_notice(self, market: Market) -> bool:
        """Whether a save fits into the market's notice; without a notice, nothing does."""
        return 0 < market.notice_s >= self.cost_h * SECONDS_PER_HOUR
