// Looks at every page of the documentation in a browser.
//
//     node .ci/site.mjs URL MODULES [SCREENSHOTS]
//
// URL is that of a running server whose owner WEB1ON1_OWNER_EMAIL and
// WEB1ON1_OWNER_PASSWORD name. MODULES is the directory with the node_modules that .ci/run
// installs. CHROMIUM names the browser. Each page is seen at three widths, light and dark:
// there is nothing on the console, no request to another host, nothing wider than the
// window, a title of its own, and nothing that axe-core objects to. Then a request is
// tried out with a token. Exits non-zero with everything that is not so.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const [server, modules, screenshots] = process.argv.slice(2);
const require = createRequire(path.resolve(modules, "package.json"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const docs = new URL("/docs/", server);
const origin = docs.origin;
const PATIENCE = 60_000;
const VIEWS = [
  { name: "desktop", width: 1440, height: 900, colorScheme: "light" },
  { name: "tablet", width: 820, height: 1180, colorScheme: "dark" },
  { name: "phone", width: 390, height: 844, colorScheme: "light" },
];

const problems = new Set();

function problem(where, what) {
  const line = `${where}: ${what}`;
  if (!problems.has(line)) {
    problems.add(line);
    console.error(line);
  }
}

async function fetched(url, options) {
  const reply = await fetch(url, options);
  if (!reply.ok) {
    throw new Error(`${url} was answered with ${reply.status}`);
  }
  return reply;
}

// Every page that a link of another one leads to.
async function pages() {
  const found = new Set(["index.html"]);
  for (const page of found) {
    const html = await (await fetched(new URL(page, docs))).text();
    for (const [, href] of html.matchAll(/<a [^>]*href="([^"#]+)/g)) {
      const url = new URL(href.replaceAll("&amp;", "&"), new URL(page, docs));
      if (url.href.startsWith(docs.href) && url.pathname.endsWith(".html")) {
        found.add(url.href.slice(docs.href.length));
      }
    }
  }
  return [...found];
}

// Opens a page, and watches it.
async function open(context, url, where) {
  const page = await context.newPage();
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) {
      problem(where, `the console says: ${message.text()}`);
    }
  });
  page.on("pageerror", (error) => problem(where, `a script failed: ${error.message}`));
  page.on("requestfailed", (request) => {
    problem(where, `${request.url()} failed: ${request.failure()?.errorText}`);
  });
  page.on("request", (request) => {
    const target = new URL(request.url());
    if (!["data:", "blob:"].includes(target.protocol) && target.origin !== origin) {
      problem(where, `it asks another host: ${target.href}`);
    }
  });
  page.on("response", (response) => {
    if (response.status() >= 400) {
      problem(where, `${response.url()} was answered with ${response.status()}`);
    }
  });
  await page.goto(url, { waitUntil: "load", timeout: PATIENCE });
  if (url.includes("rest.html")) {
    await page.waitForSelector(".scalar-app h1", { timeout: PATIENCE });
    await page.waitForLoadState("networkidle");
  }
  return page;
}

async function accessible(page, where) {
  // What fades in has other colours until it is there.
  await page.evaluate(() => {
    const ends = ({ effect }) => effect?.getComputedTiming().iterations !== Infinity;
    const running = document.getAnimations().filter(ends);
    return Promise.allSettled(running.map((animation) => animation.finished)).then(() => {});
  });
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => axe.run({ resultTypes: ["violations"] }));
  for (const { id, nodes } of violations) {
    for (const node of nodes.slice(0, 4)) {
      const why = (node.any[0] ?? node.all[0] ?? node.none[0])?.message ?? "";
      problem(where, `axe ${id}: ${node.target.join(" ")}: ${why}`);
    }
  }
}

async function look(context, view, name, titles) {
  const where = `${name} (${view.name})`;
  const page = await open(context, new URL(name, docs).href, where);
  const title = await page.title();
  const other = titles.get(title);
  if (!title || (other && other !== name)) {
    problem(where, `the title ${JSON.stringify(title)} is also that of ${other}`);
  }
  titles.set(title, name);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  if (wide > 0) {
    problem(where, `it is ${wide} pixels wider than the window`);
  }
  await accessible(page, where);
  if (screenshots) {
    const file = `${view.name}-${name.replaceAll("/", "-")}.png`;
    await page.screenshot({ path: path.join(screenshots, file) });
  }
  await page.close();
}

