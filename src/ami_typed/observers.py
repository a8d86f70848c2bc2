"""Observers of a manager's requests: a hook for tracing and custom measurements.

Rules of this module:

- An observer is called in the thread or task that sends, so its context (current span, context variables) is
  available. No lock is held.
- `Observer.begun` is called before the first byte is sent, `Observer.settled` exactly once per request, whatever its
  outcome.
- An exception raised by an observer is logged, and does not affect the request.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from ami_typed._delivery.log import Log
    from ami_typed.exchanges import Exchange

__all__ = ["Observer", "Observers"]


class Observer(Protocol):
    """Interface of an observer; see `Manager.add_observer`."""

    def begun(self, exchange: Exchange[Any], /) -> object:
        """Handle a request that is about to be written."""

    def settled(self, exchange: Exchange[Any], /) -> object:
        """Handle a request that has finished; ``exchange.ending`` is its outcome."""


class Observers:
    """The observers of one manager.

    Args:
        log: The log for exceptions raised by observers.

    Attributes:
        any: Whether any observer is registered. Check this first: the common case must cost nothing.
    """

    def __init__(self, log: Log) -> None:
        self.any = False
        self._log = log
        self._lock = threading.RLock()
        self._observers: tuple[Observer, ...] = ()

    def add(self, observer: Observer) -> None:
        """Register an observer. Adding it again has no effect."""
        with self._lock:
            if observer not in self._observers:
                self._replace((*self._observers, observer))

    def remove(self, observer: Observer) -> bool:
        """Unregister an observer. Return whether it was registered."""
        with self._lock:
            left = tuple(each for each in self._observers if each != observer)
            found = len(left) < len(self._observers)
            self._replace(left)
        return found

    def _replace(self, observers: tuple[Observer, ...]) -> None:
        self._observers = observers
        self.any = bool(observers)

    def begun(self, exchange: Exchange[Any]) -> None:
        """Notify observers of a request that is about to be written."""
        for observer in self._observers:
            try:
                observer.begun(exchange)
            except Exception as error:  # noqa: BLE001 - an observer must not break the request
                self._log.report("An observer raised an exception", error, observer)

    def settled(self, exchange: Exchange[Any]) -> None:
        """Notify observers of a request that has finished."""
        for observer in self._observers:
            try:
                observer.settled(exchange)
            except Exception as error:  # noqa: BLE001 - an observer must not change the outcome
                self._log.report("An observer raised an exception", error, observer)
