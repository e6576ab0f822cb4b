"""The command line: names and one line of help each; a command's module is imported when it is called.

``mirrorlake --help`` so costs what click costs. A command is a file in ``commands/`` with a click command named
``command``; this file only lists them.
"""

from __future__ import annotations

import importlib
import io
import sys

import click

from lake.errors import MirrorlakeError, UsageError

INTERRUPTED, TERMINATED = 130, 143  # what shells give for Ctrl-C, and for SIGTERM
COMMANDS = {
    "run": "Run the pipeline, or one stage of it, for one or many run dates.",
    "plan": "Say what a run would do and why; change nothing.",
    "status": "Show which run dates are there, missing or stale.",
    "jobs": "List the stages, in order.",
    "graph": "Print the graph; write it as SVG, Mermaid or graph.json.",
    "runs": "Show past runs, failed ones included.",
    "verdict": "Say how a run ended that was many processes (an orchestrator's).",
    "lease": "Show who holds the lake; take it for a run, give it back.",
    "validate": "Check an environment: reachability, rights, tables, counts, freshness.",
    "doctor": "Check this machine and show each setting with its origin.",
    "show": "Show a table, also as it was.",
    "sql": "Ask the published and the lake's tables in SQL, read-only.",
    "query": "Run one of the numbered analytical queries.",
    "metrics": "Query the metrics.",
    "warehouse": "List the warehouse's tables; set up its account, once.",
    "dbt": "Call dbt by hand on an environment's warehouse.",
    "contracts": "Check, compare and document the contracts.",
    "quarantine": "Show rejected rows and refused loads; replay them after a fix.",
    "rebuild": "Build silver (and so all else) again from bronze.",
    "reset": "Delete what was built; keep bronze.",
    "record": "Fetch payloads from the live API and keep them for offline use.",
    "deploy": "Bring wheel, job script, jars and DAG to the cloud's bucket, and register them.",
    "parity": "Compare every table of two environments, row by row.",
    "optimize": "Compact small files of the lake's tables, and vacuum old ones.",
    "dashboard": "Open the dashboard on what was published.",
    "tour": "See a row break, wait in quarantine, be fixed and replayed.",
}


class TerminatedError(KeyboardInterrupt):
    """SIGTERM: an orchestrator ends a task. It ends as by Ctrl-C, so that no job in the cloud goes on without us."""


class LazyGroup(click.Group):
    """A click group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order of the list above."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import ``pipeline.commands.<name>`` and give its ``command``."""
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(f"pipeline.commands.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command if cmd_name == "tour" else _with_env(command)  # the tour has an environment of its own

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Print names and help without importing any command."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Name the known commands when one is not."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            raise click.UsageError(f"unknown command {args[0]!r}; choose one of: {', '.join(COMMANDS)}")
        return super().resolve_command(ctx, args)


def _with_env(command: click.Command) -> click.Command:
    """The command with ``--env`` also behind its name, where it has none of its own."""
    known = {parameter.name for parameter in command.params}
    if not isinstance(command, click.Group) and command.callback and "env" not in known:
        option = click.Option(
            ["--env"], metavar="NAME", help="dev, rehearsal or prod.", expose_value=False, callback=_note_env
        )
        command.params.append(option)
    return command


def _note_env(ctx: click.Context, _: click.Parameter, value: str | None) -> None:
    if value:
        ctx.obj = {**(ctx.obj or {}), "env": value}


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--env", "env", metavar="NAME", help="Environment: dev, rehearsal or prod (default: LAKE_ENV, then dev).")
@click.version_option(package_name="mirrorlake")
@click.pass_context
def cli(ctx: click.Context, env: str | None) -> None:
    """The whole lakehouse on your laptop; the same code in the cloud."""
    ctx.obj = {"env": env}


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; whatever goes wrong becomes a message and an exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    try:
        return _invoke(given)
    except KeyboardInterrupt as stopped:
        terminated = isinstance(stopped, TerminatedError)
        word = "terminated" if terminated else "interrupted"
        for line in (f"{word}; the same command goes on where it was", *getattr(stopped, "__notes__", ())):
            click.echo(_visible(line), err=True)
        return TERMINATED if terminated else INTERRUPTED
    except click.Abort:
        click.echo("aborted", err=True)
        return 1
    except click.ClickException as error:
        told = io.StringIO()
        error.show(file=told)
        click.echo(_visible(told.getvalue()), err=True, nl=False)
        return error.exit_code
    except MirrorlakeError as error:
        return _told(error)
    except BaseException as error:
        from pipeline.defects import is_fault

        if not is_fault(error):
            raise
        return _told_last(error, given)


def _invoke(arguments: list[str]) -> int:
    """Not by click's own ``main``, which takes every broken pipe, also one to a process of ours, for the reader's."""
    _refuse_empty(arguments)
    try:
        with cli.make_context("mirrorlake", list(arguments)) as context:
            result = cli.invoke(context)
    except click.exceptions.Exit as error:
        result = error.exit_code
    sys.stdout.flush()  # here, where a reader that has gone is no fault
    return result if isinstance(result, int) else 0


def _refuse_empty(arguments: list[str]) -> None:
    """An empty word is an unset variable of a shell; taken for nothing said, it would mean everything."""
    for before, word in zip(["", *arguments], arguments, strict=False):
        option = word.removesuffix("=") if word.startswith("--") and word.endswith("=") else before
        if not word.strip() or option is not before:
            raise UsageError(
                f"{option if option.startswith('-') else 'an argument'} is given, but empty",
                fix="give it a value or leave it out; is a variable of your shell unset?",
            )


def _visible(text: str) -> str:
    """``text`` with every control character written out: what somebody typed or stored rules no terminal."""
    return "".join(sign if sign.isprintable() or sign == "\n" else repr(sign)[1:-1] for sign in text)


def _told(error: MirrorlakeError) -> int:
    from pipeline.secret import mask
    from pipeline.spelling import spelled

    click.echo(f"error: {_visible(mask(spelled(str(error))))}", err=True)
    return error.exit_code


def _told_last(error: BaseException, arguments: list[str]) -> int:
    """Something that no code of ours has words for; or only that nobody reads what we print any more."""
    if isinstance(error, BrokenPipeError):
        from pipeline import reader

        if reader.has_gone():
            reader.forget()
            return 0
    from pipeline.defects import unexpected
    from pipeline.settings import is_debugging

    if is_debugging() or {"-v", "--verbose"} & set(arguments):
        import traceback

        traceback.print_exception(error)
    return _told(unexpected(error))
