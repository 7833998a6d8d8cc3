"""Makes calls with the generated client, as a user of it would.

    python client.py BASE_URL EMAIL PASSWORD PICTURE
"""

import sys
from typing import TypeVar

from web1on1_api import AuthenticatedClient, Client
from web1on1_api.api.authentication import create_token
from web1on1_api.api.bots import get_bot
from web1on1_api.api.services import create_service, update_service
from web1on1_api.api.users import (
    create_user,
    delete_user,
    list_users,
    update_user,
    upload_user_avatar,
)
from web1on1_api.models import (
    AnyServiceUpdate,
    ErrorCode,
    ErrorReply,
    ListUsersSelectItem,
    PasswordCredentials,
    ServiceStatus,
    Token,
    UploadUserAvatarBody,
    User,
    UserCreate,
    UserUpdate,
    WebhookParamsCreate,
    WebhookService,
    WebhookServiceCreate,
    WebhookServiceType,
)
from web1on1_api.types import UNSET, File

T = TypeVar("T")


def is_a(kind: type[T], reply: object) -> T:
    """Returns the reply if it is of that type, and fails otherwise."""
    assert isinstance(reply, kind), reply
    return reply


def main(base: str, email: str, password: str, picture: str) -> None:
    # Log in.
    anonymous = Client(base_url=base)
    credentials = PasswordCredentials(email=email, password=password)
    token = is_a(Token, create_token.sync(client=anonymous, body=credentials))
    client = AuthenticatedClient(base_url=base, token=token.token)

    # Create.
    new = UserCreate(email="python@example.com", phone="+31201234567")
    user = is_a(User, create_user.sync(client=client, body=new))

    # Page through a list, with a selection.
    emails: list[object] = []
    while True:
        page = list_users.sync_detailed(
            client=client,
            limit=1,
            offset=len(emails),
            sort="email",
            select=[ListUsersSelectItem.EMAIL, ListUsersSelectItem.ROLE],
        )
        emails.extend(listed.email for listed in is_a(list, page.parsed))
        if "link" not in page.headers:
            break
    assert email in emails, emails

    # Change, and clear with null.
    patch = UserUpdate(family_name="Smit", phone=None)
    changed = is_a(User, update_user.sync(user.id, client=client, body=patch))
    assert changed.family_name == "Smit" and changed.phone is UNSET, changed

    # A service, told apart by its type.
    hook = WebhookServiceCreate(
        name="Hook",
        type_=WebhookServiceType.WEBHOOK,
        params=WebhookParamsCreate(url="https://example.com/hook"),
    )
    made = is_a(WebhookService, create_service.sync(client=client, body=hook))
    assert made.params.url == "https://example.com/hook", made
    pause = AnyServiceUpdate(status=ServiceStatus.DISABLED)
    paused = is_a(WebhookService, update_service.sync(made.id, client=client, body=pause))
    assert paused.status == ServiceStatus.DISABLED, paused

    # Upload a picture.
    with open(picture, "rb") as opened:
        file = File(payload=opened, file_name="a.png", mime_type="image/png")
        body = UploadUserAvatarBody(file=file)
        shown = is_a(User, upload_user_avatar.sync(user.id, client=client, body=body))
    assert shown.avatar is not UNSET, shown

    # An error has its body.
    unknown = is_a(ErrorReply, get_bot.sync("0" * 24, client=client))
    assert unknown.error.status == ErrorCode.NOT_FOUND, unknown

    delete_user.sync_detailed(user.id, client=client)
    print(f"Python: {len(emails)} users, and every call was answered as the client expects")


main(*sys.argv[1:])
