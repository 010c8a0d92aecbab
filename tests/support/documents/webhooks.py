"""Webhooks."""

from tests.support.documents.making import mutation

WEBHOOK = "webhook { id url types enabled disabledReason publicKey createdAt }"

MUTATIONS = {
    "createWebhook": mutation("createWebhook", f"{WEBHOOK} secret"),
    "updateWebhook": mutation("updateWebhook", f"{WEBHOOK} secret"),
    "deleteWebhook": mutation("deleteWebhook", f"{WEBHOOK} secret"),
    "redeliverWebhook": mutation("redeliverWebhook", f"{WEBHOOK} secret"),
    "redeliverWebhooks": mutation("redeliverWebhooks", f"{WEBHOOK} count"),
    "rotateWebhookSecret": mutation("rotateWebhookSecret", f"{WEBHOOK} secret"),
}
