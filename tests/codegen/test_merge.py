"""Many accounts of one message become one message over all releases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codegen.facts import Parameter
from codegen.merge import Account, Header, Message, merge
from codegen.spans import text_of
from tests.codegen.sample import action, event, facts, listing

if TYPE_CHECKING:
    from codegen.facts import Facts


def merged_event(*releases: Facts) -> Message:
    (message,) = merge(releases).events.values()
    return message


def header(message: Message, name: str) -> Header:
    return next(each for each in message.headers if each.name == name)


def test_names_are_one_without_regard_to_case_and_the_newest_spelling_counts() -> None:
    message = merged_event(
        facts(event("NewExten", "Accountcode"), release="13.38.3"), facts(event("Newexten", "AccountCode"))
    )

    assert message.name == "Newexten"
    assert [each.name for each in message.headers] == ["AccountCode"]
    assert text_of(message.span) == "13 22"


def test_the_newest_release_is_right_whatever_the_order_of_the_files() -> None:
    old, new = facts(action("A", "X!"), release="9.1.0"), facts(action("A", Parameter(name="X", required=False)))

    for releases in ((old, new), (new, old)):
        assert merge(releases).actions["a"].headers[0].required is False


def test_a_header_that_only_older_releases_have_stands_behind_the_one_it_followed_there() -> None:
    message = merged_event(
        facts(event("E", "Gone0", "A", "Gone1", "Gone2", "B"), release="13.38.3"), facts(event("E", "A", "New", "B"))
    )

    assert [each.name for each in message.headers] == ["Gone0", "A", "Gone1", "Gone2", "New", "B"]


def test_a_header_knows_the_releases_that_have_it() -> None:
    message = merged_event(facts(event("E", "A", "Gone"), release="13.38.3"), facts(event("E", "A", "New")))

    assert {each.name: text_of(each.span) for each in message.headers} == {"A": "13 22", "Gone": "13", "New": "22"}


def test_a_parameter_that_some_releases_lack_is_not_required() -> None:
    message = merge([facts(action("A", "X!"), release="13.38.3"), facts(action("A", "X!", "Y!"))]).actions["a"]

    assert (header(message, "X").required, header(message, "Y").required) == (True, False)


def test_values_of_all_releases_are_kept_newest_first() -> None:
    message = merged_event(
        facts(event("E", Parameter(name="S", values=("up", "down"))), release="13.38.3"),
        facts(event("E", Parameter(name="S", values=("new", "up")))),
    )

    assert message.headers[0].values == ("new", "up", "down")


def test_the_headers_of_the_protocol_are_no_headers_of_a_message() -> None:
    catalogue = merge([facts(action("A", "ActionID", "Event"), event("E", "ActionID", "Privilege", "SystemName", "X"))])

    assert [each.name for each in catalogue.actions["a"].headers] == ["Event"]
    assert [each.name for each in catalogue.events["e"].headers] == ["X"]


def test_a_class_that_is_no_privilege_is_left_out() -> None:
    assert merged_event(facts(event("E", classes=("EVENT_FLAG_CALL", "EVENT_FLAG_CLASS")))).privileges == ("call",)


def test_the_newest_list_counts_and_older_items_stay() -> None:
    items = [event("I"), event("J"), event("Done"), event("Over")]
    old = facts(action("A", responses=listing("I", "J", complete="Done")), *items, release="13.38.3")
    new = facts(action("A", responses=listing("J", complete="Over")), *items)

    message = merge([old, new]).actions["a"]

    assert (message.items, message.complete) == (("J", "I"), "Over")


def test_the_fields_of_a_snapshot_are_known_without_their_prefix() -> None:
    catalogue = merge(
        [
            facts(event("E", Parameter(name="DestChannel", snapshot="channel", prefix="Dest")), release="13.38.3"),
            facts(event("F", Parameter(name="Tenantid", snapshot="channel", required=False))),
        ]
    )

    fields = {each.name: text_of(each.span) for each in catalogue.snapshots["channel"]}
    assert fields == {"Channel": "13", "Tenantid": "22"}


def test_another_source_joins_the_documentation() -> None:
    code = [
        Account("event", "Newexten", "13.38.3", parameters=(Parameter(name="Extra"),), privileges=("dialplan",)),
        Account("event", "CCFailure", "13.38.3", parameters=(Parameter(name="CoreID"),), always=("CoreID",)),
        Account("action", "Agents", "13.38.3", items=("Agents",), complete="AgentsComplete", privileges=("agent",)),
    ]
    documented = facts(event("NewExten", "Channel"), action("Agents"), release="13.38.3")

    catalogue = merge([documented], code)

    assert catalogue.events["newexten"].name == "Newexten"
    assert [each.name for each in catalogue.events["newexten"].headers] == ["Channel", "Extra"]
    assert catalogue.events["newexten"].privileges == ("dialplan",)
    assert [(each.name, each.always) for each in catalogue.events["ccfailure"].headers] == [("CoreID", True)]
    assert not any(each.always for each in catalogue.events["newexten"].headers)
    assert catalogue.actions["agents"].complete == "AgentsComplete"
    assert catalogue.actions["agents"].privileges == ("agent",)
