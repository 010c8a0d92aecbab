// Every schema rule of GraphQL ESLint and every Relay rule, but for what is argued here. The contract
// (docs/contract.graphql) is given: where it decides, the rule gives way.
import graphql from "@graphql-eslint/eslint-plugin";

const all = { ...graphql.configs["flat/schema-all"].rules, ...graphql.configs["flat/schema-relay"].rules };

const argued = {
  // The contract's order tells what matters first: its readers are people.
  "@graphql-eslint/alphabetize": "off",
  // Mutations and subscriptions are what the portal is for.
  "@graphql-eslint/no-root-type": "off",
  // Root payloads are never null: what is expected to fail stands in `errors`, beside what was found
  // (docs/decisions/0005). A payload that may be null would say the same twice.
  "@graphql-eslint/require-nullable-result-in-root": "off",
  // A payload shows what the mutation changed; whoever wants more sends a second operation.
  "@graphql-eslint/require-field-of-type-query-in-mutation-result": "off",
  // `Release.releasedOn` is the contract's name: the day, not the release's `releasedOn`.
  "@graphql-eslint/no-typename-prefix": "off",
  // Only what `node` finds has an ID. Payloads, pages, errors, settings and figures are no things of their own.
  "@graphql-eslint/strict-id-in-types": "off",
  // Lists go forward only: one keyset, one direction, whatever its length (docs/decisions/0006).
  "@graphql-eslint/relay-arguments": ["error", { includeBoth: false }],
  // Short lists that have an end (an account's product cards, a payload's errors) are lists, not pages;
  // and every connection has `nodes` beside `edges`, by the contract.
  "@graphql-eslint/relay-edge-types": [
    "error",
    { withEdgeSuffix: true, shouldImplementNode: false, listTypeCanWrapOnlyEdgeType: false },
  ],
};

export default [
  {
    files: ["**/*.graphql"],
    languageOptions: {
      parser: graphql.parser,
      parserOptions: { graphQLConfig: { schema: "./schema.graphql" } },
    },
    plugins: { "@graphql-eslint": graphql },
    rules: { ...all, ...argued },
  },
];
