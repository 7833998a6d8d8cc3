"""Calls every operation of a running server through a generated client.

    python tests/python/client.py HOST:PORT

The generated modules must be on the PYTHONPATH, as .ci/run does it. The server
must be fresh, with the owner that WEB1ON1_OWNER_EMAIL and
WEB1ON1_OWNER_PASSWORD name. Exits non-zero at the first thing that is not as
it should be.
"""

import base64
import json
import os
import pathlib
import sys

import grpc
from google.protobuf import field_mask_pb2, timestamp_pb2
from grpc_reflection.v1alpha import reflection_pb2
from web1on1.v2 import (
    auth_service_pb2,
    auth_service_pb2_grpc,
    bot_instance_pb2,
    bot_instance_service_pb2,
    bot_instance_service_pb2_grpc,
    bot_pb2,
    bot_service_pb2,
    bot_service_pb2_grpc,
    category_pb2,
    category_service_pb2,
    category_service_pb2_grpc,
    form_field_pb2,
    form_field_service_pb2,
    form_field_service_pb2_grpc,
    form_pb2,
    form_service_pb2,
    form_service_pb2_grpc,
    locale_pb2,
    organization_group_pb2,
    organization_group_service_pb2,
    organization_group_service_pb2_grpc,
    organization_pb2,
    organization_service_pb2,
    organization_service_pb2_grpc,
    role_pb2,
    service_pb2,
    service_service_pb2,
    service_service_pb2_grpc,
    user_pb2,
    user_service_pb2,
    user_service_pb2_grpc,
    workflow_service_pb2,
    workflow_service_pb2_grpc,
)

SERVICES = (
    "Auth",
    "User",
    "Organization",
    "Category",
    "Workflow",
    "OrganizationGroup",
    "Bot",
    "BotInstance",
    "Service",
    "Form",
    "FormField",
)
TIMEOUT = 10  # seconds a call may take
UNKNOWN_ID = "0" * 24
RECORDED = pathlib.Path(__file__).parents[2] / "openapi" / "recorded"


def check(what, actual, expected):
    if actual != expected:
        sys.exit(f"FAILED: {what}: expected {expected!r}, got {actual!r}")


def check_fails(what, code, method, request, **kwargs):
    try:
        method(request, timeout=TIMEOUT, **kwargs)
    except grpc.RpcError as error:
        check(f"the code of {what} ({error.details()})", error.code(), code)
    else:
        sys.exit(f"FAILED: {what}: expected {code}, got success")


class Session:
    """Calls with the access token of a user."""

    def __init__(self, channel, token):
        self.channel = channel
        self.metadata = [("authorization", f"Bearer {token}")]
        self.streamed = set()

    def call(self, method, request):
        reply = method(request, timeout=TIMEOUT, metadata=self.metadata)
        descriptor = getattr(request, "DESCRIPTOR", None)  # an upload has none
        if descriptor and descriptor.name.startswith("List"):
            (service,) = descriptor.file.services_by_name.values()
            name = descriptor.name.removesuffix("Request").replace("List", "Stream", 1)
            if stream := service.methods_by_name.get(name):
                self.check_stream(stream, request, reply)
        return reply

    def check_stream(self, stream, request, page):
        """The rpc that streams a list brings what the page of it has, and goes on."""
        streamed_request = stream.input_type._concrete_class()
        for field, value in request.ListFields():
            name = "page_size" if field.name == "limit" else field.name
            setattr(streamed_request, name, value)
        method = self.channel.unary_stream(
            f"/{stream.containing_service.full_name}/{stream.name}",
            request_serializer=type(streamed_request).SerializeToString,
            response_deserializer=stream.output_type._concrete_class.FromString,
        )
        messages = list(method(streamed_request, timeout=TIMEOUT, metadata=self.metadata))
        (field,) = (field for field in page.DESCRIPTOR.fields if field.is_repeated)
        if not field.message_type:
            (envelope,) = stream.output_type.fields
            messages = [getattr(message, envelope.name) for message in messages]
        listed = list(getattr(page, field.name))
        check(f"the beginning of {stream.name}", messages[: len(listed)], listed)
        if not page.HasField("next_offset"):
            check(f"how many messages {stream.name} brings", len(messages), len(listed))
        self.streamed.add(stream.full_name)

    def check_all_were_streamed(self):
        services = (
            service
            for module in list(sys.modules.values())
            if getattr(module, "__name__", "").startswith("web1on1.v2.")
            and module.__name__.endswith("_service_pb2")
            for service in module.DESCRIPTOR.services_by_name.values()
        )
        streams = {
            method.full_name
            for service in services
            for method in service.methods
            if method.server_streaming
        }
        check("which lists were streamed", sorted(self.streamed), sorted(streams))

    def check_fails(self, what, code, method, request):
        check_fails(what, code, method, request, metadata=self.metadata)


