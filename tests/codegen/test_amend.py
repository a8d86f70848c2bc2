"""The overlay corrects and completes what is documented, and each of its entries has to match."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from codegen import overlay
from codegen.amend import Amended, Header, Message, amend
from codegen.facts import Parameter
from codegen.merge import Account, merge
from codegen.spans import text_of
from codegen.trouble import TroubleError
from tests.codegen.sample import action, amended, event, facts, knowledge, listing

if TYPE_CHECKING:
    from pathlib import Path

BECAUSE = 'why = "Seen."\nseen = "main/a.c"\n'


def only_event(result: Amended) -> Message:
    (message,) = result.events
    return message


def header(message: Message, name: str) -> Header:
    return next(each for each in message.headers if each.name == name)


def test_without_an_overlay_every_header_is_text_that_may_be_missing() -> None:
    message = only_event(amended(facts(event("E", "A"))))

    assert (header(message, "A").type, header(message, "A").always) == ("text", False)
    assert message.privileges is None


def test_snapshot_headers_are_always_sent_but_for_those_that_are_not() -> None:
    message = only_event(
        amended(
            facts(
                event(
                    "E",
                    Parameter(name="Channel", snapshot="channel"),
                    Parameter(name="Tenantid", snapshot="channel", required=False),
                )
            )
        )
    )

    assert header(message, "Channel").always
    assert not header(message, "Tenantid").always


def test_a_message_overrides_the_glossary(tmp_path: Path) -> None:
    using = knowledge(
        tmp_path,
        '[header.A]\ntype = "integer"\ndoc = "General."\n[header.B]\ntype = "integer"\n'
        '[event.E.header.A]\ndoc = "Special."\n[event.E.header.B]\ntype = "real"\n',
    )

    message = only_event(amended(facts(event("E", "A", "B")), using=using))

    assert (header(message, "A").type, header(message, "A").doc) == ("integer", "Special.")
    assert header(message, "B").type == "real"


def test_the_glossary_knows_snapshot_headers_without_their_prefix(tmp_path: Path) -> None:
    using = knowledge(tmp_path, '[header.Priority]\ntype = "integer"\ndoc = "The priority."\n')
    documented = event(
        "E", Parameter(name="DestPriority", snapshot="channel", prefix="Dest"), "OtherPriority", "Priority"
    )

    message = only_event(amended(facts(documented), using=using))

    assert header(message, "DestPriority").type == "integer"
    assert header(message, "DestPriority").doc == "The priority. Refers to the ``Dest`` channel."
    assert header(message, "OtherPriority").type == "text"


def test_a_repeated_header_of_a_known_type_is_repeated(tmp_path: Path) -> None:
    using = knowledge(tmp_path, '[header.A]\ntype = "integer"\n[header.V]\ntype = "variables"\n')
    documented = event("E", Parameter(name="A", multiple=True), Parameter(name="V", multiple=True))

    message = only_event(amended(facts(documented), using=using))

    assert header(message, "A").type == "repeated:integer"
    assert header(message, "V").type == "variables"


def test_a_header_that_some_releases_lack_is_never_always_there(tmp_path: Path) -> None:
    using = knowledge(tmp_path, '[header.New]\npresence = "always"\n[header.A]\npresence = "always"\n')
    old, new = facts(event("E", "A"), release="13.38.3"), facts(event("E", "A", "New"))

    message = only_event(amended(old, new, using=using))

    assert header(message, "A").always
    assert not header(message, "New").always


def test_the_overlay_can_extend_a_header_to_all_releases(tmp_path: Path) -> None:
    using = knowledge(tmp_path, '[event.E.header.New]\npresence = "always"\n')
    old, new = facts(event("E"), release="13.38.3"), facts(event("E", "New"))

    found = header(only_event(amended(old, new, using=using)), "New")

    assert found.always
    assert text_of(found.span) == "13 22-"


def test_a_message_that_more_releases_have_keeps_its_headers_in_all_of_them(tmp_path: Path) -> None:
    using = knowledge(tmp_path, f'[event.E]\nreleases = "13-"\n{BECAUSE}')
    releases = facts(event("E", "A"), release="20.20.1"), facts(event("E", "A", "New"), release="22.10.1")

    message = only_event(amended(*releases, using=using))

    assert text_of(message.span) == "13-"
    assert {each.name: text_of(each.span) for each in message.headers} == {"A": "13-", "New": "22-"}


def test_an_addition_within_a_branch_starts_there_and_is_still_always_sent(tmp_path: Path) -> None:
    using = knowledge(
        tmp_path,
        '[header.Own]\nsince = "13.8 22.4"\n[header.Shared]\nsince = "13.8"\n'
        '[event.E.header]\nOwn = { presence = "always", since = "13.9" }\nShared = { presence = "always" }\n',
    )
    documented = event("E", "Own", "Shared")

    result = amended(facts(documented, release="13.38.3"), facts(documented), using=using)

    headers = {each.name: (text_of(each.span), each.always) for each in only_event(result).headers}
    assert headers == {"Own": ("13.9 22-", True), "Shared": ("13.8 22-", True)}


def test_a_misspelt_header_becomes_the_one_that_newer_releases_spell_right(tmp_path: Path) -> None:
    using = knowledge(tmp_path, f'[event.E]\n{BECAUSE}[event.E.header.Wrnog]\nrename = "Wrong"\n')
    old, new = facts(event("E", "Wrnog"), release="13.38.3"), facts(event("E", "Wrong"))

    message = only_event(amended(old, new, using=using))

    assert [(each.name, text_of(each.span)) for each in message.headers] == [("Wrong", "13 22-")]


def test_a_domain_that_names_a_message_wins_over_its_module(tmp_path: Path) -> None:
    using = knowledge(
        tmp_path,
        '[domain.queue]\ntitle = "Queues"\nmodules = ["app_queue"]\n[domain.call]\ntitle = "Calls"\nevents = ["B"]\n',
    )
    documented = facts(*(event(name, modules=("app_queue",)) for name in "AB"))

    assert {each.name: each.domain for each in amended(documented, using=using).events} == {"A": "queue", "B": "call"}


def test_without_domains_a_message_belongs_to_the_domain_of_its_module() -> None:
    documented = facts(
        event("A", modules=("res_pjsip-notify",)),
        event("B", modules=("builtin",)),
        event("C"),
        event("D", modules=("app_if",)),
    )

    domains = {each.name: each.domain for each in amended(documented).events}

    assert domains == {"A": "pjsip_notify", "B": "other", "C": "other", "D": "if_"}


def test_a_list_can_name_events_as_documented_or_as_renamed(tmp_path: Path) -> None:
    using = knowledge(
        tmp_path, f'[event.OlD]\nrename = "Old"\n{BECAUSE}[list.L]\nitems = {{ old = "OlD" }}\ncomplete = "old"\n'
    )

    (found,) = amended(facts(action("L"), event("OlD")), using=using).actions

    assert found.list is not None
    assert (found.list.items, found.list.complete) == ((("old", "Old"),), "Old")


def test_a_list_of_the_overlay_has_all_documented_items(tmp_path: Path) -> None:
    using = knowledge(tmp_path, '[list.L]\nitems = { a = "A" }\n')
    documented = facts(action("L", responses=listing("A", "B", complete="Done")), *map(event, ("A", "B", "Done")))

    with pytest.raises(TroubleError, match=r"overlay.toml:2: List L: The facts also list the event B"):
        amended(documented, using=using)


def test_unused_glossary_entries_are_no_trouble_for_another_documentation(tmp_path: Path) -> None:
    using = knowledge(tmp_path, '[header.Nowhere]\ntype = "text"\n[header.A]\ntype = "integer"\n')

    result = amend(merge([facts(event("E", "A"))]), using, "acme.xml", all_match=False)

    assert only_event(result).headers[0].type == "integer"


def test_the_odd_forms_of_answers_are_carried_on(tmp_path: Path) -> None:
    using = knowledge(tmp_path, "[action.A]\nraw_text = true\nempty_lines = 2\n[action.B]\nbare_line_feeds = true\n")

    assert [each.quirks for each in amended(facts(action("A"), action("B")), using=using).actions] == [
        ("raw_text",),
        ("bare_line_feeds",),
    ]


@pytest.mark.parametrize(
    "entry", ['[event.E]\ndomain = "d"', '[action.X]\ndomain = "d"', '[response.R]\ndoc = "R."\ndomain = "d"']
)
def test_a_domain_that_is_not_described_is_a_trouble(tmp_path: Path, entry: str) -> None:
    using = knowledge(tmp_path, f'{entry}\n[action.Y]\nresponse = "R"\n[response.S]\ndoc = "S."\n')

    with pytest.raises(TroubleError, match=r"overlay.toml:\d+: \w+ \w: There is no \[domain.d\]"):
        amended(facts(event("E"), action("X"), action("Y")), using=using)


def test_an_invalid_domain_name_or_a_duplicate_claim_is_a_trouble(tmp_path: Path) -> None:
    using = knowledge(
        tmp_path,
        '[domain."a-b"]\ntitle = "A"\nevents = ["E"]\n[domain.c]\ntitle = "C"\nevents = ["E"]\nactions = ["X"]\n',
    )

    with pytest.raises(TroubleError) as caught:
        amended(facts(event("E"), action("X")), using=using)

    assert "'a-b' cannot be the name of a module." in str(caught.value)
    assert "The event E is already in [domain.a-b]." in str(caught.value)


def test_releases_with_other_privileges_are_listed_with_them(tmp_path: Path) -> None:
    releases = ("13.38.3", "14.7.8", "22.10.1")
    code = [
        Account("event", "E", release, privileges=(wanted,), documented=False)
        for release, wanted in zip(releases, ("call", "call", "dialplan"), strict=True)
    ]
    catalogue = merge([facts(event("E"), release=release) for release in releases], code)

    newest = only_event(amend(catalogue, overlay.EMPTY, "facts"))
    narrowed = only_event(amend(catalogue, knowledge(tmp_path, f'[event.E]\nreleases = "14 22-"\n{BECAUSE}'), "facts"))

    assert newest.privileges == ("dialplan",)
    assert [(wanted, text_of(span)) for wanted, span in newest.former] == [(("call",), "13-14")]
    assert [(wanted, text_of(span)) for wanted, span in narrowed.former] == [(("call",), "14")]


def test_an_event_knows_the_actions_whose_lists_it_is_in(tmp_path: Path) -> None:
    using = knowledge(tmp_path, listed(privileges='["call"]'))

    result = amended(facts(action("Show"), event("X"), event("XEnd"), event("Y")), using=using)

    assert {each.name: each.asked_by for each in result.events} == {"X": ("Show",), "XEnd": ("Show",), "Y": ()}


def listed(*, privileges: str = "[]", releases: str = "") -> str:
    """Return an overlay with a list of X events, of which the documentation knows the end only since 18.26."""
    return (
        f"[event.X]\nprivileges = {privileges}\n{releases}\n[event.XEnd]\nprivileges = []\n"
        '[list.Show]\nitems = { each = "X" }\ncomplete = "XEnd"\n'
    )


def spans_of_list(tmp_path: Path, overlay: str) -> dict[str, str]:
    documented = [
        facts(
            action("Show", since=("18.19.0", "20.4.0")),
            event("X", "A"),
            event("XEnd", "B", since=("18.26.0", "20.11.0")),
            release=release,
        )
        for release in ("18.26.4", "20.20.1", "22.10.1")
    ]
    result = amended(*documented, using=knowledge(tmp_path, overlay))
    for message in result.events:
        assert all(text_of(each.span) == text_of(message.span) for each in message.headers)
    return {message.name: text_of(message.span) for message in result.events}


def test_an_event_that_only_answers_is_as_old_as_its_list(tmp_path: Path) -> None:
    assert spans_of_list(tmp_path, listed()) == {"X": "18.19 20.4 22-", "XEnd": "18.19 20.4 22-"}


def test_an_unsolicited_event_has_its_own_releases(tmp_path: Path) -> None:
    assert spans_of_list(tmp_path, listed(privileges='["call"]'))["X"] == "18 20 22-"


def test_releases_of_the_overlay_go_before_the_age_of_a_list(tmp_path: Path) -> None:
    given = f'releases = "18.20 20 22-"\n{BECAUSE}'

    assert spans_of_list(tmp_path, listed(releases=given))["X"] == "18.20 20 22-"
