// Makes calls with the classes that openapi-generator generates for `fetch`, as a user of
// them would. It is type-checked before it is bundled and runs.
//
//     node client.mjs BASE_URL EMAIL PASSWORD PICTURE
import { readFile } from "node:fs/promises";
import * as api from "./api/index.js";

function check(holds: boolean, what: unknown): asserts holds {
    if (!holds) {
        throw new Error(`not as expected: ${JSON.stringify(what)}`);
    }
}

const [basePath = "", email = "", password = "", picture = ""] = process.argv.slice(2);

// Log in.
const anybody = new api.Configuration({ basePath });
const login = await new api.AuthenticationApi(anybody).createToken({
    tokenRequest: { email, password },
});
const configuration = new api.Configuration({ basePath, accessToken: login.token });
const users = new api.UsersApi(configuration);

// Create.
const created = await users.createUser({
    userCreate: { email: "fetch@example.com", phone: "+31201234567" },
});
const userId = created.id;

// Page through a list, with a selection.
const emails: (string | undefined)[] = [];
for (let more = true; more; ) {
    const page = await users.listUsersRaw({
        limit: 1,
        offset: emails.length,
        sort: "email",
        select: ["email", "role"],
    });
    emails.push(...(await page.value()).map((listed) => listed.email));
    more = page.raw.headers.has("link");
}
check(emails.includes(email), emails);

// Change, and clear with null.
const changed = await users.updateUser({ userId, userUpdate: { familyName: "Smit", phone: null } });
check(changed.familyName === "Smit" && changed.phone === undefined, changed);

// A service, told apart by its type.
const url = "https://example.com/hook";
const made = await new api.ServicesApi(configuration).createService({
    serviceCreate: { type: "webhook", name: "Hook", params: { url } },
});
check(made.type === "webhook" && made.params.url === url, made);

// Upload a picture.
const file = new Blob([await readFile(picture)], { type: "image/png" });
const shown = await users.uploadUserAvatar({ userId, file });
check(shown.avatar !== undefined, shown);

// An error has its body.
const unknown = new api.BotsApi(configuration).getBot({ botId: "0".repeat(24) });
const error = await unknown.then(
    () => undefined,
    (thrown: unknown) => (thrown instanceof api.ResponseError ? thrown.response : undefined),
);
const told = api.ErrorReplyFromJSON(await error?.json());
check(error?.status === 404 && told.error.status === "NOT_FOUND", told);

await users.deleteUser({ userId });
console.log(
    `typescript-fetch: ${emails.length} users, and every call was answered as the client expects`,
);
