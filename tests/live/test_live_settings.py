"""What the configuration of a real Asterisk says is what the attributes of its lists say, away from every default."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

import ami_typed as ami
from ami_typed import actions, drift, enums, events
from tests.live.servers import ForeignServer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.live.servers import Server

pytestmark = pytest.mark.usefixtures("own")

DEAD = "sip:127.0.0.1:{};lr"

RICH: Mapping[str, Any] = {
    "n100_rel": "required",
    "accept_multiple_sdp_answers": True,
    "accountcode": "A-190",
    "acl": "loopback",
    "aggregate_mwi": False,
    "allow": ["g722", "ulaw"],
    "allow_overlap": False,
    "allow_subscribe": False,
    "allow_transfer": False,
    "allow_unauthenticated_options": True,
    "aors": ["rich", "rich-2"],
    "asymmetric_rtp_codec": True,
    "auth": ["rich", "rich-md5"],
    "bind_rtp_to_media_address": True,
    "bundle": True,
    "call_group": [1, 3, 4, 5, 63],
    "callerid": '"Rich Rask" <190>',
    "callerid_privacy": enums.Presentation.PROHIBITED,
    "callerid_tag": "rich",
    "connected_line_method": "update",
    "contact_acl": "loopback",
    "contact_user": "contact",
    "context": "services",
    "cos_audio": 5,
    "cos_video": 4,
    "device_state_busy_at": 3,
    "direct_media": False,
    "direct_media_glare_mitigation": "outgoing",
    "direct_media_method": "update",
    "disable_direct_media_on_nat": True,
    "dtmf_mode": enums.DtmfMode.AUTO_INFO,
    "fax_detect": True,
    "fax_detect_timeout": timedelta(seconds=7),
    "follow_early_media_fork": False,
    "force_avp": True,
    "force_rport": False,
    "from_domain": "example.com",
    "from_user": "from",
    "g726_non_standard": True,
    "geoloc_incoming_call_profile": "rich-place",
    "geoloc_outgoing_call_profile": "rich-place",
    "ice_support": True,
    "identify_by": ["ip", "username"],
    "ignore183_without_sdp": True,
    "inband_progress": True,
    "incoming_mwi_mailbox": "601@default",
    "language": "sv",
    "mailboxes": ["600@default", "601@default"],
    "max_audio_streams": 2,
    "max_video_streams": 3,
    "media_address": "127.0.0.1",
    "media_encryption": enums.MediaEncryption.SDES,
    "media_encryption_optimistic": True,
    "media_use_received_transport": True,
    "message_context": "services",
    "moh_passthrough": True,
    "moh_suggest": "letters",
    "mwi_from_user": "mwi",
    "mwi_subscribe_replaces_unsolicited": True,
    "named_pickup_group": ["hall"],
    "notify_early_inuse_ringing": True,
    "one_touch_recording": True,
    "outbound_auth": ["trunk", "rich"],
    "pickup_group": [2, 63],
    "record_off_feature": "automon",
    "record_on_feature": "automon",
    "refer_blind_progress": False,
    "rewrite_contact": True,
    "rpid_immediate": True,
    "rtcp_mux": True,
    "rtp_engine": "asterisk",
    "rtp_ipv6": True,
    "rtp_keepalive": timedelta(seconds=15),
    "rtp_symmetric": True,
    "rtp_timeout": timedelta(seconds=30),
    "rtp_timeout_hold": timedelta(seconds=60),
    "sdp_owner": "rich",
    "sdp_session": "Rich",
    "send_connected_line": False,
    "send_diversion": False,
    "send_history_info": True,
    "send_pai": True,
    "send_rpid": True,
    "set_var": "A=1,B=x=y",
    "srtp_tag32": True,
    "stir_shaken_profile": "nobody",
    "sub_min_expiry": timedelta(seconds=90),
    "subscribe_context": "hints",
    "suppress_q850_reason_headers": True,
    "t38_bind_udptl_to_media_address": True,
    "t38_udptl": True,
    "t38_udptl_ec": "redundancy",
    "t38_udptl_ipv6": True,
    "t38_udptl_maxdatagram": 400,
    "t38_udptl_nat": True,
    "timers": "always",
    "timers_min_se": timedelta(seconds=120),
    "timers_sess_expires": timedelta(seconds=3600),
    "tone_zone": "xx",
    "tos_audio": 0xB8,
    "tos_video": 0x88,
    "transport": "rich-tcp",
    "trust_connected_line": False,
    "trust_id_inbound": True,
    "trust_id_outbound": True,
    "use_avpf": True,
    "use_ptime": True,
    "user_eq_phone": True,
    "voicemail_extension": "*97",
    "webrtc": False,
}
OF_16: Mapping[str, Any] = {"preferred_codec_only": True, "stir_shaken": "attest", "active_channels": None}
OF_22: Mapping[str, Any] = {
    "active_channels": 0,
    "codec_prefs_incoming_answer": "prefer:configured, operation:only_preferred, keep:first, transcode:allow",
    "follow_redirect_methods": ["message"],
    "incoming_call_offer_pref": "remote_first",
    "outgoing_call_offer_pref": "local_merge",
    "overlap_context": "services",
    "redirect_method": "uri_pjsip",
    "rtp_port_end": 20999,
    "rtp_port_start": 20000,
    "security_mechanisms": ["sdes-srtp", "mediasec"],
    "security_negotiation": "mediasec",
    "send_aoc": True,
    "suppress_moh_on_sendonly": True,
    "tenantid": "T-190",
}


@pytest.fixture
def own(server: Server | ForeignServer) -> Server:
    """A server whose configuration is that of this folder."""
    if isinstance(server, ForeignServer):
        pytest.skip("NOT RUN: needs the configuration of our own servers")
    return server


def of_release(manager: ami.Manager, of_16: Mapping[str, Any], of_22: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what holds for the release that a manager is connected to."""
    assert manager.release is not None
    return of_16 if str(manager.release).startswith("16.") else of_22


