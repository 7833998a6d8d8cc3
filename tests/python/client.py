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
from google.protobuf import field_mask_pb2
from grpc_reflection.v1alpha import reflection_pb2
from web1on1.v2 import (
    auth_service_pb2,
    auth_service_pb2_grpc,
    locale_pb2,
    role_pb2,
    user_pb2,
    user_service_pb2,
    user_service_pb2_grpc,
)

TIMEOUT = 10  # seconds a call may take
UNKNOWN_ID = "0" * 24
RECORDED = pathlib.Path(__file__).parents[2] / "openapi" / "recorded"


def check(what, actual, expected):
    if actual != expected:
        sys.exit(f"FAILED: {what}: expected {expected!r}, got {actual!r}")


def check_fails(what, code, method, *args, **kwargs):
    try:
        method(*args, timeout=TIMEOUT, **kwargs)
    except grpc.RpcError as error:
        check(f"the code of {what} ({error.details()})", error.code(), code)
    else:
        sys.exit(f"FAILED: {what}: expected {code}, got success")


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
        for name in ("web1on1.v2.AuthService", "web1on1.v2.UserService"):
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


def check_users(users, token):
    credentials = {"metadata": [("authorization", f"Bearer {token.token}")]}

    def call(method, request):
        return method(request, timeout=TIMEOUT, **credentials)

    me = call(users.GetUser, user_service_pb2.GetUserRequest(user_id="me")).user
    check("the ID of the caller", me.id, token.user)
    check("the role of the first user", me.role, role_pb2.ROLE_OWNER)
    check_fails(
        "a call without a token",
        grpc.StatusCode.UNAUTHENTICATED,
        users.GetUser,
        user_service_pb2.GetUserRequest(user_id="me"),
    )
    check_fails(
        "an unknown user",
        grpc.StatusCode.NOT_FOUND,
        users.GetUser,
        user_service_pb2.GetUserRequest(user_id=UNKNOWN_ID),
        **credentials,
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
    check_fails(
        "an e-mail address in use",
        grpc.StatusCode.ALREADY_EXISTS,
        users.CreateUser,
        create,
        **credentials,
    )

    page = call(users.ListUsers, user_service_pb2.ListUsersRequest(limit=1))
    check("the size of a page", len(page.users), 1)
    check("the offset of the next page", page.next_offset, 1)
    page = call(users.ListUsers, user_service_pb2.ListUsersRequest(limit=1, offset=1))
    check("the users of the next page", [user.id for user in page.users], [created.id])
    check("whether a page follows the last", page.HasField("next_offset"), False)
    agents = call(users.ListUsers, user_service_pb2.ListUsersRequest(role=role_pb2.ROLE_AGENT))
    check("the agents", [user.id for user in agents.users], [created.id])

    # The mask changes the locale, clears the phone number, and leaves alone what
    # it does not name.
    change = user_pb2.User(email="ignored@example.com")
    change.settings.locale = locale_pb2.LOCALE_NL
    updated = call(
        users.UpdateUser,
        user_service_pb2.UpdateUserRequest(
            user_id=created.id,
            user=change,
            update_mask=field_mask_pb2.FieldMask(paths=["settings.locale", "phone"]),
        ),
    ).user
    check("an updated locale", updated.settings.locale, locale_pb2.LOCALE_NL)
    check("what is beside it", updated.settings.timezone, "Europe/Amsterdam")
    check("whether a cleared field is set", updated.HasField("phone"), False)
    check("a field outside of the mask", updated.email, "hans@example.com")

    uploaded = users.UploadUserAvatar(picture(created.id), timeout=TIMEOUT, **credentials).user
    check("whether an upload sets the avatar", uploaded.HasField("avatar"), True)
    call(users.DeleteUserAvatar, user_service_pb2.DeleteUserAvatarRequest(user_id=created.id))
    found = call(users.GetUser, user_service_pb2.GetUserRequest(user_id=created.id)).user
    check("whether a deleted avatar is set", found.HasField("avatar"), False)

    organizations = call(
        users.ListUserOrganizations, user_service_pb2.ListUserOrganizationsRequest()
    ).user_organizations
    listed = [(entry.organization, entry.selected) for entry in organizations.organizations]
    check("the organizations of the caller", listed, [(token.organization, True)])
    check_fails(
        "leaving the organization that one belongs to",
        grpc.StatusCode.FAILED_PRECONDITION,
        users.RemoveUserOrganization,
        user_service_pb2.RemoveUserOrganizationRequest(
            user_id=created.id, organization_id=token.organization
        ),
        **credentials,
    )

    call(users.DeleteUser, user_service_pb2.DeleteUserRequest(user_id=created.id))
    left = call(users.ListUsers, user_service_pb2.ListUsersRequest())
    check("the users that are left", [user.id for user in left.users], [me.id])
    archived = call(users.GetUser, user_service_pb2.GetUserRequest(user_id=created.id)).user
    check("the status of a deleted user", archived.status, user_pb2.USER_STATUS_ARCHIVED)


def main():
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} HOST:PORT")
    # A proxy of the environment is for other hosts.
    options = [("grpc.enable_http_proxy", 0)]
    with grpc.insecure_channel(sys.argv[1], options=options) as channel:
        check_reflection(channel)
        token = check_tokens(auth_service_pb2_grpc.AuthServiceStub(channel))
        check_users(user_service_pb2_grpc.UserServiceStub(channel), token)
    print("the Python client called every operation")


if __name__ == "__main__":
    main()
