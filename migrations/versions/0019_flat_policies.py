"""What is rarely asked by the policies of the busiest tables goes into functions.

PostgreSQL makes ready every sub-select of every policy of every table for each statement, whether it is
evaluated or not: an account by its ID took three times as long. Each function says what the sub-select said,
as the owner, and is evaluated only where nothing cheaper lets the row through.
"""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

STAFF = "(select lychgate_staff())"


def among(column: str, setting: str) -> str:
    """That a column is one of the IDs in a setting."""
    return f"{column} = any((select lychgate_ids('{setting}'))::uuid[])"


ADMINISTERED = among("account_id", "administered")
KEY = f"({among('license_key_id', 'keys')} or {among('subscription_id', 'key_subscriptions')})"
ITSELF = "(select lychgate_id('installation'))"

# ACC-13: a partner's administrators see the customers its people act for, and these see the partner.
PARTNER = """
create function lychgate_sees_partner(which uuid, is_partner boolean) returns boolean
language plpgsql stable security definer parallel safe set search_path = public, pg_temp as $$
declare
    administered uuid[] := lychgate_ids('administered');
begin
    if administered = '{}' then
        return false;
    end if;
    return exists (
        select from membership
        where membership.account_id = which and membership.status = 'ACTIVE'
        and membership.representing_account_id = any(administered)
        and lychgate_represents(membership.person_id, membership.representing_account_id)
    ) or is_partner and exists (
        select from membership
        where membership.representing_account_id = which and membership.account_id = any(administered)
        and lychgate_represents(membership.person_id, which));
end $$
"""
# ACC-11: whoever administers one of its keys sees the proxy server.
PROXY = """
create function lychgate_sees_proxy_server(which uuid) returns boolean
language plpgsql stable security definer parallel safe set search_path = public, pg_temp as $$
declare
    keys uuid[] := lychgate_ids('keys');
    subscriptions uuid[] := lychgate_ids('key_subscriptions');
begin
    return exists (
        select from proxy_activation where proxy_activation.installation_id = which
        and (proxy_activation.license_key_id = any(keys)
            or proxy_activation.subscription_id = any(subscriptions)));
end $$
"""
# A proxy server sees the keys of both of its products.
PROXY_KEYS = """
create function lychgate_proxy_keys() returns uuid[]
language plpgsql stable security definer parallel safe set search_path = public, pg_temp as $$
declare
    itself uuid := lychgate_id('installation');
begin
    if itself is null then
        return '{}';
    end if;
    return array(select license_key_id from proxy_activation where installation_id = itself);
end $$
"""
FUNCTIONS = {
    "lychgate_sees_partner(uuid, boolean)": PARTNER,
    "lychgate_sees_proxy_server(uuid)": PROXY,
    "lychgate_proxy_keys()": PROXY_KEYS,
}

ACCOUNT_BEFORE = f"{among('id', 'administered')} or {among('id', 'member_of')} or {STAFF}"
INSTALLATION = f"{ADMINISTERED} or {KEY} or id = {ITSELF} or {STAFF} or kind = 'PROXY_SERVER'"
LICENSE_KEY = f"""{ADMINISTERED} or {among("id", "keys")} or {among("subscription_id", "key_subscriptions")}
    or id = (select lychgate_id('installation_key')) or {STAFF}"""
POLICIES = {
    "account": f"{ACCOUNT_BEFORE} or lychgate_sees_partner(id, is_partner)",
    "installation": f"{INSTALLATION} and lychgate_sees_proxy_server(id)",
    "license_key": f"{LICENSE_KEY} or id = any((select lychgate_proxy_keys())::uuid[])",
}

OF_PARTNER = f"""membership.status = 'ACTIVE' and membership.{among("representing_account_id", "administered")}
    and lychgate_represents(membership.person_id, membership.representing_account_id)"""
MORE_BEFORE = {
    "visible_to_partner": f"""exists (
        select from membership where membership.account_id = account.id and {OF_PARTNER})""",
    "visible_to_customer": f"""is_partner and exists (
        select from membership where membership.representing_account_id = account.id
        and membership.{ADMINISTERED} and lychgate_represents(membership.person_id, account.id))""",
}
BEFORE = {
    "account": ACCOUNT_BEFORE,
    "installation": f"""{INSTALLATION} and exists (
        select from proxy_activation where proxy_activation.installation_id = installation.id)""",
    "license_key": f"""{LICENSE_KEY} or id = any(array(
        select license_key_id from proxy_activation where installation_id = {ITSELF}))""",  # noqa: S608 - no input
}


def upgrade() -> None:
    """Forward."""
    for function in FUNCTIONS.values():
        op.execute(function)
    for table, visible in POLICIES.items():
        op.execute(f"alter policy visible on {table} using ({visible})")
    for name in MORE_BEFORE:
        op.execute(f"drop policy {name} on account")


def downgrade() -> None:
    """Back."""
    for name, visible in MORE_BEFORE.items():
        op.execute(f"create policy {name} on account to lychgate_viewer using ({visible})")
    for table, visible in BEFORE.items():
        op.execute(f"alter policy visible on {table} using ({visible})")
    for function in FUNCTIONS:
        op.execute(f"drop function {function}")
