"""MLflow's server as a program, on a store that is made whole before: ``python -m flows.store_server --port 5000 ...``.

The server would make a database table by table; a run that registers meanwhile fails, and one that is killed leaves
what nothing mends.
"""

from __future__ import annotations

import os
import sys

from tasks.publish_mlflow_store import open_store
from tasks.publish_params import database
from tasks.publish_record import PublishError

STORE = "MLFLOW_BACKEND_STORE_URI"
"""The environment names the store: everybody could read a password in the command."""


def main() -> None:
    """Make the store where it is a file that does not exist, and become the server."""
    address = os.environ[STORE]
    path = database(address)
    if path is not None and not path.exists():
        try:
            with open_store(address):
                pass
        except PublishError as error:
            sys.exit(str(error))
    os.execv(sys.executable, [sys.executable, "-m", "mlflow", "server", *sys.argv[1:]])


if __name__ == "__main__":
    main()
