"""No network while a model is built: whatever looks up a host meanwhile is refused."""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
from collections.abc import Iterator
from typing import Any

from lrspec.source import printable
from lrspec.sources.errors import ModelError


@contextlib.contextmanager
def offline(source: str) -> Iterator[None]:
    """Refuse to this thread, by a ModelError, to look up hosts, with which every connection begins.

    huggingface_hub, where it is loaded, is told so that it does not try.
    """
    look_up, builder = socket.getaddrinfo, threading.get_ident()

    def refuse(host: Any, *args: Any, **kwargs: Any) -> Any:
        if threading.get_ident() == builder:
            raise ModelError(f"{source} would reach {printable(str(host))} to be built, and nothing is downloaded")
        return look_up(host, *args, **kwargs)

    socket.getaddrinfo = refuse
    try:
        with _hub_told():
            yield
    finally:
        socket.getaddrinfo = look_up


@contextlib.contextmanager
def _hub_told() -> Iterator[None]:
    constants: Any = sys.modules.get("huggingface_hub.constants")
    if constants is None:
        yield
        return
    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


def is_offline_refusal(failure: BaseException) -> bool:
    """Whether an exception is that of huggingface_hub for being told, or has it as its reason."""
    reason: BaseException | None = failure
    while reason is not None and type(reason).__name__ != "OfflineModeIsEnabled":
        reason = reason.__cause__ or reason.__context__
    return reason is not None
