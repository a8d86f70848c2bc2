"""Families: what several events share is declared once, and a snapshot that an event holds is a view."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from codegen.facts import Parameter
from codegen.families import views_of
from codegen.render import render
from codegen.surface import surface
from codegen.trouble import TroubleError
from tests.codegen.sample import event, facts, knowledge, resolved

if TYPE_CHECKING:
    from pathlib import Path

SHARED = """
[header.Size]
type = "integer"
presence = "always"
doc = "How big it is."
[header.Colour]
presence = "always"
doc = "What it looks like."
[family.ThingEvent]
doc = "An event of a thing."
headers = ["Size", "Colour"]
"""


def snapshot(*names: str, kind: str = "channel", prefix: str = "") -> list[Parameter]:
    return [Parameter(name=prefix + name, snapshot=kind, prefix=prefix) for name in names]  # type: ignore[arg-type]  # one of two


def catalogue_of(files: dict[str, str]) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(files["catalogue.py"], names)
    return names


def test_events_with_all_headers_of_a_family_inherit_them(tmp_path: Path) -> None:
    model = resolved(
        facts(event("Made", "Size", "Colour"), event("Broken", "Size", "Colour", "Why"), event("Sized", "Size")),
        using=knowledge(tmp_path, SHARED),
    )

    files = render(surface(model))

    assert catalogue_of(files)["FAMILIES"] == {"ThingEvent": ("Broken", "Made")}
    assert "class Made(ThingEvent):" in files["events/other.py"]
    assert "class Sized(Event):" in files["events/other.py"]
    assert files["events/other.py"].count("How big it is.") == 1
    assert files["events/families.py"].count("How big it is.") == 1


def test_an_event_keeps_an_attribute_with_its_own_description(tmp_path: Path) -> None:
    own = '[event.Broken.header.Size]\ndoc = "How big it was."\n'
    model = resolved(
        facts(*(event(name, "Size", "Colour") for name in ("Made", "Moved", "Broken"))),
        using=knowledge(tmp_path, SHARED + own),
    )

    text = render(surface(model))["events/other.py"]

    assert "class Broken(ThingEvent):" in text
    assert text.count("size: ") == 1
    assert "How big it was." in text


def test_an_event_with_a_header_of_another_type_is_not_a_member(tmp_path: Path) -> None:
    own = '[event.Broken.header.Size]\ntype = "text"\n'
    model = resolved(
        facts(*(event(name, "Size", "Colour") for name in ("Made", "Moved", "Broken"))),
        using=knowledge(tmp_path, SHARED + own),
    )

    assert model.families[0].members == {"Made", "Moved"}


def test_a_family_that_fewer_than_two_events_share_is_a_trouble(tmp_path: Path) -> None:
    with pytest.raises(TroubleError, match=r"family ThingEvent.*Fewer than two events"):
        resolved(facts(event("Made", "Size", "Colour")), using=knowledge(tmp_path, SHARED))


@pytest.mark.parametrize("entry", ["", 'snapshot = "channel:"\nheaders = ["Size"]', 'snapshot = "lorry:"'])
def test_a_family_has_either_a_snapshot_or_headers(tmp_path: Path, entry: str) -> None:
    with pytest.raises(TroubleError):
        knowledge(tmp_path, f'[family.ThingEvent]\ndoc = "A thing."\n{entry}\n')


def test_each_snapshot_that_an_event_holds_is_a_view() -> None:
    channel = ("Channel", "Uniqueid")
    dialled = event("Dialled", *snapshot(*channel), *snapshot(*channel, prefix="LocalOne"))
    merged = event("Merged", *snapshot("BridgeUniqueid", kind="bridge", prefix="To"))
    partial = event("Partial", "Channel")
    model = resolved(facts(dialled, merged, partial))

    views = {each.name: [view.attribute for view in views_of(each, model.snapshots)] for each in model.events}

    assert views == {"Dialled": ["snapshot", "local_one"], "Merged": ["to_bridge"], "Partial": []}
