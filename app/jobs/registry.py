"""Everything that background work does, by name. `work.enqueue(name)` wakes one of these."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from app.domain.application import App
from app.domain.mails.commands import SEND_JOB
from app.jobs import (
    deliver_webhooks,
    expire_keys,
    fold_tallies,
    forget_exports,
    forget_mails,
    forget_offline_requests,
    keep_event_months,
    remind_subscriptions,
    renew_subscriptions,
    run_transfers,
    send_mail,
    sweep_files,
    sweep_sign_ins,
    tidy_queue,
    trim_usage,
    trim_webhooks,
    validate_farms,
)

EACH_MINUTE: Final = "* * * * *"
EACH_HOUR: Final = "17 * * * *"


@dataclass(frozen=True, slots=True)
class Job:
    """One kind of background work.

    `run` does all that is due by the application's clock and in nobody's hands, and says how
    many items that were; each item is claimed by a lock that others skip, and done in a Work
    of its own (mails: with a few others), so that a second run, or a run on another node, does nothing twice.
    `due` counts what is due, items in somebody's hands included.
    """

    run: Callable[[App], Awaitable[int]]
    due: Callable[[App], Awaitable[int]]
    schedule: str = EACH_MINUTE


JOBS: Final[dict[str, Job]] = {
    deliver_webhooks.NAME: Job(deliver_webhooks.run, deliver_webhooks.due),
    fold_tallies.NAME: Job(fold_tallies.run, fold_tallies.due),
    forget_exports.NAME: Job(forget_exports.run, forget_exports.due, EACH_HOUR),
    forget_offline_requests.NAME: Job(forget_offline_requests.run, forget_offline_requests.due, EACH_HOUR),
    forget_mails.NAME: Job(forget_mails.run, forget_mails.due, EACH_HOUR),
    expire_keys.NAME: Job(expire_keys.run, expire_keys.due),
    remind_subscriptions.NAME: Job(remind_subscriptions.run, remind_subscriptions.due),
    renew_subscriptions.NAME: Job(renew_subscriptions.run, renew_subscriptions.due),
    run_transfers.NAME: Job(run_transfers.run, run_transfers.due),
    SEND_JOB: Job(send_mail.run, send_mail.due),
    sweep_files.NAME: Job(sweep_files.run, sweep_files.due),
    sweep_sign_ins.NAME: Job(sweep_sign_ins.run, sweep_sign_ins.due),
    "tidy_queue": Job(tidy_queue.run, tidy_queue.due, EACH_HOUR),
    trim_usage.NAME: Job(trim_usage.run, trim_usage.due, EACH_HOUR),
    trim_webhooks.NAME: Job(trim_webhooks.run, trim_webhooks.due, EACH_HOUR),
    keep_event_months.NAME: Job(keep_event_months.run, keep_event_months.due, EACH_HOUR),
    validate_farms.NAME: Job(validate_farms.run, validate_farms.due),
}