def mask(*paths):
    return field_mask_pb2.FieldMask(paths=paths)


def ids(resources):
    return [resource.id for resource in resources]


def check_reflection(channel):
    """Both versions of the service; their messages are the same on the wire."""
    for version in ("v1", "v1alpha"):
        method = channel.stream_stream(
            f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
            request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
            response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
        )
        request = reflection_pb2.ServerReflectionRequest(list_services="*")
        (response,) = method(iter([request]), timeout=TIMEOUT)
        listed = {service.name for service in response.list_services_response.service}
        for service in SERVICES:
            name = f"web1on1.v2.{service}Service"
            check(f"{name} among {sorted(listed)} of reflection {version}", name in listed, True)


def check_tokens(auth):
    """Logs in and refreshes both ways. Returns an access token."""
    email = os.environ["WEB1ON1_OWNER_EMAIL"]
    request = auth_service_pb2.CreateTokenRequest(
        email=email, password=os.environ["WEB1ON1_OWNER_PASSWORD"]
    )
    first = auth.CreateToken(request, timeout=TIMEOUT).token
    check("the type of a token", first.token_type, "Bearer")

    request = auth_service_pb2.CreateTokenRequest(email=email, password="wrong")
    check_fails("a wrong password", grpc.StatusCode.UNAUTHENTICATED, auth.CreateToken, request)

    request = auth_service_pb2.CreateTokenRequest(
        client_id=email, refresh_token=first.refresh_token
    )
    second = auth.CreateToken(request, timeout=TIMEOUT).token
    check("the user of a refreshed token", second.user, first.user)

    request = auth_service_pb2.RefreshTokenRequest(refresh_token=second.refresh_token)
    third = auth.RefreshToken(request, timeout=TIMEOUT).token
    check("the user of a token refreshed again", third.user, first.user)
    return third


def picture(user_id):
    """The upload that the recorded exchange shows, in chunks."""
    recorded = json.loads((RECORDED / "uploadUserAvatar.json").read_text())
    part = recorded["request"]["part"]
    yield user_service_pb2.UploadUserAvatarRequest(
        header=user_service_pb2.UploadUserAvatarHeader(
            user_id=user_id, file_name=part["filename"], content_type=part["contentType"]
        )
    )
    content = base64.b64decode(part["body"])
    for start in range(0, len(content), 100):
        yield user_service_pb2.UploadUserAvatarRequest(chunk=content[start : start + 100])


