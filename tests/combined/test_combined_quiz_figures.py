"""The figures in the quizzes of lessons 0 and 7, computed again from what each question gives."""

from itertools import permutations
from math import prod

import numpy as np
import pytest
from scipy.stats import binomtest

from mlopt_lessons.course.questions import Question, questions

BILL = 10_000
SAVINGS = {"spot": 0.6, "right-size": 0.3, "scheduling": 0.2}


def asked(question: str) -> Question:
    lesson = "00_smart_bakery" if question.startswith("q00") else "07_putting_it_together"
    (found,) = [each for each in questions(lesson) if each.id == question]
    return found


def right(question: str) -> str:
    """The right option with its explanation."""
    (option,) = [each for each in asked(question).options if each.correct]
    return f"{option.text} {option.explanation}"


def told(question: str) -> str:
    """A question with all its options and explanations."""
    found = asked(question)
    return " ".join([found.text, *(f"{each.text} {each.explanation}" for each in found.options)])


def dollars(value: float) -> str:
    return f"${value:,.0f}"


def saved_in(order: tuple[str, ...], name: str) -> float:
    """What a lever of the story saves in an order."""
    before = order[: order.index(name)]
    return BILL * SAVINGS[name] * prod(1 - SAVINGS[each] for each in before)


@pytest.mark.parametrize(
    ("lesson", "count", "letters"),
    [("00_smart_bakery", 6, "abcd"), ("07_putting_it_together", 10, "abcd")],
)
def test_the_right_letter_is_in_every_place(lesson: str, count: int, letters: str) -> None:
    found = [option.id for each in questions(lesson) for option in each.options if option.correct]
    assert len(found) == count
    assert set(found) == set(letters)
    assert max(found.count(letter) for letter in letters) <= 4


@pytest.mark.parametrize("lesson", ["00_smart_bakery", "07_putting_it_together"])
def test_the_longest_option_is_seldom_the_right_one(lesson: str) -> None:
    longest = [max(each.options, key=lambda option: len(option.text)) for each in questions(lesson)]
    assert sum(option.correct for option in longest) <= 2


def test_the_first_row_states_what_remains() -> None:
    rows = [saved_in(tuple(SAVINGS), name) for name in SAVINGS]
    assert f"Spot saves {dollars(rows[0])} and leaves {dollars(BILL - rows[0])}" in right(
        "q07-first-row"
    )
    assert " + ".join(map(dollars, rows)) + f" are {dollars(sum(rows))}" in right("q07-first-row")
    assert f"{dollars(4_000 + rows[1] + rows[2])} are saved" in told("q07-first-row")
    assert f"{dollars(BILL * sum(SAVINGS.values()))} of $10,000" in told("q07-first-row")
    assert f"0.4 × 0.7 × 0.8 is {0.4 * 0.7 * 0.8:.3f}" in told("q07-first-row")


def test_eligible_shares_of_a_bill() -> None:
    saved = [0.6 * 0.5, 0.3 * 0.8, 0.2 * 0.3]
    assert right("q07-eligible").startswith(dollars(BILL * prod(1 - each for each in saved)))
    assert dollars(BILL * (1 - sum(saved))) in told("q07-eligible")
    rest = 0.5 * 0.4 * 0.8 * 0.7 * 0.3 * 0.8
    assert dollars(BILL * rest) in told("q07-eligible")
    assert "in the story's sum it is 22 %" in right("q07-eligible")


def test_rows_in_another_order() -> None:
    last = saved_in(("scheduling", "right-size", "spot"), "spot")
    assert right("q07-order").startswith(f"Spot's row: {dollars(last)} instead of $6,000")
    assert f"60 % of the {dollars(last / 0.6)}" in right("q07-order")


def test_a_split_by_all_orders() -> None:
    orders = list(permutations(SAVINGS))
    shares = {name: np.mean([saved_in(each, name) for each in orders]) for name in SAVINGS}
    assert right("q07-shapley").startswith(dollars(shares["spot"]))
    others = [dollars(shares[name]) for name in ("right-size", "scheduling")]
    assert f"With {others[0]} and {others[1]} the parts sum to $7,760" in right("q07-shapley")
    rows = sorted(saved_in(each, "spot") for each in orders)
    assert [round(each) for each in rows] == [3_360, 3_360, 4_200, 4_800, 6_000, 6_000]
    assert dollars(7_760 * 60 / 110) in told("q07-shapley")
    last = sum(saved_in((*[each for each in SAVINGS if each != n], n), n) for n in SAVINGS)
    assert f"sum to {dollars(last)}, and {dollars(7_760 - last)} belong" in told("q07-shapley")


