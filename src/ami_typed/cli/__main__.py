"""`python -m ami_typed.cli`: the command line if its script is not on the path."""

import sys

from ami_typed.cli import main

sys.exit(main())
