"""MIG layouts against NVIDIA's published placements and rows, and against brute force."""

import itertools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlopt_lessons.gpu.mig import (
    COMPUTE_SLICES,
    MEMORY_SLICES,
    SLICE_GB,
    fits,
    layouts,
    mig_profile,
    mig_profiles,
    place,
)
from mlopt_lessons.workbench.hardware import gpu, gpus

# What `nvidia-smi mig -lgipp` prints on an A100 and on an H100: MIG User Guide, "Getting Started with MIG".
PLACEMENTS = """
GPU  0 Profile ID 19 Placements: {0,1,2,3,4,5,6}:1
GPU  0 Profile ID 15 Placements: {0,2,4,6}:2
GPU  0 Profile ID 14 Placements: {0,2,4}:2
GPU  0 Profile ID  9 Placements: {0,4}:4
GPU  0 Profile ID  5 Placement : {0}:4
GPU  0 Profile ID  0 Placement : {0}:8
"""
NAMES_40 = ["1g.5gb", "1g.10gb", "2g.10gb", "3g.20gb", "4g.20gb", "7g.40gb"]
NAMES_80 = ["1g.10gb", "1g.20gb", "2g.20gb", "3g.40gb", "4g.40gb", "7g.80gb"]
AVAILABLE = [7, 4, 3, 2, 1, 1]  # "Number of Instances Available" in the guide's table
# The 19 rows of the guide's figure "Profiles on A100", as compute slices from left to right.
FIGURE = "7 43 421 4111 33 321 3111 223 2113 1123 11113 2221 21121 11221 211111 112111 111121 111112 1111111"
# Known geometries of an A100 in nebuly-ai/nos, pkg/gpu/mig/known_configs.go.
NOS = "7 421 4111 33 321 3111 223 2113 2221 22111 211111 1111111"
A100 = "A100-SXM4-40GB"


def combinations(rows):
    return {"".join(sorted(row)) for row in rows.split()}


def parsed(text):
    found = re.findall(r"\{([\d,]+)\}:(\d)", text)
    return [(tuple(map(int, starts.split(","))), int(size)) for starts, size in found]


@pytest.mark.parametrize("name", SLICE_GB)
def test_profiles_are_the_published_ones(name):
    profiles = mig_profiles(name)
    assert [each.name for each in profiles] == (NAMES_40 if "40GB" in name else NAMES_80)
    assert [(each.starts, each.memory_slices) for each in profiles] == parsed(PLACEMENTS)
    assert [each.name.split("g")[0] for each in profiles] == [
        str(each.compute_slices) for each in profiles
    ]
    assert profiles[-1].memory_gb == gpu(name).memory_gb
    assert profiles[-1].compute_share == profiles[-1].bandwidth_share == 1


@pytest.mark.parametrize("name", SLICE_GB)
def test_as_many_slices_of_one_profile_fit_as_the_guide_says(name):
    for profile, count in zip(mig_profiles(name), AVAILABLE, strict=True):
        assert fits(name, [profile.name] * count)
        assert not fits(name, [profile.name] * (count + 1))


def test_layouts_are_the_combinations_of_the_published_figure():
    found = layouts(A100, double_memory=False)
    assert len(found) == len(FIGURE.split()) == 19
    rows = {"".join(sorted(str(slice_.profile.compute_slices) for slice_ in row)) for row in found}
    assert rows == combinations(FIGURE)
    assert combinations(NOS) < rows


def brute_force(profiles):
    """All sets of placements that do not overlap and to which none can be added."""
    masks = [
        (profile.name, start, ((1 << profile.memory_slices) - 1) << start)
        for profile in profiles
        for start in profile.starts
    ]
    found = set()
    for count in range(1, MEMORY_SLICES):
        for chosen in itertools.combinations(masks, count):
            taken = 0
            for _, _, mask in chosen:
                if taken & mask:
                    break
                taken |= mask
            else:
                if all(taken & mask for _, _, mask in masks):
                    found.add(frozenset((name, start) for name, start, _ in chosen))
    return found


@pytest.mark.parametrize(("double_memory", "count"), [(True, 78), (False, 19)])
def test_layouts_are_all_that_brute_force_finds(double_memory, count):
    profiles = [each for each in mig_profiles(A100) if double_memory or each.name != "1g.10gb"]
    found = {
        frozenset((slice_.profile.name, slice_.start) for slice_ in row)
        for row in layouts(A100, double_memory)
    }
    assert found == brute_force(profiles)
    assert len(found) == count


def test_no_layout_has_more_than_a_gpu_has():
    for row in layouts("H100-SXM5-80GB"):
        assert sum(slice_.profile.compute_slices for slice_ in row) <= COMPUTE_SLICES
        assert sum(slice_.profile.memory_slices for slice_ in row) <= MEMORY_SLICES


@settings(deadline=None)
@given(st.lists(st.sampled_from(NAMES_40), max_size=8))
def test_slices_fit_exactly_where_a_layout_has_them(names):
    able = any(
        all(names.count(name) <= [s.profile.name for s in row].count(name) for name in names)
        for row in layouts(A100)
    )
    found = place(A100, names)
    assert (found is not None) == fits(A100, names) == able
    if found is not None:
        assert [slice_.profile.name for slice_ in found] == names
        taken = [memory for slice_ in found for memory in slice_.occupied]
        assert len(taken) == len(set(taken))
        assert all(0 <= memory < MEMORY_SLICES for memory in taken)


def test_slices_that_only_seem_to_fit():
    assert not fits(A100, ["3g.20gb", "3g.20gb", "1g.5gb"])  # 7 of 7 compute slices, no memory left
    assert fits(A100, ["4g.20gb", "3g.20gb"])
    assert not fits(A100, ["4g.20gb", "4g.20gb"])
    assert fits(A100, [])


def test_what_is_not_there_is_named():
    with pytest.raises(ValueError, match=r"'A100-SXM-80GB' is not among .*A100-SXM4-80GB"):
        mig_profiles("A100-SXM-80GB")
    with pytest.raises(ValueError, match=r"has no profile '5g.20gb'; it has 1g.5gb"):
        mig_profile(A100, "5g.20gb")
    with pytest.raises(ValueError, match="has no profile"):
        fits(A100, ["1g.20gb"])
    assert set(SLICE_GB) <= set(gpus()["name"])
