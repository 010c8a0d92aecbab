// The real graphql-ws and graphql-sse clients: subscribe, drop, resume; exits with 1 unless every event came once.
import { createClient as createSse } from "graphql-sse";
import { createClient as createWs } from "graphql-ws";
import WebSocket from "ws";

const { url, token, account, subscription } = JSON.parse(process.env.STORY);
const EVENTS = `subscription ($account: ID!, $after: Cursor) {
  accountEvents(accountId: $account, after: $after) { sequence cursor summary } }`;
const RENAME = `mutation ($input: RenameSubscriptionInput!) { renameSubscription(input: $input) { errors { code } } }`;
const authorization = `Bearer ${token}`;
const PATIENCE = 15_000;
let names = 0;

// One event each.
async function happen(count) {
  for (let turn = 0; turn < count; turn++) {
    const input = { subscriptionId: subscription, name: `Name ${++names}` };
    const answer = await fetch(url, {
      method: "POST",
      headers: { authorization, "content-type": "application/json" },
      body: JSON.stringify({ query: RENAME, variables: { input } }),
    });
    const { data } = await answer.json();
    if (data.renameSubscription.errors.length) throw new Error(JSON.stringify(data));
  }
}

async function listening(count) {
  for (;;) {
    const live = await (await fetch(new URL("/dev/live", url))).json();
    if (live.subscriptions === count && live.catchingUp === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

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

  const numbers = heard.map((event) => event.sequence);
  const expected = numbers.map((_, place) => numbers[0] + place);
  if (numbers.length !== 10 || String(numbers) !== String(expected)) throw new Error(`${name}: ${numbers}`);
  console.log(`${name}: ${numbers.length} events, each once and in order, over three connections`);
}

const giveUp = setTimeout(() => {
  console.error("nothing came for too long");
  process.exit(1);
}, PATIENCE * 2);
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
clearTimeout(giveUp);
