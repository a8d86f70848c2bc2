"""AstDB: values by family and key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ami_typed.testing.telephony.handling import answers
from ami_typed.testing.telephony.variables import function

if TYPE_CHECKING:
    from ami_typed.testing.seam import ReceivedAction, Reply
    from ami_typed.testing.telephony.objects import Channel
    from ami_typed.testing.telephony.world import World

__all__ = ["Database"]


class Database:
    """The values by path: ``/family/key``."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}


def _path(family: str, key: str = "") -> str:
    return f"/{family}/{key}" if key else f"/{family}"


def _named(action: ReceivedAction, reply: Reply, *, key: bool = True) -> tuple[str, str] | None:
    """Return the family and the key of an action; answer with an error if one is missing."""
    family, name = action.get("Family", ""), action.get("Key", "")
    if not family:
        reply.error("No family specified.")
        return None
    if key and not name:
        reply.error("No key specified.")
        return None
    return family, name


@answers("DBGet")
def _get(world: World, action: ReceivedAction, reply: Reply) -> None:
    place = _named(action, reply)
    if place is None:
        return
    value = world.part(Database).values.get(_path(*place))
    if value is None:
        reply.error("Database entry not found")
        return
    item = world.event("DBGetResponse", [("Family", place[0]), ("Key", place[1]), ("Val", value)])
    reply.list([item], "DBGetComplete", "Result will follow")


@answers("DBGetTree")
def _get_tree(world: World, action: ReceivedAction, reply: Reply) -> None:
    place = _named(action, reply, key=False)
    if place is None:
        return
    found = _below(world, _path(*place))
    if not found:
        reply.error("Database entry not found")
        return
    items = [world.event("DBGetTreeResponse", [("Key", path), ("Val", value)]) for path, value in found.items()]
    reply.list(items, "DBGetTreeComplete", "Result will follow")


def _below(world: World, path: str) -> dict[str, str]:
    values = world.part(Database).values
    return {each: values[each] for each in sorted(values) if each == path or each.startswith(path + "/")}


@answers("DBPut")
def _put(world: World, action: ReceivedAction, reply: Reply) -> None:
    place = _named(action, reply)
    if place is not None:
        world.part(Database).values[_path(*place)] = action.get("Val", "")
        reply.success("Updated database successfully")


@answers("DBDel")
def _delete(world: World, action: ReceivedAction, reply: Reply) -> None:
    place = _named(action, reply)
    if place is None:
        return
    if world.part(Database).values.pop(_path(*place), None) is None:
        reply.error("Database entry could not be deleted")
    else:
        reply.success("Key deleted successfully")


@answers("DBDelTree")
def _delete_tree(world: World, action: ReceivedAction, reply: Reply) -> None:
    place = _named(action, reply, key=False)
    if place is None:
        return
    found = _below(world, _path(*place))
    for path in found:
        del world.part(Database).values[path]
    if found:
        reply.success("Key tree deleted successfully")
    else:
        reply.error("Database entry not found")


def _write(world: World, channel: Channel | None, argument: str, value: str) -> None:
    del channel
    world.part(Database).values["/" + argument] = value


@function("DB", _write)
def _read(world: World, channel: Channel | None, argument: str) -> str:
    del channel
    return world.part(Database).values.get("/" + argument, "")
