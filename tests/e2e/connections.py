"""Many connections to one server, and bad ones.

  crowd    10,000 idle connections, slow readers, slow writers and clients that dribble their heads; and
           hundreds of fast clients meanwhile, all of which are answered right. Then the slow ones finish.
  hostile  heads and bodies that no client should send, each refused with its status and followed by
           the end of the connection; what is smuggled behind them is never answered.

Nothing is timed: slow clients are slow until the fast ones are done. The server's memory has a limit in
both. Standard library only. See connections.sh.
"""

import asyncio
import base64
import hashlib
import json
import os
import re
import resource
import socket
import sys

from registry_client import (KEY, OCI_CONFIG, OCI_LAYER, OCI_MANIFEST, Client, Failed, Server, check,
                             digest_of)

DIRECTORY = os.environ["BREAKWATER_TEST_DIR"]
IDLE = int(os.environ.get("CONNECTIONS_IDLE", "10000"))
SCALE = float(os.environ.get("CONNECTIONS_SCALE", "1"))
FAST, READERS, WRITERS, DRIBBLERS = (round(SCALE * n) for n in (700, 100, 150, 50))
FAST_REQUESTS = 12
REPOSITORY = "crowd/app"
SMALL = os.urandom(4096)
# More than the buffers of a socket hold, so that a slow reader keeps the server sending.
LARGE = os.urandom(1 << 20) * 6
WRITTEN = 300_000  # bytes of a slow writer's blob: more than a server would keep in memory
# Of each listener: idle ones are on both, the others on one.
CONNECTIONS = IDLE // 2 + 2 * (FAST + READERS + WRITERS + DRIBBLERS)
PACE = 0.2         # seconds between a slow client's pieces
OPENING = 64       # connections opened at once
MEMORY_LIMIT = 160 << 20
HOSTILE_MEMORY = 32 << 20  # more than before, at most
ACCEPT = "Accept: %s\r\n" % OCI_MANIFEST


