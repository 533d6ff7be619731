"""The ledger: a claim is judged by its range, stored, read back, and hidden until it was predicted."""

from html import unescape
from pathlib import Path

import pytest
from small_disk import Disk

from mlopt_lessons.course.claims import CLAIMS, claim
from mlopt_lessons.course.provenance import Figure, Provenance, measured, quoted, simulated
from mlopt_lessons.course.store import Store, open_store
from mlopt_lessons.course.verdicts import PREDICT_FIRST, Verdict, ledger, verdict

DETAIL = "bytes on disk"
STAMPED = Provenance("measured", DETAIL, "1987-06-05", machine="Cray-2, 4 cores")


def size(value: float, interval: tuple[float, float] | None = None) -> Figure:
    return Figure(value, "×", STAMPED, interval)


@pytest.mark.usefixtures("no_workspace")
class TestJudging:
    @pytest.mark.parametrize(
        ("id", "of", "value", "unit", "holds"),
        [
            ("quant-1", None, 3.6, "×", True), ("quant-1", None, 4.4, "×", True),
            ("quant-1", None, 3.59, "×", False), ("quant-1", None, 4.41, "×", False),
            ("quant-2", "loss", 2.0, "points", True), ("quant-2", "loss", 2.01, "points", False),
            ("quant-2", "loss", -0.3, "points", True), ("quant-3", "speed", 3.6, "×", True),
            ("quant-3", "speed", 3.5, "×", False), ("quant-3", "speed", 40, "×", True),
            ("quant-3", "loss", 1.5, "points", True), ("quant-3", "loss", 1.51, "points", False),
        ],
    )  # fmt: skip
    def test_a_claim_holds_to_the_edges_of_its_range(
        self, id: str, of: str | None, value: float, unit: str, holds: bool
    ) -> None:
        judged = verdict(id, measured(value, unit, "a test"), of=of)
        assert judged.agrees is holds
        assert judged.holds == ("holds" if holds else "does not hold")
        assert f"verdict: the claim {judged.holds} here" in repr(judged)

    def test_the_story_holds_by_its_own_figures(self) -> None:
        for id, each in CLAIMS.items():
            for figure in each.figures:
                told = quoted(figure.value, figure.unit, "the story", "2026-01-01")
                assert verdict(id, told, of=figure.name).agrees

    def test_the_claim_itself_serves_as_its_id(self) -> None:
        assert verdict(claim("quant-1"), size(4)) == verdict("quant-1", size(4))

    @pytest.mark.parametrize("figure", [4, 4.0, "4×", None])
    def test_a_bare_number_is_refused(self, figure: object) -> None:
        with pytest.raises(TypeError, match=r"make them with measured\(\)"):
            verdict("quant-1", figure)  # type: ignore[arg-type]
        assert ledger() == []

    def test_bare_dollars_are_refused(self) -> None:
        with pytest.raises(TypeError, match="provenance"):
            verdict("quant-1", size(4), dollars=3.0)  # type: ignore[arg-type]

    @pytest.mark.parametrize("unit", ["%", "x", ""])
    def test_units_must_match(self, unit: str) -> None:
        with pytest.raises(ValueError, match="quant-1 is stated in '×', the figure is in"):
            verdict("quant-1", measured(4, unit, "a test"))
        assert ledger() == []

    def test_unknown_claims_and_figures_are_refused(self) -> None:
        with pytest.raises(ValueError, match="no claim 'quant-9'"):
            verdict("quant-9", size(4))
        with pytest.raises(ValueError, match="no figure 'speed'"):
            verdict("quant-1", size(4), of="speed")


