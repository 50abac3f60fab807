"""Completion of commands, options and their values in shells."""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

SHELLS = ("bash", "zsh", "fish")

_FILES = frozenset({"FILE", "DIR", "FUNCTION"})  # metavars of what lies in files

_BASH = """_kerastune_lite() {{
    local typed="${{COMP_WORDS[COMP_CWORD]}}" words="{commands}" values
    case "${{COMP_WORDS[1]}}" in
{options}
    esac
    case "${{COMP_WORDS[1]}} ${{COMP_WORDS[COMP_CWORD-1]}}" in
{values}
    esac
    if [[ -n "${{values+set}}" ]]; then
        COMPREPLY=($(compgen -W "$values" -- "$typed"))
    elif [[ "$COMP_CWORD" -eq 1 || "$typed" == -* ]]; then
        COMPREPLY=($(compgen -W "$words" -- "$typed"))
    else
        COMPREPLY=($(compgen -f -- "$typed"))
    fi
}}
complete -o filenames -F _kerastune_lite kerastune-lite
"""

_ZSH = """(( $+functions[compdef] )) || { autoload -U compinit && compinit }
autoload -U +X bashcompinit && bashcompinit
"""


@final
@dataclass(frozen=True)
class _Argument:
    """What completion knows of an argument.

    Attributes:
        option: Its long name; None for an argument without one.
        values: The words that can follow; None if files can, or if nothing follows.
        takes_value: Whether something follows the option.
    """

    option: str | None
    values: tuple[str, ...] | None
    takes_value: bool


def script(shell: str, commands: Mapping[str, argparse.ArgumentParser]) -> str:
    """What to evaluate in a shell so that it completes `kerastune-lite`."""
    arguments = {name: _arguments(parser) for name, parser in commands.items()}
    if shell == "fish":
        return _fish(arguments)
    return f"{_ZSH if shell == 'zsh' else ''}{_bash(arguments)}"


def _arguments(parser: argparse.ArgumentParser) -> list[_Argument]:
    return [_argument(action) for action in parser._actions]  # noqa: SLF001


def _argument(action: argparse.Action) -> _Argument:
    option = next((word for word in action.option_strings if word.startswith("--")), None)
    takes_value = action.nargs != 0
    if action.choices is not None:
        return _Argument(option, tuple(map(str, action.choices)), takes_value)
    return _Argument(option, None if action.metavar in _FILES or not takes_value else (), takes_value)


def _bash(commands: Mapping[str, list[_Argument]]) -> str:
    options, values = [], []
    for name, arguments in commands.items():
        words = " ".join(argument.option for argument in arguments if argument.option is not None)
        options.append(f'        {name}) words="{words}" ;;')
        # An argument without a name follows the command.
        values += [
            f'        "{name} {argument.option or name}") values="{" ".join(argument.values)}" ;;'
            for argument in arguments
            if argument.values is not None
        ]
    return _BASH.format(commands=" ".join(commands), options="\n".join(options), values="\n".join(values))


def _fish(commands: Mapping[str, list[_Argument]]) -> str:
    lines = [f'complete -c kerastune-lite -n "__fish_use_subcommand" -f -a "{" ".join(commands)}"']
    for name, arguments in commands.items():
        condition = f'complete -c kerastune-lite -n "__fish_seen_subcommand_from {name}"'
        for argument in arguments:
            option = "" if argument.option is None else f" -l {argument.option.removeprefix('--')}"
            if argument.values is not None:
                lines.append(
                    f'{condition}{option} {"-f" if argument.option is None else "-x"} -a "{" ".join(argument.values)}"'
                )
            elif option:
                lines.append(f"{condition}{option}{' -r -F' if argument.takes_value else ''}")
    return "\n".join(lines) + "\n"
