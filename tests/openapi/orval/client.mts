// Makes calls with the functions that orval generates, as a user of them would. It is
// type-checked before it is bundled and runs.
//
//     node client.mjs BASE_URL EMAIL PASSWORD PICTURE
import { readFile } from "node:fs/promises";
import * as api from "./api.js";

function check(holds: boolean, what: unknown): asserts holds {
    if (!holds) {
        throw new Error(`not as expected: ${JSON.stringify(what)}`);
    }
}

const [base = "", email = "", password = "", picture = ""] = process.argv.slice(2);

// The functions fetch a path, which a page would have from its own host.
const send = globalThis.fetch;
globalThis.fetch = (path, options) => send(base + String(path), options);

// Log in.
const login = await api.createToken({ email, password });
check(login.status === 201, login.data);
const headers = { authorization: `Bearer ${login.data.token}` };

// Create.
const created = await api.createUser(
    { email: "orval@example.com", phone: "+31201234567" },
    { headers },
);
check(created.status === 201, created.data);
const { id } = created.data;

// Page through a list, with a selection.
const emails: (string | undefined)[] = [];
for (let more = true; more; ) {
    const page = await api.listUsers(
        { limit: 1, offset: emails.length, sort: "email", select: ["email", "role"] },
        { headers },
    );
    check(page.status === 200, page.data);
    emails.push(...page.data.map((listed) => listed.email));
    more = page.headers.has("link");
}
check(emails.includes(email), emails);

// Change, and clear with null.
const changed = await api.updateUser(id, { familyName: "Smit", phone: null }, { headers });
check(changed.status === 200, changed.data);
check(changed.data.familyName === "Smit" && changed.data.phone === undefined, changed.data);

// A service, told apart by its type.
const params = { url: "https://example.com/hook" };
const made = await api.createService({ name: "Hook", type: "webhook", params }, { headers });
check(made.status === 201 && made.data.type === "webhook", made.data);
check(made.data.params.url === params.url, made.data);

// Upload a picture.
const file = new Blob([await readFile(picture)], { type: "image/png" });
const shown = await api.uploadUserAvatar(id, { file }, { headers });
check(shown.status === 201 && shown.data.avatar !== undefined, shown.data);

// An error has its body.
const unknown = await api.getBot("0".repeat(24), { headers });
check(unknown.status === 404 && unknown.data.error.status === "NOT_FOUND", unknown);

await api.deleteUser(id, { headers });
console.log(`orval: ${emails.length} users, and every call was answered as the client expects`);
