"""`facefoundry app`: the web page for a camera in the browser, or for pictures."""

from __future__ import annotations

import sys
from contextlib import suppress
from socket import socket
from typing import TYPE_CHECKING, Annotated

from annotated_types import Ge, Le
from cyclopts import App

from flows.commands.live_commands import Cascade, cascade_of, network_of

if TYPE_CHECKING:
    from live.page.server import PageParams

web_app = App(name="app")


@web_app.default
def serve_page(
    *,
    cascade: Cascade = "face-cascade@champion",
    network: str = "expression-cnn@champion",
    host: str = "127.0.0.1",
    port: Annotated[int, Ge(0), Le(65_535)] = 8765,
    visitors: Annotated[int, Ge(1)] = 8,
) -> None:
    """Serve a web page that finds faces and reads their expressions in the visitor's own camera, or in pictures.

    Nothing is stored, and nothing leaves this machine: pictures go from the browser to this program and are forgotten
    with the answer. Ctrl-C ends it.

    Parameters
    ----------
    network
        A `model.keras`, a `model.onnx`, or a registered model. What the network looks at can be shown only where there
        is a `model.keras`.
    host
        Where it listens: this machine only, or an address that others reach, such as 0.0.0.0. Browsers give their
        camera only to https and to localhost.
    port
        0 takes a free one.
    visitors
        Visitors at once, at most.
    """
    from live.page.server import PageParams, listen

    with listen(host, port) as listener:
        _serve(listener, host, cascade, network, PageParams(visitors=visitors))


def _serve(listener: socket, host: str, cascade: str, network: str, params: PageParams) -> None:
    from live.page.answers import Models
    from live.page.server import is_loopback, make_app, new_server

    cascade_file, searching = cascade_of(cascade)
    network_file, keras_file = network_of(network)
    models = Models(cascade_file, network_file, searching, keras_network=keras_file)
    only_here = is_loopback(host)
    server = new_server(make_app(models, params, only_here=only_here))
    _welcome(host, listener.getsockname()[1], only_here, keras_file is not None)
    with suppress(KeyboardInterrupt):  # uvicorn has ended all conversations by then
        server.run(sockets=[listener])


def _welcome(host: str, port: int, only_here: bool, maps: bool) -> None:
    shown = f"[{host}]" if ":" in host else host
    print(f"The page is at http://{shown}:{port}/ until Ctrl-C.", flush=True)
    if not maps:
        _warn("there is no .keras file of this network, so the page cannot show what it looks at")
    if not only_here:
        _warn(
            f"everybody who reaches {host} can use the page, unencrypted; browsers give it their camera only over "
            "https (put a proxy with a certificate before it) or on localhost (`ssh -L`); pictures work everywhere"
        )


def _warn(words: str) -> None:
    print(f"facefoundry: {words}", file=sys.stderr, flush=True)
