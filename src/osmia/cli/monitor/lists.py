"""`osmia monitor block` and `osmia monitor allow`: their arguments."""

# ruff: noqa: PLC0415 - the monitor is imported only when it is called
from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from osmia.cli.monitor.arguments import add_command, add_control
from osmia.cli.subcommands import SubCommands

__all__ = ["add_list"]


def add_list(commands: SubCommands, action: str) -> None:
    """Add `block` or `allow`."""
    what = "drop what these networks send" if action == "block" else "never drop what these networks send"
    parser = commands.add_parser(action, help=what, description=f"{what.capitalize()}.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    example = f"osmia monitor {action} add 10.0.0.0/8 --reason test --duration 4h"
    add = add_command(verbs, "add", f"{action} an address or network", example)
    add.add_argument("network", metavar="CIDR")
    add.add_argument("--reason", default="", help="kept with the entry")
    add.add_argument("--duration", metavar="TIME", help="30s, 10m, 4h, 7d; default: until it is deleted")
    if action == "block":
        add.add_argument(
            "--force", action="store_true", help="also own addresses, gateway, resolvers, SSH peers"
        )
    delete = add_command(verbs, "del", "take an entry away", f"osmia monitor {action} del 10.0.0.0/8")
    delete.add_argument("network", metavar="CIDR")
    show = add_command(verbs, "list", "print the entries", f"osmia monitor {action} list --json")
    show.add_argument("--json", action="store_true", dest="as_json", help="for programs")
    for parser in (add, delete, show, *_add_whole_list(verbs, action)):
        add_control(parser)
        parser.set_defaults(action=action)
    add.set_defaults(handler=_add, force=False)
    delete.set_defaults(handler=_delete)
    show.set_defaults(handler=_list)


def _add_whole_list(verbs: SubCommands, action: str) -> Sequence[argparse.ArgumentParser]:
    take = add_command(
        verbs,
        "import",
        f"{action} all networks of a list file, or none",
        f"osmia monitor {action} import drop.txt --duration 1d --skip-refused",
    )
    take.add_argument(
        "file", type=Path, metavar="FILE", help='one CIDR a line, "#" and ";" begin a comment; "-": stdin'
    )
    take.add_argument("--reason", default="", help="kept with the entries that have no comment")
    take.add_argument("--duration", metavar="TIME", help="30s, 10m, 4h, 7d; default: until deleted")
    if action == "block":
        take.add_argument(
            "--skip-refused", action="store_true", help="leave out own addresses, gateway, and the like"
        )
        take.add_argument(
            "--force", action="store_true", help="also own addresses, gateway, resolvers, SSH peers"
        )
    give = add_command(
        verbs, "export", "print the networks as a list file", f"osmia monitor {action} export > {action}.txt"
    )
    test = add_command(
        verbs,
        "test",
        f"say which rule an address meets; exit code 0 if {action}ed, 1 if not",
        f"osmia monitor {action} test 203.0.113.9",
    )
    test.add_argument("address", metavar="ADDRESS")
    test.add_argument("--json", action="store_true", dest="as_json", help="for programs")
    take.set_defaults(handler=_import, force=False, skip_refused=False)
    give.set_defaults(handler=_export)
    test.set_defaults(handler=_test)
    if action == "block":
        return take, give, test, _add_preview(verbs)
    return take, give, test


def _add_preview(verbs: SubCommands) -> argparse.ArgumentParser:
    preview = add_command(
        verbs,
        "preview",
        "say what blocking a network would have cut in the last hour; exit code 0 if nothing, 1 if something",
        "osmia monitor block preview 203.0.113.0/24",
    )
    preview.add_argument("network", metavar="CIDR")
    preview.add_argument("--json", action="store_true", dest="as_json", help="for programs")
    preview.set_defaults(handler=_preview)
    return preview


def _preview(arguments: argparse.Namespace) -> int:
    from osmia.monitor import list_commands

    return list_commands.preview_block(
        arguments.network, as_json=arguments.as_json, control=arguments.control
    )


def _add(arguments: argparse.Namespace) -> int:
    from osmia.monitor import list_commands
    from osmia.monitor.model import RuleAction

    return list_commands.add_rule(
        RuleAction(arguments.action),
        arguments.network,
        reason=arguments.reason,
        duration=arguments.duration,
        force=arguments.force,
        control=arguments.control,
    )


def _delete(arguments: argparse.Namespace) -> int:
    from osmia.monitor import list_commands
    from osmia.monitor.model import RuleAction

    return list_commands.remove_rule(
        RuleAction(arguments.action), arguments.network, control=arguments.control
    )


def _list(arguments: argparse.Namespace) -> int:
    from osmia.monitor import list_commands
    from osmia.monitor.model import RuleAction

    return list_commands.list_rules(
        RuleAction(arguments.action), as_json=arguments.as_json, control=arguments.control
    )


def _import(arguments: argparse.Namespace) -> int:
    from osmia.monitor import list_commands
    from osmia.monitor.model import RuleAction

    return list_commands.import_rules(
        RuleAction(arguments.action),
        arguments.file,
        reason=arguments.reason,
        duration=arguments.duration,
        force=arguments.force,
        skip_refused=arguments.skip_refused,
        control=arguments.control,
    )


def _export(arguments: argparse.Namespace) -> int:
    from osmia.monitor import list_commands
    from osmia.monitor.model import RuleAction

    return list_commands.export_rules(RuleAction(arguments.action), control=arguments.control)


def _test(arguments: argparse.Namespace) -> int:
    from osmia.monitor import list_commands
    from osmia.monitor.model import RuleAction

    return list_commands.look_up_address(
        RuleAction(arguments.action),
        arguments.address,
        as_json=arguments.as_json,
        control=arguments.control,
    )
