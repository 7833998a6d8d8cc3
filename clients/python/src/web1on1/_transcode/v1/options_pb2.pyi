from google.protobuf import descriptor_pb2 as _descriptor_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor
VALUE_FIELD_NUMBER: _ClassVar[int]
value: _descriptor.FieldDescriptor
TRANSPARENT_FIELD_NUMBER: _ClassVar[int]
transparent: _descriptor.FieldDescriptor
UNDECLARED_FIELD_NUMBER: _ClassVar[int]
undeclared: _descriptor.FieldDescriptor
NEXT_LINK_FIELD_NUMBER: _ClassVar[int]
next_link: _descriptor.FieldDescriptor
UPLOAD_FIELD_NUMBER: _ClassVar[int]
upload: _descriptor.FieldDescriptor
STREAMED_LIST_FIELD_NUMBER: _ClassVar[int]
streamed_list: _descriptor.FieldDescriptor

class StreamedList(_message.Message):
    __slots__ = ("list", "page_size")
    LIST_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    list: str
    page_size: str
    def __init__(self, list: _Optional[str] = ..., page_size: _Optional[str] = ...) -> None: ...

class Upload(_message.Message):
    __slots__ = ("part", "file_name", "content_type", "content")
    PART_FIELD_NUMBER: _ClassVar[int]
    FILE_NAME_FIELD_NUMBER: _ClassVar[int]
    CONTENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    part: str
    file_name: str
    content_type: str
    content: str
    def __init__(self, part: _Optional[str] = ..., file_name: _Optional[str] = ..., content_type: _Optional[str] = ..., content: _Optional[str] = ...) -> None: ...
