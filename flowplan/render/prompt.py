"""A question on a terminal."""

from __future__ import annotations

from typing import TextIO

from flowplan.render.sanitise import clean
from flowplan.render.screen import Screen

__all__ = ["ask"]


def ask(screen: Screen, question: str, answers: TextIO) -> str:
    """Print the question and read one line; "" at the end of the input."""
    screen.write(screen.look().paint("bold", clean(question.rstrip())) + " ")
    answer = answers.readline()
    if not answer.endswith("\n"):
        screen.line()
    return answer
