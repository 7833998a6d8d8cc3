"""Streams a list of a million users through grpcio, and watches the memory on all sides.

    python tests/python/long_list.py WEB1ON1 [--users NUMBER]
    python tests/python/long_list.py --server HOST:PORT

`WEB1ON1` is a `web1on1` command. Its gateway is started in front of an upstream that
sends a list of so many users (1,000,000) of some 1 KB as fast as it is read. The list is
read by a reader that reads all of it, by a slow one, by one that goes away in the middle,
and from an upstream that fails in the middle. With `--server` the list of a server that
runs already is read, as the owner that WEB1ON1_OWNER_EMAIL and WEB1ON1_OWNER_PASSWORD
name; `--process` is the ID of the server, for its memory.

The generated modules must be on the PYTHONPATH, as .ci/run does it. Prints what each
process took, and exits non-zero if the list is not what it should be, if memory grows with
it, or if a connection stays. Memory is that of Linux.
"""

import argparse
import http.server
import json
import multiprocessing
import os
import pathlib
import re
import socketserver
import subprocess
import sys
import time

import grpc
from web1on1.v2 import (
    auth_service_pb2,
    auth_service_pb2_grpc,
    user_service_pb2,
    user_service_pb2_grpc,
)

RECORDED = pathlib.Path(__file__).parents[2] / "openapi" / "recorded" / "getUser.json"
PIECE = 100  # users that the upstream sends at once
TIMEOUT = 600  # seconds that a list may take
PATIENCE = 60  # seconds in which something has to come to its end
GROWTH = 32  # MiB that a list of any length may add to the gateway and to a reader
BREAKS = "breaks"  # the token that makes the upstream fail in the middle


def check(what, is_so, detail=""):
    if not is_so:
        sys.exit(f"FAILED: {what}{detail and ': '}{detail}")


def until(what, is_so):
    """Waits for a state. Only what fails waits for long."""
    end = time.monotonic() + PATIENCE
    while not is_so():
        check(what, time.monotonic() < end, f"not within {PATIENCE} s")
        time.sleep(0.05)


# Memory.


def memory(process, line):
    """A line of what the system says of a process, in MiB."""
    status = pathlib.Path(f"/proc/{process}/status").read_text()
    return int(re.search(rf"^{line}:\s+(\d+) kB$", status, re.MULTILINE)[1]) / 1024


class Watched:
    """A process whose greatest memory is watched from now on."""

    def __init__(self, process):
        self.process, self.before = process, memory(process, "VmRSS")
        pathlib.Path(f"/proc/{process}/clear_refs").write_text("5")

    def most(self):
        return memory(self.process, "VmHWM")


# The upstream.


class Lists(http.server.BaseHTTPRequestHandler):
    """Answers every request with a list of users."""

    protocol_version = "HTTP/1.1"
    users = piece = under_way = sent = None

    def do_GET(self):
        self.count(self.under_way, 1)
        try:
            self.answer()
        except ConnectionError:
            # Nobody reads on.
            self.close_connection = True
        finally:
            self.count(self.under_way, -1)

    def answer(self):
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        breaks = self.headers.get("authorization") == f"Bearer {BREAKS}"
        users = self.users // 2 if breaks else self.users
        self.chunk(b"[")
        for start in range(0, users, PIECE):
            self.chunk(self.piece[start == 0])
            self.count(self.sent, PIECE)
        if breaks:
            self.close_connection = True
        else:
            self.chunk(b"]")
            self.chunk(b"")

    def chunk(self, data):
        self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))

    def count(self, value, by):
        with value.get_lock():
            value.value += by

    def log_message(self, *_):
        pass


def serve(users, pipe, under_way, sent):
    user = json.dumps(json.loads(RECORDED.read_text())["response"]["body"]).encode()
    first = b",".join([user] * PIECE)
    Lists.users, Lists.piece = users, (b"," + first, first)
    Lists.under_way, Lists.sent = under_way, sent
    socketserver.ThreadingTCPServer.daemon_threads = True
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Lists) as server:
        pipe.send(server.server_address[1])
        server.serve_forever()


class Upstream:
    def __init__(self, users):
        context = multiprocessing.get_context("spawn")
        self.under_way, self.sent = context.Value("q", 0), context.Value("q", 0)
        ours, theirs = context.Pipe()
        arguments = (users, theirs, self.under_way, self.sent)
        self.process = context.Process(target=serve, args=arguments, daemon=True)
        self.process.start()
        self.url = f"http://127.0.0.1:{ours.recv()}/v2"


# The readers.


class Reading:
    """One way to read the list, and what it takes."""

    def __init__(self, name, stub, processes, metadata=()):
        self.name = name
        self.watched = [Watched(process) for process in processes]
        self.began = time.monotonic()
        request = user_service_pb2.StreamUsersRequest()
        self.stream = stub.StreamUsers(request, timeout=TIMEOUT, metadata=metadata)
        self.users = 0

    def read(self, most=None):
        """Reads so many users, or all, and returns the error that they end with."""
        try:
            for _ in self.stream:
                self.users += 1
                if self.users == most:
                    return None
        except grpc.RpcError as error:
            return error
        return None

    def report(self):
        took = time.monotonic() - self.began
        most = "".join(f"{watched.most():>12.0f}" for watched in self.watched)
        print(f"{self.name:<32}{self.users:>10,}{took:>8.1f}{most}", flush=True)
        for watched in self.watched:
            growth = watched.most() - watched.before
            check(f"the memory during {self.name}", growth < GROWTH, f"{growth:.0f} MiB more")


