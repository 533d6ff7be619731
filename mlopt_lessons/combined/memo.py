"""A decision memo of one page: what all levers save together, how sure that is, what to do first."""

from collections.abc import Mapping

from mlopt_lessons.combined.explore_levers import LeversView, dollars, percent
from mlopt_lessons.combined.levers import Lever
from mlopt_lessons.combined.memo_blocks import (
    Block,
    Listing,
    Memo,
    Paragraph,
    Picture,
    Section,
    Table,
)
from mlopt_lessons.combined.overlap import overlap_bounds

WATERFALL, SWINGS = "waterfall", "swings"


def plan_memo(
    view: LeversView, *, spend_source: str, date: str, pngs: Mapping[str, bytes] | None = None
) -> Memo:
    """The memo on a plan. All amounts are dollars a month.

    `spend_source` says where the bill is from, `date` (2026-11-24) when the memo was written; `pngs` may
    hold drawn pictures named "waterfall" and "swings". Raises ValueError for another name and for bytes
    that are no PNG.
    """
    pictures = _pictures(view, pngs or {})
    return Memo(
        title=f"Decision memo: what to save of {dollars(view.combined.before)} a month",
        lead=_lead(view),
        sections=(
            Section("The bill and the levers", _bill(view, spend_source, date)),
            Section("What each lever saves", (_rows(view), _why(view), *pictures[WATERFALL])),
            Section("How sure this is", (*_sure(view), *pictures[SWINGS])),
            Section("What to do first", (Listing(_first(view), numbered=True),)),
            Section("What is not known", (Listing(_unknown(view)),)),
        ),
    )


def alt_texts(view: LeversView) -> Mapping[str, str]:
    """The sentence that stands for each picture, by the picture's name."""
    swings = "; ".join(
        f"{each.lever} {dollars(each.at_low)} at its low end, {dollars(each.at_high)} at its high end"
        for each in view.swings
    )
    return {
        WATERFALL: view.finding,
        SWINGS: f"What is left with one lever moved at a time: {swings}.",
    }


def _pictures(view: LeversView, pngs: Mapping[str, bytes]) -> Mapping[str, tuple[Picture, ...]]:
    alts = alt_texts(view)
    if unknown := [name for name in pngs if name not in alts]:
        raise ValueError(f"The memo has no picture {unknown[0]!r}; it takes {', '.join(alts)}.")
    empty = {SWINGS} if view.first_to_measure is None else set()  # nothing to see without ranges
    return {
        name: (Picture(f"{name}.png", alt, pngs[name]),) if name in pngs.keys() - empty else ()
        for name, alt in alts.items()
    }


def _lead(view: LeversView) -> str:
    made = view.combined
    verb = "save" if made.saved >= 0 else "cost"
    count = len(view.levers)
    who = f"All {count} levers together {verb}" if count > 1 else f"The lever {verb}s"
    text = (
        f"{who} {dollars(abs(made.saved))} of {dollars(made.before)} a month "
        f"({percent(abs(made.share))}): {dollars(made.after)} is left"
    )
    if view.first_to_measure is None:
        return f"{text}; how sure that is nobody knows, for no lever has a range."
    return f"{text}, between {dollars(view.interval.low)} and {dollars(view.interval.high)} (95 %)."


def _bill(view: LeversView, spend_source: str, date: str) -> tuple[Block, ...]:
    rows = tuple(
        (each.name, _touches(each), percent(each.saves), _range(each), each.kind,
         each.source or "not said")
        for each in view.levers
    )  # fmt: skip
    head = ("lever", "touches", "saves of that", "range", "figure", "source")
    told = f"Bill before: {dollars(view.combined.before)} a month ({spend_source}). Written {date}."
    return Paragraph(told), Table(head, rows, numbers=(1, 2, 3))


def _touches(lever: Lever) -> str:
    return f"{percent(lever.eligibility)}{f', {lever.part}' if lever.part else ''}"


