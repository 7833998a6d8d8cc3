import datetime

from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from web1on1._transcode.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class BotStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BOT_STATUS_UNSPECIFIED: _ClassVar[BotStatus]
    BOT_STATUS_INACTIVE: _ClassVar[BotStatus]
    BOT_STATUS_ACTIVE: _ClassVar[BotStatus]
    BOT_STATUS_ARCHIVED: _ClassVar[BotStatus]

class BotAudience(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BOT_AUDIENCE_UNSPECIFIED: _ClassVar[BotAudience]
    BOT_AUDIENCE_GLOBAL: _ClassVar[BotAudience]
    BOT_AUDIENCE_OWNER: _ClassVar[BotAudience]
    BOT_AUDIENCE_GROUP: _ClassVar[BotAudience]
BOT_STATUS_UNSPECIFIED: BotStatus
BOT_STATUS_INACTIVE: BotStatus
BOT_STATUS_ACTIVE: BotStatus
BOT_STATUS_ARCHIVED: BotStatus
BOT_AUDIENCE_UNSPECIFIED: BotAudience
BOT_AUDIENCE_GLOBAL: BotAudience
BOT_AUDIENCE_OWNER: BotAudience
BOT_AUDIENCE_GROUP: BotAudience

class Bot(_message.Message):
    __slots__ = ("id", "organization", "name", "description", "status", "roles", "audience", "tags", "avatar", "commands", "meta", "secret", "created_by", "updated_by", "created_at", "updated_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    ORGANIZATION_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    ROLES_FIELD_NUMBER: _ClassVar[int]
    AUDIENCE_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    AVATAR_FIELD_NUMBER: _ClassVar[int]
    COMMANDS_FIELD_NUMBER: _ClassVar[int]
    META_FIELD_NUMBER: _ClassVar[int]
    SECRET_FIELD_NUMBER: _ClassVar[int]
    CREATED_BY_FIELD_NUMBER: _ClassVar[int]
    UPDATED_BY_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    organization: str
    name: str
    description: str
    status: BotStatus
    roles: _containers.RepeatedScalarFieldContainer[str]
    audience: BotAudience
    tags: _containers.RepeatedScalarFieldContainer[str]
    avatar: str
    commands: _containers.RepeatedScalarFieldContainer[str]
    meta: _struct_pb2.Struct
    secret: str
    created_by: str
    updated_by: str
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    def __init__(self, id: _Optional[str] = ..., organization: _Optional[str] = ..., name: _Optional[str] = ..., description: _Optional[str] = ..., status: _Optional[_Union[BotStatus, str]] = ..., roles: _Optional[_Iterable[str]] = ..., audience: _Optional[_Union[BotAudience, str]] = ..., tags: _Optional[_Iterable[str]] = ..., avatar: _Optional[str] = ..., commands: _Optional[_Iterable[str]] = ..., meta: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., secret: _Optional[str] = ..., created_by: _Optional[str] = ..., updated_by: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