class Peer:
    """A connection, and answers read from it."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    @classmethod
    async def open(cls, server, port=None, receive_buffer=None, limit=65536):
        connection = socket.socket()
        if receive_buffer:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        connection.setblocking(False)
        await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", port or server.public))
        return cls(*await asyncio.open_connection(sock=connection, limit=limit))

    def send(self, content):
        self.writer.write(content)

    async def head(self):
        """(status, headers) of the next answer."""
        lines = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        fields = (line.split(":", 1) for line in lines[1:] if line)
        return int(lines[0].split()[1]), {name.lower(): value.strip() for name, value in fields}

    async def answer(self):
        status, headers = await self.head()
        return status, headers, await self.reader.readexactly(int(headers.get("content-length", 0)))

    async def ask(self, method, target, body=b"", headers=""):
        self.send(request(method, target, body, headers))
        if method == "HEAD":
            return await self.head()
        return await self.answer()

    async def rest(self):
        """Until the server ends the connection."""
        content = b""
        try:
            while piece := await self.reader.read(65536):
                content += piece
        except ConnectionError:
            pass  # it does not wait for what is still on its way
        return content

    def close(self):
        self.writer.transport.abort()


AUTHORIZATION = "Authorization: Basic %s\r\n" % base64.b64encode(("iamapikey:" + KEY).encode()).decode()


def request(method, target, body=b"", headers="", length=None):
    length = len(body) if length is None else length
    return ("%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s%sContent-Length: %d\r\n\r\n"
            % (method, target, AUTHORIZATION, headers, length)).encode() + body


def memory(server, what="VmRSS"):
    with open("/proc/%d/status" % server.process.pid, encoding="ascii", errors="replace") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith(what + ":"))


def tell(text):
    print("    " + text, flush=True)


async def all_of(count, work, at_once=None):
    """The results of work(number) for each; the first failure ends them all."""
    gate = asyncio.Semaphore(at_once or count or 1)

    async def one(number):
        async with gate:
            return await work(number)
    return await asyncio.gather(*(one(number) for number in range(count)))


def manifest_of(layer):
    return json.dumps({
        "schemaVersion": 2, "mediaType": OCI_MANIFEST,
        "config": {"mediaType": OCI_CONFIG, "digest": digest_of(b"{}"), "size": 2},
        "layers": [{"mediaType": OCI_LAYER, "digest": digest_of(layer), "size": len(layer)}]}).encode()


MANIFEST = manifest_of(SMALL)


def push_content(server):
    client = Client(server)
    client.expect(201, "PUT", "/api/v1/namespaces/" + REPOSITORY.split("/")[0])
    for blob in (SMALL, b"{}", LARGE):
        client.expect(201, "POST", "/v2/%s/blobs/uploads/?digest=%s" % (REPOSITORY, digest_of(blob)), blob)
    client.expect(201, "PUT", "/v2/%s/manifests/v1" % REPOSITORY, MANIFEST, {"Content-Type": OCI_MANIFEST})
    client.close()


def blob_path(digest):
    return "/v2/%s/blobs/%s" % (REPOSITORY, digest)


async def get_manifest(peer):
    status, _, content = await peer.ask("GET", "/v2/%s/manifests/v1" % REPOSITORY, headers=ACCEPT)
    check(status == 200 and content == MANIFEST, "a manifest is answered %d, %d bytes" % (status, len(content)))


async def pause(hurry):
    try:
        await asyncio.wait_for(hurry.wait(), PACE)
    except asyncio.TimeoutError:
        pass


class SlowReader:
    def __init__(self):
        self.received = 0

    async def run(self, server, begun, hurry):
        peer = await Peer.open(server, receive_buffer=4096, limit=4096)
        peer.send(request("GET", blob_path(digest_of(LARGE))))
        status, headers = await peer.head()
        check(status == 200 and int(headers["content-length"]) == len(LARGE), "a slow reader gets %d" % status)
        begun()
        digest = hashlib.sha256()
        wide = False
        while self.received < len(LARGE):
            if hurry.is_set() and not wide:
                wide = True
                peer.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
            content = await peer.reader.read(65536 if wide else 1024)
            check(content, "a slow reader is cut off after %d bytes" % self.received)
            digest.update(content)
            self.received += len(content)
            if not hurry.is_set():
                await pause(hurry)
        check("sha256:" + digest.hexdigest() == digest_of(LARGE), "a slow reader gets other bytes")
        peer.close()


class SlowWriter:
    def __init__(self):
        self.sent = 0

    async def run(self, server, begun, hurry):
        peer = await Peer.open(server)
        blob = os.urandom(WRITTEN)
        status, headers, _ = await peer.ask("POST", "/v2/%s/blobs/uploads/" % REPOSITORY)
        check(status == 202, "a slow writer's POST is answered %d" % status)
        mark = "&" if "?" in headers["location"] else "?"
        peer.send(request("PUT", headers["location"] + mark + "digest=" + digest_of(blob), length=WRITTEN,
                          headers="Content-Type: application/octet-stream\r\n"))
        begun()
        while self.sent < WRITTEN:
            count = WRITTEN if hurry.is_set() else 1024
            peer.send(blob[self.sent:self.sent + count])
            self.sent = min(self.sent + count, WRITTEN)
            if not hurry.is_set():
                await pause(hurry)
        status, _, content = await peer.answer()
        check(status == 201, "a slow writer is answered %d %s" % (status, content[:300]))
        status, _, content = await peer.ask("GET", blob_path(digest_of(blob)))
        check(status == 200 and content == blob, "what a slow writer wrote is answered %d" % status)
        peer.close()


async def dribble(server):
    """A head that never ends: the server ends it. Returns what it says."""
    peer = await Peer.open(server)
    peer.send(b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n")
    told = asyncio.ensure_future(peer.rest())
    while not told.done():
        peer.send(b"X-%d: y\r\n" % id(peer))
        await asyncio.wait([told], timeout=PACE)
    peer.close()
    return told.result()


async def be_fast(server, number):
    peer = await Peer.open(server)
    for turn in range(FAST_REQUESTS):
        kind = (number + turn) % 5
        if kind < 2:
            await get_manifest(peer)
        elif kind == 2:
            status, _, content = await peer.ask("GET", blob_path(digest_of(SMALL)))
            check(status == 200 and content == SMALL, "a small blob is answered %d" % status)
        elif kind == 3:
            status, headers = await peer.ask("HEAD", blob_path(digest_of(LARGE)))
            check(status == 200 and int(headers["content-length"]) == len(LARGE), "HEAD is answered %d" % status)
        else:
            blob = b"%d of %d" % (turn, number)
            status, _, content = await peer.ask(
                "POST", "/v2/%s/blobs/uploads/?digest=%s" % (REPOSITORY, digest_of(blob)), blob,
                "Content-Type: application/octet-stream\r\n")
            check(status == 201, "a small push is answered %d %s" % (status, content[:300]))
    peer.close()
    return FAST_REQUESTS


async def crowd(server):
    tell("%.1f MiB resident with content and no connection" % (memory(server) / 2**20))

    async def idle(number):
        peer = await Peer.open(server, server.private if number % 2 else server.public)
        await get_manifest(peer)
        return peer
    idlers = await all_of(IDLE, idle, OPENING)
    tell("%d connections have had an answer and are idle: %.1f MiB resident" %
         (len(idlers), memory(server) / 2**20))

    hurry = asyncio.Event()
    slow = [SlowReader() for _ in range(READERS)] + [SlowWriter() for _ in range(WRITERS)]
    under_way = asyncio.Semaphore(0)
    tasks = [asyncio.ensure_future(one.run(server, under_way.release, hurry)) for one in slow]
    dribblers = [asyncio.ensure_future(dribble(server)) for _ in range(DRIBBLERS)]
    for _ in slow:
        await asyncio.wait([asyncio.ensure_future(under_way.acquire()), *tasks],
                           return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            if task.done():
                task.result()  # which can only have failed
    tell("%d slow readers and %d slow writers are under way, %d dribble" % (READERS, WRITERS, DRIBBLERS))

    answered = sum(await all_of(FAST, lambda number: be_fast(server, number)))
    tell("%d requests of %d fast clients are answered right meanwhile: %.1f MiB resident" %
         (answered, FAST, memory(server) / 2**20))
    check(not any(task.done() for task in tasks), "a slow client has ended meanwhile")
    check(all(one.received < len(LARGE) for one in slow[:READERS]), "a slow reader was fast")
    check(all(one.sent < WRITTEN for one in slow[READERS:]), "a slow writer was fast")

    ends = await asyncio.gather(*dribblers)
    check(all(end.startswith(b"HTTP/1.1 408 ") for end in ends),
          "a dribbled head is ended with %r" % next((e[:80] for e in ends if not e.startswith(b"HTTP/1.1 408 ")), b""))
    tell("all %d dribbled heads are answered 408 and cut off" % len(ends))

    hurry.set()
    await asyncio.gather(*tasks)
    tell("the slow ones finish, with the right bytes: %.1f MiB resident" % (memory(server) / 2**20))
    await all_of(IDLE, lambda number: get_manifest(idlers[number]), OPENING)
    tell("all %d idle connections still answer" % IDLE)
    for peer in idlers:
        peer.close()
    most = memory(server, "VmHWM")
    tell("at most %.1f MiB were resident; the limit is %d MiB" % (most / 2**20, MEMORY_LIMIT >> 20))
    check(most <= MEMORY_LIMIT, "the server took more memory than its limit")


START = b"POST /v2/crowd/app/blobs/uploads/ HTTP/1.1\r\nHost: 127.0.0.1\r\n"
SMUGGLED = b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
CHUNKED = START.replace(b"/ HTTP", b"/?digest=sha256:%s HTTP" % (b"0" * 64)) + (
    AUTHORIZATION + "Content-Type: application/octet-stream\r\nTransfer-Encoding: chunked\r\n\r\n").encode()
# What is sent, and the statuses that refuse it.
REFUSED = {
    "both a length and chunks": (START + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", {400}),
    "chunks and then a length": (START + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", {400}),
    "two lengths": (START + b"Content-Length: 0\r\nContent-Length: 44\r\n\r\n", {400}),
    "a list of lengths": (START + b"Content-Length: 0, 44\r\n\r\n", {400}),
    "a signed length": (START + b"Content-Length: +0\r\n\r\n", {400}),
    "a negative length": (START + b"Content-Length: -1\r\n\r\n", {400}),
    "a hexadecimal length": (START + b"Content-Length: 0x0\r\n\r\n", {400}),
    "a length beyond 64 bits": (START + b"Content-Length: 99999999999999999999999\r\n\r\n", {400, 413}),
    "a coding that is not chunked": (START + b"Transfer-Encoding: xchunked\r\n\r\n", {400, 501}),
    "chunked and another coding": (START + b"Transfer-Encoding: chunked, identity\r\n\r\n", {400, 501}),
    "chunked twice": (START + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", {400, 501}),
    "a space before the colon": (START + b"Content-Length : 0\r\n\r\n", {400}),
    "a folded field": (START + b"X-A: b\r\n Content-Length: 44\r\n\r\n", {400}),
    "a bare carriage return": (START + b"X-A: b\rContent-Length: 44\r\n\r\n", {400}),
    "a NUL in a field": (START + b"X-A: b\0c\r\n\r\n", {400}),
    "no host": (b"GET /livez HTTP/1.1\r\n\r\n", {400}),
    "two hosts": (b"GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", {400}),
    "another protocol": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {400, 505}),
    "a TLS greeting": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 64 + b"\r\n\r\n", {400}),
    "a long target": (b"GET /" + b"a" * 60_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", {414, 431}),
    "a long field": (b"GET /livez HTTP/1.1\r\nHost: a\r\nX-A: " + b"a" * 60_000 + b"\r\n\r\n", {431}),
    "many fields": (b"GET /livez HTTP/1.1\r\nHost: a\r\n" + b"X-A: b\r\n" * 1000 + b"\r\n", {431}),
}
# Bodies that break their promise: one that is longer than it says makes a request of its own, which is
# none; the others are errors.
BROKEN = {
    "more than the length": request("POST", "/v2/crowd/app/blobs/uploads/?digest=" + digest_of(b"a"), b"abcd",
                                    length=1),
    "a chunk's size that is no number": CHUNKED + b"zz\r\n",
    "a chunk's size beyond 64 bits": CHUNKED + b"fffffffffffffffffff\r\n",
    "a chunk longer than its size": CHUNKED + b"1\r\nabc\r\n0\r\n\r\n",
    "an endless chunk extension": CHUNKED + b"1;" + b"a" * 60_000,
}


async def exchange(server, content, ends=False):
    """All that the server says, until it ends the connection."""
    peer = await Peer.open(server)
    peer.send(content)
    if ends:
        peer.writer.write_eof()
    said = await peer.rest()
    peer.close()
    return said


def statuses(said):
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) [A-Z]", said)]


async def refusals(server):
    for name, (content, wanted) in REFUSED.items():
        got = statuses(await exchange(server, content + SMUGGLED))
        check(len(got) == 1 and got[0] in wanted, "%s: answered %s instead of one of %s" % (name, got, wanted))
    tell("%d heads are refused with their status, and nothing is answered after them" % len(REFUSED))
    for name, content in BROKEN.items():
        got = statuses(await exchange(server, content + b"\r\n" + SMUGGLED))
        check(got[-1:] == [400] and len(got) <= 2 and 200 not in got, "%s: answered %s" % (name, got))
    tell("%d broken bodies end their connection, and nothing is answered after them" % len(BROKEN))


async def lies(server):
    """Less than the length says: by the end of the connection, and by silence."""
    blob = os.urandom(200_000)
    put = "/v2/%s/blobs/uploads/?digest=%s" % (REPOSITORY, digest_of(blob))
    for ends, wanted in ((True, 400), (False, 408)):
        short = request("POST", put, blob[:100_000], "Content-Type: application/octet-stream\r\n", len(blob))
        got = statuses(await exchange(server, short, ends))
        check(got == [wanted], "half a body is answered %s instead of %d" % (got, wanted))
    peer = await Peer.open(server)
    status, _ = await peer.ask("HEAD", blob_path(digest_of(blob)))
    check(status == 404, "half a blob is there: %d" % status)
    peer.close()
    tell("half a body is answered 400 or 408, ends its connection, and makes no blob")


async def oversized(server):
    for name, target, kind, size in (
            ("document", "/api/v1/settings", "application/json", 2 << 20),
            ("manifest", "/v2/%s/manifests/large" % REPOSITORY, OCI_MANIFEST, 5 << 20)):
        peer = await Peer.open(server)
        method = "PATCH" if name == "document" else "PUT"
        peer.send(request(method, target, headers="Content-Type: %s\r\n" % kind, length=size))
        peer.send(b"[" * size)
        got = statuses(await peer.rest())
        check(got == [413], "a %s of %d bytes is answered %s" % (name, size, got))
        peer.close()


async def hostile(server):
    before = memory(server)
    await refusals(server)
    await lies(server)
    await oversized(server)
    tell("a document of 2 MiB and a manifest of 5 MiB are answered 413")
    # All at once, again and again.
    contents = [content for content, _ in REFUSED.values()] + list(BROKEN.values())

    async def one(number):
        await exchange(server, contents[number % len(contents)] + b"\r\n" + SMUGGLED, ends=number % 3 == 0)
    count = round(SCALE * 3000)
    await all_of(count, one, 200)
    await all_of(8, lambda _: oversized(server))
    grown = memory(server, "VmHWM") - before
    tell("%d more of them, 200 at once: %.1f MiB more resident at most; the limit is %d MiB" %
         (count, grown / 2**20, HOSTILE_MEMORY >> 20))
    check(grown <= HOSTILE_MEMORY, "the server took more memory than its limit")
    peer = await Peer.open(server)
    await get_manifest(peer)
    peer.close()
    tell("the server answers as before")


PARTS = {
    # Slow bodies are allowed, slow heads are not.
    "crowd": (crowd, {"HTTP_CONNECTIONS": CONNECTIONS, "HTTP_CONNECTIONS_PER_ADDRESS": CONNECTIONS,
                      "HTTP_IDLE_TIMEOUT": "1h", "HTTP_HEADER_DEADLINE": "5s", "HTTP_BODY_DEADLINE": "10m",
                      "HTTP_BODY_MIN_RATE": "0B"}),
    "hostile": (hostile, {"HTTP_HEADER_DEADLINE": "2s", "HTTP_BODY_DEADLINE": "3s",
                          "HTTP_IDLE_TIMEOUT": "5s"}),
}


def main(part):
    run, options = PARTS[part]
    # A server keeps two fifths of its files for each listener.
    files, (_, most) = CONNECTIONS * 5 // 2, resource.getrlimit(resource.RLIMIT_NOFILE)
    if most < files:
        print("only %d files may be open: %d are needed for so many connections" % (most, files))
        return 77
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    stores = {name: value for name, value in os.environ.items()
              if name.startswith(("BREAKWATER_DATABASE_", "BREAKWATER_S3_", "BREAKWATER_MASTER_KEY"))}
    server = Server(os.path.join(DIRECTORY, part),
                    {**stores, **{"BREAKWATER_" + name: str(value) for name, value in options.items()}})
    server.start()
    try:
        push_content(server)
        asyncio.run(run(server))
        check(server.alive(), "the server died")
        server.stop()
        return 0
    except (Failed, OSError, asyncio.IncompleteReadError) as error:
        tell("FAILED: %s: %s" % (type(error).__name__, error))
        if server.alive():
            server.kill()
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
