"""Terminal output: colours and one live line on a terminal, plain lines in a file."""

import dataclasses
import os
import shutil
import sys
from typing import TextIO

GREEN, YELLOW, RED, DIM, BOLD = "32", "33", "31", "2", "1"
FILE_WIDTH = 160
_CLEAR_LINE = "\r\x1b[K"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Terminal:
    """Prints to `out`; `interactive` is whether that is a terminal with colours."""

    out: TextIO
    interactive: bool

    @classmethod
    def standard(cls) -> "Terminal":
        """Return the terminal on standard output; NO_COLOR (no-color.org) makes it plain."""
        return cls(out=sys.stdout, interactive=sys.stdout.isatty() and not os.environ.get("NO_COLOR"))

    @property
    def width(self) -> int:
        """Columns of a line."""
        return shutil.get_terminal_size().columns if self.interactive else FILE_WIDTH

    def paint(self, text: str, colour: str) -> str:
        """Return the text in a colour or weight."""
        return f"\x1b[{colour}m{text}\x1b[0m" if self.interactive else text

    def line(self, text: str = "") -> None:
        """Print a line in place of the live line."""
        self.out.write(f"{_CLEAR_LINE if self.interactive else ''}{text}\n")
        self.out.flush()

    def live(self, text: str) -> None:
        """Show a line that the next line replaces; not in a file."""
        if self.interactive:
            self.out.write(_CLEAR_LINE + self.paint(text[: self.width - 1], DIM))
            self.out.flush()

    def fit(self, text: str, used: int) -> str:
        """Truncate a text to the rest of a line of which `used` columns are taken."""
        rest = max(20, self.width - used)
        return text if len(text) <= rest else text[: rest - 1] + "…"
