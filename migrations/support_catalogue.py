"""What support requests are about, product by product, with the topics that most people ask for (SUP-1).

Product -> category -> subcategory -> popular topics (title, text). Positions are those in these lists.
"""

CATALOGUE = {
    "DESKTOP": {
        "Installation and activation": {
            "Activation": [
                (
                    "Activate Desktop with a licence key",
                    "Open Desktop, choose Account & License, and enter the key that your administrator gave you. The computer needs a connection to the licensing service for this step. A green mark says that the licence was accepted; the key's free licences go down by one.",
                ),
                (
                    "“No licences left” when activating",
                    "All licences of the key are in use. Ask an account administrator to deactivate computers that are no longer needed, to raise the key's quota, or to buy more licences. A licence is free as soon as a computer is deactivated in the portal.",
                ),
            ],
            "Mass deployment": [
                (
                    "Deploy Desktop to many computers",
                    "Invite users to install from the licence key's page: each gets a download link and an activation code of their own. For device management tools, put the key into the deployment package's configuration file instead, and roll the package out as usual.",
                ),
            ],
        },
        "Virtual machines": {
            "Performance": [
                (
                    "A virtual machine is slow",
                    "Give it half of the host's memory and processor cores, not more: the host needs the rest. Keep at least 20 GB free on the host's disk, and turn off snapshots that are taken on a schedule while you measure.",
                ),
            ],
            "Network and sharing": [
                (
                    "The virtual machine has no network",
                    "Choose Shared Network first: it works wherever the host has a connection. Bridged networks need an adapter that allows several addresses, which many wireless networks don't. VPN software on the host may have to be restarted afterwards.",
                ),
            ],
        },
        "Licences and billing": {
            "Moving a licence": [
                (
                    "Move a licence to another computer",
                    "Deactivate the old computer in the portal: its licence is free at once, and Desktop stops there at its next check-in. Then activate the new computer with the same key. Nothing has to be uninstalled first.",
                ),
            ],
            "Check-in": [
                (
                    "How often does a computer have to check in?",
                    "At least every 7 days. A computer that has been offline for longer goes on as soon as it reaches the licensing service again. The date of the last contact is shown in the list of computers.",
                ),
            ],
        },
    },
    "RAS": {
        "Farm and licensing": {
            "Activating a farm": [
                (
                    "Activate a farm with a licence key",
                    "In the console, open Administration, Licensing, and choose Activate using a licence key. One key runs one farm: deactivate the old farm first if the key is in use. A key's farm can be changed three times; after that support can reset the counter.",
                ),
            ],
            "Too many users": [
                (
                    "What happens when more users connect than were bought?",
                    "The farm goes on working for 7 days from the first report above the limit. After that it works while no more users are connected than were bought, and is suspended when they are. Buying more licences ends the overuse at once.",
                ),
                (
                    "Which connections need a licence?",
                    "Each user counts once, however many devices or connections they use. Connections by administrators to desktops are free for the first two on each session host.",
                ),
            ],
        },
        "Publishing": {
            "Applications": [
                (
                    "A published application does not start",
                    "Check that the session host is healthy in the console, that the application's path exists there, and that the user may log on to that host. The agent's log on the host names the reason.",
                ),
            ],
            "Printing": [
                (
                    "Printers are missing in a session",
                    "Enable universal printing for the session host and for the client's policy, then reconnect. Drivers with special functions have to be installed on the host.",
                ),
            ],
        },
        "Gateways and security": {
            "Certificates": [
                (
                    "Replace the gateway's certificate",
                    "Import the new certificate with its private key under Farm, Certificates, assign it to the gateways, and let them restart outside of working hours. Clients that pinned the old certificate have to be told.",
                ),
            ],
            "Multi-factor authentication": [
                (
                    "Require a second factor at sign-in",
                    "Add the provider under Connection, Authentication, and restrict it to the groups that must use it. Keep one administrator exempt until the first sign-in with the provider has worked.",
                ),
            ],
        },
    },
    "DEVICE_MANAGEMENT_MAC": {
        "Enrolment": {
            "Enrolling Mac computers": [
                (
                    "Enrol a Mac computer",
                    "Discover the Mac by network scan or send its user the enrolment link. The user needs an administrator's password on that Mac once. The computer appears in the console after its first inventory, which takes up to 15 minutes.",
                ),
            ],
            "Push certificate": [
                (
                    "Renew the push certificate",
                    "Make a signing request in the console, have it signed in the portal, upload it to the push certificates portal with the same account as last year, and load the new certificate into the console. With another account every device has to be enrolled again.",
                ),
            ],
        },
        "Proxy server": {
            "Activation": [
                (
                    "Activate the proxy server with a Mac key",
                    "Open the configuration program, choose Licence, and enter the key. A key of the other type is refused: Mac computers and mobile devices have keys of their own, and a proxy server may have both.",
                ),
            ],
            "Offline use": [
                (
                    "Activate a proxy server without internet access",
                    "Offline use has to be enabled for the subscription. Export the request file on the proxy server, upload it in the portal, and load the licence file that you get back. Request files are good for 7 days.",
                ),
            ],
        },
        "Software and compliance": {
            "Software delivery": [
                (
                    "Deploy a package to Mac computers",
                    "Import the package as an application, choose the deployment type for macOS, and deploy it to a collection. The user sees it in the software catalogue, or it is installed silently if the deployment is required.",
                ),
            ],
            "Disk encryption": [
                (
                    "Find a recovery key",
                    "Open the computer's properties in the console and choose the recovery key. Each look is recorded. A new key is made and escrowed after it was used.",
                ),
            ],
        },
    },
    "DEVICE_MANAGEMENT_MOBILE": {
        "Enrolment": {
            "Enrolling mobile devices": [
                (
                    "Enrol an iPhone or iPad",
                    "Send the enrolment link to the user, or assign the device in Apple's business portal so that it enrols when it is set up. A device that was enrolled elsewhere must be removed there first.",
                ),
            ],
            "Apple tokens": [
                (
                    "A server token has expired",
                    "Download a new token from Apple's business portal and load it into the console within 30 days. Assignments are kept.",
                ),
            ],
        },
        "Policies": {
            "Restrictions": [
                (
                    "A profile is not installed on a device",
                    "Look at the device's pending commands in the console. A locked device takes profiles only after it was unlocked once since its last restart.",
                ),
            ],
            "Lost devices": [
                (
                    "Lock or wipe a lost device",
                    "Choose the device and then Lock or Wipe. The command is delivered as soon as the device is online. A wiped device frees its licence with the next usage report.",
                ),
            ],
        },
        "Licences": {
            "Usage": [
                (
                    "How are managed devices counted?",
                    "Each enrolled device counts once. The proxy server reports the number weekly; more devices than were bought keep working, and administrators get an alert.",
                ),
            ],
            "Moving the proxy server": [
                (
                    "Move the proxy server to another machine",
                    "Deactivate the old proxy server, online or with a deactivation file, and activate the new one with the same key. Devices follow when the server's name stays the same.",
                ),
            ],
        },
    },
    "ACCESS": {
        "Remote access": {
            "Connecting": [
                (
                    "A remote computer is shown as offline",
                    "See that the computer is awake, that its agent is running and signed in to the same account, and that the firewall lets it connect outward on port 443.",
                ),
            ],
            "Sound and display": [
                (
                    "No sound from the remote computer",
                    "Sound is carried when the remote computer has an output device. On servers add a virtual one, then reconnect.",
                ),
            ],
        },
        "Accounts and licences": {
            "Packs": [
                (
                    "How many computers does a pack allow?",
                    "Five. Packs are added at any time during the subscription, and fewer can be chosen when it is renewed.",
                ),
            ],
            "Renewal": [
                (
                    "Renew Access for Business",
                    "Open the subscription and choose Renew, or follow the link in the announcement. A year is added to the present end date, so nothing is lost by renewing early.",
                ),
            ],
        },
        "Security": {
            "Permissions": [
                (
                    "Restrict who may reach a computer",
                    "Give users their own groups in the portal and allow each group only the computers that it needs. A change takes effect for new connections.",
                ),
            ],
            "Audit": [
                (
                    "See who was connected to a computer",
                    "The session list shows user, computer, start, and end of each connection for the last 90 days, and can be exported.",
                ),
            ],
        },
    },
    "SECURE_WORKSPACE": {
        "Environment": {
            "Deployment": [
                (
                    "Requirements of an environment",
                    "Plan one appliance for every 100 concurrent users, with 4 processor cores and 8 GB of memory each, plus access to the directory and to the application servers.",
                ),
            ],
            "Upgrade": [
                (
                    "Upgrade an environment",
                    "Take a snapshot, then choose the new version under System Settings, Services. Users are signed out for about ten minutes. Read the release notes first: some versions must not be skipped.",
                ),
            ],
        },
        "Sign-in": {
            "Directory": [
                (
                    "Users of the directory can't sign in",
                    "Check host name, base DN and bind user of the domain, and that the clocks of appliance and directory differ by less than five minutes.",
                ),
            ],
            "Single sign-on": [
                (
                    "Set up single sign-on with an identity provider",
                    "Exchange the metadata of both sides, map the name attribute to the user name, and test in a private window before you enforce it.",
                ),
            ],
        },
        "Licences": {
            "From Awingu": [
                (
                    "Exchange an Awingu licence for a new key",
                    "Sign up with the address that was registered with Awingu: your organisation and its new keys are there at once. Codes that were never registered are exchanged with Exchange a legacy key.",
                ),
            ],
            "Users": [
                (
                    "How are concurrent users counted?",
                    "A user counts once while at least one session is open, on however many devices.",
                ),
            ],
        },
    },
}
