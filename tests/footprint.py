"""What this process holds of what a program that runs for months must not lose: threads, descriptors, objects, memory."""

from __future__ import annotations

import gc
import os
import threading
from pathlib import Path
from typing import NamedTuple

import ami_typed as ami
from tests.support import PATIENCE


class Footprint(NamedTuple):
    """What a process holds.

    Attributes:
        threads: Its threads.
        descriptors: Its open files and sockets.
        objects: Its objects of classes of `ami_typed`, and messages of other classes, that the collector of garbage knows.
        mebibytes: Its memory; 0 where the system does not say.
    """

    threads: int
    descriptors: int
    objects: int
    mebibytes: float


def settle() -> None:
    """Wait for the package's threads to end; for when nothing is connected any more."""
    for thread in threading.enumerate():
        if thread.name.startswith("ami-typed"):
            thread.join(PATIENCE)


def footprint() -> Footprint:
    """Look at this process, all garbage collected."""
    gc.collect()
    return Footprint(
        threading.active_count(),
        len(list(Path("/dev/fd").iterdir())),
        sum(_is_ours(each) for each in gc.get_objects()),
        _mebibytes(),
    )


def _is_ours(each: object) -> bool:
    cls = type(each)
    return str(cls.__module__).startswith("ami_typed") or issubclass(cls, ami.MessageTemplate)


def _mebibytes() -> float:
    statm = Path("/proc/self/statm")
    if not statm.exists():
        return 0.0
    return int(statm.read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)
