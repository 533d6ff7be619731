"""What `mlopt plan` does, and the text that it prints."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mlopt_lessons.combined.explore_levers import LeversView, plan_view
from mlopt_lessons.combined.levers import check_plan
from mlopt_lessons.combined.levers_file import OwnPlan
from mlopt_lessons.combined.memo import plan_memo
from mlopt_lessons.combined.memo_blocks import Memo

MEMO = "plan"
DRAWS = 20_000
Drawn = Callable[[LeversView], bytes]  # a picture of a plan, as PNG


@dataclass(frozen=True)
class PlanRequest:
    """What a memo is made from: the plan, where its bill is from, the day, and the folder to write to."""

    plan: OwnPlan
    spend: float
    spend_source: str
    date: str
    out: Path


def run(request: PlanRequest, drawn: Mapping[str, Drawn]) -> str:
    """Computes the plan, writes plan.md, plan.html and the pictures, returns what was found.

    `drawn` are the memo's pictures by name. Raises ValueError for a spend or levers that cannot be, OSError
    where the folder cannot be written.
    """
    check_plan(request.spend, request.plan.levers, request.plan.interactions)
    if request.spend == 0:
        raise ValueError("A bill of 0 dollars leaves nothing to save; give yours with --spend.")
    view = plan_view(request.spend, request.plan.levers, request.plan.interactions, draws=DRAWS)
    memo = plan_memo(
        view,
        spend_source=request.spend_source,
        date=request.date,
        pngs={name: draw(view) for name, draw in drawn.items()},
    )
    files = write_memo(memo, request.out)
    return f"{text(memo)}\n\nWritten: {', '.join(str(file) for file in files)}."


def text(memo: Memo) -> str:
    """The memo's finding and what to do first, for the screen."""
    steps = next(each for each in memo.sections if each.title == "What to do first").blocks
    listed = (item for block in steps for item in getattr(block, "items", ()))
    return "\n".join([memo.lead, *(f"{n}. {item}" for n, item in enumerate(listed, 1))])


def write_memo(memo: Memo, folder: Path) -> tuple[Path, ...]:
    """Writes plan.md, its pictures and plan.html; returns their paths. An earlier memo there is replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {f"{MEMO}.md": memo.markdown.encode(), f"{MEMO}.html": memo.html.encode()}
    files |= {picture.file: picture.png for picture in memo.pictures}
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return tuple(folder / name for name in files)