def heading(*processes):
    processes = "".join(f"{process:>12}" for process in processes)
    print(f"{'':<32}{'users':>10}{'s':>8}{processes}   (MiB at most)")


def connections(process):
    """How many connections a process has."""
    descriptors = pathlib.Path(f"/proc/{process}/fd").iterdir()
    names = (os.readlink(descriptor) for descriptor in descriptors)
    return sum(name.startswith("socket:") for name in names)


def through_a_gateway(command, users):
    check("the number of users", users % (2 * PIECE) == 0, f"not a multiple of {2 * PIECE}")
    upstream = Upstream(users)
    arguments = ["gateway", "--grpc", "127.0.0.1:0", "--upstream", upstream.url]
    with subprocess.Popen([command, *arguments], stdout=subprocess.PIPE, text=True) as gateway:
        try:
            address = gateway.stdout.readline().split()[1]
            with grpc.insecure_channel(address) as channel:
                grpc.channel_ready_future(channel).result(PATIENCE)
                stub = user_service_pb2_grpc.UserServiceStub(channel)
                read_in_all_ways(stub, gateway.pid, upstream, users)
        finally:
            gateway.terminate()


def read_in_all_ways(stub, gateway, upstream, users):
    processes = [gateway, os.getpid(), upstream.process.pid]
    idle, idle_connections = memory(gateway, "VmRSS"), connections(gateway)

    def ends():
        until("the list of the upstream ends", lambda: upstream.under_way.value == 0)
        # One to the upstream may be kept for the next request.
        is_free = lambda: connections(gateway) <= idle_connections + 1
        until("the connections of the gateway return", is_free)
        returned = lambda: memory(gateway, "VmRSS") < 2 * idle
        until("the memory of the gateway returns", returned)

    heading("gateway", "reader", "upstream")
    reading = Reading("all of it", stub, processes)
    error = reading.read()
    reading.report()
    check("the list goes well", error is None, str(error))
    check("the list is whole", reading.users == users, f"{reading.users} users")
    ends()

    before = upstream.sent.value
    reading = Reading("a slow reader, who goes away", stub, processes)
    ahead = -1
    # Buffers fill until the upstream can send no more.
    while (sent := upstream.sent.value - before) != ahead or reading.users < PIECE:
        ahead = sent
        check("a user more", reading.read(reading.users + 1) is None)
        time.sleep(0.01 if reading.users < PIECE else 1)
    reading.report()
    print(f"    the upstream had sent {ahead:,} users to the slow reader")
    check("the upstream waits for the reader", ahead < users)
    reading.stream.cancel()
    ends()

    reading = Reading("gone in the middle", stub, processes)
    check("half a list", reading.read(users // 2) is None)
    reading.stream.cancel()
    reading.report()
    ends()

    metadata = [("authorization", f"Bearer {BREAKS}")]
    reading = Reading("an upstream that fails", stub, processes, metadata)
    error = reading.read()
    reading.report()
    check("a broken list ends with an error", error is not None)
    code = error.code()
    check("its code", code == grpc.StatusCode.UNAVAILABLE, f"{code}: {error.details()}")
    check("what was whole is there", reading.users == users // 2, f"{reading.users} users")
    ends()
    print(f"afterwards the gateway has {memory(gateway, 'VmRSS'):.0f} MiB; idle {idle:.0f} MiB")


def from_a_server(address, process):
    with grpc.insecure_channel(address) as channel:
        login = auth_service_pb2.CreateTokenRequest(
            email=os.environ["WEB1ON1_OWNER_EMAIL"],
            password=os.environ["WEB1ON1_OWNER_PASSWORD"],
        )
        login = auth_service_pb2_grpc.AuthServiceStub(channel).CreateToken(login, timeout=PATIENCE)
        stub = user_service_pb2_grpc.UserServiceStub(channel)
        metadata = [("authorization", f"Bearer {login.token.token}")]
        processes = {"reader": os.getpid()}
        if process:
            processes = {"server": process, **processes}
        heading(*processes)
        reading = Reading("all of it", stub, list(processes.values()), metadata)
        error = reading.read()
        reading.report()
        check("the list goes well", error is None, str(error))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("command", nargs="?", metavar="WEB1ON1")
    parser.add_argument("--users", type=int, default=1_000_000)
    parser.add_argument("--server", metavar="HOST:PORT")
    parser.add_argument("--process", type=int)
    arguments = parser.parse_args()
    if arguments.server:
        from_a_server(arguments.server, arguments.process)
    elif arguments.command:
        through_a_gateway(arguments.command, arguments.users)
    else:
        parser.error("name a web1on1 command, or --server")


if __name__ == "__main__":
    main()
