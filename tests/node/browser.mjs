// Calls a running server from a page in headless Chromium: gRPC-Web with two clients,
// Connect, and REST. The page is of another origin than the server.
//
//     node tests/node/browser.mjs CHROMIUM GRPC HTTP ORIGIN MODULES DESCRIPTORS
//
// CHROMIUM is the program, GRPC and HTTP are where the server listens, as HOST:PORT, and
// ORIGIN is the origin whose pages it allows, a port of 127.0.0.1 that is free. MODULES is
// the directory with the node_modules that .ci/run installs, and DESCRIPTORS a file with the
// descriptors of the API. The owner is the one that WEB1ON1_OWNER_EMAIL and
// WEB1ON1_OWNER_PASSWORD name. Exits non-zero at the first thing that is not as it should
// be.

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";

const [chromium, grpc, http, origin, modules, descriptors] = process.argv.slice(2);
const require = createRequire(path.resolve(modules, "package.json"));
const esbuild = require("esbuild");

// How long a page may take, in milliseconds.
const PATIENCE = 120_000;

const owner = {
  email: process.env.WEB1ON1_OWNER_EMAIL,
  password: process.env.WEB1ON1_OWNER_PASSWORD,
};
const setting = { grpc: `http://${grpc}`, http: `http://${http}`, origin, owner };
const { outputFiles } = await esbuild.build({
  entryPoints: [path.join(import.meta.dirname, "page.mjs")],
  banner: { js: `globalThis.setting = ${JSON.stringify(setting)};` },
  bundle: true,
  format: "esm",
  nodePaths: [path.resolve(modules, "node_modules")],
  write: false,
});
const files = new Map([
  ["/", ["text/html", '<!doctype html><title>test</title><script type="module" src="/page.js"></script>']],
  ["/page.js", ["text/javascript", outputFiles[0].contents]],
  ["/descriptors", ["application/octet-stream", readFileSync(descriptors)]],
]);

let heard;
const server = createServer(async (request, response) => {
  if (request.method === "POST") {
    let said = "";
    for await (const chunk of request) {
      said += chunk;
    }
    response.end();
    heard(said);
    return;
  }
  const [type, content] = files.get(request.url) ?? [];
  response.writeHead(type ? 200 : 404, { "content-type": type ?? "text/plain" });
  response.end(content);
});
const { port } = new URL(origin);
await new Promise((resolve) => server.listen(Number(port), resolve));

// Removes the profile of a browser, whose helpers write for a while after it has left.
async function remove(profile) {
  for (let left = 50; left > 0; left -= 1) {
    try {
      rmSync(profile, { recursive: true, force: true });
      return;
    } catch (error) {
      if (left === 1) {
        console.error(`${profile} stays behind: ${error.message}`);
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

// Opens a page, and returns what it says in the end.
async function open(url) {
  const profile = mkdtempSync(path.join(tmpdir(), "chromium-"));
  const flags = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-sync",
    "--no-proxy-server",
    "--remote-debugging-port=0",
    `--user-data-dir=${profile}`,
  ];
  const browser = spawn(chromium, [...flags, url], { stdio: "ignore" });
  const exited = new Promise((resolve) => browser.once("exit", resolve));
  let timer;
  try {
    return await new Promise((resolve, reject) => {
      heard = resolve;
      browser.once("error", reject);
      browser.once("exit", () => reject(new Error("the browser has left")));
      const late = () => reject(new Error(`${url} has said nothing`));
      timer = setTimeout(late, PATIENCE);
    });
  } finally {
    clearTimeout(timer);
    browser.kill();
    await exited;
    await remove(profile);
  }
}

for (const url of [origin, `http://localhost:${port}`]) {
  const said = await open(url);
  if (said !== "ok") {
    console.error(`a page of ${url}: ${said}`);
    process.exit(1);
  }
}
console.log("pages call over gRPC-Web, Connect and REST, and those of other origins do not");
process.exit();
