"""The event log by month: what is old goes with its partition, and reads look at the months that matter.

Partitions live in a schema of their own, where nobody but the owner looks: the table's own row-level
security holds for whatever is read through it. What no month has yet is in `event_rest`.
"""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

INDEXES = """
create index ix_event_occurred_at on event (occurred_at);
create index ix_event_stream_actor_sequence on event (stream_id, actor_person_id, sequence);
create index ix_event_stream_type_sequence on event (stream_id, type, sequence);
create index ix_event_stream_occurred_at on event (stream_id, occurred_at)
"""
# The same policies as before, whichever migration made them.
POLICIES = """
do $$ declare policy record; begin
    for policy in select * from pg_policies where schemaname = 'public' and tablename = 'event_before' loop
        execute format('create policy %I on event as %s to lychgate_viewer using (%s)',
            policy.policyname, policy.permissive, replace(policy.qual, 'event_before.', 'event.'));
    end loop;
end $$
"""
# Of a database that has events by now, the months that they are in; the job makes those to come.
MONTHS = """
do $$ declare month timestamptz; begin
    for month in select distinct date_trunc('month', occurred_at, 'UTC') from event_before
        union select date_trunc('month', now(), 'UTC') + number * interval '1 month'
        from generate_series(0, 2) number
    loop
        execute format('create table event_months.event_%s partition of event for values from (%L) to (%L)',
            to_char(month at time zone 'UTC', 'YYYY_MM'), month,
            (month at time zone 'UTC' + interval '1 month') at time zone 'UTC');
    end loop;
end $$
"""


def upgrade() -> None:
    """Make the partitioned table beside the other, and fill it."""
    op.execute("create schema event_months")
    rename("event", "event_before")
    op.execute(
        "create table event (like event_before including constraints) partition by range (occurred_at)"
    )
    op.execute("alter table event add constraint pk_event primary key (id, occurred_at)")
    op.execute(
        "alter table event add constraint uq_event_stream_id_sequence"
        " unique (stream_id, sequence, occurred_at)"
    )
    for statement in INDEXES.strip().split(";\n"):
        op.execute(statement)
    op.execute("create table event_months.event_rest partition of event default")
    op.execute(MONTHS)
    op.execute("insert into event select * from event_before")
    open_to_viewers()
    op.execute("drop table event_before")


def open_to_viewers() -> None:
    """The rights of the table before."""
    op.execute("grant select, update on event to lychgate_viewer")
    op.execute("alter table event enable row level security")
    op.execute(POLICIES)


def rename(table: str, name: str) -> None:
    """Out of the way, with its constraints and indexes."""
    op.execute(f"alter table {table} rename to {name}")
    for constraint in ("pk_event", "uq_event_stream_id_sequence"):
        op.execute(f"alter table {name} drop constraint {constraint}")
    for index in ("occurred_at", "stream_actor_sequence", "stream_type_sequence"):
        op.execute(f"drop index ix_event_{index}")


def downgrade() -> None:
    """One table again."""
    op.execute("alter table event rename to event_before")
    op.execute(
        "alter table event_before drop constraint pk_event, drop constraint uq_event_stream_id_sequence"
    )
    for index in ("occurred_at", "stream_actor_sequence", "stream_type_sequence", "stream_occurred_at"):
        op.execute(f"drop index ix_event_{index}")
    op.execute("create table event (like event_before including constraints)")
    op.execute("insert into event select * from event_before")
    op.execute("alter table event add constraint pk_event primary key (id)")
    op.execute("alter table event add constraint uq_event_stream_id_sequence unique (stream_id, sequence)")
    for statement in INDEXES.strip().split(";\n")[:-1]:
        op.execute(statement)
    open_to_viewers()
    op.execute("drop table event_before")
    op.execute("drop schema event_months cascade")
