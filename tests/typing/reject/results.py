"""A result has what its action answers, and an answer may be missing: each line that forgets it is marked."""

# pyright: strict

from __future__ import annotations

from typing import TYPE_CHECKING

from ami_typed import actions, aggregates, events, responses

if TYPE_CHECKING:
    from ami_typed import AsyncManager, Manager


def typed_results(manager: Manager) -> None:
    settings = manager.execute(actions.CoreSettings())
    settings.core_max_call  # refused: attr-defined | reportAttributeAccessIssue
    version: int = settings.asterisk_version  # refused: assignment | reportAssignmentType
    calls: str = settings.core_max_calls  # refused: assignment | reportAssignmentType
    other: responses.CoreStatus = settings  # refused: assignment | reportAssignmentType
    manager.execute(actions.Ping()).timestamp.seconds  # refused: attr-defined | reportAttributeAccessIssue
    manager.execute(actions.CoreStatus()).core_processed_calls + 1  # refused: operator | reportOptionalOperand
    hint = manager.execute(actions.ExtensionState(exten="1", context="a"))
    hint.status.upper()  # refused: attr-defined | reportAttributeAccessIssue
    box = manager.execute(actions.MailboxStatus(mailbox=""))
    box.waiting.days  # refused: attr-defined | reportAttributeAccessIssue
    manager.execute(actions.MWIDelete(mailbox="1")).mailbox  # refused: attr-defined | reportAttributeAccessIssue
    manager.execute("CoreSettings")  # refused: call-overload | reportArgumentType, reportCallIssue
    manager.execute(actions.CoreSettings)  # refused: call-overload | reportArgumentType, reportCallIssue
    manager.execute(actions.CoreSettings(), timeout="5")  # refused: call-overload | reportArgumentType, reportCallIssue
    print(version, calls, other)


def answers(manager: Manager) -> None:
    answer = manager.send_action(actions.CoreSettings())
    answer.result  # refused: union-attr | reportOptionalMemberAccess
    answer.success = True  # refused: misc, union-attr | reportAttributeAccessIssue, reportOptionalMemberAccess
    if answer is not None:
        answer.result.core_max_call  # refused: attr-defined | reportAttributeAccessIssue
        answer.time.seconds  # refused: attr-defined | reportAttributeAccessIssue
        answer.events["QueueMember"]  # refused: index | reportOptionalSubscript
        answer.success = True  # refused: misc | reportAttributeAccessIssue


def lists(manager: Manager) -> None:
    queues = manager.execute(actions.QueueStatus())
    queues.membres  # refused: attr-defined | reportAttributeAccessIssue
    queues.members.paused  # refused: attr-defined | reportAttributeAccessIssue
    queues.members[0].pawsed  # refused: attr-defined | reportAttributeAccessIssue
    queues.complete.event  # refused: union-attr | reportOptionalMemberAccess
    first: events.QueueEntry = queues.members[0]  # refused: assignment | reportAssignmentType
    others: aggregates.QueueSummary = queues  # refused: assignment | reportAssignmentType
    wrong: list[events.QueueEntry] = queues[events.QueueMember]  # refused: assignment | reportAssignmentType
    print(first, others, wrong)
    queues[events.Hangup]  # refused: index | reportArgumentType, reportCallIssue
    manager.execute(actions.CoreShowChannels()).channels[0].duration + 1  # refused: operator | reportOperatorIssue


async def awaited(manager: AsyncManager) -> None:
    manager.execute(actions.CoreSettings()).asterisk_version  # refused: attr-defined | reportAttributeAccessIssue
    manager.execute(actions.CoreSettings())  # refused: unused-coroutine | reportUnusedCoroutine
    (await manager.execute(actions.QueueStatus())).membres  # refused: attr-defined | reportAttributeAccessIssue
    (await manager.send_action(actions.Ping())).result  # refused: union-attr | reportOptionalMemberAccess
