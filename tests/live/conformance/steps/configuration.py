"""Configuration files, the dialplan, modules, logs, reloads."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import ami_typed as ami
from ami_typed import actions, events
from ami_typed.configuration import AppendLine, Change, NewSection, UpdateLine
from tests.live.conformance.scenario import step

if TYPE_CHECKING:
    from tests.live.conformance.stage import Stage


@step()
def a_file_is_made_and_changed(stage: Stage) -> None:
    name = "conformance.conf"
    stage.execute(actions.CreateConfig(filename=name))
    changes: list[Change] = [NewSection("first"), AppendLine("first", "colour", "red")]
    stage.execute(actions.UpdateConfig(src_filename=name, dst_filename=name, changes=changes))
    stage.execute(actions.GetConfig(filename=name))
    stage.execute(actions.GetConfigJSON(filename=name))
    stage.execute(actions.ListCategories(filename=name))
    stage.execute(actions.GetConfig(filename="queues.conf"))
    stage.execute(actions.GetConfigJSON(filename="queues.conf"))
    stage.execute(actions.ListCategories(filename="queues.conf"))


@step(anywhere=True)
def the_dialplan_is_changed_and_shown(stage: Stage) -> None:
    stage.execute(
        actions.DialplanExtensionAdd(
            context="conformance",
            extension="1",
            priority="1",
            application="NoOp",
            application_data="hello",
            replace=True,
        )
    )
    stage.listing(actions.ShowDialPlan(context="conformance"))
    stage.listing(actions.ShowDialPlan())
    stage.execute(actions.DialplanExtensionRemove(context="conformance", extension="1", priority="1"))


@step()
def modules_are_loaded_and_reloaded(stage: Stage) -> None:
    stage.execute(actions.ModuleCheck(module="app_queue"))
    stage.execute(actions.ModuleLoad(module="app_milliwatt.so", load_type="unload"))
    stage.execute(actions.ModuleLoad(module="app_milliwatt.so", load_type="load"))
    stage.execute(actions.ModuleLoad(module="app_queue.so", load_type="reload"))
    stage.execute(actions.Reload(module="app_queue.so"))
    stage.execute(actions.LoggerRotate())
    stage.execute(actions.Command(command="logger reload"))
    stage.until(events.Load)
    stage.until(events.Unload)
    stage.until(events.Reload)


@step()
def a_user_may_log_in_but_once(stage: Stage) -> None:
    server = stage.server
    for change in (AppendLine("full", "allowmultiplelogin", "no"), UpdateLine("full", "allowmultiplelogin", "yes")):
        stage.execute(
            actions.UpdateConfig(
                src_filename="manager.conf", dst_filename="manager.conf", reload="manager", changes=[change]
            )
        )
        with ami.Manager() as other, suppress(ami.LoginFailed):
            other.connect(server.host, server.port)
            other.login(server.full.name, server.full.secret)
    stage.until(events.SessionLimit)
