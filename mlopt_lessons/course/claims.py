"""Every claim of the story as data: what it says, and when a measurement agrees with it."""

import json
from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True)
class ClaimFigure:
    """One figure of a claim: the story's value, and the range [low, high] that agrees with it."""

    name: str
    value: float
    unit: str
    low: float
    high: float
    rule: str

    def agrees(self, value: float) -> bool:
        """Whether a measured value lies in the range (the rule says it in words)."""
        return self.low <= value <= self.high


@dataclass(frozen=True)
class Claim:
    """A claim of the story: its id, its section, its sentence, its figures, and what it hides."""

    id: str
    section: int
    statement: str
    figures: tuple[ClaimFigure, ...]
    hidden: str

    def figure(self, name: str | None = None) -> ClaimFigure:
        """The figure of that name, or the first. Raises ValueError for a name that is not there."""
        if name is None:
            return self.figures[0]
        for figure in self.figures:
            if figure.name == name:
                return figure
        names = ", ".join(figure.name for figure in self.figures)
        raise ValueError(f"Claim {self.id} has no figure {name!r}; it has {names}.")


def _load() -> dict[str, Claim]:
    text = files("mlopt_lessons.course").joinpath("data/claims.json").read_text(encoding="utf-8")
    claims = [
        Claim(**{**row, "figures": tuple(ClaimFigure(**figure) for figure in row["figures"])})
        for row in json.loads(text)
    ]
    return {claim.id: claim for claim in claims}


CLAIMS: dict[str, Claim] = _load()


def claim(id: str) -> Claim:
    """The claim of that id, as in `CLAIMS`. Raises ValueError with the ids there are."""
    if id not in CLAIMS:
        raise ValueError(f"There is no claim {id!r}; the claims are {', '.join(CLAIMS)}.")
    return CLAIMS[id]
