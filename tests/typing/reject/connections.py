"""What a manager of a URL or the environment does not take: each line against it is marked."""

# pyright: strict

from __future__ import annotations

from typing import TYPE_CHECKING

from ami_typed import AsyncManager, Manager

if TYPE_CHECKING:
    from pathlib import Path


def told(path: Path) -> None:
    Manager.from_url()  # refused: call-arg | reportCallIssue
    Manager.from_url(path)  # refused: arg-type | reportArgumentType
    Manager.from_url("ami://host", "secret")  # refused: call-arg | reportCallIssue
    Manager.from_url("ami://host", secret=1)  # refused: arg-type | reportArgumentType
    Manager.from_url("ami://host", debugg=True)  # refused: call-arg | reportCallIssue
    Manager.from_env(reconnect=True)  # refused: arg-type | reportArgumentType
    AsyncManager.from_env(limits=10)  # refused: arg-type | reportArgumentType


def logged_in(manager: Manager) -> None:
    manager.login("user", b"secret")  # refused: arg-type | reportArgumentType
    manager.login("user", "secret", timeout="5")  # refused: arg-type | reportArgumentType
    manager.wait_until_booted("30")  # refused: arg-type | reportArgumentType
