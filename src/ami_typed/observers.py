"""Who watches the requests of a manager: the hook for tracing and for measurements of one's own.

Rules of this module:

- An observer is called by the thread or task that sends, so what belongs to that one (a current span, a context
  variable) is at hand. No lock is held.
- `Observer.begun` comes before the first byte leaves, `Observer.settled` once for each, whatever has become of it.
- An observer's own trouble is logged and changes nothing for the request.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from ami_typed._delivery.log import Log
    from ami_typed.exchanges import Exchange

__all__ = ["Observer", "Observers"]


class Observer(Protocol):
    """What watches requests; see `Manager.add_observer`."""

    def begun(self, exchange: Exchange[Any], /) -> object:
        """Learn of a request that is about to be written."""

    def settled(self, exchange: Exchange[Any], /) -> object:
        """Learn that nobody waits for a request any more; ``exchange.ending`` says what has become of it."""


class Observers:
    """The observers of one manager.

    Args:
        log: Where to tell of one that raised.

    Attributes:
        any: Whether there is one; to be asked first, so that nobody costs nothing.
    """

    def __init__(self, log: Log) -> None:
        self.any = False
        self._log = log
        self._lock = threading.RLock()
        self._observers: tuple[Observer, ...] = ()

    def add(self, observer: Observer) -> None:
        """Have an observer called from now on; adding it again does nothing."""
        with self._lock:
            if observer not in self._observers:
                self._replace((*self._observers, observer))

    def remove(self, observer: Observer) -> bool:
        """Have an observer no longer called; return whether it was there."""
        with self._lock:
            left = tuple(each for each in self._observers if each != observer)
            found = len(left) < len(self._observers)
            self._replace(left)
        return found

    def _replace(self, observers: tuple[Observer, ...]) -> None:
        self._observers = observers
        self.any = bool(observers)

    def begun(self, exchange: Exchange[Any]) -> None:
        """Tell of a request that is about to be written."""
        for observer in self._observers:
            try:
                observer.begun(exchange)
            except Exception as error:  # noqa: BLE001 - its trouble is its own; the request goes on
                self._log.report(f"An observer raised an exception: {observer!r}", error)

    def settled(self, exchange: Exchange[Any]) -> None:
        """Tell that nobody waits for a request any more."""
        for observer in self._observers:
            try:
                observer.settled(exchange)
            except Exception as error:  # noqa: BLE001 - its trouble is its own; the outcome stands
                self._log.report(f"An observer raised an exception: {observer!r}", error)
