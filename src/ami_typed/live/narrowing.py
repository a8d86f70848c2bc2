"""Asking the server for the needed events only.

Rules of this module:

- The event mask names the classes of the needed events, in all releases. Releases whose `Filter` knows the names of
  events are asked for exactly these; in others, a filter would be a regular expression on the text of every event.
- Mask and filters belong to the connection, and a filter cannot be removed: what any callback or stream of the manager
  receives is needed too, and so is what the manager itself waits for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ami_typed import actions, enums, events
from ami_typed.errors import ActionFailed, NotInRelease
from ami_typed.live.needs import Lack, LackReason, reason_of
from ami_typed.registry import event_class

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ami_typed.live.tables import Reading
    from ami_typed.messages import Event, Request

__all__ = ["narrowing"]

_ALWAYS = (events.FullyBooted, events.OriginateResponse, events.Shutdown)
"""What a manager itself waits for, whatever the program receives."""


def narrowing(names: Iterable[str]) -> Reading[tuple[Lack, ...]]:
    """Ask for events of these names only.

    Args:
        names: The names of the events that anybody receives.

    Yields:
        Requests, as `Model.read` does.

    Returns:
        The requests that the server refused; without a refusal, it sends nothing else.
    """
    needed: set[type[Event]] = {*_ALWAYS, *map(event_class, names)}
    sent = sorted((event for event in needed if event.privileges), key=lambda event: event.__name__)
    classes = sorted({each for event in sent for each in event.privileges})
    requests: list[Request[Any]] = [actions.Events(event_mask=classes)]
    requests += [_only(event.__name__) for event in sent]
    for request in requests:
        try:
            yield request
        except NotInRelease:
            return ()
        except ActionFailed as error:
            reason = reason_of(error) or LackReason.MODULE
            return (Lack("narrow", request.action, reason, request.privileges, error),)
    return ()


def _only(name: str) -> actions.Filter:
    return actions.Filter(operation=enums.FilterOperation.ADD, match_criteria=f"action(include),name({name})")
