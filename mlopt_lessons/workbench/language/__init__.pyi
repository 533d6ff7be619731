from .generation import chooser, generate, probabilities
from .measuring import NEW_TOKENS, PROMPT_TOKENS, Measured, measure, serving_memory, table
from .model import Attention, Block, Cache, CharGPT, Size, attend
from .onnx_model import export_gpt
from .onnx_session import OnnxGPT, continue_tokens, most_likely
from .score import Quality, quality, validation_windows
from .text import Corpus, CorpusError, decode, encode, load_corpus
from .train import Progress, Recipe, fine_tune, gpt_card, load_gpt, train_gpt

__all__ = [
    "NEW_TOKENS",
    "PROMPT_TOKENS",
    "Attention",
    "Block",
    "Cache",
    "CharGPT",
    "Corpus",
    "CorpusError",
    "Measured",
    "OnnxGPT",
    "Progress",
    "Quality",
    "Recipe",
    "Size",
    "attend",
    "chooser",
    "continue_tokens",
    "decode",
    "encode",
    "export_gpt",
    "fine_tune",
    "generate",
    "gpt_card",
    "load_corpus",
    "load_gpt",
    "measure",
    "most_likely",
    "probabilities",
    "quality",
    "serving_memory",
    "table",
    "train_gpt",
    "validation_windows",
]
