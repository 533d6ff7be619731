"""Linear layers that compute with the kept weights alone (CSR), and where that starts to pay.

A CSR matrix stores each non-zero value with its column. The product skips the zeros, but it reads
an index for each value and jumps through the input, so that it does less work at a lower speed.
`csr @ x.T` is the product that PyTorch runs with a sparse kernel of the processor's library.
"""

import copy
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mlopt_lessons.pruning.masks import random_mask
from mlopt_lessons.workbench import Latency, latency, ratio


class CsrLinear(nn.Module):
    """A Linear layer whose weight is a CSR matrix with int32 indices, in PyTorch, for inference.

    Takes x of shape (batch, inputs), returns (batch, outputs), as the dense layer does.
    """

    weight: Tensor
    bias: Tensor | None

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        self.register_buffer("weight", csr(layer.weight.detach()))
        bias = None if layer.bias is None else layer.bias.detach().clone()
        self.register_buffer("bias", bias)

    def forward(self, x: Tensor) -> Tensor:
        """The product with the kept weights, plus the bias."""
        # `F.linear` would take a slower way through the same matrix.
        product = (self.weight @ x.T).T
        return product if self.bias is None else product + self.bias


def csr(weight: Tensor) -> Tensor:
    """The matrix (outputs, inputs) in CSR with int32 indices; zeros are left out."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta")
        wide = weight.to_sparse_csr()
        rows, columns = wide.crow_indices().int(), wide.col_indices().int()
        return torch.sparse_csr_tensor(
            rows, columns, wide.values(), wide.shape, check_invariants=True
        )


def with_csr(model: nn.Module) -> nn.Module:
    """A copy whose Linear layers are `CsrLinear`; convolutions stay as they are.

    PyTorch has no sparse convolution on the processor. Raises ValueError without a Linear layer.
    """
    result = copy.deepcopy(model)
    found = [name for name, layer in result.named_modules() if isinstance(layer, nn.Linear)]
    if not found:
        raise ValueError(
            "The model has no Linear layer: PyTorch multiplies only those in CSR. Remove channels "
            "instead (structured pruning)."
        )
    for name in found:
        layer = result.get_submodule(name)
        assert isinstance(layer, nn.Linear)
        if not name:
            return CsrLinear(layer)
        result.set_submodule(name, CsrLinear(layer))
    return result.eval()


@dataclass(frozen=True)
class CsrPoint:
    """One density (the part of weights that is kept) at one batch size.

    `speedup` is the dense product's time over CSR's in paired rounds: median, 10th and 90th
    percentile; below 1, CSR is slower.
    """

    density: float
    batch: int
    dense: Latency
    csr: Latency
    speedup: tuple[float, float, float]


def csr_sweep(
    size: int = 2048,
    densities: Sequence[float] = (0.5, 0.3, 0.2, 0.1, 0.05),
    batches: Sequence[int] = (1, 64),
    *,
    repeats: int = 30,
    seed: int = 0,
) -> list[CsrPoint]:
    """Times dense and CSR products of a size × size layer, at each density and batch size.

    Which weights are kept is drawn by lot: where the zeros stand matters little, how many matters.
    Raises ValueError for a density that is not above 0 and at most 1.
    """
    if not all(0 < density <= 1 for density in densities):
        raise ValueError(f"Densities are parts above 0 and at most 1, got {tuple(densities)}.")
    generator = torch.Generator().manual_seed(seed)
    weight = torch.randn(size, size, generator=generator)
    inputs = [torch.randn(batch, size, generator=generator) for batch in batches]
    return [
        _point(_layer(weight, density, seed), density, x, repeats)
        for density in densities
        for x in inputs
    ]


def pays_from(points: Sequence[CsrPoint], batch: int) -> float | None:
    """The largest measured density at which CSR beats dense at this batch size; None if at none."""
    paying = [p.density for p in points if p.batch == batch and p.speedup[0] > 1]
    return max(paying, default=None)


def _layer(weight: Tensor, density: float, seed: int) -> nn.Linear:
    outputs, inputs = weight.shape
    layer = nn.Linear(inputs, outputs)
    with torch.no_grad():
        layer.weight.copy_(weight * random_mask(weight, 1 - density, seed))
    return layer


def _point(layer: nn.Linear, density: float, x: Tensor, repeats: int) -> CsrPoint:
    sparse = CsrLinear(layer)
    with torch.inference_mode():
        timed = latency({"dense": lambda: layer(x), "csr": lambda: sparse(x)}, repeats=repeats)
    dense, kept = timed["dense"], timed["csr"]
    return CsrPoint(density, len(x), dense, kept, ratio(dense, kept))