def told(event: ami.Event, expected: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes of an event that something is expected of."""
    assert not list(drift.unknown_headers(event))
    assert not list(drift.undecodable(event))
    return {name: getattr(event, name) for name in expected}


def shown(manager: ami.Manager, endpoint: str) -> Any:
    """Return everything about an endpoint."""
    return manager.execute(actions.PJSIPShowEndpoint(endpoint=endpoint))


def test_an_endpoint_has_the_settings_of_its_section(manager: ami.Manager, own: Server) -> None:
    expected = {**RICH, **of_release(manager, OF_16, OF_22), "outbound_proxy": DEAD.format(own.ports.dead)}

    (endpoint,) = shown(manager, "rich").endpoints

    assert told(endpoint, expected) == expected
    assert sorted(endpoint.named_call_group) == ["desk", "hall"]


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        (
            "rich-dtls",
            {
                "n100_rel": "no",
                "acl": "deny/permit",
                "allow": ["ulaw"],
                "callerid_privacy": enums.Presentation.UNAVAILABLE,
                "contact_acl": "deny/permit",
                "dtls_cipher": "ALL",
                "dtls_fingerprint": "SHA-1",
                "dtls_rekey": timedelta(seconds=600),
                "dtls_setup": "passive",
                "dtmf_mode": enums.DtmfMode.NONE,
                "media_encryption": enums.MediaEncryption.DTLS,
                "timers": "required",
            },
        ),
        (
            "rich-webrtc",
            {
                "bundle": True,
                "dtls_auto_generate_cert": True,
                "ice_support": True,
                "media_encryption": enums.MediaEncryption.DTLS,
                "rtcp_mux": True,
                "use_avpf": True,
                "webrtc": True,
            },
        ),
        (
            "rich-tls",
            {
                "aors": [],
                "call_group": [],
                "direct_media_glare_mitigation": "incoming",
                "dtmf_mode": enums.DtmfMode.INFO,
                "mailboxes": [],
                "media_encryption": enums.MediaEncryption.NONE,
                "named_call_group": [],
                "t38_udptl_ec": "fec",
                "timers": "no",
            },
        ),
    ],
)
def test_endpoints_have_their_own_settings(manager: ami.Manager, endpoint: str, expected: Mapping[str, Any]) -> None:
    (event,) = shown(manager, endpoint).endpoints

    assert told(event, expected) == expected


@pytest.mark.parametrize(
    ("endpoint", "protocol", "expected"),
    [
        (
            "rich",
            "tcp",
            {
                "allow_reload": True,
                "cos": 3,
                "domain": "example.com",
                "external_media_address": "192.0.2.1",
                "external_signaling_address": "192.0.2.2",
                "external_signaling_port": 5099,
                "local_net": ["127.0.0.0/255.0.0.0", "192.168.0.0/255.255.0.0"],
                "symmetric_transport": True,
                "tos": 0x60,
                "websocket_write_timeout": timedelta(milliseconds=200),
            },
        ),
        (
            "rich-tls",
            "tls",
            {
                "allow_wildcard_certs": True,
                "cipher": ["AES128-SHA", "AES256-SHA"],
                "local_net": [],
                "method": "tlsv1_2",
                "require_client_cert": True,
                "verify_client": True,
                "verify_server": True,
            },
        ),
        ("rich-dtls", "ws", {"cipher": []}),
        ("rich-webrtc", "wss", {"websocket_write_timeout": timedelta(milliseconds=500)}),
        ("rich-6", "udp", {"external_signaling_port": 0}),
    ],
)
def test_transports_of_every_kind_have_their_settings(
    manager: ami.Manager, endpoint: str, protocol: str, expected: Mapping[str, Any]
) -> None:
    (transport,) = shown(manager, endpoint).transports

    assert transport.protocol == protocol
    assert told(transport, expected) == expected


def test_an_address_of_record_has_its_settings_and_its_permanent_contacts(manager: ami.Manager, own: Server) -> None:
    aors = {aor.object_name: aor for aor in shown(manager, "rich").aors}
    expected = {
        "authenticate_qualify": True,
        "default_expiration": timedelta(seconds=1800),
        "mailboxes": ["600@default", "601@default"],
        "max_contacts": 3,
        "maximum_expiration": timedelta(seconds=3000),
        "minimum_expiration": timedelta(seconds=30),
        "outbound_proxy": DEAD.format(own.ports.dead),
        "qualify_frequency": timedelta(seconds=30),
        "qualify_timeout": timedelta(seconds=1.5),
        "remove_existing": True,
        "remove_unavailable": True,
        "support_path": True,
        "voicemail_extension": "*97",
        "total_contacts": 2,
        "contacts_registered": 0,
    }

    assert told(aors["rich"], expected) == expected
    assert sorted(aors["rich"].contacts) == [
        f"rich/sip:one@127.0.0.1:{own.ports.dead}",
        f"rich/sip:two@127.0.0.1:{own.ports.dead};transport=tcp",
    ]
    (listed,) = [each for each in manager.execute(actions.PJSIPShowEndpoints()).endpoints if each.object_name == "rich"]
    assert sorted(listed.contacts) == sorted([*aors["rich"].contacts, *aors["rich-2"].contacts])
    assert listed.device_state in {enums.DeviceState.NOT_INUSE, enums.DeviceState.UNAVAILABLE}


def test_the_identifiers_of_an_endpoint_are_a_list(manager: ami.Manager) -> None:
    (identify,) = shown(manager, "rich").identifies

    assert identify.match == [
        "127.0.0.20/255.255.255.255",
        "127.0.0.21/255.255.255.255",
        "10.9.0.0/255.255.0.0",
    ]
    assert (identify.match_header, identify.srv_lookups) == ("X-Rich: yes", False)


def test_credentials_of_every_kind_are_listed(manager: ami.Manager) -> None:
    auths = {auth.object_name: auth for auth in manager.execute(actions.PJSIPShowAuths()).auths}

    assert auths["rich-md5"].auth_type == "md5"
    assert auths["rich-md5"].md5_cred == "0123456789abcdef" * 2
    assert auths["rich"].nonce_lifetime == timedelta(seconds=64)
    kinds = {name: auths[name].auth_type for name in ("rich-digest", "rich-oauth") if name in auths}
    assert kinds == of_release(manager, {}, {"rich-digest": "digest", "rich-oauth": "google_oauth"})
    if kinds:
        assert auths["rich-digest"].supported_algorithms_uac == ["SHA-256", "MD5"]


def test_a_registration_has_its_settings(manager: ami.Manager, own: Server) -> None:
    listed = manager.execute(actions.PJSIPShowRegistrationsOutbound())
    (registration,) = [each for each in listed.registrations if each.object_name == "rich"]
    expected = {
        "auth_rejection_permanent": False,
        "client_uri": f"sip:rich@127.0.0.1:{own.ports.dead}",
        "contact_user": "contact",
        "endpoint": "rich",
        "expiration": timedelta(seconds=600),
        "fatal_retry_interval": timedelta(seconds=600),
        "forbidden_retry_interval": timedelta(seconds=300),
        "line": True,
        "max_random_initial_delay": timedelta(seconds=1),
        "max_retries": 3,
        "outbound_auth": ["trunk", "rich"],
        "retry_interval": timedelta(seconds=20),
        "support_path": True,
        "transport": "rich-tcp",
        **of_release(
            manager,
            {},
            {
                "contact_header_params": "q=0.5",
                "security_mechanisms": ["sdes-srtp", "mediasec"],
                "security_negotiation": "mediasec",
                "support_outbound": True,
                "user_agent": "Rich",
            },
        ),
    }

    assert told(registration, expected) == expected


def test_resource_lists_have_their_settings(manager: ami.Manager) -> None:
    lists = {each.object_name: each for each in manager.execute(actions.PJSIPShowResourceLists()).resource_lists}

    assert lists["mails"].list_item == ["600", "601"]
    assert lists["mails"].notification_batch_interval == timedelta(milliseconds=500)
    assert (lists["mails"].full_state, lists["mails"].resource_display_name) == (False, True)


def test_a_mailbox_has_its_settings(manager: ami.Manager) -> None:
    boxes = {
        (each.vm_context, each.voice_mailbox): each for each in manager.execute(actions.VoicemailUsersList()).mailboxes
    }
    expected = {
        "attach_message": True,
        "attachment_format": "gsm",
        "call_operator": True,
        "callback": "outward",
        "can_review": True,
        "delete_message": False,
        "dialout": "services",
        "email": "rika@example.com",
        "exit_context": "services",
        "from_string": "Rich",
        "fullname": "Rika Rask",
        "language": "sv",
        "max_message_count": 20,
        "max_message_length": timedelta(seconds=120),
        "pager": "pager@example.com",
        "say_cid": True,
        "say_duration_minimum": timedelta(minutes=3),
        "say_envelope": False,
        "server_email": "rich@example.com",
        "time_zone": "central",
        "volume_gain": 2.5,
    }

    assert told(boxes["default", "603"], expected) == expected
    assert boxes["default", "604"].email is None


def test_a_call_in_a_lot_without_a_time_limit_has_no_time_left(manager: ami.Manager) -> None:
    with manager.subscribe(events.ParkedCall) as parked:
        manager.execute(actions.Originate(channel="Local/502@default/n", application="Wait", data="20", async_=True))
        call = parked.get(10)
    try:
        (listed,) = manager.execute(actions.ParkedCalls(parking_lot="endless")).calls
        assert (call.parkinglot, call.parking_timeout, listed.parking_timeout) == ("endless", None, None)
    finally:
        manager.send_action(actions.Hangup(channel=call.parkee_channel))


@pytest.mark.parametrize("peer", ["rich", "rich-auto"])
def test_a_peer_of_chan_sip_has_the_settings_of_its_section(manager: ami.Manager, peer: str) -> None:
    if of_release(manager, {"sip": True}, {"sip": False})["sip"] is False:
        pytest.skip("NOT RUN: Asterisk 21 removed chan_sip")
    answer = manager.execute(actions.SIPshowpeer(peer=peer))

    assert not list(drift.unknown_headers(answer))
    assert not list(drift.undecodable(answer))
    if peer == "rich":
        assert (answer.callgroup, answer.pickupgroup) == ([1, 3, 4, 5, 63], [2, 63])
        assert sorted(answer.named_callgroup) == ["desk", "hall"]
        assert answer.voice_mailboxes == ["600@default", "601@default"]
        assert answer.codecs == ["g722", "ulaw"]
        assert answer.cid_calling_pres is enums.Presentation.PROHIBITED
        assert answer.sip_dtm_fmode is enums.DtmfMode.SHORT_INFO
        assert answer.ama_flags is enums.AMAFlags.BILLING
        assert answer.chan_variable == {"A": "1", "B": "x=y"}
    else:
        assert answer.codecs == []
        assert answer.callgroup == []
