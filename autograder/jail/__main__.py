"""The warm process's start: `python -m autograder.jail`."""

from ..startup import importing

if __name__ == "__main__":
    with importing():
        from .warm import get_ready, serve

        get_ready()
    serve()