@pytest.mark.usefixtures("no_workspace")
class TestShowing:
    def test_outside_a_workspace_the_result_shows_at_once(self) -> None:
        shown = verdict("quant-1", size(3.98, (3.9, 4.1)), case="the MLP", why="scales take bytes")
        assert repr(shown).splitlines() == [
            f"claim: quant-1: {claim('quant-1').statement}",
            "measured on: the MLP",
            "the story says: size 4× (within 10 % of 4×)",
            "you predicted: nothing yet",
            "measured: 3.98× (3.9 to 4.1) (bytes on disk)",
            "verdict: the claim holds here",
            "why: scales take bytes",
        ]
        assert shown.sentence == (
            "It was 3.98× (3.9 to 4.1); the story says 4×. The claim holds here."
        )

    def test_the_prediction_stands_beside_it(self) -> None:
        open_store().save_prediction("quant-1", 3, "×")
        shown = verdict("quant-1", size(1.7))
        assert "you predicted: 3×" in repr(shown)
        assert shown.sentence == (
            "You said 3×; it was 1.7×; the story says 4×. The claim does not hold here."
        )

    def test_a_prediction_of_the_figure_goes_before_that_of_the_claim(self) -> None:
        open_store().save_prediction("quant-3", "about the same")
        open_store().save_prediction("quant-3/speed", 2, "×")
        speed, small = (verdict("quant-3", size(4), of=name) for name in ("speed", "size"))
        assert "you predicted: 2×" in repr(speed)
        assert "you predicted: about the same" in repr(small)

    def test_dollars_say_where_they_came_from(self) -> None:
        price = quoted(0.25, "$", "price list, row 7", "2026-01-01")
        shown = repr(verdict("quant-1", size(4), dollars=price))
        assert "in dollars: $0.25 (quoted: price list, row 7)" in shown

    def test_plain_text_has_neither_date_nor_machine_and_html_has_both(self) -> None:
        shown = verdict("quant-1", size(4))
        assert "1987" not in repr(shown)
        assert "Cray" not in repr(shown)
        html = unescape(shown._repr_html_())
        assert "1987-06-05, Cray-2, 4 cores" in html
        assert all(f"<b>{label}</b>: {text}" in html for label, text in shown.rows())

    def test_html_is_escaped(self) -> None:
        html = verdict("quant-1", size(4), case="<b>&", why="<script>")._repr_html_()
        assert "&lt;b&gt;&amp;" in html
        assert "<script>" not in html


class TestKeeping:
    def full(self) -> Verdict:
        dollars = simulated(12.5, "$", "spot model", 7, interval=(10, 15))
        return verdict(
            "quant-3", size(3.5, (3.4, 3.6)), of="size", case="MLP", dollars=dollars, why="scales"
        )

    def test_a_verdict_reads_back_as_it_was(self, workspace: Path) -> None:
        open_store().save_prediction("quant-3/size", 4, "×")
        given = self.full()
        again = Store(workspace / ".mlopt/progress.sqlite")
        assert ledger(again) == [given]
        assert not given.hidden

    @pytest.mark.usefixtures("workspace")
    def test_one_without_dollars_and_interval_reads_back_too(self) -> None:
        open_store().save_prediction("quant-1", "smaller")
        given = verdict("quant-1", quoted(4, "×", "a datasheet", "2020"))
        assert ledger() == [given]

    @pytest.mark.usefixtures("no_workspace")
    def test_the_latest_of_each_case_in_the_order_of_the_first(self) -> None:
        for value, case in [(4.0, "a"), (3.0, "b"), (2.0, "a")]:
            verdict("quant-1", size(value), case=case)
        assert [(each.case, each.figure.value) for each in ledger()] == [("a", 2.0), ("b", 3.0)]


class TestHiding:
    def hides(self, shown: Verdict) -> bool:
        texts = (repr(shown), shown._repr_html_())
        secrets = ("3.97", "holds", "does not hold", "009E73", "D55E00", "because")
        return all(PREDICT_FIRST in unescape(t) for t in texts) and not any(
            secret in text for secret in secrets for text in texts
        )

    def show(self) -> Verdict:
        return verdict("quant-1", size(3.97), case="MLP", why="because")

    @pytest.mark.usefixtures("workspace")
    def test_in_a_workspace_nothing_shows_before_the_prediction(self) -> None:
        assert self.hides(self.show())
        assert all(self.hides(each) for each in ledger())
        open_store().save_prediction("quant-1", 3, "×")
        assert not self.hides(self.show())
        assert [each.hidden for each in ledger()] == [False]
        assert "you predicted: 3×" in repr(ledger()[0])

    @pytest.mark.usefixtures("workspace")
    def test_another_claims_prediction_shows_nothing(self) -> None:
        open_store().save_prediction("quant-2", 1, "points")
        assert self.hides(self.show())


class TestTrouble:
    def test_progress_that_cannot_be_written_still_shows_the_verdict(
        self, disk: Disk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("MLOPT_WORKSPACE", str(disk.path))
        (disk.path / ".mlopt").mkdir()
        open_store().save_prediction("quant-1", 3, "×")
        open_store().close()
        disk.read_only()
        shown = verdict("quant-1", size(3.97))
        assert "the claim holds here" in repr(shown)
        assert "you predicted: 3×" in repr(shown)
        assert "note: Progress cannot be saved" in repr(shown)
        assert ledger() == []

    def test_damaged_progress_still_shows_the_verdict(self, workspace: Path) -> None:
        (workspace / ".mlopt/progress.sqlite").write_bytes(b"not a database" * 500)
        shown = verdict("quant-1", size(3.97))
        assert "the claim holds here" in repr(shown)
        assert "is damaged and was left as it is" in shown.note
