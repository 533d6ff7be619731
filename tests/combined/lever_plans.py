"""Plans that hypothesis makes: a spend, levers with shares and ranges, and interactions."""

from itertools import combinations

from hypothesis import strategies as st

from mlopt_lessons.combined.levers import Interaction, Lever

parts = st.integers(0, 100).map(lambda percent: percent / 100)


PARTS = ("", "training", "serving")


@st.composite
def plans(draw, most: int = 5, interacting: bool = True, named: bool = True):
    """A spend, one to `most` levers, some in named parts, and interactions of some of their pairs."""
    spend = draw(st.floats(0, 1e6, allow_subnormal=False))
    levers = tuple(_lever(draw, i, named) for i in range(draw(st.integers(1, most))))
    pairs = [(a.name, b.name) for a, b in combinations(levers, 2)]
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs and interacting else []
    return (
        spend,
        levers,
        tuple(Interaction(*pair, draw(st.floats(0.5, 2)), "made up") for pair in chosen),
    )


def _lever(draw, number: int, named: bool) -> Lever:
    part = draw(st.sampled_from(PARTS)) if named else ""
    # Two parts of half the bill at most never make more than all of it.
    share = draw(parts) / (2 if part else 1)
    return Lever(f"lever {number}", draw(parts), share, part=part)
