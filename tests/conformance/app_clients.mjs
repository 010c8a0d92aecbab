// Apollo Client and urql, as an app has them: queries, mutations, errors, files, and subscriptions that drop and
// resume over websockets and event streams; exits with 1 unless all of them understand all of it.
import assert from "node:assert/strict";

import { ApolloClient, ApolloLink, InMemoryCache, gql as apolloGql } from "@apollo/client/core";
import { CombinedGraphQLErrors } from "@apollo/client/errors";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { Client, fetchExchange, subscriptionExchange } from "@urql/core";
import UploadHttpLink from "apollo-upload-client/UploadHttpLink.mjs";
import { print } from "graphql";
import { createClient as createSse } from "graphql-sse";
import { createClient as createWs } from "graphql-ws";
import { Observable } from "rxjs";
import WebSocket from "ws";

import { EVENTS, RENAME, authorization, eachOnce, happen, listening, story, within } from "./story.mjs";

const VIEWER = "query Viewer { viewer { person { email } } }";
const UNKNOWN = "query Unknown { viewer { shoeSize } }";
const TICKET = `mutation Ticket($input: CreateTicketInput!) { createTicket(input: $input) {
  message { attachments { filename sizeBytes url } } errors { code path } } }`;
// Files ask for it of every client: no form of another site can send such a header.
const headers = { authorization, "graphql-preflight": "1" };

const live = {
  ws: () =>
    createWs({
      url: story.url.replace("http", "ws"),
      webSocketImpl: WebSocket,
      connectionParams: { authorization },
      retryAttempts: 0,
    }),
  sse: () => createSse({ url: story.url, headers: { authorization }, retryAttempts: 0 }),
};

// What has come of a subscription, to be waited for.
class Heard {
  constructor() {
    this.values = [];
    this.wake = () => {};
  }

  add(value) {
    this.values.push(value);
    this.wake();
  }

  async next() {
    while (!this.values.length) await new Promise((resolve) => (this.wake = resolve));
    return this.values.shift();
  }

  async take(count) {
    const events = [];
    for (let turn = 0; turn < count; turn++) {
      const { data, codes } = await this.next();
      assert.deepEqual(codes, []);
      events.push(data.accountEvents);
    }
    return events;
  }
}

// ------------------------------------------------------------ the clients, all with one face

const apolloCodes = (error) => {
  if (!error) return [];
  return CombinedGraphQLErrors.is(error) ? error.errors.map((each) => each.extensions?.code) : [String(error)];
};

function apollo(transport) {
  const way = live[transport]();
  const http = new UploadHttpLink({ uri: story.url, headers });
  const stream =
    transport === "ws"
      ? new GraphQLWsLink(way)
      : new ApolloLink(
          ({ query, ...operation }) =>
            new Observable((sink) => way.subscribe({ ...operation, query: print(query) }, sink)),
        );
  const link = ApolloLink.split((operation) => operation.operationType === "subscription", stream, http);
  const errorPolicy = { errorPolicy: "all", fetchPolicy: "no-cache" };
  const client = new ApolloClient({
    link,
    cache: new InMemoryCache(),
    defaultOptions: { query: errorPolicy, mutate: errorPolicy },
  });
  const plain = ({ data, error }) => ({ data, codes: apolloCodes(error) });
  return {
    query: async (text, variables) => plain(await client.query({ query: apolloGql(text), variables })),
    mutate: async (text, variables) => plain(await client.mutate({ mutation: apolloGql(text), variables })),
    subscribe(text, variables) {
      const heard = new Heard();
      const asked = client.subscribe({ query: apolloGql(text), variables, errorPolicy: "all" });
      asked.subscribe({ next: (value) => heard.add(plain(value)), error: (error) => heard.add(plain({ error })) });
      return heard;
    },
    drop: () => (way.terminate ?? way.dispose)(),
  };
}

