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

class ServiceProvider(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SERVICE_PROVIDER_UNSPECIFIED: _ClassVar[ServiceProvider]
    SERVICE_PROVIDER_SMARTSUPP: _ClassVar[ServiceProvider]
    SERVICE_PROVIDER_INTERCOM: _ClassVar[ServiceProvider]
    SERVICE_PROVIDER_SMOOCH: _ClassVar[ServiceProvider]
    SERVICE_PROVIDER_TWILIO: _ClassVar[ServiceProvider]
    SERVICE_PROVIDER_MAILGUN: _ClassVar[ServiceProvider]
    SERVICE_PROVIDER_MESSENGER: _ClassVar[ServiceProvider]
    SERVICE_PROVIDER_API: _ClassVar[ServiceProvider]
    SERVICE_PROVIDER_WEBHOOK: _ClassVar[ServiceProvider]
    SERVICE_PROVIDER_GBM: _ClassVar[ServiceProvider]

class ServiceStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SERVICE_STATUS_UNSPECIFIED: _ClassVar[ServiceStatus]
    SERVICE_STATUS_QUEUED: _ClassVar[ServiceStatus]
    SERVICE_STATUS_ACTIVE: _ClassVar[ServiceStatus]
    SERVICE_STATUS_DISABLED: _ClassVar[ServiceStatus]
    SERVICE_STATUS_PENDING_ARCHIVE: _ClassVar[ServiceStatus]
    SERVICE_STATUS_ARCHIVED: _ClassVar[ServiceStatus]

class ServiceParamsStep(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SERVICE_PARAMS_STEP_UNSPECIFIED: _ClassVar[ServiceParamsStep]
    SERVICE_PARAMS_STEP_VERIFY_AGENT: _ClassVar[ServiceParamsStep]
    SERVICE_PARAMS_STEP_VERIFY_LOCATION: _ClassVar[ServiceParamsStep]
    SERVICE_PARAMS_STEP_LAUNCH_AGENT: _ClassVar[ServiceParamsStep]
    SERVICE_PARAMS_STEP_LAUNCH_LOCATION: _ClassVar[ServiceParamsStep]
SERVICE_PROVIDER_UNSPECIFIED: ServiceProvider
SERVICE_PROVIDER_SMARTSUPP: ServiceProvider
SERVICE_PROVIDER_INTERCOM: ServiceProvider
SERVICE_PROVIDER_SMOOCH: ServiceProvider
SERVICE_PROVIDER_TWILIO: ServiceProvider
SERVICE_PROVIDER_MAILGUN: ServiceProvider
SERVICE_PROVIDER_MESSENGER: ServiceProvider
SERVICE_PROVIDER_API: ServiceProvider
SERVICE_PROVIDER_WEBHOOK: ServiceProvider
SERVICE_PROVIDER_GBM: ServiceProvider
SERVICE_STATUS_UNSPECIFIED: ServiceStatus
SERVICE_STATUS_QUEUED: ServiceStatus
SERVICE_STATUS_ACTIVE: ServiceStatus
SERVICE_STATUS_DISABLED: ServiceStatus
SERVICE_STATUS_PENDING_ARCHIVE: ServiceStatus
SERVICE_STATUS_ARCHIVED: ServiceStatus
SERVICE_PARAMS_STEP_UNSPECIFIED: ServiceParamsStep
SERVICE_PARAMS_STEP_VERIFY_AGENT: ServiceParamsStep
SERVICE_PARAMS_STEP_VERIFY_LOCATION: ServiceParamsStep
SERVICE_PARAMS_STEP_LAUNCH_AGENT: ServiceParamsStep
SERVICE_PARAMS_STEP_LAUNCH_LOCATION: ServiceParamsStep

class Service(_message.Message):
    __slots__ = ("id", "organization", "name", "description", "type", "status", "touchpoints", "params", "smooch_id", "smooch_app_id", "start_date", "end_date", "meta", "created_at", "updated_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    ORGANIZATION_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    TOUCHPOINTS_FIELD_NUMBER: _ClassVar[int]
    PARAMS_FIELD_NUMBER: _ClassVar[int]
    SMOOCH_ID_FIELD_NUMBER: _ClassVar[int]
    SMOOCH_APP_ID_FIELD_NUMBER: _ClassVar[int]
    START_DATE_FIELD_NUMBER: _ClassVar[int]
    END_DATE_FIELD_NUMBER: _ClassVar[int]
    META_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    organization: str
    name: str
    description: str
    type: ServiceProvider
    status: ServiceStatus
    touchpoints: _containers.RepeatedScalarFieldContainer[str]
    params: ServiceParams
    smooch_id: str
    smooch_app_id: str
    start_date: _timestamp_pb2.Timestamp
    end_date: _timestamp_pb2.Timestamp
    meta: _struct_pb2.Struct
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    def __init__(self, id: _Optional[str] = ..., organization: _Optional[str] = ..., name: _Optional[str] = ..., description: _Optional[str] = ..., type: _Optional[_Union[ServiceProvider, str]] = ..., status: _Optional[_Union[ServiceStatus, str]] = ..., touchpoints: _Optional[_Iterable[str]] = ..., params: _Optional[_Union[ServiceParams, _Mapping]] = ..., smooch_id: _Optional[str] = ..., smooch_app_id: _Optional[str] = ..., start_date: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_date: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., meta: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ServiceParams(_message.Message):
    __slots__ = ("jid", "password", "host", "port", "intercom_app_id", "intercom_access_token", "intercom_assignee_id", "app_id", "key_id", "secret", "advanced", "location", "privacy", "welcome_message", "starter", "start_time", "end_time", "start_day", "end_day", "step", "url", "scopes", "other")
    JID_FIELD_NUMBER: _ClassVar[int]
    PASSWORD_FIELD_NUMBER: _ClassVar[int]
    HOST_FIELD_NUMBER: _ClassVar[int]
    PORT_FIELD_NUMBER: _ClassVar[int]
    INTERCOM_APP_ID_FIELD_NUMBER: _ClassVar[int]
    INTERCOM_ACCESS_TOKEN_FIELD_NUMBER: _ClassVar[int]
    INTERCOM_ASSIGNEE_ID_FIELD_NUMBER: _ClassVar[int]
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    SECRET_FIELD_NUMBER: _ClassVar[int]
    ADVANCED_FIELD_NUMBER: _ClassVar[int]
    LOCATION_FIELD_NUMBER: _ClassVar[int]
    PRIVACY_FIELD_NUMBER: _ClassVar[int]
    WELCOME_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    STARTER_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    START_DAY_FIELD_NUMBER: _ClassVar[int]
    END_DAY_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    URL_FIELD_NUMBER: _ClassVar[int]
    SCOPES_FIELD_NUMBER: _ClassVar[int]
    OTHER_FIELD_NUMBER: _ClassVar[int]
    jid: str
    password: str
    host: str
    port: str
    intercom_app_id: str
    intercom_access_token: str
    intercom_assignee_id: str
    app_id: str
    key_id: str
    secret: str
    advanced: _struct_pb2.Struct
    location: str
    privacy: str
    welcome_message: str
    starter: str
    start_time: str
    end_time: str
    start_day: str
    end_day: str
    step: ServiceParamsStep
    url: str
    scopes: _containers.RepeatedScalarFieldContainer[str]
    other: _struct_pb2.Struct
    def __init__(self, jid: _Optional[str] = ..., password: _Optional[str] = ..., host: _Optional[str] = ..., port: _Optional[str] = ..., intercom_app_id: _Optional[str] = ..., intercom_access_token: _Optional[str] = ..., intercom_assignee_id: _Optional[str] = ..., app_id: _Optional[str] = ..., key_id: _Optional[str] = ..., secret: _Optional[str] = ..., advanced: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., location: _Optional[str] = ..., privacy: _Optional[str] = ..., welcome_message: _Optional[str] = ..., starter: _Optional[str] = ..., start_time: _Optional[str] = ..., end_time: _Optional[str] = ..., start_day: _Optional[str] = ..., end_day: _Optional[str] = ..., step: _Optional[_Union[ServiceParamsStep, str]] = ..., url: _Optional[str] = ..., scopes: _Optional[_Iterable[str]] = ..., other: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...
