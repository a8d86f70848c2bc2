"""What Asterisk prints is what an attribute says it is: values that C prints in a way nobody would expect."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from ami_typed import actions, drift, enums, events, responses
from ami_typed.structures import Charge, Unit
from tests.support import unread

if TYPE_CHECKING:
    import ami_typed as ami

PARKED: tuple[type[Any], ...] = (
    events.ParkedCall,
    events.ParkedCallGiveUp,
    events.ParkedCallSwap,
    events.ParkedCallTimeOut,
    events.UnParkedCall,
)


def of(cls: type[ami.Event], *lines: str) -> Any:
    """Return an event of a class that has such headers."""
    return unread(f"Event: {cls.__name__}", *lines, cls=cls)


# Counters that wrap around


@pytest.mark.parametrize("cls", PARKED)
@pytest.mark.parametrize(
    "printed", ["0", *(str(bits - after) for bits in (1 << 64, 1 << 32) for after in (1, 6, 86400))]
)
def test_a_call_that_is_parked_without_a_time_limit_has_no_time_left(cls: type[ami.Event], printed: str) -> None:
    assert of(cls, f"ParkingTimeout: {printed}").parking_timeout is None


@pytest.mark.parametrize("cls", PARKED)
def test_a_call_that_is_parked_with_a_time_limit_has_some_left(cls: type[ami.Event]) -> None:
    assert of(cls, "ParkingTimeout: 45").parking_timeout == timedelta(seconds=45)


def test_a_parking_lot_without_a_time_limit_has_none() -> None:
    assert of(events.Parkinglot, "Timeout: 0").timeout is None
    assert of(events.Parkinglot, "Timeout: 45").timeout == timedelta(seconds=45)


@pytest.mark.parametrize("cls", [events.RTCPReceived, events.RTCPSent])
@pytest.mark.parametrize(
    ("printed", "lost"), [("0", 0), ("3", 3), ("8388607", 8388607), ("16777215", -1), ("8388608", -8388608)]
)
def test_more_packets_than_were_sent_are_a_loss_below_zero(cls: type[ami.Event], printed: str, lost: int) -> None:
    assert of(cls, f"Report0CumulativeLost: {printed}").report_cumulative_lost == {"0": [lost]}


@pytest.mark.parametrize(
    ("printed", "rtt"),
    [("0.0000", 0.0), ("0.0213", 0.0213), ("65535.9990", None), ("32768.0000", None)],
)
def test_a_round_trip_that_seems_to_take_less_than_nothing_was_not_measured(printed: str, rtt: float | None) -> None:
    assert of(events.RTCPReceived, f"RTT: {printed}").rtt == rtt


def test_a_sender_without_a_clock_sent_its_report_at_no_known_time() -> None:
    assert of(events.RTCPReceived, "SentNTP: 2085978496.000000").sent_ntp is None
    assert of(events.RTCPReceived, "SentNTP: 60.500000").sent_ntp == datetime(1970, 1, 1, 0, 1, 0, 500000, UTC)


# Families of headers


@pytest.mark.parametrize("cls", [events.RTCPReceived, events.RTCPSent])
def test_the_headers_of_a_report_are_numbered(cls: type[ami.Event]) -> None:
    event = of(cls, "Report0LSR: 1", "Report0DLSR: 2.5", "Report12LSR: 3", "Report12DLSR: 0.0000", "ReportXLSR: 4")

    assert event.report_lsr == {"0": [1], "12": [3]}
    assert event.report_dlsr == {"0": [2.5], "12": [0.0]}
    assert list(drift.unknown_headers(event)) == [("ReportXLSR", "4")]


def test_the_variables_of_several_channels_are_keyed_by_channel() -> None:
    event = of(events.Rename, "ChanVariable(SIP/1): a=b", "ChanVariable(PJSIP/x-(1)): c=d")

    assert event.chan_variables == {"SIP/1": {"a": "b"}, "PJSIP/x-(1)": {"c": "d"}}
    assert not list(drift.unknown_headers(event))


# Advice of charge

COSTLY = (
    "(null)(0)/Chargeable: NotAvailable",
    "(null)(1)/Chargeable: CallAttempt",
    "(null)(1)/Flat/Currency/Name: EUR",
    "(null)(1)/Flat/Currency/Cost: 15",
    "(null)(1)/Flat/Currency/Multiplier: 1/100",
    "(null)(2)/Chargeable: BasicCommunication",
    "(null)(2)/Duration/Currency/Name: ",
    "(null)(2)/Duration/Currency/Cost: 2",
    "(null)(2)/Duration/Currency/Multiplier: 1",
    "(null)(2)/Duration/ChargingType: StepFunction",
    "(null)(2)/Duration/Time/Length: 30",
    "(null)(2)/Duration/Time/Scale: 2",
    "(null)(2)/Duration/Granularity/Length: 1",
    "(null)(2)/Duration/Granularity/Scale: 4",
    "(null)(3)/Chargeable: UserUserInfo",
    "(null)(3)/Volume/Unit: Octet",
    "(null)(3)/Volume/Currency/Name: EUR",
    "(null)(3)/Volume/Currency/Cost: 1",
    "(null)(3)/Volume/Currency/Multiplier: 1/1000",
    "(null)(10)/Chargeable: SpecialArrangement",
    "(null)(10)/SpecialCode/SpecialCode: 7",
)
CHARGES = [
    Charge("NA", "NA"),
    Charge("CallAttempt", "Flat", "EUR", 15, "OneHundredth"),
    Charge("BasicCommunication", "Duration", None, 2, "One", 30, "Second", 1, "Minute", "StepFunction"),
    Charge("UserUserInfo", "Volume", "EUR", 1, "OneThousandth", volume_unit="Octet"),
    Charge("SpecialArrangement", "SpecialCode", code=7),
]


@pytest.mark.parametrize("name", ["(null)", ""])
def test_rates_are_read_from_headers_named_after_the_kind_of_rate(name: str) -> None:
    event = of(events.AOC_S, *(line.replace("(null)", name) for line in COSTLY))

    assert event.charges == CHARGES
    assert not list(drift.unknown_headers(event))
    assert not list(drift.undecodable(event))


def test_rates_are_decoded_to_the_vocabulary_of_requests() -> None:
    for charge in of(events.AOC_S, *COSTLY).charges:
        assert enums.ChargedItem(charge.item).known
        assert enums.RateType(charge.rate).known
        assert enums.CurrencyMultiplier(charge.multiplier or "One").known
        assert enums.TimeScale(charge.time_scale or "Day").known


@pytest.mark.parametrize("cls", [events.AOC_D, events.AOC_E])
def test_the_units_that_a_call_has_cost_are_those_of_a_request(cls: type[ami.Event]) -> None:
    event = of(
        cls,
        "Charge/Type: Units",
        "Charge/Units(0)/NumberOf: 3",
        "Charge/Units(0)/TypeOf: 16",
        "Charge/Units(1)/NumberOf: 4",
        "Charge/Units(10)/TypeOf: 5",
    )

    assert event.units == [Unit(3, 16), Unit(4), Unit(None, 5)]
    assert not list(drift.unknown_headers(event))
    assert of(cls, "Charge/Type: Free").units == []


@pytest.mark.parametrize("cls", [events.AOC_D, events.AOC_E])
@pytest.mark.parametrize(
    ("charge", "multiplier", "call"),
    [("Units", "1/1000", "Reverse"), ("Currency", "1", "CallForwardingBusy"), ("NotAvailable", "100", "NotAvailable")],
)
def test_charges_are_decoded_to_the_vocabulary_of_requests(
    cls: type[ami.Event], charge: str, multiplier: str, call: str
) -> None:
    event = of(cls, f"Charge/Type: {charge}", f"Charge/Currency/Multiplier: {multiplier}", f"Charge/BillingID: {call}")

    again = actions.AOCMessage(
        channel="x",
        msg_type="D",
        charge_type=event.charge_type,
        currency_multiplier=event.charge_currency_multiplier,
        aoc_billing_id=event.charge_billing_id,
    )
    assert again["ChargeType"] in {"NA", "Currency", "Unit"}
    assert again["CurrencyMultiplier"] in {"OneThousandth", "One", "Hundred"}
    assert again["AOCBillingId"] in {"ReverseCharge", "CallFwdBusy", "NotAvailable"}


# One thing, one vocabulary


@pytest.mark.parametrize("cls", [events.EndpointList, events.EndpointDetail])
@pytest.mark.parametrize(
    ("printed", "state"),
    [("Not in use", "NOT_INUSE"), ("In use", "INUSE"), ("Ring+Inuse", "RINGINUSE"), ("On Hold", "ONHOLD")]
    + [(word.capitalize(), word) for word in ("UNKNOWN", "BUSY", "INVALID", "UNAVAILABLE", "RINGING")],
)
def test_the_state_of_an_endpoint_is_that_of_its_device(cls: type[ami.Event], printed: str, state: str) -> None:
    event = of(cls, f"DeviceState: {printed}")

    assert event.device_state is of(events.DeviceStateChange, f"State: {state}").state
    assert event.device_state is enums.DeviceState[state]
    assert event["DeviceState"] == printed


@pytest.mark.parametrize("cls", [events.Hangup, events.HangupRequest, events.SoftHangupRequest])
def test_the_cause_of_a_technology_is_a_number(cls: type[ami.Event]) -> None:
    assert of(cls, "TechCause: 486").tech_cause == 486
    assert of(cls).tech_cause is None


@pytest.mark.parametrize("cls", [events.EndpointList, events.EndpointDetail])
def test_active_channels_are_counted_except_by_older_releases(cls: type[ami.Event]) -> None:
    assert of(cls, "ActiveChannels: 0").active_channels == 0
    assert of(cls, "ActiveChannels: ").active_channels is None


def test_the_contacts_of_all_addresses_of_an_endpoint_are_listed() -> None:
    event = of(events.EndpointList, "Contacts: a/sip:a@1,a/sip:a@2,", "Contacts: b/sip:b@1,", "Contacts: ")

    assert event.contacts == ["a/sip:a@1", "a/sip:a@2", "b/sip:b@1"]


def test_call_groups_are_always_numbers() -> None:
    endpoint = of(events.EndpointDetail, "CallGroup: 1, 3, 63", "PickupGroup: ", "NamedCallGroup: desk, hall")
    peer = responses.SIPshowpeer({"Callgroup": "1, 3, 63", "Pickupgroup": "", "Named Callgroup": "desk, hall"})
    channel = of(events.Status, f"Callgroup: {1 << 1 | 1 << 3 | 1 << 63}", "Pickupgroup: 0")

    assert endpoint.call_group == peer.callgroup == channel.callgroup == [1, 3, 63]
    assert endpoint.pickup_group == peer.pickupgroup == channel.pickupgroup == []
    assert endpoint.named_call_group == peer.named_callgroup == ["desk", "hall"]


def test_codecs_are_always_a_list() -> None:
    endpoint = of(events.EndpointDetail, "Allow: (ulaw|alaw)")
    peer = responses.SIPshowpeer({"Codecs": "(ulaw|alaw)"})
    channel = of(events.Status, "Nativeformats: (ulaw|alaw)")

    assert endpoint.allow == peer.codecs == channel.nativeformats == ["ulaw", "alaw"]
    assert of(events.EndpointDetail, "Allow: (nothing)").allow == []


def test_the_addresses_that_an_endpoint_is_known_by_are_a_list() -> None:
    event = of(events.IdentifyDetail, "Match: 127.0.0.9/255.255.255.255,!10.0.0.0/255.0.0.0")

    assert event.match == ["127.0.0.9/255.255.255.255", "!10.0.0.0/255.0.0.0"]


def test_presentation_has_the_same_type_for_all_drivers() -> None:
    presentations = [
        of(events.NewCallerid, "CID-CallingPres: 35 (Presentation Prohibited, Network Number)").presentation,
        of(events.EndpointDetail, "CalleridPrivacy: prohib").callerid_privacy,
        responses.SIPshowpeer({"CID-CallingPres": "Presentation Prohibited, Network Number"}).cid_calling_pres,
        of(events.MCID, "MCallerIDNumPres: 35 (Presentation Prohibited, Network Number)").m_caller_id_num_pres,
    ]

    assert presentations == [enums.Presentation.PROHIBITED] * 4
    assert all(each is enums.Presentation.PROHIBITED for each in presentations)


def test_the_dtmf_mode_has_the_same_type_for_all_drivers() -> None:
    endpoint = of(events.EndpointDetail, "DtmfMode: rfc4733").dtmf_mode
    peer = responses.SIPshowpeer({"SIP-DTMFmode": "rfc2833"}).sip_dtm_fmode

    assert endpoint is peer is enums.DtmfMode.RFC_4733


# PJSIP


@pytest.mark.parametrize(("printed", "member"), [("no", "NONE"), ("sdes", "SDES"), ("dtls", "DTLS")])
def test_how_media_is_encrypted_is_one_of_three(printed: str, member: str) -> None:
    assert of(events.EndpointDetail, f"MediaEncryption: {printed}").media_encryption is enums.MediaEncryption[member]


# Words that only some servers use


def test_an_abandoned_call_has_its_own_disposition_if_configured() -> None:
    assert of(events.Cdr, "Disposition: CANCEL").disposition is enums.Disposition.CANCEL


@pytest.mark.parametrize("printed", ["DONTCALL", "TORTURE"])
def test_a_dial_attempt_ended_by_call_screening_has_a_known_status(printed: str) -> None:
    status = of(events.DialEnd, f"DialStatus: {printed}").dial_status

    assert status.known
    assert status == printed


@pytest.mark.parametrize("printed", [0, 3, 4, 5, 8])
def test_the_outcome_of_an_originate_is_one_of_five(printed: int) -> None:
    assert of(events.OriginateResponse, f"Reason: {printed}").reason.known
    assert len(enums.OriginateReason) == 5


def test_a_variable_that_is_not_set_is_empty_as_in_a_getvar() -> None:
    event = of(events.Status, "Variable: UNSET=(null)", "Variable: SET=1", "Variable: LEN(x)=")

    assert event.variables == {"UNSET": "", "SET": "1", "LEN(x)": ""}
