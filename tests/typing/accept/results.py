"""`execute` returns the result of its request, and `send_action` the answer that holds it; both faces alike."""

# pyright: strict

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, assert_type

from ami_typed import Answer, Event, Message, Request, Response, actions, enums, responses
from ami_typed.configuration import Section
from ami_typed.structures import PenaltyStep

if TYPE_CHECKING:
    from ami_typed import AsyncManager, Manager


def typed_results(manager: Manager) -> None:
    settings = manager.execute(actions.CoreSettings())
    assert_type(settings, responses.CoreSettings)
    assert_type(settings.asterisk_version, str)
    assert_type(settings.core_max_calls, int)
    assert_type(settings.core_max_load_avg, float)
    status = manager.execute(actions.CoreStatus())
    assert_type(status.core_current_calls, int)
    assert_type(status.core_processed_calls, int | None)
    assert_type(manager.execute(actions.Ping()).timestamp, datetime)
    state = manager.execute(actions.ExtensionState(exten="100", context="default"))
    assert_type(state.status, enums.ExtensionState)
    assert_type(state.status_text, enums.ExtensionStateName)
    assert_type(manager.execute(actions.MailboxStatus(mailbox=["100@default"])).waiting, bool)
    assert_type(manager.execute(actions.Getvar(variable="HANGUPCAUSE")).value, str)
    assert_type(manager.execute(actions.Events(event_mask=True)).events, bool | None)
    assert_type(manager.execute(actions.GetConfig(filename="a.conf")).sections, list[Section])
    assert_type(manager.execute(actions.QueueRule()).rules, dict[str, list[PenaltyStep]])
    peer = manager.execute(actions.SIPshowpeer(peer="anna"))
    assert_type(peer.ama_flags, enums.AMAFlags | None)
    assert_type(peer.secret_exist, bool)


def plain_results(manager: Manager) -> None:
    paused = manager.execute(actions.QueuePause(interface="PJSIP/anna", paused=True), timeout=2)
    assert_type(paused, Answer)
    assert_type(paused.message, str | None)
    assert_type(manager.execute(Request[Message]("MyAction")), Message)


def answers(manager: Manager) -> None:
    answer = manager.send_action(actions.CoreSettings(), action_id="mine")
    assert_type(answer, Response[responses.CoreSettings] | None)
    if answer is None:
        return
    assert_type(answer.result, responses.CoreSettings)
    assert_type(answer.response, Message)
    assert_type(answer.request, Request[Any])
    assert_type(answer.action_id, str)
    assert_type(answer.success, bool)
    assert_type(answer.time, float)
    result, response, *_ = answer
    assert_type(result, responses.CoreSettings)
    assert_type(response, Message)


def synchronous(manager: Manager) -> None:
    request = actions.QueueStatus(queue="support")
    request.synchronous = True
    answer = manager.send_action(request)
    if answer is not None and answer.events is not None:
        assert_type(answer.events_timeout, bool)
        every: dict[Any, list[Event] | Event | None] = answer.events
        print(every)


async def awaited(manager: AsyncManager) -> None:
    assert_type(await manager.execute(actions.CoreSettings()), responses.CoreSettings)
    assert_type(await manager.execute(actions.BridgeDestroy(bridge_uniqueid="a")), Answer)
    answer = await manager.send_action(actions.Ping())
    assert_type(answer, Response[responses.Ping] | None)
    assert_type(await manager.execute(actions.ListCategories(filename="a.conf"), timeout=1), responses.ListCategories)


async def results_used_where_anything_is_accepted(manager: AsyncManager, program: Manager) -> None:
    """A result may be passed to what takes an `object`, which must not make a `Request[object]` the expected one."""
    print(await manager.execute(actions.Ping()), await manager.send_action(actions.CoreStatus()))
    print(program.execute(actions.Ping()), program.send_action(actions.CoreStatus()))
    kept: object = await manager.execute(actions.QueueStatus())
    anything: Request[object] = actions.Ping()
    print(kept, anything)
