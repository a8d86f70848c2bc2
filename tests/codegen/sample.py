"""Small facts and overlays for the tests of the generator's stages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from codegen import overlay
from codegen.amend import Amended, amend
from codegen.facts import Action, Event, Facts, Parameter, Responses
from codegen.merge import merge
from codegen.resolve import resolve

if TYPE_CHECKING:
    from pathlib import Path

    from codegen.terms import Model

NEWEST = "22.10.1"


def action(name: str, *parameters: str | Parameter, **more: Any) -> Action:
    """Make an action; parameters are `Name`, `Name!` (required) or whole."""
    return Action(name=name, parameters=tuple(map(_parameter, parameters)), **more)


def event(name: str, *parameters: str | Parameter, **more: Any) -> Event:
    """Make an event."""
    return Event(name=name, parameters=tuple(map(_parameter, parameters)), **more)


def listing(*items: str, complete: str) -> Responses:
    """Make the documented answer of a list action."""
    return Responses(items=items, complete=complete)


def facts(*messages: Action | Event, release: str = NEWEST) -> Facts:
    """Make the facts of one release."""
    return Facts(
        release=release,
        actions={each.name: each for each in messages if isinstance(each, Action)},
        events={each.name: each for each in messages if isinstance(each, Event)},
    )


def knowledge(folder: Path, text: str, name: str = "overlay.toml") -> overlay.Overlay:
    """Make an overlay of one file."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return overlay.load([path])


def amended(*releases: Facts, using: overlay.Overlay = overlay.EMPTY) -> Amended:
    """Run the stages up to `amend`."""
    return amend(merge(releases), using, "facts")


def resolved(*releases: Facts, using: overlay.Overlay = overlay.EMPTY) -> Model:
    """Run the stages up to `resolve`."""
    return resolve(amended(*releases, using=using))


def _parameter(parameter: str | Parameter) -> Parameter:
    if isinstance(parameter, Parameter):
        return parameter
    return Parameter(name=parameter.rstrip("!"), required=True if parameter.endswith("!") else None)