def check_users(session, users, token):
    call = session.call
    me = call(users.GetUser, user_service_pb2.GetUserRequest(user_id="me")).user
    check("the ID of the caller", me.id, token.user)
    check("the role of the first user", me.role, role_pb2.ROLE_OWNER)
    check_fails(
        "a call without a token",
        grpc.StatusCode.UNAUTHENTICATED,
        users.GetUser,
        user_service_pb2.GetUserRequest(user_id="me"),
    )
    session.check_fails(
        "an unknown user",
        grpc.StatusCode.NOT_FOUND,
        users.GetUser,
        user_service_pb2.GetUserRequest(user_id=UNKNOWN_ID),
    )

    hans = user_pb2.User(
        given_name="Hans",
        additional_name="de",
        family_name="Vries",
        email="hans@example.com",
        phone="+31209876543",
        role=role_pb2.ROLE_AGENT,
        settings=user_pb2.UserSettings(timezone="Europe/Amsterdam", notifications=["technical"]),
    )
    hans.meta.update({"team": "sales", "floor": 3})
    create = user_service_pb2.CreateUserRequest(user=hans)
    created = call(users.CreateUser, create).user
    check("the name of a new user", created.display_name, "Hans de Vries")
    check("the metadata of a new user", dict(created.meta), {"team": "sales", "floor": 3})
    check("whether a user shows a password", created.HasField("password"), False)
    session.check_fails(
        "an e-mail address in use",
        grpc.StatusCode.ALREADY_EXISTS,
        users.CreateUser,
        create,
    )

    page = call(users.ListUsers, user_service_pb2.ListUsersRequest(limit=1))
    check("the size of a page", len(page.users), 1)
    check("the offset of the next page", page.next_offset, 1)
    page = call(users.ListUsers, user_service_pb2.ListUsersRequest(limit=1, offset=1))
    check("the users of the next page", ids(page.users), [created.id])
    check("whether a page follows the last", page.HasField("next_offset"), False)
    agents = call(users.ListUsers, user_service_pb2.ListUsersRequest(role=role_pb2.ROLE_AGENT))
    check("the agents", ids(agents.users), [created.id])

    # The mask changes the locale, clears the phone number, and leaves alone what
    # it does not name.
    change = user_pb2.User(email="ignored@example.com")
    change.settings.locale = locale_pb2.LOCALE_NL
    updated = call(
        users.UpdateUser,
        user_service_pb2.UpdateUserRequest(
            user_id=created.id,
            user=change,
            update_mask=mask("settings.locale", "phone"),
        ),
    ).user
    check("an updated locale", updated.settings.locale, locale_pb2.LOCALE_NL)
    check("what is beside it", updated.settings.timezone, "Europe/Amsterdam")
    check("whether a cleared field is set", updated.HasField("phone"), False)
    check("a field outside of the mask", updated.email, "hans@example.com")

    uploaded = call(users.UploadUserAvatar, picture(created.id)).user
    check("whether an upload sets the avatar", uploaded.HasField("avatar"), True)
    call(users.DeleteUserAvatar, user_service_pb2.DeleteUserAvatarRequest(user_id=created.id))
    found = call(users.GetUser, user_service_pb2.GetUserRequest(user_id=created.id)).user
    check("whether a deleted avatar is set", found.HasField("avatar"), False)

    organizations = call(
        users.ListUserOrganizations, user_service_pb2.ListUserOrganizationsRequest()
    ).user_organizations
    listed = [(entry.organization, entry.selected) for entry in organizations.organizations]
    check("the organizations of the caller", listed, [(token.organization, True)])
    session.check_fails(
        "leaving the organization that one belongs to",
        grpc.StatusCode.FAILED_PRECONDITION,
        users.RemoveUserOrganization,
        user_service_pb2.RemoveUserOrganizationRequest(
            user_id=created.id, organization_id=token.organization
        ),
    )

    call(users.DeleteUser, user_service_pb2.DeleteUserRequest(user_id=created.id))
    left = call(users.ListUsers, user_service_pb2.ListUsersRequest())
    check("the users that are left", ids(left.users), [me.id])
    archived = call(users.GetUser, user_service_pb2.GetUserRequest(user_id=created.id)).user
    check("the status of a deleted user", archived.status, user_pb2.USER_STATUS_ARCHIVED)


