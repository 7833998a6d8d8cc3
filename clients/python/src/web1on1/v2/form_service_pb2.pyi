from google.api import annotations_pb2 as _annotations_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.protobuf import field_mask_pb2 as _field_mask_pb2
from web1on1._transcode.v1 import options_pb2 as _options_pb2
from web1on1.v2 import form_pb2 as _form_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ListFormsRequest(_message.Message):
    __slots__ = ("limit", "offset", "sort", "id", "organization", "name", "type", "status", "created_at")
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    SORT_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    ORGANIZATION_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    limit: int
    offset: int
    sort: str
    id: str
    organization: str
    name: str
    type: _form_pb2.FormType
    status: _form_pb2.FormStatus
    created_at: str
    def __init__(self, limit: _Optional[int] = ..., offset: _Optional[int] = ..., sort: _Optional[str] = ..., id: _Optional[str] = ..., organization: _Optional[str] = ..., name: _Optional[str] = ..., type: _Optional[_Union[_form_pb2.FormType, str]] = ..., status: _Optional[_Union[_form_pb2.FormStatus, str]] = ..., created_at: _Optional[str] = ...) -> None: ...

class ListFormsResponse(_message.Message):
    __slots__ = ("forms", "next_offset")
    FORMS_FIELD_NUMBER: _ClassVar[int]
    NEXT_OFFSET_FIELD_NUMBER: _ClassVar[int]
    forms: _containers.RepeatedCompositeFieldContainer[_form_pb2.Form]
    next_offset: int
    def __init__(self, forms: _Optional[_Iterable[_Union[_form_pb2.Form, _Mapping]]] = ..., next_offset: _Optional[int] = ...) -> None: ...

class StreamFormsRequest(_message.Message):
    __slots__ = ("page_size", "offset", "sort", "id", "organization", "name", "type", "status", "created_at")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    SORT_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    ORGANIZATION_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    offset: int
    sort: str
    id: str
    organization: str
    name: str
    type: _form_pb2.FormType
    status: _form_pb2.FormStatus
    created_at: str
    def __init__(self, page_size: _Optional[int] = ..., offset: _Optional[int] = ..., sort: _Optional[str] = ..., id: _Optional[str] = ..., organization: _Optional[str] = ..., name: _Optional[str] = ..., type: _Optional[_Union[_form_pb2.FormType, str]] = ..., status: _Optional[_Union[_form_pb2.FormStatus, str]] = ..., created_at: _Optional[str] = ...) -> None: ...

class CreateFormRequest(_message.Message):
    __slots__ = ("form",)
    FORM_FIELD_NUMBER: _ClassVar[int]
    form: _form_pb2.Form
    def __init__(self, form: _Optional[_Union[_form_pb2.Form, _Mapping]] = ...) -> None: ...

class CreateFormResponse(_message.Message):
    __slots__ = ("form",)
    FORM_FIELD_NUMBER: _ClassVar[int]
    form: _form_pb2.Form
    def __init__(self, form: _Optional[_Union[_form_pb2.Form, _Mapping]] = ...) -> None: ...

class GetFormRequest(_message.Message):
    __slots__ = ("form_id",)
    FORM_ID_FIELD_NUMBER: _ClassVar[int]
    form_id: str
    def __init__(self, form_id: _Optional[str] = ...) -> None: ...

class GetFormResponse(_message.Message):
    __slots__ = ("form",)
    FORM_FIELD_NUMBER: _ClassVar[int]
    form: _form_pb2.Form
    def __init__(self, form: _Optional[_Union[_form_pb2.Form, _Mapping]] = ...) -> None: ...

class UpdateFormRequest(_message.Message):
    __slots__ = ("form_id", "form", "update_mask")
    FORM_ID_FIELD_NUMBER: _ClassVar[int]
    FORM_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    form_id: str
    form: _form_pb2.Form
    update_mask: _field_mask_pb2.FieldMask
    def __init__(self, form_id: _Optional[str] = ..., form: _Optional[_Union[_form_pb2.Form, _Mapping]] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ...) -> None: ...

class UpdateFormResponse(_message.Message):
    __slots__ = ("form",)
    FORM_FIELD_NUMBER: _ClassVar[int]
    form: _form_pb2.Form
    def __init__(self, form: _Optional[_Union[_form_pb2.Form, _Mapping]] = ...) -> None: ...

class DeleteFormRequest(_message.Message):
    __slots__ = ("form_id",)
    FORM_ID_FIELD_NUMBER: _ClassVar[int]
    form_id: str
    def __init__(self, form_id: _Optional[str] = ...) -> None: ...

class DeleteFormResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
