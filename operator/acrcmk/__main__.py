"""`python -m acrcmk`."""

import sys

from acrcmk import cli

sys.exit(cli.main())
