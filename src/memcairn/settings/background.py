"""Start a module of memcairn as a process in the background, detached from this one."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

from memcairn import paths


def start(module: str, home: str) -> bool:
    """Start a module for a home, without waiting for it; False if there can be no more processes."""
    environment = {**os.environ, "MEMCAIRN_HOME": home, "MEMCAIRN_CONFIG": paths.config_file()}
    try:
        process = subprocess.Popen(  # noqa: S603 - this Python and this package
            # -P: import no module from the working directory.
            [sys.executable, "-P", "-m", module],
            cwd=home,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        return False
    # A parent that lives on must wait for it, or it stays a zombie.
    threading.Thread(target=process.wait, daemon=True).start()
    return True
