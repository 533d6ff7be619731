"""MIG: how an A100 or H100 is cut into slices that share nothing, and which cuts exist.

A GPU in MIG mode has 8 memory slices and 7 compute slices. A profile such as 3g.40gb takes 3 compute
and 4 memory slices and starts only at certain memory slices. Source: NVIDIA Multi-Instance GPU User
Guide, "Supported MIG Profiles" (fractions of memory and of the multiprocessors, number of instances)
and "Getting Started with MIG" (placements, as `nvidia-smi mig -lgipp` prints them); read 2026-11-25.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache

COMPUTE_SLICES = 7
MEMORY_SLICES = 8
#: Memory of one memory slice in GB, as in the profiles' names. What is usable is a little different:
#: 4.75 GiB (5.1 GB) of a 1g.5gb.
SLICE_GB = {
    "A100-SXM4-40GB": 5,
    "A100-SXM4-80GB": 10,
    "A100-PCIe-80GB": 10,
    "H100-SXM5-80GB": 10,
    "H100-PCIe-80GB": 10,
}
# Compute slices, memory slices, memory slices at which it may start.
_SHAPES = (
    (1, 1, (0, 1, 2, 3, 4, 5, 6)),
    (1, 2, (0, 2, 4, 6)),
    (2, 2, (0, 2, 4)),
    (3, 4, (0, 4)),
    (4, 4, (0,)),
    (7, 8, (0,)),
)


@dataclass(frozen=True)
class Profile:
    """A kind of slice: its name, compute and memory slices, memory in GB, where it may start."""

    name: str
    compute_slices: int
    memory_slices: int
    memory_gb: float
    starts: tuple[int, ...]

    @property
    def compute_share(self) -> float:
        """Part of the multiprocessors, as the guide gives it: compute slices / 7.

        Cards differ a little: an A100 slice has 14 of 108, and `nvidia-smi mig -lgip` lists 16, 26, 32,
        60, 64 and 132 for the six profiles of an H100 NVL.
        """
        return self.compute_slices / COMPUTE_SLICES

    @property
    def bandwidth_share(self) -> float:
        """Part of the memory bandwidth, which comes with the memory slices."""
        return self.memory_slices / MEMORY_SLICES


@dataclass(frozen=True)
class Placement:
    """A slice on a GPU: its profile and the memory slice at which it starts."""

    profile: Profile
    start: int

    @property
    def occupied(self) -> range:
        """The memory slices that it takes."""
        return range(self.start, self.start + self.profile.memory_slices)


Layout = tuple[Placement, ...]


@cache
def mig_profiles(gpu_name: str) -> tuple[Profile, ...]:
    """The profiles of a GPU, the smallest first. Raises ValueError for a GPU without MIG or not listed.

    Left out are +me profiles, which differ from the plain ones in media engines only.
    """
    if gpu_name not in SLICE_GB:
        close = get_close_matches(gpu_name, SLICE_GB, n=3, cutoff=0.4) or list(SLICE_GB)
        raise ValueError(
            f"{gpu_name!r} is not among the GPUs with MIG that are listed here; choose one of "
            f"{', '.join(close)}."
        )
    gb = SLICE_GB[gpu_name]
    return tuple(
        Profile(f"{compute}g.{gb * memory}gb", compute, memory, float(gb * memory), starts)
        for compute, memory, starts in _SHAPES
    )


def mig_profile(gpu_name: str, name: str) -> Profile:
    """A profile by its name. Raises ValueError for one that the GPU does not have."""
    found = {profile.name: profile for profile in mig_profiles(gpu_name)}
    if name not in found:
        raise ValueError(f"{gpu_name} has no profile {name!r}; it has {', '.join(found)}.")
    return found[name]


@cache
def layouts(gpu_name: str, double_memory: bool = True) -> tuple[Layout, ...]:
    """Every way to cut a GPU into which no further slice fits, each from the first memory slice on.

    There are 78. Without the profile that has two memory slices for one compute slice (1g.10gb of a
    40 GB GPU, which came with driver R525) there are 19, which make 14 different combinations of
    profiles: those of the 19 rows of NVIDIA's figure "Profiles on A100".
    """
    usable = [
        profile
        for profile in mig_profiles(gpu_name)
        if double_memory or (profile.compute_slices, profile.memory_slices) != (1, 2)
    ]
    return tuple(_cuts(usable, 0))


def _cuts(usable: Sequence[Profile], start: int) -> Iterator[Layout]:
    """Ways to fill the memory slices from `start` on, with no slice left empty that a profile could take."""
    here = [profile for profile in usable if start in profile.starts]
    if not here:
        yield ()
    for profile in here:
        for rest in _cuts(usable, start + profile.memory_slices):
            yield (Placement(profile, start), *rest)


def place(gpu_name: str, names: Iterable[str]) -> Layout | None:
    """Where slices of these profiles can be created on one empty GPU, None where they cannot.

    Raises ValueError for a profile that the GPU does not have.
    """
    wanted = [mig_profile(gpu_name, name) for name in names]
    return place_profiles(wanted)


def place_profiles(wanted: Sequence[Profile]) -> Layout | None:
    """As `place`, for profiles of one GPU; slices come back in the order of `wanted`."""
    order = sorted(range(len(wanted)), key=lambda index: -wanted[index].memory_slices)
    starts = _starts(tuple(wanted[index] for index in order), 0)
    if starts is None:
        return None
    found = dict(zip(order, starts, strict=True))
    return tuple(Placement(profile, found[index]) for index, profile in enumerate(wanted))


@cache
def _starts(wanted: tuple[Profile, ...], taken: int) -> tuple[int, ...] | None:
    """Starts for profiles, the largest first, where `taken` has a bit for each memory slice in use."""
    if not wanted:
        return ()
    for start in reversed(wanted[0].starts):
        mask = ((1 << wanted[0].memory_slices) - 1) << start
        if taken & mask:
            continue
        rest = _starts(wanted[1:], taken | mask)
        if rest is not None:
            return (start, *rest)
    return None


def fits(gpu_name: str, names: Iterable[str]) -> bool:
    """Whether slices of these profiles can be on one GPU at once. Raises ValueError as `place` does."""
    return place(gpu_name, names) is not None
