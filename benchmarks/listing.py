"""A list action: thousands of items into typed objects, beside parsing the same bytes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from benchmarks import floors
from benchmarks.faces import FACES
from benchmarks.measure import Figure, Options, medians
from benchmarks.server import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def run(options: Options) -> Iterator[Figure]:
    """Measure the floor and ami-typed's faces, in turn."""
    with serving(listed=options.listed) as port:
        subjects: dict[str, Callable[[], float]] = {"parse": partial(_parse, port)}
        subjects |= {face.name: partial(face.listing, port) for face in FACES}
        seconds = medians(options.rounds, subjects)
    for name, each in seconds.items():
        goal = "" if name == "parse" else "<= 0.6 x parse"
        yield Figure("listing", f"{name}, {options.listed:,} channels", each, "s", "parse", seconds["parse"], goal)


def _parse(port: int) -> float:
    items: list[dict[str, str]] = []
    return floors.parse(port, floors.LISTING, "CoreShowChannelsComplete", items.append)