def _range(lever: Lever) -> str:
    low, high = lever.range
    return "none" if low == high else f"{percent(low)} to {percent(high)}"


def _rows(view: LeversView) -> Table:
    rows = tuple(
        (step.lever, dollars(step.before), dollars(step.saved), dollars(step.after),
         " to ".join(dict.fromkeys(map(dollars, view.row_ranges[step.lever]))), dollars(view.split[step.lever]))
        for step in view.steps
    )  # fmt: skip
    made = view.combined
    total = ("total", dollars(made.before), dollars(made.saved), dollars(made.after), "",
             dollars(made.saved))  # fmt: skip
    head = ("lever", "before", "saved here", "left", "in other orders", "fair share")
    return Table(head, (*rows, total), numbers=(1, 2, 3, 4, 5))


def _why(view: LeversView) -> Paragraph:
    return Paragraph(
        "Savings multiply: each lever works on what the ones before it left, so a row depends on the "
        "order and the total does not. The fair share (Shapley value) is the mean over all orders. "
        f"Adding the percentages would leave {dollars(view.added)}, which is wrong."
    )


def _sure(view: LeversView) -> tuple[Block, ...]:
    if view.first_to_measure is None:
        return (Paragraph("No lever has a range, so no interval can be given."),)
    rows = tuple(
        (each.lever, dollars(each.at_low), dollars(each.at_high), dollars(each.width))
        for each in view.swings
        if each.width > 0
    )
    drawn = view.interval
    told = (
        f"{drawn.draws:,} draws (seed {drawn.seed}) of what every lever saves, from its range: half of them "
        f"leave less than {dollars(drawn.middle)}. One lever at a time:"
    )
    head = ("lever", "left at its low end", "left at its high end", "apart")
    return Paragraph(told), Table(head, rows, numbers=(1, 2, 3))


def _first(view: LeversView) -> tuple[str, ...]:
    by_name = {lever.name: lever for lever in view.levers}
    ranked = sorted(view.split, key=lambda name: -view.split[name])
    told = [_advice(by_name[name], view.split[name]) for name in ranked]
    measure = view.first_to_measure
    if measure is None:
        return ("Find a range for every lever: measure it on a week of your own jobs.", *told)
    width = dollars(view.swings[0].width)
    return (f"Measure {measure} better: its range moves what is left by {width}.", *told)


def _advice(lever: Lever, share: float) -> str:
    if share <= 0:
        return f"Leave {lever.name}: it saves nothing here (fair share {dollars(share)})."
    if lever.range[0] <= 0:
        return f"Try {lever.name} small: {dollars(share)}, but it may save nothing, or cost."
    measured = (
        "" if lever.kind in ("measured", "recorded") else " after measuring it on your own jobs"
    )
    return f"Pull {lever.name}{measured}: {dollars(share)} a month."


def _unknown(view: LeversView) -> tuple[str, ...]:
    quoted = [lever.name for lever in view.levers if lever.kind == "quoted"]
    certain = [lever.name for lever in view.levers if lever.range[0] == lever.range[1]]
    least, most = overlap_bounds(view.combined.before, view.levers, view.interactions)
    told = [
        f"Not measured here, only quoted: {', '.join(quoted)}." if quoted else "",
        f"Without a range, so counted as certain: {', '.join(certain)}." if certain else "",
        f"Which dollars the levers share: they are spread evenly here; {dollars(least)} would be left if they "
        f"touched dollars as different as can be, {dollars(most)} if the same."
        if round(most - least, 2) > 0
        else "",
        *_interactions(view),
        "The shares of the bill that the levers touch are taken as exact, and the levers' ranges as "
        "independent of each other. The work to pull a lever is not priced.",
    ]
    return tuple(text for text in told if text)


def _interactions(view: LeversView) -> tuple[str, ...]:
    if not view.interactions:
        return ("No interaction is counted: levers may hinder or help each other.",)
    return tuple(
        f"{each.first} and {each.second} leave {each.factor:g} times as much where both work: {each.why}."
        for each in view.interactions
    )