def test_spot_on_a_smaller_gpu() -> None:
    smaller, price = 1_000 * 0.6, 0.4
    assert right("q07-together").startswith(dollars(smaller * price * 1.25))
    assert f"the two promise {dollars(smaller * price * 1.1)}" in right("q07-together")
    assert dollars(smaller * price) in told("q07-together")
    alone = 1 - price * 1.1
    assert f"the {alone:.0%} that spot".replace("%", " %") in told("q07-together")
    assert f"{dollars(1_000 * (1 - 0.4 - alone))} That adds" in told("q07-together")


def test_an_interval_of_the_total() -> None:
    left = np.array([1 - each for each in SAVINGS.values()])
    ends = [BILL * prod(left + side) for side in (-0.1, 0.1)]
    assert f"{dollars(ends[0])} to {dollars(ends[1])}, from the ends" in told("q07-interval")
    draws = left + np.random.default_rng(0).normal(0, 0.1 / 1.959964, (2_000_000, 3))
    low, high = np.percentile(BILL * draws.prod(axis=1), [2.5, 97.5])
    assert f"About {dollars(round(low, -1))} to {dollars(round(high, -1))}" in right("q07-interval")
    # The delta method, a closed form: the relative errors of what remains add up in squares.
    spread = BILL * prod(left) * np.sqrt(((0.1 / left) ** 2).sum())
    assert (high - low) / 2 == pytest.approx(spread, rel=0.02)
    assert f"moves the total by {dollars(BILL * 0.1 * 0.7 * 0.8)}" in told("q07-interval")
    assert f"{dollars(2_240 * 0.9)} to {dollars(2_240 * 1.1)}" in told("q07-interval")


def test_five_points_of_each_lever() -> None:
    change = {name: 2_240 * 0.05 / (1 - saving) for name, saving in SAVINGS.items()}
    assert right("q07-sensitivity").startswith(f"Spot: {dollars(change['spot'])}")
    assert f"by {dollars(change['right-size'])}, scheduling by {dollars(change['scheduling'])}" in (
        right("q07-sensitivity")
    )
    assert f"5 points are {dollars(BILL * 0.05)} each" in told("q07-sensitivity")
    parts = {name: 0.05 / saving for name, saving in SAVINGS.items()}
    assert parts["scheduling"] == pytest.approx(1 / 4)
    assert parts["spot"] == pytest.approx(1 / 12)


def test_intervals_of_four_variants() -> None:
    for percent in (94.3, 95.7, 96.7, 97.2):
        interval = binomtest(round(20 * percent), 2_000).proportion_ci(0.95, "wilson")
        ends = f"({100 * interval.low:.1f} to {100 * interval.high:.1f} %)"
        assert f"{percent} % {ends}" in told("q07-floor")


def test_the_dominated_variant() -> None:
    found = {"A": (97.2, 2.40), "B": (96.7, 0.80), "C": (96.5, 1.40), "D": (95.7, 0.60)}
    for name, (percent, price) in found.items():
        assert f"{name} {percent} % at ${price:.2f}" in told("q07-frontier")
    beaten = {
        name
        for name, (percent, price) in found.items()
        if any(p >= percent and q < price for p, q in found.values())
    }
    assert beaten == {"C"}
    assert right("q07-frontier").startswith("C: B is better and cheaper")
    assert [name for name, (percent, _) in found.items() if percent >= 97] == ["A"]


def test_bytes_of_what_is_pruned_and_quantized() -> None:
    each = 0.3 + 1 / 8
    assert right("q07-bytes").startswith(f"{4 / each:.1f} times: 4 bytes to {each}")
    assert f"{4 / 0.3:.1f} times: 4 bytes to 0.3" in told("q07-bytes")
    assert f"{1 / 0.3 + 4:.1f} times: {1 / 0.3:.1f} and 4 added" in told("q07-bytes")


def test_the_ovens_of_the_opening() -> None:
    paid, bakes = 4 * 10, 30
    assert right("q00-bill").startswith(f"${(paid - bakes) * 0.5:.2f}")
    assert f"{paid} oven-hours are paid for" in right("q00-bill")
    for hours in (bakes, 0, paid):
        assert f"${hours * 0.5:.2f}" in told("q00-bill")


def test_the_dollars_of_the_same_results() -> None:
    assert "$60 saved" in right("q00-same-results")
    assert 40 / 0.4 == 100
    assert "A million still cost $100" in told("q00-same-results")
