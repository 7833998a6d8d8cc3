from google.api import annotations_pb2 as _annotations_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.protobuf import field_mask_pb2 as _field_mask_pb2
from web1on1._transcode.v1 import options_pb2 as _options_pb2
from web1on1.v2 import bot_pb2 as _bot_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ListBotsRequest(_message.Message):
    __slots__ = ("limit", "offset", "sort", "id", "organization", "name", "status", "audience", "created_at")
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    SORT_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    ORGANIZATION_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    AUDIENCE_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    limit: int
    offset: int
    sort: str
    id: str
    organization: str
    name: str
    status: _bot_pb2.BotStatus
    audience: _bot_pb2.BotAudience
    created_at: str
    def __init__(self, limit: _Optional[int] = ..., offset: _Optional[int] = ..., sort: _Optional[str] = ..., id: _Optional[str] = ..., organization: _Optional[str] = ..., name: _Optional[str] = ..., status: _Optional[_Union[_bot_pb2.BotStatus, str]] = ..., audience: _Optional[_Union[_bot_pb2.BotAudience, str]] = ..., created_at: _Optional[str] = ...) -> None: ...

class ListBotsResponse(_message.Message):
    __slots__ = ("bots", "next_offset")
    BOTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_OFFSET_FIELD_NUMBER: _ClassVar[int]
    bots: _containers.RepeatedCompositeFieldContainer[_bot_pb2.Bot]
    next_offset: int
    def __init__(self, bots: _Optional[_Iterable[_Union[_bot_pb2.Bot, _Mapping]]] = ..., next_offset: _Optional[int] = ...) -> None: ...

class StreamBotsRequest(_message.Message):
    __slots__ = ("page_size", "offset", "sort", "id", "organization", "name", "status", "audience", "created_at")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    SORT_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    ORGANIZATION_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    AUDIENCE_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    offset: int
    sort: str
    id: str
    organization: str
    name: str
    status: _bot_pb2.BotStatus
    audience: _bot_pb2.BotAudience
    created_at: str
    def __init__(self, page_size: _Optional[int] = ..., offset: _Optional[int] = ..., sort: _Optional[str] = ..., id: _Optional[str] = ..., organization: _Optional[str] = ..., name: _Optional[str] = ..., status: _Optional[_Union[_bot_pb2.BotStatus, str]] = ..., audience: _Optional[_Union[_bot_pb2.BotAudience, str]] = ..., created_at: _Optional[str] = ...) -> None: ...

class CreateBotRequest(_message.Message):
    __slots__ = ("bot",)
    BOT_FIELD_NUMBER: _ClassVar[int]
    bot: _bot_pb2.Bot
    def __init__(self, bot: _Optional[_Union[_bot_pb2.Bot, _Mapping]] = ...) -> None: ...

class CreateBotResponse(_message.Message):
    __slots__ = ("bot",)
    BOT_FIELD_NUMBER: _ClassVar[int]
    bot: _bot_pb2.Bot
    def __init__(self, bot: _Optional[_Union[_bot_pb2.Bot, _Mapping]] = ...) -> None: ...

class GetBotRequest(_message.Message):
    __slots__ = ("bot_id",)
    BOT_ID_FIELD_NUMBER: _ClassVar[int]
    bot_id: str
    def __init__(self, bot_id: _Optional[str] = ...) -> None: ...

class GetBotResponse(_message.Message):
    __slots__ = ("bot",)
    BOT_FIELD_NUMBER: _ClassVar[int]
    bot: _bot_pb2.Bot
    def __init__(self, bot: _Optional[_Union[_bot_pb2.Bot, _Mapping]] = ...) -> None: ...

class UpdateBotRequest(_message.Message):
    __slots__ = ("bot_id", "bot", "update_mask")
    BOT_ID_FIELD_NUMBER: _ClassVar[int]
    BOT_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    bot_id: str
    bot: _bot_pb2.Bot
    update_mask: _field_mask_pb2.FieldMask
    def __init__(self, bot_id: _Optional[str] = ..., bot: _Optional[_Union[_bot_pb2.Bot, _Mapping]] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ...) -> None: ...

class UpdateBotResponse(_message.Message):
    __slots__ = ("bot",)
    BOT_FIELD_NUMBER: _ClassVar[int]
    bot: _bot_pb2.Bot
    def __init__(self, bot: _Optional[_Union[_bot_pb2.Bot, _Mapping]] = ...) -> None: ...

class DeleteBotRequest(_message.Message):
    __slots__ = ("bot_id",)
    BOT_ID_FIELD_NUMBER: _ClassVar[int]
    bot_id: str
    def __init__(self, bot_id: _Optional[str] = ...) -> None: ...

class DeleteBotResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
