from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.ids import new_id
from app.domain.errors import DomainError, Invalid
from app.domain.members import rules
from app.domain.members.rules import InvitationState
from app.models.account import MemberRole, Membership, MemberStatus

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
moments = st.none() | st.datetimes(timezones=st.just(UTC))


@pytest.mark.rule("ACC-5")
@given(accepted=moments, cancelled=moments, left=st.timedeltas())
def test_an_invitation_has_one_state(
    accepted: datetime | None, cancelled: datetime | None, left: timedelta
) -> None:
    try:
        expires = NOW + left
    except OverflowError:
        return
    state = rules.state_of(accepted, cancelled, expires, NOW)
    if accepted is not None:
        assert state is InvitationState.ACCEPTED
    elif cancelled is not None:
        assert state is InvitationState.CANCELLED
    else:
        assert (state is InvitationState.SENT) == (left > timedelta(0))
        assert state in (InvitationState.SENT, InvitationState.EXPIRED)


@pytest.mark.rule("ACC-4")
@given(others=st.integers(0, 3), is_one=st.booleans())
def test_somebody_stays(others: int, *, is_one: bool) -> None:
    person = new_id()
    administrators = {new_id() for _ in range(others)} | ({person} if is_one else set())
    if is_one and others == 0:
        with pytest.raises(DomainError) as refused:
            rules.check_not_last(administrators, person, "role")
        assert (refused.value.code, refused.value.path) == ("LAST_ADMINISTRATOR", ("role",))
    else:
        rules.check_not_last(administrators, person, "role")


@pytest.mark.rule("ACC-10")
@pytest.mark.parametrize(
    ("role", "status", "code"),
    [
        (MemberRole.REGULAR_MEMBER, MemberStatus.ACTIVE, None),
        (MemberRole.REGULAR_MEMBER, MemberStatus.BLOCKED, "MEMBER_BLOCKED"),
        (MemberRole.ACCOUNT_ADMINISTRATOR, MemberStatus.BLOCKED, "MEMBER_BLOCKED"),
        (MemberRole.ACCOUNT_ADMINISTRATOR, MemberStatus.ACTIVE, "ALREADY_ADMINISTRATOR"),
    ],
)
def test_active_regular_members_are_granted(role: MemberRole, status: MemberStatus, code: str | None) -> None:
    member = Membership(account_id=new_id(), person_id=new_id(), role=role, status=status, member_since=NOW)
    if code is None:
        rules.check_grantable(member)
    else:
        with pytest.raises(DomainError) as refused:
            rules.check_grantable(member)
        assert refused.value.code == code


@pytest.mark.rule("ACC-7")
@given(text=st.text(max_size=3_000))
def test_notes_are_short_and_visible(text: str) -> None:
    try:
        note = rules.note_of(text, "note")
    except Invalid:
        return
    assert len(note) <= 2_000
    assert note.replace("\n", "").replace("\t", "").isprintable()
    assert rules.note_of(note) == note


@pytest.mark.parametrize("count", [0, 1_001, 10_000])
def test_lists_are_limited(count: int) -> None:
    with pytest.raises(Invalid):
        rules.check_count(count, "addresses", "emails")
    rules.check_count(1_000, "addresses", "emails")
