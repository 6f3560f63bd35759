#!/usr/bin/env python3
"""An HTTP/1.1 proxy on loopback that injects faults. Needs the standard library alone.

usage: fault_proxy.py PORT TARGET-PORT RULES.json [LOG]

PORT 0 takes a free one. The first line of output is the port. Requests go to
127.0.0.1:TARGET-PORT byte for byte (Host too, so that signatures hold) but for those that a rule
hits. RULES.json is read again for each request: write another file and rename it into place. A
missing file means no faults. It holds a list of rules; the first that matches counts:

    {"match": "PUT /registry/.*partNumber=2",  searched in "METHOD PATH?QUERY"; default: all
     "skip": 1, "times": 2,                    leave 1 alone, hit the next 2; default: hit all
     "action": "status", "code": 503}

Actions:
    delay           forward after `seconds`
    status          answer `code`, `body` and `headers` without asking the target
    reset           TCP reset before anything is forwarded
    reset-request   reset after `bytes` of the request's body
    reset-response  reset after `bytes` of the response, its head included
    lost-answer     the target does the work, the client gets a reset instead of the answer
    truncate        close cleanly after `bytes` of the response
    corrupt         flip one bit of the byte `bytes` of the response's body
    slow            respond at `bytes` per second
    hang            accept, and never answer

Counters belong to a rule's text and start again when it changes; "id": N forces that. LOG gets a
line for each request: the rule's index or "-", method and path.
"""

import asyncio
import json
import re
import socket
import struct
import sys

PIECE = 65536
LIMIT = 1 << 20


class Cut(Exception):
    """A fault ended the exchange."""


class Rules:
    def __init__(self, path):
        self.path = path
        self.seen = {}

    def find(self, line):
        """The index and the rule that hits this request, or "-" and no rule."""
        try:
            with open(self.path, encoding="utf-8") as file:
                rules = json.load(file)
        except (OSError, ValueError):
            return "-", {}
        for index, rule in enumerate(rules):
            if not re.search(rule.get("match", ""), line):
                continue
            key = json.dumps(rule, sort_keys=True)
            count = self.seen[key] = self.seen.get(key, 0) + 1
            skip = rule.get("skip", 0)
            if skip < count <= skip + rule.get("times", sys.maxsize):
                return index, rule
        return "-", {}


def reset(writer):
    """Closes with a TCP reset."""
    try:
        raw = writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    except (OSError, AttributeError):
        pass  # closed already
    writer.transport.abort()


def fields_of(head):
    lines = (line.partition(b":") for line in head.split(b"\r\n")[1:] if line)
    return {name.strip().lower(): value.strip() for name, _, value in lines}


async def pieces_of(reader, fields, until_close=False):
    """The raw bytes of a message's body, framing included."""
    if b"chunked" in fields.get(b"transfer-encoding", b"").lower():
        size = 1
        while size:
            line = await reader.readline()
            size = int(line.split(b";")[0], 16)
            yield line
            if size:
                yield await reader.readexactly(size + 2)
        while line not in (b"\r\n", b""):
            line = await reader.readline()
            yield line
    elif b"content-length" in fields:
        left = int(fields[b"content-length"])
        while left:
            piece = await reader.read(min(left, PIECE))
            if not piece:
                raise Cut
            left -= len(piece)
            yield piece
    elif until_close:
        while piece := await reader.read(PIECE):
            yield piece


