"""Options classes as click commands: the fields of a frozen dataclass become a command's options.

The options class says what may be asked, with types, defaults and help (its `Attributes:`); one function does the work
and returns a report; this file carries words from the shell to the one and from the other to the terminal.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib
import inspect
import operator
import os
import re
import sys
import traceback
import types
import typing
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from imaging.chatter import hush
from imaging.errors import ImagicError, MisuseError

Path_ = tuple[str, ...]
Field = dataclasses.Field


@dataclasses.dataclass(frozen=True)
class Command:
    """One command: where its options and its function live, so that --help imports neither.

    Attributes:
        options: "module:class" of the frozen options.
        function: "module:function" that takes them and returns a report (`exit_code`, `lines()`).
        help: one imperative sentence.
        example: arguments of a typical call.
        arguments: fields that are given by place, not by name.
        renamed: fields whose option is not their own name.
        left_out: fields that the command line does not offer.
        readers: "module:function" that reads a field's word, where its type does not say how.
    """

    options: str
    function: str
    help: str
    example: str
    arguments: tuple[str, ...] = ()
    renamed: dict[str, str] = dataclasses.field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    readers: dict[str, str] = dataclasses.field(default_factory=dict)


class CommandGroup(click.Group):
    """Makes a command when it is asked for, and turns what goes wrong into one line and an exit code.

    Args:
        table: name -> command; "models list" is the command `list` of the group `models`.
        groups: name of a group -> its help.
        attributes: as `click.Group` takes them.
    """

    def __init__(self, table: Mapping[str, Command], groups: Mapping[str, str], **attributes: Any) -> None:
        super().__init__(**attributes)
        self.table, self.groups = table, groups

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands and groups in the order of the table."""
        return list(dict.fromkeys(name.split()[0] for name in self.table))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command by name, with its options; or the group, with its commands."""
        if cmd_name in self.table:
            return build(f"{ctx.command_path} {cmd_name}", self.table[cmd_name])
        inner = {name.split()[1]: row for name, row in self.table.items() if name.startswith(f"{cmd_name} ")}
        return CommandGroup(inner, {}, name=cmd_name, help=self.groups[cmd_name]) if inner else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list in --help, from the table alone: making a command would import its options."""
        helps = {name: self.groups.get(name) or self.table[name].help for name in self.list_commands(ctx)}
        with formatter.section("Commands"):
            formatter.write_dl(list(helps.items()))

    def invoke(self, ctx: click.Context) -> Any:
        """Run the chosen command; a traceback is printed only when asked for."""
        try:
            return super().invoke(ctx)
        except ImagicError as error:
            stop(f"Error: {error}", error.exit_code)
        except (click.exceptions.Exit, click.ClickException, click.Abort):
            raise
        except BrokenPipeError:  # `| head` has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        except KeyboardInterrupt:
            stop("Stopped. What is finished is kept: run the same command again to go on.", 130)
        except Exception as error:
            if "--verbose" in sys.argv:
                traceback.print_exc()
            stop(f"Error: {describe(error)}", 1)


def build(path: str, command: Command) -> click.Command:
    """The click command whose parameters are the fields of the command's options."""
    kind = load(command.options)
    texts = attribute_texts(kind)
    words = [one for one in asked(kind) if one.field.name not in command.left_out]
    params = [parameter(command, one, texts.get(one.key, "")) for one in words]
    params.append(click.Option(["--verbose"], is_flag=True, help="Show what the frameworks print, and tracebacks."))

    def run(verbose: bool, **values: Any) -> None:
        if not verbose:
            hush()
        options = assemble(kind, {one.path: values[one.key] for one in words})
        report = load(command.function)(options)
        for line in report.lines():
            click.echo(line)
        sys.exit(report.exit_code)

    help_text = f"{command.help}\n\n\b\nExample:\n  {path} {command.example}"
    settings = {"max_content_width": 110}
    return click.Command(path.split()[-1], params=params, callback=run, help=help_text, context_settings=settings)


