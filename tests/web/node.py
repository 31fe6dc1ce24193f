"""Run a module of the web apps without a browser: Node strips the types of what imports its neighbours only."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.conftest import REPOSITORY

NODE = Path(sys.executable).parent / "node"
PATIENCE_SECONDS = 60


# Neighbours are imported as the bundler wants it, without an ending.
NEIGHBOURS = """
import { registerHooks } from "node:module";
registerHooks({resolve: (name, context, next) => next(/^[.][/]\\w+$/.test(name) ? `${name}.ts` : name, context)});
"""


def run(module: str, program: str, told: Any = None, zone: str = "UTC") -> Any:
    """What `program` (the body of a function of `module` and `told`) returns, as JSON; `zone` is the device's."""
    file = REPOSITORY / "web" / module
    script = (
        f"{NEIGHBOURS}const module = await import({json.dumps(file.as_uri())});"
        "const told = JSON.parse(await new Response(process.stdin).text());"
        f"const answer = ((module, told) => {{{program}}})(module, told);"
        "process.stdout.write(JSON.stringify(answer));"
    )
    done = subprocess.run(
        [NODE, "--input-type=module", "--disable-warning=ExperimentalWarning", "--eval", script],
        input=json.dumps(told),
        capture_output=True,
        text=True,
        env=os.environ | {"TZ": zone},
        timeout=PATIENCE_SECONDS,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
