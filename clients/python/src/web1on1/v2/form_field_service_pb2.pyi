from google.api import annotations_pb2 as _annotations_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from web1on1._transcode.v1 import options_pb2 as _options_pb2
from web1on1.v2 import form_field_pb2 as _form_field_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ListFormFieldsRequest(_message.Message):
    __slots__ = ("form_id", "limit", "offset", "sort")
    FORM_ID_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    SORT_FIELD_NUMBER: _ClassVar[int]
    form_id: str
    limit: int
    offset: int
    sort: str
    def __init__(self, form_id: _Optional[str] = ..., limit: _Optional[int] = ..., offset: _Optional[int] = ..., sort: _Optional[str] = ...) -> None: ...

class ListFormFieldsResponse(_message.Message):
    __slots__ = ("form_fields", "next_offset")
    FORM_FIELDS_FIELD_NUMBER: _ClassVar[int]
    NEXT_OFFSET_FIELD_NUMBER: _ClassVar[int]
    form_fields: _containers.RepeatedCompositeFieldContainer[_form_field_pb2.FormField]
    next_offset: int
    def __init__(self, form_fields: _Optional[_Iterable[_Union[_form_field_pb2.FormField, _Mapping]]] = ..., next_offset: _Optional[int] = ...) -> None: ...

class StreamFormFieldsRequest(_message.Message):
    __slots__ = ("form_id", "page_size", "offset", "sort")
    FORM_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    SORT_FIELD_NUMBER: _ClassVar[int]
    form_id: str
    page_size: int
    offset: int
    sort: str
    def __init__(self, form_id: _Optional[str] = ..., page_size: _Optional[int] = ..., offset: _Optional[int] = ..., sort: _Optional[str] = ...) -> None: ...

class CreateFormFieldRequest(_message.Message):
    __slots__ = ("form_id", "form_field")
    FORM_ID_FIELD_NUMBER: _ClassVar[int]
    FORM_FIELD_FIELD_NUMBER: _ClassVar[int]
    form_id: str
    form_field: _form_field_pb2.FormField
    def __init__(self, form_id: _Optional[str] = ..., form_field: _Optional[_Union[_form_field_pb2.FormField, _Mapping]] = ...) -> None: ...

class CreateFormFieldResponse(_message.Message):
    __slots__ = ("form_field",)
    FORM_FIELD_FIELD_NUMBER: _ClassVar[int]
    form_field: _form_field_pb2.FormField
    def __init__(self, form_field: _Optional[_Union[_form_field_pb2.FormField, _Mapping]] = ...) -> None: ...

class GetFormFieldRequest(_message.Message):
    __slots__ = ("form_id", "field_id")
    FORM_ID_FIELD_NUMBER: _ClassVar[int]
    FIELD_ID_FIELD_NUMBER: _ClassVar[int]
    form_id: str
    field_id: str
    def __init__(self, form_id: _Optional[str] = ..., field_id: _Optional[str] = ...) -> None: ...

class GetFormFieldResponse(_message.Message):
    __slots__ = ("form_field",)
    FORM_FIELD_FIELD_NUMBER: _ClassVar[int]
    form_field: _form_field_pb2.FormField
    def __init__(self, form_field: _Optional[_Union[_form_field_pb2.FormField, _Mapping]] = ...) -> None: ...
