from web1on1._transcode.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from typing import ClassVar as _ClassVar

DESCRIPTOR: _descriptor.FileDescriptor

class Locale(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LOCALE_UNSPECIFIED: _ClassVar[Locale]
    LOCALE_EN: _ClassVar[Locale]
    LOCALE_NL: _ClassVar[Locale]
    LOCALE_DE: _ClassVar[Locale]
    LOCALE_FR: _ClassVar[Locale]
LOCALE_UNSPECIFIED: Locale
LOCALE_EN: Locale
LOCALE_NL: Locale
LOCALE_DE: Locale
LOCALE_FR: Locale
