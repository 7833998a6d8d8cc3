"""Runs the code samples of the OpenAPI document: in each language all of them, against
servers that have what they are about. `.ci/samples` calls it:

    python tests/samples/run.py PROGRAM WORK NPM

PROGRAM is web1on1, WORK is where the samples are written to, and NPM has node_modules.
The environment variable GO is the command of Go, or empty. A sample that fails is shown
with its operation and its language.
"""

import base64
import contextlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = ROOT / "tests/samples"
EMAIL, PASSWORD = "caller@example.com", "correct-horse-battery"
SEEDS = [ROOT / "seed/sample.json", HERE / "caller.json"]

# What only succeeds where the things of the others are not there: the user that it creates
# is the one who logs in elsewhere.
ALONE = ["createUser"]

program, work, npm = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])


class Failed(Exception):
    """A sample did not do what it shows."""

    def __init__(self, operation, output):
        super().__init__(operation)
        self.operation = operation
        self.output = output


class Operation:
    def __init__(self, method, path, stated):
        self.id = stated["operationId"]
        self.status = min(int(status) for status in stated["responses"] if status[0] == "2")
        self.samples = {
            sample["label"]: sample["source"] for sample in stated["x-codeSamples"]
        }
        # What reads comes first, and what others are in is deleted last.
        # A change of an organization replaces its categories, and comes behind theirs.
        method = "delete" if self.id == "updateOrganization" else method
        order = ["get", "post", "patch", "put", "delete"].index(method)
        self.order = (order, -path.count("/"), self.id in ("deleteUser", "deleteOrganization"))


def operations():
    document = json.loads((ROOT / "openapi/openapi.json").read_text())
    found = [
        Operation(method, path, stated)
        for path, item in document["paths"].items()
        for method, stated in item.items()
    ]
    return sorted(found, key=lambda operation: operation.order)


@contextlib.contextmanager
def server(seeds):
    """The environment of samples that call a server with these seeds."""
    with tempfile.TemporaryDirectory() as data:
        arguments = [program, "serve", "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0"]
        arguments += ["--data", data]
        for seed in seeds:
            arguments += ["--seed", str(seed)]
        log = pathlib.Path(data) / "log"
        with open(log, "w") as out:
            serving = subprocess.Popen(arguments, stdout=out, stderr=subprocess.STDOUT)
        try:
            yield environment(serving, log)
        finally:
            serving.terminate()
            serving.wait()


def environment(serving, log):
    for _ in range(600):
        text = log.read_text()
        found = dict(re.findall(r"^(grpc|http) (\S+)$", text, re.MULTILINE))
        if len(found) == 2:
            break
        if serving.poll() is not None:
            sys.exit(f"the server ended:\n{text}")
        time.sleep(0.1)
    else:
        sys.exit(f"the server did not say where it listens:\n{log.read_text()}")
    url = f"http://{found['http']}/v2"
    login = json.dumps({"email": EMAIL, "password": PASSWORD}).encode()
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(f"{url}/auth/token", data=login, headers=headers)
    with urllib.request.urlopen(request, timeout=30) as reply:
        tokens = json.load(reply)
    return {
        "WEB1ON1_URL": url,
        "WEB1ON1_ADDRESS": f"http://{found['grpc']}",
        "WEB1ON1_TOKEN": tokens["token"],
        "WEB1ON1_REFRESH_TOKEN": tokens["refreshToken"],
    }


def move(env):
    """Makes the user of the samples a member of a second organization, as a user has to be
    who leaves one. No seed can."""
    headers = {
        "authorization": f"Bearer {env['WEB1ON1_TOKEN']}",
        "content-type": "application/json",
    }
    url = f"{env['WEB1ON1_URL']}/users/57c8479433f5d57d3013a0bc"
    body = json.dumps({"organization": "55dcf8aa048ee2227d4aa1a4"}).encode()
    request = urllib.request.Request(url, data=body, headers=headers, method="PATCH")
    with urllib.request.urlopen(request, timeout=30):
        pass


def run(command, env, directory, timeout=600):
    done = subprocess.run(
        command,
        env={**os.environ, **env},
        cwd=directory,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
    )
    return done.returncode, done.stdout


def each(env, chosen, language, directory, settle):
    """Runs each sample in a shell; `settle` says what is wrong with what it printed."""
    for operation in chosen:
        code, output = run(["sh", "-c", operation.samples[language]], env, directory)
        if code != 0 or not settle(operation, output):
            raise Failed(operation, output)


