import datetime

from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from web1on1._transcode.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class FormFieldType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FORM_FIELD_TYPE_UNSPECIFIED: _ClassVar[FormFieldType]
    FORM_FIELD_TYPE_BUTTON: _ClassVar[FormFieldType]
    FORM_FIELD_TYPE_CHECKBOX: _ClassVar[FormFieldType]
    FORM_FIELD_TYPE_COLOR: _ClassVar[FormFieldType]
    FORM_FIELD_TYPE_DATE: _ClassVar[FormFieldType]
    FORM_FIELD_TYPE_DATETIME_LOCAL: _ClassVar[FormFieldType]
    FORM_FIELD_TYPE_EMAIL: _ClassVar[FormFieldType]
    FORM_FIELD_TYPE_FILE: _ClassVar[FormFieldType]
    FORM_FIELD_TYPE_HIDDEN: _ClassVar[FormFieldType]
    FORM_FIELD_TYPE_IMAGE: _ClassVar[FormFieldType]
    FORM_FIELD_TYPE_MONTH: _ClassVar[FormFieldType]
    FORM_FIELD_TYPE_NUMBER: _ClassVar[FormFieldType]
    FORM_FIELD_TYPE_PASSWORD: _ClassVar[FormFieldType]
    FORM_FIELD_TYPE_RADIO: _ClassVar[FormFieldType]
    FORM_FIELD_TYPE_RANGE: _ClassVar[FormFieldType]
    FORM_FIELD_TYPE_RESET: _ClassVar[FormFieldType]
    FORM_FIELD_TYPE_SEARCH: _ClassVar[FormFieldType]
    FORM_FIELD_TYPE_SELECT: _ClassVar[FormFieldType]
    FORM_FIELD_TYPE_SUBMIT: _ClassVar[FormFieldType]
    FORM_FIELD_TYPE_TEL: _ClassVar[FormFieldType]
    FORM_FIELD_TYPE_TEXT: _ClassVar[FormFieldType]
    FORM_FIELD_TYPE_TEXTAREA: _ClassVar[FormFieldType]
    FORM_FIELD_TYPE_TIME: _ClassVar[FormFieldType]
    FORM_FIELD_TYPE_URL: _ClassVar[FormFieldType]
    FORM_FIELD_TYPE_WEEK: _ClassVar[FormFieldType]
FORM_FIELD_TYPE_UNSPECIFIED: FormFieldType
FORM_FIELD_TYPE_BUTTON: FormFieldType
FORM_FIELD_TYPE_CHECKBOX: FormFieldType
FORM_FIELD_TYPE_COLOR: FormFieldType
FORM_FIELD_TYPE_DATE: FormFieldType
FORM_FIELD_TYPE_DATETIME_LOCAL: FormFieldType
FORM_FIELD_TYPE_EMAIL: FormFieldType
FORM_FIELD_TYPE_FILE: FormFieldType
FORM_FIELD_TYPE_HIDDEN: FormFieldType
FORM_FIELD_TYPE_IMAGE: FormFieldType
FORM_FIELD_TYPE_MONTH: FormFieldType
FORM_FIELD_TYPE_NUMBER: FormFieldType
FORM_FIELD_TYPE_PASSWORD: FormFieldType
FORM_FIELD_TYPE_RADIO: FormFieldType
FORM_FIELD_TYPE_RANGE: FormFieldType
FORM_FIELD_TYPE_RESET: FormFieldType
FORM_FIELD_TYPE_SEARCH: FormFieldType
FORM_FIELD_TYPE_SELECT: FormFieldType
FORM_FIELD_TYPE_SUBMIT: FormFieldType
FORM_FIELD_TYPE_TEL: FormFieldType
FORM_FIELD_TYPE_TEXT: FormFieldType
FORM_FIELD_TYPE_TEXTAREA: FormFieldType
FORM_FIELD_TYPE_TIME: FormFieldType
FORM_FIELD_TYPE_URL: FormFieldType
FORM_FIELD_TYPE_WEEK: FormFieldType

class FormField(_message.Message):
    __slots__ = ("id", "name", "label", "type", "entity", "pattern", "options", "required", "created_at", "updated_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    ENTITY_FIELD_NUMBER: _ClassVar[int]
    PATTERN_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    REQUIRED_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    label: str
    type: FormFieldType
    entity: str
    pattern: str
    options: _containers.RepeatedCompositeFieldContainer[FormFieldOption]
    required: bool
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., label: _Optional[str] = ..., type: _Optional[_Union[FormFieldType, str]] = ..., entity: _Optional[str] = ..., pattern: _Optional[str] = ..., options: _Optional[_Iterable[_Union[FormFieldOption, _Mapping]]] = ..., required: _Optional[bool] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class FormFieldOption(_message.Message):
    __slots__ = ("key", "value")
    KEY_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    key: str
    value: str
    def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
