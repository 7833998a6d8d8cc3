// Makes calls with the client that hey-api generates, as a user of it would. It is
// type-checked before it is bundled and runs.
//
//     node client.mjs BASE_URL EMAIL PASSWORD PICTURE
import { readFile } from "node:fs/promises";
import * as api from "./api/index.js";
import { client } from "./api/client.gen.js";

function check(holds: boolean, what: unknown): asserts holds {
    if (!holds) {
        throw new Error(`not as expected: ${JSON.stringify(what)}`);
    }
}

const [baseUrl = "", email = "", password = "", picture = ""] = process.argv.slice(2);

// Log in, and replace the tokens.
client.setConfig({ baseUrl });
const login = await api.createToken({ body: { email, password }, throwOnError: true });
const { refreshToken } = login.data;
const refreshed = await api.refreshToken({ query: { refreshToken }, throwOnError: true });
client.setConfig({ auth: refreshed.data.token });

// Create.
const { data: user } = await api.createUser({
    body: { email: "hey-api@example.com", phone: "+31201234567" },
    throwOnError: true,
});

// Page through a list, with a selection.
const emails: (string | undefined)[] = [];
for (let more = true; more; ) {
    const page = await api.listUsers({
        query: { limit: 1, offset: emails.length, sort: "email", select: ["email", "role"] },
        throwOnError: true,
    });
    emails.push(...page.data.map((listed) => listed.email));
    more = page.response.headers.has("link");
}
check(emails.includes(email), emails);

// Change, and clear with null.
const path = { user_id: user.id };
const changed = await api.updateUser({ path, body: { familyName: "Smit", phone: null } });
check(changed.data?.familyName === "Smit" && changed.data.phone === undefined, changed.data);

// A service, told apart by its type.
const made = await api.createService({
    body: { name: "Hook", type: "webhook", params: { url: "https://example.com/hook" } },
});
check(made.data?.type === "webhook", made.error);
const url: string | undefined = made.data.params.url;
check(url === "https://example.com/hook", made.data);

// Upload a picture.
const file = new File([await readFile(picture)], "a.png", { type: "image/png" });
const shown = await api.uploadUserAvatar({ path, body: { file } });
check(shown.data?.avatar !== undefined, shown.error);

// An error has its body, and a violation names its property.
const refused = await api.createUser({ body: { email: "nobody" } });
const violations = refused.error?.error.details.flatMap((detail) => detail.fieldViolations ?? []);
check(violations?.[0]?.field === "email", refused.error);

await api.deleteUser({ path });
console.log(`hey-api: ${emails.length} users, and every call was answered as the client expects`);
