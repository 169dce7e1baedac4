"""The application that the commands of all audiences are added to."""

import typer

app = typer.Typer(
    add_completion=True,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.callback()
def _top() -> None:
    """Releases, checks and grades the course's assignments."""