async function token() {
  const body = {
    email: process.env.WEB1ON1_OWNER_EMAIL,
    password: process.env.WEB1ON1_OWNER_PASSWORD,
  };
  const reply = await fetched(new URL("/v2/auth/token", server), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return (await reply.json()).token;
}

// What is tried out: a list, and the first of several examples of a body.
const TRIED = [
  { anchor: "tag/users/listUsers", line: "get /users", status: 200 },
  { anchor: "tag/services/createService", line: "post /services", status: 201 },
];

// Goes to an operation by its anchor, gives the token, and sends the request as it is shown.
async function tryOut(context, view, { anchor, line, status }) {
  const where = `trying out ${line} (${view.name})`;
  const page = await open(context, new URL(`rest.html#${anchor}`, docs).href, where);
  page.setDefaultTimeout(PATIENCE);
  const [method, target] = line.split(" ");
  const button = page.getByRole("button", { name: new RegExp(`^Test Request \\(${line}\\)`, "i") });
  await button.waitFor();
  await accessible(page, `${where}, the operation`);
  if (screenshots) {
    await page.screenshot({ path: path.join(screenshots, `${view.name}-${method}.png`) });
  }
  await button.click();
  const dialog = page.getByRole("dialog");
  const send = dialog.locator("[data-addressbar-action=send]:visible");
  await send.waitFor();
  await dialog.getByRole("textbox", { name: "Bearer Token" }).fill(await token());
  await accessible(page, `${where}, the dialog`);
  if (screenshots) {
    await page.screenshot({ path: path.join(screenshots, `${view.name}-try-${method}.png`) });
  }
  const answered = page.waitForResponse((response) => response.url().includes(`/v2${target}`));
  await send.click();
  const response = await answered;
  if (response.status() !== status || new URL(response.url()).origin !== origin) {
    problem(where, `${response.url()} was answered with ${response.status()}`);
  } else if ((await response.json()).length === 0) {
    problem(where, `${response.url()} asks for less than there is: nobody is listed`);
  }
  await dialog.getByText(String(status), { exact: false }).first().waitFor();
  await page.close();
}

async function searching(context, view) {
  const where = `searching (${view.name})`;
  const page = await open(context, docs.href, where);
  await page.keyboard.press("/");
  await page.keyboard.type("streamusers");
  await page.locator("dialog.finder li a").first().waitFor({ timeout: PATIENCE });
  await accessible(page, where);
  if (screenshots) {
    await page.screenshot({ path: path.join(screenshots, `${view.name}-search.png`) });
  }
  await page.keyboard.press("Enter");
  await page.waitForURL("**/grpc/user.html#StreamUsers", { timeout: PATIENCE });
  await page.close();
}

async function menu(context, view) {
  const where = `the menu (${view.name})`;
  for (const name of ["index.html", "rest.html"]) {
    const page = await open(context, new URL(name, docs).href, where);
    await page.getByRole("button", { name: "Menu", exact: true }).first().click();
    await page.locator("#menu a").first().waitFor();
    await accessible(page, `${where} of ${name}`);
    if (screenshots) {
      await page.screenshot({ path: path.join(screenshots, `${view.name}-menu-${name}.png`) });
    }
    await page.close();
  }
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "chromium",
  args: [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
  ],
});
try {
  const names = await pages();
  for (const view of VIEWS) {
    const { width, height, colorScheme } = view;
    const context = await browser.newContext({ viewport: { width, height }, colorScheme });
    const titles = new Map();
    for (const name of names) {
      await look(context, view, name, titles);
    }
    await searching(context, view);
    for (const tried of TRIED) {
      await tryOut(context, view, tried);
    }
    if (view.name === "phone") {
      await menu(context, view);
    }
    await context.close();
  }
  console.log(`${names.length} pages were seen at ${VIEWS.length} widths`);
} finally {
  await browser.close();
}
process.exitCode = problems.size > 0 ? 1 : 0;
