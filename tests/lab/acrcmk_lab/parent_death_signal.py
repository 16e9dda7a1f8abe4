"""Run a command that the kernel kills when its parent dies: `python parent_death_signal.py PARENT_PID COMMAND...`.

Started as a file (not `-m`, not `preexec_fn`): it costs one bare interpreter start, and no Python code runs between
fork and exec of a parent that may have threads. The process id stays that of the command. Kernels other than Linux have
no parent death signal; there the parent stops its children only when it ends in order.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h; kept by exec, cleared by fork


def main(parent: int, command: list[str]) -> None:
    """Replace this process by `command`; exit if `parent` ended before the signal was set."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            sys.exit(1)
    os.execvp(command[0], command)  # noqa: S606 - replacing this process without a shell is the purpose of this file


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
