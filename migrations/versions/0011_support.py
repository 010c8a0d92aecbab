"""Tickets, the knowledge base, attachments: tables, who sees them, and what tickets can be about."""

from datetime import UTC, datetime
from uuid import NAMESPACE_URL, UUID, uuid5

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.support_catalogue import CATALOGUE

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

STAFF = "(select lychgate_staff())"


def among(column: str, setting: str) -> str:
    return f"{column} = any((select lychgate_ids('{setting}'))::uuid[])"


TICKETS = among("account_id", "ticket_accounts")
POLICIES = {
    "attachment": f"{TICKETS} and not internal or {STAFF}",
    "stored_object": "false",
    "support_article": "true",
    "support_category": "true",
    "support_subcategory": "true",
    "ticket": f"{TICKETS} or {STAFF}",
    "ticket_assignment": STAFF,
    "ticket_message": f"{TICKETS} and not internal or {STAFF}",
    "ticket_survey": f"{TICKETS} or {STAFF}",
    "ticket_watcher": f"{TICKETS} or {STAFF}",
    "ticket_words": "false",
}

# Whoever sees a ticket sees whose it is, whether or not that person is still a member.
OWNERS = f"""create policy ticket_owner on person to lychgate_viewer using (exists (
    select from ticket where ticket.owner_id = person.id and ticket.{TICKETS}))"""

# Under row-level security a GIN index can't answer a viewer's own search, since the operator
# may tell of rows that the policy hides. This function applies the rights itself. Of the queue
# of all accounts it gives the newest: a word that half of all tickets have stays affordable.
FOUND = """
create function lychgate_found_tickets(query tsquery) returns setof uuid
language plpgsql stable security definer
set search_path = public, pg_temp
-- A rare word is looked up, a common one is met while walking through the tickets: the plan depends on it.
set plan_cache_mode = force_custom_plan as $$
begin
    if lychgate_staff() then
        return query
            select ticket.id from ticket join ticket_words on ticket_words.ticket_id = ticket.id
            where ticket_words.all_words @@ query
            order by ticket.updated_at desc limit 10000;
    else
        return query
            select ticket_words.ticket_id from ticket_words
            where ticket_words.account_id = any(lychgate_ids('ticket_accounts'))
            and ticket_words.public_words @@ query;
    end if;
end $$
"""


def upgrade() -> None:
    create_knowledge_base()
    create_tickets()
    op.execute("create sequence ticket_number as bigint minvalue 0 start 0")
    for table, visible in POLICIES.items():
        op.execute(f"grant select, update on {table} to lychgate_viewer")
        op.execute(f"alter table {table} enable row level security")
        op.execute(f"create policy visible on {table} to lychgate_viewer using ({visible})")
    op.execute(OWNERS)
    op.execute(FOUND)
    op.execute("revoke execute on function lychgate_found_tickets(tsquery) from public")
    op.execute("grant execute on function lychgate_found_tickets(tsquery) to lychgate_viewer")
    insert_catalogue()


def insert_catalogue() -> None:
    article = sa.text(
        "insert into support_article (id, product, subcategory_id, language, title, body, popular, published_at, words)"
        " values (:id, :product, :subcategory, 'EN', :title, :body, true, :now,"
        " setweight(to_tsvector('english', :title), 'A') || setweight(to_tsvector('simple', :title), 'A')"
        " || setweight(to_tsvector('english', :body), 'B') || setweight(to_tsvector('simple', :body), 'B'))"
    ).bindparams(sa.bindparam("id", type_=sa.Uuid()), sa.bindparam("subcategory", type_=sa.Uuid()))
    category = sa.text(
        "insert into support_category (id, product, position, name) values (:id, :product, :position, :name)"
    ).bindparams(sa.bindparam("id", type_=sa.Uuid()))
    subcategory = sa.text(
        "insert into support_subcategory (id, category_id, position, name) values (:id, :category, :position, :name)"
    ).bindparams(sa.bindparam("id", type_=sa.Uuid()), sa.bindparam("category", type_=sa.Uuid()))
    now = datetime(2026, 11, 22, tzinfo=UTC)
    for product, categories in CATALOGUE.items():
        for place, (name, subcategories) in enumerate(categories.items()):
            id_ = lasting_id(product, name)
            op.execute(category.bindparams(id=id_, product=product, position=place, name=name))
            for inner, (subname, topics) in enumerate(subcategories.items()):
                sub_id = lasting_id(product, name, subname)
                op.execute(subcategory.bindparams(id=sub_id, category=id_, position=inner, name=subname))
                for title, body in topics:
                    facts = {
                        "product": product,
                        "subcategory": sub_id,
                        "title": title,
                        "body": body,
                        "now": now,
                    }
                    op.execute(article.bindparams(id=lasting_id(product, name, subname, title), **facts))


