"""The database floor: the port, its stores, and the words of the data path that people look for here."""

from theflow.model.flow_data import FlowDataObject, FlowDataPartial
from theflow.model.job import JobMetaObject

__all__ = ["FlowDataObject", "FlowDataPartial", "JobMetaObject"]
