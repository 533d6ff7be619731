"""Known image networks, as their papers and torchvision define them, in plain torch.nn.

Made for counting: build them on the meta device. Weights are not initialised as for training.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn

CLASSES = 1000


def _conv_norm(inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> list:
    conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
    return [conv, nn.BatchNorm2d(outputs)]


class Residual(nn.Module):
    """A branch and a shortcut, added, then ReLU."""

    def __init__(self, branch: nn.Module, shortcut: nn.Module) -> None:
        super().__init__()
        self.branch, self.shortcut = branch, shortcut

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(batch, channels, height, width) to the branch's shape."""
        return F.relu_(self.branch(x).add_(self.shortcut(x)))


def _basic(inputs: int, width: int, stride: int) -> Residual:
    branch = [*_conv_norm(inputs, width, 3, stride), nn.ReLU(True), *_conv_norm(width, width, 3)]
    return Residual(nn.Sequential(*branch), _shortcut(inputs, width, stride))


def _bottleneck(inputs: int, width: int, stride: int) -> Residual:
    # The stride is in the 3 × 3 convolution, as in torchvision ("ResNet v1.5").
    reduce = [*_conv_norm(inputs, width, 1), nn.ReLU(True)]
    middle = [*_conv_norm(width, width, 3, stride), nn.ReLU(True)]
    branch = nn.Sequential(*reduce, *middle, *_conv_norm(width, 4 * width, 1))
    return Residual(branch, _shortcut(inputs, 4 * width, stride))


def _shortcut(inputs: int, outputs: int, stride: int) -> nn.Module:
    if stride == 1 and inputs == outputs:
        return nn.Identity()
    return nn.Sequential(*_conv_norm(inputs, outputs, 1, stride))


def resnet(blocks: Sequence[int], bottleneck: bool) -> nn.Sequential:
    """ResNet (He et al. 2015, arXiv:1512.03385, table 1) with `blocks` in each of four stages.

    Takes images (batch, 3, height, width), returns logits (batch, 1000).
    """
    layers = [*_conv_norm(3, 64, 7, 2), nn.ReLU(True), nn.MaxPool2d(3, 2, 1)]
    make, growth, inputs = (_bottleneck, 4, 64) if bottleneck else (_basic, 1, 64)
    for stage, count in enumerate(blocks):
        for index in range(count):
            stride = 2 if stage > 0 and index == 0 else 1
            layers.append(make(inputs, 64 << stage, stride))
            inputs = (64 << stage) * growth
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, CLASSES))


def vgg16() -> nn.Sequential:
    """VGG-16 without batch normalisation (Simonyan and Zisserman 2014, arXiv:1409.1556, column D)."""
    layers: list[nn.Module] = []
    inputs = 3
    for width, count in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(count):
            layers += [nn.Conv2d(inputs, width, 3, padding=1), nn.ReLU(True)]
            inputs = width
        layers.append(nn.MaxPool2d(2))
    hidden = [nn.Linear(512 * 7 * 7, 4096), nn.ReLU(True), nn.Dropout()]
    hidden += [nn.Linear(4096, 4096), nn.ReLU(True), nn.Dropout()]
    return nn.Sequential(*layers, nn.Flatten(), *hidden, nn.Linear(4096, CLASSES))


class Inverted(nn.Module):
    """MobileNetV2's block: widen, depthwise convolution, narrow; added to its input where shapes allow."""

    def __init__(self, inputs: int, outputs: int, stride: int, widen: int) -> None:
        super().__init__()
        inner = inputs * widen
        wide = [*_conv_norm(inputs, inner, 1), nn.ReLU6(True)] if widen > 1 else []
        deep = [*_conv_norm(inner, inner, 3, stride, groups=inner), nn.ReLU6(True)]
        self.branch = nn.Sequential(*wide, *deep, *_conv_norm(inner, outputs, 1))
        self.adds = stride == 1 and inputs == outputs

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(batch, channels, height, width) to the branch's shape."""
        return x + self.branch(x) if self.adds else self.branch(x)


def mobilenet_v2() -> nn.Sequential:
    """MobileNetV2 (Sandler et al. 2018, arXiv:1801.04381, table 2)."""
    layers: list[nn.Module] = [*_conv_norm(3, 32, 3, 2), nn.ReLU6(True)]
    inputs = 32
    table = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1))
    for widen, outputs, count, first in (*table, (6, 160, 3, 2), (6, 320, 1, 1)):
        for index in range(count):
            layers.append(Inverted(inputs, outputs, first if index == 0 else 1, widen))
            inputs = outputs
    layers += [*_conv_norm(inputs, 1280, 1), nn.ReLU6(True), nn.AdaptiveAvgPool2d(1)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Dropout(0.2), nn.Linear(1280, CLASSES))
