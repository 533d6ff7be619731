"""The learner's own figures as levers and as a bill: what the ledger holds, else what the story says.

| claim | lever | touches |
|---|---|---|
| cost-1 | train less: the same model in fewer hours | training |
| spot-4 | spot: what a job costs with its interruptions | training |
| gpu-1 | right-size: the cheaper GPU that does the job | training |
| gpu-3 | share GPUs: small jobs together on one | notebooks |
| resources-2 | ask for less: the CPUs and memory that a rule asks for | rest |
| quant-3 | quantize: so many predictions a second more, so many machines fewer | serving |
| prune-2 | prune: the same, with 70 % of the weights gone | serving |
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from types import MappingProxyType
from typing import Any, Protocol

from mlopt_lessons.combined.levers import STORY_SPEND, Lever
from mlopt_lessons.resources.score import FARGATE

# Parts of the simulated month of lesson 1 (`cost.simulate_month`), by the tag workload; a test adds them up.
PARTS: Mapping[str, float] = MappingProxyType(
    {"training": 0.33, "serving": 0.32, "notebooks": 0.18, "rest": 0.17}
)
ON_DEMAND_USD = 2400.0  # spot-4: 100 h on eight GPUs at $24/h
FAST_JOB_USD = 6.0  # gpu-1: 2 h on a V100 at $3.00/h
ASKED = (16.0, 64.0)  # resources-1: CPUs and GB
Values = Mapping[str, float]


class Ledger(Protocol):
    """What is read of a learner's progress; `mlopt_lessons.course.open_store()` gives one."""

    @property
    def persistent(self) -> bool:
        """Whether it is a workspace, in which nothing counts before it is predicted."""

    def verdicts(self) -> list[dict[str, Any]]:
        """The latest verdict of each claim, figure and case."""

    def prediction(self, id: str) -> object | None:
        """What was predicted under that id."""


@dataclass(frozen=True)
class Source:
    """How a claim becomes a lever.

    `story` holds the figures that the claim states, by name; `saves` turns them, or the measured ones, into
    the part that is saved of the spend `part`. Of several cases in the ledger `case` counts, else the
    one that saves least. `also` names the claim's other figures, under which it may have been predicted.
    """

    name: str
    claim: str
    part: str
    story: Values
    saves: Callable[[Values], float]
    case: str
    also: tuple[str, ...] = ()


def _fewer_machines(name: str) -> Callable[[Values], float]:
    return lambda values: 1 - 1 / values[name]


def _smaller_request(values: Values) -> float:
    return 1 - FARGATE.month(values["cpu"], values["memory"]) / FARGATE.month(*ASKED)


SOURCES = (
    Source(
        "train less", "cost-1", "training", {"saving": 80}, lambda v: v["saving"] / 100,
        "measured here", ("dollars",),
    ),
    Source(
        "spot", "spot-4", "training", {"cost": 700}, lambda v: 1 - v["cost"] / ON_DEMAND_USD,
        "best interval", ("saving",),
    ),
    Source(
        "right-size", "gpu-1", "training", {"saving": 4.5}, lambda v: v["saving"] / FAST_JOB_USD,
        "batch 32", ("slowdown",),
    ),
    Source("share GPUs", "gpu-3", "notebooks", {"jobs": 2}, _fewer_machines("jobs"), ""),
    Source(
        "ask for less", "resources-2", "rest", {"cpu": 4, "memory": 16}, _smaller_request,
        "p95, max + 15 % (KRR)",
    ),
    Source(
        "quantize", "quant-3", "serving", {"speed": 4}, _fewer_machines("speed"), "tiny GPT",
        ("size", "loss"),
    ),
    Source(
        "prune", "prune-2", "serving", {"speed-70": 2}, _fewer_machines("speed-70"), "removed",
        tuple(f"{what}-{n}" for what in ("size", "speed", "accuracy") for n in (50, 70, 90)),
    ),
)  # fmt: skip


@dataclass(frozen=True)
class PartRow:
    """One part of the bill in dollars a month, before and after the levers that touch it."""

    part: str
    before: float
    after: float
    levers: tuple[Lever, ...]

    @property
    def saved(self) -> float:
        """Dollars saved."""
        return self.before - self.after

    @property
    def measured(self) -> bool:
        """Whether every lever here is the learner's own figure; without levers nothing is quoted."""
        return all(lever.kind != "quoted" for lever in self.levers)


