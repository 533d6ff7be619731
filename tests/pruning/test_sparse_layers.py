"""CSR layers answer as dense ones, and their matrices are scipy's."""

import numpy as np
import pytest
import scipy.sparse
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from mlopt_lessons import pruning
from mlopt_lessons.pruning.sparse import CsrLinear, csr


def layer(inputs: int, outputs: int, density: float, seed: int, bias: bool = True) -> nn.Linear:
    torch.manual_seed(seed)
    made = nn.Linear(inputs, outputs, bias=bias)
    with torch.no_grad():
        made.weight *= torch.rand_like(made.weight) < density
    return made


@settings(deadline=None)
@given(
    st.integers(1, 40), st.integers(1, 40), st.floats(0, 1), st.integers(0, 999), st.integers(1, 5)
)
def test_the_answers_are_the_dense_layers(inputs, outputs, density, seed, batch):
    dense = layer(inputs, outputs, density, seed, bias=seed % 2 == 0)
    x = torch.randn(batch, inputs)
    with torch.inference_mode():
        torch.testing.assert_close(CsrLinear(dense)(x), dense(x), atol=1e-5, rtol=1e-4)


def test_the_matrix_is_scipys():
    weight = layer(30, 20, 0.2, seed=1).weight.detach()
    ours, oracle = csr(weight), scipy.sparse.csr_matrix(weight.numpy())
    np.testing.assert_array_equal(ours.crow_indices(), oracle.indptr)
    np.testing.assert_array_equal(ours.col_indices(), oracle.indices)
    np.testing.assert_array_equal(ours.values(), oracle.data)


def test_every_linear_layer_of_a_copy_becomes_sparse():
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(8, 4), nn.Linear(4, 2))
    x = torch.randn(3, 1, 4, 4)
    sparse = pruning.with_csr(model)
    kinds = [type(part).__name__ for part in sparse]
    assert kinds == ["Conv2d", "Flatten", "CsrLinear", "CsrLinear"]
    assert isinstance(model[2], nn.Linear)
    with torch.inference_mode():
        torch.testing.assert_close(sparse(x), model(x))
        torch.testing.assert_close(pruning.with_csr(model[3])(x[:, 0, 0]), model[3](x[:, 0, 0]))


def test_a_model_of_convolutions_gets_a_sentence():
    with pytest.raises(ValueError, match="no Linear layer"):
        pruning.with_csr(nn.Conv2d(1, 2, 3))


@pytest.mark.timing
def test_csr_pays_at_few_weights_and_not_at_half():
    points = pruning.csr_sweep(1024, (0.5, 0.02), (1, 64))
    found = {(p.density, p.batch): p.speedup[0] for p in points}
    # On the machines measured: 0.3 to 0.5 at half density, 3 to 8 at 2 %. Wide bars.
    assert found[0.5, 64] < 1 < found[0.02, 64]
    assert all(found[0.02, batch] > 2 * found[0.5, batch] for batch in (1, 64))
    assert pruning.pays_from(points, 64) == 0.02
    assert pruning.pays_from([], 64) is None


@pytest.mark.parametrize("density", [0, -0.1, 1.1, float("nan")])
def test_a_density_out_of_range_gets_a_sentence(density):
    with pytest.raises(ValueError, match="Densities are parts"):
        pruning.csr_sweep(8, (density,))
