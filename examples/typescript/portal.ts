// A typed client: every operation's variables and answer have the types that GraphQL Code Generator made of
// schema.graphql and operations.graphql (tests/conformance/tools/codegen.json). It needs fetch, and nothing else.
//
//     node portal.js http://127.0.0.1:8000/graphql EMAIL PASSWORD ACCOUNT_ID

import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import { print } from "graphql";

import { SignInDocument, SubscriptionsDocument, type SubscriptionsQuery } from "./graphql.generated.js";

type Account = NonNullable<SubscriptionsQuery["account"]>;
type Subscription = Account["subscriptions"]["nodes"][number];

interface Answer<Data> {
  data?: Data | null;
  errors?: { message: string; extensions?: { code?: string } }[];
}

class Portal {
  #token: string | undefined;

  constructor(private readonly url: string) {}

  /** The data of one operation. Throws what the server says where it has none. */
  async ask<Data, Variables>(document: TypedDocumentNode<Data, Variables>, variables: Variables): Promise<Data> {
    const headers: Record<string, string> = {
      "content-type": "application/json",
      accept: "application/graphql-response+json",
    };
    if (this.#token !== undefined) headers["authorization"] = `Bearer ${this.#token}`;
    const body = JSON.stringify({ query: print(document), variables });
    const response = await fetch(this.url, { method: "POST", headers, body });
    const answer = (await response.json()) as Answer<Data>;
    if (answer.errors !== undefined || answer.data == null) {
      throw new Error(answer.errors?.map((error) => error.message).join("; ") ?? `HTTP ${response.status}`);
    }
    return answer.data;
  }

  /** Go on as this person. Throws what was refused. */
  async signIn(email: string, password: string): Promise<void> {
    const { signIn } = await this.ask(SignInDocument, { email, password });
    if (signIn.errors.length > 0) throw new Error(signIn.errors.map((error) => error.message).join("; "));
    if (signIn.sessionToken == null) throw new Error("this person signs in with two steps");
    this.#token = signIn.sessionToken;
  }

  /** All subscriptions of an account, page by page. */
  async *subscriptions(account: string): AsyncGenerator<Subscription> {
    let after: string | null = null;
    do {
      const found: SubscriptionsQuery = await this.ask(SubscriptionsDocument, { account, after });
      if (found.account == null) throw new Error("there is no such account for you");
      yield* found.account.subscriptions.nodes;
      const { hasNextPage, endCursor } = found.account.subscriptions.pageInfo;
      after = hasNextPage ? (endCursor ?? null) : null;
    } while (after !== null);
  }
}

const [url, email, password, account] = process.argv.slice(2);
if (url === undefined || email === undefined || password === undefined || account === undefined) {
  throw new Error("give URL, EMAIL, PASSWORD and ACCOUNT_ID");
}
const portal = new Portal(url);
await portal.signIn(email, password);
for await (const { name, product, quantity, status, expiresOn } of portal.subscriptions(account)) {
  console.log(`${name}: ${quantity} ${product.unit} of ${product.name}, ${status} until ${expiresOn ?? "ever"}`);
}
