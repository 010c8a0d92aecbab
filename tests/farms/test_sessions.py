"""FRM-3: who is counted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.farms.sessions import ConnectionType, Session, users_of

APPLICATIONS = (ConnectionType.RAS_APPLICATION, ConnectionType.RDP_APPLICATION)
DESKTOPS = tuple(type_ for type_ in ConnectionType if type_ not in APPLICATIONS)


def session(
    user: str, type_: ConnectionType, *, administrator: bool = False, host: str = "host-1", device: str = "pc"
) -> Session:
    return Session(user, device, type_, administrator, host)


@pytest.mark.rule("FRM-3")
@pytest.mark.parametrize("type_", list(ConnectionType))
def test_any_connection_of_a_user_counts(type_: ConnectionType) -> None:
    assert users_of([session("ada", type_)], 2) == 1


@pytest.mark.rule("FRM-3")
@pytest.mark.parametrize("type_", APPLICATIONS)
def test_an_administrators_application_counts(type_: ConnectionType) -> None:
    assert users_of([session("root", type_, administrator=True)], 2) == 1


@pytest.mark.rule("FRM-3")
@pytest.mark.parametrize("type_", DESKTOPS)
def test_an_administrators_desktop_is_free_twice_a_host(type_: ConnectionType) -> None:
    connections = [session(f"root-{number}", type_, administrator=True) for number in range(4)]
    assert [users_of(connections[:count], 2) for count in range(5)] == [0, 0, 0, 1, 2]
    elsewhere = session("root-9", type_, administrator=True, host="HOST-2")
    assert users_of([*connections, elsewhere], 2) == 2


@pytest.mark.rule("FRM-3")
def test_free_connections_of_all_types_count_together_in_the_reports_order() -> None:
    first, second, third = (
        session(f"root-{type_}", type_, administrator=True, host=host)
        for type_, host in zip(DESKTOPS, ("Host-1", "host-1", "HOST-1 "), strict=True)
    )
    assert users_of([first, second, third], 2) == 1
    # The one who comes third is counted; as the same user on a host with room they are not.
    assert users_of([third, first, second, session(first.user, DESKTOPS[0])], 2) == 2


@pytest.mark.rule("FRM-3")
def test_a_user_counts_once_however_many_devices_connections_and_hosts() -> None:
    sessions = [
        session(user, type_, device=device, host=host)
        for user in ("ada", "ADA ", "Ada")
        for type_ in ConnectionType
        for device in ("pc", "phone")
        for host in ("a", "b")
    ]
    assert users_of(sessions, 2) == 1
    assert users_of([], 2) == 0
    # An administrator whose desktop is free, and who also runs an application, counts.
    mixed = [session("root", type_, administrator=True) for type_ in ConnectionType]
    assert users_of(mixed, 2) == 1


SESSIONS = st.lists(
    st.builds(
        Session,
        st.sampled_from("abcde"),
        st.sampled_from("xy"),
        st.sampled_from(ConnectionType),
        st.booleans(),
        st.sampled_from("12"),
    ),
    max_size=30,
)


@pytest.mark.rule("FRM-3")
@given(SESSIONS)
def test_bounds(sessions: list[Session]) -> None:
    counted = users_of(sessions, 2)
    assert len({each.user for each in sessions if not each.administrator}) <= counted
    assert counted <= len({each.user for each in sessions})
    assert users_of(sessions, 0) == len({each.user for each in sessions})
