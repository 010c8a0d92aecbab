"""Which addresses lie outside of every private network: what users name may lead there alone."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

# Our own list: what Python calls global depends on its version, and lets some of these through.
_SPECIAL: Final = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16/32",  # a cloud's own services, behind a public-looking address
        "169.254.0.0/16",  # link-local, and with it the clouds' metadata
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
_UNICAST: Final = IPv6Network("2000::/3")
# Tunnels (6to4, Teredo) and documentation among the unicast addresses.
_SPECIAL_6: Final = tuple(
    IPv6Network(text) for text in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)
# Where the last 32 bits are an IPv4 address that is reached in the end.
_EMBEDDING: Final = (IPv6Network("::ffff:0:0/96"), IPv6Network("64:ff9b::/96"))
_LOW_32_BITS: Final = 0xFFFF_FFFF


def is_public(text: str) -> bool:
    """Whether an IP address, in any of its forms, leads to the public Internet. False for no address."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv4Address):
        return _is_public_4(address)
    return _is_public_6(address)


def _is_public_4(address: IPv4Address) -> bool:
    return not any(address in network for network in _SPECIAL)


def _is_public_6(address: IPv6Address) -> bool:
    if address.scope_id is not None:
        return False
    if any(address in network for network in _EMBEDDING):
        return _is_public_4(IPv4Address(int(address) & _LOW_32_BITS))
    return address in _UNICAST and not any(address in network for network in _SPECIAL_6)
