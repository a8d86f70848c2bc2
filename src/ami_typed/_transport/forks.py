"""What a fork leaves to the child process: copies of connections, which must not touch the originals.

Rules of this module:

- Parent and child share what their descriptors refer to. A socket that is shut down, written to or taken out of an
  epoll object by the child is so for the parent. So the child first replaces each socket by a dead one of the same
  number: whoever still uses that number (asyncio, uvloop, TLS, a finalizer) finds a peer that has closed.
- Only the thread that forked goes on in the child. What other threads held is freed; see `locks.renew`.
- Windows has no fork.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import weakref
from typing import Protocol

from ami_typed._transport.locks import renew

__all__ = ["Owner", "cut_in_children", "disown_in_children"]


class Owner(Protocol):
    """What uses sockets."""

    def _disown(self) -> None:
        """Let go, in a child process, of what the parent goes on using."""


_sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()
_owners: weakref.WeakSet[Owner] = weakref.WeakSet()


def cut_in_children(connected: socket.socket) -> None:
    """Have every child process begin with a dead socket in the place of this one."""
    _sockets.add(connected)


def disown_in_children(owner: Owner) -> None:
    """Have every child process begin with `_disown` of its copy of an object."""
    _owners.add(owner)


def _begin_child() -> None:
    with contextlib.ExitStack() as steps:  # all of them are taken, whatever becomes of one; the last one first
        for owner in list(_owners):
            steps.callback(owner._disown)
        if plain := sys.modules.get("ami_typed._speed.plain"):
            steps.callback(renew, plain._publishing)
        steps.callback(_cut)


def _cut() -> None:
    connected = [each for each in list(_sockets) if each.fileno() >= 0]
    if not connected:
        return
    try:
        dead, peer = socket.socketpair()
    except OSError:  # no descriptor is left
        for each in connected:
            each.close()
        return
    peer.close()
    with dead:
        dead.setblocking(False)
        for each in connected:
            os.dup2(dead.fileno(), each.fileno(), inheritable=False)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_child)
