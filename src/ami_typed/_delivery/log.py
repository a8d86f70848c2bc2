"""The log of both faces: a logger of the standard library, which is imported for the first record.

Rules of this module:

- DEBUG is the dialogue, one line per message, only if the manager was created with ``debug=True``: ``>`` for a message
  sent, ``<`` for one received, ``!`` for a request without an answer, ``=`` for the end of the connection. INFO is a
  connection that was established or closed, WARNING one that was lost or could not be restored and events that were
  dropped, ERROR an exception raised by a callback.
- Messages are logged as the text of their `repr`, which hides secrets: a handler that stores or sends records never
  gets a secret through their arguments.
- What is not logged is not formatted.
- An exception of a logger, or of a `repr`, is printed as `logging` prints those of its handlers, with no other effect.
- The logger ``ami_typed`` has a handler for records that no other handler accepts; see `quiet`.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ami_typed.messages import sent_as

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable

    from ami_typed.exchanges import Exchange

__all__ = ["Log"]


_DEBUG, _INFO, _WARNING, _ERROR = 10, 20, 30, 40
"""The levels of `logging`, which may not be loaded."""


def _shown(who: object) -> str:
    """Return the `repr` of a program's object, or its name if that raises (a method's includes its object's)."""
    try:
        return repr(who)
    except Exception:  # noqa: BLE001 - it is the program's own code
        return str(getattr(who, "__qualname__", type(who).__qualname__))


class Log:
    """The log of one manager.

    Args:
        logger: The logger to use; ``ami_typed`` by default.
        debug: Whether to log the dialogue, at the level DEBUG.
    """

    __slots__ = ("_logger", "debug")

    def __init__(self, logger: logging.Logger | None, *, debug: bool) -> None:
        self._logger = logger
        self.debug = debug

    def trace(self, sign: str, what: object) -> None:
        """Log a line of the dialogue; check `debug` first.

        Args:
            sign: The kind of the line.
            what: A message, logged as its `repr`, or a sentence.
        """
        if self._get().isEnabledFor(_DEBUG):
            self._write(_DEBUG, lambda: f"{sign} {what if isinstance(what, str) else repr(what)}")

    def trace_request(self, exchange: Exchange[Any]) -> None:
        """Log a request that is sent; check `debug` first."""
        self.trace(">", sent_as(exchange.request, exchange.octets, exchange.knowledge))

    def trace_answer(self, exchange: Exchange[Any]) -> None:
        """Log the answer to a request and its own list, or why there is none; check `debug` first."""
        if exchange.error is not None:
            self.trace("!", str(exchange.error))
            return
        self.trace("<", exchange.response)
        if exchange.synchronous and exchange.events is not None:
            for event in exchange.events._events():
                self.trace("<", event)

    def trace_end_of_wait(self, exchange: Exchange[Any]) -> None:
        """Log that a request's sender has stopped waiting; check `debug` first."""
        ending = (
            "was cancelled" if exchange.ending == "cancelled" else f"received no answer within {exchange.timeout:g} s"
        )
        self.trace("!", f"{exchange.request.action} (ActionID {exchange.action_id}) {ending}.")

    def tell(self, sentence: str) -> None:
        """Log something expected, unless `logging` is not even loaded: then no handler can exist."""
        if self._logger is not None or "logging" in sys.modules:
            self._write(_INFO, lambda: sentence)

    def note(self, sentence: str) -> None:
        """Log something that the program's owner should know but need not act upon."""
        self._write(_WARNING, lambda: sentence)

    def report(self, sentence: str, error: BaseException, who: object = None) -> None:
        """Log that the program's own code failed, with its traceback.

        Args:
            sentence: What failed.
            error: What it raised.
            who: The function or object that raised it.
        """
        self._write(_ERROR, lambda: sentence if who is None else f"{sentence}: {_shown(who)}", error)

    def _write(self, level: int, sentence: Callable[[], str], error: BaseException | None = None) -> None:
        try:
            self._get().log(level, "%s", sentence(), exc_info=error, stacklevel=3)
        except Exception:  # noqa: BLE001 - the caller has other work to do after logging
            import traceback

            traceback.print_exc()

    def _get(self) -> logging.Logger:
        if self._logger is None:
            import logging

            from ami_typed._delivery.quiet import hush

            self._logger = hush(logging.getLogger("ami_typed"))
        return self._logger
