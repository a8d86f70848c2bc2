"""Explanations: why events of a class may not arrive, and why an action may be refused.

Rules of this module:

- Everything is concluded from `Known`, the facts about one connection, without I/O; `_protocol.inquiries` collects
  them.
- A finding is certain only if it follows from Asterisk's code and from what this connection has sent and received. What
  a configuration file says is a guess: Asterisk may have loaded the file before it was changed.
- One wording for everyone: `Manager.explain`, the warning about a subscription, and `EventTimeout`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from ami_typed._language.masks import EVENT_CLASSES, FALSE, TRUE
from ami_typed._lazy import NamedTuple
from ami_typed.messages import Aggregate, Event, Request, event_name, is_family
from ami_typed.notices import Notice
from ami_typed.releases import Releases

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ami_typed.releases import Release

__all__ = ["DISABLED_EVENTS", "Explanation", "Finding", "Known", "Subject", "Topic", "explain", "named", "subjects_of"]

Topic: TypeAlias = Literal[
    "name",
    "release",
    "answer",
    "mask",
    "privilege",
    "module",
    "setting",
    "occasion",
    "filter",
    "eventfilter",
]
"""What a finding is about."""
DISABLED_EVENTS = ("manager.conf", "general", "disabledevents")
"""The option with events that Asterisk never sends, as a list (main/manager.c, since 16)."""
Message: TypeAlias = type[Event] | type[Request[Any]]
"""The class of an event or an action."""


class Known(NamedTuple):
    """The facts about one connection that decide which events it receives, and which actions it may send.

    Attributes:
        release: The server's release; `None` if it is unknown.
        mask: The event mask that was set; `None` if the user's own applies.
        filters: The number of filters that were set on this connection.
        read: The user's read privileges; `None` if the server does not disclose them.
        write: The user's write privileges; `None` if the server does not disclose them.
        received: The read privileges that the user has, because events that require them arrived.
        arrived: The names of the events that have arrived unasked, in lower case.
        actions: The actions that the server lists for this user, each with its privileges; `None` if it does not.
        modules: Whether a module is loaded; modules that were not checked are missing.
        settings: The values of options, by file, section and option, `None` for an option that is not set; options in
            files that could not be read are missing.
    """

    release: Release | None = None
    mask: str | None = None
    filters: int = 0
    read: frozenset[str] | None = None
    write: frozenset[str] | None = None
    received: frozenset[str] = frozenset()
    arrived: frozenset[str] = frozenset()
    actions: Mapping[str, tuple[str, ...]] | None = None
    modules: Mapping[str, bool] = {}
    settings: Mapping[tuple[str, str, str], str | None] = {}


class Finding(NamedTuple):
    """One thing that decides whether an event arrives, or whether an action may be sent.

    Attributes:
        topic: What it is about.
        text: The finding, as a sentence.
        certain: Whether it is certain, not guessed.
        prevents: Whether it prevents the event or the action (or may, if it is not certain); `False` if all is well.
    """

    topic: Topic
    text: str
    certain: bool
    prevents: bool


class Subject(NamedTuple):
    """The findings about one event or action; its `str` is several lines of text.

    Attributes:
        name: The name of the event or action.
        is_action: Whether it is an action.
        findings: Everything that was found, in the order in which Asterisk decides.
    """

    name: str
    is_action: bool
    findings: tuple[Finding, ...]

    @property
    def certain(self) -> tuple[Finding, ...]:
        """The findings that certainly prevent it."""
        return tuple(each for each in self.findings if each.prevents and each.certain)

    @property
    def guessed(self) -> tuple[Finding, ...]:
        """The findings that may prevent it."""
        return tuple(each for each in self.findings if each.prevents and not each.certain)

    @property
    def works(self) -> bool | None:
        """`False` if something certainly prevents it, `True` if nothing may, otherwise `None`."""
        return False if self.certain else None if self.guessed else True

    def __str__(self) -> str:
        cannot, may = ("cannot be sent", "may be refused") if self.is_action else ("does not arrive", "may not arrive")
        verdict = {False: cannot, None: may, True: "is not prevented by anything known"}[self.works]
        lines = [f"{self.name} {verdict}."]
        fine = tuple(each for each in self.findings if not each.prevents)
        for title, findings in (("Certain", self.certain), ("Guessed", self.guessed), ("In order", fine)):
            lines += [f"  {title}: {each.text}" for each in findings]
        return "\n".join(lines)


class Explanation(NamedTuple):
    """A report on events and actions; its `str` is text to print.

    Attributes:
        subjects: The findings about each event and action.
    """

    subjects: tuple[Subject, ...]

    @property
    def certain(self) -> tuple[Finding, ...]:
        """The findings that certainly prevent one of the events or actions."""
        return tuple(each for subject in self.subjects for each in subject.certain)

    @property
    def guessed(self) -> tuple[Finding, ...]:
        """The findings that may prevent one of them."""
        return tuple(each for subject in self.subjects for each in subject.guessed)

    def of(self, message: Message | str) -> Subject:
        """Return the findings about one event or action.

        Raises:
            KeyError: The report is not about it.
        """
        name = message if isinstance(message, str) else event_name(message)
        for subject in self.subjects:
            if subject.name.lower() == name.lower():
                return subject
        raise KeyError(name)

    def __str__(self) -> str:
        return "\n".join(map(str, self.subjects)) or "Nothing is subscribed to."


def explain(messages: Iterable[Message | str], known: Known) -> Explanation:
    """Conclude which events arrive and which actions may be sent on a connection, and why not.

    Args:
        messages: The classes of events and actions, or names of events.
        known: The facts about the connection.
    """
    return Explanation(tuple(_subject(each, known) for each in messages))


def _subject(message: Message | str, known: Known) -> Subject:
    if isinstance(message, type) and issubclass(message, Request):
        name = event_name(message)
        return Subject(name, True, tuple(_about_action(name, message, known)))
    cls, name = named(message)
    return Subject(name, False, tuple(_about_event(name, cls, known)))


def named(message: type[Event] | str) -> tuple[type[Event], str]:
    """Return the class and the name of an event."""
    if isinstance(message, type):
        return message, event_name(message)
    from ami_typed.registry import event_class  # a program that names no event by a string needs no table of names

    return event_class(message), message


def subjects_of(given: Iterable[object]) -> list[Message | str]:
    """Return the single events and actions that classes, names, families and patterns stand for.

    Args:
        given: Classes or names of events and actions; lists stand for their actions, families and patterns for their
            events. Events that ami-typed creates itself are skipped.

    Raises:
        TypeError: One of them is none of these.
    """
    from ami_typed import catalogue, registry

    notices = {each.__name__ for each in Notice.__subclasses__()}
    found: dict[Message | str, None] = {}
    for each in given:
        name = each.__name__ if isinstance(each, type) else each
        if name in notices:
            continue
        if isinstance(each, type) and issubclass(each, Aggregate):
            found[registry.action_class(each.__name__)] = None
        elif isinstance(each, type) and issubclass(each, Request):
            found[each] = None
        elif not isinstance(name, str) or (isinstance(each, type) and not issubclass(each, Event)):
            raise TypeError(f"explain() takes classes and names of events and actions, not {each!r}.")
        elif isinstance(each, type) and not is_family(each):
            found[each] = None
        elif members := catalogue.FAMILIES.get(name):
            found.update(dict.fromkeys(map(registry.event_class, members)))
        elif not {"*", "?", "["}.isdisjoint(name):
            found.update(dict.fromkeys(_matching(name, registry.event_names())))
        elif name.lower() in registry.event_names() or registry.action_class(name) is Request:
            found[name] = None
        else:
            found[registry.action_class(name)] = None
    return list(found)


def _matching(pattern: str, names: Mapping[str, str]) -> list[str]:
    from fnmatch import fnmatchcase

    return [name for folded, name in sorted(names.items()) if fnmatchcase(folded, pattern.lower())]


# Events: in the order in which Asterisk decides; the first certain obstacle does not hide the others


def _about_event(name: str, cls: type[Event], known: Known) -> Iterator[Finding]:
    if cls is Event and name == Event.__name__:
        yield from _about_mask(name, (), known)
        yield from _about_filters(name, known)
        return
    if next(each for each in cls.__mro__ if "privileges" in vars(each)) is Event:
        yield from _about_mask(name, (), known)
        text = f"{name} is not a known event: it is misspelled, or not one of Asterisk's own."
        yield Finding("name", text, certain=False, prevents=True)
        return
    yield from _about_release(name, cls, known.release)
    wanted = _privileges(cls, known.release)
    if not wanted:
        yield Finding("answer", f"Asterisk sends {name} only in answer to an action.", certain=True, prevents=True)
        return
    yield from _about_modules(name, cls, known)
    yield from _about_settings(name, cls, known)
    yield from _about_disabled(name, known)
    yield from _about_privileges(name, wanted, known)
    yield from _about_mask(name, wanted, known)
    yield from _about_filters(name, known)
    if cls.occasion:
        yield Finding("occasion", cls.occasion.replace("``", "`"), certain=False, prevents=True)


def _privileges(cls: Message, release: Release | None) -> tuple[str, ...]:
    """Return the privileges that a class requires in a release."""
    if release is not None:
        for spans, privileges in cls.former_privileges.items():
            if release in Releases(spans):
                return privileges
    return cls.privileges


def _about_release(name: str, cls: Message, release: Release | None) -> Iterator[Finding]:
    if release is not None and release not in cls.releases:
        text = f"{name} does not exist in Asterisk {release}; it requires {cls.releases.needed_by(release)}."
        yield Finding(
            "release", text, certain=release.exact or release.branch not in cls.releases.branches(), prevents=True
        )


def _about_modules(name: str, cls: Message, known: Known) -> Iterator[Finding]:
    modules = cls.modules
    if not modules:
        return
    which = f"the module {modules[0]}" if len(modules) == 1 else f"one of the modules {', '.join(modules)}"
    loaded = [each for each in modules if known.modules.get(each)]
    if loaded:
        yield Finding("module", f"The module {loaded[0]} is loaded.", certain=True, prevents=False)
    elif all(each in known.modules for each in modules):
        none = "it is not loaded" if len(modules) == 1 else "none of them is loaded"
        yield Finding("module", f"{name} requires {which}, but {none}.", certain=True, prevents=True)
    else:
        yield Finding("module", f"{name} requires {which}.", certain=False, prevents=True)


def _about_settings(name: str, cls: type[Event], known: Known) -> Iterator[Finding]:
    for file, section, option, default, kind in cls.turned_on_by:
        place = f"in section [{section}] of {file}"
        wanted = f"{name} requires {option if kind == 'list' else f'{option}=yes'} {place}"
        told = known.settings.get((file, section, option))
        if (file, section, option) not in known.settings:
            if not _is_on(default, kind):
                yield Finding("setting", f"{wanted}.", certain=False, prevents=True)
        elif told is None and _is_on(default, kind):
            yield Finding(
                "setting", f"{option} is not set {place}, and {default} by default.", certain=False, prevents=False
            )
        elif told is not None and _is_on(told, kind):
            yield Finding("setting", f"{option} is {told} {place}.", certain=False, prevents=False)
        else:
            text = f"{wanted}, where it is {told or 'not set'}, unless the file was changed after it was loaded."
            yield Finding("setting", text, certain=False, prevents=True)


def _about_disabled(name: str, known: Known) -> Iterator[Finding]:
    if name in map(str.strip, (known.settings.get(DISABLED_EVENTS) or "").split(",")):
        file, section, option = DISABLED_EVENTS
        place = f"{option} in section [{section}] of {file}"
        text = f"{place} includes {name}, unless the file was changed after it was loaded."
        yield Finding("setting", text, certain=False, prevents=True)


def _is_on(value: str, kind: str) -> bool:
    return bool(value.strip()) if kind == "list" else value.strip().lower() in TRUE


def _about_privileges(name: str, wanted: tuple[str, ...], known: Known) -> Iterator[Finding]:
    noun = "privilege" if len(wanted) == 1 else "privileges"
    have = known.received if known.read is None else known.read
    missing = [each for each in wanted if each not in have and "all" not in have]
    if not missing:
        yield Finding(
            "privilege", f"The user has the read {noun} {' and '.join(wanted)}.", certain=True, prevents=False
        )
    elif known.read is not None:
        text = f"The user lacks the read privilege {' and '.join(missing)}, which {name} requires."
        yield Finding("privilege", text, certain=True, prevents=True)
    else:
        text = f"Only users with the read {noun} {' and '.join(wanted)} receive {name}."
        yield Finding("privilege", text, certain=False, prevents=True)


def _about_mask(name: str, wanted: tuple[str, ...], known: Known) -> Iterator[Finding]:
    classes = _classes(known.mask)
    if classes is None:
        return
    if not classes:
        yield Finding("mask", "The event mask of this connection is off.", certain=True, prevents=True)
    elif missing := [each for each in wanted if each not in classes]:
        text = f"{name} requires {' and '.join(missing)} in the event mask of this connection."
        yield Finding("mask", text, certain=True, prevents=True)
    elif wanted:
        text = f"The event mask of this connection, {known.mask}, includes {name}."
        yield Finding("mask", text, certain=True, prevents=False)


def _classes(mask: str | None) -> frozenset[str] | None:
    """Return the classes of events that a mask lets through; `None` if they are unknown, or all."""
    if mask is None or mask.lower() in TRUE or (mask.isdecimal() and mask != "0"):
        return None
    if mask.lower() in FALSE:
        return frozenset()
    classes = frozenset(mask.split(",")) & EVENT_CLASSES
    return None if "all" in classes else classes - {"none"}


def _about_filters(name: str, known: Known) -> Iterator[Finding]:
    if name.lower() in known.arrived:
        yield Finding("filter", f"{name} has arrived before.", certain=True, prevents=False)
        return
    if known.filters:
        yield Finding("filter", "A filter is set on this connection.", certain=False, prevents=True)
    if known.actions is not None:
        text = f"An eventfilter of this user in manager.conf may suppress {name}; the server does not disclose it."
        yield Finding("eventfilter", text, certain=False, prevents=True)


# Actions


def _about_action(name: str, cls: type[Request[Any]], known: Known) -> Iterator[Finding]:
    if known.actions is not None and any(each.lower() == name.lower() for each in known.actions):
        text = f"The server lists {name} among the actions of this user."
        yield Finding("privilege", text, certain=True, prevents=False)
        return
    there = [*_about_release(name, cls, known.release), *_about_modules(name, cls, known)]
    yield from there
    if not any(each.certain and each.prevents for each in there):
        yield from _about_writing(name, _privileges(cls, known.release), known, doubted=bool(there) or cls is Request)


def _about_writing(name: str, wanted: tuple[str, ...], known: Known, *, doubted: bool) -> Iterator[Finding]:
    """Yield the finding about the write privileges that an action requires, any one of them.

    Args:
        name: The action's name.
        wanted: The privileges.
        known: The facts about the connection.
        doubted: Whether the server may lack the action.
    """
    which = f"the write privilege{' ' if len(wanted) == 1 else 's '}{' or '.join(wanted)}"
    listed = known.actions is not None
    if not wanted or not {*wanted, "all"}.isdisjoint(_writable(known)):
        if listed:
            text = f"The server has no action {name}; it would list it for this user."
            yield Finding("module", text, certain=True, prevents=True)
    elif known.write is not None or (listed and known.release is not None and not doubted):
        yield Finding("privilege", f"The user lacks {which}, which {name} requires.", certain=True, prevents=True)
    elif listed:
        text = f"The server does not list {name}: the user lacks {which}, or the server lacks the action."
        yield Finding("privilege", text, certain=True, prevents=True)
    else:
        yield Finding("privilege", f"Only users with {which} may send {name}.", certain=False, prevents=True)


def _writable(known: Known) -> frozenset[str]:
    """Return the write privileges that the user has: as disclosed, or the only ones that allow an action listed."""
    if known.write is not None:
        return known.write
    return frozenset(each[0] for each in (known.actions or {}).values() if len(each) == 1)
