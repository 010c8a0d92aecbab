from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.codes import (
    ALPHABET,
    new_activation_code,
    new_key_code,
    normalise_activation_code,
    normalise_key_code,
)
from app.domain.errors import DomainError, Invalid
from app.domain.invitations.rules import (
    LARGEST_FILE,
    MOST_AT_ONCE,
    InstallInvitationState,
    addresses,
    report_now,
    state_on,
)
from app.models.invitation import InvitationProgress

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def read(csv: bytes, emails: list[str] | None = None) -> tuple[list[str], list[str]]:
    found = addresses(emails, csv)
    return [email for email, _ in found.good], [".".join(error.path) for error in found.errors]


@pytest.mark.rule("INV-1")
def test_addresses_out_of_a_file() -> None:
    file = b'\xef\xbb\xbfEmail\r\na@example.com\n\nnonsense\r"b@example.com", c@example.com,x@\rA@EXAMPLE.com'
    assert read(file) == (["a@example.com", "b@example.com", "c@example.com"], ["csv.4", "csv.5"])
    assert read(b"email\nemail", ["d@example.com", "e"]) == (["d@example.com"], ["emails.1", "csv.2"])
    assert read("jürgen@bücher.example".encode())[0] == ["jürgen@bücher.example"]


@pytest.mark.rule("INV-1")
def test_what_is_no_list_of_addresses() -> None:
    for csv in (b"", b"email\r\n\r\n", b"\xff\xfe\x00a", b",,,"):
        with pytest.raises(Invalid):
            addresses(None, csv)
    with pytest.raises(Invalid):
        addresses([], None)
    with pytest.raises(Invalid):
        addresses(["a@example.com"] * (MOST_AT_ONCE + 1), None)
    with pytest.raises(DomainError, match="larger"):
        addresses(None, b"a" * (LARGEST_FILE + 1))


@given(st.binary(max_size=200))
def test_no_file_breaks_it(csv: bytes) -> None:
    try:
        found = addresses(None, csv)
    except DomainError:
        return
    assert all(error.path[0] == "csv" and error.path[1].isdecimal() for error in found.errors)


@pytest.mark.rule("INV-2")
def test_codes_are_read_as_they_are_typed() -> None:
    code = new_activation_code()
    prefix, letter, *groups = code.split("-")
    assert (prefix, letter, [len(group) for group in groups]) == ("LYC", "T", [4, 4, 4])
    assert set("".join(groups)) <= set(ALPHABET)
    for typed in (code.lower(), code.replace("-", ""), code.replace("-", " \u2013 ")):
        assert normalise_activation_code(typed) == code
    assert normalise_activation_code("LYC-T-OIL0-0000-0000") == "LYC-T-0110-0000-0000"
    for wrong in ("", "LYC-T-", code[:-1], f"{code}0", "LYC-T-UUUU-0000-0000", new_key_code()):
        assert normalise_activation_code(wrong) is None
    assert normalise_key_code(code) is None


@pytest.mark.rule("INV-2", "INV-4")
def test_nobody_used_it_in_time() -> None:
    for progress in InvitationProgress:
        later = state_on(progress, NOW, NOW)
        assert state_on(progress, NOW, NOW - timedelta(seconds=1)) == InstallInvitationState(progress.value)
        waits = progress in {InvitationProgress.QUEUED, InvitationProgress.SENT}
        assert later == (InstallInvitationState.EXPIRED if waits else InstallInvitationState(progress.value))


@pytest.mark.rule("INV-5")
@given(st.integers(1, 20_000))
def test_progress_is_told_now_and_then_and_at_the_end(total: int) -> None:
    told = [settled for settled in range(1, total + 1) if report_now(settled, total)]
    assert told[-1] == total
    assert len(told) <= max(20, total // 500 + 1)
    assert all(later - earlier <= 500 for earlier, later in zip([0, *told], told, strict=False))


@pytest.mark.rule("INV-5")
@given(st.integers(1, 20_000), st.lists(st.integers(1, 60), min_size=1))
def test_progress_by_several_at_once_skips_none_of_its_steps(total: int, steps: list[int]) -> None:
    settled = 0
    for step in steps:
        just = min(step, total - settled)
        settled += just
        alone = [report_now(each, total) for each in range(settled - just + 1, settled + 1)]
        assert report_now(settled, total, just) == any(alone) or not just