function urql(transport) {
  const way = live[transport]?.();
  const forward = subscriptionExchange({
    forwardSubscription: ({ query, variables }) => ({
      subscribe: (sink) => ({ unsubscribe: way.subscribe({ query, variables }, sink) }),
    }),
  });
  const client = new Client({
    url: story.url,
    fetchOptions: { headers },
    exchanges: way ? [fetchExchange, forward] : [fetchExchange],
    // Without a library for it urql reads event streams by itself.
    fetchSubscriptions: !way,
  });
  const plain = ({ data, error }) => ({
    data,
    codes: !error
      ? []
      : error.graphQLErrors.length
        ? error.graphQLErrors.map((each) => each.extensions?.code)
        : [String(error)],
  });
  const ends = [];
  return {
    query: async (text, variables) => plain(await client.query(text, variables).toPromise()),
    mutate: async (text, variables) => plain(await client.mutation(text, variables).toPromise()),
    subscribe(text, variables) {
      const heard = new Heard();
      const asked = client.subscription(text, variables).subscribe((value) => heard.add(plain(value)));
      ends.push(asked.unsubscribe);
      return heard;
    },
    drop: () => (way ? (way.terminate ?? way.dispose)() : ends.forEach((end) => end())),
  };
}

// ------------------------------------------------------------ what each of them must manage

async function asksAndChanges(client) {
  const { data, codes } = await client.query(VIEWER, {});
  assert.deepEqual([codes, data?.viewer.person.email], [[], story.email]);

  const input = { subscriptionId: story.subscription, name: "Named by an app" };
  const renamed = (await client.mutate(RENAME, { input })).data.renameSubscription;
  assert.deepEqual([renamed.subscription.name, renamed.errors], [input.name, []]);

  // What people may mend is data; what the app got wrong is an error with a code.
  const refused = (await client.mutate(RENAME, { input: { ...input, name: "x".repeat(1000) } })).data;
  assert.equal(refused.renameSubscription.errors[0].code, "INVALID");
  assert.deepEqual((await client.query(UNKNOWN, {})).codes, ["BAD_USER_INPUT"]);
}

async function sendsFiles(client) {
  const text = "What the screen said\n";
  const input = {
    accountId: story.account,
    product: "DESKTOP",
    categoryId: story.category,
    subject: "No network",
    description: "The machine has no network.",
    attachments: [new File([text], "screen.txt", { type: "text/plain" })],
  };
  const { data, codes } = await client.mutate(TICKET, { input });
  assert.deepEqual([codes, data?.createTicket.errors], [[], []]);
  const [sent] = data.createTicket.message.attachments;
  assert.deepEqual([sent.filename, sent.sizeBytes], ["screen.txt", text.length]);
  assert.equal(await (await fetch(new URL(sent.url, story.url))).text(), text);
}

async function isToldWhatItMayNotHear(client) {
  const { codes } = await client.subscribe(EVENTS, { account: story.foreign }).next();
  assert.equal(codes.length, 1);
  assert.match(codes[0], /^[A-Z_]+$/);
}

async function dropsAndResumes(name, make, first) {
  const heard = [];
  const account = story.account;
  const before = first.subscribe(EVENTS, { account });
  await listening(1);
  await happen(3);
  heard.push(...(await before.take(3)));
  first.drop();
  await listening(0);

  await happen(3);
  const second = make();
  const after = second.subscribe(EVENTS, { account, after: heard.at(-1).cursor });
  heard.push(...(await after.take(3)));
  await listening(1);
  await happen(2);
  heard.push(...(await after.take(2)));
  second.drop();
  await listening(0);
  eachOnce(name, heard, 8);
}

async function manages(name, make) {
  const done = within(30);
  const client = make();
  await asksAndChanges(client);
  await sendsFiles(client);
  await dropsAndResumes(name, make, client);
  const stranger = make();
  await isToldWhatItMayNotHear(stranger);
  stranger.drop();
  await listening(0);
  done();
  console.log(`${name}: query, mutation, errors, a file, 8 events, each once and in order, over two connections`);
}

await manages("Apollo Client with graphql-ws", () => apollo("ws"));
await manages("Apollo Client with graphql-sse", () => apollo("sse"));
await manages("urql with graphql-ws", () => urql("ws"));
await manages("urql with graphql-sse", () => urql("sse"));
await manages("urql by itself", () => urql("fetch"));
// Connections that are kept alive for more requests would keep the process.
process.exit(0);
