"""Orchestrations: in which order the tasks of a flow may run."""

from theflow.model.orchestration.chain import Chain
from theflow.model.orchestration.dag import Dag

__all__ = ["Chain", "Dag"]
