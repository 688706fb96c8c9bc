"""Write the man page and bash completion from the commands: python -m tools.generate_shell_files."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from osmia.cli.main import parser

__all__ = ["COMPLETION", "MAN_PAGE", "completion", "man_page"]

SHARE = Path(__file__).resolve().parents[1] / "packaging" / "data" / "share"
MAN_PAGE = SHARE / "man" / "man1" / "osmia.1"
COMPLETION = SHARE / "bash-completion" / "completions" / "osmia"


@dataclass(frozen=True, slots=True)
class Option:
    """An argument of a command; a positional one has no names."""

    names: tuple[str, ...]
    value: str
    choices: tuple[str, ...]
    help: str


@dataclass(frozen=True, slots=True)
class Command:
    """A command, by the words that call it."""

    words: tuple[str, ...]
    summary: str
    description: str
    options: list[Option] = field(default_factory=list[Option])
    commands: tuple[str, ...] = ()


def commands_of(
    described: argparse.ArgumentParser, words: tuple[str, ...], summary: str
) -> Iterator[Command]:
    """A command and all below it. argparse shows its tables only under private names."""
    actions: list[Any] = cast("Any", described)._actions
    below: list[tuple[argparse.ArgumentParser, tuple[str, ...], str]] = []
    options: list[Option] = []
    for action in actions:
        if action.nargs == argparse.PARSER:
            helps = {choice.dest: choice.help or "" for choice in action._choices_actions}
            choices = cast("dict[str, argparse.ArgumentParser]", action.choices)
            below = [(each, (*words, name), helps.get(name, "")) for name, each in choices.items()]
            continue
        if action.help == argparse.SUPPRESS:
            continue
        takes = action.nargs != 0
        value = str(action.metavar or action.dest.upper()) if takes else ""
        listed = tuple(map(str, action.choices or ()))
        text = (action.help or "").replace("%(default)s", str(action.default))
        options.append(Option(tuple(action.option_strings), value, listed, text))
    names = tuple(path[-1] for _, path, _ in below)
    yield Command(words, summary, described.description or "", options, names)
    for each, path, text in below:
        yield from commands_of(each, path, text)


def commands() -> list[Command]:
    """All commands, the program itself first."""
    return list(commands_of(parser(), ("osmia",), ""))


def man_page() -> str:
    """The page osmia(1), in man(7) macros."""
    lines = [
        '.TH OSMIA 1 "" osmia "User Commands"',
        ".SH NAME",
        r"osmia \- eBPF for Python, and a network monitor",
    ]
    lines += [".SH SYNOPSIS", ".B osmia", r"\fICOMMAND\fR [\fIOPTION\fR]... [\fIARGUMENT\fR]..."]
    for command in commands():
        lines.append(
            ".SH OPTIONS" if len(command.words) == 1 else f".SH {' '.join(command.words[1:]).upper()}"
        )
        lines += [roff(line.strip()) for line in command.description.splitlines() if line.strip()]
        for option in command.options:
            names = ", ".join(rf"\fB{roff(name)}\fR" for name in option.names)
            value = rf"\fI{roff(option.value)}\fR" if option.value else ""
            lines += [".TP", " ".join(filter(None, (names, value))), roff(option.help or "See above.")]
    lines += [".SH EXIT STATUS", "0 done, 1 failed, 2 wrong usage, 77 not permitted or not supported here,"]
    lines += ["130 and 143 ended by SIGINT and SIGTERM, after everything was detached."]
    return "\n".join(lines) + "\n"


def roff(text: str) -> str:
    """Text as man(7) takes it."""
    text = text.replace("\\", r"\e").replace("-", r"\-")
    return re.sub(r"^([.'])", r"\\&\1", text)


def completion() -> str:
    """A script for bash: commands, options, and files elsewhere."""
    lines = [
        "# Completion of osmia for bash; made by tools/generate_shell_files.py.",
        "_osmia() {",
        "\tlocal word=${COMP_WORDS[COMP_CWORD]} command=osmia words='' each",
        '\tfor each in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do',
        '\t\tcase "$command $each" in',
    ]
    named = [" ".join(command.words) for command in commands()[1:]]
    lines += [f"\t\t'{path}') command=\"$command $each\" ;;" for path in named]
    lines += ["\t\tesac", "\tdone", '\tcase "$command" in']
    for command in commands():
        names = [name for option in command.options for name in option.names]
        words = [*command.commands, *names]
        lines.append(f"\t'{' '.join(command.words)}') words='{' '.join(words)}' ;;")
    lines += ["\tesac", '\tcase "$command ${COMP_WORDS[COMP_CWORD-1]}" in']
    for command in commands():
        for option in command.options:
            if option.names and option.choices:
                pattern = "|".join(f"'{' '.join(command.words)} {name}'" for name in option.names)
                lines.append(f"\t{pattern}) words='{' '.join(option.choices)}' ;;")
    lines += ["\tesac", '\tmapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")', "}"]
    lines += ["complete -o default -F _osmia osmia"]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write both files."""
    for path, text in ((MAN_PAGE, man_page()), (COMPLETION, completion())):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        print(path.relative_to(SHARE.parents[2]))


if __name__ == "__main__":
    main()
