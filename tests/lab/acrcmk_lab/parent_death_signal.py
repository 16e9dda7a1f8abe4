"""Run a command that the kernel kills when its parent dies: `python parent_death_signal.py PARENT_PID COMMAND...`.

Started as a file of its own (not `-m`, not `preexec_fn`): it costs one bare interpreter start, and no code
of ours runs between fork and exec of a parent that may have threads. The process id stays that of the
command. Where the kernel cannot do it (only Linux can), the parent's orderly stop must do.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h; kept by exec, forgotten by fork


def main(parent: int, command: list[str]) -> None:
    """Become `command`, or end at once if `parent` was gone before the kernel knew of the wish."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            sys.exit(1)
    os.execvp(command[0], command)  # noqa: S606 - replacing ourselves without a shell is this file's whole purpose


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
