"""A whole model pruned in one call: single weights or whole outputs, then fine-tuned."""

from dataclasses import dataclass

from torch import Tensor, nn

from mlopt_lessons.pruning.apply import fine_tune, magnitude_masks, masked, weights_of
from mlopt_lessons.pruning.structured import remove_outputs
from mlopt_lessons.workbench import Dataset


@dataclass(frozen=True, eq=False)
class Pruned:
    """The model right after the cut, the same after fine-tuning (or None), and what to know."""

    cut: nn.Module
    tuned: nn.Module | None
    remarks: tuple[str, ...]

    @property
    def final(self) -> nn.Module:
        """The fine-tuned model where there is one."""
        return self.tuned or self.cut


def prune(
    model: nn.Module,
    amount: float,
    *,
    structured: bool,
    data: Dataset | None = None,
    epochs: int = 0,
    learning_rate: float = 1e-3,
    seed: int = 0,
) -> Pruned:
    """Cut `amount` of the weights (or, structured, of each layer's outputs), then fine-tune.

    Args:
        amount: the part to cut, from 0 to 1.
        data: what fine-tuning trains on; needed when `epochs` is above 0.

    Raises:
        ValueError: as `remove_outputs`, `magnitude_masks` and `train`; epochs without data.
    """
    if epochs and data is None:
        raise ValueError("Fine-tuning needs training data with labels: give it, or 0 epochs.")
    cut, masks, remarks = (_without_outputs if structured else _with_zeros)(model, amount)
    if not epochs or data is None:
        return Pruned(cut, None, tuple(remarks))
    tuned = fine_tune(cut, masks, data, epochs=epochs, seed=seed, learning_rate=learning_rate)
    told = f"Fine-tuned on {len(data.train_x):,} rows for {epochs} epoch{'s' * (epochs > 1)}."
    return Pruned(cut, tuned, (*remarks, told))


def _without_outputs(
    model: nn.Module, amount: float
) -> tuple[nn.Module, dict[str, Tensor], list[str]]:
    made = remove_outputs(model, amount)
    whole, left = (sum(w.numel() for w in weights_of(m).values()) for m in (model, made.model))
    remarks = [
        f"{left:,} of {whole:,} weights are left: {1 - left / whole:.1%} are gone.",
        *(f"{name} kept all its outputs: {why}." for name, why in made.fixed.items()),
    ]
    return made.model, {}, remarks


def _with_zeros(model: nn.Module, amount: float) -> tuple[nn.Module, dict[str, Tensor], list[str]]:
    masks = magnitude_masks(model, amount)
    remarks = [
        f"{name}: {1 - mask.float().mean().item():.1%} of {mask.numel():,} weights are zero."
        for name, mask in masks.items()
    ]
    return masked(model, masks), masks, remarks
