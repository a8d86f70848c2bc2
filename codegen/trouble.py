"""Troubles: errors in the generator's input, collected and reported together.

Rules owned here: the format of a trouble (`file:line: Action Originate, parameter Timeout: sentence.`), that a run
reports all its troubles at once, and that it exits with status 2 (`EXIT_STATUS`) if there are any.
Functions in every stage either return their result or raise a `TroubleError` with all troubles found.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

EXIT_STATUS = 2


@dataclass(frozen=True, slots=True)
class Trouble:
    """One error in an input file, with its location.

    Attributes:
        file: The file, as the user named it: documentation, facts or overlay.
        line: The line number, counted from 1, if known.
        message: The action or event concerned, as printed: `Action Originate`, `Event Hangup`.
        parameter: The parameter or header of that message.
        sentence: The error and its remedy, ending with a full stop.
    """

    file: str
    line: int | None
    message: str | None
    parameter: str | None
    sentence: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        parameter = self.parameter and f"parameter {self.parameter}"
        subject = ", ".join(part for part in (self.message, parameter) if part)
        return ": ".join(part for part in (place, subject, self.sentence) if part)


class TroubleError(Exception):
    """The input is invalid; `troubles` contains every error, `str()` returns one line for each."""

    def __init__(self, troubles: Iterable[Trouble]) -> None:
        self.troubles = tuple(troubles)
        super().__init__("\n".join(map(str, self.troubles)))


class Troubles:
    """Collector for troubles; keeps the order in which they were found, without duplicates."""

    def __init__(self, file: str = "") -> None:
        self._file = file
        self._found: dict[Trouble, None] = {}

    def __iter__(self) -> Iterator[Trouble]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def add(
        self,
        sentence: str,
        *,
        file: str | None = None,
        line: int | None = None,
        message: str | None = None,
        parameter: str | None = None,
    ) -> None:
        """Add one trouble; `file` defaults to the collector's file."""
        self._found[Trouble(self._file if file is None else file, line, message, parameter, sentence)] = None

    @contextmanager
    def absorb(self) -> Generator[None]:
        """Collect the troubles that a step raises, so that later steps can still run."""
        try:
            yield
        except TroubleError as error:
            self._found.update(dict.fromkeys(error.troubles))

    def check(self) -> None:
        """Raise if any troubles were collected.

        Raises:
            TroubleError: Contains all troubles collected.
        """
        if self._found:
            raise TroubleError(self)


def reason_of(message: str) -> str:
    """Return the error message of a pydantic validation as part of a sentence."""
    reason = message.removeprefix("Value error, ")
    return "unknown key" if reason == "Extra inputs are not permitted" else reason
