"""What templates see: imports that fit, docstrings that say what is known and no more."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from ami_typed import actions, catalogue, events
from codegen.facts import Parameter, load_all
from codegen.overlay import SPEC
from codegen.surface import Fields, Module, Request, surface
from tests.codegen.sample import action, event, facts, knowledge, resolved

if TYPE_CHECKING:
    from pathlib import Path

    from codegen.facts import Action, Event
    from codegen.overlay import Overlay


def events_of(documented: Event, using: Overlay | None = None) -> Module[Fields]:
    return surface(resolved(facts(documented), **({"using": using} if using else {}))).events.modules[0]


def actions_of(documented: Action, using: Overlay | None = None) -> Module[Request]:
    return surface(resolved(facts(documented), **({"using": using} if using else {}))).actions.modules[0]


def test_a_module_imports_only_what_its_classes_use() -> None:
    module = events_of(event("E", "A"))

    assert module.imports.runtime == (
        "from ami_typed.fields import Sometimes",
        "from ami_typed.messages import Event",
        "from ami_typed.releases import Releases",
        "from ami_typed.values import text",
    )
    assert module.imports.checking == ()


def test_imports_for_annotations_are_for_type_checkers_only(tmp_path: Path) -> None:
    using = knowledge(tmp_path, '[parameter.Wait]\ntype = "seconds"\n')

    module = actions_of(action("A", "Wait"), using)

    assert "from datetime import timedelta" in module.imports.checking
    assert "from typing import TYPE_CHECKING" in module.imports.runtime
    assert "from ami_typed.values import seconds" in module.imports.runtime


def test_a_codec_that_an_attribute_would_hide_gets_another_name(tmp_path: Path) -> None:
    using = knowledge(tmp_path, '[header.Seconds]\ntype = "seconds"\n')

    module = events_of(event("E", "Seconds", "Text"), using)

    assert [field.expression for field in module.classes[0].fields] == [
        'Sometimes("Seconds", _seconds)',
        'Sometimes("Text", _text)',
    ]
    assert "from ami_typed.values import seconds as _seconds" in module.imports.runtime


def test_an_undescribed_header_has_a_docstring_with_the_documented_facts() -> None:
    module = actions_of(action("A", Parameter(name="Mode", required=True, default="on", values=("on", "off now"))))

    assert (
        "    mode: The ``Mode`` header. Required. One of ``on``, ``off now``. Defaults to ``on``."
        in module.classes[0].doc
    )


def test_no_line_of_a_docstring_is_longer_than_a_line_of_code(tmp_path: Path) -> None:
    sentence = "It says very many things about what there is to be said. " * 8
    using = knowledge(tmp_path, f'[parameter.X]\ndoc = "{sentence}"\n[action.A]\ndoc = "{sentence}"\n')

    doc = actions_of(action("A", "X"), using).classes[0].doc

    assert max(map(len, f'    """{doc}"""'.splitlines())) <= 120
    assert doc.count("very many things") == 16


def test_backslashes_and_quotes_in_the_documentation_are_preserved() -> None:
    module = actions_of(action("A", Parameter(name="X", default='a\\b"""c')))
    namespace: dict[str, str] = {}

    exec(f'doc = """{module.classes[0].doc}"""', namespace)  # as Python reads it

    assert "Defaults to ``a\\b'''c``." in namespace["doc"]


def test_unknown_privileges_are_not_mentioned() -> None:
    request = actions_of(action("A")).classes[0]

    assert "privileges" not in {constant.name for constant in request.constants}
    assert "privilege" not in request.doc


def test_the_recipients_of_an_event_are_documented(tmp_path: Path) -> None:
    using = knowledge(
        tmp_path,
        '[action.Show]\nprivileges = ["system", "call"]\n[list.Show]\nitems = { each = "X" }\ncomplete = "XEnd"\n'
        '[event.X]\nprivileges = ["call"]\n[event.XEnd]\nprivileges = []\n[event.Y]\nprivileges = ["system", "user"]\n',
    )

    seen = surface(resolved(facts(action("Show"), event("X"), event("XEnd"), event("Y")), using=using))

    told = {each.name: " ".join(each.doc.split()) for each in seen.events.modules[0].classes}
    asker = "to the session that sends ``Show``, whatever events its user may read."
    assert f"Sent to users with the privilege ``call``, and {asker}" in told["X"]
    assert f"Sent {asker}" in told["XEnd"]
    assert "Sent to users with all of the privileges ``system``, ``user``." in told["Y"]
    assert "Requires one of the privileges ``system``, ``call``." in seen.actions.modules[0].classes[0].doc


def test_privileges_of_older_releases_are_mentioned_too() -> None:
    text = " ".join((events.Newexten.__doc__ or "").split())

    assert "with the privilege ``dialplan``; in Asterisk 13 to 15, to users with the privilege ``call``." in text
    assert "system``; in Asterisk 13, the privilege ``call``." in (actions.ConfbridgeStopRecord.__doc__ or "")


def test_every_page_has_the_spelling_of_the_documentation() -> None:
    documented = {
        "AMI_Actions": {name for each in load_all(SPEC / "facts") for name in each.actions},
        "AMI_Events": {name for each in load_all(SPEC / "facts") for name in each.events},
    }
    classes = [getattr(actions, name) for name in catalogue.ACTIONS] + [getattr(events, n) for n in catalogue.EVENTS]
    pages = [page for cls in classes for page in re.findall(r"/(AMI_\w+)/([^/]+)/>", cls.__doc__ or "")]

    assert len(pages) > 300
    assert [name for kind, name in pages if unquote(name) not in documented[kind]] == []


def test_a_header_of_some_releases_is_documented_as_such() -> None:
    model = resolved(
        facts(event("E", "A"), action("R", "A"), release="13.38.3"), facts(event("E", "A", "B"), action("R", "B"))
    )

    seen = surface(model)

    assert seen.events.modules[0].classes[0].fields[1].expression == 'Sometimes("B", text, releases="22-")'
    constants = {each.name: each.expression for each in seen.actions.modules[0].classes[0].constants}
    assert constants["parameter_releases"] == '{"A": "13", "B": "22-"}'


def test_the_catalogue_knows_names_that_are_not_their_classes() -> None:
    seen = surface(resolved(facts(event("Demo Tree"), event("Hangup"))))

    assert seen.event_names == {"demo tree": "DemoTree"}
    assert seen.events.catalogue == {"DemoTree": "other", "Hangup": "other"}