def curl(env, chosen, directory):
    # curl prints the status behind the reply.
    (directory / ".curlrc").write_text('silent\nshow-error\nwrite-out = "\\n%{http_code}"\n')
    env = {**env, "CURL_HOME": str(directory)}

    def settle(operation, output):
        return output.splitlines()[-1] == str(operation.status)

    each(env, chosen, "curl", directory, settle)


def command(env, chosen, directory):
    path = os.path.dirname(program) + os.pathsep + os.environ["PATH"]
    each({**env, "PATH": path}, chosen, "web1on1", directory, lambda *_: True)


def python(env, chosen, directory):
    os.environ.update(env)
    before = os.getcwd()
    os.chdir(directory)
    try:
        for operation in chosen:
            code = compile(operation.samples["Python"], f"{operation.id}.py", "exec")
            try:
                with contextlib.redirect_stdout(None):
                    exec(code, {"__name__": "__main__"})
            except Exception:
                raise Failed(operation, traceback.format_exc()) from None
    finally:
        os.chdir(before)


def together(command, env, chosen, directory):
    """Runs a program that carries out the samples that are named, and names each first."""
    code, output = run([*command, *(operation.id for operation in chosen)], env, directory)
    if code == 0:
        return output
    named = re.findall(r"^-- (\w+)$", output, re.MULTILINE)
    failed = [operation for operation in chosen if named and operation.id == named[-1]]
    if failed:
        raise Failed(failed[0], output.rsplit(f"-- {named[-1]}\n", 1)[1])
    sys.exit(f"{' '.join(command)} failed:\n{output}")


def build(command, env, directory, suffix, all_of_them, language):
    """Checks or compiles the samples; what is wrong names the file of an operation."""
    code, output = run(command, env, directory)
    if code == 0:
        return
    for operation in all_of_them:
        if re.search(rf"\b{operation.id}(/\w+)?\.{suffix}\b", output):
            fail(language, Failed(operation, output))
    sys.exit(f"{' '.join(map(str, command))} failed:\n{output}")


def build_typescript(all_of_them):
    place = work / "typescript"
    (place / "package.json").write_text('{"private": true, "type": "module"}')
    for operation in all_of_them:
        (place / f"{operation.id}.ts").write_text(operation.samples["TypeScript"])
    files = [f"{operation.id}.ts" for operation in all_of_them]
    options = ["--strict", "--target", "es2022", "--module", "nodenext", "--types", "node"]
    tsc = [str(npm / "node_modules/.bin/tsc"), *options, "--skipLibCheck", *files]
    build(tsc, {}, place, "ts", all_of_them, "TypeScript")
    (place / "all.mjs").write_text(
        "const log = console.log;\n"
        "console.log = () => {};\n"
        "for (const operation of process.argv.slice(2)) {\n"
        "  log(`-- ${operation}`);\n"
        '  await import(new URL(`./${operation}.js`, import.meta.url).href);\n'
        "}\n"
    )


def typescript(env, chosen, directory):
    together(["node", str(work / "typescript/all.mjs")], env, chosen, directory)


def build_go(all_of_them):
    place = work / "go"
    go = os.environ["GO"]
    env = {"GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local", "GOCACHE": str(work / "go-cache")}
    (place / "go.mod").write_text("module samples\n\ngo 1.19\n")
    imports, cases = "", ""
    for operation in all_of_them:
        package = operation.id.lower()
        (place / operation.id).mkdir(exist_ok=True)
        source = operation.samples["Go"]
        changed = source.replace("package main", f"package {package}", 1)
        changed = changed.replace("\nfunc main() {", "\nfunc Run() {", 1)
        (place / operation.id / "main.go").write_text(changed)
        imports += f'\t"samples/{operation.id}"\n'
        cases += f'\t\tcase "{operation.id}":\n\t\t\t{package}.Run()\n'
    (place / "main.go").write_text(
        f'package main\n\nimport (\n\t"fmt"\n\t"os"\n{imports})\n\nfunc main() {{\n'
        "\tfor _, operation := range os.Args[1:] {\n"
        '\t\tfmt.Println("-- " + operation)\n'
        f"\t\tswitch operation {{\n{cases}\t\t}}\n\t}}\n}}\n"
    )
    build([go, "vet", "./..."], env, place, "go", all_of_them, "Go")
    gofmt = os.path.join(os.path.dirname(go), "gofmt")
    formatted = [go, "run", "cmd/gofmt"] if not os.path.exists(gofmt) else [gofmt]
    directories = [operation.id for operation in all_of_them]
    code, output = run([*formatted, "-l", *directories], env, place)
    if code != 0:
        print(f"gofmt is not there, and the form of the samples is not checked: {output}")
    for operation in all_of_them:
        if f"{operation.id}/main.go" in output:
            fail("Go", Failed(operation, "gofmt would write it otherwise"))
    build([go, "build", "-o", "all", "."], env, place, "go", all_of_them, "Go")


