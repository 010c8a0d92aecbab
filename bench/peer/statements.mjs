// SQL of the peer: one statement a level, as its loaders want it.

const MOMENT = (column) => `replace((${column} at time zone 'UTC')::text, ' ', 'T') || 'Z'`
const ID = (type, column) => `'${type}_' || replace(${column}::text, '-', '')`
const COMPUTER = `
  ${ID('Computer', 'id')} as id, coalesce(alias, hostname) as name, host_os as "hostOs", app_version as "appVersion",
  status, ${MOMENT('last_contact_at')} as "lastContactAt"`

export const ACCOUNT = 'select id as uuid, name from account where id = $1'

export const SUBSCRIPTIONS = `
  select asked.parent, sub.* from unnest($1::uuid[]) as asked(parent) cross join lateral (
    select id as uuid, ${ID('LicenseSubscription', 'id')} as id, name, quantity, expires_on::text as "expiresOn"
    from license_subscription where account_id = asked.parent order by name_key, license_subscription.id limit $2) as sub`

export const KEYS = `
  select asked.parent, key.* from unnest($1::uuid[]) as asked(parent) cross join lateral (
    select id as uuid, ${ID('LicenseKey', 'id')} as id, name, used
    from license_key where subscription_id = asked.parent order by name_key, license_key.id limit $2) as key`

export const INSTALLATIONS = `
  select asked.parent, leaf.* from unnest($1::uuid[]) as asked(parent) cross join lateral (
    select ${COMPUTER} from installation where license_key_id = asked.parent and status = $2
    order by name_key, installation.id limit $3) as leaf`

export const PAGE = `
  select count(*) over ()::int as total, ${COMPUTER}
  from installation where account_id = $1 and kind = 'COMPUTER' and status = $2
  and strpos(lychgate_search_text(alias, hostname, serial_number, note), $3) > 0
  order by last_contact_at desc, installation.id desc limit $4`

export const CHECK_IN = `
  with contact as (
    update installation set last_contact_at = $2, pending_change = null, app_version = $3, ip_addresses = $4
    where token_hash = $1 and kind = 'COMPUTER'
    returning id, account_id, license_key_id, product, status, machine
  )
  select contact.*, key.name as key_name, key.expires_on::text as key_ends_on, sub.kind, sub.not_for_resale,
    sub.expires_on::text as subscription_ends_on, product.check_in_days, coalesce(key.quota, sub.quantity) as licenses
  from contact join product on product.code = contact.product
  join license_key key on key.id = contact.license_key_id
  join license_subscription sub on sub.id = key.subscription_id`
