"""`make prove`: every proof there is."""

from __future__ import annotations

import sys

from proofs.ledger.__main__ import main

if __name__ == "__main__":
    sys.exit(main())
