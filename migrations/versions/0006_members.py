"""Invitations and partners: who sees the one, and what the other see of each other (ACC-5, ACC-13)."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

STAFF = "(select lychgate_staff())"
ME = "(select lychgate_person())"


def among(column: str, setting: str) -> str:
    """That a column is one of the IDs in a setting."""
    return f"{column} = any((select lychgate_ids('{setting}'))::uuid[])"


ADMINISTERED = among("account_id", "administered")

# A customer's administrator may not look into the partner's account, nor the partner's into the customer's:
# whether somebody is an active member of a partner is asked as the owner, and answered by yes or no alone.
REPRESENTS = """
create function lychgate_represents(person uuid, partner uuid) returns boolean
language sql stable security definer parallel safe set search_path = public, pg_temp as
$$ select exists (
    select from membership join account on account.id = membership.account_id
    where membership.person_id = person and membership.account_id = partner
    and membership.status = 'ACTIVE' and account.is_partner) $$
"""

# ACC-13: a partner's administrator sees which customers its people act for, and these memberships.
OF_PARTNER = f"""membership.status = 'ACTIVE' and membership.{among("representing_account_id", "administered")}
    and lychgate_represents(membership.person_id, membership.representing_account_id)"""
# A blocked membership gives no access at all, not even to itself (ACC-9), and a token sees its accounts alone.
MEMBERSHIP = f"""{ADMINISTERED} or person_id = {ME} and {among("account_id", "member_of")} or {STAFF}
    or {OF_PARTNER}"""
MEMBERSHIP_BEFORE = f"{ADMINISTERED} or person_id = {ME} or {STAFF}"

# Permissive policies add up. They are tried in the order of their names: the cheap one is `visible`.
MORE = {
    ("account", "visible_to_partner"): f"""exists (
        select from membership where membership.account_id = account.id and {OF_PARTNER})""",
    ("account", "visible_to_customer"): f"""is_partner and exists (
        select from membership where membership.representing_account_id = account.id
        and membership.{ADMINISTERED} and lychgate_represents(membership.person_id, account.id))""",
    ("person", "visible_to_invited_account"): f"""exists (
        select from membership_invitation where membership_invitation.invited_by_id = person.id
        and membership_invitation.{ADMINISTERED})""",
}


def upgrade() -> None:
    """The table, its policy, and what more of accounts, people and memberships can be seen."""
    _make_invitations()
    op.execute("grant select, update on membership_invitation to lychgate_viewer")
    op.execute("alter table membership_invitation enable row level security")
    op.execute(
        f"create policy visible on membership_invitation to lychgate_viewer using ({ADMINISTERED} or {STAFF})"
    )
    op.execute(REPRESENTS)
    op.execute(f"alter policy visible on membership using ({MEMBERSHIP})")
    for (table, name), visible in MORE.items():
        op.execute(f"create policy {name} on {table} to lychgate_viewer using ({visible})")
    # The members' list pages by it.
    op.create_index("ix_membership_account_since", "membership", ["account_id", "member_since", "id"])


def _make_invitations() -> None:
    op.create_table(
        "membership_invitation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("email_key", sa.String(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("invited_by_id", sa.Uuid(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "language in ('EN', 'DE', 'FR', 'ES', 'IT', 'PT_BR', 'JA', 'ZH_CN')",
            name=op.f("ck_membership_invitation_language"),
        ),
        sa.CheckConstraint(
            "accepted_at is null or cancelled_at is null", name=op.f("ck_membership_invitation_ended_once")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
            name=op.f("fk_membership_invitation_account_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["invited_by_id"],
            ["person.id"],
            name=op.f("fk_membership_invitation_invited_by_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_membership_invitation")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_membership_invitation_token_hash")),
    )
    op.create_index(
        op.f("ix_membership_invitation_invited_by_id"), "membership_invitation", ["invited_by_id"]
    )
    op.create_index(
        "ix_membership_invitation_account_sent", "membership_invitation", ["account_id", "sent_at", "id"]
    )
    op.create_index(
        "uq_membership_invitation_open",
        "membership_invitation",
        ["account_id", "email_key"],
        unique=True,
        postgresql_where=sa.text("accepted_at is null and cancelled_at is null"),
    )


def downgrade() -> None:
    """Without invitations and partners."""
    op.drop_index("ix_membership_account_since", "membership")
    for table, name in MORE:
        op.execute(f"drop policy {name} on {table}")
    op.execute(f"alter policy visible on membership using ({MEMBERSHIP_BEFORE})")
    op.execute("drop function lychgate_represents(uuid, uuid)")
    op.drop_table("membership_invitation")
