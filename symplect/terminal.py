"""What a command shows on the terminal: its own lines, and nothing of what goes on inside."""

import contextlib
import errno
import io
import logging
import os
import sys
import warnings
from collections.abc import Generator
from contextlib import contextmanager

from symplect.errors import InputError, NotAvailableError, one_line

DEBUG = "SYMPLECT_DEBUG"
"""Environment variable that shows tracebacks and the warnings of other packages."""

_BROKEN_PIPE = 141  # what shells report of a process whose reader has gone
_OF_WRITING = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF)


@contextmanager
def terminal(on_interrupt: str) -> Generator[None]:
    """Run a command so that every failure is one line and an exit code.

    Characters that the terminal cannot show are escaped. Warnings and log lines of other packages are left out.

    Args:
        on_interrupt: words on what Ctrl-C leaves behind.

    Raises:
        SystemExit: code 2 for a wrong input or call, 130 on Ctrl-C, 141 when the reader of a pipe has gone, 1 for
            anything else.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        with quiet():
            try:
                yield
            except SystemExit:  # from help, or from a call that cannot be parsed
                print(end="", flush=True)
                raise
            print(end="", flush=True)  # a full device is found here, or when Python ends
    except (InputError, NotAvailableError) as error:
        _end(2, one_line(error))
    except KeyboardInterrupt:
        _end(130, f"interrupted; {on_interrupt}")
    except BrokenPipeError:
        _end(_BROKEN_PIPE, "")
    except OSError as error:
        if os.environ.get(DEBUG):
            raise
        _end(1, _failure(error))
    except MemoryError:
        _end(1, "expected enough memory, found too little: give less data, or a machine with more")
    except Exception as error:
        if os.environ.get(DEBUG):
            raise
        _end(1, _inside(error))


def _failure(error: OSError) -> str:
    """Return what the system refused, or that it came unexpected."""
    if error.filename is None and error.errno not in _OF_WRITING:
        return _inside(error)
    what = (
        "write what the command prints" if error.filename is None else f"read or write {one_line(error.filename, 200)}"
    )
    return f"expected to {what}, found: {one_line(error.strerror or error, 200)}: mend that and run again"


def _inside(error: Exception) -> str:
    return (
        f"an error inside symplect, {one_line(repr(error), 300)}: please report it, with {DEBUG}=1 for the whole story"
    )


@contextmanager
def quiet() -> Generator[None]:
    """Leave out the warnings and log lines of other packages; what users must know is printed or among the cautions."""
    if os.environ.get(DEBUG):
        yield
        return
    before = logging.root.manager.disable
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.disable(logging.ERROR)
        try:
            yield
        finally:
            logging.disable(before)


def _end(code: int, line: str) -> None:
    """End with a code and a line, even if nobody can read what is left."""
    _give_up_unwritten()
    with contextlib.suppress(OSError):
        if line:
            print(f"symplect: {line}", file=sys.stderr, flush=True)
    sys.exit(code)


def _give_up_unwritten() -> None:
    """Send what cannot be written nowhere, or Python complains of it at its end."""
    try:
        print(end="", flush=True)
    except (OSError, ValueError):
        with contextlib.suppress(OSError, ValueError):  # a stream that is no file
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, sys.stdout.fileno())
            os.close(nowhere)
