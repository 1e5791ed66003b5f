"""A command that fails in the way its variable says."""

import os

import typer

app = typer.Typer(rich_markup_mode=None, add_completion=False)
SECRET = "hunter2"


@app.command()
def boom() -> None:
    """Fail."""
    if os.environ["BOOM"] == "interrupt":
        raise KeyboardInterrupt
    try:
        os.environ[SECRET]
    except KeyError as error:
        raise RuntimeError(f"with {SECRET}") from error
