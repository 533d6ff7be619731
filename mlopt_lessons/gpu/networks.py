"""The networks that the lesson knows by name, with the sizes that were published for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches

import torch
from torch import nn

from mlopt_lessons.gpu import networks_transformer as transformer
from mlopt_lessons.gpu import networks_vision as vision
from mlopt_lessons.gpu.meta import Loss, cross_entropy, total

IMAGE = (3, 224, 224)


@dataclass(frozen=True)
class Cache:
    """What sets the size of a language model's KV cache."""

    layers: int
    kv_heads: int
    head_dim: int

    def numbers(self, seq_len: int) -> int:
        """Numbers kept for one sequence: 2 (key and value) · layers · kv heads · head size · seq_len."""
        return 2 * self.layers * self.kv_heads * self.head_dim * seq_len


@dataclass(frozen=True)
class Network:
    """A network by name. `shape` is one sample's; for token ids, (usual seq_len,) and its longest.

    `parameters` is the published count, `source` where it stands.
    """

    name: str
    build: Callable[[], nn.Module]
    shape: tuple[int, ...]
    parameters: int
    source: str
    longest: int | None = None
    cache: Cache | None = None
    loss: Loss = cross_entropy

    def on_meta(self) -> nn.Module:
        """A new model on the meta device: no memory, whatever its size."""
        with torch.device("meta"):
            return self.build()

    def seq_len(self, seq_len: int | None) -> int | None:
        """`seq_len` checked, or the usual one; None for a network of images.

        Raises ValueError for one that the network cannot take.
        """
        if self.longest is None:
            if seq_len is not None:
                raise ValueError(f"{self.name} takes images, so it has no seq_len.")
            return None
        found = self.shape[0] if seq_len is None else seq_len
        if type(found) is not int or not 1 <= found <= self.longest:
            raise ValueError(
                f"seq_len of {self.name} is a whole number from 1 to {self.longest}, not {found!r}."
            )
        return found

    def inputs(self, batch: int, seq_len: int | None = None) -> tuple[torch.Tensor, ...]:
        """Meta tensors of a batch: images (batch, 3, 224, 224), or token ids (batch, seq_len)."""
        tokens = self.seq_len(seq_len)
        if tokens is None:
            return (torch.empty(batch, *self.shape, device="meta"),)
        return (torch.zeros(batch, tokens, dtype=torch.int64, device="meta"),)


TORCHVISION = "docs.pytorch.org/vision/stable/models.html, num_params"
GPT2_SOURCE = "huggingface.co/openai-community, Radford et al. 2019"
LLAMA_SOURCE = "arXiv:2307.09288, 6.7 B; meta-llama/Llama-2-7b-hf, exact"


def _resnet(name: str, blocks: tuple[int, ...], bottleneck: bool, parameters: int) -> Network:
    return Network(name, lambda: vision.resnet(blocks, bottleneck), IMAGE, parameters, TORCHVISION)


def _vit(name: str, width: int, layers: int, heads: int, parameters: int) -> Network:
    build = lambda: transformer.VisionTransformer(width, layers, heads)  # noqa: E731
    return Network(name, build, IMAGE, parameters, TORCHVISION)


def _gpt2(name: str, width: int, layers: int, heads: int, parameters: int) -> Network:
    build = lambda: transformer.Gpt2(width, layers, heads)  # noqa: E731
    cache = Cache(layers, heads, width // heads)
    return Network(name, build, (1024,), parameters, GPT2_SOURCE, 1024, cache)


def _bert_base() -> Network:
    source = "huggingface.co/google-bert/bert-base-uncased, with pooler; Devlin et al. 2018"
    build = lambda: transformer.Bert(768, 12, 12)  # noqa: E731
    return Network("bert_base", build, (128,), 109_482_240, source, 512, None, total)


def _llama_7b() -> Network:
    build = lambda: transformer.Llama(4096, 32, 32, 32, 11008)  # noqa: E731
    return Network(
        "llama_7b", build, (2048,), 6_738_415_616, LLAMA_SOURCE, 4096, Cache(32, 32, 128)
    )


_LISTED = (
    _resnet("resnet18", (2, 2, 2, 2), False, 11_689_512),
    _resnet("resnet34", (3, 4, 6, 3), False, 21_797_672),
    _resnet("resnet50", (3, 4, 6, 3), True, 25_557_032),
    _resnet("resnet101", (3, 4, 23, 3), True, 44_549_160),
    _resnet("resnet152", (3, 8, 36, 3), True, 60_192_808),
    Network("vgg16", vision.vgg16, IMAGE, 138_357_544, TORCHVISION),
    Network("mobilenet_v2", vision.mobilenet_v2, IMAGE, 3_504_872, TORCHVISION),
    _vit("vit_b16", 768, 12, 12, 86_567_656),
    _vit("vit_l16", 1024, 24, 16, 304_326_632),
    _bert_base(),
    _gpt2("gpt2", 768, 12, 12, 124_439_808),
    _gpt2("gpt2_xl", 1600, 48, 25, 1_557_611_200),
    _llama_7b(),
)

#: The networks by name.
NETWORKS: dict[str, Network] = {each.name: each for each in _LISTED}


def network(name: str) -> Network:
    """The network of that name. Raises ValueError, with the nearest names, for one that is not there."""
    found = NETWORKS.get(name) if isinstance(name, str) else None
    if found is None:
        close = get_close_matches(str(name).casefold().replace("-", "_"), NETWORKS, n=2, cutoff=0.5)
        raise ValueError(
            f"There is no network {name!r}; choose one of {', '.join(close or NETWORKS)}."
        )
    return found
