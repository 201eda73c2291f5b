"""A worker process: takes a task from its pipe, works it off, sends the value back; dies with its parent."""

import multiprocessing as mp
import os
import signal
import threading
from multiprocessing.connection import Connection, wait
from typing import Any

__all__ = ["ONE_THREAD", "serve"]

# Many processes with many threads each are slower than one thread each, and hot loops here are not BLAS's.
ONE_THREAD = {
    name: "1"
    for name in (
        "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS",
        "NUMEXPR_NUM_THREADS", "NUMBA_NUM_THREADS",
    )
}  # fmt: skip


def serve(pipe: Connection) -> None:
    """Work off tasks until the pipe is closed."""
    for number in (signal.SIGINT, signal.SIGTERM):  # they reach the whole group or job; the parent decides
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_die_with_parent, daemon=True).start()
    while True:
        try:
            message = pipe.recv()
        except (EOFError, OSError):
            return
        if message is None:
            return
        work, runs = message
        try:
            answer: tuple[bool, Any] = (True, work(runs))
        except Exception as error:
            answer = (False, _sendable(error))
        try:
            pipe.send(answer)
        except (BrokenPipeError, OSError):
            return
        except Exception as error:  # the value cannot be pickled
            pipe.send((False, _sendable(error)))


def _sendable(error: Exception) -> Exception:
    """Return the exception with its traceback in a note, or a plain one where it cannot be pickled."""
    import pickle
    import traceback

    text = "".join(traceback.format_exception(error)).rstrip()
    try:
        copy: Exception = pickle.loads(pickle.dumps(error))
    except Exception:
        copy = RuntimeError(f"{type(error).__name__}: {error}")
    copy.add_note(text)
    return copy


def _die_with_parent() -> None:
    """End at once when the parent is gone, even in the middle of a task: nobody waits for it."""
    parent = mp.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
