"""Where both faces log: a logger of the standard library, which is loaded when there is something to say.

Rules of this module:

- DEBUG is the dialogue, one line a message, only where the manager was made with ``debug=True``: ``>`` what went out,
  ``<`` what came in, ``!`` a request that got no answer, ``=`` what became of the connection. INFO is a connection that
  was made or left, WARNING one that was lost or could not be made again and events that were dropped, ERROR what a
  callback raised.
- Messages are shown as their `repr` does, which hides secrets, and as text: who keeps or sends records never holds a
  secret by way of their arguments.
- What is not logged is not formatted.
- A logger that raises, or a `repr`, is printed as `logging` does with its handlers, and disturbs nothing else.
- The logger ``ami_typed`` has a handler that takes what nobody else does; see `quiet`.
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
    """Return the `repr` of a program's object, or its name if that raises (a method's shows its object)."""
    try:
        return repr(who)
    except Exception:  # noqa: BLE001 - it is the program's own
        return str(getattr(who, "__qualname__", type(who).__qualname__))


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

    def trace(self, sign: str, what: object) -> None:
        """Log a line of the dialogue; ask `debug` first.

        Args:
            sign: What kind of line it is.
            what: A message, shown by its `repr`, or a sentence.
        """
        if self._get().isEnabledFor(_DEBUG):
            self._write(_DEBUG, lambda: f"{sign} {what if isinstance(what, str) else repr(what)}")

    def trace_request(self, exchange: Exchange[Any]) -> None:
        """Log a request that goes out; ask `debug` first."""
        self.trace(">", sent_as(exchange.request, exchange.octets, exchange.knowledge))

    def trace_answer(self, exchange: Exchange[Any]) -> None:
        """Log what has come for a request: its answer and its own list, or why there is none; ask `debug` first."""
        if exchange.error is not None:
            self.trace("!", str(exchange.error))
            return
        self.trace("<", exchange.response)
        if exchange.synchronous and exchange.events is not None:
            for event in exchange.events._events():
                self.trace("<", event)

    def trace_end_of_wait(self, exchange: Exchange[Any]) -> None:
        """Log that a request's sender waits no longer; ask `debug` first."""
        ending = "was given up" if exchange.ending == "cancelled" else f"got no answer within {exchange.timeout:g} s"
        self.trace("!", f"{exchange.request.action} (ActionID {exchange.action_id}) {ending}.")

    def tell(self, sentence: str) -> None:
        """Log something that was to be expected; where logging is not even loaded, nobody listens."""
        if self._logger is not None or "logging" in sys.modules:
            self._write(_INFO, lambda: sentence)

    def note(self, sentence: str) -> None:
        """Log something that the program's owner wants to know and need not act upon."""
        self._write(_WARNING, lambda: sentence)

    def report(self, sentence: str, error: BaseException, who: object = None) -> None:
        """Log that something of the program's own failed, with its traceback.

        Args:
            sentence: What failed.
            error: What it raised.
            who: The function or object that raised it.
        """
        self._write(_ERROR, lambda: sentence if who is None else f"{sentence}: {_shown(who)}", error)

    def _write(self, level: int, sentence: Callable[[], str], error: BaseException | None = None) -> None:
        try:
            self._get().log(level, "%s", sentence(), exc_info=error, stacklevel=3)
        except Exception:  # noqa: BLE001 - whoever tells of something has other work to do behind it
            import traceback

            traceback.print_exc()

    def _get(self) -> logging.Logger:
        if self._logger is None:
            import logging

            from ami_typed._delivery.quiet import hush

            self._logger = hush(logging.getLogger("ami_typed"))
        return self._logger
