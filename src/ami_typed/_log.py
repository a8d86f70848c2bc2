"""Where both faces log: a logger of the standard library, which is loaded when there is something to say.

Rules of this module:

- The trace of the dialogue has one line a message: ``>`` what went out, ``<`` what came in, ``=`` what became of the
  connection.
- It shows messages by their `repr`, which hides secrets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import logging

__all__ = ["Log"]


class Log:
    """The log of one manager.

    Args:
        logger: Where to log; the logger ``ami_typed`` where none is given.
        debug: Whether the dialogue is logged, at the level DEBUG.
    """

    __slots__ = ("_logger", "debug")

    def __init__(self, logger: logging.Logger | None, *, debug: bool) -> None:
        self._logger = logger
        self.debug = debug

    def trace(self, line: str) -> None:
        """Log a line of the dialogue; ask `debug` first, so that nothing is formatted for nobody."""
        self._get().debug("%s", line)

    def note(self, sentence: str) -> None:
        """Log something that the program's owner wants to know and need not act upon."""
        self._get().warning("%s", sentence)

    def report(self, sentence: str, error: BaseException) -> None:
        """Log that something of the program's own failed, with its traceback."""
        self._get().error("%s", sentence, exc_info=error)

    def _get(self) -> logging.Logger:
        if self._logger is None:
            import logging

            self._logger = logging.getLogger("ami_typed")
        return self._logger
