"""The story's three levers, what its rows state, and the interactions that this course assumes."""

from dataclasses import dataclass
from typing import Literal

from mlopt_lessons.combined.levers import STORY_SPEND, Interaction, Lever

STORY_SOURCE = "the story, section 7"
SPOT, RIGHT_SIZE, SCHEDULING = "spot", "right-size", "scheduling"
States = Literal["remains", "saved"]


@dataclass(frozen=True)
class StoryRow:
    """A row of the story's table: the dollars it states, and what they are in truth.

    `states` says whether `stated` is what "remains" after the lever or what is "saved" by it.
    """

    lever: str
    stated: float
    states: States
    saved: float
    left: float


def story() -> tuple[Lever, ...]:
    """Spot 60 %, right-size 30 %, scheduling 20 %, each of the whole bill, as the story says (total-1)."""
    given = {SPOT: 0.6, RIGHT_SIZE: 0.3, SCHEDULING: 0.2}
    return tuple(Lever(name, saves, source=STORY_SOURCE) for name, saves in given.items())


def story_rows() -> tuple[StoryRow, ...]:
    """The story's rows named for what they are: $4,000 remains; $1,200 and $560 are saved."""
    left, rows = STORY_SPEND, []
    for lever in story():
        saved, left = left * lever.saves, left * (1 - lever.saves)
        states: States = "remains" if lever.name == SPOT else "saved"
        stated = left if states == "remains" else saved
        rows.append(StoryRow(lever.name, round(stated, 2), states, round(saved, 2), round(left, 2)))
    return tuple(rows)


def cautious() -> tuple[Lever, ...]:
    """The story's levers with the part of the bill that each can touch, and a range for what it saves.

    The shares 50, 80 and 30 % are an assumption: training that can restart, machines that can be
    changed, hours that can be moved. The ranges are one too: a third less to a sixth more than the story says.
    """
    shares = {SPOT: 0.5, RIGHT_SIZE: 0.8, SCHEDULING: 0.3}
    note = f"{STORY_SOURCE}; share and range are assumed"
    return tuple(
        Lever(
            lever.name,
            lever.saves,
            shares[lever.name],
            low=round(lever.saves * 2 / 3, 3),
            high=round(lever.saves * 7 / 6, 3),
            source=note,
        )
        for lever in story()
    )


def assumed_interactions() -> tuple[Interaction, ...]:
    """What one lever does to another, as assumed here until it is measured.

    Lesson 3 measures what interruptions lose, lesson 4 how much longer a smaller GPU runs, lesson 5 how many
    predictions a quantized model serves: put your own factors in.
    """
    return (
        Interaction(
            SPOT,
            RIGHT_SIZE,
            1.05,
            "a smaller GPU runs the job longer, so spot interrupts it more often and 5 % more "
            "hours are lost",
        ),
        Interaction(
            RIGHT_SIZE,
            "quantize",
            0.9,
            "a quantized model needs fewer machines of the right size, 10 % fewer dollars",
        ),
    )
