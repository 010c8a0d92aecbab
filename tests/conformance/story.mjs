// What the clients' stories share: whom they are, what makes an event, and when the portal has noticed them.
export const story = JSON.parse(process.env.STORY);
export const authorization = `Bearer ${story.token}`;
export const EVENTS = `subscription Events($account: ID!, $after: Cursor) {
  accountEvents(accountId: $account, after: $after) { sequence cursor summary } }`;
export const RENAME = `mutation Rename($input: RenameSubscriptionInput!) {
  renameSubscription(input: $input) { subscription { id name } errors { code path } } }`;
let names = 0;

// One event each, by nobody's client.
export async function happen(count) {
  for (let turn = 0; turn < count; turn++) {
    const input = { subscriptionId: story.subscription, name: `Name ${++names}` };
    const answer = await fetch(story.url, {
      method: "POST",
      headers: { authorization, "content-type": "application/json" },
      body: JSON.stringify({ query: RENAME, variables: { input } }),
    });
    const { data } = await answer.json();
    if (data.renameSubscription.errors.length) throw new Error(JSON.stringify(data));
  }
}

export async function listening(count) {
  for (;;) {
    const live = await (await fetch(new URL("/dev/live", story.url))).json();
    if (live.subscriptions === count && live.catchingUp === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export function eachOnce(name, heard, count) {
  const numbers = heard.map((event) => event.sequence);
  const expected = numbers.map((_, place) => numbers[0] + place);
  if (numbers.length !== count || String(numbers) !== String(expected)) throw new Error(`${name}: ${numbers}`);
}

// Ends the process after so many seconds without an outcome; the answer calls that off.
export function within(seconds) {
  const giveUp = setTimeout(async () => {
    const live = await (await fetch(new URL("/dev/live", story.url))).text();
    console.error(`nothing came for too long; the portal says ${live}`);
    process.exit(1);
  }, seconds * 1000);
  return () => clearTimeout(giveUp);
}
