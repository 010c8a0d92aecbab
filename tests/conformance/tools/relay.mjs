// Fragments as Relay's users write them: refetched by `node`, paged by connections.
import { graphql } from "react-relay";

export const computers = graphql`
  fragment relay_computers on LicenseKey
  @refetchable(queryName: "relayComputersPageQuery")
  @argumentDefinitions(first: { type: "Int", defaultValue: 2 }, after: { type: "String" }) {
    name
    installations(first: $first, after: $after) @connection(key: "relay_installations") {
      edges {
        node {
          id
          name
        }
      }
    }
  }
`;

export const key = graphql`
  query relayKeyQuery($id: ID!) {
    node(id: $id) {
      ... on LicenseKey @alias(as: "key") {
        ...relay_computers
      }
    }
  }
`;

export const events = graphql`
  subscription relayEventsSubscription($account: ID!) {
    accountEvents(accountId: $account) {
      id
      cursor
      summary
    }
  }
`;

export const rename = graphql`
  mutation relayRenameMutation($input: RenameSubscriptionInput!) {
    renameSubscription(input: $input) {
      subscription {
        id
        name
      }
      errors {
        __typename
        code
        path
        message
      }
    }
  }
`;
