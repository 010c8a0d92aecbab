"""Orders, thresholds, usage history; the quota tree's invariants as a constraint."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

from migrations.choices import add_choices, remove_choices

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

END = "coalesce(expires_on, maintenance_expires_on)"
REMIND_ON = f"""case
    when account_id is null then null
    when reminded_end is distinct from {END} then {END} - 30
    when reminded_days = 30 then {END} - 7
    when reminded_days = 7 then {END} - 1
    when reminded_days = 1 then {END}
end"""

# SUB-16 and KEY-3 as one sees it who may see the subscription, if not all of its keys: `reserved`
# and `pool_used` make the pool that every key's "available" depends on. Sums alone leave it.
USES = """
create function lychgate_uses(wanted uuid, today date)
returns table (reserved integer, pool_used integer, used integer)
language sql stable security definer set search_path = public, pg_temp as
$$
    select coalesce(sum(quota) filter (where allocation = 'RESERVED' and live), 0)::integer,
        coalesce(sum(used) filter (where allocation is distinct from 'RESERVED'), 0)::integer,
        coalesce(sum(used) filter (where allocation is distinct from 'RESERVED' or live), 0)::integer
    from (
        select license_key.quota, license_key.allocation, license_key.used,
            license_key.expires_on is null or today <= license_key.expires_on + case
                when license_key.renews_with_subscription then product.expiry_grace_days else 0
            end as live
        from license_key
        join license_subscription on license_subscription.id = license_key.subscription_id
        join product on product.code = license_subscription.product
        where license_key.subscription_id = wanted
    ) as keys
$$
"""

# KEY-3 without a clock: what ends by itself is left out, what follows the subscription counts.
# Products that tolerate overuse are left out too: there use is what installations report.
GUARD = """
create function lychgate_guard_licenses() returns trigger language plpgsql
security definer set search_path = public, pg_temp as
$$
declare
    subscription license_subscription;
    claimed integer;
begin
    select license_subscription.* into subscription
    from license_subscription join product on product.code = license_subscription.product
    where license_subscription.id = case tg_table_name
        when 'license_key' then (to_jsonb(new) ->> 'subscription_id')::uuid else new.id end
    and product.overuse_policy = 'HARD_LIMIT';
    if not found then
        return null;
    end if;
    select coalesce(sum(case when allocation = 'RESERVED' then
            case when renews_with_subscription then quota else 0 end else used end), 0)
    into claimed from license_key where subscription_id = subscription.id;
    if claimed > subscription.quantity then
        raise check_violation using message =
            format('subscription %s has %s licences, its keys claim %s', subscription.id, subscription.quantity, claimed);
    end if;
    if exists (select from license_key where subscription_id = subscription.id and used > quota) then
        raise check_violation using message = format('a key of subscription %s uses more than its quota', subscription.id);
    end if;
    return null;
