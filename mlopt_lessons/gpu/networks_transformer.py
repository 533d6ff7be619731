"""Known transformers in plain torch.nn: ViT, BERT, GPT-2 and Llama, without dropout.

Made for counting: build them on the meta device. Language models take token ids (batch, seq) of int64.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

CLASSES = 1000
Turns = tuple[torch.Tensor, torch.Tensor]


class Attention(nn.Module):
    """Self-attention with one projection for query, key and value; (batch, seq, width) stays."""

    def __init__(self, width: int, heads: int, causal: bool) -> None:
        super().__init__()
        self.heads, self.causal = heads, causal
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Attends over seq."""
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4).unbind(0)
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=self.causal)
        return self.out(mixed.transpose(1, 2).flatten(2))


class Block(nn.Module):
    """Attention and a two-layer MLP with GELU, each with a residual; norm before (GPT) or after (BERT)."""

    def __init__(
        self, width: int, heads: int, causal: bool, norm_first: bool, eps: float = 1e-5
    ) -> None:
        super().__init__()
        self.norm_first = norm_first
        self.attention = Attention(width, heads, causal)
        self.mlp = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )
        self.norm1, self.norm2 = nn.LayerNorm(width, eps), nn.LayerNorm(width, eps)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(batch, seq, width) stays."""
        if self.norm_first:
            x = x + self.attention(self.norm1(x))
            return x + self.mlp(self.norm2(x))
        x = self.norm1(x + self.attention(x))
        return self.norm2(x + self.mlp(x))


class VisionTransformer(nn.Module):
    """ViT with patches of 16 × 16 and a class token (Dosovitskiy et al. 2020, arXiv:2010.11929)."""

    def __init__(self, width: int, layers: int, heads: int, image: int = 224) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, width, 16, 16)
        self.token = nn.Parameter(torch.zeros(1, 1, width))
        self.position = nn.Parameter(torch.zeros(1, (image // 16) ** 2 + 1, width))
        self.blocks = nn.Sequential(
            *(Block(width, heads, False, True, 1e-6) for _ in range(layers))
        )
        self.norm, self.head = nn.LayerNorm(width, 1e-6), nn.Linear(width, CLASSES)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Images (batch, 3, 224, 224) to logits (batch, 1000)."""
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(len(x), -1, -1), x], 1) + self.position
        return self.head(self.norm(self.blocks(x))[:, 0])


class Bert(nn.Module):
    """BERT with its pooler, without a task's head (Devlin et al. 2018, arXiv:1810.04805)."""

    def __init__(
        self, width: int, layers: int, heads: int, vocab: int = 30522, longest: int = 512
    ) -> None:
        super().__init__()
        self.words, self.places = nn.Embedding(vocab, width), nn.Embedding(longest, width)
        self.segments, self.norm = nn.Embedding(2, width), nn.LayerNorm(width, 1e-12)
        self.blocks = nn.Sequential(
            *(Block(width, heads, False, False, 1e-12) for _ in range(layers))
        )
        self.pool = nn.Linear(width, width)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Token ids (batch, seq) to pooled states (batch, width)."""
        places = torch.arange(tokens.shape[1], device=tokens.device)
        x = self.words(tokens) + self.places(places) + self.segments(torch.zeros_like(tokens))
        return torch.tanh(self.pool(self.blocks(self.norm(x))[:, 0]))


class Gpt2(nn.Module):
    """GPT-2 with tied embeddings (Radford et al. 2019, table 2)."""

    def __init__(
        self, width: int, layers: int, heads: int, vocab: int = 50257, longest: int = 1024
    ) -> None:
        super().__init__()
        self.words, self.places = nn.Embedding(vocab, width), nn.Embedding(longest, width)
        self.blocks = nn.Sequential(*(Block(width, heads, True, True) for _ in range(layers)))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, vocab, bias=False)
        self.head.weight = self.words.weight

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Token ids (batch, seq) to logits (batch, seq, vocab)."""
        x = self.words(tokens) + self.places(torch.arange(tokens.shape[1], device=tokens.device))
        return self.head(self.norm(self.blocks(x)))


class LlamaBlock(nn.Module):
    """Llama's block: RMS norm, rotary positions, grouped-query attention, SwiGLU."""

    def __init__(self, width: int, heads: int, kv_heads: int, hidden: int) -> None:
        super().__init__()
        self.size, kv_width = width // heads, width // heads * kv_heads
        self.norm1, self.norm2 = nn.RMSNorm(width), nn.RMSNorm(width)
        self.query, self.out = (nn.Linear(width, width, bias=False) for _ in range(2))
        self.key, self.value = (nn.Linear(width, kv_width, bias=False) for _ in range(2))
        self.gate, self.up = (nn.Linear(width, hidden, bias=False) for _ in range(2))
        self.down = nn.Linear(hidden, width, bias=False)

    def forward(self, x: torch.Tensor, turns: Turns) -> torch.Tensor:
        """(batch, seq, width) stays; `turns` are those of `rotations`."""
        x = x + self._attend(self.norm1(x), turns)
        inner = self.norm2(x)
        return x + self.down(F.silu(self.gate(inner)) * self.up(inner))

    def _attend(self, x: torch.Tensor, turns: Turns) -> torch.Tensor:
        parts = (self.query(x), self.key(x), self.value(x))
        q, k, v = (each.unflatten(-1, (-1, self.size)).transpose(1, 2) for each in parts)
        mixed = F.scaled_dot_product_attention(
            rotate(q, turns),
            rotate(k, turns),
            v,
            is_causal=True,
            enable_gqa=q.shape[1] != k.shape[1],
        )
        return self.out(mixed.transpose(1, 2).flatten(2))


def rotations(seq_len: int, size: int, device: torch.device, base: float = 10_000.0) -> Turns:
    """Cosine and sine of rotary positions, each (seq_len, size / 2) (Su et al. 2021, arXiv:2104.09864)."""
    rates = base ** (-torch.arange(0, size, 2, device=device) / size)
    angles = torch.arange(seq_len, device=device)[:, None] * rates
    return angles.cos(), angles.sin()


def rotate(x: torch.Tensor, turns: Turns) -> torch.Tensor:
    """(batch, heads, seq, size), each pair of numbers turned by its position's angle."""
    (first, second), (cos, sin) = x.chunk(2, -1), turns
    return torch.cat((first * cos - second * sin, first * sin + second * cos), -1)


class Llama(nn.Module):
    """Llama (Touvron et al. 2023, arXiv:2302.13971 and 2307.09288); fewer kv heads: grouped queries."""

    def __init__(
        self, width: int, layers: int, heads: int, kv_heads: int, hidden: int, vocab: int = 32000
    ) -> None:
        super().__init__()
        self.words = nn.Embedding(vocab, width)
        self.size = width // heads
        self.blocks = nn.ModuleList(
            LlamaBlock(width, heads, kv_heads, hidden) for _ in range(layers)
        )
        self.norm, self.head = nn.RMSNorm(width), nn.Linear(width, vocab, bias=False)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Token ids (batch, seq) to logits (batch, seq, vocab)."""
        x, turns = self.words(tokens), rotations(tokens.shape[1], self.size, tokens.device)
        for block in self.blocks:
            x = block(x, turns)
        return self.head(self.norm(x))
