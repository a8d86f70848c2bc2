"""Documentation files are opened safely, checked, and read with their includes in place."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest

from codegen.trouble import TroubleError
from codegen.xml import DEEPEST_NESTING, LARGEST_FILE, Document, open_document

REAL_FILES = sorted((Path(__file__).parents[3] / "shared" / "asterisk-docs").glob("*.xml.gz"))

LOGIN = """
<manager name="Login" language="en_US">
  <syntax>
    <parameter name="ActionID"><para>Goes first.</para><para>Goes second.</para></parameter>
    <parameter name="Mode"><enumlist><enum name="fast"/><enum name="slow"/></enumlist></parameter>
    <parameter name="ReportXOne"/><parameter name="ReportXTwo"/><parameter name="Other"/>
  </syntax>
</manager>
"""
HANGUP = """
<managerEvent name="Hangup" language="en_US"><managerEventInstance class="EVENT_FLAG_CALL"><syntax>
  <parameter name="Cause"/><parameter name="Cause-txt"/>
</syntax></managerEventInstance></managerEvent>
"""


def docs(body: str, doctype: str = '<!DOCTYPE docs SYSTEM "appdocsxml.dtd">') -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{doctype}\n<docs xmlns:xi="http://www.w3.org/2001/XInclude">{body}</docs>'


def written(folder: Path, text: str, name: str = "22.10.1.xml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def include(pointer: str) -> str:
    return f'<xi:include xpointer="{pointer}"/>'


def opened(folder: Path, *body: str) -> Document:
    return open_document(written(folder, docs("".join(body))))


def refused(path: Path) -> list[str]:
    with pytest.raises(TroubleError) as caught:
        open_document(path)
    return [str(trouble).removeprefix(f"{path}") for trouble in caught.value.troubles]


def action(syntax: str, name: str = "Dial") -> str:
    return f'<manager name="{name}" language="en_US"><syntax>{syntax}</syntax></manager>'


def names_in_syntax(document: Document, message: str) -> list[str | None]:
    found = next(each for each in document.messages() if each.get("name") == message)
    syntax = next(child for child in document.children(found) if child.tag == "syntax")
    return [child.get("name") for child in document.children(syntax)]


# --- files -----------------------------------------------------------------------------------------------------


def test_a_plain_file_a_packed_file_and_an_installations_folder_are_all_read(tmp_path: Path) -> None:
    text = docs(LOGIN)
    plain = written(tmp_path, text)
    packed = tmp_path / "22.10.1.xml.gz"
    packed.write_bytes(gzip.compress(text.encode()))
    folder = tmp_path / "documentation"
    folder.mkdir()
    written(folder, text, "core-en_US.xml")

    for path in (plain, packed, folder):
        assert [message.get("name") for message in open_document(path).messages()] == ["Login"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"hello", "Unusable XML: "),
        (b"", "Unusable XML: "),
        (b"<docs><manager></docs>", "Unusable XML: "),
        (b"\xff\xfe\x00", "Unusable XML: "),
        (b"<html/>", "This is not Asterisk's documentation: it starts with <html>, not with <docs>."),
        (b"<docs><application name='Dial'/></docs>", "The file documents neither an action nor an event."),
    ],
)
def test_another_document_is_rejected_with_a_sentence(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "22.10.1.xml"
    path.write_bytes(content)
    (trouble,) = refused(path)
    assert sentence in trouble


def test_a_file_that_is_not_there_is_refused_with_a_sentence(tmp_path: Path) -> None:
    assert refused(tmp_path / "none.xml") == [": Cannot read the file: No such file or directory."]


def test_a_folder_without_documentation_names_the_file_it_should_hold(tmp_path: Path) -> None:
    assert refused(tmp_path) == ["/core-en_US.xml: Cannot read the file: No such file or directory."]


@pytest.mark.parametrize(
    "content", [b"no gzip at all", gzip.compress(docs(LOGIN).encode())[:-20], b"\x1f\x8b\x08\x00" + b"\xff" * 30]
)
def test_a_damaged_packed_file_is_refused_with_a_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "22.10.1.xml.gz"
    path.write_bytes(content)
    (trouble,) = refused(path)
    assert "gzip" in trouble


def test_a_packed_file_that_unpacks_without_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "22.10.1.xml.gz"
    path.write_bytes(gzip.compress(b" " * (LARGEST_FILE + 1), compresslevel=1))
    assert refused(path) == [": The file contains more than 64 MiB, far more than Asterisk's documentation."]


# --- entities --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ['<manager name="A">&a9;</manager>', '<manager name="&a9;"/>'])
def test_an_entity_bomb_is_refused_with_a_sentence(tmp_path: Path, place: str) -> None:
    entities = [f"<!ENTITY a{i} '" + 10 * f"&a{i - 1};" + "'>" for i in range(1, 10)]
    bodies = "".join(entities)
    bomb = docs(place, f"<!DOCTYPE docs [<!ENTITY a0 'xxxxxxxxxxxxxxxxxxxxxxxxxxxx'>{bodies}]>")
    (trouble,) = refused(written(tmp_path, bomb))
    assert "entity" in trouble


@pytest.mark.parametrize("kind", ["SYSTEM", 'PUBLIC "x"'])
def test_an_entity_in_another_file_is_refused_and_the_file_never_read(tmp_path: Path, kind: str) -> None:
    secret = written(tmp_path, "top secret", "secret.txt")
    path = written(tmp_path, docs(action("&leak;"), f'<!DOCTYPE docs [<!ENTITY leak {kind} "{secret.as_uri()}">]>'))
    (trouble,) = refused(path)
    assert trouble == ": The file declares the entity leak; Asterisk's documentation has none, and none is expanded."


def test_an_entity_that_a_dtd_elsewhere_would_declare_is_refused_with_its_line(tmp_path: Path) -> None:
    written(tmp_path, '<!ENTITY leak "x">', "appdocsxml.dtd")
    assert refused(written(tmp_path, docs(action("\n&leak;")))) == [
        ":4: The file uses the entity &leak;, which is never expanded."
    ]


# --- includes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pointer", "names"),
    [
        ("xpointer(/docs/manager[@name='Login']/syntax/parameter[@name='ActionID'])", ["ActionID"]),
        ("xpointer(/docs/managerEvent[@name='Hangup']/managerEventInstance/syntax/parameter[@name='Cause'])", ["Cause"]),
        ("xpointer(docs/managerEvent[@name='Hangup']/managerEventInstance/syntax/parameter[@name='Cause'])", ["Cause"]),
        ("xpointer(/docs/managerEvent[@name='Hangup']/managerEventInstance/syntax/parameter)", ["Cause", "Cause-txt"]),
        ("xpointer(/docs/manager[@name='Login']/syntax/parameter[contains(@name, 'ReportX')])", ["ReportXOne", "ReportXTwo"]),
    ],
)  # fmt: skip
def test_an_include_is_replaced_by_its_parameters(tmp_path: Path, pointer: str, names: list[str]) -> None:
    around = f'<parameter name="First"/>{include(pointer)}<parameter name="Last"/>'
    document = opened(tmp_path, action(around), LOGIN, HANGUP)
    assert names_in_syntax(document, "Dial") == ["First", *names, "Last"]


@pytest.mark.parametrize(
    ("pointer", "tags"),
    [
        ("xpointer(/docs/manager[@name='Login']/syntax/parameter[@name='ActionID']/para[1])", ["para"]),
        ("xpointer(/docs/manager[@name='Login']/syntax/parameter[@name='ActionID']/para[2])", ["para"]),
        ("xpointer(/docs/manager[@name='Login']/syntax/parameter[@name='Mode']/enumlist)", ["enumlist"]),
        ("xpointer(/docs/info[@name='Tech'])", ["info"]),
        ("xpointer(/docs/configInfo[@name='c']/configFile[@name='f']/configObject[@name='o']/configOption[@name='p']/description/enumlist)", ["enumlist"]),
        ("xpointer(/docs/configInfo[@name='c']/configFile[@name='f']/configObject[@name='o']/configOption[@name='p']/description/node())", ["enumlist", "note"]),
        ("xpointer(/docs/configInfo[@name='c']/configFile[@name='f']/configObject[@name='o']/configOption[@name='p']/synopsis/node())", []),
        ("xpointer(/docs/configInfo[@name='c']/configFile[@name='f']/configObject[@name='o']/configOption[@name='p']/synopsis/text())", []),
    ],
)  # fmt: skip
def test_an_include_in_a_parameter_is_replaced_by_its_target(tmp_path: Path, pointer: str, tags: list[str]) -> None:
    config = """<configInfo name="c"><configFile name="f"><configObject name="o"><configOption name="p">
        <synopsis>Words.</synopsis><description>Text<enumlist><enum name="x"/></enumlist><note><para>N.</para></note></description>
        </configOption></configObject></configFile></configInfo>"""
    info = '<info name="Tech" language="en_US" tech="X"><para>P.</para></info>'
    document = opened(tmp_path, action(f'<parameter name="P">{include(pointer)}</parameter>'), LOGIN, info, config)
    (dial, _) = document.messages()
    (syntax,) = document.children(dial)
    (parameter,) = document.children(syntax)
    assert [child.tag for child in document.children(parameter)] == tags


def test_an_include_in_responses_is_replaced_by_its_event(tmp_path: Path) -> None:
    hangup = include("xpointer(/docs/managerEvent[@name='Hangup'])")
    responses = f"<responses><list-elements>{hangup}</list-elements></responses>"
    document = opened(tmp_path, f'<manager name="List">{responses}</manager>', HANGUP)
    listing = next(document.messages())
    (responses_element,) = document.children(listing)
    (elements,) = document.children(responses_element)
    assert [event.get("name") for event in document.children(elements)] == ["Hangup"]


def test_nested_includes_are_followed(tmp_path: Path) -> None:
    chain = [
        action(include("xpointer(/docs/manager[@name='B']/syntax/node())"), "A"),
        action(include("xpointer(/docs/manager[@name='C']/syntax/node())"), "B"),
        action(include("xpointer(/docs/manager[@name='Login']/syntax/parameter[@name='Mode'])"), "C"),
    ]
    assert names_in_syntax(opened(tmp_path, *chain, LOGIN), "A") == ["Mode"]


def test_an_included_element_keeps_the_line_on_which_it_is_written(tmp_path: Path) -> None:
    document = opened(
        tmp_path, "\n", action(include("xpointer(/docs/manager[@name='Login']//parameter[@name='Mode'])")), LOGIN
    )
    (syntax,) = document.children(next(document.messages()))
    (parameter,) = document.children(syntax)
    assert parameter.sourceline == 8


def test_a_dangling_pointer_is_reported_with_its_place(tmp_path: Path) -> None:
    path = "/docs/manager[@name='Nobody']/syntax/parameter"
    body = docs("\n" + action(f'\n<parameter name="P">\n{include(f"xpointer({path})")}</parameter>'))
    assert refused(written(tmp_path, body)) == [
        f":6: Action Dial, parameter P: The include points to {path}, but nothing is there."
    ]


def test_a_pointer_to_nothing_in_a_part_no_message_uses_does_no_harm(tmp_path: Path) -> None:
    application = f"<application name='Dial'><syntax>{include('xpointer(/docs/none)')}</syntax></application>"
    assert names_in_syntax(opened(tmp_path, application, HANGUP, LOGIN), "Login")[0] == "ActionID"


@pytest.mark.parametrize(
    ("element", "sentence"),
    [
        ('<xi:include href="file:///etc/hostname" parse="text"/>', "points to another file, file:///etc/hostname, which is never read."),
        ('<xi:include href="http://example.org/x.xml" xpointer="xpointer(/docs)"/>', "points to another file, http://example.org/x.xml, which is never read."),
        ('<xi:include xpointer="element(/1/2)"/>', "has the pointer 'element(/1/2)'; only xpointer(PATH) is supported."),
        ("<xi:include/>", "has the pointer ''; only xpointer(PATH) is supported."),
        ('<xi:include xpointer="xpointer(/docs/[)"/>', "path /docs/[ is not an XPath"),
        ('<xi:include xpointer="xpointer(/docs/manager/@name = 1)"/>', "points to /docs/manager/@name = 1, but nothing is there."),
    ],
)  # fmt: skip
def test_an_include_of_any_other_kind_is_refused_with_a_sentence(tmp_path: Path, element: str, sentence: str) -> None:
    (trouble,) = refused(written(tmp_path, docs(action(element))))
    assert trouble.startswith(":3: Action Dial: The include")
    assert sentence in trouble


@pytest.mark.parametrize(
    "parts",
    [
        [action(include("xpointer(/docs/manager[@name='Dial']/syntax)"))],
        [action(include("xpointer(/docs/manager[@name='Dial']/syntax/node())"))],
        [
            action(include("xpointer(/docs/manager[@name='B']/syntax/node())")),
            action(include("xpointer(/docs/manager[@name='Dial']/syntax/node())"), "B"),
        ],
    ],
)
def test_includes_that_lead_back_to_themselves_are_refused_with_a_sentence(tmp_path: Path, parts: list[str]) -> None:
    troubles = refused(written(tmp_path, docs("".join(parts))))
    assert any(re.fullmatch(r":3: Action \w+: An include leads from <.*> back to itself\.", each) for each in troubles)


def test_includes_that_multiply_are_refused_before_they_are_followed(tmp_path: Path) -> None:
    twice = [
        action(2 * include(f"xpointer(/docs/manager[@name='A{i + 1}']/syntax/node())"), f"A{i}") for i in range(40)
    ]
    troubles = refused(written(tmp_path, docs("".join(twice) + action('<parameter name="P"/>', "A40"))))
    assert "Action A0: Its includes expand to" in troubles[0]
    assert troubles[0].endswith("elements; the limit is 100000.")


def test_includes_nested_without_measure_are_refused(tmp_path: Path) -> None:
    depth = 20 * DEEPEST_NESTING
    chain = [action(include(f"xpointer(/docs/manager[@name='A{i + 1}']/syntax/node())"), f"A{i}") for i in range(depth)]
    troubles = refused(written(tmp_path, docs("".join(chain) + action('<parameter name="P"/>', f"A{depth}"))))
    assert f"nested more than {DEEPEST_NESTING} deep." in troubles[0]


# --- elements --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "trouble"),
    [
        (action("\n<parametre name='P'/>"), ":4: Action Dial: Asterisk's documentation has no <parametre> inside <syntax>."),
        (action("<parameter name='P'>\n<para><b>x</b></para></parameter>"), ":4: Action Dial, parameter P: Asterisk's documentation has no <b> inside <para>."),
        ("<manager name='A'><parameter name='P'/></manager>", ":3: Action A, parameter P: Asterisk's documentation has no <parameter> inside <manager>."),
        ("<managerEvent name='E'><syntax/></managerEvent>", ":3: Event E: Asterisk's documentation has no <syntax> inside <managerEvent>."),
        (action(include("xpointer(/docs/info)")) + "<info name='I'/>", ":3: Action Dial: Asterisk's documentation has no <info> inside <syntax>."),
    ],
)  # fmt: skip
def test_an_unexpected_element_is_reported_with_its_place(tmp_path: Path, body: str, trouble: str) -> None:
    (found,) = refused(written(tmp_path, docs(body)))
    assert found == trouble


def test_every_trouble_of_a_file_is_reported_at_once(tmp_path: Path) -> None:
    body = action("<one/>", "A") + action("<two/>", "B") + action(include("xpointer(/docs/none)"), "C")
    assert [each.split(": ")[1] for each in refused(written(tmp_path, docs(body)))] == [
        "Action A",
        "Action B",
        "Action C",
    ]


def test_the_elements_of_the_newest_documentation_are_known(tmp_path: Path) -> None:
    newer = """<module language="en_US" name="m"><depend>x</depend></module>
        <manager name="A" language="en_US" module="m"><since><version>20.1.0</version></since>
        <syntax><parameter name="P"><documentationtype/><para>x</para></parameter></syntax></manager>"""
    assert names_in_syntax(opened(tmp_path, newer), "A") == ["P"]


def test_comments_and_processing_instructions_are_passed_over(tmp_path: Path) -> None:
    assert names_in_syntax(opened(tmp_path, action("<!-- c --><?p i?><parameter name='P'/>")), "Dial") == ["P"]


@pytest.mark.skipif(
    not REAL_FILES,
    reason="NOT RUN: needs the documentation of real releases in ../shared/asterisk-docs beside the repository",
)
@pytest.mark.parametrize("path", REAL_FILES, ids=lambda path: path.name)
def test_every_include_in_a_real_release_leads_somewhere(path: Path) -> None:
    document = open_document(path)
    includes = list(document.root.iter("{http://www.w3.org/2001/XInclude}include"))
    assert len(includes) > 400
    for each in includes:
        document.targets(each)
