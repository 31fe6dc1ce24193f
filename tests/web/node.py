"""Run a module of the web apps without a browser: Node strips the types of what imports nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.conftest import REPOSITORY

NODE = Path(sys.executable).parent / "node"
PATIENCE_SECONDS = 60


def run(module: str, program: str, told: Any = None) -> Any:
    """What `program` (the body of a function of `module` and `told`) returns, as JSON."""
    file = REPOSITORY / "web" / module
    script = (
        f"import * as module from {json.dumps(file.as_uri())};"
        "const told = JSON.parse(await new Response(process.stdin).text());"
        f"const answer = ((module, told) => {{{program}}})(module, told);"
        "process.stdout.write(JSON.stringify(answer));"
    )
    done = subprocess.run(
        [NODE, "--input-type=module", "--disable-warning=ExperimentalWarning", "--eval", script],
        input=json.dumps(told),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
