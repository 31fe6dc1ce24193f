"""`python -m bench [name …]`: run the benches (all without a name), print each, and all figures as one JSON line.

A bench is a module with `run()`, which answers figures, and perhaps `BUDGETS` for some of them. A budget that is not
met is said and changes nothing: these are measurements, not tests.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import signal
import sys
import time

import bench
from bench._figures import Budget, Figures


def main(names: list[str]) -> int:
    """Run and print; a bench that fails is named and makes the exit status 1, the others still run."""
    known = sorted(module.name for module in pkgutil.iter_modules(bench.__path__) if not module.name.startswith("_"))
    unknown = [name for name in names if name not in known]
    if unknown:
        print(f"no such bench: {', '.join(unknown)} (there are: {', '.join(known)})", file=sys.stderr)
        return 2
    # A bench that is ended ends what it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    figures: Figures = {}
    failed, missed = [], []
    for name in names or known:
        started = time.monotonic()
        print(f"{name} …", flush=True)
        try:
            module = importlib.import_module(f"bench.{name}")
            found: Figures = module.run()
        except Exception as error:
            failed.append(name)
            print(f"{name} failed: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
            continue
        budgets: dict[str, Budget] = getattr(module, "BUDGETS", {})
        for figure, value in found.items():
            budget = budgets.get(figure)
            print(f"  {figure:<34} {value!s:<14}{budget.verdict(value) if budget else ''}".rstrip())
            if budget and not budget.met_by(float(value)):
                missed.append(figure)
        print(f"  {'seconds':<34} {time.monotonic() - started:.0f}", flush=True)
        figures |= found
    ended = {"missed": missed, **({"failed": failed} if failed else {})}
    print(json.dumps({"bench": "+".join(names) or "all", **figures, **ended}, ensure_ascii=False))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
