"""The model: a stock Llama decoder, by size."""

from __future__ import annotations

from dataclasses import dataclass

from transformers import LlamaConfig, LlamaForCausalLM

from symbolic_music.tokens.vocabulary import Kind, vocabulary

#: Tokens the model can look back on.
WINDOW = 4096


@dataclass(frozen=True)
class Size:
    """Layers and widths; heads are 64 wide."""

    layers: int
    width: int
    inner: int


SIZES = {
    "nano": Size(2, 64, 192),
    "mini": Size(8, 320, 864),
    "small": Size(8, 384, 1024),
    "base": Size(12, 576, 1536),
}


def model(size: str) -> LlamaForCausalLM:
    """A model with fresh weights.

    >>> sum(p.numel() for p in model("nano").parameters()) < 500_000
    True
    """
    shape, v = SIZES[size], vocabulary()
    config = LlamaConfig(
        vocab_size=len(v),
        hidden_size=shape.width,
        intermediate_size=shape.inner,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.width // 64,
        num_key_value_heads=shape.width // 64,
        max_position_embeddings=WINDOW,
        tie_word_embeddings=True,
        pad_token_id=v.id(Kind.PAD),
        bos_token_id=v.id(Kind.BOS),
        eos_token_id=v.id(Kind.EOS),
    )
    return LlamaForCausalLM(config)
