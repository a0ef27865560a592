"""Where the bodies of tasks run: the pools that have names of their own, and what may run in them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from theflow.errors import SchemeError

THREAD = "thread"
PROCESS = "process"


def checked_pool(flow: str, task: str, body: Callable[..., Any], options: Mapping[str, Any]) -> str:
    """Return the pool of a task; refuse one for a body that must run where it does."""
    where, pool = f"flow {flow!r}, task {task!r}", options.get("pool")
    if not isinstance(pool, str) or not pool.isprintable() or not pool:
        raise SchemeError(
            f'{where}: pool is {pool!r}; give it "thread", "process", or the name of an executor of the Runtime'
        )
    if is_async(body):
        raise SchemeError(
            f"{where} is async, so it runs on the loop, and has pool={pool!r}; take pool= out, or make it a plain "
            "function (def)"
        )
    if options.get("transactional") and pool != THREAD:
        raise SchemeError(
            f"{where} is transactional, and its transaction does not reach into pool={pool!r}; take pool= out, and "
            "compute what takes long in a task before it"
        )
    if options.get("heartbeat") is not None and pool not in (THREAD, PROCESS):
        raise SchemeError(
            f"{where} has a heartbeat, which is not heard from pool={pool!r}: its executor tells nothing of a body "
            'before that ends; take it out, and give it a timeout, or run it in pool="process"'
        )
    return pool


def is_async(body: Callable[..., Any]) -> bool:
    """Whether a body is awaited."""
    # Async is the outermost layer that says so: a decorator's own function, what it wraps, or an object's __call__.
    function = body.func if isinstance(body, partial) else body
    call = getattr(function, "__call__", None)  # noqa: B004
    return any(inspect.iscoroutinefunction(each) for each in (function, inspect.unwrap(function), call))


def check_transaction(flow: str, task: str, body: Callable[..., Any], options: Mapping[str, Any]) -> None:
    """Refuse a transactional task that could not be run again whole, in a thread of its own."""
    if not options.get("transactional"):
        return
    if options.get("at_most_once"):
        raise SchemeError(
            f"flow {flow!r}, task {task!r} is transactional, so it is run again whole after a deadlock, and "
            "at_most_once; take at_most_once out: what it writes with ctx.tx is there once in any case"
        )
    if is_async(body):
        raise SchemeError(
            f"flow {flow!r}, task {task!r} is transactional and async; its transaction belongs to one thread: "
            "make it a plain function (def), and await what is slow in a task before it"
        )