end
$$
"""


def upgrade() -> None:
    """Forward."""
    op.add_column(
        "product", sa.Column("usual_term_months", sa.Integer(), nullable=False, server_default="12")
    )
    op.alter_column("product", "usual_term_months", server_default=None)
    _subscriptions()
    _keys()
    _days()
    op.create_check_constraint("quantity", "sales_order", "quantity > 0")
    op.create_check_constraint(
        "fulfilled", "sales_order", "(status = 'FULFILLED') = (fulfilled_at is not null)"
    )
    op.create_index("ix_sales_order_placed", "sales_order", ["placed_at", "id"])
    op.create_index("ix_sales_order_status_placed", "sales_order", ["status", "placed_at", "id"])
    op.create_index(
        "ix_installation_subscription_silence",
        "installation",
        ["subscription_id", "last_contact_at", "id"],
        postgresql_where=sa.text("status = 'ACTIVE'"),
    )
    op.create_index(
        "ix_installation_account_servers",
        "installation",
        ["account_id", "product"],
        postgresql_where=sa.text("status = 'ACTIVE' and kind <> 'COMPUTER'"),
    )
    add_choices("mail", "kind", "USAGE_THRESHOLD")
    op.execute(USES)
    op.execute(GUARD)
    _guard("license_key", "used, quota, allocation, renews_with_subscription")
    _guard("license_subscription", "quantity")


def _subscriptions() -> None:
    table = "license_subscription"
    op.add_column(
        table,
        sa.Column("usage_thresholds", ARRAY(sa.Integer()), nullable=False, server_default="{80,90,100}"),
    )
    op.alter_column(table, "usage_thresholds", server_default=None)
    for name in ("threshold_reached", "used"):
        op.add_column(table, sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
        op.alter_column(table, name, server_default=None)
    op.execute(
        "update license_subscription set used = (select coalesce(sum(used), 0)"
        " from license_key where subscription_id = license_subscription.id)"
    )
    op.add_column(table, sa.Column("reminded_end", sa.Date(), nullable=True))
    op.add_column(table, sa.Column("reminded_days", sa.Integer(), nullable=True))
    op.add_column(table, sa.Column("ends_on", sa.Date(), sa.Computed(END, persisted=True), nullable=True))
    op.add_column(
        table, sa.Column("remind_on", sa.Date(), sa.Computed(REMIND_ON, persisted=True), nullable=True)
    )
    op.create_check_constraint("usage_thresholds", table, "cardinality(usage_thresholds) <= 5")
    op.create_check_constraint("used", table, "used >= 0")
    end = sa.text("coalesce(expires_on, '9999-12-31'::date)")
    op.create_index("ix_license_subscription_account_end", table, ["account_id", end, "id"])
    op.create_index("ix_license_subscription_account_activated", table, ["account_id", "activated_on", "id"])
    op.create_index("ix_license_subscription_account_quantity", table, ["account_id", "quantity", "id"])
    op.create_index(
        "ix_license_subscription_renewal",
        table,
        ["ends_on", "id"],
        postgresql_where=sa.text("auto_renew and account_id is not null"),
    )
    op.create_index(
        "ix_license_subscription_reminder",
        table,
        ["remind_on", "id"],
        postgresql_where=sa.text("remind_on is not null"),
    )


def _keys() -> None:
    table = "license_key"
    op.add_column(table, sa.Column("expired_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(table, sa.Column("moves", sa.Integer(), nullable=False, server_default="0"))
    op.alter_column(table, "moves", server_default=None)
    op.create_check_constraint("quota", table, "quota > 0")
    op.create_check_constraint("moves", table, "moves >= 0")
    op.create_check_constraint("primary_renews", table, "kind = 'ADDITIONAL' or renews_with_subscription")
    op.create_check_constraint("end", table, "renews_with_subscription or expires_on is not null")
    # The sorts' indexes begin with it.
    op.drop_index("ix_license_key_account_id", table_name=table)
    end = sa.text("coalesce(expires_on, '9999-12-31'::date)")
    op.create_index("ix_license_key_account_name", table, ["account_id", "name_key", "id"])
    op.create_index("ix_license_key_account_kind", table, ["account_id", "kind", "id"])
    op.create_index("ix_license_key_account_end", table, ["account_id", end, "id"])
    op.create_index(
        "ix_license_key_expiry",
        table,
        ["expires_on", "id"],
        postgresql_where=sa.text("kind = 'ADDITIONAL' and expired_at is null"),
    )


def _days() -> None:
    op.create_table(
        "subscription_day",
        sa.Column("subscription_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("peak", sa.Integer(), nullable=False),
        sa.CheckConstraint("peak >= 0", name=op.f("ck_subscription_day_peak")),
        sa.ForeignKeyConstraint(
            ["subscription_id"],
            ["license_subscription.id"],
            name=op.f("fk_subscription_day_subscription_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("subscription_id", "day", name=op.f("pk_subscription_day")),
    )
    op.execute("grant select, update on subscription_day to lychgate_viewer")
    op.execute("alter table subscription_day enable row level security")
    op.execute(
        # Of all keys together: nothing for those who see single ones (ACC-11).
        "create policy visible on subscription_day to lychgate_viewer using (exists ("
        "select from license_subscription where license_subscription.id = subscription_id and ("
        "account_id = any((select lychgate_ids('administered'))::uuid[]) "
        "or id = any((select lychgate_ids('key_subscriptions'))::uuid[]) or (select lychgate_staff()))))"
    )


def _guard(table: str, columns: str) -> None:
    op.execute(
        f"create constraint trigger guard_licenses after insert or update of {columns} on {table} "
        "deferrable initially deferred for each row execute function lychgate_guard_licenses()"
    )


def downgrade() -> None:
    """Back."""
    for table in ("license_key", "license_subscription"):
        op.execute(f"drop trigger guard_licenses on {table}")
    op.execute("drop function lychgate_guard_licenses(), lychgate_uses(uuid, date)")
    remove_choices("mail", "kind", "USAGE_THRESHOLD")
    op.drop_table("subscription_day")
    for name in ("ix_installation_subscription_silence", "ix_installation_account_servers"):
        op.drop_index(name, table_name="installation")
    _lists_back()
    for name in ("quantity", "fulfilled"):
        op.drop_constraint(f"ck_sales_order_{name}", "sales_order")
    for name in ("quota", "moves", "primary_renews", "end"):
        op.drop_constraint(f"ck_license_key_{name}", "license_key")
    for name in ("expired_at", "moves"):
        op.drop_column("license_key", name)
    for name in ("remind_on", "ends_on", "reminded_days", "reminded_end", "used", "threshold_reached"):
        op.drop_column("license_subscription", name)
    op.drop_column("license_subscription", "usage_thresholds")
    op.drop_column("product", "usual_term_months")


def _lists_back() -> None:
    for name in ("ix_sales_order_placed", "ix_sales_order_status_placed"):
        op.drop_index(name, table_name="sales_order")
    for name in ("name", "kind", "end"):
        op.drop_index(f"ix_license_key_account_{name}", table_name="license_key")
    op.drop_index("ix_license_key_expiry", table_name="license_key")
    op.create_index("ix_license_key_account_id", "license_key", ["account_id"])
    for name in ("end", "activated", "quantity"):
        op.drop_index(f"ix_license_subscription_account_{name}", table_name="license_subscription")
