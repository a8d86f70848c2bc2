"""A callback gets the event and the manager that it was registered for, whichever way it is registered."""

# pyright: strict

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, assert_type

from ami_typed import Manager, aggregates, events

if TYPE_CHECKING:
    from ami_typed import Aggregate, AsyncManager, Event, Message


def on_hangup(event: events.Hangup, manager: Manager) -> None:
    assert_type(event.cause, int)
    print(manager.is_connected())


def on_anything(event: Event, manager: Manager) -> str:
    return f"{event.event} {manager.release}"


def on_queues(queues: aggregates.QueueStatus, _: Manager) -> None:
    assert_type(queues.members, list[events.QueueMember])


def on_either(message: Event | Aggregate, _: Manager) -> None:
    print(message.action_id)


def on_any_list(aggregate: Aggregate, _: Manager) -> None:
    print(aggregate.valid)


def on_orphan(message: Message, _: Manager) -> None:
    print(message.raw)


def register(manager: Manager) -> None:
    manager.register_callback(events.Hangup, on_hangup)
    manager.register_callback(events.Hangup, on_anything)
    manager.register_callback("Hangup", on_anything)
    manager.register_callback("", on_anything)
    manager.register_callback("", on_either)
    manager.register_callback("QueueStatus", on_any_list)
    manager.register_callback("Queue*", lambda event, _: print(event.event))
    manager.register_callback(None, on_orphan)
    manager.register_callback(aggregates.QueueStatus, on_queues)
    manager.register_callback(events.Newchannel, lambda event, manager: print(event.channel, manager.release))
    manager.register_callback(events.Newchannel, partial(on_partial, "new"))
    assert_type(manager.unregister_callback(events.Hangup, on_hangup), bool)

    @manager.register_callback(events.DialEnd)
    def on_dial_end(event: events.DialEnd, _: Manager) -> None:
        print(event.dial_status)

    @manager.register_callback("VarSet")
    def on_variable(event: Event, _: Manager) -> None:
        print(event["Variable"])

    assert_type(on_dial_end(events.DialEnd(), manager), None)
    print(on_variable)


def on_partial(said: str, event: events.Newchannel, _: Manager) -> None:
    print(said, event.channel)


def plain(event: events.Hangup, manager: AsyncManager) -> None:
    print(event.channel, manager.release)


async def awaited(event: events.Hangup, manager: AsyncManager) -> None:
    await manager.disconnect()
    print(event.channel)


async def every(aggregate: Aggregate, _: AsyncManager) -> int:
    return len(aggregate)


def register_with_either(manager: AsyncManager) -> None:
    manager.register_callback(events.Hangup, plain)
    manager.register_callback(events.Hangup, awaited)
    manager.register_callback(aggregates.QueueStatus, every)

    @manager.register_callback(events.Newstate)
    async def on_state(event: events.Newstate, _: AsyncManager) -> None:
        print(event.channel_state.name)

    print(on_state)


class Switchboard(Manager):
    """A manager of a program's own."""

    calls = 0


def on_call(event: events.Newchannel, switchboard: Switchboard) -> None:
    switchboard.calls += 1
    print(event.channel)


def register_on_a_subclass(switchboard: Switchboard) -> None:
    switchboard.register_callback(events.Newchannel, on_call)
    switchboard.register_callback(events.Newchannel)(on_call)
    switchboard.register_callback(events.Hangup, on_hangup)
