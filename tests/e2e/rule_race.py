"""A rule is attached through one process while changes that violate it run through both.

After the attachment is acknowledged no such change is made any more: none that begins later is
answered with success, and nothing that was under way is committed. What each namespace holds right
after the acknowledgement is what it holds when every change has been answered.

Standard library. See rule_race.sh: rule_race.py FIRST SECOND ACCOUNT KEY CHANGES.
"""

import base64
import http.client
import json
import sys
import threading
import time
import urllib.parse

FIRST, SECOND, ACCOUNT, KEY = sys.argv[1:5]
CHANGES = int(sys.argv[5])
WRITERS = 8
SPACES = [f"race-{number}" for number in range(WRITERS)]
HEADERS = {"Authorization": "Basic " + base64.b64encode(f"iamapikey:{KEY}".encode()).decode(),
           "Content-Type": "application/json", "Host": "us.icr.io"}


def call(origin, method, path, document=None):
    parts = urllib.parse.urlsplit(origin)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=120)
    try:
        connection.request(method, path, None if document is None else json.dumps(document), HEADERS)
        answer = connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text else None
    finally:
        connection.close()


def patterns():
    return [call(SECOND, "GET", f"/breakwater/v1/namespaces/{space}/tag-immutability")[1]["immutable"]
            for space in SPACES]


def check(fact, holds, found=""):
    print(f"{'ok' if holds else 'not ok'} - {fact}" + ("" if holds else f"\n    {found}"))
    return holds


answers = []  # (begun, status)
lock = threading.Lock()


def write(writer):
    """Its share of the changes, through either process in turn."""
    for turn in range(CHANGES // WRITERS):
        begun = time.monotonic()
        status, _ = call((FIRST, SECOND)[turn % 2], "PUT",
                         f"/breakwater/v1/namespaces/{SPACES[writer]}/tag-immutability",
                         {"immutable": [f"x{turn}"]})
        with lock:
            answers.append((begun, status))


def main():
    for space in SPACES:
        status, _ = call(FIRST, "PUT", f"/api/v1/namespaces/{space}")
        assert status == 201, status
    status, made = call(FIRST, "POST", "/config/v1/rules", {"rules": [{"rule": {
        "account_id": ACCOUNT, "name": "allowed patterns", "description": "only these",
        "target": {"service_name": "container-registry", "resource_kind": "namespace"},
        "required_config": {"property": "tag_immutability", "operator": "strings_allowed", "value": ["v*"]},
        "enforcement_actions": [{"action": "disallow"}]}}]})
    assert status == 201, made
    rule = made["rules"][0]["rule"]["rule_id"]
    writers = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
    for writer in writers:
        writer.start()
    while True:
        with lock:
            if len(answers) >= CHANGES // 3:
                break
        time.sleep(0.001)
    status, attached = call(FIRST, "POST", f"/config/v1/rules/{rule}/attachments", {"attachments": [
        {"account_id": ACCOUNT,
         "included_scope": {"scope_id": ACCOUNT, "scope_type": "account"}, "excluded_scopes": []}]})
    acknowledged = time.monotonic()
    held = patterns()
    for writer in writers:
        writer.join()
    after = [status for begun, status in answers if begun > acknowledged]
    before = [status for begun, status in answers if begun <= acknowledged]
    good = check("the rule is attached while changes run", status == 201, attached)
    good &= check("changes were made before", 204 in before or 200 in before, before[:10])
    good &= check(f"all {len(after)} that began after it was acknowledged are refused",
                  after and set(after) == {403}, sorted(set(after)))
    good &= check("every answer is success or refusal", set(before) <= {200, 204, 403},
                  sorted(set(before)))
    good &= check("nothing was committed after the acknowledgement", patterns() == held,
                  [held, patterns()])
    sys.exit(0 if good else 1)


main()
