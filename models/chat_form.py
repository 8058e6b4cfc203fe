"""The conversation form that the bundled generator is trained on and served with (Gemma's)."""

START_OF_TURN = "<start_of_turn>"
END_OF_TURN = "<end_of_turn>"


def chat_prompt(user: str) -> str:
    """Wrap one user turn the way Gemma expects it; the model's turn follows."""
    return f"{START_OF_TURN}user\n{user}{END_OF_TURN}\n{START_OF_TURN}model\n"


def estimate_tokens(text: str) -> int:
    """Return an upper estimate of the token count.

    Measured with Gemma's tokenizer: 0.65 tokens a Chinese character, 0.25 a Latin one, and one for
    every digit.
    """
    costly = sum(1 for character in text if character >= "\u2e80" or character.isdigit())
    return costly + (len(text) - costly + 2) // 3
