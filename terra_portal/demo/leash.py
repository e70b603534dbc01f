"""Runs a module that ends when whoever started it is gone, however that happened.

`python -m terra_portal.demo.leash MODULE [arguments]`: the other end of stdin is the leash.
"""

import os
import runpy
import signal
import sys
import threading


def _end_with_the_owner() -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    threading.Thread(target=_end_with_the_owner, name="leash", daemon=True).start()
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
