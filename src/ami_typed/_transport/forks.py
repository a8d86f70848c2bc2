"""Forks: a child process gets copies of connections, which must not affect the originals.

Rules of this module:

- Parent and child share what their descriptors refer to. If the child shuts a socket down, writes to it or removes it
  from an epoll object, this takes effect for the parent, too. Therefore the child first replaces each socket with a
  dead one of the same number: any code that still uses that number (asyncio, uvloop, TLS, a finalizer) finds a peer
  that has closed.
- Only the thread that forked continues in the child. Locks that other threads held are freed; see `locks.renew`.
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
    """An object that uses sockets."""

    def _disown(self) -> None:
        """Release, in a child process, what the parent continues to use."""


_sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()
_owners: weakref.WeakSet[Owner] = weakref.WeakSet()


def cut_in_children(connected: socket.socket) -> None:
    """Replace this socket with a dead one at the start of every child process."""
    _sockets.add(connected)


def disown_in_children(owner: Owner) -> None:
    """Call `_disown` on the copy of an object at the start of every child process."""
    _owners.add(owner)


def _begin_child() -> None:
    with contextlib.ExitStack() as steps:  # all of them run, even if one fails; the last one first
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
