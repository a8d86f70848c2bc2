"""Settings of a simulated server: those of manager.conf and asterisk.conf that clients notice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ami_typed.quantities import count, seconds

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Settings"]


@dataclass(frozen=True)
class Settings:
    """The settings of a simulated server; the defaults are Asterisk's.

    Args:
        authtimeout: How long a client may take to log in, in seconds.
        authlimit: How many connections may be open that are not logged in.
        displayconnects: Whether connections and log-ins are logged, by the logger ``ami_typed.testing``.
        timestampevents: Whether events have a Timestamp header.
        brokeneventsaction: Whether Events is not answered when it selects all classes or none is valid, as before
            Asterisk 1.8.
        systemname: The ``systemname`` of asterisk.conf: every event has it, if it is not empty.
        disabledevents: The names of events that are never sent.
        refusal_delay: How long a failed log-in is answered later, in seconds: Asterisk waits 1 s.
        modules: The modules that ModuleCheck finds; by default every one.

    Raises:
        ValueError: A setting is out of range.
        TypeError: A setting has the wrong type.
    """

    authtimeout: float = 30
    authlimit: int = 50
    displayconnects: bool = True
    timestampevents: bool = False
    brokeneventsaction: bool = False
    systemname: str = ""
    disabledevents: Sequence[str] = ()
    refusal_delay: float = 0
    modules: Sequence[str] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "authtimeout", seconds(self.authtimeout, "authtimeout", above_zero=True))
        object.__setattr__(self, "refusal_delay", seconds(self.refusal_delay, "refusal_delay"))
        count(self.authlimit, "authlimit", 0)
