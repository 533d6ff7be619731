"""A small GPT that reads and writes one character at a time, as plain as it can be.

Decoder-only, with layer normalisation before each part (Radford et al. 2019, "Language Models are
Unsupervised Multitask Learners", section 2.3). Query, key, value and output are layers of their own,
and each layer has its own number of heads and of neurons: pruning can take out any of them.
"""

from dataclasses import dataclass
from math import sqrt

import torch
from torch import Tensor, nn

KeyValue = tuple[Tensor, Tensor]
Cache = tuple[KeyValue, ...]


@dataclass(frozen=True)
class Size:
    """How large a CharGPT is; `heads` and `hidden` have one entry for each layer.

    Raises ValueError when an entry is below 1 or when the two have different lengths.
    """

    vocabulary: int = 97
    context: int = 128
    width: int = 128
    head_size: int = 32
    heads: tuple[int, ...] = (4, 4, 4, 4)
    hidden: tuple[int, ...] = (512, 512, 512, 512)

    def __post_init__(self) -> None:
        single = (self.vocabulary, self.context, self.width, self.head_size)
        if min(*single, *self.heads, *self.hidden) < 1:
            raise ValueError(f"Each part of {self} must be at least 1; keep one head and neuron.")
        if len(self.heads) != len(self.hidden) or not self.heads:
            raise ValueError(
                f"{len(self.heads)} numbers of heads and {len(self.hidden)} of neurons do not pair "
                "up; give one of each for every layer."
            )


class Attention(nn.Module):
    """Causal attention of `heads` heads of `head_size` each, over inputs of `width`."""

    def __init__(self, width: int, heads: int, head_size: int) -> None:
        super().__init__()
        self.head_size = head_size
        self.query = nn.Linear(width, heads * head_size)
        self.key = nn.Linear(width, heads * head_size)
        self.value = nn.Linear(width, heads * head_size)
        self.out = nn.Linear(heads * head_size, width)

    @property
    def heads(self) -> int:
        """How many heads the layers hold."""
        return self.query.out_features // self.head_size

    def forward(self, x: Tensor, seen: Tensor, past: KeyValue | None) -> tuple[Tensor, KeyValue]:
        """x (batch, time, width) → the same shape, and keys and values of past and present.

        `seen` (time, past + time) is True where a position may look; keys and values have the shape
        (batch, heads, past + time, head_size).
        """
        query, key, value = (self._split(layer(x)) for layer in (self.query, self.key, self.value))
        if past is not None:
            key = torch.cat([past[0], key], dim=2)
            value = torch.cat([past[1], value], dim=2)
        mixed = attend(query, key, value, seen)
        return self.out(mixed.transpose(1, 2).flatten(2)), (key, value)

    def _split(self, x: Tensor) -> Tensor:
        """(batch, time, heads · head_size) → (batch, heads, time, head_size)."""
        return x.unflatten(2, (-1, self.head_size)).transpose(1, 2)


def attend(query: Tensor, key: Tensor, value: Tensor, seen: Tensor) -> Tensor:
    """softmax(Q Kᵀ / √d) V over what is seen (Vaswani et al. 2017, arXiv:1706.03762, eq. 1).

    query (batch, heads, time, d); key and value (batch, heads, places, d); seen (time, places),
    True where a position may look. Returns the shape of query.
    """
    scores = (query / sqrt(query.shape[3])) @ key.transpose(2, 3)
    return scores.masked_fill(~seen, -torch.inf).softmax(3) @ value


