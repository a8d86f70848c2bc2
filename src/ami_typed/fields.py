"""The typed attributes of events and answers, for classes that describe them: one descriptor per header.

Rules owned here:

- The classes are in private modules, so that `Manager` loads only those that every message needs; this module is their
  public place, and loads all of them.
"""

from __future__ import annotations

from ami_typed._language.built import Built, writes
from ami_typed._language.headers import (
    Always,
    Field,
    Processed,
    Repeated,
    Sometimes,
    Spelled,
    fields_of,
    processed,
    typed_headers,
    zone_of,
)
from ami_typed._language.lists import Closing, Held, Items
from ami_typed._language.local_times import AlwaysLocal, Dated, SometimesLocal
from ami_typed._language.several import Family, Joined, Numbered, Second, Variables, VariablesByName, family_of
from ami_typed._language.snapshots import MaybeView, Part, Snapshot, View, part

__all__ = [
    "Always",
    "AlwaysLocal",
    "Built",
    "Closing",
    "Dated",
    "Family",
    "Field",
    "Held",
    "Items",
    "Joined",
    "MaybeView",
    "Numbered",
    "Part",
    "Processed",
    "Repeated",
    "Second",
    "Snapshot",
    "Sometimes",
    "SometimesLocal",
    "Spelled",
    "Variables",
    "VariablesByName",
    "View",
    "family_of",
    "fields_of",
    "part",
    "processed",
    "typed_headers",
    "writes",
    "zone_of",
]
