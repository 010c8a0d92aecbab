"""Who asks is looked up and given their rights in one statement."""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

REACH = """
create function lychgate_reach(
    who uuid, within uuid[],
    out personal uuid, out administered uuid[], out member_of uuid[], out keys uuid[],
    out key_subscriptions uuid[], out seen_subscriptions uuid[], out key_accounts uuid[],
    out ticket_accounts uuid[]
) language plpgsql stable security definer set search_path = public, pg_temp as $$
declare
    represented uuid[];
    is_regular boolean;
begin
    select
        (select account.id from account
            where account.owner_id = who and (within is null or account.id = any(within))),
        coalesce(array_agg(membership.account_id order by membership.account_id), '{}'),
        coalesce(array_agg(membership.account_id order by membership.account_id)
            filter (where membership.role = 'ACCOUNT_ADMINISTRATOR'), '{}'),
        coalesce(array_agg(membership.account_id) filter (where case
            when membership.representing_account_id is null then false
            else lychgate_represents(who, membership.representing_account_id) end), '{}'),
        coalesce(bool_or(membership.role = 'REGULAR_MEMBER'), false)
    into personal, member_of, administered, represented, is_regular
    from membership
    where membership.person_id = who and membership.status = 'ACTIVE'
    and (within is null or membership.account_id = any(within));
    if personal is not null and personal <> all(administered) then
        administered := array(select id from unnest(administered || personal) as id order by id);
    end if;
    if not is_regular then
        keys := '{}'; key_subscriptions := '{}'; seen_subscriptions := '{}'; key_accounts := '{}';
        ticket_accounts := administered;
        return;
    end if;
    select
        coalesce(array_agg(distinct license_key.id), '{}'),
        coalesce(array_agg(distinct license_key.subscription_id) filter (where license_key.kind = 'PRIMARY'), '{}'),
        coalesce(array_agg(distinct license_key.subscription_id), '{}'),
        coalesce(array_agg(distinct license_key.account_id), '{}')
    into keys, key_subscriptions, seen_subscriptions, key_accounts
    from membership
    join key_grant on key_grant.membership_id = membership.id
    join license_key on license_key.id = key_grant.license_key_id
    where membership.person_id = who and membership.status = 'ACTIVE' and membership.role = 'REGULAR_MEMBER'
    and (within is null or license_key.account_id = any(within));
    ticket_accounts := array(
        select id from unnest(administered) as id
        union select id from unnest(represented) as id where id = any(key_accounts) order by 1);
end $$
"""

# The settings of app/access/rights.py. They are told as they were set, so that whoever remembers
# whose rights a connection has remembers what is so.
RECOGNIZE = """
create function lychgate_recognize(
    hash bytea, moment timestamptz, by_session boolean,
    out id uuid, out name text, out is_staff boolean, out email_confirmed boolean, out session_id uuid,
    out token_id uuid, out last_used_at timestamptz, out lifetime_seconds integer, out scopes text[],
    out limited_to uuid[], out personal uuid, out administered uuid[], out member_of uuid[], out keys uuid[],
    out key_subscriptions uuid[], out seen_subscriptions uuid[], out key_accounts uuid[],
    out ticket_accounts uuid[], out settings text[]
) language plpgsql volatile security definer set search_path = public, pg_temp as $$
declare
    reach record;
begin
    if by_session then
        select person.id, person.first_name || ' ' || person.last_name, person.is_staff,
            person.email_confirmed_at is not null, session.id, session.last_used_at, session.lifetime_seconds
        into id, name, is_staff, email_confirmed, session_id, last_used_at, lifetime_seconds
        from session join person on person.id = session.person_id
        where session.token_hash = hash and session.expires_at > moment;
    else
        select person.id, person.first_name || ' ' || person.last_name, person.is_staff,
            person.email_confirmed_at is not null, access_token.id, access_token.last_used_at,
            access_token.scopes, access_token.account_ids
        into id, name, is_staff, email_confirmed, token_id, last_used_at, scopes, limited_to
        from access_token join person on person.id = access_token.person_id
        where access_token.token_hash = hash
        and (access_token.expires_at is null or access_token.expires_at > moment);
    end if;
    if id is null then
        return;
    end if;
    -- An assignment is evaluated without a statement.
    reach := lychgate_reach(id, limited_to);
    personal := reach.personal;
    administered := reach.administered;
    member_of := reach.member_of;
    keys := reach.keys;
    key_subscriptions := reach.key_subscriptions;
    seen_subscriptions := reach.seen_subscriptions;
    key_accounts := reach.key_accounts;
    ticket_accounts := reach.ticket_accounts;
    settings := array[
        set_config('lychgate.person', id::text, false),
        set_config('lychgate.staff', case when is_staff and limited_to is null then 'on' else '' end, false),
        set_config('lychgate.administered', administered::text, false),
        set_config('lychgate.member_of', member_of::text, false),
        set_config('lychgate.keys', keys::text, false),
        set_config('lychgate.key_subscriptions', key_subscriptions::text, false),
        set_config('lychgate.seen_subscriptions', seen_subscriptions::text, false),
        set_config('lychgate.ticket_accounts', ticket_accounts::text, false),
        set_config('lychgate.limited_to', coalesce(
            (case when limited_to is not null then array(select one from unnest(limited_to) as one order by one) end
            )::text, ''), false),
        set_config('lychgate.installation', '', false),
        set_config('lychgate.installation_key', '', false)];
end $$
"""


def upgrade() -> None:
    """Forward."""
    for function in (REACH, RECOGNIZE):
        op.execute(function)
    # By the hash of a token that nobody can guess, a viewer learns whose it is; of other people, nothing.
    op.execute("revoke execute on function lychgate_reach(uuid, uuid[]) from public")
    op.execute("revoke execute on function lychgate_recognize(bytea, timestamptz, boolean) from public")
    op.execute("grant execute on function lychgate_recognize(bytea, timestamptz, boolean) to lychgate_viewer")


def downgrade() -> None:
    """Back."""
    op.execute("drop function lychgate_recognize(bytea, timestamptz, boolean)")
    op.execute("drop function lychgate_reach(uuid, uuid[])")
