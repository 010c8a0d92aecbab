// Mercurius with JIT over the portal's tables: `node server.mjs PORT DATABASE KEY ISSUER`.
// No sign-in, no row-level security, no limits: a peer in speed alone.

import { createHash, createPrivateKey, createPublicKey, randomBytes, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import Fastify from 'fastify'
import mercurius from 'mercurius'
import pg from 'pg'
import { schema } from './schema.mjs'
import * as sql from './statements.mjs'

const [port, database, keyFile, issuer] = process.argv.slice(2)
const DAY = 24 * 3600 * 1000

// ---- PostgreSQL: 8 connections and prepared statements, as the others have

const pool = new pg.Pool({ connectionString: database, max: 8 })
const names = new Map(Object.entries(sql).map(([name, text]) => [text, name]))
const rowsOf = async (text, ...values) => (await pool.query({ name: names.get(text), text, values })).rows

const uuidOf = (id) => id.slice(id.indexOf('_') + 1)

/** One statement for all parents that ask for the same number of rows; their rows, parent by parent. */
async function children (text, queries, ...more) {
  const found = new Map(queries.map(({ obj }) => [obj.uuid, []]))
  for (const row of await rowsOf(text, [...found.keys()], ...more)) found.get(row.parent).push(row)
  return queries.map(({ obj }) => ({ nodes: found.get(obj.uuid) }))
}

// ---- licences, signed as the portal signs them (docs/formats.md)

const key = createPrivateKey(readFileSync(keyFile))
const { crv, kty, x } = createPublicKey(key).export({ format: 'jwk' })
const kid = createHash('sha256').update(JSON.stringify({ crv, kty, x })).digest('base64url')
const header = Buffer.from(JSON.stringify({ alg: 'EdDSA', typ: 'lychgate-license+jws', kid })).toString('base64url')

function licence (payload) {
  const signed = `${header}.${Buffer.from(JSON.stringify(payload)).toString('base64url')}`
  const token = `${signed}.${sign(null, Buffer.from(signed), key).toString('base64url')}`
  const lines = Buffer.from(token).toString('base64').match(/.{1,64}/g)
  return ['-----BEGIN LYCHGATE LICENSE-----', ...lines, '-----END LYCHGATE LICENSE-----', ''].join('\n')
}

// ---- resolvers

async function checkIn (_, { input }) {
  const now = new Date()
  const hash = createHash('sha256').update(input.installationToken).digest()
  const [row] = await rowsOf(sql.CHECK_IN, hash, now, input.appVersion, ['127.0.0.1'])
  const due = new Date(now.getTime() + row.check_in_days * DAY)
  const ends = Date.parse(row.key_ends_on) + DAY
  const until = Math.floor(Math.min(due.getTime(), ends) / 1000)
  const payload = {
    iss: issuer,
    jti: randomBytes(16).toString('hex'),
    iat: Math.floor(now.getTime() / 1000),
    exp: until,
    sub: `Computer_${row.id.replaceAll('-', '')}`,
    account: `BusinessAccount_${row.account_id.replaceAll('-', '')}`,
    product: row.product,
    keyName: row.key_name,
    licenses: row.licenses,
    kind: row.kind,
    notForResale: row.not_for_resale,
    fingerprint: row.machine,
    offline: false,
    subscriptionEndsOn: row.subscription_ends_on
  }
  const validUntil = new Date(until * 1000).toISOString()
  return { state: row.status, license: licence(payload), validUntil, nextCheckInBy: due.toISOString(), errors: [] }
}

const resolvers = {
  Query: {
    async account (_, { id }) {
      const [row] = await rowsOf(sql.ACCOUNT, uuidOf(id))
      return row && { __typename: 'BusinessAccount', id, ...row }
    }
  },
  BusinessAccount: {
    async computers (account, { first, filter }) {
      const rows = await rowsOf(sql.PAGE, account.uuid, filter.status, filter.search, first + 1)
      const nodes = rows.slice(0, first)
      return { totalCount: rows[0]?.total ?? 0, pageInfo: { hasNextPage: rows.length > first }, nodes }
    }
  },
  Mutation: { checkIn },
  Subscription: {
    accountEvents: { subscribe: (_, { accountId }, { pubsub }) => pubsub.subscribe(uuidOf(accountId)) }
  }
}

const loaders = {
  BusinessAccount: {
    subscriptions: (queries) => children(sql.SUBSCRIPTIONS, queries, queries[0].params.first)
  },
  LicenseSubscription: {
    keys: (queries) => children(sql.KEYS, queries, queries[0].params.first)
  },
  LicenseKey: {
    installations: (queries) =>
      children(sql.INSTALLATIONS, queries, queries[0].params.filter.status, queries[0].params.first)
  }
}

const app = Fastify({ logger: false })
app.register(mercurius, { schema, resolvers, loaders, jit: 1, subscription: true })
// What the bench says has happened: events, each for all who follow its account.
app.post('/events', async (request) => {
  for (const { account, event } of request.body) {
    const accountEvents = { __typename: 'InstallationChanged', ...event }
    app.graphql.pubsub.publish({ topic: account, payload: { accountEvents } })
  }
  return {}
})
await app.listen({ port: Number(port), host: '127.0.0.1' })