def own_levers(ledger: Ledger, parts: Mapping[str, float] = PARTS) -> list[Lever]:
    """A lever for each of SOURCES: the learner's figure where the ledger holds one, else the story's.

    `eligibility` is the share of the `part` that it touches; the range runs over the cases measured, with
    their intervals. A figure that makes things dearer saves 0: nobody would use it. The story's
    figures have no range and are marked quoted. Raises ValueError as `check_parts`.
    """
    check_parts(parts)
    rows = ledger.verdicts()
    return [_lever(source, _cases(source, rows, ledger), parts[source.part]) for source in SOURCES]


def own_bill(
    ledger: Ledger, spend: float = STORY_SPEND, parts: Mapping[str, float] = PARTS
) -> tuple[PartRow, ...]:
    """`spend` dollars a month by part, before and after the levers of `own_levers`.

    Levers of one part touch the same dollars, so they multiply there; those of different parts add. The
    rows add up to what `levers.total` leaves. Raises ValueError for a spend below 0 and as
    `check_parts`.
    """
    if spend < 0:
        raise ValueError(f"The spend must be 0 dollars or more, got {spend:g}.")
    levers = own_levers(ledger, parts)
    return tuple(_part(part, spend * share, levers) for part, share in parts.items())


def check_parts(parts: Mapping[str, float]) -> None:
    """Raises ValueError unless every part that a lever touches is there and shares add up to 1."""
    if missing := sorted({source.part for source in SOURCES} - parts.keys()):
        raise ValueError(f"The bill needs the part(s) {', '.join(missing)}; give 0 for none.")
    if min(parts.values()) < 0 or abs(sum(parts.values()) - 1) > 1e-6:
        raise ValueError(
            f"The parts of a bill are 0 or more and add up to 1, not {sum(parts.values()):g}."
        )


def _part(part: str, before: float, levers: Sequence[Lever]) -> PartRow:
    here = tuple(lever for lever in levers if lever.part == part)
    return PartRow(part, before, before * prod(1 - lever.saves for lever in here), here)


Case = dict[str, dict[str, Any]]  # a case's rows of the ledger, by the name of the figure


def _cases(source: Source, rows: Iterable[dict[str, Any]], ledger: Ledger) -> dict[str, Case]:
    """The cases of a claim that hold all figures needed; none in a workspace before it is predicted."""
    names = {*source.story, *source.also}
    ids = [source.claim, *(f"{source.claim}/{name}" for name in names)]
    if ledger.persistent and not any(ledger.prediction(each) for each in ids):
        return {}
    cases: dict[str, Case] = {}
    for row in rows:
        if row["claim"] == source.claim and row["of"] in source.story:
            cases.setdefault(row["case_name"], {})[row["of"]] = row
    return {name: case for name, case in cases.items() if case.keys() == source.story.keys()}


def _lever(source: Source, cases: Mapping[str, Case], share: float) -> Lever:
    if not cases:
        where = f"the story, {source.claim}"
        saves = _within(source.saves(source.story))
        return Lever(source.name, saves, share, source=where, part=source.part)
    found = {name: source.saves(_column(case, "value")) for name, case in cases.items()}
    chosen = source.case if source.case in found else min(found, key=lambda name: found[name])
    saves = _within(found[chosen])
    ends = [*found.values(), *(end for case in cases.values() for end in _ends(source, case))]
    row = next(iter(cases[chosen].values()))
    told = ", ".join(filter(None, (source.claim, chosen, row["detail"], row["date"])))
    return Lever(
        source.name, saves, share, low=max(-1.0, min(saves, *ends)),
        high=min(1.0, max(saves, *ends)), source=told, kind=row["kind"], part=source.part,
    )  # fmt: skip


def _ends(source: Source, case: Case) -> tuple[float, ...]:
    """What is saved at both ends of the figures' intervals, where they have one."""
    if any(row["low"] is None for row in case.values()):
        return ()
    return tuple(source.saves(_column(case, end)) for end in ("low", "high"))


def _column(case: Case, column: str) -> dict[str, float]:
    return {name: row[column] for name, row in case.items()}


def _within(saves: float) -> float:
    return min(1.0, max(0.0, saves))
