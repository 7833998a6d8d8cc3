import datetime

from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from web1on1._transcode.v1 import options_pb2 as _options_pb2
from web1on1.v2 import form_field_pb2 as _form_field_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class FormType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FORM_TYPE_UNSPECIFIED: _ClassVar[FormType]
    FORM_TYPE_TOPIC: _ClassVar[FormType]
    FORM_TYPE_STATIC: _ClassVar[FormType]

class FormStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FORM_STATUS_UNSPECIFIED: _ClassVar[FormStatus]
    FORM_STATUS_ACTIVE: _ClassVar[FormStatus]
    FORM_STATUS_ARCHIVED: _ClassVar[FormStatus]

class FormProfileField(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FORM_PROFILE_FIELD_UNSPECIFIED: _ClassVar[FormProfileField]
    FORM_PROFILE_FIELD_HONORIFIC_PREFIX: _ClassVar[FormProfileField]
    FORM_PROFILE_FIELD_INITIALS: _ClassVar[FormProfileField]
    FORM_PROFILE_FIELD_HONORIFIC_SUFFIX: _ClassVar[FormProfileField]
    FORM_PROFILE_FIELD_GENDER: _ClassVar[FormProfileField]
    FORM_PROFILE_FIELD_GIVEN_NAME: _ClassVar[FormProfileField]
    FORM_PROFILE_FIELD_FAMILY_NAME: _ClassVar[FormProfileField]
    FORM_PROFILE_FIELD_ADDITIONAL_NAME: _ClassVar[FormProfileField]
    FORM_PROFILE_FIELD_STREET_ADDRESS: _ClassVar[FormProfileField]
    FORM_PROFILE_FIELD_STREET_NUMBER: _ClassVar[FormProfileField]
    FORM_PROFILE_FIELD_POSTAL_CODE: _ClassVar[FormProfileField]
    FORM_PROFILE_FIELD_ADDRESS_LOCALITY: _ClassVar[FormProfileField]
    FORM_PROFILE_FIELD_ADDRESS_REGION: _ClassVar[FormProfileField]
    FORM_PROFILE_FIELD_ADDRESS_COUNTRY: _ClassVar[FormProfileField]
    FORM_PROFILE_FIELD_WORKS_FOR: _ClassVar[FormProfileField]
    FORM_PROFILE_FIELD_EMAIL: _ClassVar[FormProfileField]
    FORM_PROFILE_FIELD_TELEPHONE: _ClassVar[FormProfileField]
FORM_TYPE_UNSPECIFIED: FormType
FORM_TYPE_TOPIC: FormType
FORM_TYPE_STATIC: FormType
FORM_STATUS_UNSPECIFIED: FormStatus
FORM_STATUS_ACTIVE: FormStatus
FORM_STATUS_ARCHIVED: FormStatus
FORM_PROFILE_FIELD_UNSPECIFIED: FormProfileField
FORM_PROFILE_FIELD_HONORIFIC_PREFIX: FormProfileField
FORM_PROFILE_FIELD_INITIALS: FormProfileField
FORM_PROFILE_FIELD_HONORIFIC_SUFFIX: FormProfileField
FORM_PROFILE_FIELD_GENDER: FormProfileField
FORM_PROFILE_FIELD_GIVEN_NAME: FormProfileField
FORM_PROFILE_FIELD_FAMILY_NAME: FormProfileField
FORM_PROFILE_FIELD_ADDITIONAL_NAME: FormProfileField
FORM_PROFILE_FIELD_STREET_ADDRESS: FormProfileField
FORM_PROFILE_FIELD_STREET_NUMBER: FormProfileField
FORM_PROFILE_FIELD_POSTAL_CODE: FormProfileField
FORM_PROFILE_FIELD_ADDRESS_LOCALITY: FormProfileField
FORM_PROFILE_FIELD_ADDRESS_REGION: FormProfileField
FORM_PROFILE_FIELD_ADDRESS_COUNTRY: FormProfileField
FORM_PROFILE_FIELD_WORKS_FOR: FormProfileField
FORM_PROFILE_FIELD_EMAIL: FormProfileField
FORM_PROFILE_FIELD_TELEPHONE: FormProfileField

class Form(_message.Message):
    __slots__ = ("id", "organization", "name", "type", "template", "profile_fields", "fields", "notify_emails", "status", "tags", "labels", "points_by_agent", "points_by_bot", "meta", "created_at", "updated_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    ORGANIZATION_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    TEMPLATE_FIELD_NUMBER: _ClassVar[int]
    PROFILE_FIELDS_FIELD_NUMBER: _ClassVar[int]
    FIELDS_FIELD_NUMBER: _ClassVar[int]
    NOTIFY_EMAILS_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    POINTS_BY_AGENT_FIELD_NUMBER: _ClassVar[int]
    POINTS_BY_BOT_FIELD_NUMBER: _ClassVar[int]
    META_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    organization: str
    name: str
    type: FormType
    template: str
    profile_fields: _containers.RepeatedScalarFieldContainer[FormProfileField]
    fields: _containers.RepeatedCompositeFieldContainer[_form_field_pb2.FormField]
    notify_emails: _containers.RepeatedScalarFieldContainer[str]
    status: FormStatus
    tags: _containers.RepeatedScalarFieldContainer[str]
    labels: _containers.RepeatedScalarFieldContainer[str]
    points_by_agent: float
    points_by_bot: float
    meta: _struct_pb2.Struct
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    def __init__(self, id: _Optional[str] = ..., organization: _Optional[str] = ..., name: _Optional[str] = ..., type: _Optional[_Union[FormType, str]] = ..., template: _Optional[str] = ..., profile_fields: _Optional[_Iterable[_Union[FormProfileField, str]]] = ..., fields: _Optional[_Iterable[_Union[_form_field_pb2.FormField, _Mapping]]] = ..., notify_emails: _Optional[_Iterable[str]] = ..., status: _Optional[_Union[FormStatus, str]] = ..., tags: _Optional[_Iterable[str]] = ..., labels: _Optional[_Iterable[str]] = ..., points_by_agent: _Optional[float] = ..., points_by_bot: _Optional[float] = ..., meta: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
