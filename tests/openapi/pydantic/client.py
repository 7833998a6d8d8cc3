"""Reads replies into the models that datamodel-code-generator makes, and writes requests
with them.

    python client.py BASE_URL EMAIL PASSWORD
"""

import json
import sys
import urllib.error
import urllib.request
from typing import Any

from pydantic import BaseModel, TypeAdapter

import web1on1_models as models


def main(base: str, email: str, password: str) -> None:
    token = ""

    def call(method: str, path: str, body: BaseModel | dict[str, str] | None = None) -> bytes:
        if isinstance(body, BaseModel):
            body = body.model_dump(mode="json", exclude_unset=True, by_alias=True)
        data = body and json.dumps(body).encode()
        headers = {"content-type": "application/json", "authorization": f"Bearer {token}"}
        request = urllib.request.Request(base + path, data, headers, method=method)
        with urllib.request.urlopen(request) as reply:
            return reply.read()

    def read(kind: Any, reply: bytes) -> Any:
        return TypeAdapter(kind).validate_json(reply)

    # A model would write stars in the place of the password.
    credentials = {"email": email, "password": password}
    token = read(models.Token, call("POST", "/auth/token", credentials)).token

    new = models.UserCreate(email="pydantic@example.com", phone="+31201234567")
    user = read(models.User, call("POST", "/users", new))
    patch = models.UserUpdate(familyName="Smit", phone=None)
    changed = read(models.User, call("PATCH", f"/users/{user.id.root}", patch))
    assert changed.familyName == "Smit" and changed.phone is None, changed
    read(list[models.UserPartial], call("GET", "/users"))
    call("DELETE", f"/users/{user.id.root}")

    # What tells the types apart is a literal, so that nobody has to write it twice.
    hook = models.WebhookServiceCreate(
        name="Hook", type="webhook", params=models.WebhookParamsCreate(url="https://example.com")
    )
    made = read(models.Service, call("POST", "/services", models.ServiceCreate(hook))).root
    assert isinstance(made, models.WebhookService), made
    assert str(made.params.url) == "https://example.com/", made

    try:
        call("GET", "/bots/" + "0" * 24)
        raise AssertionError("there is no such bot")
    except urllib.error.HTTPError as error:
        status = read(models.ErrorReply, error.read()).error
    assert status.status is models.ErrorCode.NOT_FOUND, status
    reasons = [detail.reason for detail in status.details if detail.reason]
    assert reasons == ["NOT_FOUND"], status
    print("pydantic: every reply is what the models say")


main(*sys.argv[1:])
