// Compiles src to dist. `npm install` of this directory runs it, without the compiler that
// `devDependencies` names; then that is installed first.

import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { fileURLToPath } from "node:url";

const npm = process.platform === "win32" ? "npm.cmd" : "npm";
if (!fs.existsSync(new URL("node_modules/typescript", import.meta.url))) {
  const options = ["--ignore-scripts", "--include=dev", "--no-audit", "--no-fund"];
  execFileSync(npm, ["ci", ...options], { cwd: new URL(".", import.meta.url), stdio: "inherit" });
}
const compiler = new URL("node_modules/typescript/bin/tsc", import.meta.url);
execFileSync(process.execPath, [fileURLToPath(compiler)], {
  cwd: new URL(".", import.meta.url),
  stdio: "inherit",
});
