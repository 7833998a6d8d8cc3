// Makes calls with the generated types and openapi-fetch, as a user of them would. It is
// type-checked before it runs.
//
//     node client.mjs BASE_URL EMAIL PASSWORD PICTURE
import { readFile } from "node:fs/promises";
import createClient from "openapi-fetch";
import type { components, paths } from "./api.mjs";

function check(holds: boolean, what: unknown): asserts holds {
    if (!holds) {
        throw new Error(`not as expected: ${JSON.stringify(what)}`);
    }
}

const [baseUrl = "", email = "", password = "", picture = ""] = process.argv.slice(2);

// Log in.
const anonymous = createClient<paths>({ baseUrl });
const login = await anonymous.POST("/auth/token", { body: { email, password } });
check(login.data !== undefined, login.error);
const token: string = login.data.token;
const client = createClient<paths>({ baseUrl, headers: { authorization: `Bearer ${token}` } });

// Create.
const created = await client.POST("/users", {
    body: { email: "typescript@example.com", phone: "+31201234567" },
});
check(created.data !== undefined, created.error);
const user: components["schemas"]["User"] = created.data;
const id: string = user.id;

// Page through a list, with a selection.
const emails: string[] = [];
for (let more = true; more; ) {
    const page = await client.GET("/users", {
        params: { query: { limit: 1, offset: emails.length, sort: "email", select: ["email", "role"] } },
    });
    check(page.data !== undefined, page.error);
    emails.push(...page.data.map((listed) => listed.email ?? ""));
    more = page.response.headers.has("link");
}
check(emails.includes(email), emails);

// Change, and clear with null.
const path = { user_id: id };
const changed = await client.PATCH("/users/{user_id}", {
    params: { path },
    body: { familyName: "Smit", phone: null },
});
check(changed.data?.familyName === "Smit" && changed.data.phone === undefined, changed);

// A service, told apart by its type.
const made = await client.POST("/services", {
    body: { name: "Hook", type: "webhook", params: { url: "https://example.com/hook" } },
});
check(made.data?.type === "webhook", made.error);
const url: string | undefined = made.data.params.url;
check(url === "https://example.com/hook", made.data);
const paused = await client.PATCH("/services/{service_id}", {
    params: { path: { service_id: made.data.id } },
    body: { status: "disabled" },
});
check(paused.data?.status === "disabled", paused);

// Upload a picture. The type of a file is string, and what is sent is a form.
const png = new Blob([await readFile(picture)], { type: "image/png" });
const shown = await client.POST("/users/{user_id}/avatar", {
    params: { path },
    body: { file: picture },
    bodySerializer: () => {
        const form = new FormData();
        form.set("file", png, "a.png");
        return form;
    },
});
check(shown.data?.avatar !== undefined, shown.error);

// An error has its body.
const unknown = await client.GET("/bots/{bot_id}", {
    params: { path: { bot_id: "000000000000000000000000" } },
});
check(unknown.error?.error.status === "NOT_FOUND", unknown);

await client.DELETE("/users/{user_id}", { params: { path } });
console.log(`TypeScript: ${emails.length} users, and every call was answered as the client expects`);
