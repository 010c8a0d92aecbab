// What the benchmark's documents ask for, of the portal's schema.

export const schema = `
  enum InstallationStatus { ACTIVE DEACTIVATED }
  enum SortDirection { ASC DESC }
  enum ComputerOrderField { LAST_CONTACT_AT }
  input InstallationFilter { status: InstallationStatus }
  input ComputerFilter { status: InstallationStatus search: String }
  input ComputerOrder { field: ComputerOrderField! direction: SortDirection! }
  input CheckInInput { installationToken: String! appVersion: String! }

  type PageInfo { hasNextPage: Boolean! }
  type Error { code: String! message: String! }

  type Computer {
    id: ID!
    name: String!
    hostOs: String
    appVersion: String
    status: InstallationStatus!
    lastContactAt: String!
  }
  type InstallationConnection { nodes: [Computer!]! }
  type ComputerConnection { totalCount: Int! pageInfo: PageInfo! nodes: [Computer!]! }

  type LicenseKey { id: ID! name: String! used: Int! installations(first: Int!, filter: InstallationFilter): InstallationConnection! }
  type LicenseKeyConnection { nodes: [LicenseKey!]! }

  type LicenseSubscription {
    id: ID!
    name: String!
    quantity: Int!
    expiresOn: String
    keys(first: Int!): LicenseKeyConnection!
  }
  type LicenseSubscriptionConnection { nodes: [LicenseSubscription!]! }

  interface Account { id: ID! name: String! subscriptions(first: Int!): LicenseSubscriptionConnection! }
  type BusinessAccount implements Account {
    id: ID!
    name: String!
    subscriptions(first: Int!): LicenseSubscriptionConnection!
    computers(first: Int!, filter: ComputerFilter, orderBy: ComputerOrder): ComputerConnection!
  }

  type CheckInPayload {
    state: InstallationStatus
    license: String
    validUntil: String
    nextCheckInBy: String
    errors: [Error!]!
  }

  type EventActor { kind: String! name: String! }
  interface Event { sequence: Int! cursor: String! type: String! summary: String! occurredAt: String! actor: EventActor! }
  type InstallationChanged implements Event {
    sequence: Int!
    cursor: String!
    type: String!
    summary: String!
    occurredAt: String!
    actor: EventActor!
    installation: Computer!
  }

  type Query { account(id: ID!): Account }
  type Mutation { checkIn(input: CheckInInput!): CheckInPayload! }
  type Subscription { accountEvents(accountId: ID!): Event! }
`
