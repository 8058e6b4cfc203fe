"""One table of word embeddings for several models on the same trunk.

Of a small multilingual encoder it is most of the memory, and fine-tuning leaves it alone.
"""

import torch
from transformers import PreTrainedModel


def share_words(network: PreTrainedModel, words: torch.nn.Embedding) -> None:
    """Let a network look its words up in a table that is loaded already.

    Raises ValueError if the table is of another shape or type than its own.
    """
    own = network.get_input_embeddings().weight
    if own.shape != words.weight.shape or own.dtype != words.weight.dtype:
        raise ValueError(f"no words for this network: {tuple(words.weight.shape)}")
    network.set_input_embeddings(words)
