"""Many accounts of one message become one message over all releases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from codegen.code import CodeAction, CodeEvent, CodeFacts, CodeHeader, CodeList
from codegen.facts import Parameter
from codegen.merge import Account, Catalogue, Header, Message, accounts_of_code, merge
from codegen.spans import text_of
from tests.codegen.sample import NEWEST, action, event, facts, listing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codegen.facts import Facts


def merged_event(*releases: Facts) -> Message:
    (message,) = merge(releases).events.values()
    return message


def code(*messages: CodeAction | CodeEvent, release: str = NEWEST) -> CodeFacts:
    return CodeFacts(
        release=release,
        actions={each.name: each for each in messages if isinstance(each, CodeAction)},
        events={each.name: each for each in messages if isinstance(each, CodeEvent)},
    )


def sent(name: str, *headers: CodeHeader | str, **more: Any) -> CodeEvent:
    """Make an event of code; a header is its name, with a question mark where it may be absent, or whole."""
    made = [
        header
        if isinstance(header, CodeHeader)
        else CodeHeader(name=header.rstrip("?"), presence="sometimes" if header.endswith("?") else "always")
        for header in headers
    ]
    return CodeEvent(name=name, kinds=("unsolicited",), headers=tuple(made), **more)


def with_code(documented: Sequence[Facts], *sources: CodeFacts) -> Catalogue:
    return merge(documented, [account for each in sources for account in accounts_of_code(each, documented)])


def always(message: Message) -> list[str]:
    return [each.name for each in message.headers if each.always]


def header(message: Message, name: str) -> Header:
    return next(each for each in message.headers if each.name == name)


def test_names_are_one_without_regard_to_case_and_the_newest_spelling_counts() -> None:
    message = merged_event(
        facts(event("NewExten", "Accountcode"), release="13.38.3"), facts(event("Newexten", "AccountCode"))
    )

    assert message.name == "Newexten"
    assert [each.name for each in message.headers] == ["AccountCode"]
    assert text_of(message.span) == "13 22-"


def test_the_newest_release_is_right_whatever_the_order_of_the_files() -> None:
    old, new = facts(action("A", "X!"), release="9.1.0"), facts(action("A", Parameter(name="X", required=False)))

    for releases in ((old, new), (new, old)):
        assert merge(releases).actions["a"].headers[0].required is False


def test_a_header_of_older_releases_follows_its_former_predecessor() -> None:
    message = merged_event(
        facts(event("E", "Gone0", "A", "Gone1", "Gone2", "B"), release="13.38.3"), facts(event("E", "A", "New", "B"))
    )

    assert [each.name for each in message.headers] == ["Gone0", "A", "Gone1", "Gone2", "New", "B"]


def test_a_header_knows_the_releases_that_have_it() -> None:
    message = merged_event(facts(event("E", "A", "Gone"), release="13.38.3"), facts(event("E", "A", "New")))

    assert {each.name: text_of(each.span) for each in message.headers} == {"A": "13 22-", "Gone": "13", "New": "22-"}


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


def test_a_class_that_is_not_a_privilege_is_omitted() -> None:
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
    assert fields == {"Channel": "13", "Tenantid": "22-"}


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


def test_an_event_is_spelled_as_it_is_sent_and_stays_documented() -> None:
    documented = facts(event("NewExten", "UserField"))
    message = with_code([documented], code(sent("Newexten", "Userfield"))).events["newexten"]

    assert (message.name, [each.name for each in message.headers]) == ("Newexten", ["Userfield"])
    assert (text_of(message.documented), message.documented_as) == ("22", "NewExten")


def test_an_event_sent_only_in_answers_has_its_actions() -> None:
    messages = with_code(
        [facts()],
        code(sent("WaitEventComplete", actions=("WaitEvent",)), sent("Full", actions=("Login",), privileges=("call",))),
    ).events

    assert messages["waiteventcomplete"].asked_by == ("WaitEvent",)
    assert messages["full"].asked_by == ()


def test_an_action_has_its_documented_spelling_and_all_headers_it_reads() -> None:
    documented = facts(action("Originate", "Channel!", "EarlyMedia"))
    read = CodeAction(name="Originate", headers=("Channel", "Earlymedia", "Codecs"), privileges=("originate",))
    message = with_code([documented], code(read)).actions["originate"]

    assert [each.name for each in message.headers] == ["Channel", "EarlyMedia", "Codecs"]
    assert header(message, "Channel").required
    assert message.privileges == ("originate",)


def test_an_event_that_only_code_knows_is_there_in_the_releases_that_send_it() -> None:
    documented = [facts(release="13.38.3"), facts()]
    catalogue = with_code(documented, code(sent("CCFailure", "CoreID"), release="13.38.3"), code(sent("CCFailure")))
    message = catalogue.events["ccfailure"]

    assert (text_of(message.span), text_of(message.documented)) == ("13 22-", "")
    assert text_of(header(message, "CoreID").span) == "13"


def test_features_documented_but_absent_are_omitted() -> None:
    documented = [facts(action("FilterList"), action("Ping"), release=release) for release in ("13.38.3", "22.10.1")]
    catalogue = with_code(documented, code(CodeAction(name="Ping")))

    assert {name: text_of(each.span) for name, each in catalogue.actions.items()} == {
        "filterlist": "13",
        "ping": "13 22-",
    }


def test_the_version_of_the_documentation_does_not_hide_that_older_releases_send_the_event() -> None:
    documented = [facts(release="16.30.1"), facts(event("Rename", since=("22.4.0",)))]
    catalogue = with_code(documented, code(sent("Rename"), release="16.30.1"), code(sent("Rename")))

    assert text_of(catalogue.events["rename"].span) == "16 22-"


def test_a_header_only_in_the_code_is_placed_in_wire_order() -> None:
    documented = facts(event("QueueParams", "Max", "Calls"))
    message = with_code([documented], code(sent("QueueParams", "Queue", "Max", "Calls", "Weight"))).events[
        "queueparams"
    ]

    assert [each.name for each in message.headers] == ["Queue", "Max", "Calls", "Weight"]


def test_a_header_is_always_sent_if_the_code_of_every_release_sends_it() -> None:
    documented = [facts(event("E", "A", "B", "C"), release="13.38.3"), facts(event("E", "A", "B", "C"))]
    catalogue = with_code(documented, code(sent("E", "A", "B"), release="13.38.3"), code(sent("E", "A", "B?", "C")))

    assert always(catalogue.events["e"]) == ["A"]


def test_a_header_that_is_documented_as_optional_is_not_always_sent() -> None:
    documented = facts(event("DialEnd", Parameter(name="Forward", required=False), "DialStatus"))

    assert always(with_code([documented], code(sent("DialEnd", "DialStatus", "Forward"))).events["dialend"]) == [
        "DialStatus"
    ]


def test_shared_headers_count_only_if_documented() -> None:
    shared = [CodeHeader(name=name, shared=True) for name in ("Success", "Context")]
    message = with_code([facts(event("LocalBridge", "Context"))], code(sent("LocalBridge", *shared))).events[
        "localbridge"
    ]

    assert [each.name for each in message.headers] == ["Context"]


def test_a_snapshot_that_only_some_calls_send_is_not_always_there() -> None:
    fields = [CodeHeader(name="Channel", snapshot="channel"), CodeHeader(name="Exten", snapshot="channel", shared=True)]
    documented = facts(event("UserEvent", *(Parameter(name=each.name, snapshot="channel") for each in fields)))
    message = with_code([documented], code(sent("UserEvent", *fields))).events["userevent"]

    assert [each.required for each in message.headers] == [False, None]


def test_modules_and_privileges_come_from_the_best_source() -> None:
    documented = facts(event("AgentLogin", modules=("app_agent_pool",), classes=("EVENT_FLAG_COMMAND",)), event("Old"))
    catalogue = with_code(
        [documented], code(sent("AgentLogin", modules=("core",), privileges=("agent",)), sent("Old", modules=("m",)))
    )

    assert catalogue.events["agentlogin"].modules == ("app_agent_pool",)
    assert catalogue.events["agentlogin"].privileges == ("agent",)
    assert (catalogue.events["old"].modules, catalogue.events["old"].privileges) == (("m",), ())


def test_an_undocumented_list_comes_from_the_code() -> None:
    listed = CodeList(items=("QueueMember", "QueueEntry"), complete="Done", announced=True, conditional=False)
    message = with_code([facts(action("QueueStatus"))], code(CodeAction(name="QueueStatus", list=listed))).actions[
        "queuestatus"
    ]

    assert (message.items, message.complete) == (("QueueMember", "QueueEntry"), "Done")