def load(place: str) -> Any:
    """The object at "module:name"."""
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(module), name)


@dataclasses.dataclass(frozen=True)
class Asked:
    """One word that a command asks for.

    Attributes:
        path: names of the fields that lead to it, from the options class inwards.
        stem: name of its option, without dashes in front.
        field: the field that it fills.
        kind: the field's type, less None.
        required: whether the command cannot do without it.
    """

    path: Path_
    stem: str
    field: Field
    kind: Any
    required: bool

    @property
    def key(self) -> str:
        """The parameter's name in click."""
        return "__".join(self.path)


def asked(kind: Any, prefix: Path_ = (), choice: str = "") -> list[Asked]:
    """What an options class asks for; what the option classes inside it ask for stands in their place.

    A field whose metadata has "choices" (name -> options class) holds an instance of one of them: the options of all
    are asked for, each with the choice's name before its own, and none of them is required.
    """
    found: list[Asked] = []
    hints = typing.get_type_hints(kind)
    for field in dataclasses.fields(kind):
        path = (*prefix, field.name)
        if dataclasses.is_dataclass(field.default_factory):
            found += asked(field.default_factory, path)
        elif "choices" in field.metadata:
            found += [
                one for name, inner in field.metadata["choices"].items() for one in asked(inner, (*path, name), name)
            ]
        else:
            stem = f"{choice}-{field.name}" if choice else field.name
            found.append(Asked(path, stem, field, plain_type(hints[field.name]), not (choice or has_default(field))))
    return found


def assemble(kind: Any, values: dict[Path_, Any]) -> Any:
    """The options from the values of what was asked; fields that were not given keep their default."""
    given: dict[str, Any] = {}
    for field in dataclasses.fields(kind):
        inner = {path[1:]: value for path, value in values.items() if path[0] == field.name and len(path) > 1}
        if "choices" in field.metadata:
            given[field.name] = choose(field.metadata["choices"], inner)
        elif inner:
            given[field.name] = assemble(field.default_factory, inner)
        elif values.get((field.name,)) is not None:
            given[field.name] = values[field.name,]
    return kind(**given)


def choose(choices: Mapping[str, Any], values: dict[Path_, Any]) -> Any:
    """The options of the one choice that anything was said of, or None.

    Raises:
        MisuseError: several choices were described, or one not wholly.
    """
    described = sorted({path[0] for path, value in values.items() if value is not None})
    if not described:
        return None
    name, *others = described
    if others:
        raise MisuseError("Options of one of these at a time", ", ".join(described))
    inner = {path[1:]: value for path, value in values.items() if path[0] == name}
    needed = [field.name for field in dataclasses.fields(choices[name]) if not has_default(field)]
    if missing := [one for one in needed if inner[one,] is None]:
        flags = " ".join(f"--{name}-{one}".replace("_", "-") for one in missing)
        raise MisuseError(f"{name} is described wholly", f"no {', '.join(missing)}", f"Add {flags}")
    return assemble(choices[name], inner)


