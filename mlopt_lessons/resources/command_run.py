"""What `mlopt rightsize` and `mlopt profile` do, and the text that they print."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from pathlib import Path

import pandas as pd

from mlopt_lessons.resources.profiler import GIB, Profile, profile_command
from mlopt_lessons.resources.rules import RULES, Rule
from mlopt_lessons.resources.score import FARGATE, Rates, score_rules
from mlopt_lessons.resources.usage import Usage
from mlopt_lessons.resources.usage_log import load_usage, save_usage

MOST_JOBS = 20  # lines of the table a job; --out writes all
SHORT_RECORD_H = 24.0


@dataclass(frozen=True)
class RightsizeRequest:
    """The arguments of `mlopt rightsize`: dollars an hour, dollars a kill, a part from 0 to 1."""

    usage: Path
    rule: str
    price_core: float | None
    price_gib: float | None
    kill_price: float
    train: float
    ignore_gaps: bool
    out: Path | None


@dataclass(frozen=True)
class ProfileRequest:
    """The arguments of `mlopt profile`: seconds, and where the usage log goes."""

    command: tuple[str, ...]
    interval: float
    out: Path | None


def rightsize(request: RightsizeRequest) -> str:
    """Requests by rule and their score, as text; writes the requests where a file is given.

    Raises ValueError for a rule, prices or a log that cannot be, OSError for files.
    """
    name = find_rule(request.rule)
    rates = _rates(request.price_core, request.price_gib)
    if not 0 <= request.kill_price < math.inf:
        raise ValueError(
            "The price of a kill is a finite number of dollars, at least 0, not "
            f"{request.kill_price}."
        )
    usages = load_usage(request.usage, ignore_gaps=request.ignore_gaps)
    jobs = requests_table(usages, RULES[name])
    parts = [
        f"{request.usage.name}: {_count(len(usages), 'job')}, {_samples(usages)}.",
        f"Requests by {name}:\n{_jobs_text(jobs)}",
        _score_text(usages, request, rates),
    ]
    if request.out is not None:
        jobs.to_csv(request.out, index=False)
        parts.append(f"Written: {request.out}.")
    return "\n\n".join(parts)


def find_rule(text: str) -> str:
    """The full name of a rule from its name or a part of it, such as "vpa".

    Raises ValueError for a part that no rule, or more than one, has.
    """
    wanted = text.strip().lower()
    found = [name for name in RULES if name.lower() == wanted]
    found = found or [name for name in RULES if wanted and wanted in name.lower()]
    if len(found) == 1:
        return found[0]
    words = {word.strip("()").lower(): name for name in RULES for word in name.split()}
    near = get_close_matches(wanted, words, 1)
    hint = f" Did you mean {near[0]}?" if near and not found else ""
    raise ValueError(
        f"{'More than one rule' if found else 'No rule'} is called {text!r}.{hint} The rules: "
        f"{'; '.join(RULES)}."
    )


def requests_table(usages: Sequence[Usage], rule: Rule) -> pd.DataFrame:
    """A row a job: what it asked for, its mean and highest use, what the rule asks for."""
    rows = []
    for usage in usages:
        new = rule(usage)
        rows.append(
            {
                "job": usage.job,
                "cpu_request": usage.request.cpu if usage.request else math.nan,
                "memory_request_gib": usage.request.memory_gib if usage.request else math.nan,
                "cpu_mean": usage.cpu.mean(),
                "cpu_peak": usage.cpu.max(),
                "memory_mean_gib": usage.memory_gib.mean(),
                "memory_peak_gib": usage.memory_gib.max(),
                "new_cpu": new.cpu,
                "new_memory_gib": new.memory_gib,
            }
        )
    return pd.DataFrame(rows)


def _jobs_text(jobs: pd.DataFrame) -> str:
    shown = jobs.head(MOST_JOBS).to_string(index=False, float_format="{:.3f}".format, na_rep="?")
    more = len(jobs) - MOST_JOBS
    return f"{shown}\nand {_count(more, 'more job')}; --out writes all." if more > 0 else shown


def _score_text(usages: Sequence[Usage], request: RightsizeRequest, rates: Rates) -> str:
    if any(usage.request is None for usage in usages):
        return (
            "What the jobs asked for is not known (columns cpu_request and memory_request_gib), so that "
            "savings cannot be told."
        )
    found = score_rules(RULES, usages, request.train, rates, request.kill_price)
    table = pd.DataFrame(
        {
            "cores saved": found["saved_cores_share"].map("{:.1%}".format),
            "GiB saved": found["saved_gib_share"].map("{:.1%}".format),
            "short of CPU": found["short"].map("{:.1%}".format),
            "killed": found["killed"].map("{:.1%}".format),
            "kills a month": found["kills_month"].map("{:,.1f}".format),
            "$ a month": found["usd_month"].map("{:,.2f}".format),
        }
    )
    return (
        f"Each rule, learnt from the first {request.train:.0%} of each record and judged on the rest; "
        f"now ${found['before_usd_month'].iloc[0]:,.2f} a month:\n{table.to_string()}\n"
        f"${rates.core_usd_h:g} a core-hour, ${rates.gib_usd_h:g} a GiB-hour ({rates.source}, "
        f"{rates.date}), ${request.kill_price:g} a kill."
    )


def _rates(core: float | None, gib: float | None) -> Rates:
    if core is None and gib is None:
        return FARGATE
    own = [FARGATE.core_usd_h if core is None else core, FARGATE.gib_usd_h if gib is None else gib]
    also = "" if None not in (core, gib) else ", the other one AWS Fargate's"
    return Rates(own[0], own[1], f"your own price{also}", date.today().isoformat())


def profile(request: ProfileRequest) -> tuple[str, int]:
    """Runs the command; gives the report and the exit status to pass on.

    Raises ValueError for a command that does not start and an interval that cannot be, OSError for a
    folder that is not there, before the command is run.
    """
    _check_place(request.out)
    found = profile_command(request.command, request.interval)
    parts = [_profile_text(found), _recommended(found.usage)]
    if request.out is not None:
        save_usage([found.usage], request.out)
        parts.append(_written(found.usage, request.out))
    return "\n\n".join(parts), exit_status(found.returncode)


def _check_place(out: Path | None) -> None:
    # Before the command is run: a long run should not end without its log.
    if out is not None and not out.parent.is_dir():
        raise OSError(f"There is no folder {out.parent}; make it, or choose another place.")
    if out is not None and out.is_dir():
        raise OSError(f"{out} is a folder; give the name of a file for the usage log.")


def exit_status(returncode: int) -> int:
    """As a shell tells it: 128 and the signal's number where a signal ended the command."""
    return returncode if returncode >= 0 else 128 - returncode


