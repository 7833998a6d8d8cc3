import datetime

from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from web1on1._transcode.v1 import options_pb2 as _options_pb2
from web1on1.v2 import category_pb2 as _category_pb2
from web1on1.v2 import locale_pb2 as _locale_pb2
from web1on1.v2 import role_pb2 as _role_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class OrganizationStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ORGANIZATION_STATUS_UNSPECIFIED: _ClassVar[OrganizationStatus]
    ORGANIZATION_STATUS_QUEUED: _ClassVar[OrganizationStatus]
    ORGANIZATION_STATUS_ACTIVE: _ClassVar[OrganizationStatus]
    ORGANIZATION_STATUS_PENDING_ARCHIVE: _ClassVar[OrganizationStatus]
    ORGANIZATION_STATUS_ARCHIVED: _ClassVar[OrganizationStatus]

class OrganizationDefaultRole(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ORGANIZATION_DEFAULT_ROLE_UNSPECIFIED: _ClassVar[OrganizationDefaultRole]
    ORGANIZATION_DEFAULT_ROLE_GUEST: _ClassVar[OrganizationDefaultRole]
    ORGANIZATION_DEFAULT_ROLE_AGENT: _ClassVar[OrganizationDefaultRole]

class OrganizationSettingsRouteOnReply(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ORGANIZATION_SETTINGS_ROUTE_ON_REPLY_UNSPECIFIED: _ClassVar[OrganizationSettingsRouteOnReply]
    ORGANIZATION_SETTINGS_ROUTE_ON_REPLY_ACCEPT: _ClassVar[OrganizationSettingsRouteOnReply]
    ORGANIZATION_SETTINGS_ROUTE_ON_REPLY_ASSIGN: _ClassVar[OrganizationSettingsRouteOnReply]
    ORGANIZATION_SETTINGS_ROUTE_ON_REPLY_ROUTE: _ClassVar[OrganizationSettingsRouteOnReply]

class DataRetentionUnit(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DATA_RETENTION_UNIT_UNSPECIFIED: _ClassVar[DataRetentionUnit]
    DATA_RETENTION_UNIT_MONTH: _ClassVar[DataRetentionUnit]
    DATA_RETENTION_UNIT_YEAR: _ClassVar[DataRetentionUnit]
ORGANIZATION_STATUS_UNSPECIFIED: OrganizationStatus
ORGANIZATION_STATUS_QUEUED: OrganizationStatus
ORGANIZATION_STATUS_ACTIVE: OrganizationStatus
ORGANIZATION_STATUS_PENDING_ARCHIVE: OrganizationStatus
ORGANIZATION_STATUS_ARCHIVED: OrganizationStatus
ORGANIZATION_DEFAULT_ROLE_UNSPECIFIED: OrganizationDefaultRole
ORGANIZATION_DEFAULT_ROLE_GUEST: OrganizationDefaultRole
ORGANIZATION_DEFAULT_ROLE_AGENT: OrganizationDefaultRole
ORGANIZATION_SETTINGS_ROUTE_ON_REPLY_UNSPECIFIED: OrganizationSettingsRouteOnReply
ORGANIZATION_SETTINGS_ROUTE_ON_REPLY_ACCEPT: OrganizationSettingsRouteOnReply
ORGANIZATION_SETTINGS_ROUTE_ON_REPLY_ASSIGN: OrganizationSettingsRouteOnReply
ORGANIZATION_SETTINGS_ROUTE_ON_REPLY_ROUTE: OrganizationSettingsRouteOnReply
DATA_RETENTION_UNIT_UNSPECIFIED: DataRetentionUnit
DATA_RETENTION_UNIT_MONTH: DataRetentionUnit
DATA_RETENTION_UNIT_YEAR: DataRetentionUnit

class Organization(_message.Message):
    __slots__ = ("id", "name", "display_name", "status", "email", "url", "logo", "country", "locale", "timezone", "industry", "settings", "aliases", "categories", "profile_fields", "stopwords", "commands", "tags", "domain_prefix", "domain", "partners", "whitelist", "default_role", "data_retention", "billing_info", "email_as", "meta", "created_at", "updated_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    EMAIL_FIELD_NUMBER: _ClassVar[int]
    URL_FIELD_NUMBER: _ClassVar[int]
    LOGO_FIELD_NUMBER: _ClassVar[int]
    COUNTRY_FIELD_NUMBER: _ClassVar[int]
    LOCALE_FIELD_NUMBER: _ClassVar[int]
    TIMEZONE_FIELD_NUMBER: _ClassVar[int]
    INDUSTRY_FIELD_NUMBER: _ClassVar[int]
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    ALIASES_FIELD_NUMBER: _ClassVar[int]
    CATEGORIES_FIELD_NUMBER: _ClassVar[int]
    PROFILE_FIELDS_FIELD_NUMBER: _ClassVar[int]
    STOPWORDS_FIELD_NUMBER: _ClassVar[int]
    COMMANDS_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_PREFIX_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_FIELD_NUMBER: _ClassVar[int]
    PARTNERS_FIELD_NUMBER: _ClassVar[int]
    WHITELIST_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_ROLE_FIELD_NUMBER: _ClassVar[int]
    DATA_RETENTION_FIELD_NUMBER: _ClassVar[int]
    BILLING_INFO_FIELD_NUMBER: _ClassVar[int]
    EMAIL_AS_FIELD_NUMBER: _ClassVar[int]
    META_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    display_name: str
    status: OrganizationStatus
    email: str
    url: str
    logo: str
    country: str
    locale: _locale_pb2.Locale
    timezone: str
    industry: str
    settings: OrganizationSettings
    aliases: _containers.RepeatedCompositeFieldContainer[Alias]
    categories: _containers.RepeatedCompositeFieldContainer[CategorySlot]
    profile_fields: ProfileFields
    stopwords: _containers.RepeatedScalarFieldContainer[str]
    commands: _containers.RepeatedScalarFieldContainer[str]
    tags: _containers.RepeatedScalarFieldContainer[str]
    domain_prefix: str
    domain: str
    partners: _containers.RepeatedCompositeFieldContainer[Partner]
    whitelist: _containers.RepeatedScalarFieldContainer[str]
    default_role: OrganizationDefaultRole
    data_retention: DataRetention
    billing_info: BillingInfo
    email_as: str
    meta: _struct_pb2.Struct
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., display_name: _Optional[str] = ..., status: _Optional[_Union[OrganizationStatus, str]] = ..., email: _Optional[str] = ..., url: _Optional[str] = ..., logo: _Optional[str] = ..., country: _Optional[str] = ..., locale: _Optional[_Union[_locale_pb2.Locale, str]] = ..., timezone: _Optional[str] = ..., industry: _Optional[str] = ..., settings: _Optional[_Union[OrganizationSettings, _Mapping]] = ..., aliases: _Optional[_Iterable[_Union[Alias, _Mapping]]] = ..., categories: _Optional[_Iterable[_Union[CategorySlot, _Mapping]]] = ..., profile_fields: _Optional[_Union[ProfileFields, _Mapping]] = ..., stopwords: _Optional[_Iterable[str]] = ..., commands: _Optional[_Iterable[str]] = ..., tags: _Optional[_Iterable[str]] = ..., domain_prefix: _Optional[str] = ..., domain: _Optional[str] = ..., partners: _Optional[_Iterable[_Union[Partner, _Mapping]]] = ..., whitelist: _Optional[_Iterable[str]] = ..., default_role: _Optional[_Union[OrganizationDefaultRole, str]] = ..., data_retention: _Optional[_Union[DataRetention, _Mapping]] = ..., billing_info: _Optional[_Union[BillingInfo, _Mapping]] = ..., email_as: _Optional[str] = ..., meta: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class OrganizationSettings(_message.Message):
    __slots__ = ("route_on_reply", "enable_mail")
    ROUTE_ON_REPLY_FIELD_NUMBER: _ClassVar[int]
    ENABLE_MAIL_FIELD_NUMBER: _ClassVar[int]
    route_on_reply: OrganizationSettingsRouteOnReply
    enable_mail: bool
    def __init__(self, route_on_reply: _Optional[_Union[OrganizationSettingsRouteOnReply, str]] = ..., enable_mail: _Optional[bool] = ...) -> None: ...

class Alias(_message.Message):
    __slots__ = ("name", "avatar")
    NAME_FIELD_NUMBER: _ClassVar[int]
    AVATAR_FIELD_NUMBER: _ClassVar[int]
    name: str
    avatar: str
    def __init__(self, name: _Optional[str] = ..., avatar: _Optional[str] = ...) -> None: ...

class CategorySlot(_message.Message):
    __slots__ = ("category",)
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    category: _category_pb2.Category
    def __init__(self, category: _Optional[_Union[_category_pb2.Category, _Mapping]] = ...) -> None: ...

class ProfileFields(_message.Message):
    __slots__ = ("name", "initials", "given_name", "family_name", "additional_name", "honorific_prefix", "honorific_suffix", "gender", "address", "telephone", "email", "works_for")
    NAME_FIELD_NUMBER: _ClassVar[int]
    INITIALS_FIELD_NUMBER: _ClassVar[int]
    GIVEN_NAME_FIELD_NUMBER: _ClassVar[int]
    FAMILY_NAME_FIELD_NUMBER: _ClassVar[int]
    ADDITIONAL_NAME_FIELD_NUMBER: _ClassVar[int]
    HONORIFIC_PREFIX_FIELD_NUMBER: _ClassVar[int]
    HONORIFIC_SUFFIX_FIELD_NUMBER: _ClassVar[int]
    GENDER_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    TELEPHONE_FIELD_NUMBER: _ClassVar[int]
    EMAIL_FIELD_NUMBER: _ClassVar[int]
    WORKS_FOR_FIELD_NUMBER: _ClassVar[int]
    name: ProfileFieldLabel
    initials: ProfileFieldLabel
    given_name: ProfileFieldLabel
    family_name: ProfileFieldLabel
    additional_name: ProfileFieldLabel
    honorific_prefix: ProfileFieldLabel
    honorific_suffix: ProfileFieldLabel
    gender: ProfileFieldLabelEnum
    address: ProfileFieldsAddress
    telephone: ProfileFieldLabel
    email: ProfileFieldLabel
    works_for: ProfileFieldLabel
    def __init__(self, name: _Optional[_Union[ProfileFieldLabel, _Mapping]] = ..., initials: _Optional[_Union[ProfileFieldLabel, _Mapping]] = ..., given_name: _Optional[_Union[ProfileFieldLabel, _Mapping]] = ..., family_name: _Optional[_Union[ProfileFieldLabel, _Mapping]] = ..., additional_name: _Optional[_Union[ProfileFieldLabel, _Mapping]] = ..., honorific_prefix: _Optional[_Union[ProfileFieldLabel, _Mapping]] = ..., honorific_suffix: _Optional[_Union[ProfileFieldLabel, _Mapping]] = ..., gender: _Optional[_Union[ProfileFieldLabelEnum, _Mapping]] = ..., address: _Optional[_Union[ProfileFieldsAddress, _Mapping]] = ..., telephone: _Optional[_Union[ProfileFieldLabel, _Mapping]] = ..., email: _Optional[_Union[ProfileFieldLabel, _Mapping]] = ..., works_for: _Optional[_Union[ProfileFieldLabel, _Mapping]] = ...) -> None: ...

class ProfileFieldsAddress(_message.Message):
    __slots__ = ("street_address", "street_number", "address_locality", "address_region", "postal_code", "address_country")
    STREET_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    STREET_NUMBER_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_LOCALITY_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_REGION_FIELD_NUMBER: _ClassVar[int]
    POSTAL_CODE_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_COUNTRY_FIELD_NUMBER: _ClassVar[int]
    street_address: ProfileFieldLabel
    street_number: ProfileFieldLabel
    address_locality: ProfileFieldLabel
    address_region: ProfileFieldLabel
    postal_code: ProfileFieldLabel
    address_country: ProfileFieldLabel
    def __init__(self, street_address: _Optional[_Union[ProfileFieldLabel, _Mapping]] = ..., street_number: _Optional[_Union[ProfileFieldLabel, _Mapping]] = ..., address_locality: _Optional[_Union[ProfileFieldLabel, _Mapping]] = ..., address_region: _Optional[_Union[ProfileFieldLabel, _Mapping]] = ..., postal_code: _Optional[_Union[ProfileFieldLabel, _Mapping]] = ..., address_country: _Optional[_Union[ProfileFieldLabel, _Mapping]] = ...) -> None: ...

class ProfileFieldLabel(_message.Message):
    __slots__ = ("label", "enabled")
    LABEL_FIELD_NUMBER: _ClassVar[int]
    ENABLED_FIELD_NUMBER: _ClassVar[int]
    label: str
    enabled: bool
    def __init__(self, label: _Optional[str] = ..., enabled: _Optional[bool] = ...) -> None: ...

class ProfileFieldLabelEnum(_message.Message):
    __slots__ = ("label", "options", "enabled")
    LABEL_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    ENABLED_FIELD_NUMBER: _ClassVar[int]
    label: str
    options: _containers.RepeatedScalarFieldContainer[str]
    enabled: bool
    def __init__(self, label: _Optional[str] = ..., options: _Optional[_Iterable[str]] = ..., enabled: _Optional[bool] = ...) -> None: ...

class Partner(_message.Message):
    __slots__ = ("organization", "permission")
    ORGANIZATION_FIELD_NUMBER: _ClassVar[int]
    PERMISSION_FIELD_NUMBER: _ClassVar[int]
    organization: str
    permission: _role_pb2.Role
    def __init__(self, organization: _Optional[str] = ..., permission: _Optional[_Union[_role_pb2.Role, str]] = ...) -> None: ...

class DataRetention(_message.Message):
    __slots__ = ("length", "unit")
    LENGTH_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    length: float
    unit: DataRetentionUnit
    def __init__(self, length: _Optional[float] = ..., unit: _Optional[_Union[DataRetentionUnit, str]] = ...) -> None: ...

class BillingInfo(_message.Message):
    __slots__ = ("bill_receiver", "bill_sender", "trial_ends_on", "stripe_customer_id", "live_mode", "move_to_live", "w1on1_result_id", "days_until_due", "meta", "enable_mecs", "enable_amp", "enable_sepa_debit_costs", "version", "current_plan")
    BILL_RECEIVER_FIELD_NUMBER: _ClassVar[int]
    BILL_SENDER_FIELD_NUMBER: _ClassVar[int]
    TRIAL_ENDS_ON_FIELD_NUMBER: _ClassVar[int]
    STRIPE_CUSTOMER_ID_FIELD_NUMBER: _ClassVar[int]
    LIVE_MODE_FIELD_NUMBER: _ClassVar[int]
    MOVE_TO_LIVE_FIELD_NUMBER: _ClassVar[int]
    W1ON1_RESULT_ID_FIELD_NUMBER: _ClassVar[int]
    DAYS_UNTIL_DUE_FIELD_NUMBER: _ClassVar[int]
    META_FIELD_NUMBER: _ClassVar[int]
    ENABLE_MECS_FIELD_NUMBER: _ClassVar[int]
    ENABLE_AMP_FIELD_NUMBER: _ClassVar[int]
    ENABLE_SEPA_DEBIT_COSTS_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    CURRENT_PLAN_FIELD_NUMBER: _ClassVar[int]
    bill_receiver: str
    bill_sender: str
    trial_ends_on: _timestamp_pb2.Timestamp
    stripe_customer_id: str
    live_mode: bool
    move_to_live: bool
    w1on1_result_id: str
    days_until_due: float
    meta: _struct_pb2.Struct
    enable_mecs: bool
    enable_amp: bool
    enable_sepa_debit_costs: bool
    version: float
    current_plan: str
    def __init__(self, bill_receiver: _Optional[str] = ..., bill_sender: _Optional[str] = ..., trial_ends_on: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., stripe_customer_id: _Optional[str] = ..., live_mode: _Optional[bool] = ..., move_to_live: _Optional[bool] = ..., w1on1_result_id: _Optional[str] = ..., days_until_due: _Optional[float] = ..., meta: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., enable_mecs: _Optional[bool] = ..., enable_amp: _Optional[bool] = ..., enable_sepa_debit_costs: _Optional[bool] = ..., version: _Optional[float] = ..., current_plan: _Optional[str] = ...) -> None: ...
