"""The models that get compressed: a wide MLP, a small CNN and a depthwise CNN."""

from collections.abc import Callable

import torch
from torch import nn

GLYPH_CLASSES = 62


class WideMLP(nn.Module):
    """64 → 2048 → 2048 → 10 with ReLU, 4.35 M weights: bytes and speed are real on a laptop.

    Takes digits of shape (batch, 64), returns logits of shape (batch, 10).
    """

    def __init__(self, width: int = 2048) -> None:
        super().__init__()
        self.hidden1 = nn.Linear(64, width)
        self.hidden2 = nn.Linear(width, width)
        self.output = nn.Linear(width, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits of shape (batch, 10)."""
        return self.output(torch.relu(self.hidden2(torch.relu(self.hidden1(x)))))


class GlyphCNN(nn.Module):
    """Three convolutions and two Linear layers, 0.15 M weights, for 28 × 28 glyphs of 62 characters.

    Takes images of shape (batch, 1, 28, 28), returns logits of shape (batch, 62).
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.conv3 = nn.Conv2d(32, 64, 3, padding=1)
        self.hidden = nn.Linear(64 * 3 * 3, 192)
        self.output = nn.Linear(192, GLYPH_CLASSES)
        self.pool = nn.MaxPool2d(2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits of shape (batch, 62)."""
        for convolution in (self.conv1, self.conv2, self.conv3):
            x = self.pool(torch.relu(convolution(x)))
        return self.output(torch.relu(self.hidden(x.flatten(1))))


class DepthwiseCNN(nn.Module):
    """Depthwise-separable blocks with batch normalisation, 0.04 M weights, for the same glyphs.

    Each depthwise filter has its own range of weights, which is what makes one scale per tensor fail
    (Nagel et al. 2021, arXiv:2106.08295, section 3.2).
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 24, 3, padding=1), nn.BatchNorm2d(24), nn.ReLU())
        self.block1 = _separable(24, 48, stride=2)
        self.block2 = _separable(48, 96, stride=2)
        self.block3 = _separable(96, 192, stride=2)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.output = nn.Linear(192, GLYPH_CLASSES)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits of shape (batch, 62)."""
        x = self.block3(self.block2(self.block1(self.stem(x))))
        return self.output(self.pool(x).flatten(1))


def _separable(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, inputs, 3, stride=stride, padding=1, groups=inputs),
        nn.BatchNorm2d(inputs),
        nn.ReLU(),
        nn.Conv2d(inputs, outputs, 1),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    )


MODELS: dict[str, Callable[[], nn.Module]] = {
    "mlp": WideMLP,
    "glyph_cnn": GlyphCNN,
    "depthwise_cnn": DepthwiseCNN,
}


def build(name: str, seed: int = 0) -> nn.Module:
    """A new, untrained model; the same seed gives the same weights.

    Raises ValueError for a name that is not in MODELS.
    """
    if name not in MODELS:
        raise ValueError(f"There is no model {name!r}; choose one of {', '.join(MODELS)}.")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return MODELS[name]()


def fold_batch_norm(model: nn.Module) -> nn.Module:
    """Folds each BatchNorm into the convolution before it, in place: what is served holds no BatchNorm.

    In evaluation mode BatchNorm is one factor and one offset per channel (Jacob et al. 2018,
    arXiv:1712.05877, section 3.2), so that outputs stay equal up to float32 rounding.
    """
    for parent in model.modules():
        if not isinstance(parent, nn.Sequential):
            continue
        for index, (conv, norm) in enumerate(zip(list(parent), list(parent)[1:], strict=False)):
            if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                parent[index] = nn.utils.fuse_conv_bn_eval(conv.eval(), norm.eval())
                parent[index + 1] = nn.Identity()
    return model
