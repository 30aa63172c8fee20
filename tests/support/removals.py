"""What is taken away from Alice, who may become dev-read: every kind of removal there is."""

from datetime import UTC, datetime, timedelta

from accounts.models import Person, WebSession
from brokers import catalogue
from brokers.errors import ChangedMeanwhile, Stopped, TargetNotAccessible
from brokers.models import Association, AwsAccount, Target
from core.installation import STOP_SWITCH_ITEM, Installation

DEV = "dev-read"
ALICE = "local:alice"
DEVELOPERS = "local:developers"


def stop_all() -> None:
    Installation.update_item(STOP_SWITCH_ITEM, actions=[Installation.stopped.set(True)])


def lose_switch() -> None:
    Installation.delete_item(STOP_SWITCH_ITEM)


def stop_account() -> None:
    account = AwsAccount.find("222222222222")
    account.stopped = True
    catalogue.edit(lambda writes: writes.save(account), accounts=["222222222222"])


def forget_that_the_account_runs() -> None:
    AwsAccount.update_item("222222222222", actions=[AwsAccount.stopped.remove()])


def disable_person() -> None:
    Person.update_item(ALICE, actions=[Person.disabled.set(True)])


def start_epoch() -> None:
    Person.update_item(ALICE, actions=[Person.epoch.add(1)])


def leave_group() -> None:
    Person.update_item(ALICE, actions=[Person.groups.set(["local:analysts"])])


def delete_person() -> None:
    Person.delete_item(ALICE)


def disable_target() -> None:
    Target.update_item(DEV, actions=[Target.state.set("disabled")])


def edit_target() -> None:
    target = Target.find(DEV)
    target.title = "Edited"
    catalogue.edit(lambda writes: writes.save(target), DEV)


def remove_association() -> None:
    association = Association.find(DEV, DEVELOPERS)
    catalogue.edit(lambda writes: writes.delete(association), DEV)


def shorten_association() -> None:
    association = Association.find(DEV, DEVELOPERS)
    association.until = datetime.now(UTC) + timedelta(hours=2)
    catalogue.edit(lambda writes: writes.save(association), DEV)


def end_web_sessions() -> None:
    for web_session in WebSession.scan(WebSession.person == ALICE):
        WebSession.delete_item(web_session.key_hash)


def let_web_sessions_run_out() -> None:
    for web_session in WebSession.scan(WebSession.person == ALICE):
        WebSession.update_item(web_session.key_hash, actions=[WebSession.touched_at.set(1)])


REMOVALS = {
    stop_all: Stopped,
    lose_switch: Stopped,
    stop_account: Stopped,
    forget_that_the_account_runs: Stopped,
    disable_person: ChangedMeanwhile,
    start_epoch: ChangedMeanwhile,
    leave_group: ChangedMeanwhile,
    delete_person: ChangedMeanwhile,
    disable_target: ChangedMeanwhile,
    edit_target: ChangedMeanwhile,
    remove_association: TargetNotAccessible,
    shorten_association: ChangedMeanwhile,
    end_web_sessions: ChangedMeanwhile,
    let_web_sessions_run_out: ChangedMeanwhile,
}
"""Each with what a grant is refused with."""
