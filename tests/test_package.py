"""The package is light to import, complete to look into, and typed."""

from __future__ import annotations

import ast
import importlib
import inspect
import pickle
import re
import subprocess
import sys
import typing
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

import ami_typed
from ami_typed import actions, catalogue, enums, values
from ami_typed.fields import fields_of
from ami_typed.registry import event_class
from tests.support import in_a_fresh_process

if TYPE_CHECKING:
    from collections.abc import Callable

SOURCE = Path(ami_typed.__file__)
GENERATED = {"actions", "events", "responses", "aggregates", "enums", "catalogue"}


def loaded_after(program: str) -> set[str]:
    """The modules that a program loads in a fresh Python, beyond those that Python itself needs."""
    before = f"import sys{', annotationlib' if sys.version_info >= (3, 14) else ''}; before = set(sys.modules)"
    return set(in_a_fresh_process(f"{before}\n{program}\nprint(*set(sys.modules) - before)"))


def generated(modules: set[str]) -> set[str]:
    return {name for name in modules if name.startswith("ami_typed.") and name.split(".")[1] in GENERATED}


def test_importing_the_package_loads_only_its_lazy_namespace() -> None:
    loaded = loaded_after("import ami_typed")
    assert {name for name in loaded if name.startswith("ami_typed")} == {"ami_typed", "ami_typed._lazy"}
    assert not loaded & {"asyncio", "typing_extensions", "logging", "inspect", "ssl"}


def test_making_a_manager_loads_no_generated_class_and_nothing_heavy() -> None:
    loaded = loaded_after("import ami_typed; ami_typed.Manager()")
    assert generated(loaded) == set()
    assert not loaded & {"asyncio", "typing_extensions", "logging", "inspect", "ssl", "ast", "dataclasses", "pydantic"}
    assert not {name for name in loaded if name.startswith("ami_typed.aio")}
    assert not loaded & {"socket", "select", "selectors"}  # which connecting needs
    assert not {name for name in loaded if "__mypyc" in name}
    assert not loaded & {
        "weakref",
        "copy",
        "json",
        "zoneinfo",
        "ami_typed.fields",
        "ami_typed.values",
        "ami_typed.statistics",
    }
    assert {name for name in loaded if name.startswith("ami_typed._language.")} == {
        f"ami_typed._language.{name}" for name in ("codecs", "headers", "times")
    }


def test_importing_a_manager_compiles_no_annotation() -> None:
    """Which `typing.NamedTuple` does with each field: a tenth of what the import costs."""
    compiled = in_a_fresh_process(
        "import builtins, typing\n"
        "compile_, sources = builtins.compile, []\n"
        "builtins.compile = lambda source, *more, **how: sources.append(source) or compile_(source, *more, **how)\n"
        "import ami_typed; ami_typed.Manager\n"
        "print(*[source for source in sources if isinstance(source, str)])"
    )
    assert not {"int", "float", "str", "bool"} & {*compiled}


@pytest.mark.parametrize("cls", [ami_typed.Limits, ami_typed.Reconnect, ami_typed.Statistics, ami_typed.Release])
def test_named_tuples_are_those_of_typing(cls: Any) -> None:
    fields = dict.fromkeys(cls.__annotations__, Any)
    of_typing: Any = NamedTuple
    made = of_typing(cls.__name__, list(fields.items()))
    assert cls._fields == made._fields
    assert {*dir(made)} - {"__orig_bases__", "__annotate_func__"} <= {*dir(cls)}
    assert (cls.__match_args__, cls._field_defaults.keys()) == (cls._fields, {*cls._fields} & {*cls._field_defaults})
    assert cls.__doc__ != made.__doc__
    assert [each.annotation for each in inspect.signature(cls).parameters.values()] == [*cls.__annotations__.values()]
    value = cls(*range(len(fields)))
    assert pickle.loads(pickle.dumps(value)) == value == tuple(range(len(fields)))
    assert repr(value) == repr(made(*value))
    assert value._asdict() == made(*value)._asdict()
    first = cls._fields[0]
    assert value._replace(**{first: "new"}) == ("new", *value[1:]) == cls._make(["new", *value[1:]])
    assert getattr(value, first) == 0
    mistakes: list[Callable[[], Any]] = [lambda: cls._make([]), lambda: value._replace(no=1), lambda: cls(*value, 1)]
    for mistake in mistakes:
        with pytest.raises((TypeError, ValueError)):
            mistake()


def test_one_event_loads_its_module_and_the_shared_ones() -> None:
    loaded = loaded_after("from ami_typed import events; events.Hangup")
    of_events = {name for name in loaded if name.startswith("ami_typed.events.")}
    assert of_events == {"ami_typed.events.channel", "ami_typed.events.families"}
    assert not {name for name in loaded if name.startswith(("ami_typed.actions", "ami_typed.responses"))}


def names_for_checkers() -> list[str]:
    """`__all__` as a type checker reads it: the one under `if TYPE_CHECKING`."""
    for node in ast.parse(SOURCE.read_text("utf-8")).body:
        match node:
            case ast.If(test=ast.Name(id="TYPE_CHECKING"), body=body):
                for statement in body:
                    match statement:
                        case ast.Assign(targets=[ast.Name(id="__all__")], value=value):
                            found: list[str] = ast.literal_eval(value)
                            return found
                        case _:
                            pass
            case _:
                pass
    pytest.fail("there is no __all__ under `if TYPE_CHECKING`")


