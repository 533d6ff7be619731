"""All attacks, in the order in which they are graded; run as a script, it writes README.md."""

from pathlib import Path

from attacks_base import Attack
from attacks_breaking import BREAKING
from attacks_escaping import ESCAPING
from attacks_flooding import FLOODING
from attacks_forging import FORGING
from attacks_handin import HANDIN
from attacks_lying import LYING
from attacks_placing import PLACING
from attacks_reading import READING
from attacks_remembering import REMEMBERING
from attacks_showing import SHOWING
from attacks_taking import TAKING
from attacks_tampering import TAMPERING

GROUPS: dict[str, tuple[Attack, ...]] = {
    "Time, memory, processes": TAKING,
    "Disk and output": FLOODING,
    "Ending and stopping": BREAKING,
    "Answers that are not data": LYING,
    "What runs beside the answers": TAMPERING,
    "Reading and writing what is not theirs": READING,
    "The box itself": ESCAPING,
    "Messages for a later run, and for everybody": REMEMBERING,
    "The channel between box and grader": FORGING,
    "The form of the notebook": HANDIN,
    "What lies beside it, or in its place": PLACING,
    "Script and links for who reads the sheet": SHOWING,
}
ATTACKS = tuple(attack for group in GROUPS.values() for attack in group)
INTRODUCTION = """# The hostile suite

Each attack is a hand-in of exercise 01, graded between two honest neighbours by what
`mlopt class grade` calls. The attacker must earn what its honest answers earn and no more, the
neighbours must keep their marks, and nothing may be left: no process, file, connection or setting.
`attacks*.py` hold the attacks as data; `python tests/hostile/attacks.py` writes this file from them.
"""


def readme() -> str:
    """README.md: a line for each attack."""
    parts = [INTRODUCTION]
    for title, attacks in GROUPS.items():
        lines = [f"| `{attack.name}` | {_cell(attack.tries)} |" for attack in attacks]
        parts.append(
            "\n".join([f"## {title}", "", "| attack | what it tries |", "|---|---|", *lines, ""])
        )
    return "\n".join(parts)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    Path(__file__).with_name("README.md").write_text(readme(), encoding="utf-8")
