from google.api import annotations_pb2 as _annotations_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.protobuf import field_mask_pb2 as _field_mask_pb2
from web1on1._transcode.v1 import options_pb2 as _options_pb2
from web1on1.v2 import organization_group_pb2 as _organization_group_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ListOrganizationGroupsRequest(_message.Message):
    __slots__ = ("limit", "offset", "sort", "id", "organization", "name", "created_at")
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    SORT_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    ORGANIZATION_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    limit: int
    offset: int
    sort: str
    id: str
    organization: str
    name: str
    created_at: str
    def __init__(self, limit: _Optional[int] = ..., offset: _Optional[int] = ..., sort: _Optional[str] = ..., id: _Optional[str] = ..., organization: _Optional[str] = ..., name: _Optional[str] = ..., created_at: _Optional[str] = ...) -> None: ...

class ListOrganizationGroupsResponse(_message.Message):
    __slots__ = ("organization_groups", "next_offset")
    ORGANIZATION_GROUPS_FIELD_NUMBER: _ClassVar[int]
    NEXT_OFFSET_FIELD_NUMBER: _ClassVar[int]
    organization_groups: _containers.RepeatedCompositeFieldContainer[_organization_group_pb2.OrganizationGroup]
    next_offset: int
    def __init__(self, organization_groups: _Optional[_Iterable[_Union[_organization_group_pb2.OrganizationGroup, _Mapping]]] = ..., next_offset: _Optional[int] = ...) -> None: ...

class StreamOrganizationGroupsRequest(_message.Message):
    __slots__ = ("page_size", "offset", "sort", "id", "organization", "name", "created_at")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    SORT_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    ORGANIZATION_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    offset: int
    sort: str
    id: str
    organization: str
    name: str
    created_at: str
    def __init__(self, page_size: _Optional[int] = ..., offset: _Optional[int] = ..., sort: _Optional[str] = ..., id: _Optional[str] = ..., organization: _Optional[str] = ..., name: _Optional[str] = ..., created_at: _Optional[str] = ...) -> None: ...

class CreateOrganizationGroupRequest(_message.Message):
    __slots__ = ("organization_group",)
    ORGANIZATION_GROUP_FIELD_NUMBER: _ClassVar[int]
    organization_group: _organization_group_pb2.OrganizationGroup
    def __init__(self, organization_group: _Optional[_Union[_organization_group_pb2.OrganizationGroup, _Mapping]] = ...) -> None: ...

class CreateOrganizationGroupResponse(_message.Message):
    __slots__ = ("organization_group",)
    ORGANIZATION_GROUP_FIELD_NUMBER: _ClassVar[int]
    organization_group: _organization_group_pb2.OrganizationGroup
    def __init__(self, organization_group: _Optional[_Union[_organization_group_pb2.OrganizationGroup, _Mapping]] = ...) -> None: ...

class GetOrganizationGroupRequest(_message.Message):
    __slots__ = ("group_id",)
    GROUP_ID_FIELD_NUMBER: _ClassVar[int]
    group_id: str
    def __init__(self, group_id: _Optional[str] = ...) -> None: ...

class GetOrganizationGroupResponse(_message.Message):
    __slots__ = ("organization_group",)
    ORGANIZATION_GROUP_FIELD_NUMBER: _ClassVar[int]
    organization_group: _organization_group_pb2.OrganizationGroup
    def __init__(self, organization_group: _Optional[_Union[_organization_group_pb2.OrganizationGroup, _Mapping]] = ...) -> None: ...

class UpdateOrganizationGroupRequest(_message.Message):
    __slots__ = ("group_id", "organization_group", "update_mask")
    GROUP_ID_FIELD_NUMBER: _ClassVar[int]
    ORGANIZATION_GROUP_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    group_id: str
    organization_group: _organization_group_pb2.OrganizationGroup
    update_mask: _field_mask_pb2.FieldMask
    def __init__(self, group_id: _Optional[str] = ..., organization_group: _Optional[_Union[_organization_group_pb2.OrganizationGroup, _Mapping]] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ...) -> None: ...

class UpdateOrganizationGroupResponse(_message.Message):
    __slots__ = ("organization_group",)
    ORGANIZATION_GROUP_FIELD_NUMBER: _ClassVar[int]
    organization_group: _organization_group_pb2.OrganizationGroup
    def __init__(self, organization_group: _Optional[_Union[_organization_group_pb2.OrganizationGroup, _Mapping]] = ...) -> None: ...

class DeleteOrganizationGroupRequest(_message.Message):
    __slots__ = ("group_id",)
    GROUP_ID_FIELD_NUMBER: _ClassVar[int]
    group_id: str
    def __init__(self, group_id: _Optional[str] = ...) -> None: ...

class DeleteOrganizationGroupResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListOrganizationGroupMembersRequest(_message.Message):
    __slots__ = ("group_id", "limit", "offset")
    GROUP_ID_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    group_id: str
    limit: int
    offset: int
    def __init__(self, group_id: _Optional[str] = ..., limit: _Optional[int] = ..., offset: _Optional[int] = ...) -> None: ...

class ListOrganizationGroupMembersResponse(_message.Message):
    __slots__ = ("members", "next_offset")
    MEMBERS_FIELD_NUMBER: _ClassVar[int]
    NEXT_OFFSET_FIELD_NUMBER: _ClassVar[int]
    members: _containers.RepeatedScalarFieldContainer[str]
    next_offset: int
    def __init__(self, members: _Optional[_Iterable[str]] = ..., next_offset: _Optional[int] = ...) -> None: ...

class StreamOrganizationGroupMembersRequest(_message.Message):
    __slots__ = ("group_id", "page_size", "offset")
    GROUP_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    group_id: str
    page_size: int
    offset: int
    def __init__(self, group_id: _Optional[str] = ..., page_size: _Optional[int] = ..., offset: _Optional[int] = ...) -> None: ...

class StreamOrganizationGroupMembersResponse(_message.Message):
    __slots__ = ("member",)
    MEMBER_FIELD_NUMBER: _ClassVar[int]
    member: str
    def __init__(self, member: _Optional[str] = ...) -> None: ...

class AddOrganizationGroupMembersRequest(_message.Message):
    __slots__ = ("group_id", "members")
    GROUP_ID_FIELD_NUMBER: _ClassVar[int]
    MEMBERS_FIELD_NUMBER: _ClassVar[int]
    group_id: str
    members: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, group_id: _Optional[str] = ..., members: _Optional[_Iterable[str]] = ...) -> None: ...

class AddOrganizationGroupMembersResponse(_message.Message):
    __slots__ = ("members",)
    MEMBERS_FIELD_NUMBER: _ClassVar[int]
    members: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, members: _Optional[_Iterable[str]] = ...) -> None: ...

class RemoveOrganizationGroupMemberRequest(_message.Message):
    __slots__ = ("group_id", "member_id")
    GROUP_ID_FIELD_NUMBER: _ClassVar[int]
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    group_id: str
    member_id: str
    def __init__(self, group_id: _Optional[str] = ..., member_id: _Optional[str] = ...) -> None: ...

class RemoveOrganizationGroupMemberResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
