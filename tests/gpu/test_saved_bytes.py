"""Bytes counted on the meta device against what real CPU tensors save."""

import pytest
import torch
from torch import nn

from mlopt_lessons.gpu.meta import cross_entropy, total
from mlopt_lessons.gpu.networks import network
from mlopt_lessons.gpu.networks_transformer import Bert, Gpt2, Llama, VisionTransformer
from mlopt_lessons.gpu.networks_vision import mobilenet_v2, resnet
from mlopt_lessons.gpu.saved import saved_bytes
from mlopt_lessons.workbench.models import DepthwiseCNN, GlyphCNN, WideMLP


def really_saved(model, *inputs, loss=total):
    """Bytes of the storages, by address, that a real forward pass on the CPU keeps."""
    weights = {each.data_ptr() for each in (*model.parameters(), *model.buffers())}
    kept, alive = {}, []

    def note(tensor):
        storage = tensor.untyped_storage()
        alive.append(tensor)
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        loss(model.train()(*inputs))
    return sum(kept.values())


CONVOLUTIONAL = {
    "resnet18, batch 2": (lambda: network("resnet18").build(), (2, 3, 224, 224)),
    "bottleneck": (lambda: resnet((1, 1, 1, 1), True), (3, 3, 96, 96)),
    "mobilenet": (mobilenet_v2, (2, 3, 64, 64)),
    "glyph": (GlyphCNN, (5, 1, 28, 28)),
    "depthwise": (DepthwiseCNN, (5, 1, 28, 28)),
    "mlp": (WideMLP, (4, 64)),
    "pools": (
        lambda: nn.Sequential(nn.Conv1d(2, 3, 3), nn.AvgPool1d(2), nn.Sigmoid(), nn.Flatten()),
        (4, 2, 12),
    ),
}


@pytest.mark.parametrize("case", CONVOLUTIONAL)
@pytest.mark.parametrize("loss", [total, cross_entropy])
def test_convolutional_networks_save_exactly_what_real_tensors_save(case, loss):
    build, shape = CONVOLUTIONAL[case]
    model = build()
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0  # has a test of its own
    assert saved_bytes(model, shape, loss=loss) == really_saved(model, torch.rand(shape), loss=loss)


TRANSFORMERS = {
    "bert": (lambda: Bert(32, 2, 4, vocab=50), True),
    "gpt2": (lambda: Gpt2(32, 2, 4, vocab=50), True),
    "llama": (lambda: Llama(32, 2, 4, 4, 48, vocab=50), True),
    "vit": (lambda: VisionTransformer(32, 2, 4, image=64), False),
}


@pytest.mark.parametrize("case", TRANSFORMERS)
def test_fused_attention_saves_what_the_fused_kernel_of_the_cpu_saves(case):
    build, reads_tokens = TRANSFORMERS[case]
    model = build()
    given = torch.ones(2, 16, dtype=torch.int64) if reads_tokens else torch.rand(2, 3, 64, 64)
    counted, real = saved_bytes(model, given), really_saved(model, given)
    # The GPU's kernel keeps the state of its random numbers besides, for dropout: bytes a layer.
    assert 0 <= counted - real <= 2 * 64


def test_gpt2_saves_what_the_published_formula_says():
    # Korthikanti et al. 2022, arXiv:2205.05198, section 4.1: 34 · seq · width bytes a layer in 16 bits, of
    # which 2 are dropout masks; the seq² term goes with fused attention. So 16 numbers in any precision.
    gpt2 = network("gpt2")
    seq, width, layers, heads, vocab = 1024, 768, 12, 12, 50257
    blocks = layers * 16 * seq * width
    norms, rows, logits = (2 * layers + 1) * 2 * seq, layers * heads * seq, seq * vocab
    last = 2 * seq * width  # the last norm's input and output
    counted = saved_bytes(gpt2.on_meta(), *gpt2.inputs(1), loss=gpt2.loss)
    assert counted == pytest.approx(4 * (blocks + norms + rows + logits + last), rel=1e-3)


def test_a_storage_counts_once_and_weights_do_not():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(6))

        def forward(self, x):
            y = x * self.weight  # keeps x
            return (y * y.view(1, 6)).sum() + (y**2).sum()  # keep y, four times

    assert saved_bytes(Twice(), (1, 6)) == 2 * 6 * 4


def test_dropout_keeps_a_mask_of_one_byte_a_number():
    plain = nn.Sequential(nn.Linear(8, 100), nn.Sigmoid())
    dropped = nn.Sequential(*plain, nn.Dropout(0.2))
    assert saved_bytes(dropped, (2, 8)) - saved_bytes(plain, (2, 8)) == 2 * 100
    # The CPU has no fused dropout: it keeps a float for each.
    x = torch.rand(2, 8)
    assert really_saved(dropped, x) - really_saved(plain, x) == 4 * 2 * 100


def test_attention_with_a_mask_keeps_its_matrix():
    class Masked(nn.Module):
        def forward(self, x):
            mask = x.new_zeros(x.shape[-2], x.shape[-2])
            return nn.functional.scaled_dot_product_attention(x, x, x, attn_mask=mask)

    class Start(nn.Module):
        def __init__(self, attend):
            super().__init__()
            self.scale, self.attend = nn.Parameter(torch.ones(1)), attend

        def forward(self, x):
            return self.attend(x * self.scale)

    seq = 128
    assert saved_bytes(Start(Masked()), (1, 2, seq, 8)) >= 4 * 2 * seq**2
