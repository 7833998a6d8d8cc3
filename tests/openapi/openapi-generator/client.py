"""Makes calls with the client that openapi-generator makes for Python, as a user of it would.

    python client.py BASE_URL EMAIL PASSWORD PICTURE
"""

import pathlib
import sys

import web1on1_generated as api

# What a service of each type needs.
PARAMS = {
    "api": {},
    "gbm": {"location": "Delft", "welcomeMessage": "Hello", "starter": "Start"},
    "intercom": {"app_id": "app", "access_token": "token", "assignee_id": "12"},
    "mailgun": {},
    "messenger": {},
    "smartsupp": {"jid": "me@example.com", "password": "secret", "host": "example.com"},
    "smooch": {"appId": "app"},
    "twilio": {},
    "webhook": {"url": "https://example.com/hook"},
}


def main(base: str, email: str, password: str, picture: str) -> None:
    configuration = api.Configuration(host=base)
    with api.ApiClient(configuration) as client:
        # Log in, and replace the tokens.
        tokens = api.AuthenticationApi(client)
        credentials = api.PasswordCredentials(email=email, password=password)
        token = tokens.create_token(api.TokenRequest(credentials))
        configuration.access_token = tokens.refresh_token(token.refresh_token).token

        # Create.
        users = api.UsersApi(client)
        user = users.create_user(
            api.UserCreate(email="openapi-generator@example.com", phone="+31201234567")
        )

        # Page through a list, with a selection.
        emails = []
        while True:
            page = users.list_users_with_http_info(
                limit=1, offset=len(emails), sort="email", select=["email", "role"]
            )
            emails.extend(listed.email for listed in page.data)
            if "link" not in page.headers:
                break
        assert email in emails, emails

        # Change, and clear with null.
        changed = users.update_user(user.id, api.UserUpdate(familyName="Smit", phone=None))
        assert changed.family_name == "Smit" and changed.phone is None, changed

        # A service of each type, told apart by it.
        services = api.ServicesApi(client)
        for kind, params in PARAMS.items():
            asked = {"name": kind, "type": kind, "params": params}
            made = services.create_service(api.ServiceCreate.from_dict(asked)).actual_instance
            expected = getattr(api, f"{kind.capitalize()}Service")
            assert isinstance(made, expected), made
            change = api.ServiceUpdate(api.AnyServiceUpdate(status="disabled"))
            paused = services.update_service(made.id, change).actual_instance
            assert paused.status == api.ServiceStatus.DISABLED, paused
            services.delete_service(made.id)

        # Upload a picture.
        shown = users.upload_user_avatar(
            user.id, file=("a.png", pathlib.Path(picture).read_bytes())
        )
        assert shown.avatar is not None, shown

        # An error has its body, and a violation names its property.
        try:
            users.create_user(api.UserCreate(email="nobody"))
            raise AssertionError("an address without a host was taken")
        except api.ApiException as error:
            details = error.data.error.details
            violations = [v for detail in details for v in detail.field_violations or []]
            # `field` is a name that pydantic had.
            fields = [violation.var_field for violation in violations]
            assert fields == ["email"], details

        users.delete_user(user.id)
    print(f"openapi-generator: {len(emails)} users, and every call was answered as expected")


main(*sys.argv[1:])