class Exchange:
    """One request that is forwarded, and its response."""

    def __init__(self, rule, reader, writer, upstream):
        self.action = rule.get("action")
        self.bytes = rule.get("bytes", 0)
        self.reader = reader
        self.writer = writer
        self.up_reader, self.up_writer = upstream
        self.seen_of_body = 0
        self.sent = 0

    async def forward_body(self, fields):
        sent = 0
        async for piece in pieces_of(self.reader, fields):
            if self.action == "reset-request" and sent + len(piece) > self.bytes:
                self.up_writer.write(piece[: self.bytes - sent])
                await self.up_writer.drain()
                reset(self.up_writer)
                reset(self.writer)
                raise Cut
            sent += len(piece)
            self.up_writer.write(piece)
            await self.up_writer.drain()

    async def final_head(self):
        while True:
            head = await self.up_reader.readuntil(b"\r\n\r\n")
            status = int(head.split(b" ")[1])
            if status >= 200 or status == 101:
                return head, status
            self.writer.write(head)
            await self.writer.drain()

    def corrupted(self, piece):
        at = self.bytes - self.seen_of_body
        self.seen_of_body += len(piece)
        if 0 <= at < len(piece):
            piece = piece[:at] + bytes([piece[at] ^ 1]) + piece[at + 1 :]
        return piece

    async def send(self, piece):
        """Passes a piece of the response on, as far as the fault lets it."""
        if self.action == "lost-answer":
            return
        if self.action in ("reset-response", "truncate") and self.sent + len(piece) > self.bytes:
            self.writer.write(piece[: self.bytes - self.sent])
            await self.writer.drain()
            await asyncio.sleep(0.05)  # a reset at once would take the bytes back
            raise Cut
        self.sent += len(piece)
        if self.action != "slow":
            self.writer.write(piece)
            await self.writer.drain()
            return
        step = max(1, self.bytes // 10)
        for start in range(0, len(piece), step):
            part = piece[start : start + step]
            self.writer.write(part)
            await self.writer.drain()
            await asyncio.sleep(len(part) / self.bytes)

    async def respond(self, method):
        """Whether the connection can carry another request."""
        head, status = await self.final_head()
        fields = fields_of(head)
        empty = method == "HEAD" or status in (204, 304)
        await self.send(head)
        if not empty:
            async for piece in pieces_of(self.up_reader, fields, until_close=True):
                await self.send(self.corrupted(piece) if self.action == "corrupt" else piece)
        if self.action == "lost-answer":
            raise Cut
        framed = (
            empty
            or b"content-length" in fields
            or b"chunked" in fields.get(b"transfer-encoding", b"").lower()
        )
        return framed and b"close" not in fields.get(b"connection", b"").lower()

    async def run(self, head, method, fields):
        self.up_writer.write(head)
        sending = asyncio.ensure_future(self.forward_body(fields))
        try:
            reusable = await self.respond(method)
            await asyncio.wait_for(sending, 5)
            return reusable and b"close" not in fields.get(b"connection", b"").lower()
        except asyncio.TimeoutError:
            return False  # answered before the whole body was sent
        except Cut:
            self.up_writer.transport.abort()
            if self.action == "truncate":
                self.writer.close()
            else:
                reset(self.writer)
            return False
        finally:
            if sending.done():
                sending.exception()
            else:
                sending.cancel()


class Proxy:
    def __init__(self, target, rules, log):
        self.target = target
        self.rules = rules
        self.log = log

    async def answer(self, rule, writer, reader, method, fields):
        """Answers for the target. Whether the connection can carry another request."""
        expects = b"100-continue" in fields.get(b"expect", b"").lower()
        if not expects:
            async for _ in pieces_of(reader, fields):
                pass
        body = rule.get("body", "").encode()
        lines = [f"HTTP/1.1 {rule.get('code', 503)} Injected", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in rule.get("headers", {}).items()]
        if expects:
            lines.append("Connection: close")
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        writer.write(b"" if method == "HEAD" else body)
        await writer.drain()
        return not expects

    async def exchange(self, reader, writer, upstream):
        """Handles one request. Returns the upstream to use on, or None when it is over."""
        head = await reader.readuntil(b"\r\n\r\n")
        words = head.split(b"\r\n")[0].decode("latin-1").split(" ")
        line, fields = " ".join(words[:2]), fields_of(head)
        index, rule = self.rules.find(line)
        action = rule.get("action")
        if self.log:
            self.log.write(f"{index} {line}\n")
        if action == "hang":
            await asyncio.sleep(3600)
        if action == "reset":
            reset(writer)
            return None
        if action == "delay":
            await asyncio.sleep(rule["seconds"])
        if action == "status":
            go_on = await self.answer(rule, writer, reader, words[0], fields)
            return upstream if go_on else None
        if not upstream or upstream[1].is_closing() or upstream[0].at_eof():
            upstream = await asyncio.open_connection("127.0.0.1", self.target, limit=LIMIT)
        try:
            go_on = await Exchange(rule, reader, writer, upstream).run(head, words[0], fields)
        except BaseException:
            upstream[1].close()
            raise
        if go_on:
            return upstream
        upstream[1].close()
        return None

    async def serve(self, reader, writer):
        upstream = ()
        try:
            while upstream is not None:
                upstream = await self.exchange(reader, writer, upstream)
        except asyncio.IncompleteReadError as error:
            if error.partial:
                reset(writer)
        except (OSError, asyncio.LimitOverrunError, ValueError):
            reset(writer)
        finally:
            if upstream:
                upstream[1].close()
            writer.close()


async def main(arguments):
    log = open(arguments[3], "a", buffering=1, encoding="utf-8") if arguments[3:] else None
    proxy = Proxy(int(arguments[1]), Rules(arguments[2]), log)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", int(arguments[0]), limit=LIMIT)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    if len(sys.argv) not in (4, 5):
        sys.exit(__doc__)
    try:
        asyncio.run(main(sys.argv[1:]))
    except KeyboardInterrupt:
        pass
