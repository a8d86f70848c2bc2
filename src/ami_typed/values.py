"""Codecs between Asterisk's text on the wire and Python's types.

Rules owned here:

- The codecs are in private modules, so that `Manager` loads only those that every message needs; this module is their
  public place, and loads all of them.
"""

from __future__ import annotations

from ami_typed._language.codecs import (
    Codec,
    Flag,
    Headers,
    assigned,
    assignment,
    assignments,
    chosen,
    each,
    either,
    enabled_disabled,
    integer,
    items,
    on_off,
    one_zero,
    real,
    spell,
    text,
    true_false,
    variables,
    yes_no,
)
from ami_typed._language.escapes import Escaped, escaped, nullable, uri_encoded
from ami_typed._language.jsonable import as_json
from ami_typed._language.masks import EVENT_CLASSES, FALSE, TRUE, mask_trouble
from ami_typed._language.special import Address, address, formats, group_bits, groups, integer24, pairs, round_trip
from ami_typed._language.times import (
    clock,
    date_time,
    epoch,
    in_zone,
    is_unset,
    microseconds,
    milliseconds,
    minutes,
    seconds,
    seconds_left,
)
from ami_typed._language.vocabularies import OpenIntEnum, OpenStrEnum, member, worded

__all__ = [
    "EVENT_CLASSES",
    "FALSE",
    "TRUE",
    "Address",
    "Codec",
    "Escaped",
    "Flag",
    "Headers",
    "OpenIntEnum",
    "OpenStrEnum",
    "address",
    "as_json",
    "assigned",
    "assignment",
    "assignments",
    "chosen",
    "clock",
    "date_time",
    "each",
    "either",
    "enabled_disabled",
    "epoch",
    "escaped",
    "formats",
    "group_bits",
    "groups",
    "in_zone",
    "integer",
    "integer24",
    "is_unset",
    "items",
    "mask_trouble",
    "member",
    "microseconds",
    "milliseconds",
    "minutes",
    "nullable",
    "on_off",
    "one_zero",
    "pairs",
    "real",
    "round_trip",
    "seconds",
    "seconds_left",
    "spell",
    "text",
    "true_false",
    "uri_encoded",
    "variables",
    "worded",
    "yes_no",
]