class Block(nn.Module):
    """One layer: attention, then a perceptron of `hidden` neurons, each added to its input."""

    def __init__(self, width: int, heads: int, head_size: int, hidden: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attention = Attention(width, heads, head_size)
        self.norm2 = nn.LayerNorm(width)
        self.up = nn.Linear(width, hidden)
        self.gelu = nn.GELU()
        self.down = nn.Linear(hidden, width)

    def forward(self, x: Tensor, seen: Tensor, past: KeyValue | None) -> tuple[Tensor, KeyValue]:
        """x (batch, time, width) → the same shape, with the layer's keys and values."""
        mixed, cache = self.attention(self.norm1(x), seen, past)
        x = x + mixed
        return x + self.down(self.gelu(self.up(self.norm2(x)))), cache


class CharGPT(nn.Module):
    """Tokens (batch, time) in int64 → logits (batch, time, vocabulary) for the next token of each.

    The same seed gives the same untrained weights.
    """

    def __init__(self, size: Size | None = None, seed: int = 0) -> None:
        super().__init__()
        size = size or Size()
        self.context = size.context
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.token = nn.Embedding(size.vocabulary, size.width)
            self.position = nn.Embedding(size.context, size.width)
            self.blocks = nn.ModuleList(
                Block(size.width, heads, size.head_size, hidden)
                for heads, hidden in zip(size.heads, size.hidden, strict=True)
            )
            self.norm = nn.LayerNorm(size.width)
            self.output = nn.Linear(size.width, size.vocabulary)
            self._start_small()

    @property
    def size(self) -> Size:
        """The size as the layers have it now, after pruning too."""
        blocks = self.layers
        first = blocks[0].attention
        return Size(
            self.output.out_features,
            self.context,
            self.token.embedding_dim,
            first.head_size,
            tuple(block.attention.heads for block in blocks),
            tuple(block.up.out_features for block in blocks),
        )

    @property
    def layers(self) -> list[Block]:
        """The blocks, from the input to the output."""
        return [block for block in self.blocks if isinstance(block, Block)]

    def forward(self, tokens: Tensor) -> Tensor:
        """Logits (batch, time, vocabulary). Raises ValueError for more tokens than the context."""
        return self._run(tokens, None)[0]

    def forward_cached(self, tokens: Tensor, cache: Cache) -> tuple[Tensor, Cache]:
        """Logits of the new tokens only, given the keys and values of those before them.

        tokens (batch, time), cache from `empty_cache` or from the last call. Returns logits (batch,
        time, vocabulary) and the longer cache. Raises ValueError when both exceed the context.
        """
        return self._run(tokens, cache)

    def empty_cache(self, batch: int = 1) -> Cache:
        """Keys and values of no token: (batch, heads, 0, head_size) twice for each layer."""
        size = self.size
        nothing = [torch.zeros(batch, heads, 0, size.head_size) for heads in size.heads]
        return tuple((each, each) for each in nothing)

    def _run(self, tokens: Tensor, cache: Cache | None) -> tuple[Tensor, Cache]:
        start = cache[0][0].shape[2] if cache else 0
        stop = start + tokens.shape[1]
        _check_length(stop, self.context)
        # Made from the tokens, not by arange, so that torch.fx can follow (pruning traces models).
        places = torch.ones_like(tokens[0]).cumsum(0) + (start - 1)
        x = self.token(tokens) + self.position(places)
        seen = (torch.arange(stop) if cache else places) <= places[:, None]
        kept = []
        for index, block in enumerate(self.blocks):
            x, key_value = block(x, seen, cache[index] if cache else None)
            kept.append(key_value)
        return self.output(self.norm(x)), tuple(kept)

    def _start_small(self) -> None:
        """Weights as GPT-2 starts: deviation 0.02, less for what each layer adds to its input."""
        added = 0.02 / sqrt(2 * len(self.blocks))
        for name, module in self.named_modules():
            if isinstance(module, nn.Linear | nn.Embedding):
                last = name.endswith(("attention.out", "down"))
                nn.init.normal_(module.weight, std=added if last else 0.02)
            if isinstance(module, nn.Linear):
                nn.init.zeros_(module.bias)


def _check_length(length: int, context: int) -> None:
    # Tracers and exporters pass a stand-in for the length; it is checked when real tokens run.
    if isinstance(length, int) and length > context:
        raise ValueError(
            f"{length} tokens are more than the context of {context}; keep the newest {context}."
        )
