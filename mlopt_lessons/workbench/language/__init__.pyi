from .model import Attention, Block, Cache, CharGPT, Size, attend
from .score import Quality, quality, validation_windows
from .text import Corpus, CorpusError, decode, encode, load_corpus
from .train import Progress, Recipe, fine_tune, gpt_card, load_gpt, train_gpt

__all__ = [
    "Attention",
    "Block",
    "Cache",
    "CharGPT",
    "Corpus",
    "CorpusError",
    "Progress",
    "Quality",
    "Recipe",
    "Size",
    "attend",
    "decode",
    "encode",
    "fine_tune",
    "gpt_card",
    "load_corpus",
    "load_gpt",
    "quality",
    "train_gpt",
    "validation_windows",
]