def check_organizations(session, organizations, token):
    """Returns the ID of a new organization below that of the caller."""
    call = session.call
    acme = organization_pb2.Organization(
        name="Acme",
        locale=locale_pb2.LOCALE_NL,
        settings=organization_pb2.OrganizationSettings(enable_mail=False),
        billing_info=organization_pb2.BillingInfo(
            bill_receiver="Acme",
            bill_sender="Web1on1",
            stripe_customer_id="cus_1",
            current_plan="scale",
            days_until_due=30,
        ),
        partners=[
            organization_pb2.Partner(
                organization=token.organization, permission=role_pb2.ROLE_GUEST
            )
        ],
    )
    acme.profile_fields.gender.label = "Gender"
    acme.profile_fields.gender.options.extend(["female", "male"])
    created = call(
        organizations.CreateOrganization,
        organization_service_pb2.CreateOrganizationRequest(organization=acme),
    ).organization
    check("the days of a new organization", created.billing_info.days_until_due, 30)
    acme.profile_fields.gender.enabled = True
    check("its profile fields, with defaults", created.profile_fields, acme.profile_fields)
    session.check_fails(
        "an organization that is not billed",
        grpc.StatusCode.INVALID_ARGUMENT,
        organizations.CreateOrganization,
        organization_service_pb2.CreateOrganizationRequest(
            organization=organization_pb2.Organization(name="Nobody pays")
        ),
    )

    page = call(
        organizations.ListOrganizations,
        organization_service_pb2.ListOrganizationsRequest(name="~acm"),
    )
    check("the organizations with that name", ids(page.organizations), [created.id])
    page = call(
        organizations.ListOrganizations, organization_service_pb2.ListOrganizationsRequest(limit=1)
    )
    check("the offset of the next organization", page.next_offset, 1)

    change = organization_pb2.Organization(display_name="Acme Inc.")
    updated = call(
        organizations.UpdateOrganization,
        organization_service_pb2.UpdateOrganizationRequest(
            organization_id=created.id,
            organization=change,
            update_mask=mask("display_name", "settings.enable_mail"),
        ),
    ).organization
    check("an updated display name", updated.display_name, "Acme Inc.")
    check("the name beside it", updated.name, "Acme")
    found = call(
        organizations.GetOrganization,
        organization_service_pb2.GetOrganizationRequest(organization_id=created.id),
    ).organization
    check("an organization after its update", found, updated)
    return created.id


def check_categories(session, categories, organizations, organization_id):
    call = session.call

    def create(name):
        request = category_service_pb2.CreateCategoryRequest(
            organization_id=organization_id, category=category_pb2.Category(name=name, tags=["a"])
        )
        return call(categories.CreateCategory, request).category

    def one(request):
        return request(organization_id=organization_id, category_id=used.id)

    used, new = create("Used Car"), create("New Car")
    found = call(categories.GetCategory, one(category_service_pb2.GetCategoryRequest)).category
    check("a new category", found, used)
    request = one(category_service_pb2.UpdateCategoryRequest)
    request.category.name = "Old Car"
    request.update_mask.paths.extend(["name", "tags"])
    updated = call(categories.UpdateCategory, request).category
    check("an updated category", (updated.name, list(updated.tags)), ("Old Car", []))
    page = call(
        categories.ListCategories,
        category_service_pb2.ListCategoriesRequest(organization_id=organization_id),
    )
    check("the categories", ids(page.categories), [used.id, new.id])

    call(categories.DeleteCategory, one(category_service_pb2.DeleteCategoryRequest))
    found = call(
        organizations.GetOrganization,
        organization_service_pb2.GetOrganizationRequest(organization_id=organization_id),
    ).organization
    slots = [slot.category.id if slot.HasField("category") else None for slot in found.categories]
    check("the slots after a deletion", slots, [None, new.id])
    check("the category in the freed slot", create("Boat").name, "Boat")
    for number in range(8):
        create(f"Category {number}")
    session.check_fails(
        "an eleventh category",
        grpc.StatusCode.FAILED_PRECONDITION,
        categories.CreateCategory,
        category_service_pb2.CreateCategoryRequest(
            organization_id=organization_id, category=category_pb2.Category(name="One too many")
        ),
    )


def check_workflows(session, workflows, organization_id):
    page = session.call(
        workflows.ListWorkflows,
        workflow_service_pb2.ListWorkflowsRequest(organization_id=organization_id),
    )
    check("the workflows of a new organization", len(page.workflows), 0)


