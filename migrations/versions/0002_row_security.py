"""Row-level security: what each table shows to the viewer role.

Requests look at the database as `lychgate_viewer`, which owns nothing. The policies read
the actor's reach from settings (app/access/rights.py). A setting that was never set, or
was set empty, is an empty array: a forgotten check shows nothing instead of everything.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# After a transaction that set it locally, a setting reads '' and not NULL: hence nullif.
FUNCTIONS = """
create function lychgate_ids(name text) returns uuid[] language sql stable parallel safe as
$$ select coalesce(nullif(current_setting('lychgate.' || name, true), ''), '{}')::uuid[] $$;

create function lychgate_id(name text) returns uuid language sql stable parallel safe as
$$ select nullif(current_setting('lychgate.' || name, true), '')::uuid $$;

create function lychgate_person() returns uuid language sql stable parallel safe as
$$ select lychgate_id('person') $$;

create function lychgate_staff() returns boolean language sql stable parallel safe as
$$ select coalesce(current_setting('lychgate.staff', true), '') = 'on' $$;
"""

# Sub-selects are evaluated once a statement, and leave the comparison to an index.
STAFF = "(select lychgate_staff())"
ME = "(select lychgate_person())"


def among(column: str, setting: str) -> str:
    """That a column is one of the IDs in a setting."""
    return f"{column} = any((select lychgate_ids('{setting}'))::uuid[])"


ADMINISTERED = among("account_id", "administered")
KEY = f"({among('license_key_id', 'keys')} or {among('subscription_id', 'key_subscriptions')})"

POLICIES = {
    "account": f"{among('id', 'administered')} or {among('id', 'member_of')} or {STAFF}",
    "application_clock": "false",
    "blacklisting": f"{ADMINISTERED} or {among('license_key_id', 'keys')} or {STAFF}",
    "company": f"{ADMINISTERED} or {STAFF}",
    "credential": "false",
    "event": f"""{among("stream_id", "administered")} or stream_id = {ME}
        or audience = 'KEY' and {KEY} and (
            subject_type not in ('Computer', 'Farm', 'ProxyServer')
            or exists (select from installation where installation.id = subject_id))
        or audience = 'TICKETS' and {among("stream_id", "ticket_accounts")} or {STAFF}""",
    "event_stream": "false",
    "installation": f"{ADMINISTERED} or {KEY} or id = (select lychgate_id('installation')) or {STAFF}",
    "key_grant": f"{ADMINISTERED} or {among('license_key_id', 'keys')} or {STAFF}",
    "license_key": f"""{ADMINISTERED} or {among("id", "keys")}
        or {among("subscription_id", "key_subscriptions")}
        or id = (select lychgate_id('installation_key')) or {STAFF}""",
    "license_subscription": f"{ADMINISTERED} or {among('id', 'seen_subscriptions')} or {STAFF}",
    "link": "false",
    "mail": "false",
    "membership": f"{ADMINISTERED} or person_id = {ME} or {STAFF}",
    "person": f"""id = {ME} or {STAFF} or exists (
        select from membership where membership.person_id = person.id
        and membership.{ADMINISTERED})""",
    "product": "true",
    "received_mail": "false",
    "sales_order": f"{ADMINISTERED} or {STAFF}",
    "session": f"person_id = {ME}",
}

ROLE = """
do $$ begin
    -- Looked for first: whoever may not make roles can be given this one beforehand.
    if not exists (select from pg_roles where rolname = 'lychgate_viewer') then
        create role lychgate_viewer nologin;
    end if;
exception
    when duplicate_object or unique_violation then null;
end $$;
"""


def upgrade() -> None:
    """Make the role, give it its look at each table, and narrow that by the policies."""
    op.execute(ROLE)
    op.execute(
        "do $$ begin if not pg_has_role(current_user, 'lychgate_viewer', 'member') then "
        "execute format('grant lychgate_viewer to %I', current_user); end if; end $$"
    )
    for statement in FUNCTIONS.strip().split("\n\n"):
        op.execute(statement)
    for table, visible in POLICIES.items():
        # Only an update privilege lets a viewer lock what it sees; rows are written by the owner.
        op.execute(f'grant select, update on "{table}" to lychgate_viewer')
        op.execute(f'alter table "{table}" enable row level security')
        op.execute(f'create policy visible on "{table}" to lychgate_viewer using ({visible})')


def downgrade() -> None:
    """Open every table to its owner alone again; the role may serve other databases and stays."""
    for table in POLICIES:
        op.execute(f'drop policy visible on "{table}"')
        op.execute(f'alter table "{table}" disable row level security')
        op.execute(f'revoke all on "{table}" from lychgate_viewer')
    op.execute("drop function lychgate_ids(text), lychgate_person(), lychgate_id(text), lychgate_staff()")
