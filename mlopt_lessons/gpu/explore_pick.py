"""What lab (a) shows: a network, a batch, a precision and a deadline on every GPU, and the pick."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from mlopt_lessons.gpu.gpu_offers import Offer, offers
from mlopt_lessons.gpu.job_cost import Estimate, Terms
from mlopt_lessons.gpu.known import known_profiles
from mlopt_lessons.gpu.picking import Choice, money, pick, span
from mlopt_lessons.gpu.roofline import Range, launch_floor
from mlopt_lessons.gpu.work import Demand, Job

SHOWN = ("T4", "L4", "A10G", "V100-16GB", "L40S", "A100-80GB", "H100-80GB", "H200-141GB")
# Kernels that a forward pass launches, as `operators.count_operators` counts them.
OPERATORS = {
    "resnet18": 68,
    "resnet34": 124,
    "resnet50": 174,
    "resnet101": 344,
    "resnet152": 514,
    "vgg16": 36,
    "mobilenet_v2": 151,
    "vit_b16": 125,
    "vit_l16": 245,
    "bert_base": 130,
    "gpt2": 126,
    "gpt2_xl": 486,
    "llama_7b": 1264,
}


class Profiled(Protocol):
    """A network counted once; `memory.Profile` is one."""

    def demand(self, batch: int, precision: str, training: bool) -> Demand:
        """What one step needs."""


@dataclass(frozen=True)
class Setting:
    """What the lab's controls say: `samples` in all, so that a batch changes the number of steps."""

    network: str
    batch: int
    precision: str
    deadline_h: float
    samples: float
    training: bool = True

    @property
    def steps(self) -> float:
        """Steps for all samples."""
        return self.samples / self.batch


@dataclass(frozen=True)
class PickView:
    """One setting on every GPU shown, in the order of price: memory, hours and dollars, and the pick.

    `parts` is the memory in 10⁹ bytes by name, the same on each GPU; a GPU whose line is below their sum
    runs out of memory.
    """

    setting: Setting
    estimates: tuple[Estimate, ...]
    parts: Mapping[str, float]
    choice: Choice

    @property
    def names(self) -> tuple[str, ...]:
        """The GPUs."""
        return tuple(each.name for each in self.estimates)

    @property
    def capacity_gb(self) -> tuple[float, ...]:
        """Each GPU's memory in 10⁹ bytes: the out-of-memory lines."""
        return tuple(each.offer.hardware.memory_gb for each in self.estimates)

    @property
    def needs_gb(self) -> float:
        """The memory that a step needs, in 10⁹ bytes."""
        return sum(self.parts.values())

    @property
    def out_of_memory(self) -> tuple[bool, ...]:
        """For each GPU: does it run out of memory?"""
        return tuple(not each.fits for each in self.estimates)

    @property
    def best(self) -> Estimate | None:
        """The pick, or None where nobody holds the job and is in time."""
        return self.choice.best

    @property
    def note(self) -> str:
        """The pick in a few words."""
        if self.best is None:
            return f"no pick: {self.choice.missing}"
        usd, hours = self.best.usd.middle, self.best.hours.middle
        return f"{self.best.name}: {money(usd)} a job, {span(hours)}, bound by {self.best.limit}"

    @property
    def finding(self) -> str:
        """The picture's finding in a sentence, its alternative text."""
        full = [each.name for each in self.estimates if not each.fits]
        late = [each.name for each in self.estimates if each.fits and not each.in_time]
        step = f"{self.setting.network} at batch {self.setting.batch} needs {self.needs_gb:.1f} GB."
        left_out = [
            f"Out of memory: {', '.join(full)}." if full else "",
            f"Too late: {', '.join(late)}." if late else "",
        ]
        return " ".join(text for text in (step, *left_out, self.choice.why) if text)


class RightSize:
    """Profiles of networks and the GPUs to show, with what does not change computed once.

    Without arguments the networks that the lesson knows by name. `operators` is how many kernels a forward
    pass of each network launches; one without it has no launch floor. At most eight GPUs are shown.
    Raises ValueError for no network or no GPU.
    """

    def __init__(
        self,
        profiles: Mapping[str, Profiled] | None = None,
        operators: Mapping[str, float] = OPERATORS,
        among: Iterable[Offer] | None = None,
    ) -> None:
        self.profiles: dict[str, Profiled] = dict(
            known_profiles() if profiles is None else profiles
        )
        self.operators = dict(operators)
        self.offers = cheapest_each(offers() if among is None else among)
        if not self.profiles or not self.offers:
            raise ValueError("The lab needs at least one network and one GPU.")

    def view(self, setting: Setting, by: str = "high") -> PickView:
        """The setting on every GPU. Raises ValueError for a setting that cannot be."""
        if setting.network not in self.profiles:
            raise ValueError(
                f"There is no network {setting.network!r}; choose one of {', '.join(self.profiles)}."
            )
        profile = self.profiles[setting.network]
        demand = profile.demand(setting.batch, setting.precision, setting.training)
        job = Job(demand, setting.steps, setting.deadline_h)
        choice = pick(job, self.offers, terms=Terms(floor=self._floor(setting), by=by))
        order = {offer: place for place, offer in enumerate(self.offers)}
        estimates = tuple(sorted(choice.estimates, key=lambda each: order[each.offer]))
        parts = {name: amount / 1e9 for name, amount in demand.parts.items()}
        return PickView(setting, estimates, parts, choice)

    def _floor(self, setting: Setting) -> Range:
        return launch_floor(self.operators.get(setting.network, 0), setting.training)


def cheapest_each(
    among: Iterable[Offer], names: tuple[str, ...] = SHOWN, most: int = 8
) -> tuple[Offer, ...]:
    """The cheapest offer of each GPU in `names`, at most `most`, by dollars an hour.

    Where none of the names is offered, the cheapest offers of whatever GPUs there are.
    """
    cheapest: dict[str, Offer] = {}
    for offer in sorted(among, key=lambda each: (each.usd_h, each.rented_in)):
        cheapest.setdefault(offer.gpu, offer)
    wanted = [offer for name, offer in cheapest.items() if name in names]
    return tuple((wanted or list(cheapest.values()))[:most])
