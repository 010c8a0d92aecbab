// The real graphql-ws and graphql-sse clients: subscribe, drop, resume; exits with 1 unless every event came once.
import { createClient as createSse } from "graphql-sse";
import { createClient as createWs } from "graphql-ws";
import WebSocket from "ws";

import { EVENTS, authorization, eachOnce, happen, listening, story, within } from "./story.mjs";

const { url, account } = story;

async function take(events, count, heard) {
  for (let turn = 0; turn < count; turn++) {
    const { value, done } = await events.next();
    if (done || value.errors) throw new Error(`ended: ${JSON.stringify(value)}`);
    heard.push(value.data.accountEvents);
  }
}

async function cycle(name, make) {
  const heard = [];
  let client = make({});
  let events = client.iterate({ query: EVENTS, variables: { account } });
  // It begins with the first `next`, which waits for an event.
  const first = take(events, 1, heard);
  await listening(1);
  await happen(3);
  await first;
  await take(events, 2, heard);
  client.dispose();
  await listening(0);

  await happen(3);
  const cursor = heard.at(-1).cursor;
  client = make({});
  events = client.iterate({ query: EVENTS, variables: { account, after: cursor } });
  await take(events, 3, heard);
  await happen(2);
  await take(events, 2, heard);
  // Dropped without a word, as by a lost network, where the client knows how.
  (client.terminate ?? client.dispose)();
  await listening(0);

  await happen(2);
  client = make({ "last-event-id": heard.at(-1).cursor });
  const variables = name === "graphql-sse" ? { account } : { account, after: heard.at(-1).cursor };
  events = client.iterate({ query: EVENTS, variables });
  await take(events, 2, heard);
  client.dispose();
  await listening(0);

  eachOnce(name, heard, 10);
  console.log(`${name}: ${heard.length} events, each once and in order, over three connections`);
}

const done = within(30);
await cycle("graphql-ws", () =>
  createWs({
    url: url.replace("http", "ws"),
    webSocketImpl: WebSocket,
    connectionParams: { authorization },
    retryAttempts: 0,
  }),
);
await cycle("graphql-sse", (headers) =>
  createSse({ url, headers: { authorization, ...headers }, retryAttempts: 0 }),
);
done();
