"""Lists at a million rows, install invitations, releases, exports."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

STAFF = "(select lychgate_staff())"
LANGUAGES = "('EN', 'DE', 'FR', 'ES', 'IT', 'PT_BR', 'JA', 'ZH_CN')"
PRODUCTS = (
    "('DESKTOP', 'RAS', 'DEVICE_MANAGEMENT_MAC', 'DEVICE_MANAGEMENT_MOBILE', 'ACCESS', 'SECURE_WORKSPACE')"
)


def among(column: str, setting: str) -> str:
    return f"{column} = any((select lychgate_ids('{setting}'))::uuid[])"


ADMINISTERED = among("account_id", "administered")
KEY = f"({among('license_key_id', 'keys')} or {among('subscription_id', 'key_subscriptions')})"
HOLDS = "license_subscription.product = release.product"
MAINTAINED = """(license_subscription.kind <> 'PERPETUAL'
    or release.released_on <= license_subscription.maintenance_expires_on)"""

POLICIES = {
    "export": "false",
    "install_invitation": f"{ADMINISTERED} or {KEY} or {STAFF}",
    "installation_tally": f"{ADMINISTERED} or {KEY} or {STAFF}",
    "installation_timing": f"""{ADMINISTERED} or {KEY}
        or installation_id = (select lychgate_id('installation')) or {STAFF}""",
    "invitation_batch": f"{ADMINISTERED} or {KEY} or {STAFF}",
    # PRD-2, SUB-12: whoever may see a subscription of the product; two look-ups, each by an index.
    "release": f"""{STAFF}
        or exists (select from license_subscription where {HOLDS} and {MAINTAINED}
            and license_subscription.{ADMINISTERED})
        or exists (select from license_subscription where {HOLDS} and {MAINTAINED}
            and license_subscription.{among("id", "seen_subscriptions")})""",  # noqa: S608 - no input is in it
    "release_document": "exists (select from release where release.id = release_id)",
    "release_file": "exists (select from release where release.id = release_id)",
}
BLACKLISTING = f"""{ADMINISTERED} or {among("license_key_id", "keys")} or exists (
    select from license_key where license_key.id = license_key_id
    and {among("license_key.subscription_id", "key_subscriptions")}) or {STAFF}"""
BLACKLISTING_BEFORE = f"{ADMINISTERED} or {among('license_key_id', 'keys')} or {STAFF}"

# ------------------------------------------------------------------ search
# Row-level security forbids an index for any operator that PostgreSQL doesn't hold leakproof, and LIKE
# and @> are not. So a function of the owner finds the candidates, by the same rights.

SEARCH_TEXT = """
create function lychgate_search_text(alias text, hostname text, serial_number text, note text)
returns text language sql immutable parallel safe as
$$ select lower(coalesce(alias || e'\\n', '') || hostname || e'\\n' || serial_number || e'\\n' || note) $$
"""
# Hashed together with the account, so that looking for "pc-" costs nothing for other accounts' computers.
GRAMS = """
create function lychgate_grams(account uuid, words text)
returns bigint[] language plpgsql immutable parallel safe as $$
declare
    letters text[] := string_to_array(words, null);
    seed bigint := uuid_hash_extended(account, 0);
    found bigint[] := '{}';
begin
    for place in 1 .. coalesce(array_length(letters, 1), 0) - 2 loop
        found[place] := hashtextextended(
            letters[place] || letters[place + 1] || letters[place + 2], seed);
    end loop;
    return found;
end $$
"""
# NULL: too short, or more than `most`: then it is quicker to walk along the list's order and compare.
# Sequential scans are off since the planner knows nothing of what a hash will find.
FOUND = f"""
create function lychgate_found(account uuid, wanted text, most integer)
returns uuid[] language plpgsql stable security definer
set search_path = public, pg_temp set enable_seqscan = off as $$
declare
    found uuid[];
begin
    if length(wanted) < 3 then
        return null;
    end if;
    select array_agg(id) into found from (
        select installation.id from installation
        where lychgate_grams(account_id, lychgate_search_text(alias, hostname, serial_number, note))
            @> lychgate_grams(account, lower(wanted))
        and strpos(lychgate_search_text(alias, hostname, serial_number, note), lower(wanted)) > 0
        and account_id is not distinct from account
        and ({ADMINISTERED} or {KEY} or {STAFF})
        limit most + 1
    ) as candidate;
    return case when cardinality(found) > most then null else coalesce(found, '{{}}') end;
