"""Troubles: what is wrong with the generator's input, as values that are collected instead of raised one by one.

Rules owned here: how a trouble is written (`file:line: Action Originate, parameter Timeout: sentence.`), that all
troubles of a run are told together, and that a run with a trouble ends with exit status 2 (`EXIT_STATUS`).
A function of any stage either returns its result or raises `TroubleError` with everything it found.
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
    """One thing that is wrong with an input file, and where.

    Attributes:
        file: The file, as the user named it: documentation, facts or overlay.
        line: The line in it, counted from 1, where one is known.
        message: The action or event it is about, as printed: `Action Originate`, `Event Hangup`.
        parameter: The parameter or header of that message it is about.
        sentence: What is wrong and what to do, with its full stop.
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
    """The input cannot be used; `troubles` holds every reason, `str()` one line for each."""

    def __init__(self, troubles: Iterable[Trouble]) -> None:
        self.troubles = tuple(troubles)
        super().__init__("\n".join(map(str, self.troubles)))


class Troubles:
    """Collects troubles in the order they were found, each once."""

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
        """Note one trouble; `file` is the collector's own where none is given."""
        self._found[Trouble(self._file if file is None else file, line, message, parameter, sentence)] = None

    @contextmanager
    def absorb(self) -> Generator[None]:
        """Take over the troubles that a step raises, so that the steps after it can still be tried."""
        try:
            yield
        except TroubleError as error:
            self._found.update(dict.fromkeys(error.troubles))

    def check(self) -> None:
        """End the stage here if anything was found.

        Raises:
            TroubleError: With everything that was found.
        """
        if self._found:
            raise TroubleError(self)