def comma_list(text: str) -> tuple[str, ...]:
    """'a, b' -> ('a', 'b')."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def numbers(text: str) -> tuple[int, ...]:
    """'1,3' -> (1, 3)."""
    try:
        return tuple(int(part) for part in comma_list(text))
    except ValueError:
        raise MisuseError("A list of numbers is written 1,3,5", text) from None


def pairs(text: str) -> dict[str, str]:
    """'a=1,b=2' -> {'a': '1', 'b': '2'}."""
    found = [part.partition("=") for part in comma_list(text)]
    if not all(sign for _, sign, _ in found):
        raise MisuseError("Filters are written name=value,name=value", text)
    return {name.strip(): value.strip() for name, _, value in found}


# How a field of each type is read from one word of the shell, and how its help calls that word.
READERS: dict[Any, tuple[Callable[[str], Any], str]] = {
    str: (str, "TEXT"),
    Path: (Path, "PATH"),
    str | Path: (str, "PATH"),
    int: (int, "N"),
    float: (float, "X"),
    tuple[str, ...]: (comma_list, "A,B"),
    tuple[int, ...]: (numbers, "N,N"),
    Mapping[str, str]: (pairs, "NAME=VALUE"),
}


def parameter(command: Command, one: Asked, text: str) -> click.Parameter:
    """The argument or option for one word."""
    name, default = one.field.name, one.field.default
    reader, metavar = reader_of(command, name, one.kind)
    if name in command.arguments:
        nargs = -1 if typing.get_origin(one.kind) is tuple else 1
        return click.Argument([one.key], nargs=nargs, required=one.required, metavar=name.upper(), help=text)
    flag = "--" + command.renamed.get(name, one.stem).replace("_", "-")
    if one.kind is bool:
        flag = f"{flag}/--no-{flag[2:]}" if default else flag
        chosen = one.stem != name  # of a choice; silence must not describe it
        return click.Option([one.key, flag], is_flag=True, default=None if chosen else default, help=text)
    shown = with_default(text, default)
    return click.Option([one.key, flag], type=reader, metavar=metavar, required=one.required, help=shown)


def reader_of(command: Command, name: str, kind: Any) -> tuple[Any, str | None]:
    """How the word for a field becomes its value, and the word's name in the help."""
    if name in command.readers:
        return click.types.FuncParamType(load(command.readers[name])), name.upper()
    if typing.get_origin(kind) is typing.Literal:
        return click.Choice(typing.get_args(kind)), None
    reader, metavar = READERS.get(kind, (str, "TEXT"))
    # click words its own message for a number that is none; ours are raised by the readers themselves.
    return (reader if reader in (str, int, float) else click.types.FuncParamType(reader)), metavar


def plain_type(kind: Any) -> Any:
    """X | None -> X."""
    kept = tuple(part for part in typing.get_args(kind) if part is not types.NoneType)
    return functools.reduce(operator.or_, kept) if isinstance(kind, types.UnionType) else kind


def has_default(field: Field) -> bool:
    """Whether the field may be left out."""
    return field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING


def with_default(text: str, default: object) -> str:
    """The help text with the default that it does not already say."""
    shown = ",".join(map(str, default)) if isinstance(default, tuple) else default
    return text if shown in (dataclasses.MISSING, None, "") else f"{text} [default: {shown}]"


def attribute_texts(kind: Any, prefix: str = "") -> dict[str, str]:
    """Field name -> what the class's `Attributes:` say of it, first letter raised, backquotes dropped."""
    section = (inspect.getdoc(kind) or "").partition("Attributes:\n")[2]
    texts: dict[str, str] = {}
    for names, text in re.findall(r"^ {4}(\w+(?:, \w+)*): (.+(?:\n {5,}.+)*)", section, re.MULTILINE):
        plain = re.sub(r"\s+", " ", text).replace("`", "")
        texts |= {prefix + name: plain[0].upper() + plain[1:] for name in names.split(", ")}
    for field in dataclasses.fields(kind):
        inner: dict[str, Any] = (
            {field.name: field.default_factory} if dataclasses.is_dataclass(field.default_factory) else {}
        )
        inner |= {f"{field.name}__{name}": one for name, one in field.metadata.get("choices", {}).items()}
        for name, one in inner.items():
            texts |= attribute_texts(one, f"{prefix}{name}__")
    return texts


def describe(error: Exception) -> ImagicError:
    """What the operating system or a library refused, in the form of every other error."""
    if isinstance(error, OSError) and error.strerror:
        place = f"{error.strerror}: {error.filename}" if error.filename else error.strerror
        return ImagicError(
            "The operating system allows what is asked", place, "Check the path, its rights and the space"
        )
    told = f"{type(error).__name__}: {' '.join(str(error).split())}"
    return ImagicError("A command runs to its end", told, "Run it with --verbose to see where it broke off")


def stop(message: str, code: int) -> None:
    """Print one line to standard error and leave with the exit code."""
    click.echo(message, err=True)
    sys.exit(code)