end $$
"""  # noqa: S608 - no input is in it

# ------------------------------------------------------------------ timing and tally

TIMING = """
create function lychgate_installation_timing() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        insert into installation_timing values (
            new.id, new.account_id, new.subscription_id, new.license_key_id, new.kind, new.status,
            new.last_contact_at,
            coalesce((select expires_on from license_key where id = new.license_key_id), '9999-12-31'));
    elsif new.license_key_id is distinct from old.license_key_id then
        update installation_timing set
            account_id = new.account_id, subscription_id = new.subscription_id,
            license_key_id = new.license_key_id, status = new.status, last_contact_at = new.last_contact_at,
            ends_on = coalesce(
                (select expires_on from license_key where id = new.license_key_id), '9999-12-31')
        where installation_id = new.id;
    else
        update installation_timing set
            account_id = new.account_id, subscription_id = new.subscription_id, status = new.status,
            last_contact_at = new.last_contact_at
        where installation_id = new.id;
    end if;
    return null;
end $$
"""
CHANGED = """old.last_contact_at is distinct from new.last_contact_at or old.status is distinct from new.status
    or old.license_key_id is distinct from new.license_key_id
    or old.subscription_id is distinct from new.subscription_id"""
TALLY = """
create function lychgate_installation_tally() returns trigger language plpgsql as $$
begin
    if tg_op <> 'INSERT' then
        insert into installation_tally
            (account_id, subscription_id, license_key_id, kind, product, status, change, folded)
        values (old.account_id, old.subscription_id, old.license_key_id, old.kind, old.product, old.status,
            -1, false);
    end if;
    if tg_op <> 'DELETE' then
        insert into installation_tally
            (account_id, subscription_id, license_key_id, kind, product, status, change, folded)
        values (new.account_id, new.subscription_id, new.license_key_id, new.kind, new.product, new.status,
            1, false);
    end if;
    return null;
end $$
"""
RECOUNTED = """old.status is distinct from new.status or old.license_key_id is distinct from new.license_key_id
    or old.subscription_id is distinct from new.subscription_id"""
ENDS = """
create function lychgate_key_ends() returns trigger language plpgsql as $$
begin
    update installation_timing set ends_on = coalesce(new.expires_on, '9999-12-31')
    where license_key_id = new.id;
    return null;
end $$
"""
TRIGGERS = f"""
create trigger timing_inserted after insert on installation
    for each row execute function lychgate_installation_timing();
create trigger timing_changed after update of last_contact_at, status, license_key_id, subscription_id
    on installation for each row when ({CHANGED}) execute function lychgate_installation_timing();
create trigger tally_changed after update of status, license_key_id, subscription_id
    on installation for each row when ({RECOUNTED}) execute function lychgate_installation_tally();
create trigger tally_grown after insert or delete on installation
    for each row execute function lychgate_installation_tally();
create trigger key_ends after update of expires_on on license_key
    for each row when (old.expires_on is distinct from new.expires_on) execute function lychgate_key_ends();
"""
FILL = """
insert into installation_timing
    select installation.id, installation.account_id, installation.subscription_id, license_key_id,
        installation.kind, status, last_contact_at, coalesce(license_key.expires_on, '9999-12-31')
    from installation left join license_key on license_key.id = license_key_id;
insert into installation_tally
    (account_id, subscription_id, license_key_id, kind, product, status, change, folded)
    select account_id, subscription_id, license_key_id, kind, product, status, count(*), true
    from installation group by account_id, subscription_id, license_key_id, kind, product, status;
