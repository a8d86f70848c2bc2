"""A name on the wire finds its class, whatever its case; a user's own package is heard first."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

import pytest

import ami_typed as ami
from ami_typed import catalogue, registry
from ami_typed.messages import event_name
from tests.support import in_a_fresh_process

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OWN = '''
import ami_typed

class Hangup(ami_typed.Event):
    """The user's own."""

class DataGetTree(ami_typed.Event):
    wire_name = "DataGet Tree"

class Frobnicate(ami_typed.Request):
    """The user's own."""
'''


@pytest.fixture
def tables() -> Iterator[None]:
    """The registry's tables, as they were before once the test is over."""
    kept = [(table, dict(table)) for table in (registry._ACTIONS, registry._EVENTS, registry._AGGREGATES)]
    yield
    for table, before in kept:
        table.clear()
        table.update(before)


@pytest.fixture
def own_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tables: None) -> str:
    """A package as `ami-typed generate` makes it, registered."""
    name = "ami_typed_own_example"
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").write_text("", "utf-8")
    (tmp_path / name / "mine.py").write_text(OWN, "utf-8")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    importlib.invalidate_caches()
    for loaded in (name, f"{name}.mine"):
        monkeypatch.delitem(sys.modules, loaded, raising=False)
    ami.register(
        package=name,
        actions={"Frobnicate": "mine"},
        events={"Hangup": "mine", "DataGetTree": "mine"},
        event_names={"dataget tree": "DataGetTree"},
    )
    return name


def test_an_unknown_name_is_a_plain_event_or_request() -> None:
    assert registry.event_class("NoSuchEventAnywhere") is ami.Event
    assert registry.action_class("NoSuchActionAnywhere") is ami.Request


@pytest.mark.parametrize("name", list(catalogue.EVENTS))
def test_every_generated_event_is_found_in_any_case(name: str) -> None:
    cls = registry.event_class(name.swapcase())
    assert cls.__name__ == name
    assert registry.event_class(event_name(cls)) is cls


@pytest.mark.parametrize("name", list(catalogue.ACTIONS))
def test_every_generated_action_is_found_in_any_case(name: str) -> None:
    assert registry.action_class(name.swapcase()).__name__ == name


def test_a_users_own_package_wins(own_package: str) -> None:
    own = registry.event_class("HANGUP")
    assert own.__module__ == f"{own_package}.mine"
    assert registry.action_class("frobnicate").__name__ == "Frobnicate"


def test_an_event_is_found_by_a_wire_name_that_is_not_an_identifier(own_package: str) -> None:
    assert registry.event_class("DataGet Tree").__name__ == "DataGetTree"
    assert registry.event_class("DataGetTree").__name__ == "DataGetTree"


def test_a_registered_module_is_loaded_when_it_is_first_asked_for(own_package: str) -> None:
    assert f"{own_package}.mine" not in sys.modules
    registry.event_class("Hangup")
    assert f"{own_package}.mine" in sys.modules


def test_looking_up_an_event_loads_only_its_module_and_the_shared_ones() -> None:
    name, module = next(iter(catalogue.EVENTS.items()))
    program = (
        "import sys; from ami_typed import registry; before = set(sys.modules); "
        f"registry.event_class({name!r}); "
        "print(*sorted(m for m in set(sys.modules) - before if m.startswith('ami_typed.events.')))"
    )
    assert set(in_a_fresh_process(program)) <= {f"ami_typed.events.{module}", "ami_typed.events.families"}


def test_the_catalogue_names_modules_that_exist() -> None:
    for package, classes in (
        ("actions", catalogue.ACTIONS),
        ("events", catalogue.EVENTS),
        ("responses", catalogue.RESPONSES),
        ("aggregates", catalogue.AGGREGATES),
    ):
        for name, module in classes.items():
            assert hasattr(importlib.import_module(f"ami_typed.{package}.{module}"), name)
