"""What tests/e2e/oidc.sh needs of a person with a browser, and of an issuer of workloads' tokens.

usage: oidc_tools.py browse URL LOGIN PASSWORD CA STOP   prints the address that begins with STOP
       oidc_tools.py issuer DIR PORT CERTIFICATE KEY     serves DIR's discovery document and keys
       oidc_tools.py new-key DIR ISSUER KID              makes both, with a new key
       oidc_tools.py token DIR KID CLAIMS [ALGORITHM]    prints a token; claims are JSON
"""

import base64
import html.parser
import http.cookiejar
import http.server
import json
import pathlib
import re
import ssl
import subprocess
import sys
import urllib.parse
import urllib.request


class Forms(html.parser.HTMLParser):
    """The first form of a page: where it goes, and its fields."""

    def __init__(self):
        super().__init__()
        self.action = None
        self.fields = {}

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "form" and self.action is None:
            self.action = attrs.get("action", "")
        if tag in ("input", "button") and attrs.get("name"):
            self.fields[attrs["name"]] = attrs.get("value", "")


class Stop(urllib.request.HTTPRedirectHandler):
    def __init__(self, prefix):
        self.prefix = prefix

    def redirect_request(self, req, fp, code, msg, headers, newurl):
        if newurl.startswith(self.prefix):
            print(newurl)
            sys.exit(0)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def browse(url, login, password, ca, stop):
    browser = urllib.request.build_opener(
        urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=ca)),
        urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()), Stop(stop))
    page, form = browser.open(url, timeout=20), None
    for _ in range(8):
        forms = Forms()
        forms.feed(page.read().decode())
        if forms.action is None:
            return
        form = {k: v for k, v in forms.fields.items() if k not in ("cancel", "abort")}
        if "login" in form:
            form.update(login=login, password=password)
        where = urllib.parse.urljoin(page.url, forms.action)
        page = browser.open(where, urllib.parse.urlencode(form).encode(), timeout=20)


def encode(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def new_key(directory, issuer, kid):
    directory = pathlib.Path(directory)
    (directory / ".well-known").mkdir(parents=True, exist_ok=True)
    key = directory / f"{kid}.pem"
    subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, capture_output=True)
    shown = subprocess.run(["openssl", "rsa", "-in", key, "-noout", "-modulus"], check=True,
                           capture_output=True, text=True).stdout
    modulus = encode(bytes.fromhex(re.search("=([0-9A-F]+)", shown)[1]))
    jwk = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, "n": modulus, "e": "AQAB"}
    (directory / "keys").write_text(json.dumps({"keys": [jwk]}))
    (directory / ".well-known/openid-configuration").write_text(
        json.dumps({"issuer": issuer, "jwks_uri": issuer + "/keys"}))


def token(directory, kid, claims, algorithm="RS256"):
    head = encode(json.dumps({"alg": algorithm, "kid": kid, "typ": "JWT"}).encode())
    text = head + "." + encode(json.dumps(json.loads(claims)).encode())
    if algorithm == "none":
        return text + "."
    signature = subprocess.run(
        ["openssl", "dgst", "-sha256", "-sign", pathlib.Path(directory) / f"{kid}.pem"],
        input=text.encode(), check=True, capture_output=True).stdout
    return text + "." + encode(signature)


def issuer(directory, port, certificate, key):
    handler = lambda *args: http.server.SimpleHTTPRequestHandler(*args, directory=directory)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_forever()


if __name__ == "__main__":
    verbs = {"browse": browse, "issuer": issuer, "new-key": new_key,
             "token": lambda *args: print(token(*args))}
    verbs[sys.argv[1]](*sys.argv[2:])
