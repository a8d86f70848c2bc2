"""A manager of a URL or the environment is one of its face, and takes what the face takes; a secret comes in many ways."""

# pyright: strict

from __future__ import annotations

import logging
from datetime import timedelta, tzinfo
from pathlib import Path
from typing import assert_type

from ami_typed import AsyncManager, Limits, Manager, Reconnect, Reconnected


def told() -> None:
    with Manager.from_url("ami://user@host", secret=Path("secret"), reconnect=Reconnect(first=1)) as manager:
        assert_type(manager, Manager)
        manager.wait_until_booted(30)
    assert_type(Manager.from_env("NORTH_", secret=lambda: "secret", debug=True, limits=Limits(events=10)), Manager)


async def told_on_a_loop() -> None:
    async with AsyncManager.from_env(logger=logging.getLogger("app")) as manager:
        assert_type(manager, AsyncManager)
        await manager.wait_until_booted()
    manager = AsyncManager.from_url("amis://host", reconnect=Reconnect(at_start=True, give_up_after=60), timezone="UTC")
    await manager.connect()
    await manager.wait_connected(30)
    assert_type(manager.timezone, tzinfo | None)


def logged_in(manager: Manager) -> None:
    manager.connect("host", 5039, tls=True)
    for secret in ("secret", Path("secret"), lambda: "secret"):
        manager.login("user", secret, wait=30, timeout=2.5)


def noticed(event: Reconnected) -> None:
    assert_type(event.refused, list[str])
    assert_type(event.gap, timedelta)
