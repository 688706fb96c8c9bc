"""What `osmia monitor block` and `allow` do. Each gives its exit code; errors are raised."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from osmia.errors import UsageError
from osmia.monitor.addresses import address_from_text
from osmia.monitor.client import MonitorClient
from osmia.monitor.control import NoMonitorError
from osmia.monitor.export.text import rules_text
from osmia.monitor.host import protected_addresses
from osmia.monitor.lists.book import Imported
from osmia.monitor.lists.bulk import ListImport, import_text
from osmia.monitor.lists.formats import list_lines, read_list
from osmia.monitor.lists.guards import check_block
from osmia.monitor.lists.matching import verdict_of
from osmia.monitor.lists.rules import MAXIMUM_TEXT, Rule, parse_duration, parse_network
from osmia.monitor.lists.store import MAXIMUM_RULES, list_file, load_rules, save_rules
from osmia.monitor.model import RuleAction

__all__ = [
    "add_rule",
    "export_rules",
    "import_rules",
    "list_rules",
    "look_up_address",
    "preview_block",
    "remove_rule",
]


def add_rule(
    action: RuleAction,
    network: str,
    *,
    reason: str = "",
    duration: str | None = None,
    force: bool = False,
    control: str | None = None,
) -> int:
    """Block or allow a network from now on; without a running monitor, from its next start on."""
    now = time.time()
    expires = None if duration is None else now + parse_duration(duration)
    rule = Rule(parse_network(network), action, reason, "command", now, expires, force)
    Rule.from_json(rule.to_json())
    try:
        print(MonitorClient(control).add(rule))
    except NoMonitorError:
        if action is RuleAction.BLOCK:
            check_block(rule.network, protected_addresses(), force=force)
        path = list_file()
        others = [
            known for known in load_rules(path) if (known.action, known.network) != (action, rule.network)
        ]
        if len(others) >= MAXIMUM_RULES:
            raise UsageError(f"the lists are full: {MAXIMUM_RULES} rules", "remove some") from None
        save_rules(path, [*others, rule])
        print(f"no monitor is running: stored in {path}; the next start {action.value}s {rule.network}")
    return 0


def remove_rule(action: RuleAction, network: str, *, control: str | None = None) -> int:
    """Take a rule away, of the running monitor or of the list file."""
    removed = parse_network(network)
    try:
        print(MonitorClient(control).remove(action, removed))
    except NoMonitorError:
        path = list_file()
        rules = load_rules(path)
        others = [known for known in rules if (known.action, known.network) != (action, removed)]
        if len(others) == len(rules):
            raise UsageError(
                f"there is no {action.value} rule for exactly {removed}",
                f"see `osmia monitor {action.value} list`",
            ) from None
        save_rules(path, others)
        print(f"no monitor is running: {removed} was taken out of {path}")
    return 0


def list_rules(action: RuleAction, *, as_json: bool, control: str | None = None) -> int:
    """The rules of the running monitor, with what they dropped, or those of the list file."""
    try:
        rules = MonitorClient(control).rules()
    except NoMonitorError:
        rules = [rule.to_json() for rule in load_rules(list_file())]
        print("no monitor is running: these are stored for its next start", file=sys.stderr)
    chosen = [rule for rule in rules if rule.get("action") == action.value]
    print(json.dumps(chosen, indent=1) if as_json else rules_text(chosen, time.time()))
    return 0


def import_rules(
    action: RuleAction,
    path: Path,
    *,
    reason: str = "",
    duration: str | None = None,
    force: bool = False,
    skip_refused: bool = False,
    control: str | None = None,
) -> int:
    """Put all networks of a list file in force, or none."""
    name = "standard input" if str(path) == "-" else path.name
    given = ListImport(
        action,
        read_list(path),
        f"import {name}"[:MAXIMUM_TEXT],
        reason,
        None if duration is None else parse_duration(duration),
        force,
        skip_refused,
    )
    try:
        print(MonitorClient(control).import_rules(given))
    except NoMonitorError:
        done = _store(given)
        print(f"no monitor is running: stored in {list_file()}; the next start {import_text(action, done)}")
    return 0


def export_rules(action: RuleAction, *, control: str | None = None) -> int:
    """Print the networks of a list, one a line, as `import` reads them."""
    try:
        rules = [Rule.from_json(rule) for rule in MonitorClient(control).rules()]
    except NoMonitorError:
        stored = load_rules(list_file())
        rules = [rule for rule in stored if rule.expires is None or rule.expires > time.time()]
    for line in list_lines(rules, action, time.time()):
        print(line)
    return 0


def look_up_address(
    action: RuleAction, address: str, *, as_json: bool = False, control: str | None = None
) -> int:
    """Which rule an address meets; 0 where it is blocked (or allowed, for the allow list), else 1."""
    try:
        tested = address_from_text(address)
    except ValueError:
        raise UsageError(
            f"{address[:60]!r} is no address", "write one like 10.0.0.9 or 2001:db8::1"
        ) from None
    try:
        verdict = MonitorClient(control).test(tested)
    except NoMonitorError:
        verdict = verdict_of(tested, load_rules(list_file()), time.time())
        print("no monitor is running: this is what its next start will do", file=sys.stderr)
    print(json.dumps(verdict.to_json()) if as_json else verdict.text)
    return 0 if verdict.answers(action) else 1


def preview_block(network: str, *, as_json: bool = False, control: str | None = None) -> int:
    """What blocking a network would have cut in the last hour; 0 where that is nothing, else 1."""
    try:
        preview = MonitorClient(control).preview(parse_network(network))
    except NoMonitorError as error:
        raise UsageError(
            "only a running monitor knows what a block would cut", "start one: `osmia monitor run`"
        ) from error
    print(json.dumps(preview, indent=1) if as_json else preview.get("text"))
    return 1 if preview.get("sources") else 0


def _store(given: ListImport) -> Imported:
    """Put an import into the list file. Raises UsageError where a guard refuses it."""
    protected = protected_addresses()
    rules = {(rule.action, rule.network): rule for rule in load_rules(list_file())}
    before = len(rules)
    refused: list[str] = []
    replaced = 0
    for rule in given.rules(time.time()):
        try:
            if rule.action is RuleAction.BLOCK:
                check_block(rule.network, protected, force=rule.forced)
        except UsageError as error:
            if not given.skip_refused:
                raise
            refused.append(str(error))
            continue
        replaced += (rule.action, rule.network) in rules
        rules[rule.action, rule.network] = rule
    if len(rules) > MAXIMUM_RULES:
        raise UsageError(f"the lists are full: {MAXIMUM_RULES} rules", "remove some")
    save_rules(list_file(), rules.values())
    return Imported(len(rules) - before, replaced, 0, tuple(refused))
