"""The tables of the foundation."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "application_clock",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("offset_seconds", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_application_clock")),
    )
    op.create_table(
        "event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("stream_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_name", sa.String(), nullable=False),
        sa.Column("actor_person_id", sa.Uuid(), nullable=True),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("license_key_id", sa.Uuid(), nullable=True),
        sa.Column("subscription_id", sa.Uuid(), nullable=True),
        sa.Column("subject_type", sa.String(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint(
            "actor_kind in ('PERSON', 'STAFF', 'INSTALLATION', 'SYSTEM')", name=op.f("ck_event_actor_kind")
        ),
        sa.CheckConstraint(
            "audience in ('ADMINISTRATORS', 'KEY', 'TICKETS', 'PERSON')", name=op.f("ck_event_audience")
        ),
        sa.CheckConstraint(
            "type in ('SUBSCRIPTION_REGISTERED', 'SUBSCRIPTION_RENEWED', 'SUBSCRIPTION_CHANGED', 'ORDER_PLACED', 'ORDER_FULFILLED', 'ORDER_REJECTED', 'KEY_CREATED', 'KEY_CHANGED', 'KEY_DELETED', 'KEY_EXPIRED', 'INSTALLATION_ACTIVATED', 'INSTALLATION_DEACTIVATED', 'INSTALLATION_BLACKLISTED', 'INSTALLATION_UNBLACKLISTED', 'INSTALLATION_MOVED', 'INSTALLATION_EDITED', 'FARM_DEACTIVATED', 'FARM_REACTIVATED', 'USAGE_THRESHOLD_REACHED', 'OVERUSE_STARTED', 'OVERUSE_CONTINUES', 'OVERUSE_GRACE_ENDING', 'OVERUSE_SUSPENSION_DUE', 'OVERUSE_ENDED', 'TICKET_CREATED', 'TICKET_REPLIED', 'TICKET_STATUS_CHANGED', 'TICKET_WATCHERS_CHANGED', 'MEMBER_INVITED', 'MEMBER_JOINED', 'MEMBER_CHANGED', 'MEMBER_BLOCKED', 'MEMBER_UNBLOCKED', 'MEMBER_REMOVED', 'KEY_ADMINISTRATION_CHANGED', 'COMPANY_CHANGED', 'INVITATIONS_PROGRESSED', 'MIGRATION_PROGRESSED', 'SESSION_REVOKED')",
            name=op.f("ck_event_type"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
        sa.UniqueConstraint("stream_id", "sequence", name=op.f("uq_event_stream_id_sequence")),
    )
    op.create_index("ix_event_occurred_at", "event", ["occurred_at"], unique=False)
    op.create_index(
        "ix_event_stream_actor_sequence", "event", ["stream_id", "actor_person_id", "sequence"], unique=False
    )
    op.create_index("ix_event_stream_type_sequence", "event", ["stream_id", "type", "sequence"], unique=False)
    op.create_table(
        "event_stream",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("last_sequence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_stream")),
    )
    op.create_table(
        "person",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("email_key", sa.String(), nullable=False),
        sa.Column("first_name", sa.String(), nullable=False),
        sa.Column("last_name", sa.String(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("is_staff", sa.Boolean(), nullable=False),
        sa.Column("email_confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("terms_version", sa.String(), nullable=False),
        sa.Column("privacy_version", sa.String(), nullable=False),
        sa.Column("terms_accepted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "language in ('EN', 'DE', 'FR', 'ES', 'IT', 'PT_BR', 'JA', 'ZH_CN')",
            name=op.f("ck_person_language"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("email_key", name=op.f("uq_person_email_key")),
    )
    op.create_table(
        "product",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("installation_kind", sa.Text(), nullable=False),
        sa.Column("allocations", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("installations_per_key", sa.Integer(), nullable=True),
        sa.Column("moves_per_key", sa.Integer(), nullable=True),
        sa.Column("expiry_grace_days", sa.Integer(), nullable=False),
        sa.Column("overuse_policy", sa.Text(), nullable=False),
        sa.Column("overuse_grace_days", sa.Integer(), nullable=False),
        sa.Column("licenses_per_pack", sa.Integer(), nullable=False),
        sa.Column("offline_possible", sa.Boolean(), nullable=False),
        sa.Column("business", sa.Boolean(), nullable=False),
        sa.Column("check_in_days", sa.Integer(), nullable=True),
        sa.Column("report_days", sa.Integer(), nullable=True),
        sa.Column("refresh_hours", sa.Integer(), nullable=True),
        sa.Column("validation_minutes", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "installation_kind in ('COMPUTER', 'FARM', 'PROXY_SERVER')",
            name=op.f("ck_product_installation_kind"),
        ),
        sa.CheckConstraint(
            "overuse_policy in ('HARD_LIMIT', 'GRACE', 'ALERT_ONLY')", name=op.f("ck_product_overuse_policy")
        ),
        sa.CheckConstraint("licenses_per_pack > 0", name=op.f("ck_product_pack")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_product")),
    )
    op.create_table(
        "received_mail",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("recipients", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("sender", sa.String(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_received_mail")),
    )
    op.create_index(op.f("ix_received_mail_received_at"), "received_mail", ["received_at"], unique=False)
    op.create_table(
        "account",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("is_partner", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(kind = 'PERSONAL') = (owner_id is not null)", name=op.f("ck_account_owner")),
        sa.CheckConstraint("kind in ('PERSONAL', 'BUSINESS')", name=op.f("ck_account_kind")),
        sa.ForeignKeyConstraint(["owner_id"], ["person.id"], name=op.f("fk_account_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("owner_id", name=op.f("uq_account_owner_id")),
    )
    op.create_table(
        "credential",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_credential_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_credential")),
    )
    op.create_table(
        "link",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "purpose in ('CONFIRM_EMAIL', 'CONFIRM_NEW_EMAIL', 'RESET_PASSWORD')",
            name=op.f("ck_link_purpose"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_link_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_link_token_hash")),
    )
    op.create_index(op.f("ix_link_expires_at"), "link", ["expires_at"], unique=False)
    op.create_index("ix_link_person_id_purpose", "link", ["person_id", "purpose"], unique=False)
    op.create_table(
        "mail",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("recipient_name", sa.String(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("facts_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("dedupe_key", sa.String(), nullable=True),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("give_up_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.CheckConstraint(
            "kind in ('CONFIRM_ADDRESS', 'ADDRESS_IN_USE', 'RESET_PASSWORD', 'PASSWORD_CHANGED', 'ADDRESS_CHANGED', 'TWO_STEP_CHANGED', 'MEMBERSHIP_INVITATION', 'MEMBER_BLOCKED', 'MEMBER_UNBLOCKED', 'MEMBER_REMOVED', 'INSTALL_INVITATION', 'KEY_ISSUED', 'OVERUSE_STARTED', 'OVERUSE_ENDING', 'OVERUSE_SUSPENDED', 'OVERUSE_RESTORED', 'SUBSCRIPTION_REMINDER', 'SUBSCRIPTION_RENEWED', 'TICKET_CREATED', 'TICKET_MESSAGE', 'TICKET_STATUS', 'MIGRATION_ANNOUNCED', 'EXPORT_READY')",
            name=op.f("ck_mail_kind"),
        ),
        sa.CheckConstraint(
            "language in ('EN', 'DE', 'FR', 'ES', 'IT', 'PT_BR', 'JA', 'ZH_CN')",
            name=op.f("ck_mail_language"),
        ),
        sa.CheckConstraint("status in ('QUEUED', 'SENT', 'FAILED')", name=op.f("ck_mail_status")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_mail_person_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail")),
        sa.UniqueConstraint("dedupe_key", name=op.f("uq_mail_dedupe_key")),
    )
    op.create_index(
        "ix_mail_due",
        "mail",
        ["next_attempt_at", "id"],
        unique=False,
        postgresql_where=sa.text("status = 'QUEUED'"),
    )
    op.create_index(op.f("ix_mail_person_id"), "mail", ["person_id"], unique=False)
    op.create_table(
        "session",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lifetime_seconds", sa.Integer(), nullable=False),
        sa.Column("ip_address", sa.String(), nullable=True),
        sa.Column("user_agent", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_session_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_session_token_hash")),
    )
    op.create_index(op.f("ix_session_expires_at"), "session", ["expires_at"], unique=False)
    op.create_index(op.f("ix_session_person_id"), "session", ["person_id"], unique=False)
    op.create_table(
        "company",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("support_code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("street", sa.String(), nullable=True),
        sa.Column("city", sa.String(), nullable=True),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=True),
        sa.Column("zip", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_company_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_company")),
        sa.UniqueConstraint("support_code", name=op.f("uq_company_support_code")),
    )
    op.create_table(
        "license_subscription",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_key", sa.String(), nullable=False),
        sa.Column("not_for_resale", sa.Boolean(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("reseller_account_id", sa.Uuid(), nullable=True),
        sa.Column("support_plan", sa.Text(), nullable=False),
        sa.Column("auto_renew", sa.Boolean(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("term_months", sa.Integer(), nullable=True),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("activated_on", sa.Date(), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("maintenance_expires_on", sa.Date(), nullable=True),
        sa.Column("offline_use", sa.Boolean(), nullable=False),
        sa.Column("contract_number", sa.String(), nullable=True),
        sa.Column("sales_name", sa.String(), nullable=True),
        sa.Column("sales_email", sa.String(), nullable=True),
        sa.Column("sales_phone", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(kind = 'PERPETUAL') = (expires_on is null)", name=op.f("ck_license_subscription_end")
        ),
        sa.CheckConstraint("channel in ('ONLINE', 'RESELLER')", name=op.f("ck_license_subscription_channel")),
        sa.CheckConstraint(
            "kind in ('SUBSCRIPTION', 'TRIAL', 'SPLA', 'PERPETUAL')",
            name=op.f("ck_license_subscription_kind"),
        ),
        sa.CheckConstraint(
            "product in ('DESKTOP', 'RAS', 'DEVICE_MANAGEMENT_MAC', 'DEVICE_MANAGEMENT_MOBILE', 'ACCESS', 'SECURE_WORKSPACE')",
            name=op.f("ck_license_subscription_product"),
        ),
        sa.CheckConstraint(
            "support_plan in ('STANDARD', 'PREMIUM')", name=op.f("ck_license_subscription_support_plan")
        ),
        sa.CheckConstraint(
            "(account_id is null) = (activated_on is null)", name=op.f("ck_license_subscription_registered")
        ),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_license_subscription_quantity")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_license_subscription_account_id")
        ),
        sa.ForeignKeyConstraint(["product"], ["product.code"], name=op.f("fk_license_subscription_product")),
        sa.ForeignKeyConstraint(
            ["reseller_account_id"], ["account.id"], name=op.f("fk_license_subscription_reseller_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_license_subscription")),
    )
    op.create_index(
        "ix_license_subscription_account_name",
        "license_subscription",
        ["account_id", "name_key", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_license_subscription_product"), "license_subscription", ["product"], unique=False
    )
    op.create_index(
        op.f("ix_license_subscription_reseller_account_id"),
        "license_subscription",
        ["reseller_account_id"],
        unique=False,
    )
    op.create_table(
        "membership",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("representing_account_id", sa.Uuid(), nullable=True),
        sa.Column("member_since", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "role in ('REGULAR_MEMBER', 'ACCOUNT_ADMINISTRATOR')", name=op.f("ck_membership_role")
        ),
        sa.CheckConstraint("status in ('ACTIVE', 'BLOCKED')", name=op.f("ck_membership_status")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_membership_account_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_membership_person_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["representing_account_id"], ["account.id"], name=op.f("fk_membership_representing_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_membership")),
        sa.UniqueConstraint("account_id", "person_id", name=op.f("uq_membership_account_id_person_id")),
    )
    op.create_index(op.f("ix_membership_person_id"), "membership", ["person_id"], unique=False)
    op.create_index(
        op.f("ix_membership_representing_account_id"), "membership", ["representing_account_id"], unique=False
    )
    op.create_table(
        "license_key",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subscription_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_key", sa.String(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("code_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("code_last_group", sa.String(), nullable=False),
        sa.Column("allocation", sa.Text(), nullable=True),
        sa.Column("quota", sa.Integer(), nullable=True),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("renews_with_subscription", sa.Boolean(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(kind = 'PRIMARY') = (allocation is null)", name=op.f("ck_license_key_kind_allocation")
        ),
        sa.CheckConstraint("(kind = 'PRIMARY') = (quota is null)", name=op.f("ck_license_key_kind_quota")),
        sa.CheckConstraint("allocation in ('RESERVED', 'DYNAMIC')", name=op.f("ck_license_key_allocation")),
        sa.CheckConstraint("kind in ('PRIMARY', 'ADDITIONAL')", name=op.f("ck_license_key_kind")),
        sa.CheckConstraint("used >= 0", name=op.f("ck_license_key_used")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_license_key_account_id")),
        sa.ForeignKeyConstraint(
            ["subscription_id"],
            ["license_subscription.id"],
            name=op.f("fk_license_key_subscription_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_license_key")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_license_key_code_hash")),
    )
    op.create_index(op.f("ix_license_key_account_id"), "license_key", ["account_id"], unique=False)
    op.create_index(op.f("ix_license_key_subscription_id"), "license_key", ["subscription_id"], unique=False)
    op.create_index(
        "uq_license_key_primary",
        "license_key",
        ["subscription_id"],
        unique=True,
        postgresql_where=sa.text("kind = 'PRIMARY'"),
    )
    op.create_table(
        "sales_order",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("subscription_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fulfilled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("channel in ('ONLINE', 'RESELLER')", name=op.f("ck_sales_order_channel")),
        sa.CheckConstraint(
            "kind in ('NEW', 'ADD_LICENSES', 'RENEWAL', 'CONVERSION', 'MIGRATION')",
            name=op.f("ck_sales_order_kind"),
        ),
        sa.CheckConstraint(
            "status in ('PLACED', 'FULFILLED', 'REJECTED')", name=op.f("ck_sales_order_status")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_sales_order_account_id")),
        sa.ForeignKeyConstraint(
            ["subscription_id"],
            ["license_subscription.id"],
            name=op.f("fk_sales_order_subscription_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sales_order")),
        sa.UniqueConstraint("number", name=op.f("uq_sales_order_number")),
    )
    op.create_index(op.f("ix_sales_order_account_id"), "sales_order", ["account_id"], unique=False)
    op.create_index(op.f("ix_sales_order_subscription_id"), "sales_order", ["subscription_id"], unique=False)
    op.create_table(
        "blacklisting",
        sa.Column("license_key_id", sa.Uuid(), nullable=False),
        sa.Column("machine", sa.String(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_blacklisting_account_id")),
        sa.ForeignKeyConstraint(
            ["license_key_id"],
            ["license_key.id"],
            name=op.f("fk_blacklisting_license_key_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("license_key_id", "machine", name=op.f("pk_blacklisting")),
    )
    op.create_index(op.f("ix_blacklisting_account_id"), "blacklisting", ["account_id"], unique=False)
    op.create_table(
        "installation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("subscription_id", sa.Uuid(), nullable=True),
        sa.Column("license_key_id", sa.Uuid(), nullable=True),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("pending_change", sa.Text(), nullable=True),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("token_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("machine", sa.String(), nullable=False),
        sa.Column("alias", sa.String(), nullable=True),
        sa.Column("hostname", sa.String(), nullable=False),
        sa.Column("name_key", sa.String(), nullable=False),
        sa.Column("host_os", sa.String(), nullable=False),
        sa.Column("app_version", sa.String(), nullable=False),
        sa.Column("serial_number", sa.String(), nullable=False),
        sa.Column("mac_addresses", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("ip_addresses", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("activated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_contact_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind in ('COMPUTER', 'FARM', 'PROXY_SERVER')", name=op.f("ck_installation_kind")),
        sa.CheckConstraint(
            "pending_change in ('DEACTIVATION', 'MOVE')", name=op.f("ck_installation_pending_change")
        ),
        sa.CheckConstraint(
            "product in ('DESKTOP', 'RAS', 'DEVICE_MANAGEMENT_MAC', 'DEVICE_MANAGEMENT_MOBILE', 'ACCESS', 'SECURE_WORKSPACE')",
            name=op.f("ck_installation_product"),
        ),
        sa.CheckConstraint(
            "status in ('ACTIVE', 'DEACTIVATED', 'BLACKLISTED')", name=op.f("ck_installation_status")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_installation_account_id")),
        sa.ForeignKeyConstraint(
            ["license_key_id"], ["license_key.id"], name=op.f("fk_installation_license_key_id")
        ),
        sa.ForeignKeyConstraint(
            ["subscription_id"], ["license_subscription.id"], name=op.f("fk_installation_subscription_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installation")),
        sa.UniqueConstraint(
            "account_id", "product", "machine", name=op.f("uq_installation_account_id_product_machine")
        ),
        sa.UniqueConstraint("token_hash", name=op.f("uq_installation_token_hash")),
    )
    op.create_index(
        "ix_installation_account_kind_name",
        "installation",
        ["account_id", "kind", "name_key", "id"],
        unique=False,
    )
    op.create_index(
        "ix_installation_key_active",
        "installation",
        ["license_key_id"],
        unique=False,
        postgresql_where=sa.text("status = 'ACTIVE'"),
    )
    op.create_index(
        "ix_installation_key_name", "installation", ["license_key_id", "name_key", "id"], unique=False
    )
    op.create_index(
        op.f("ix_installation_subscription_id"), "installation", ["subscription_id"], unique=False
    )
    op.create_table(
        "key_grant",
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("license_key_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_key_grant_account_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["license_key_id"],
            ["license_key.id"],
            name=op.f("fk_key_grant_license_key_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["membership_id"], ["membership.id"], name=op.f("fk_key_grant_membership_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("membership_id", "license_key_id", name=op.f("pk_key_grant")),
    )
    op.create_index(op.f("ix_key_grant_account_id"), "key_grant", ["account_id"], unique=False)
    op.create_index(op.f("ix_key_grant_license_key_id"), "key_grant", ["license_key_id"], unique=False)


def downgrade() -> None:
    """Back."""
    op.drop_index(op.f("ix_key_grant_license_key_id"), table_name="key_grant")
    op.drop_index(op.f("ix_key_grant_account_id"), table_name="key_grant")
    op.drop_table("key_grant")
    op.drop_index(op.f("ix_installation_subscription_id"), table_name="installation")
    op.drop_index("ix_installation_key_name", table_name="installation")
    op.drop_index(
        "ix_installation_key_active", table_name="installation", postgresql_where=sa.text("status = 'ACTIVE'")
    )
    op.drop_index("ix_installation_account_kind_name", table_name="installation")
    op.drop_table("installation")
    op.drop_index(op.f("ix_blacklisting_account_id"), table_name="blacklisting")
    op.drop_table("blacklisting")
    op.drop_index(op.f("ix_sales_order_subscription_id"), table_name="sales_order")
    op.drop_index(op.f("ix_sales_order_account_id"), table_name="sales_order")
    op.drop_table("sales_order")
    op.drop_index(
        "uq_license_key_primary", table_name="license_key", postgresql_where=sa.text("kind = 'PRIMARY'")
    )
    op.drop_index(op.f("ix_license_key_subscription_id"), table_name="license_key")
    op.drop_index(op.f("ix_license_key_account_id"), table_name="license_key")
    op.drop_table("license_key")
    op.drop_index(op.f("ix_membership_representing_account_id"), table_name="membership")
    op.drop_index(op.f("ix_membership_person_id"), table_name="membership")
    op.drop_table("membership")
    op.drop_index(op.f("ix_license_subscription_reseller_account_id"), table_name="license_subscription")
    op.drop_index(op.f("ix_license_subscription_product"), table_name="license_subscription")
    op.drop_index("ix_license_subscription_account_name", table_name="license_subscription")
    op.drop_table("license_subscription")
    op.drop_table("company")
    op.drop_index(op.f("ix_session_person_id"), table_name="session")
    op.drop_index(op.f("ix_session_expires_at"), table_name="session")
    op.drop_table("session")
    op.drop_index(op.f("ix_mail_person_id"), table_name="mail")
    op.drop_index("ix_mail_due", table_name="mail", postgresql_where=sa.text("status = 'QUEUED'"))
    op.drop_table("mail")
    op.drop_index("ix_link_person_id_purpose", table_name="link")
    op.drop_index(op.f("ix_link_expires_at"), table_name="link")
    op.drop_table("link")
    op.drop_table("credential")
    op.drop_table("account")
    op.drop_index(op.f("ix_received_mail_received_at"), table_name="received_mail")
    op.drop_table("received_mail")
    op.drop_table("product")
    op.drop_table("person")
    op.drop_table("event_stream")
    op.drop_index("ix_event_stream_type_sequence", table_name="event")
    op.drop_index("ix_event_stream_actor_sequence", table_name="event")
    op.drop_index("ix_event_occurred_at", table_name="event")
    op.drop_table("event")
    op.drop_table("application_clock")
