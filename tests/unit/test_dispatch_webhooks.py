"""Webhooks: signatures by the specification, the schedule of attempts, and addresses that may be connected to."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gisgrid.dispatch import webhooks
from gisgrid.dispatch.webhooks import Answer, may_connect, next_step, require_target, secret_of, signed_headers
from gisgrid.errors import UsageError


def test_the_signature_is_that_of_other_implementations() -> None:
    """The example that the specification's own libraries are tested with."""
    headers = signed_headers(
        "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}', ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]
    )
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_while_a_secret_rotates_both_sign() -> None:
    old, new = secret_of(bytes(32)), secret_of(b"x" * 32)
    both = signed_headers("event_1", 1, b"{}", [new, old])["webhook-signature"].split(" ")
    assert both == [signed_headers("event_1", 1, b"{}", [each])["webhook-signature"] for each in (new, old)]
    assert old.startswith("whsec_")


def step(answer: Answer, attempts: int = 1, failures: int = 1, failing_for_s: float = 0.0) -> webhooks.Step:
    return next_step(answer, attempts=attempts, failures=failures, failing_for_s=failing_for_s, chance=0.5)


def test_ten_attempts_within_three_days_and_then_it_is_dead() -> None:
    delays = [step(Answer(500), attempts).retry_in_s for attempts in range(1, 11)]
    assert delays == [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400, None]
    assert sum(filter(None, delays)) == 75 * 3600 + 35 * 60 + 5


@given(st.integers(1, 9), st.floats(0, 1))
def test_what_failed_together_does_not_come_back_together(attempts: int, chance: float) -> None:
    planned = webhooks.RETRY_AFTER_S[attempts - 1]
    found = next_step(Answer(500), attempts=attempts, failures=1, failing_for_s=0, chance=chance).retry_in_s
    assert found == pytest.approx(planned * (0.9 + 0.2 * chance))


def test_a_wish_to_be_left_alone_is_kept() -> None:
    assert step(Answer(503, retry_after_s=120)) == webhooks.Step(120, 120, None)
    assert step(Answer(429)).pause_s == 30
    assert step(Answer(503, retry_after_s=10**8)).pause_s == 86_400
    assert step(Answer(500)).pause_s == 0


def test_a_destination_that_keeps_failing_is_asked_less_and_less() -> None:
    pauses = [step(Answer(None, "ConnectError"), failures=failures).pause_s for failures in range(1, 12)]
    assert pauses == [0, 0, 5, 10, 20, 40, 80, 160, 300, 300, 300]


def test_who_is_gone_or_failed_for_three_days_gets_nothing_more() -> None:
    assert step(Answer(410)).disabled == "gone"
    assert step(Answer(500), failing_for_s=webhooks.GIVES_UP_AFTER_S).disabled is None
    assert step(Answer(500), failing_for_s=webhooks.GIVES_UP_AFTER_S + 1).disabled == "failing"


@pytest.mark.parametrize("status", [200, 204, 299])
def test_any_2xx_is_a_success(status: int) -> None:
    assert Answer(status).is_success


@pytest.mark.parametrize("status", [None, 100, 199, 300, 301, 302, 304, 307, 308, 400, 410, 500])
def test_anything_else_is_none(status: int | None) -> None:
    assert not Answer(status).is_success


PRIVATE = (
    "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "100.100.100.200", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
    "::", "::1", "fe80::1", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "2001:db8::1", "2001:0:4136:e378::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "2002:7f00:1::", "2002:a9fe:a9fe::",
    "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "::7f00:1",
)  # fmt: skip
PUBLIC = ("1.1.1.1", "223.5.5.5", "2400:3200::1", "::ffff:1.1.1.1", "64:ff9b::101:101")


@pytest.mark.parametrize("address", PRIVATE)
def test_no_private_address_is_connected_to_alone_or_beside_a_public_one(address: str) -> None:
    private, public = ipaddress.ip_address(address), ipaddress.ip_address("1.1.1.1")
    assert not may_connect([private], loopback=False)
    assert not may_connect([public, private], loopback=False)
    assert not may_connect([public, private], loopback=True)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are(address: str) -> None:
    assert may_connect([ipaddress.ip_address(address)], loopback=False)


def test_this_machine_only_where_it_is_allowed_and_a_name_without_address_never() -> None:
    here = [ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("::1")]
    assert may_connect(here, loopback=True)
    assert not may_connect([ipaddress.ip_address("10.0.0.1")], loopback=True)
    assert not may_connect([], loopback=True)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/", "ftp://example.com/", "example.com", "//example.com", "https://", "https:///path",
        "https://user@example.com/", "https://user:pass@example.com/", "https://example.com/#part",
        "https://example.com\\@127.0.0.1/", "https://127.0.0.1/", "https://[::1]/", "https://[::ffff:10.0.0.1]/",
        "https://169.254.169.254/latest/meta-data", "https://example.com:99999/", "https://例子.cn/",
        "https://exam ple.com/", "https://example.com/\n", "https://" + "a" * 2_000 + ".com/", "https://[::1/",
    ],
)  # fmt: skip
def test_what_is_no_public_https_url_is_refused(url: str) -> None:
    with pytest.raises(UsageError):
        require_target(url, loopback=False)


def test_a_trial_may_go_to_this_machine_by_http() -> None:
    require_target("https://example.com:8443/hook?x=1", loopback=False)
    require_target("http://127.0.0.1:8000/hook", loopback=True)
    with pytest.raises(UsageError):
        require_target("http://192.168.1.1/", loopback=True)