def test_the_names_at_run_time_are_those_that_checkers_see() -> None:
    assert sorted(ami_typed.__all__) == sorted(names_for_checkers())
    assert len(set(ami_typed.__all__)) == len(ami_typed.__all__)


@pytest.mark.parametrize("name", sorted(ami_typed.__all__))
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(ami_typed, name) is not None
    assert name in dir(ami_typed)


def test_all_names_can_be_listed_in_a_fresh_process_before_any_is_loaded() -> None:
    printed = in_a_fresh_process(
        "import ami_typed, sys; print(*dir(ami_typed)); assert 'ami_typed.manager' not in sys.modules"
    )
    assert set(ami_typed.__all__) <= set(printed)


@pytest.mark.parametrize("package", sorted(GENERATED - {"enums", "catalogue"}))
def test_all_generated_names_can_be_listed(package: str) -> None:
    module = importlib.import_module(f"ami_typed.{package}")
    table: dict[str, str] = getattr(ami_typed.catalogue, package.upper())
    assert sorted(module.__all__) == sorted(table)
    assert set(table) <= set(dir(module))


@pytest.mark.parametrize("name", ["Managre", "_Requets", "_private", "__wrapped__", "request"])
def test_a_misspelt_name_is_an_attribute_error(name: str) -> None:
    assert not hasattr(ami_typed, name)
    with pytest.raises(AttributeError, match="module 'ami_typed' has no attribute"):
        getattr(ami_typed, name)


@pytest.mark.parametrize("package", ["actions", "events", "responses", "aggregates"])
def test_a_misspelt_generated_name_is_an_attribute_error(package: str) -> None:
    with pytest.raises(AttributeError, match=f"module 'ami_typed.{package}' has no attribute 'NoSuchThing'"):
        _ = getattr(importlib.import_module(f"ami_typed.{package}"), "NoSuchThing")  # noqa: B009 - a checker knows that


def test_a_misspelt_import_is_an_import_error() -> None:
    printed = in_a_fresh_process(
        "try:\n    from ami_typed import Managre\nexcept ImportError as error:\n    print('refused', error.name)"
    )
    assert printed == ["refused", "ami_typed"]


@pytest.mark.parametrize(
    "name", ["Request", "Event", "Message", "Response", "Aggregate", "MessageTemplate", "SynchronisedSocket"]
)
def test_each_documented_name_with_an_underscore_is_the_class(name: str) -> None:
    documented = getattr(ami_typed, f"_{name}")
    assert isinstance(documented, type)
    assert documented.__name__ == name


def test_everything_can_be_imported_at_once() -> None:
    printed = in_a_fresh_process("from ami_typed import *; print(Manager.__name__, KEY_ACTION, events.Hangup.__name__)")
    assert printed == ["Manager", "Action", "Hangup"]


def test_public_classes_name_a_module_they_can_be_pickled_by() -> None:
    for name in ("Manager", "Request", "Event", "Aggregate", "ActionFailed", "Release"):
        cls = getattr(ami_typed, name)
        assert pickle.loads(pickle.dumps(cls)) is cls


def test_the_package_is_marked_as_typed() -> None:
    assert resources.files(ami_typed).joinpath("py.typed").is_file()


def test_the_version_is_one() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", ami_typed.__version__)


def test_at_run_time_nothing_but_python_is_needed() -> None:
    loaded = loaded_after(
        "import ami_typed\nfor name in ami_typed.__all__: getattr(ami_typed, name)\n"
        "for package in (ami_typed.actions, ami_typed.events, ami_typed.responses, ami_typed.aggregates):\n"
        "    for name in package.__all__: getattr(package, name)"
    )
    foreign = {name.partition(".")[0] for name in loaded} - {"ami_typed", "ami_typed__mypyc"}
    outside = in_a_fresh_process(
        "import sys; names = "
        + repr(sorted(foreign))
        + "; print(*[n for n in names if n not in sys.stdlib_module_names])"
    )
    assert {name for name in outside if not name.startswith("_")} == set()


def test_the_signatures_of_the_documented_api_are_there_to_read() -> None:
    hints = typing.get_type_hints(ami_typed.Limits)
    assert set(hints) == set(ami_typed.Limits._fields)
    for method in ("connect", "disconnect", "send_action", "register_callback", "monitor_connection", "close"):
        assert getattr(ami_typed.Manager, method).__doc__


def test_no_description_of_a_duration_mentions_the_unit_on_the_wire() -> None:
    unit = re.compile(r", in (?:milli|micro)?(?:seconds|minutes)\b")
    durations = {id(codec) for codec in (values.seconds, values.milliseconds, values.microseconds, values.minutes)}
    wrong = [
        (name, attribute)
        for name in catalogue.EVENTS
        for attribute, field in fields_of(event_class(name)).items()
        if id(field.codec) in durations and unit.search(field.describe())
    ]
    assert not wrong
    assert "milliseconds" not in (actions.Originate.__doc__ or "")


def test_a_call_that_nobody_answers_has_a_reason_that_says_so() -> None:
    assert (enums.OriginateReason(3), enums.OriginateReason(3).name) == (3, "NO_ANSWER")
    assert str(enums.OriginateReason(3)) == f"{enums.OriginateReason(3)}" == "NO_ANSWER"


def test_the_package_runs_as_a_module() -> None:
    done = subprocess.run([sys.executable, "-m", "ami_typed", "--version"], capture_output=True, text=True, check=True)
    assert ami_typed.__version__ in done.stdout
