"""Two-step verification, access tokens, external providers, and what narrows a token to some accounts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
VISIBLE = {
    "access_token": "person_id = (select lychgate_person())",
    "external_identity": "false",
    "sign_in_challenge": "false",
    "two_factor": "false",
}
UNLIMITED = """
create function lychgate_unlimited() returns boolean language sql stable parallel safe as
$$ select coalesce(current_setting('lychgate.limited_to', true), '') = '' $$
"""
# Everything else is seen by reason of an account that the actor's narrowed rights name. These are
# seen by reason of the person: a token that is limited to some accounts must not see the others'.
LIMITED = {
    "event": "account_id is null or account_id = any((select lychgate_ids('limited_to'))::uuid[])",
    "membership": "account_id = any((select lychgate_ids('limited_to'))::uuid[])",
}


def upgrade() -> None:
    """Forward."""
    _two_factor()
    _challenges()
    _access_tokens()
    _external_identities()
    for table, visible in VISIBLE.items():
        op.execute(f'grant select, update on "{table}" to lychgate_viewer')
        op.execute(f'alter table "{table}" enable row level security')
        op.execute(f'create policy visible on "{table}" to lychgate_viewer using ({visible})')
    op.add_column("event", sa.Column("account_id", sa.Uuid(), nullable=True))
    op.execute("update event set account_id = stream_id where audience <> 'PERSON'")
    op.execute(UNLIMITED)
    for table, within in LIMITED.items():
        op.execute(
            f'create policy limited on "{table}" as restrictive to lychgate_viewer '
            f"using ((select lychgate_unlimited()) or {within})"
        )


def downgrade() -> None:
    """Back."""
    for table in LIMITED:
        op.execute(f'drop policy limited on "{table}"')
    op.execute("drop function lychgate_unlimited()")
    op.drop_column("event", "account_id")
    for table in VISIBLE:
        op.drop_table(table)


def _person_id(table: str) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f(f"fk_{table}_person_id"), ondelete="CASCADE"
        ),
    ]


def _two_factor() -> None:
    op.create_table(
        "two_factor",
        *_person_id("two_factor"),
        sa.Column("secret_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("used_steps", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("rescue_hashes", postgresql.ARRAY(sa.LargeBinary()), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("confirmed_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_two_factor")),
    )


def _challenges() -> None:
    op.create_table(
        "sign_in_challenge",
        sa.Column("id", sa.Uuid(), nullable=False),
        *_person_id("sign_in_challenge"),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("keep_signed_in", sa.Boolean(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_challenge")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_sign_in_challenge_token_hash")),
    )
    op.create_index(op.f("ix_sign_in_challenge_person_id"), "sign_in_challenge", ["person_id"])
    op.create_index(op.f("ix_sign_in_challenge_expires_at"), "sign_in_challenge", ["expires_at"])


def _access_tokens() -> None:
    op.create_table(
        "access_token",
        sa.Column("id", sa.Uuid(), nullable=False),
        *_person_id("access_token"),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("account_ids", postgresql.ARRAY(sa.Uuid()), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("last_used_at", MOMENT, nullable=True),
        sa.Column("expires_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_token")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_access_token_token_hash")),
    )
    op.create_index(op.f("ix_access_token_person_id"), "access_token", ["person_id"])
    op.create_index(op.f("ix_access_token_expires_at"), "access_token", ["expires_at"])


def _external_identities() -> None:
    op.create_table(
        "external_identity",
        sa.Column("id", sa.Uuid(), nullable=False),
        *_person_id("external_identity"),
        sa.Column("issuer", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("linked_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_external_identity")),
        sa.UniqueConstraint("issuer", "subject", name=op.f("uq_external_identity_issuer_subject")),
    )
    op.create_index(op.f("ix_external_identity_person_id"), "external_identity", ["person_id"])
