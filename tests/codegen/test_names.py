"""Names on the wire become names in Python by one set of rules."""

from __future__ import annotations

import ast
import keyword
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ami_typed import catalogue
from ami_typed.messages import Aggregate, Answer, Event, ListRequest, Request
from codegen.names import RESERVED, RESERVED_CLASSES, Owner, attribute_name, class_name, is_name

GENERATED = Path(__file__).parents[2] / "src" / "ami_typed"


@pytest.mark.parametrize(
    ("wire", "attribute"),
    [
        ("CallerIDNum", "caller_id_num"),
        ("CallerIDani", "caller_id_ani"),
        ("Cause-txt", "cause_txt"),
        ("DestChannel", "dest_channel"),
        ("AMIversion", "ami_version"),
        ("CoreCDRenabled", "core_cdr_enabled"),
        ("MD5Cred", "md5_cred"),
        ("ChannelStateDesc", "channel_state_desc"),
        ("CompletedFAXes", "completed_faxes"),
        ("IPaddress", "ip_address"),
        ("T38Udptl", "t38_udptl"),
        ("Uniqueid", "uniqueid"),
        ("Channel2", "channel2"),
        ("100rel", "n100_rel"),
        ("2Channel", "n2_channel"),
        ("UnitAmount(0)", "unit_amount_0"),
        ("Charge/Units(0)/NumberOf", "charge_units_0_number_of"),
        ("Report*SourceSSRC", "report_source_ssrc"),
        ("Named Callgroup", "named_callgroup"),
        ("Async", "async_"),
        ("From", "from_"),
        ("Class", "class_"),
        ("Items", "items_"),
        ("Headers", "headers_"),
    ],
)
def test_a_header_becomes_an_attribute(wire: str, attribute: str) -> None:
    assert attribute_name(wire, "event") == attribute


@pytest.mark.parametrize(
    ("wire", "owner", "attribute"),
    [
        ("Data", "event", "data_"),
        ("Data", "request", "data"),
        ("Timeout", "request", "timeout_"),
        ("Timeout", "event", "timeout"),
        ("Response", "event", "response"),
        ("Response", "answer", "response_"),
        ("Complete", "aggregate", "complete_"),
    ],
)
def test_a_field_never_hides_a_member_of_its_class(wire: str, owner: Owner, attribute: str) -> None:
    assert attribute_name(wire, owner) == attribute


@pytest.mark.parametrize(
    ("owner", "cls"),
    [
        ("request", Request),
        ("request", ListRequest),
        ("event", Event),
        ("answer", Answer),
        ("aggregate", Aggregate),
    ],
)
def test_every_member_of_a_base_class_is_reserved(owner: Owner, cls: type) -> None:
    members = {name for name in dir(cls) if not name.startswith("_")}

    assert members <= RESERVED[owner]


@pytest.mark.parametrize(
    ("wire", "name"),
    [
        ("QueueAdd", "QueueAdd"),
        ("DataGet Tree", "DataGetTree"),
        ("AOC-S", "AOC_S"),
        ("Event", "Event_"),
        ("3Way", "n3Way"),
    ],
)
def test_a_message_becomes_a_class(wire: str, name: str) -> None:
    assert class_name(wire) == name


def test_no_class_shadows_an_import_of_a_generated_module() -> None:
    imported = {
        alias.asname or alias.name
        for folder in ("actions", "events", "responses", "aggregates")
        for path in (GENERATED / folder).glob("[a-z]*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    codecs = {name for name in imported if name.islower() or name[0] == "_"}  # no message is spelled so
    families = {*catalogue.FAMILIES}  # `families` refuses one that is called like an event

    assert imported - codecs - families - {"annotations"} <= RESERVED_CLASSES


@given(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9 ()/._-]{0,30}", fullmatch=True))
def test_every_header_has_an_attribute_that_python_accepts(wire: str) -> None:
    name = attribute_name(wire, "event")

    assert is_name(name)
    assert not keyword.iskeyword(name)
    assert name == name.lower()
