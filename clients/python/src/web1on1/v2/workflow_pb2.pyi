import datetime

from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Workflow(_message.Message):
    __slots__ = ("id", "organization", "name", "enabled", "rules", "organizations", "organization_tags", "created_at", "updated_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    ORGANIZATION_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    ENABLED_FIELD_NUMBER: _ClassVar[int]
    RULES_FIELD_NUMBER: _ClassVar[int]
    ORGANIZATIONS_FIELD_NUMBER: _ClassVar[int]
    ORGANIZATION_TAGS_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    organization: str
    name: str
    enabled: bool
    rules: _containers.RepeatedCompositeFieldContainer[WorkflowRule]
    organizations: _containers.RepeatedScalarFieldContainer[str]
    organization_tags: _containers.RepeatedScalarFieldContainer[str]
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    def __init__(self, id: _Optional[str] = ..., organization: _Optional[str] = ..., name: _Optional[str] = ..., enabled: _Optional[bool] = ..., rules: _Optional[_Iterable[_Union[WorkflowRule, _Mapping]]] = ..., organizations: _Optional[_Iterable[str]] = ..., organization_tags: _Optional[_Iterable[str]] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class WorkflowRule(_message.Message):
    __slots__ = ("id", "conditions", "event", "priority")
    ID_FIELD_NUMBER: _ClassVar[int]
    CONDITIONS_FIELD_NUMBER: _ClassVar[int]
    EVENT_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    id: str
    conditions: WorkflowConditions
    event: WorkflowEvent
    priority: float
    def __init__(self, id: _Optional[str] = ..., conditions: _Optional[_Union[WorkflowConditions, _Mapping]] = ..., event: _Optional[_Union[WorkflowEvent, _Mapping]] = ..., priority: _Optional[float] = ...) -> None: ...

class WorkflowConditions(_message.Message):
    __slots__ = ("any", "all")
    ANY_FIELD_NUMBER: _ClassVar[int]
    ALL_FIELD_NUMBER: _ClassVar[int]
    any: _containers.RepeatedCompositeFieldContainer[WorkflowCondition]
    all: _containers.RepeatedCompositeFieldContainer[WorkflowCondition]
    def __init__(self, any: _Optional[_Iterable[_Union[WorkflowCondition, _Mapping]]] = ..., all: _Optional[_Iterable[_Union[WorkflowCondition, _Mapping]]] = ...) -> None: ...

class WorkflowCondition(_message.Message):
    __slots__ = ("fact", "operator", "value", "path")
    FACT_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    fact: str
    operator: str
    value: _struct_pb2.Value
    path: str
    def __init__(self, fact: _Optional[str] = ..., operator: _Optional[str] = ..., value: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ..., path: _Optional[str] = ...) -> None: ...

class WorkflowEvent(_message.Message):
    __slots__ = ("type", "params")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    PARAMS_FIELD_NUMBER: _ClassVar[int]
    type: str
    params: _struct_pb2.Struct
    def __init__(self, type: _Optional[str] = ..., params: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...
