"""What `mlopt spot run` and `mlopt spot plan` do, and the text that they print."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from mlopt_lessons.spot import supervisor
from mlopt_lessons.spot.job import Job, Rates
from mlopt_lessons.spot.plan import compare_policies
from mlopt_lessons.spot.strikes import Report, exponential_strikes
from mlopt_lessons.spot.trace import load_zones


@dataclass(frozen=True)
class RunRequest:
    """The arguments of `mlopt spot run`: strikes an hour, seconds, dollars an hour."""

    command: tuple[str, ...]
    rate: float
    notice: float
    outage: float
    seed: int
    price_spot: float
    price_on_demand: float
    give_up: int
    step: str | None
    quiet: bool


@dataclass(frozen=True)
class PlanRequest:
    """The arguments of `mlopt spot plan`: hours, dollars an hour."""

    hours: float
    deadline: float
    traces: tuple[Path, ...]
    overhead: float
    spot: float
    on_demand: float
    starts: int
    out: Path | None


def run(request: RunRequest, echo: Callable[[str], object]) -> str:
    """Runs the command on the market; returns a table of its launches and the bill.

    Raises ValueError for numbers that cannot be and a command that is not found, RunError as
    `supervisor.run` does.
    """
    rates = Rates(request.price_spot, request.price_on_demand)
    strikes = exponential_strikes(
        request.rate, notice_s=request.notice, outage_s=request.outage, seed=request.seed
    )
    report = supervisor.run(
        request.command,
        strikes,
        give_up=request.give_up,
        step=_pattern(request.step),
        watch=None if request.quiet else echo,
    )
    return f"{table(report)}\n\n{bill(report, rates)}"


def _pattern(step: str | None) -> str:
    if step is None:
        return supervisor.STEP
    try:
        groups = re.compile(step).groups
    except re.error as error:
        raise ValueError(f"--step {step!r} is no regular expression ({error}).") from error
    if groups != 1:
        raise ValueError(f"--step {step!r} needs one group for the number, as in 'iter ([0-9]+)'.")
    return step


def table(report: Report) -> str:
    """A line a launch: when it ran, its steps, the seconds of work that were done again, its end."""
    rows = [
        {
            "launch": number,
            "from s": f"{launch.start_s:.1f}",
            "to s": f"{launch.end_s:.1f}",
            "steps": f"{launch.first_step} to {launch.last_step}" if launch.steps else "none seen",
            "lost s": f"{lost:.1f}",
            "exit": launch.exit_code,
            "end": launch.ending,
        }
        for number, (launch, lost) in enumerate(zip(report.launches, report.lost, strict=True), 1)
    ]
    return pd.DataFrame(rows).to_string(index=False)


def bill(report: Report, rates: Rates) -> str:
    """What it cost on spot and what it would have cost on demand, in sentences."""
    spot, full = report.cost(rates), report.on_demand_cost(rates)
    spent = (
        f"{_times(report.preemptions)} preempted. {report.billed_s:.1f} s billed: "
        f"{report.useful_s:.1f} s useful, {report.lost_s:.1f} s lost, {report.startup_s:.1f} s "
        f"starting; {report.waiting_s:.1f} s waiting."
        if report.shows_steps
        else f"{_times(report.preemptions)} preempted. {report.billed_s:.1f} s billed; no steps "
        "were printed, so what was lost is not known."
    )
    most = "" if report.shows_steps else "at most "
    return (
        f"{spent}\nSpot ${_dollars(spot)}, on demand {most}${_dollars(full)}: "
        f"{100 * (1 - spot / full):.0f} % saved{' at most' if most else ''}."
    )


def _times(count: int) -> str:
    return {0: "Never", 1: "Once"}.get(count, f"{count} times")


def _dollars(amount: float) -> str:
    return f"{amount:,.2f}" if amount >= 1 else f"{amount:.6f}"


def plan(request: PlanRequest) -> str:
    """Compares the policies; writes plan.csv and plan.png where a folder is given; returns the text.

    Raises ValueError for a job, prices or traces that cannot be, OSError for files.
    """
    job = Job(request.hours, request.deadline, request.overhead)
    rates = Rates(request.spot, request.on_demand)
    traces = load_zones(request.traces)
    found = compare_policies(traces, job, rates, request.starts)
    text = found.to_string(index=False, formatters=_FORMATS, na_rep="")
    return text if request.out is None else f"{text}\n\n{_written(found, request.out)}"


_FORMATS = {
    "cost": "${:,.2f}".format,
    "against": "{:.1%}".format,
    "late": "{:.1%}".format,
    "on_demand_h": "{:.1f}".format,
    "launches": "{:.1f}".format,
}


def _written(found: pd.DataFrame, folder: Path) -> str:
    # The picture needs matplotlib, and who asks for no folder should not wait for it.
    from mlopt_lessons.spot.figures import policy_costs

    folder.mkdir(parents=True, exist_ok=True)
    found.to_csv(folder / "plan.csv", index=False)
    policy_costs(found).savefig(folder / "plan.png")
    return f"Written: {folder / 'plan.csv'} and {folder / 'plan.png'}."