def _profile_text(found: Profile) -> str:
    return (
        f"{found.usage.job}: {found.seconds:.2f} s, exit status {exit_status(found.returncode)}.\n"
        f"CPU: {found.cpu_seconds:.2f} s, {found.cpu_seconds / found.seconds:.2f} cores on average, "
        f"{found.usage.cpu.max():.2f} in the busiest {found.usage.interval_s:g} s; "
        f"{_count(found.threads, 'thread')} at most.\n"
        f"Memory: peak {_memory(found.peak_bytes)} ({found.peak_is}).\n"
        f"Sampling alone saw {_memory(found.sampled_peak_bytes)}. It took {found.own_cpu:.1%} of a core."
    )


def _recommended(usage: Usage) -> str:
    rows = {name: rule(usage) for name, rule in RULES.items()}
    table = pd.DataFrame(
        {
            "cores": {name: f"{each.cpu:.3f}" for name, each in rows.items()},
            "GiB": {name: f"{each.memory_gib:.3f}" for name, each in rows.items()},
        }
    )
    text = f"Requests by rule:\n{table.loc[list(rows)].to_string()}"
    if usage.hours >= SHORT_RECORD_H:
        return text
    return f"{text}\nOne run is a short record: another run, or other data, may need more."


def _written(usage: Usage, path: Path) -> str:
    if len(usage.cpu) > 1:
        return f"Written: {path}, {_count(len(usage.cpu), 'sample')}; read it with mlopt rightsize."
    return (
        f"Written: {path}, one sample only: take a shorter --interval for a log of such a command."
    )


def _memory(size: float) -> str:
    return f"{size / GIB:.3f} GiB" if size >= GIB else f"{size / 2**20:.1f} MiB"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _samples(usages: Sequence[Usage]) -> str:
    count = sum(len(usage.cpu) for usage in usages)
    hours = sum(usage.hours for usage in usages)
    length = f"{hours:,.1f} h" if hours >= 1 else f"{3600 * hours:,.1f} s"
    return f"{_count(count, 'sample')}, {length} of record"