def go(env, chosen, directory):
    output = together([str(work / "go/all")], env, chosen, directory)
    for operation in chosen:
        said = output.split(f"-- {operation.id}\n", 1)[1].splitlines()[0]
        if not said.startswith(f"{operation.status} "):
            raise Failed(operation, said)


def build_rust(all_of_them):
    place = work / "rust"
    modules, cases = "", ""
    for operation in all_of_them:
        name = re.sub(r"([A-Z])", lambda found: "_" + found[1].lower(), operation.id)
        source = operation.samples["Rust"].replace("\nasync fn main()", "\npub async fn main()", 1)
        (place / f"src/{operation.id}.rs").write_text(source)
        modules += f'#[path = "{operation.id}.rs"]\nmod {name};\n'
        cases += f'            "{operation.id}" => {name}::main(),\n'
    (place / "src/main.rs").write_text(
        f"{modules}\nfn main() {{\n"
        "    for operation in std::env::args().skip(1) {\n"
        '        println!("-- {operation}");\n'
        f"        let done = match operation.as_str() {{\n{cases}"
        "            _ => Ok(()),\n        };\n"
        "        if let Err(error) = done {\n"
        '            println!("{error:?}");\n'
        "            std::process::exit(1);\n        }\n    }\n}\n"
    )
    (place / "Cargo.toml").write_text(
        '[package]\nname = "all-samples"\nedition = "2024"\n\n[dependencies]\n'
        'tokio = { version = "1", features = ["macros", "rt-multi-thread"] }\n'
        'tokio-stream = "0.1"\n'
        f'web1on1-client = {{ path = "{ROOT}/crates/client" }}\n\n[workspace]\n'
    )
    (place / "Cargo.lock").write_bytes((ROOT / "Cargo.lock").read_bytes())
    target = os.environ.get("CARGO_TARGET_DIR", str(ROOT / "target"))
    env = {"CARGO_TARGET_DIR": target}
    build(["cargo", "build", "--quiet"], env, place, "rs", all_of_them, "Rust")


def rust(env, chosen, directory):
    target = os.environ.get("CARGO_TARGET_DIR", str(ROOT / "target"))
    together([os.path.join(target, "debug/all-samples")], env, chosen, directory)


LANGUAGES = {
    "curl": (None, curl),
    "web1on1": (None, command),
    "Python": (None, python),
    "TypeScript": (build_typescript, typescript),
    "Go": (build_go, go),
    "Rust": (build_rust, rust),
}


def fail(language, failed):
    operation = failed.operation
    sys.exit(
        f"{operation.id} in {language}: the sample fails; mend crates/samples:\n\n"
        f"{operation.samples[language]}\n{failed.output}"
    )


def main():
    found = operations()
    file = json.loads((ROOT / "openapi/recorded/uploadUserAvatar.json").read_text())
    part = file["request"]["part"]
    directory = work / "here"
    directory.mkdir(exist_ok=True)
    (directory / part["filename"]).write_bytes(base64.b64decode(part["body"]))
    for language, (prepare, carry_out) in LANGUAGES.items():
        if language == "Go" and not os.environ.get("GO"):
            continue
        started = time.monotonic()
        for operation in found:
            if language not in operation.samples:
                sys.exit(f"{operation.id} has no sample in {language}")
        if prepare:
            prepare(found)
        alone = [operation for operation in found if operation.id in ALONE]
        others = [operation for operation in found if operation.id not in ALONE]
        things = HERE / "things.json"
        try:
            # What comes first stays as it is.
            with server([SEEDS[0], SEEDS[1], things]) as env:
                move(env)
                carry_out(env, others, directory)
            with server(SEEDS) as env:
                carry_out(env, alone, directory)
        except Failed as failed:
            fail(language, failed)
        print(f"{language}: {len(found)} samples, {time.monotonic() - started:.0f} s")


main()
