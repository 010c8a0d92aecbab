"""Operations on computers, invitations, exports and releases."""

from tests.support.documents.making import mutation

_COMPUTER = """id name status pendingChange note licenseExpiresOn appVersion activatedAt lastContactAt
    licenseKey { id name used } ... on Computer { alias hostname hostOs
        hardware { serialNumber macAddresses ipAddresses } }"""
_INVITATION = """id email language activationCode downloadUrl state sentAt expiresAt
    usedBy { id name } licenseKey { id }"""

MUTATIONS = {
    "updateInstallation": mutation("updateInstallation", f"installation {{ {_COMPUTER} }}"),
    "blacklistComputers": mutation(
        "blacklistComputers", f"installations {{ {_COMPUTER} }}", "BulkInstallationsInput"
    ),
    "unblacklistComputers": mutation(
        "unblacklistComputers", f"installations {{ {_COMPUTER} }}", "BulkInstallationsInput"
    ),
    "moveInstallations": mutation("moveInstallations", f"installations {{ {_COMPUTER} }}"),
    "exportInstallations": mutation("exportInstallations", "url"),
    "sendInstallInvitations": mutation(
        "sendInstallInvitations",
        f"accepted invitations(first: 100) {{ totalCount nodes {{ {_INVITATION} }} }}",
    ),
    "revokeInstallInvitations": mutation("revokeInstallInvitations", f"invitations {{ {_INVITATION} }}"),
    "exportInstallInvitations": mutation("exportInstallInvitations", "url"),
    "publishRelease": mutation(
        "publishRelease",
        """release { version name releasedOn notes files { name platform sizeBytes sha256 url }
            documents { title url } }""",
    ),
}
COMPUTERS = f"""query ($account: ID!, $filter: InstallationFilter, $order: InstallationOrder, $first: Int,
    $after: String) {{ account(id: $account) {{ ... on BusinessAccount {{
    computers(filter: $filter, orderBy: $order, first: $first, after: $after) {{
        totalCount nodes {{ {_COMPUTER} }} pageInfo {{ hasNextPage endCursor }} }} }} }} }}"""
OF_KEY = f"""query ($key: ID!, $filter: InstallationFilter, $order: InstallationOrder, $first: Int,
    $after: String) {{ node(id: $key) {{ ... on LicenseKey {{ used available
    installations(filter: $filter, orderBy: $order, first: $first, after: $after) {{
        totalCount nodes {{ {_COMPUTER} }} pageInfo {{ hasNextPage endCursor }} }} }} }} }}"""
INVITATIONS = f"""query ($key: ID!, $state: InstallInvitationState, $first: Int, $after: String) {{
    node(id: $key) {{ ... on LicenseKey {{
    installInvitations(state: $state, first: $first, after: $after) {{
        totalCount nodes {{ {_INVITATION} }} pageInfo {{ hasNextPage endCursor }} }} }} }} }}"""
NODE = f"query ($id: ID!) {{ node(id: $id) {{ __typename ... on Installation {{ {_COMPUTER} }} }} }}"