def check_organization_groups(session, groups, token, organization_id):
    call = session.call
    created = call(
        groups.CreateOrganizationGroup,
        organization_group_service_pb2.CreateOrganizationGroupRequest(
            organization_group=organization_group_pb2.OrganizationGroup(
                name="Realtors", members=[token.organization]
            )
        ),
    ).organization_group
    check("the organization of a new group", created.organization, token.organization)
    added = call(
        groups.AddOrganizationGroupMembers,
        organization_group_service_pb2.AddOrganizationGroupMembersRequest(
            group_id=created.id, members=[organization_id]
        ),
    )
    check("the members of a group", list(added.members), [token.organization, organization_id])
    call(
        groups.RemoveOrganizationGroupMember,
        organization_group_service_pb2.RemoveOrganizationGroupMemberRequest(
            group_id=created.id, member_id=token.organization
        ),
    )
    listed = call(
        groups.ListOrganizationGroupMembers,
        organization_group_service_pb2.ListOrganizationGroupMembersRequest(group_id=created.id),
    )
    check("the members that are left", list(listed.members), [organization_id])

    updated = call(
        groups.UpdateOrganizationGroup,
        organization_group_service_pb2.UpdateOrganizationGroupRequest(
            group_id=created.id,
            organization_group=organization_group_pb2.OrganizationGroup(name="Estate agents"),
            update_mask=mask("name"),
        ),
    ).organization_group
    check("an updated group", (updated.name, len(updated.members)), ("Estate agents", 1))
    request = organization_group_service_pb2.GetOrganizationGroupRequest(group_id=created.id)
    found = call(groups.GetOrganizationGroup, request).organization_group
    check("a group after its update", found, updated)
    page = call(
        groups.ListOrganizationGroups,
        organization_group_service_pb2.ListOrganizationGroupsRequest(name="^estate"),
    )
    check("the groups", ids(page.organization_groups), [created.id])
    call(
        groups.DeleteOrganizationGroup,
        organization_group_service_pb2.DeleteOrganizationGroupRequest(group_id=created.id),
    )
    session.check_fails(
        "a deleted group", grpc.StatusCode.NOT_FOUND, groups.GetOrganizationGroup, request
    )


def check_bots(session, bots, instances, token, organization_id):
    call = session.call
    bot = bot_pb2.Bot(name="BusyBot", audience=bot_pb2.BOT_AUDIENCE_GLOBAL, commands=["start"])
    bot.meta.update({"greeting": "Hello", "patience": 3})
    created = call(bots.CreateBot, bot_service_pb2.CreateBotRequest(bot=bot)).bot
    check("the user who created a bot", created.created_by, token.user)
    check("the roles of a new bot", list(created.roles), ["bot"])
    page = call(
        instances.ListBotInstances,
        bot_instance_service_pb2.ListBotInstancesRequest(bot=created.id),
    )
    listed = [(instance.organization, instance.enabled) for instance in page.bot_instances]
    check("the instances of a new bot", listed, [(token.organization, True)])

    updated = call(
        bots.UpdateBot,
        bot_service_pb2.UpdateBotRequest(
            bot_id=created.id,
            bot=bot_pb2.Bot(secret="z3krUt", status=bot_pb2.BOT_STATUS_INACTIVE),
            update_mask=mask("secret", "status", "meta.patience"),
        ),
    ).bot
    check("an updated status", updated.status, bot_pb2.BOT_STATUS_INACTIVE)
    check("the metadata that is left", dict(updated.meta), {"greeting": "Hello"})
    check("the secret that was set", updated.secret, "z3krUt")
    updated.ClearField("secret")  # It is shown once.
    request = bot_service_pb2.GetBotRequest(bot_id=created.id)
    check("a bot after its update", call(bots.GetBot, request).bot, updated)
    page = call(bots.ListBots, bot_service_pb2.ListBotsRequest(status=bot_pb2.BOT_STATUS_INACTIVE))
    check("the inactive bots", ids(page.bots), [created.id])

    instance = call(
        instances.CreateBotInstance,
        bot_instance_service_pb2.CreateBotInstanceRequest(
            bot_instance=bot_instance_pb2.BotInstance(
                bot=created.id, organization=organization_id, name="BestBot"
            )
        ),
    ).bot_instance
    check("the metadata of the bot in its instance", dict(instance.meta), {"greeting": "Hello"})
    changed = call(
        instances.UpdateBotInstance,
        bot_instance_service_pb2.UpdateBotInstanceRequest(
            bot_instance_id=instance.id,
            bot_instance=bot_instance_pb2.BotInstance(enabled=False),
            update_mask=mask("enabled"),
        ),
    ).bot_instance
    check("whether an instance is enabled", changed.enabled, False)
    one = bot_instance_service_pb2.GetBotInstanceRequest(bot_instance_id=instance.id)
    found = call(instances.GetBotInstance, one).bot_instance
    check("an instance after its update", found, changed)
    call(
        instances.DeleteBotInstance,
        bot_instance_service_pb2.DeleteBotInstanceRequest(bot_instance_id=instance.id),
    )
    session.check_fails(
        "a deleted instance", grpc.StatusCode.NOT_FOUND, instances.GetBotInstance, one
    )
    call(bots.DeleteBot, bot_service_pb2.DeleteBotRequest(bot_id=created.id))
    left = call(bots.ListBots, bot_service_pb2.ListBotsRequest())
    check("the bots that are left", ids(left.bots), [])


