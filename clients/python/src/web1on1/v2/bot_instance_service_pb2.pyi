from google.api import annotations_pb2 as _annotations_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.protobuf import field_mask_pb2 as _field_mask_pb2
from web1on1._transcode.v1 import options_pb2 as _options_pb2
from web1on1.v2 import bot_instance_pb2 as _bot_instance_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ListBotInstancesRequest(_message.Message):
    __slots__ = ("limit", "offset", "sort", "id", "organization", "bot", "name", "enabled", "created_at")
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    SORT_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    ORGANIZATION_FIELD_NUMBER: _ClassVar[int]
    BOT_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    ENABLED_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    limit: int
    offset: int
    sort: str
    id: str
    organization: str
    bot: str
    name: str
    enabled: bool
    created_at: str
    def __init__(self, limit: _Optional[int] = ..., offset: _Optional[int] = ..., sort: _Optional[str] = ..., id: _Optional[str] = ..., organization: _Optional[str] = ..., bot: _Optional[str] = ..., name: _Optional[str] = ..., enabled: _Optional[bool] = ..., created_at: _Optional[str] = ...) -> None: ...

class ListBotInstancesResponse(_message.Message):
    __slots__ = ("bot_instances", "next_offset")
    BOT_INSTANCES_FIELD_NUMBER: _ClassVar[int]
    NEXT_OFFSET_FIELD_NUMBER: _ClassVar[int]
    bot_instances: _containers.RepeatedCompositeFieldContainer[_bot_instance_pb2.BotInstance]
    next_offset: int
    def __init__(self, bot_instances: _Optional[_Iterable[_Union[_bot_instance_pb2.BotInstance, _Mapping]]] = ..., next_offset: _Optional[int] = ...) -> None: ...

class StreamBotInstancesRequest(_message.Message):
    __slots__ = ("page_size", "offset", "sort", "id", "organization", "bot", "name", "enabled", "created_at")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    SORT_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    ORGANIZATION_FIELD_NUMBER: _ClassVar[int]
    BOT_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    ENABLED_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    offset: int
    sort: str
    id: str
    organization: str
    bot: str
    name: str
    enabled: bool
    created_at: str
    def __init__(self, page_size: _Optional[int] = ..., offset: _Optional[int] = ..., sort: _Optional[str] = ..., id: _Optional[str] = ..., organization: _Optional[str] = ..., bot: _Optional[str] = ..., name: _Optional[str] = ..., enabled: _Optional[bool] = ..., created_at: _Optional[str] = ...) -> None: ...

class CreateBotInstanceRequest(_message.Message):
    __slots__ = ("bot_instance",)
    BOT_INSTANCE_FIELD_NUMBER: _ClassVar[int]
    bot_instance: _bot_instance_pb2.BotInstance
    def __init__(self, bot_instance: _Optional[_Union[_bot_instance_pb2.BotInstance, _Mapping]] = ...) -> None: ...

class CreateBotInstanceResponse(_message.Message):
    __slots__ = ("bot_instance",)
    BOT_INSTANCE_FIELD_NUMBER: _ClassVar[int]
    bot_instance: _bot_instance_pb2.BotInstance
    def __init__(self, bot_instance: _Optional[_Union[_bot_instance_pb2.BotInstance, _Mapping]] = ...) -> None: ...

class GetBotInstanceRequest(_message.Message):
    __slots__ = ("bot_instance_id",)
    BOT_INSTANCE_ID_FIELD_NUMBER: _ClassVar[int]
    bot_instance_id: str
    def __init__(self, bot_instance_id: _Optional[str] = ...) -> None: ...

class GetBotInstanceResponse(_message.Message):
    __slots__ = ("bot_instance",)
    BOT_INSTANCE_FIELD_NUMBER: _ClassVar[int]
    bot_instance: _bot_instance_pb2.BotInstance
    def __init__(self, bot_instance: _Optional[_Union[_bot_instance_pb2.BotInstance, _Mapping]] = ...) -> None: ...

class UpdateBotInstanceRequest(_message.Message):
    __slots__ = ("bot_instance_id", "bot_instance", "update_mask")
    BOT_INSTANCE_ID_FIELD_NUMBER: _ClassVar[int]
    BOT_INSTANCE_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    bot_instance_id: str
    bot_instance: _bot_instance_pb2.BotInstance
    update_mask: _field_mask_pb2.FieldMask
    def __init__(self, bot_instance_id: _Optional[str] = ..., bot_instance: _Optional[_Union[_bot_instance_pb2.BotInstance, _Mapping]] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ...) -> None: ...

class UpdateBotInstanceResponse(_message.Message):
    __slots__ = ("bot_instance",)
    BOT_INSTANCE_FIELD_NUMBER: _ClassVar[int]
    bot_instance: _bot_instance_pb2.BotInstance
    def __init__(self, bot_instance: _Optional[_Union[_bot_instance_pb2.BotInstance, _Mapping]] = ...) -> None: ...

class DeleteBotInstanceRequest(_message.Message):
    __slots__ = ("bot_instance_id",)
    BOT_INSTANCE_ID_FIELD_NUMBER: _ClassVar[int]
    bot_instance_id: str
    def __init__(self, bot_instance_id: _Optional[str] = ...) -> None: ...

class DeleteBotInstanceResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
