"""A plan's steps do to the file what they say: its integers, zeros, shapes and bytes are read back."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import numpy_helper

from mlopt_lessons.combined import pipeline, prepared
from mlopt_lessons.combined.pipeline import File, Result, run_all
from mlopt_lessons.combined.prepared import FLOAT_AGAIN, READ_BACK, prepare_all
from mlopt_lessons.combined.steps import Plan, Step, parse
from mlopt_lessons.workbench import Accuracy, Latency, Price, accuracy, glyphs, load_model
from mlopt_lessons.workbench.serving.saturation import saturates

SMALL = glyphs(2_000, 400)


def weights(path: Path) -> dict[str, np.ndarray]:
    """The arrays that a file holds, by name."""
    return {each.name: numpy_helper.to_array(each) for each in onnx.load(path).graph.initializer}


def matrices(path: Path) -> dict[str, np.ndarray]:
    return {name: array for name, array in weights(path).items() if array.ndim >= 2}


class TestSteps:
    @given(percent=st.integers(0, 99), multiple=st.integers(2, 64))
    def test_amounts_are_parts(self, percent: int, multiple: int) -> None:
        assert parse(f"prune {percent} %") == Step("prune", percent / 100)
        assert parse(f"zero {percent} %") == Step("zero", percent / 100)
        assert parse(f"prune {percent} % by {multiple}").multiple == multiple

    def test_a_plan_reads_as_it_is_written(self) -> None:
        plan = Plan(("prune 50 %", "fine-tune 3", "int8"))
        assert plan.name == "prune 50 % → fine-tune 3 → int8"
        assert plan.parsed == (Step("prune", 0.5), Step("fine-tune", epochs=3), Step("int8"))
        assert (plan.precision, plan.training) == ("int8", True)
        assert (Plan().name, Plan().precision, Plan().training) == ("as trained", "fp32", False)

    @pytest.mark.parametrize(
        ("step", "told"),
        [
            ("prune 0.5", "There is no step 'prune 0.5'. Write"),
            ("prune 50", "There is no step"),
            ("prune 50 % by 0", "There is no step"),
            ("prune 100 %", "leaves nothing"),
            ("zero 150 %", "leaves nothing"),
            ("fine-tune 0", "There is no step"),
            ("int4", "There is no step"),
        ],
    )
    def test_a_step_that_is_none_is_told_what_can_be_written(self, step: str, told: str) -> None:
        with pytest.raises(ValueError, match=told):
            Plan((step,))

    def test_4_bit_comes_last(self) -> None:
        with pytest.raises(ValueError, match="'4-bit' comes last"):
            Plan(("4-bit", "prune 50 %"))

    def test_steps_are_a_tuple(self) -> None:
        with pytest.raises(TypeError, match="tuple of texts"):
            Plan("int8")  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Result]]:
    """Seven plans carried out on a few images; their files."""
    folder = tmp_path_factory.mktemp("files")
    plans = [
        Plan(),
        Plan(("int8",)),
        Plan(("int8", "prune 50 %")),
        Plan(("prune 50 %", "fine-tune", "int8")),
        Plan(("zero 50 %", "fine-tune")),
        Plan(("prune 50 % by 16",)),
        Plan(("int8", "zero 50 %")),
    ]
    return folder, run_all(plans, data=SMALL, folder=folder, repeats=30, batch=8)


def test_bytes_are_those_of_the_files(made: tuple[Path, list[Result]]) -> None:
    folder, results = made
    sizes = {file.stat().st_size for file in folder.glob("*.onnx")}
    assert {result.size_bytes for result in results} <= sizes
    assert results[0].size_bytes > 4 * 145_680  # four bytes a weight, and the graph
    assert 145_680 < results[1].size_bytes < 0.3 * results[0].size_bytes
    assert all(result.file.zstd_bytes < result.size_bytes for result in results)


def test_the_file_answers_what_the_model_answers(made: tuple[Path, list[Result]]) -> None:
    whole = accuracy(load_model("glyph_cnn"), SMALL.test_x, SMALL.test_y)
    assert abs(made[1][0].accuracy.correct - whole.correct) <= 1


def test_the_order_decides_whether_training_can_mend_the_cut(
    made: tuple[Path, list[Result]],
) -> None:
    _, (_, rounded, rounded_first, pruned_first, *_) = made
    assert rounded_first.size_bytes == pytest.approx(pruned_first.size_bytes, rel=0.001)
    assert rounded_first.accuracy.interval[1] < pruned_first.accuracy.interval[0]
    assert rounded.accuracy.value > 0.9
    assert rounded_first.file.remarks == (READ_BACK,)
    assert pruned_first.file.remarks == ()


def test_zeros_stay_zero_in_the_file_after_training(made: tuple[Path, list[Result]]) -> None:
    arrays = matrices(made[0] / "4_fp32.onnx").values()
    total = sum(array.size for array in arrays)
    assert total == 145_680
    assert sum(int((array == 0).sum()) for array in arrays) == pytest.approx(total / 2, abs=5)


def test_zeros_of_an_int8_model_are_integer_zeros(made: tuple[Path, list[Result]]) -> None:
    arrays = [a for a in matrices(made[0] / "6.onnx").values() if a.dtype == np.int8]
    total = sum(array.size for array in arrays)
    assert total == 145_680
    # Small weights were rounded to zero already, so at least half are.
    assert sum(int((array == 0).sum()) for array in arrays) >= total // 2


def test_by_16_keeps_multiples_of_16_outputs(made: tuple[Path, list[Result]]) -> None:
    biases = [len(a) for a in weights(made[0] / "5_fp32.onnx").values() if a.ndim == 1]
    layers = sorted(size for size in biases if size in range(16, 192) and size != 62)
    assert all(size % 16 == 0 for size in layers)
    assert len(layers) == 4
    assert sum(layers) < 16 + 32 + 64 + 192


def test_what_is_read_back_is_what_the_int8_file_holds(made: tuple[Path, list[Result]]) -> None:
    if saturates():
        pytest.skip("This processor's kernels need 7-bit weights, so the file's grid is coarser.")
    held = weights(made[0] / "1.onnx")
    name = next(n for n in held if n.endswith("_quantized") and held[n].shape == (16, 1, 3, 3))
    scale = held[name.replace("_quantized", "_scale")]
    from_file = held[name].astype(np.float32) * scale.reshape(-1, 1, 1, 1)
    plan = Plan(("int8", "zero 0 %"))
    (read,) = prepare_all([plan], load_model("glyph_cnn"), "glyph_cnn", None, 0)
    ours = read.model.get_submodule("conv1").get_parameter("weight").detach().numpy()
    assert np.abs(ours - from_file).max() < 1e-6


def test_training_after_rounding_says_that_the_rounding_was_lost() -> None:
    plan = Plan(("int8", "prune 50 %", "fine-tune", "int8"))
    few = glyphs(256, 400)
    (read,) = prepare_all([plan], load_model("glyph_cnn"), "glyph_cnn", few, 0)
    assert read.remarks == (READ_BACK, FLOAT_AGAIN)


def test_what_plans_share_is_trained_once(monkeypatch: pytest.MonkeyPatch) -> None:
    trained = []

    def noted(model: object, *_: object, **options: object) -> object:
        trained.append(options["epochs"])
        return model

    monkeypatch.setattr(prepared, "fine_tune", noted)
    start = ("prune 50 %", "fine-tune 2")
    plans = [Plan(start), Plan((*start, "int8")), Plan((*start, "4-bit")), Plan()]
    found = prepare_all(plans, load_model("glyph_cnn"), "glyph_cnn", SMALL, 0)
    assert trained == [2]
    assert [each.precision for each in found] == ["fp32", "int8", "4-bit", "fp32"]
    assert found[0].model is found[1].model is found[2].model


def test_the_same_seed_gives_the_same_weights() -> None:
    few, plan = glyphs(256, 400), Plan(("prune 70 %", "fine-tune"))
    first, again, other = (
        prepare_all([plan], load_model("glyph_cnn"), "glyph_cnn", few, seed)[0].model.output.bias
        for seed in (0, 0, 1)
    )
    assert (first == again).all()
    assert (first != other).any()


def test_dollars_by_hand() -> None:
    time = Latency("x", 3.6e-3, 3e-3, 4e-3, (3.6e-3,) * 30, 1, "a machine")
    file = File(Plan(), 1, 1, 1, Accuracy(9, 10), ())
    result = Result(file, time, (1.0, 1.0, 1.0), Price("x", 0.36, "by hand", "2026-11-25"), 36)
    # 0.1 ms a prediction: 100 s a million, a thirty-sixth of an hour at $0.36.
    assert result.dollars_per_million == pytest.approx(0.01)
    assert "36 images a call, 30 repeats in turn, on a machine; 10 test images" in result.provenance


def test_errors_say_what_to_do() -> None:
    with pytest.raises(ValueError, match="at least one plan"):
        run_all([])
    with pytest.raises(ValueError, match="needs the training images"):
        prepare_all([Plan(("fine-tune",))], load_model("mlp"), "mlp", None, 0)


def test_one_plan_alone_is_its_own_measure() -> None:
    result = pipeline.run(Plan(), data=glyphs(256, 400), repeats=30, batch=1)
    assert result.speedup == (1.0, 1.0, 1.0)
    assert result.latency.low_s <= result.latency.median_s <= result.latency.high_s
