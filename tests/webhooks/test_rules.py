from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.addresses import is_public
from app.core.webhook_signatures import SigningKeys, signed_headers
from app.domain.errors import Invalid
from app.domain.webhooks import rules

pytestmark = pytest.mark.rule("EVT-7")
NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
REFUSED = [
    "http://example.com/hook",
    "ftp://example.com/hook",
    "example.com/hook",
    "https://",
    "https:///hook",
    "https://user:secret@example.com/hook",
    "https://example.com/hook#part",
    "https://example.com:99999/hook",
    "https://exa mple.com/hook",
    "https://example.com/\u0000",
    "https://example.com\\@127.0.0.1/",
    f"https://example.com/{'x' * 2000}",
    "https://localhost/hook",
    "https://localhost./hook",
    "https://printer.local/hook",
    "https://metadata.google.internal/computeMetadata",
    "https://redis:6379/",
    "https://127.0.0.1/",
    "https://127.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://10.1.2.3/",
    "https://169.254.169.254/latest/meta-data",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[fd00:ec2::254]/",
    "https://[fe80::1]/",
    "https://\uff11\uff12\uff17.0.0.1/",
]
INTERNAL = [
    "0.0.0.0", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.254", "168.63.129.16",
    "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.192", "192.168.1.1", "198.18.0.1", "203.0.113.9",
    "224.0.0.1", "255.255.255.255", "::", "::1", "::7f00:1", "::ffff:10.0.0.1", "::ffff:169.254.169.254",
    "64:ff9b::7f00:1", "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::", "3fff::1", "fc00::1",
    "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "localhost", "",
]  # fmt: skip
PUBLIC = [
    "1.1.1.1", "8.8.8.8", "93.184.215.14", "172.32.0.1", "2606:4700::1111", "2a00:1450::1",
    "::ffff:8.8.8.8", "64:ff9b::808:808",
]  # fmt: skip


@pytest.mark.parametrize("url", REFUSED)
def test_what_is_no_public_https_address_is_refused(url: str) -> None:
    with pytest.raises(Invalid) as refused:
        rules.url_of(url, allow_private=False)
    assert refused.value.path == ("url",)


def test_public_https_addresses_are_taken() -> None:
    for url in ("https://example.com/a?b=c", "https://hooks.acme.example:8443/", "https://1.1.1.1/x"):
        assert rules.url_of(url, allow_private=False).scheme == "https"
    assert rules.url_of("https://bücher.example/", allow_private=False).raw_host == b"xn--bcher-kva.example"
    assert rules.url_of("http://127.0.0.1:8000/", allow_private=True).port == 8000


def test_addresses_in_all_their_forms() -> None:
    assert [text for text in INTERNAL if is_public(text)] == []
    assert [text for text in PUBLIC if not is_public(text)] == []


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_public_only_where_python_says_so_too(address: IPv4Address) -> None:
    assert not is_public(str(address)) or (address.is_global and not address.is_multicast)
    assert is_public(f"::ffff:{address}") == is_public(str(address))


@given(st.ip_addresses(v=6))
def test_an_ipv6_address_is_public_only_where_python_says_so_too(address: IPv6Address) -> None:
    if is_public(str(address)) and address.ipv4_mapped is None and not str(address).startswith("64:"):
        assert address.is_global
        assert not address.is_multicast


@given(
    failures=st.integers(1, 10_000), share=st.floats(0, 1), age=st.timedeltas(timedelta(0), timedelta(days=3))
)
def test_attempts_are_spread_over_three_days(failures: int, share: float, age: timedelta) -> None:
    end = NOW + timedelta(days=3)
    at = rules.next_attempt(failures, NOW + age, end, share)
    delay = at - (NOW + age)
    assert at <= end
    assert delay <= timedelta(hours=6)
    assert delay >= timedelta(seconds=15) or at == end


def test_an_endpoint_that_never_answers_is_tried_some_twenty_times() -> None:
    now, failures = NOW, 0
    end = NOW + timedelta(days=3)
    while now < end:
        failures += 1
        now = rules.next_attempt(failures, now, end, 1.0)
    assert 15 <= failures <= 30


def test_types() -> None:
    assert rules.types_of(None) is None
    assert rules.types_of(["KEY_CREATED", "KEY_CREATED"]) == ["KEY_CREATED"]
    with pytest.raises(Invalid):
        rules.types_of([])


def test_signatures_as_the_standard_gives_them() -> None:
    """The example of the specification, and what its libraries test with."""
    keys = SigningKeys("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", SigningKeys.new().private_key)
    body = b'{"test": 2432232314}'
    headers = signed_headers([keys], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert headers["webhook-signature"].split()[0] == signature
    assert (headers["webhook-id"], headers["webhook-timestamp"]) == (
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "1614265330",
    )
