"""`python -m bench [name …]`: run the benches (all without a name), print each, and all figures as one JSON line."""

from __future__ import annotations

import importlib
import json
import pkgutil
import sys
import time

import bench


def main(names: list[str]) -> int:
    """Run and print; a bench that fails is named and makes the exit status 1, the others still run."""
    known = sorted(module.name for module in pkgutil.iter_modules(bench.__path__) if not module.name.startswith("_"))
    unknown = [name for name in names if name not in known]
    if unknown:
        print(f"no such bench: {', '.join(unknown)} (there are: {', '.join(known)})", file=sys.stderr)
        return 2
    figures: dict[str, float | str] = {}
    failed = []
    for name in names or known:
        started = time.monotonic()
        print(f"{name} …", flush=True)
        try:
            found: dict[str, float | str] = importlib.import_module(f"bench.{name}").run()
        except Exception as error:
            failed.append(name)
            print(f"{name} failed: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
            continue
        for figure, value in found.items():
            print(f"  {figure:<34} {value}")
        print(f"  {'seconds':<34} {time.monotonic() - started:.0f}", flush=True)
        figures |= found
    print(json.dumps({"bench": "+".join(names) or "all", **figures, **({"failed": failed} if failed else {})}))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
