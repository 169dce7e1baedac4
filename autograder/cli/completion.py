"""What the shell completes: names of assignments and students, without torch."""

from pathlib import Path

import typer

from .. import listing
from ..errors import AutograderError


def assignments(ctx: typer.Context, incomplete: str) -> list[str]:
    """Assignments of the repository, and those that only the course directory has."""
    try:
        known = listing.names()
    except AutograderError:  # no repository here
        known = []
    source = _course(ctx) / "source"
    known += [p.name for p in source.iterdir()] if source.is_dir() else []
    return sorted({name for name in known if name.startswith(incomplete)})


def students(ctx: typer.Context, incomplete: str) -> list[str]:
    """Students who handed something in."""
    submitted = _course(ctx) / "submitted"
    known = [p.name for p in submitted.iterdir()] if submitted.is_dir() else []
    return sorted(name for name in known if name.startswith(incomplete))


def _course(ctx: typer.Context) -> Path:
    return Path(ctx.params.get("course") or ".")