def lasting_id(*names: str) -> UUID:
    """The same in every installation."""
    return uuid5(NAMESPACE_URL, "lychgate:support:" + "/".join(names))


def create_knowledge_base() -> None:
    op.create_table(
        "stored_object",
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("check_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_stored_object")),
    )
    op.create_index(
        "ix_stored_object_check_at",
        "stored_object",
        ["check_at"],
        unique=False,
        postgresql_where=sa.text("check_at is not null"),
    )
    op.create_table(
        "support_category",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.CheckConstraint(
            "product in ('DESKTOP', 'RAS', 'DEVICE_MANAGEMENT_MAC', 'DEVICE_MANAGEMENT_MOBILE', 'ACCESS', 'SECURE_WORKSPACE')",
            name=op.f("ck_support_category_product"),
        ),
        sa.ForeignKeyConstraint(["product"], ["product.code"], name=op.f("fk_support_category_product")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_support_category")),
        sa.UniqueConstraint("product", "position", name=op.f("uq_support_category_product_position")),
    )
    op.create_table(
        "support_subcategory",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("category_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["category_id"],
            ["support_category.id"],
            name=op.f("fk_support_subcategory_category_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_support_subcategory")),
        sa.UniqueConstraint(
            "category_id", "position", name=op.f("uq_support_subcategory_category_id_position")
        ),
    )
    op.create_table(
        "support_article",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("subcategory_id", sa.Uuid(), nullable=True),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("popular", sa.Boolean(), nullable=False),
        sa.Column("words", postgresql.TSVECTOR(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "language in ('EN', 'DE', 'FR', 'ES', 'IT', 'PT_BR', 'JA', 'ZH_CN')",
            name=op.f("ck_support_article_language"),
        ),
        sa.CheckConstraint(
            "product in ('DESKTOP', 'RAS', 'DEVICE_MANAGEMENT_MAC', 'DEVICE_MANAGEMENT_MOBILE', 'ACCESS', 'SECURE_WORKSPACE')",
            name=op.f("ck_support_article_product"),
        ),
        sa.ForeignKeyConstraint(["product"], ["product.code"], name=op.f("fk_support_article_product")),
        sa.ForeignKeyConstraint(
            ["subcategory_id"], ["support_subcategory.id"], name=op.f("fk_support_article_subcategory_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_support_article")),
    )
    op.create_index(
        "ix_support_article_product_language", "support_article", ["product", "language"], unique=False
    )
    op.create_index(
        op.f("ix_support_article_subcategory_id"), "support_article", ["subcategory_id"], unique=False
    )
    op.create_index(
        "ix_support_article_words", "support_article", ["words"], unique=False, postgresql_using="gin"
    )


def create_tickets() -> None:
    op.create_table(
        "ticket",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("category_id", sa.Uuid(), nullable=False),
        sa.Column("subcategory_id", sa.Uuid(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("booked_call_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(status in ('RESOLVED', 'CLOSED')) = (ended_at is not null)", name=op.f("ck_ticket_ended")
        ),
        sa.CheckConstraint(
            "method in ('EMAIL', 'PHONE', 'CHAT', 'MESSENGER')", name=op.f("ck_ticket_method")
        ),
        sa.CheckConstraint(
            "product in ('DESKTOP', 'RAS', 'DEVICE_MANAGEMENT_MAC', 'DEVICE_MANAGEMENT_MOBILE', 'ACCESS', 'SECURE_WORKSPACE')",
            name=op.f("ck_ticket_product"),
        ),
        sa.CheckConstraint(
            "status in ('NEW', 'OPEN', 'WAITING_FOR_CUSTOMER', 'RESOLVED', 'CLOSED')",
            name=op.f("ck_ticket_status"),
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_ticket_account_id")),
        sa.ForeignKeyConstraint(["category_id"], ["support_category.id"], name=op.f("fk_ticket_category_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["person.id"], name=op.f("fk_ticket_owner_id")),
        sa.ForeignKeyConstraint(["product"], ["product.code"], name=op.f("fk_ticket_product")),
        sa.ForeignKeyConstraint(
            ["subcategory_id"], ["support_subcategory.id"], name=op.f("fk_ticket_subcategory_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket")),
        sa.UniqueConstraint("number", name=op.f("uq_ticket_number")),
    )
    op.create_index("ix_ticket_account_updated", "ticket", ["account_id", "updated_at", "id"], unique=False)
    op.create_index(op.f("ix_ticket_category_id"), "ticket", ["category_id"], unique=False)
    op.create_index(op.f("ix_ticket_owner_id"), "ticket", ["owner_id"], unique=False)
    op.create_index(op.f("ix_ticket_product"), "ticket", ["product"], unique=False)
    op.create_index("ix_ticket_status_updated", "ticket", ["status", "updated_at", "id"], unique=False)
    op.create_index(op.f("ix_ticket_subcategory_id"), "ticket", ["subcategory_id"], unique=False)
    op.create_index("ix_ticket_updated", "ticket", ["updated_at", "id"], unique=False)
    op.create_table(
        "ticket_assignment",
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("assigned_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_ticket_assignment_person_id")),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_ticket_assignment_ticket_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_ticket_assignment")),
    )
    op.create_index(op.f("ix_ticket_assignment_person_id"), "ticket_assignment", ["person_id"], unique=False)
    op.create_table(
        "ticket_message",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=True),
        sa.Column("author_name", sa.String(), nullable=False),
        sa.Column("by_staff", sa.Boolean(), nullable=False),
        sa.Column("internal", sa.Boolean(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("mailed_as", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_ticket_message_account_id")),
        sa.ForeignKeyConstraint(
            ["author_id"], ["person.id"], name=op.f("fk_ticket_message_author_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_ticket_message_ticket_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_message")),
        sa.UniqueConstraint("mailed_as", name=op.f("uq_ticket_message_mailed_as")),
    )
    op.create_index(op.f("ix_ticket_message_account_id"), "ticket_message", ["account_id"], unique=False)
    op.create_index(op.f("ix_ticket_message_author_id"), "ticket_message", ["author_id"], unique=False)
    op.create_index(
        "ix_ticket_message_ticket_created", "ticket_message", ["ticket_id", "created_at", "id"], unique=False
    )
    op.create_table(
        "ticket_survey",
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("rating", sa.Integer(), nullable=False),
        sa.Column("comment", sa.String(), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("rating between 1 and 5", name=op.f("ck_ticket_survey_rating")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_ticket_survey_account_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_ticket_survey_person_id")),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_ticket_survey_ticket_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_ticket_survey")),
    )
    op.create_index(op.f("ix_ticket_survey_account_id"), "ticket_survey", ["account_id"], unique=False)
    op.create_index(op.f("ix_ticket_survey_person_id"), "ticket_survey", ["person_id"], unique=False)
    op.create_table(
        "ticket_watcher",
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_ticket_watcher_account_id")),
        sa.ForeignKeyConstraint(
            ["membership_id"],
            ["membership.id"],
            name=op.f("fk_ticket_watcher_membership_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_ticket_watcher_ticket_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("ticket_id", "membership_id", name=op.f("pk_ticket_watcher")),
    )
    op.create_index(op.f("ix_ticket_watcher_account_id"), "ticket_watcher", ["account_id"], unique=False)
    op.create_index(
        op.f("ix_ticket_watcher_membership_id"), "ticket_watcher", ["membership_id"], unique=False
    )
    op.create_table(
        "ticket_words",
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("public_words", postgresql.TSVECTOR(), nullable=False),
        sa.Column("all_words", postgresql.TSVECTOR(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_ticket_words_account_id")),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_ticket_words_ticket_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_ticket_words")),
    )
    op.create_index(op.f("ix_ticket_words_account_id"), "ticket_words", ["account_id"], unique=False)
    op.create_index(
        "ix_ticket_words_all", "ticket_words", ["all_words"], unique=False, postgresql_using="gin"
    )
    op.create_index(
        "ix_ticket_words_public", "ticket_words", ["public_words"], unique=False, postgresql_using="gin"
    )
    op.create_table(
        "attachment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("internal", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("filename", sa.String(), nullable=False),
        sa.Column("content_type", sa.String(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_attachment_account_id")),
        sa.ForeignKeyConstraint(
            ["message_id"], ["ticket_message.id"], name=op.f("fk_attachment_message_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["sha256"], ["stored_object.sha256"], name=op.f("fk_attachment_sha256")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachment")),
    )
    op.create_index(op.f("ix_attachment_account_id"), "attachment", ["account_id"], unique=False)
    op.create_index("ix_attachment_message", "attachment", ["message_id", "position"], unique=False)
    op.create_index(op.f("ix_attachment_sha256"), "attachment", ["sha256"], unique=False)


def downgrade() -> None:
    op.execute("drop policy ticket_owner on person")
    op.execute("drop function lychgate_found_tickets(tsquery)")
    op.execute("drop sequence ticket_number")
    for table in (
        "attachment",
        "ticket_words",
        "ticket_watcher",
        "ticket_survey",
        "ticket_message",
        "ticket_assignment",
        "ticket",
        "support_article",
        "support_subcategory",
        "support_category",
        "stored_object",
    ):
        op.drop_table(table)
