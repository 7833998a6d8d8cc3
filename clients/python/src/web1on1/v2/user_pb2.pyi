import datetime

from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from web1on1._transcode.v1 import options_pb2 as _options_pb2
from web1on1.v2 import locale_pb2 as _locale_pb2
from web1on1.v2 import role_pb2 as _role_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class UserStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    USER_STATUS_UNSPECIFIED: _ClassVar[UserStatus]
    USER_STATUS_QUEUED: _ClassVar[UserStatus]
    USER_STATUS_INVITED: _ClassVar[UserStatus]
    USER_STATUS_ACTIVE: _ClassVar[UserStatus]
    USER_STATUS_ARCHIVED: _ClassVar[UserStatus]
USER_STATUS_UNSPECIFIED: UserStatus
USER_STATUS_QUEUED: UserStatus
USER_STATUS_INVITED: UserStatus
USER_STATUS_ACTIVE: UserStatus
USER_STATUS_ARCHIVED: UserStatus

class User(_message.Message):
    __slots__ = ("id", "family_name", "given_name", "additional_name", "display_name", "email", "phone", "password", "avatar", "organization", "role", "settings", "meta", "status", "api_token", "last_login", "created_at", "updated_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    FAMILY_NAME_FIELD_NUMBER: _ClassVar[int]
    GIVEN_NAME_FIELD_NUMBER: _ClassVar[int]
    ADDITIONAL_NAME_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    EMAIL_FIELD_NUMBER: _ClassVar[int]
    PHONE_FIELD_NUMBER: _ClassVar[int]
    PASSWORD_FIELD_NUMBER: _ClassVar[int]
    AVATAR_FIELD_NUMBER: _ClassVar[int]
    ORGANIZATION_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    META_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    API_TOKEN_FIELD_NUMBER: _ClassVar[int]
    LAST_LOGIN_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    family_name: str
    given_name: str
    additional_name: str
    display_name: str
    email: str
    phone: str
    password: str
    avatar: str
    organization: str
    role: _role_pb2.Role
    settings: UserSettings
    meta: _struct_pb2.Struct
    status: UserStatus
    api_token: str
    last_login: _timestamp_pb2.Timestamp
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    def __init__(self, id: _Optional[str] = ..., family_name: _Optional[str] = ..., given_name: _Optional[str] = ..., additional_name: _Optional[str] = ..., display_name: _Optional[str] = ..., email: _Optional[str] = ..., phone: _Optional[str] = ..., password: _Optional[str] = ..., avatar: _Optional[str] = ..., organization: _Optional[str] = ..., role: _Optional[_Union[_role_pb2.Role, str]] = ..., settings: _Optional[_Union[UserSettings, _Mapping]] = ..., meta: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., status: _Optional[_Union[UserStatus, str]] = ..., api_token: _Optional[str] = ..., last_login: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class UserSettings(_message.Message):
    __slots__ = ("timezone", "timezone_set", "locale", "locale_set", "audio_on_chat", "audio_on_message", "notify_on_chat", "notify_on_message", "tabdot_notify", "tabdot_message", "push_notify", "focus_on_accept", "notifications", "canned_responses")
    TIMEZONE_FIELD_NUMBER: _ClassVar[int]
    TIMEZONE_SET_FIELD_NUMBER: _ClassVar[int]
    LOCALE_FIELD_NUMBER: _ClassVar[int]
    LOCALE_SET_FIELD_NUMBER: _ClassVar[int]
    AUDIO_ON_CHAT_FIELD_NUMBER: _ClassVar[int]
    AUDIO_ON_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    NOTIFY_ON_CHAT_FIELD_NUMBER: _ClassVar[int]
    NOTIFY_ON_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    TABDOT_NOTIFY_FIELD_NUMBER: _ClassVar[int]
    TABDOT_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    PUSH_NOTIFY_FIELD_NUMBER: _ClassVar[int]
    FOCUS_ON_ACCEPT_FIELD_NUMBER: _ClassVar[int]
    NOTIFICATIONS_FIELD_NUMBER: _ClassVar[int]
    CANNED_RESPONSES_FIELD_NUMBER: _ClassVar[int]
    timezone: str
    timezone_set: bool
    locale: _locale_pb2.Locale
    locale_set: bool
    audio_on_chat: bool
    audio_on_message: bool
    notify_on_chat: bool
    notify_on_message: bool
    tabdot_notify: bool
    tabdot_message: bool
    push_notify: bool
    focus_on_accept: bool
    notifications: _containers.RepeatedScalarFieldContainer[str]
    canned_responses: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, timezone: _Optional[str] = ..., timezone_set: _Optional[bool] = ..., locale: _Optional[_Union[_locale_pb2.Locale, str]] = ..., locale_set: _Optional[bool] = ..., audio_on_chat: _Optional[bool] = ..., audio_on_message: _Optional[bool] = ..., notify_on_chat: _Optional[bool] = ..., notify_on_message: _Optional[bool] = ..., tabdot_notify: _Optional[bool] = ..., tabdot_message: _Optional[bool] = ..., push_notify: _Optional[bool] = ..., focus_on_accept: _Optional[bool] = ..., notifications: _Optional[_Iterable[str]] = ..., canned_responses: _Optional[_Iterable[str]] = ...) -> None: ...

class UserOrganizations(_message.Message):
    __slots__ = ("id", "organizations")
    ID_FIELD_NUMBER: _ClassVar[int]
    ORGANIZATIONS_FIELD_NUMBER: _ClassVar[int]
    id: str
    organizations: _containers.RepeatedCompositeFieldContainer[UserOrganization]
    def __init__(self, id: _Optional[str] = ..., organizations: _Optional[_Iterable[_Union[UserOrganization, _Mapping]]] = ...) -> None: ...

class UserOrganization(_message.Message):
    __slots__ = ("organization", "role", "selected")
    ORGANIZATION_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    SELECTED_FIELD_NUMBER: _ClassVar[int]
    organization: str
    role: _role_pb2.Role
    selected: bool
    def __init__(self, organization: _Optional[str] = ..., role: _Optional[_Union[_role_pb2.Role, str]] = ..., selected: _Optional[bool] = ...) -> None: ...
