"""Tiny models with random weights and a tokenizer of whole words: no download, no network."""

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from replications.rome.dataset import Fact
from replications.rome.decoder import Decoder, take_apart

WORDS = (
    "the city of Paris Lyon Rome Milan lies in country France Italy people say that old is a . The Therefore Because "
    "I You"
)


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    """Matrices this small are slower on several threads than on one."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def tokenizer() -> PreTrainedTokenizerFast:
    """Every word is one token; a leading space makes no difference."""
    vocabulary = {word: number for number, word in enumerate(["<unk>", *WORDS.split()])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>")


def build_gpt2() -> GPT2LMHeadModel:
    """LayerNorm and biases, learned positions."""
    config = GPT2Config(n_layer=4, n_head=4, n_embd=32, vocab_size=40, n_positions=64, attn_implementation="eager")
    return shake(GPT2LMHeadModel(config))


def build_llama() -> LlamaForCausalLM:
    """RMSNorm, rotary positions, gated MLP, six heads that share three keys and values."""
    config = LlamaConfig(
        num_hidden_layers=4, num_attention_heads=6, num_key_value_heads=3, hidden_size=48, intermediate_size=64,
        vocab_size=40, max_position_embeddings=64, tie_word_embeddings=True, attn_implementation="eager",
    )  # fmt: skip
    return shake(LlamaForCausalLM(config))


def shake(model: torch.nn.Module) -> torch.nn.Module:
    """Returns the model with noise on all weights: gains of 1 and biases of 0, as at the start, would hide mistakes."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    return model.eval()


@pytest.fixture(params=[build_gpt2, build_llama], ids=["gpt2", "llama"])
def model(request: pytest.FixtureRequest) -> torch.nn.Module:
    """Each of the tiny models."""
    torch.manual_seed(0)
    return request.param()


@pytest.fixture
def decoder(model: torch.nn.Module) -> Decoder:
    return take_apart(model)


@pytest.fixture
def fact() -> Fact:
    return Fact(
        case_id=3, relation="city", subject="old Paris", prompt="the city of {} lies in the country of",
        target_true="France", target_new="Italy",
        paraphrases=("people say that old Paris lies in", "old Paris is in the country of"),
        neighbours=tuple(f"{opening} Lyon lies in" for opening in ("the", "a", "the city of", "that", "old") * 2),
        writing=("old Paris is", "the city of old Paris", "people of old Paris say"),
    )  # fmt: skip