def check_services(session, services):
    call = session.call
    service = service_pb2.Service(
        name="Widget",
        type=service_pb2.SERVICE_PROVIDER_SMARTSUPP,
        params=service_pb2.ServiceParams(
            jid="uid3710@s1.smartsupp.com", password="z3kRuD", host="s1.smartsupp.com"
        ),
        start_date=timestamp_pb2.Timestamp(seconds=4_000_000_000),
    )
    service.params.other.update({"headerColor": "yellow"})
    create = service_service_pb2.CreateServiceRequest(service=service)
    created = call(services.CreateService, create).service
    check("the parameters of a new service", dict(created.params.other), {"headerColor": "yellow"})
    check("its start", created.start_date, service.start_date)
    create.service.params.ClearField("jid")
    session.check_fails(
        "a service without what its provider needs",
        grpc.StatusCode.INVALID_ARGUMENT,
        services.CreateService,
        create,
    )

    updated = call(
        services.UpdateService,
        service_service_pb2.UpdateServiceRequest(
            service_id=created.id,
            service=service_pb2.Service(params=service_pb2.ServiceParams(port="5223")),
            update_mask=mask("params.port", "start_date"),
        ),
    ).service
    check("an updated port", updated.params.port, "5223")
    check("the host beside it", updated.params.host, "s1.smartsupp.com")
    check("whether a cleared start is set", updated.HasField("start_date"), False)
    request = service_service_pb2.GetServiceRequest(service_id=created.id)
    check("a service after its update", call(services.GetService, request).service, updated)
    page = call(
        services.ListServices,
        service_service_pb2.ListServicesRequest(type=service_pb2.SERVICE_PROVIDER_SMARTSUPP),
    )
    check("the services of Smartsupp", ids(page.services), [created.id])
    call(services.DeleteService, service_service_pb2.DeleteServiceRequest(service_id=created.id))
    left = call(services.ListServices, service_service_pb2.ListServicesRequest())
    check("the services that are left", ids(left.services), [])


