"""Moves from legacy portals: runs, their rows, and what moved things were called there (MIG)."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


STAFF = "(select lychgate_staff())"
ADMINISTERED = "account_id = any((select lychgate_ids('administered'))::uuid[])"
# Who is pre-registered is no customer's business before they come; what a thing was called before is its owner's.
POLICIES = {
    "transfer": STAFF,
    "transfer_row": STAFF,
    "legacy_organisation": f"{ADMINISTERED} or {STAFF}",
    "legacy_user": STAFF,
    "legacy_license": f"{ADMINISTERED} or {STAFF}",
}
TABLES = (
    """
    CREATE TABLE transfer (
        id UUID NOT NULL,
        source TEXT NOT NULL,
        state TEXT NOT NULL,
        phase TEXT NOT NULL,
        dry_run BOOLEAN NOT NULL,
        window_opens_at TIMESTAMP WITH TIME ZONE,
        window_closes_at TIMESTAMP WITH TIME ZONE,
        sha256 VARCHAR NOT NULL,
        size_bytes BIGINT NOT NULL,
        bytes_read BIGINT NOT NULL,
        lines_read INTEGER NOT NULL,
        rows_read INTEGER NOT NULL,
        created INTEGER NOT NULL,
        unchanged INTEGER NOT NULL,
        refused INTEGER NOT NULL,
        told INTEGER NOT NULL,
        failure VARCHAR,
        started_by_id UUID,
        created_at TIMESTAMP WITH TIME ZONE NOT NULL,
        finished_at TIMESTAMP WITH TIME ZONE,
        touched_at TIMESTAMP WITH TIME ZONE,
        undone_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_transfer PRIMARY KEY (id),
        CONSTRAINT ck_transfer_source CHECK (source in ('SECURE_WORKSPACE', 'ACCESS')),
        CONSTRAINT ck_transfer_state CHECK (state in ('PLANNED', 'RUNNING', 'DONE', 'FAILED')),
        CONSTRAINT ck_transfer_phase CHECK (phase in ('READING', 'ORGANISATIONS', 'USERS', 'LICENSES', 'WELCOMING', 'ANNOUNCING', 'UNDOING')),
        CONSTRAINT fk_transfer_started_by_id FOREIGN KEY(started_by_id) REFERENCES person (id) ON DELETE SET NULL
    )
    """,
    """
    CREATE TABLE transfer_row (
        transfer_id UUID NOT NULL,
        line INTEGER NOT NULL,
        kind VARCHAR NOT NULL,
        legacy_id VARCHAR NOT NULL,
        organisation VARCHAR,
        content_hash BYTEA,
        mark BYTEA,
        facts JSONB,
        outcome TEXT,
        why VARCHAR,
        CONSTRAINT pk_transfer_row PRIMARY KEY (transfer_id, line),
        CONSTRAINT ck_transfer_row_outcome CHECK (outcome in ('created', 'unchanged', 'refused')),
        CONSTRAINT fk_transfer_row_transfer_id FOREIGN KEY(transfer_id) REFERENCES transfer (id) ON DELETE CASCADE
    )
    """,
    """
    CREATE TABLE legacy_organisation (
        id UUID NOT NULL,
        source TEXT NOT NULL,
        legacy_id VARCHAR NOT NULL,
        transfer_id UUID NOT NULL,
        account_id UUID NOT NULL,
        content_hash BYTEA NOT NULL,
        CONSTRAINT pk_legacy_organisation PRIMARY KEY (id),
        CONSTRAINT ck_legacy_organisation_source CHECK (source in ('SECURE_WORKSPACE', 'ACCESS')),
        CONSTRAINT uq_legacy_organisation_source_legacy_id UNIQUE (source, legacy_id),
        CONSTRAINT fk_legacy_organisation_transfer_id FOREIGN KEY(transfer_id) REFERENCES transfer (id),
        CONSTRAINT fk_legacy_organisation_account_id FOREIGN KEY(account_id) REFERENCES account (id)
    )
    """,
    """
    CREATE TABLE legacy_user (
        id UUID NOT NULL,
        source TEXT NOT NULL,
        legacy_id VARCHAR NOT NULL,
        transfer_id UUID NOT NULL,
        account_id UUID NOT NULL,
        content_hash BYTEA NOT NULL,
        mark BYTEA NOT NULL,
        email VARCHAR NOT NULL,
        email_key VARCHAR NOT NULL,
        first_name VARCHAR NOT NULL,
        last_name VARCHAR NOT NULL,
        announced_in_id UUID,
        claimed_at TIMESTAMP WITH TIME ZONE,
        claimed_by_id UUID,
        CONSTRAINT pk_legacy_user PRIMARY KEY (id),
        CONSTRAINT ck_legacy_user_source CHECK (source in ('SECURE_WORKSPACE', 'ACCESS')),
        CONSTRAINT uq_legacy_user_source_legacy_id UNIQUE (source, legacy_id),
        CONSTRAINT uq_legacy_user_source_mark UNIQUE (source, mark),
        CONSTRAINT fk_legacy_user_transfer_id FOREIGN KEY(transfer_id) REFERENCES transfer (id),
        CONSTRAINT fk_legacy_user_account_id FOREIGN KEY(account_id) REFERENCES account (id),
        CONSTRAINT fk_legacy_user_claimed_by_id FOREIGN KEY(claimed_by_id) REFERENCES person (id) ON DELETE SET NULL
    )
    """,
    """
    CREATE TABLE legacy_license (
        id UUID NOT NULL,
        source TEXT NOT NULL,
        legacy_id VARCHAR NOT NULL,
        transfer_id UUID NOT NULL,
        account_id UUID,
        subscription_id UUID,
        license_key_id UUID,
        content_hash BYTEA NOT NULL,
        mark BYTEA,
        code VARCHAR,
        code_key VARCHAR,
        facts JSONB NOT NULL,
        flags JSONB NOT NULL,
        exchanged_at TIMESTAMP WITH TIME ZONE,
        renewal_hash BYTEA,
        renewed_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_legacy_license PRIMARY KEY (id),
        CONSTRAINT ck_legacy_license_source CHECK (source in ('SECURE_WORKSPACE', 'ACCESS')),
        CONSTRAINT uq_legacy_license_source_legacy_id UNIQUE (source, legacy_id),
        CONSTRAINT uq_legacy_license_source_mark UNIQUE (source, mark),
        CONSTRAINT ck_legacy_license_moved CHECK ((subscription_id is null) = (account_id is null)),
        CONSTRAINT fk_legacy_license_transfer_id FOREIGN KEY(transfer_id) REFERENCES transfer (id),
        CONSTRAINT fk_legacy_license_account_id FOREIGN KEY(account_id) REFERENCES account (id),
        CONSTRAINT uq_legacy_license_subscription_id UNIQUE (subscription_id),
        CONSTRAINT fk_legacy_license_subscription_id FOREIGN KEY(subscription_id) REFERENCES license_subscription (id),
        CONSTRAINT fk_legacy_license_license_key_id FOREIGN KEY(license_key_id) REFERENCES license_key (id) ON DELETE SET NULL,
        CONSTRAINT uq_legacy_license_renewal_hash UNIQUE (renewal_hash)
    )
    """,
)
INDEXES = (
    "CREATE INDEX ix_transfer_started_by_id ON transfer (started_by_id)",
    "CREATE UNIQUE INDEX uq_transfer_open ON transfer (source) WHERE state in ('PLANNED', 'RUNNING')",
    "CREATE INDEX ix_transfer_row_kind_legacy_id ON transfer_row (transfer_id, kind, legacy_id)",
    "CREATE INDEX ix_transfer_row_mark ON transfer_row (transfer_id, mark) WHERE mark is not null",
    "CREATE INDEX ix_transfer_row_waiting ON transfer_row (transfer_id, kind, line) WHERE outcome is null",
    "CREATE INDEX ix_legacy_organisation_account_id ON legacy_organisation (account_id)",
    "CREATE INDEX ix_legacy_organisation_transfer_id ON legacy_organisation (transfer_id)",
    "CREATE INDEX ix_legacy_user_account_id ON legacy_user (account_id)",
    "CREATE INDEX ix_legacy_user_claimed_by_id ON legacy_user (claimed_by_id)",
    "CREATE INDEX ix_legacy_user_email_key ON legacy_user (email_key)",
    "CREATE INDEX ix_legacy_user_transfer_id ON legacy_user (transfer_id)",
    "CREATE INDEX ix_legacy_license_account_id ON legacy_license (account_id)",
    "CREATE INDEX ix_legacy_license_license_key_id ON legacy_license (license_key_id)",
    "CREATE INDEX ix_legacy_license_transfer_id ON legacy_license (transfer_id)",
)


def upgrade() -> None:
    """The tables, their indexes, and who sees them."""
    for statement in (*TABLES, *INDEXES):
        op.execute(statement)
    for table, visible in POLICIES.items():
        op.execute(f"grant select, update on {table} to lychgate_viewer")
        op.execute(f"alter table {table} enable row level security")
        op.execute(f"create policy visible on {table} to lychgate_viewer using ({visible})")


def downgrade() -> None:
    """Without them; what was moved in stays."""
    for table in reversed(POLICIES):
        op.execute(f"drop table {table}")