"""

INDEXES = {
    "account_status": ["account_id", "kind", "status", "id"],
    "account_name": ["account_id", "kind", "status", "name_key", "id"],
    "account_activated": ["account_id", "kind", "status", "activated_at", "id"],
    "account_version": ["account_id", "kind", "status", "app_version", "id"],
    "key_status": ["license_key_id", "status", "id"],
    "key_name": ["license_key_id", "status", "name_key", "id"],
    "key_activated": ["license_key_id", "status", "activated_at", "id"],
    "key_version": ["license_key_id", "status", "app_version", "id"],
}


def upgrade() -> None:
    _installations()
    _invitations()
    _releases()
    _exports()
    for table, visible in POLICIES.items():
        op.execute(f'grant select, update on "{table}" to lychgate_viewer')
        op.execute(f'alter table "{table}" enable row level security')
        op.execute(f'create policy visible on "{table}" to lychgate_viewer using ({visible})')
    op.execute("drop policy visible on blacklisting")
    op.execute(f"create policy visible on blacklisting to lychgate_viewer using ({BLACKLISTING})")


def _installations() -> None:
    for name in ("account_kind_name", "key_name", "key_active", "subscription_silence"):
        op.drop_index(f"ix_installation_{name}", "installation")
    for name, columns in INDEXES.items():
        op.create_index(f"ix_installation_{name}", "installation", columns)
    for function in (SEARCH_TEXT, GRAMS, FOUND, TIMING, TALLY, ENDS):
        op.execute(function)
    op.create_index(
        "ix_installation_search",
        "installation",
        [sa.text("lychgate_grams(account_id, lychgate_search_text(alias, hostname, serial_number, note))")],
        postgresql_using="gin",
    )
    # Room on each page for the next version of a row: a check-in then touches no index.
    op.execute("alter table installation set (fillfactor = 85)")
    op.create_table(
        "installation_timing",
        sa.Column("installation_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("subscription_id", sa.Uuid(), nullable=True),
        sa.Column("license_key_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("last_contact_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["installation_id"],
            ["installation.id"],
            name="fk_installation_timing_installation_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("installation_id", name="pk_installation_timing"),
    )
    account = ["account_id", "kind", "status"]
    for name, columns in {
        "account_contact": [*account, "last_contact_at"],
        "account_ends": [*account, "ends_on"],
        "key_contact": ["license_key_id", "status", "last_contact_at"],
    }.items():
        op.create_index(
            f"ix_installation_timing_{name}", "installation_timing", [*columns, "installation_id"]
        )
    op.create_index(
        "ix_installation_timing_silence",
        "installation_timing",
        ["subscription_id", "last_contact_at", "installation_id"],
        postgresql_where=sa.text("status = 'ACTIVE'"),
    )
    op.create_table(
        "installation_tally",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("subscription_id", sa.Uuid(), nullable=True),
        sa.Column("license_key_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("change", sa.Integer(), nullable=False),
        sa.Column("folded", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_installation_tally"),
    )
    op.create_index("ix_installation_tally_account", "installation_tally", account)
    op.create_index("ix_installation_tally_key", "installation_tally", ["license_key_id", "status"])
    op.create_index(
        "ix_installation_tally_unfolded",
        "installation_tally",
        ["account_id"],
        postgresql_where=sa.text("not folded"),
    )
    for statement in (*FILL.strip().split(";\n"), *TRIGGERS.strip().split(";\n")):
        op.execute(statement.strip().rstrip(";"))


def _invitations() -> None:
    op.create_table(
        "invitation_batch",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("subscription_id", sa.Uuid(), nullable=False),
        sa.Column("license_key_id", sa.Uuid(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("sent", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("cancelled", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_invitation_batch_account_id"),
        sa.ForeignKeyConstraint(
            ["license_key_id"],
            ["license_key.id"],
            name="fk_invitation_batch_license_key_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_invitation_batch"),
    )
    op.create_index("ix_invitation_batch_account_id", "invitation_batch", ["account_id"])
    op.create_index("ix_invitation_batch_license_key_id", "invitation_batch", ["license_key_id"])
    op.create_table(
        "install_invitation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("subscription_id", sa.Uuid(), nullable=False),
        sa.Column("license_key_id", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("mail_id", sa.Uuid(), nullable=True),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("code_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("progress", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint(f"language in {LANGUAGES}", name="ck_install_invitation_language"),
        sa.CheckConstraint(
            "progress in ('QUEUED', 'SENT', 'FAILED', 'USED', 'REVOKED')",
            name="ck_install_invitation_progress",
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_install_invitation_account_id"),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["invitation_batch.id"], name="fk_install_invitation_batch_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["license_key_id"],
            ["license_key.id"],
            name="fk_install_invitation_license_key_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["used_by"], ["installation.id"], name="fk_install_invitation_used_by", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_install_invitation"),
        sa.UniqueConstraint("code_hash", name="uq_install_invitation_code_hash"),
    )
    op.create_index("ix_install_invitation_account_id", "install_invitation", ["account_id"])
    op.create_index("ix_install_invitation_mail_id", "install_invitation", ["mail_id"])
    op.create_index("ix_install_invitation_used_by", "install_invitation", ["used_by"])
    op.create_index("ix_install_invitation_key", "install_invitation", ["license_key_id", "id"])
    op.create_index("ix_install_invitation_batch", "install_invitation", ["batch_id", "id"])


def _releases() -> None:
    op.create_table(
        "release",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("released_on", sa.Date(), nullable=False),
        sa.Column("notes", sa.String(), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(f"product in {PRODUCTS}", name="ck_release_product"),
        sa.ForeignKeyConstraint(["product"], ["product.code"], name="fk_release_product"),
        sa.PrimaryKeyConstraint("id", name="pk_release"),
        sa.UniqueConstraint("product", "version", name="uq_release_product_version"),
    )
    parts = {
        "release_file": [
            sa.Column("name", sa.String(), nullable=False),
            sa.Column("platform", sa.String(), nullable=False),
            sa.Column("size_bytes", sa.BigInteger(), nullable=False),
            sa.Column("sha256", sa.String(), nullable=False),
        ],
        "release_document": [sa.Column("title", sa.String(), nullable=False)],
    }
    for table, columns in parts.items():
        op.create_table(
            table,
            sa.Column("id", sa.Uuid(), nullable=False),
            sa.Column("release_id", sa.Uuid(), nullable=False),
            sa.Column("position", sa.Integer(), nullable=False),
            *columns,
            sa.Column("url", sa.String(), nullable=False),
            sa.ForeignKeyConstraint(
                ["release_id"], ["release.id"], name=f"fk_{table}_release_id", ondelete="CASCADE"
            ),
            sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        )
        op.create_index(f"ix_{table}_release_id", table, ["release_id"])


def _exports() -> None:
    op.create_table(
        "export",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("sign_in_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("wanted", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind in ('INSTALLATIONS', 'INSTALL_INVITATIONS')", name="ck_export_kind"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name="fk_export_account_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_export_person_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_export"),
    )
    for column in ("account_id", "person_id", "expires_at"):
        op.create_index(f"ix_export_{column}", "export", [column])


def downgrade() -> None:
    op.execute("drop policy visible on blacklisting")
    op.execute(f"create policy visible on blacklisting to lychgate_viewer using ({BLACKLISTING_BEFORE})")
    for table in ("export", "release_document", "release_file", "release", "install_invitation"):
        op.drop_table(table)
    op.drop_table("invitation_batch")
    for trigger in ("timing_inserted", "timing_changed", "tally_changed", "tally_grown"):
        op.execute(f"drop trigger {trigger} on installation")
    op.execute("drop trigger key_ends on license_key")
    op.drop_table("installation_tally")
    op.drop_table("installation_timing")
    op.execute("alter table installation reset (fillfactor)")
    for name in ("search", *INDEXES):
        op.drop_index(f"ix_installation_{name}", "installation")
    op.execute(
        "drop function lychgate_installation_timing(), lychgate_installation_tally(), lychgate_key_ends(),"
        " lychgate_found(uuid, text, integer), lychgate_grams(uuid, text),"
        " lychgate_search_text(text, text, text, text)"
    )
    op.create_index(
        "ix_installation_account_kind_name", "installation", ["account_id", "kind", "name_key", "id"]
    )
    op.create_index("ix_installation_key_name", "installation", ["license_key_id", "name_key", "id"])
    op.create_index(
        "ix_installation_key_active",
        "installation",
        ["license_key_id"],
        postgresql_where=sa.text("status = 'ACTIVE'"),
    )
    op.create_index(
        "ix_installation_subscription_silence",
        "installation",
        ["subscription_id", "last_contact_at", "id"],
        postgresql_where=sa.text("status = 'ACTIVE'"),
    )