def check_forms(session, forms, fields):
    call = session.call
    form = form_pb2.Form(
        name="Brochure",
        profile_fields=[form_pb2.FORM_PROFILE_FIELD_EMAIL],
        fields=[form_field_pb2.FormField(name="color", type=form_field_pb2.FORM_FIELD_TYPE_COLOR)],
        points_by_agent=60,
    )
    created = call(forms.CreateForm, form_service_pb2.CreateFormRequest(form=form)).form
    check("the points of a new form", created.points_by_agent, 60)

    field = call(
        fields.CreateFormField,
        form_field_service_pb2.CreateFormFieldRequest(
            form_id=created.id,
            form_field=form_field_pb2.FormField(
                name="appointment",
                type=form_field_pb2.FORM_FIELD_TYPE_DATETIME_LOCAL,
                options=[form_field_pb2.FormFieldOption(key="yes", value="Y")],
                required=True,
            ),
        ),
    ).form_field
    found = call(
        fields.GetFormField,
        form_field_service_pb2.GetFormFieldRequest(form_id=created.id, field_id=field.id),
    ).form_field
    check("a new field", found, field)
    page = call(
        fields.ListFormFields, form_field_service_pb2.ListFormFieldsRequest(form_id=created.id)
    )
    names = [field.name for field in page.form_fields]
    check("the fields of a form", names, ["color", "appointment"])

    updated = call(
        forms.UpdateForm,
        form_service_pb2.UpdateFormRequest(
            form_id=created.id,
            form=form_pb2.Form(type=form_pb2.FORM_TYPE_STATIC),
            update_mask=mask("type", "profile_fields"),
        ),
    ).form
    check("an updated type", updated.type, form_pb2.FORM_TYPE_STATIC)
    check("the profile fields that are left", list(updated.profile_fields), [])
    check("the fields beside them", [field.name for field in updated.fields], names)
    request = form_service_pb2.GetFormRequest(form_id=created.id)
    check("a form after its update", call(forms.GetForm, request).form, updated)
    page = call(forms.ListForms, form_service_pb2.ListFormsRequest(type=form_pb2.FORM_TYPE_STATIC))
    check("the static forms", ids(page.forms), [created.id])
    call(forms.DeleteForm, form_service_pb2.DeleteFormRequest(form_id=created.id))
    left = call(forms.ListForms, form_service_pb2.ListFormsRequest())
    check("the forms that are left", ids(left.forms), [])


def check_deletion(session, organizations, organization_id):
    call = session.call
    call(
        organizations.DeleteOrganization,
        organization_service_pb2.DeleteOrganizationRequest(organization_id=organization_id),
    )
    left = call(
        organizations.ListOrganizations, organization_service_pb2.ListOrganizationsRequest()
    )
    listed = organization_id in ids(left.organizations)
    check("whether a deleted organization is listed", listed, False)


def main():
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} HOST:PORT")
    # A proxy of the environment is for other hosts.
    options = [("grpc.enable_http_proxy", 0)]
    with grpc.insecure_channel(sys.argv[1], options=options) as channel:
        check_reflection(channel)
        token = check_tokens(auth_service_pb2_grpc.AuthServiceStub(channel))
        session = Session(channel, token.token)
        check_users(session, user_service_pb2_grpc.UserServiceStub(channel), token)

        organizations = organization_service_pb2_grpc.OrganizationServiceStub(channel)
        organization_id = check_organizations(session, organizations, token)
        categories = category_service_pb2_grpc.CategoryServiceStub(channel)
        check_categories(session, categories, organizations, organization_id)
        workflows = workflow_service_pb2_grpc.WorkflowServiceStub(channel)
        check_workflows(session, workflows, organization_id)
        groups = organization_group_service_pb2_grpc.OrganizationGroupServiceStub(channel)
        check_organization_groups(session, groups, token, organization_id)
        bots = bot_service_pb2_grpc.BotServiceStub(channel)
        instances = bot_instance_service_pb2_grpc.BotInstanceServiceStub(channel)
        check_bots(session, bots, instances, token, organization_id)
        check_services(session, service_service_pb2_grpc.ServiceServiceStub(channel))
        forms = form_service_pb2_grpc.FormServiceStub(channel)
        fields = form_field_service_pb2_grpc.FormFieldServiceStub(channel)
        check_forms(session, forms, fields)
        check_deletion(session, organizations, organization_id)
        session.check_all_were_streamed()
    print("the Python client called every operation")


if __name__ == "__main__":
    main()
