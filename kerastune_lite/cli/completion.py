"""Completion of commands and options in shells."""

import argparse
from collections.abc import Mapping

SHELLS = ("bash", "zsh", "fish")

_BASH = """_kerastune_lite() {{
    local words="{commands}"
    case "${{COMP_WORDS[1]}}" in
{cases}
    esac
    if [[ "$COMP_CWORD" -eq 1 || "${{COMP_WORDS[COMP_CWORD]}}" == -* ]]; then
        COMPREPLY=($(compgen -W "$words" -- "${{COMP_WORDS[COMP_CWORD]}}"))
    else
        COMPREPLY=($(compgen -f -- "${{COMP_WORDS[COMP_CWORD]}}"))
    fi
}}
complete -o filenames -F _kerastune_lite kerastune-lite
"""


def script(shell: str, commands: Mapping[str, argparse.ArgumentParser]) -> str:
    """What to evaluate in a shell so that it completes `kerastune-lite`."""
    options = {name: " ".join(_options(parser)) for name, parser in commands.items()}
    if shell == "fish":
        first = " ".join(commands)
        lines = [f'complete -c kerastune-lite -n "__fish_use_subcommand" -f -a "{first}"']
        for name, words in options.items():
            lines += [
                f'complete -c kerastune-lite -n "__fish_seen_subcommand_from {name}" -l {word.removeprefix("--")}'
                for word in words.split()
            ]
        return "\n".join(lines) + "\n"
    cases = "\n".join(f'        {name}) words="{words}" ;;' for name, words in options.items())
    found = _BASH.format(commands=" ".join(commands), cases=cases)
    return f"autoload -U +X bashcompinit && bashcompinit\n{found}" if shell == "zsh" else found


def _options(parser: argparse.ArgumentParser) -> list[str]:
    return [word for action in parser._actions for word in action.option_strings if word.startswith("--")]  # noqa: SLF001
