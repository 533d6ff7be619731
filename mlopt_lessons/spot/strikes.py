"""When a market takes a machine from a running command, and what became of the command."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from mlopt_lessons.spot.job import Rates, check_number

SECONDS_PER_HOUR = 3600


@dataclass(frozen=True)
class Strike:
    """The end of one machine: so many seconds after its launch, or once the command reaches a step.

    The command first gets a notice (SIGTERM) of `notice_s` seconds, none where it is 0, and then
    is killed. The next machine comes after `outage_s` seconds. Raises ValueError unless exactly one
    of `after_s` and `at_step` is given, and for negative seconds.
    """

    after_s: float | None = None
    at_step: int | None = None
    notice_s: float = 0.0
    outage_s: float = 0.0

    def __post_init__(self) -> None:
        if (self.after_s is None) == (self.at_step is None):
            raise ValueError("A strike comes after seconds or at a step: give one of the two.")
        for name in ("after_s", "at_step", "notice_s", "outage_s"):
            if getattr(self, name) is not None:
                check_number(name, getattr(self, name), least=0)

    def is_due(self, seconds: float, step: int | None) -> bool:
        """Whether it comes now, so many seconds after the launch and at this step (None: unknown)."""
        if self.after_s is not None:
            return seconds >= self.after_s
        return step is not None and self.at_step is not None and step >= self.at_step


def exponential_strikes(
    per_hour: float, *, notice_s: float = 0.0, outage_s: float = 0.0, seed: int = 0
) -> Iterator[Strike]:
    """Strikes without end: lives are exponential with `per_hour` strikes a running hour on average.

    Outages are exponential with the mean `outage_s`. A rate of 0 gives no strike. Raises ValueError
    for numbers below 0.
    """
    check_number("The rate of strikes", per_hour, least=0)
    check_number("The notice", notice_s, least=0)
    check_number("The outage", outage_s, least=0)
    draws = np.random.default_rng(seed)
    return (
        Strike(
            after_s=draws.exponential(SECONDS_PER_HOUR / per_hour),
            notice_s=notice_s,
            outage_s=draws.exponential(outage_s),
        )
        for _ in (itertools.count() if per_hour else ())
    )


@dataclass(frozen=True)
class Launch:
    """One machine's part of a run; seconds count from the first launch.

    `steps` are the steps that the command printed and the second of each; `struck_s` is when its
    machine was asked for or killed, None when it ended by itself. A negative exit code is a signal's.
    """

    start_s: float
    end_s: float
    exit_code: int
    struck_s: float | None = None
    notice_s: float = 0.0
    steps: tuple[tuple[int, float], ...] = field(default=(), repr=False)

    @property
    def first_step(self) -> int | None:
        """The first step printed, None where none was."""
        return self.steps[0][0] if self.steps else None

    @property
    def last_step(self) -> int | None:
        """The last step printed, None where none was."""
        return self.steps[-1][0] if self.steps else None

    @property
    def startup_s(self) -> float:
        """Seconds until the first step; all of them where there was none."""
        return (self.steps[0][1] if self.steps else self.end_s) - self.start_s

    def lost_s(self, redone_from: int | None) -> float:
        """Seconds spent on steps that a later launch did again, from step `redone_from` on."""
        if redone_from is None or not self.steps or self.steps[-1][0] < redone_from:
            return 0.0
        kept = [second for step, second in self.steps if step < redone_from]
        return self.end_s - max(kept, default=self.steps[0][1])

    @property
    def ending(self) -> str:
        """How it ended, in a few words."""
        if self.exit_code == 0:
            return "finished"
        if self.struck_s is None:
            return "left by itself"
        if self.notice_s == 0:
            return "killed without notice"
        return "killed after the notice" if self.exit_code == -9 else "ended on notice"


@dataclass(frozen=True)
class Report:
    """What happened to a command on the market: its launches, and where their seconds went.

    A command that prints no steps shows neither what was lost nor how long it took to start: all of its
    seconds count as startup then, and `shows_steps` is False.
    """

    launches: tuple[Launch, ...]

    @property
    def shows_steps(self) -> bool:
        """Whether the command printed any step."""
        return any(launch.steps for launch in self.launches)

    @property
    def preemptions(self) -> int:
        """Machines that were taken away before the command was done."""
        return sum(each.struck_s is not None and each.exit_code != 0 for each in self.launches)

    @property
    def exit_codes(self) -> list[int]:
        """The exit code of each launch; a negative one is a signal's."""
        return [launch.exit_code for launch in self.launches]

    @property
    def billed_s(self) -> float:
        """Seconds in which a machine ran."""
        return sum(launch.end_s - launch.start_s for launch in self.launches)

    @property
    def waiting_s(self) -> float:
        """Seconds without a machine."""
        return self.launches[-1].end_s - self.launches[0].start_s - self.billed_s

    @property
    def startup_s(self) -> float:
        """Seconds from each launch to its first step."""
        return sum(launch.startup_s for launch in self.launches)

    @property
    def lost(self) -> list[float]:
        """Seconds of each launch whose work a later launch did again."""
        found: list[float] = []
        redone_from: int | None = None
        for launch in reversed(self.launches):
            found.append(launch.lost_s(redone_from))
            first = launch.first_step
            redone_from = first if redone_from is None else min(redone_from, first or redone_from)
        return found[::-1]

    @property
    def lost_s(self) -> float:
        """Seconds whose work was done again."""
        return sum(self.lost)

    @property
    def useful_s(self) -> float:
        """Seconds whose work lasted: billed, less startups and what was lost."""
        return self.billed_s - self.startup_s - self.lost_s

    @property
    def undisturbed_s(self) -> float:
        """Seconds of one launch that nobody strikes: the useful ones and the last startup.

        Where no steps are shown, at most those that were billed.
        """
        return self.useful_s + (self.launches[-1].startup_s if self.shows_steps else self.billed_s)

    def cost(self, rates: Rates) -> float:
        """Dollars on spot, billed per second."""
        return rates.spot * self.billed_s / SECONDS_PER_HOUR

    def on_demand_cost(self, rates: Rates) -> float:
        """Dollars of the same work on demand, undisturbed."""
        return rates.on_demand * self.undisturbed_s / SECONDS_PER_HOUR
