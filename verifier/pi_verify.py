#!/usr/bin/env python3
"""Verifies PI evidence bundles with the standard library alone.

Written from docs/spec/log-format.md; shares no code with PI.

    pi_verify.py BUNDLE.json [--key PUBLIC] [--quiet]

Exit codes: 0 verified, 2 not a bundle or unreadable, 3 verification failed.
"""

import base64
import hashlib
import json
import re
import sys

MAX_DEPTH = 512
MAX_INTEGER_DIGITS = 4300
HEADER_FIELDS = {
    "actor": str, "correlation_id": (str, type(None)), "event_type": str, "format": str,
    "leaf_index": int, "offset": int, "partition": str, "payload_hash": str,
    "previous_event_hash": str, "recorded_at": int, "run": (str, type(None)), "schema": str,
    "schema_version": int, "tenant": str,
}
NAME = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")
HEX = re.compile(r"[0-9a-f]{64}\Z")
RUN = re.compile(r"run_[0-9a-f]{32}\Z")


class NotABundle(Exception):
    """The input is no bundle: exit 2."""


class Refused(Exception):
    """A JSON text without a canonical form; the argument is its name."""


class Broken(Exception):
    """A record that does not hold what its hashes promise: exit 3."""

    def __init__(self, record, problem):
        super().__init__(f"{record}: {problem}")
        self.record = record


# --- canonical JSON (section "canonical" and 1) -----------------------------

def parse_json(text):
    """Reads JSON and refuses by name what two readers could read differently."""
    _check_depth(text)

    def pairs(items):
        result = dict(items)
        if len(result) != len(items):
            raise Refused("duplicate_key")
        return result

    def constant(_word):
        raise Refused("number_not_finite")

    def number(token):
        value = float(token)
        if value in (float("inf"), float("-inf")):
            raise Refused("number_not_finite")
        return value

    def integer(token):
        if len(token.lstrip("-")) > MAX_INTEGER_DIGITS:
            raise Refused("integer_too_long")
        return int(token)

    decoder = json.JSONDecoder(
        object_pairs_hook=pairs, parse_constant=constant, parse_float=number, parse_int=integer)
    start = len(text) - len(text.lstrip(" \t\n\r"))
    try:
        value, end = decoder.raw_decode(text, start)
    except ValueError as error:
        raise Refused("json_syntax") from error
    if text[end:].strip(" \t\n\r"):
        raise Refused("trailing_text")
    _check_surrogates(value)
    return value


def _check_depth(text):
    depth, in_string, escaped = 0, False, False
    for character in text:
        if in_string:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == '"':
                in_string = False
        elif character == '"':
            in_string = True
        elif character in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise Refused("nesting_too_deep")
        elif character in "]}":
            depth -= 1


def _check_surrogates(value):
    if isinstance(value, str):
        if any(0xD800 <= ord(character) <= 0xDFFF for character in value):
            raise Refused("lone_surrogate")
    elif isinstance(value, list):
        for item in value:
            _check_surrogates(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            _check_surrogates(key)
            _check_surrogates(item)


def canonical(value):
    """The canonical bytes of a value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode("ascii")


def sha256(data):
    """SHA-256 of bytes, as 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


# --- the Merkle tree (section 2; RFC 6962, RFC 9162) ------------------------

def _node(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def leaf_hash(event_hash):
    """The leaf of an event hash (hexadecimal)."""
    return hashlib.sha256(b"\x00" + bytes.fromhex(event_hash)).digest()


def root_from_inclusion(event_hash, index, size, proof):
    """The root that a proof leads to, or None when its length is wrong."""
    if index >= size:
        return None
    node, last, value = index, size - 1, leaf_hash(event_hash)
    for item in proof:
        sibling = bytes.fromhex(item)
        if last == 0:
            return None
        if node & 1 or node == last:
            value = _node(sibling, value)
            while node and not node & 1:
                node >>= 1
                last >>= 1
        else:
            value = _node(value, sibling)
        node >>= 1
        last >>= 1
    return value.hex() if last == 0 else None


# --- Ed25519 (RFC 8032, section 5.1) -----------------------------------------

P = 2 ** 255 - 19
L = 2 ** 252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
SQRT_M1 = pow(2, (P - 1) // 4, P)


def _recover_x(y, sign):
    if y >= P:
        return None
    squared = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(squared, (P + 3) // 8, P)
    if (x * x - squared) % P:
        x = x * SQRT_M1 % P
    if (x * x - squared) % P or (x == 0 and sign):
        return None
    return P - x if x & 1 != sign else x


def _point(data):
    encoded = int.from_bytes(data, "little")
    y = encoded & ((1 << 255) - 1)
    x = _recover_x(y, encoded >> 255)
    return None if x is None else (x, y, 1, x * y % P)


def _add(a, b):
    e = (a[1] - a[0]) * (b[1] - b[0]) % P
    f = (a[1] + a[0]) * (b[1] + b[0]) % P
    g = 2 * a[3] * b[3] * D % P
    h = 2 * a[2] * b[2] % P
    i, j, k, l = f - e, h - g, h + g, f + e
    return (i * j % P, k * l % P, j * k % P, i * l % P)


def _multiply(scalar, point):
    result = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = _add(result, point)
        point = _add(point, point)
        scalar >>= 1
    return result


def _equal(a, b):
    return (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE_X = _recover_x(BASE_Y, 0)
BASE = (BASE_X, BASE_Y, 1, BASE_X * BASE_Y % P)


def ed25519_verify(public, message, signature):
    """Strict verification: canonical encodings, S < L, no small-order points."""
    if len(public) != 32 or len(signature) != 64:
        return False
    key, commitment = _point(public), _point(signature[:32])
    scalar = int.from_bytes(signature[32:], "little")
    if key is None or commitment is None or scalar >= L:
        return False
    identity = (0, 1, 1, 0)
    if _equal(_multiply(8, key), identity) or _equal(_multiply(8, commitment), identity):
        return False
    challenge = hashlib.sha512(signature[:32] + public + message).digest()
    challenge = int.from_bytes(challenge, "little") % L
    return _equal(_multiply(scalar, BASE), _add(commitment, _multiply(challenge, key)))


# --- checkpoints (section 3) --------------------------------------------------

def parse_key(text):
    """The 32 bytes of `pi-log+KEYHASH+BASE64`, and the key hash."""
    parts = text.split("+", 2)
    if len(parts) != 3 or parts[0] != "pi-log":
        raise Broken("checkpoint", "the public key is malformed")
    try:
        data = base64.b64decode(parts[2], validate=True)
    except ValueError as error:
        raise Broken("checkpoint", "the public key is malformed") from error
    if len(data) != 33 or data[0] != 1:
        raise Broken("checkpoint", "the public key is malformed")
    key_hash = hashlib.sha256(b"pi-log\n" + data).digest()[:4]
    if parts[1] != key_hash.hex():
        raise Broken("checkpoint", "the public key does not have its hash")
    return data[1:], key_hash


def verify_note(note, key_text):
    """Verifies a checkpoint; returns tenant, size and root (hexadecimal)."""
    public, key_hash = parse_key(key_text)
    match = re.fullmatch(
        r"(pi\.log/([A-Za-z0-9_-]{1,64})\n(0|[1-9][0-9]*)\n([A-Za-z0-9+/]{43}=)\n)"
        r"\n\u2014 pi-log ([A-Za-z0-9+/]+={0,2})\n", note)
    if not match:
        raise Broken("checkpoint", "not a signed checkpoint")
    body, tenant, size, root, signature = match.groups()
    try:
        signature = base64.b64decode(signature, validate=True)
    except ValueError as error:
        raise Broken("checkpoint", "the signature is not Base64") from error
    if signature[:4] != key_hash:
        raise Broken("checkpoint", "signed with another key")
    if not ed25519_verify(public, body.encode("utf-8"), signature[4:]):
        raise Broken("checkpoint", "the signature does not verify")
    if base64.b64encode(base64.b64decode(root)).decode() != root:
        raise Broken("checkpoint", "the root is malformed")
    return tenant, int(size), base64.b64decode(root).hex()


# --- bundles (sections 4 and 5) ------------------------------------------------

def _fields(value, names):
    return isinstance(value, dict) and set(value) == set(names)


def read_bundle(data):
    """Parses a bundle and checks its shape."""
    try:
        bundle = parse_json(data.decode("utf-8"))
    except (UnicodeDecodeError, Refused) as error:
        raise NotABundle(f"not JSON with one meaning: {error}") from error
    if not _fields(bundle, ["checkpoint", "events", "public_key", "run", "schema", "tenant"]):
        raise NotABundle("the fields are not those of a bundle")
    if bundle["schema"] != "pi.bundle/1":
        raise NotABundle("the schema is not pi.bundle/1")
    strings = all(isinstance(bundle[key], str) for key in ("checkpoint", "public_key", "tenant"))
    if not strings or not isinstance(bundle["run"], (str, type(None))):
        raise NotABundle("a field has the wrong type")
    if not isinstance(bundle["events"], list):
        raise NotABundle("the events are not a list")
    for number, event in enumerate(bundle["events"]):
        shaped = _fields(event, ["header", "payload", "proof", "salt"]) and isinstance(event["header"], str)
        content = shaped and (event["salt"] is None) == (event["payload"] is None)
        typed = content and (event["salt"] is None or (
            isinstance(event["salt"], str) and re.fullmatch(r"[0-9a-f]{32}", event["salt"])
            and isinstance(event["payload"], str)))
        proof = typed and isinstance(event["proof"], list) and all(
            isinstance(item, str) and HEX.match(item) for item in event["proof"])
        if not proof:
            raise NotABundle(f"event {number} does not fit its schema")
    return bundle


def _canonical_object(text, record, what):
    try:
        value = parse_json(text)
    except Refused as error:
        raise Broken(record, f"the {what} is refused: {error}") from error
    if canonical(value) != text.encode("utf-8", "surrogatepass"):
        raise Broken(record, f"the {what} is not canonical")
    return value


def _header(text, number):
    record = f"event {number}"
    header = _canonical_object(text, record, "header")
    if not _fields(header, HEADER_FIELDS):
        raise Broken(record, "the header has other fields")
    for name, kind in HEADER_FIELDS.items():
        if not isinstance(header[name], kind) or isinstance(header[name], bool):
            raise Broken(record, f"the header's {name} has another type")
    well_formed = (
        header["format"] == "pi.event/1" and header["leaf_index"] >= 0 and header["offset"] >= 1
        and header["recorded_at"] >= 0 and NAME.match(header["partition"])
        and HEX.match(header["payload_hash"])
        and (header["previous_event_hash"] == "" or HEX.match(header["previous_event_hash"]))
        and (header["run"] is None or RUN.match(header["run"])))
    if not well_formed:
        raise Broken(record, "the header is malformed")
    return header


class Chain:
    """A chain of records with the hash before them and their own."""

    def __init__(self):
        self.head, self.count, self.gap = "", 0, False

    def skip(self):
        self.count, self.gap = self.count + 1, True

    def take(self, record, payload, kind):
        own = payload.get(f"{kind}_hash")
        if not self.gap and payload.get(f"previous_{kind}_hash") != self.head:
            raise Broken(record, "the link to the record before does not fit")
        rest = {key: value for key, value in payload.items() if key != f"{kind}_hash"}
        if own != sha256(canonical(rest)):
            raise Broken(record, "the record does not have its hash")
        self.head, self.count, self.gap = own, self.count + 1, False


class Run:
    """The receipt and boundary chains of one run."""

    def __init__(self):
        self.receipts, self.boundaries = Chain(), Chain()
        self.since_boundary, self.decision = 0, None
        self.first = self.last = None

    def take(self, record, header, payload):
        self.first = self.first or header["event_type"]
        self.last = (record, header["event_type"])
        is_receipt = header["schema"] in ("pi.receipt", "pi.coverage")
        if is_receipt:
            if payload is None:
                self.receipts.skip()
            else:
                if not self.receipts.gap and payload.get("index") != self.receipts.count:
                    raise Broken(record, "the receipt has another index")
                self.receipts.take(record, payload, "receipt")
            self.since_boundary += 1
        elif header["schema"] == "pi.boundary":
            if payload is None:
                self.boundaries.skip()
            else:
                self.boundaries.take(record, payload, "boundary")
                if payload.get("receipts") != self.since_boundary:
                    raise Broken(record, "the boundary counts other receipts")
                if not self.receipts.gap and payload.get("receipts_head") != self.receipts.head:
                    raise Broken(record, "the boundary names another last receipt")
            self.since_boundary = 0
        elif header["schema"] == "pi.run.sealed" and payload is not None:
            self.seal(record, payload)

    def seal(self, record, payload):
        if payload.get("receipts") != self.receipts.count:
            raise Broken(record, "the seal counts other receipts")
        for name, chain in (("receipts_head", self.receipts), ("boundaries_head", self.boundaries)):
            if not chain.gap and (payload.get(name) or "") != chain.head:
                raise Broken(record, "the seal names another end of a chain")
        heads = sha256(canonical([payload.get("receipts_head"), payload.get("boundaries_head")]))
        decision = sha256(canonical(payload.get("decision")))
        proof = sha256(canonical([payload.get("request_hash"), heads, decision]))
        if payload.get("determinism_proof") != proof:
            raise Broken(record, "the seal's determinism proof does not fit")
        self.decision = payload.get("decision")

    def finish(self):
        if self.first != "run.accepted":
            raise Broken("event 0", "the run's acceptance is missing")
        if self.last[1] != "run.sealed":
            raise Broken(self.last[0], "the run's seal is missing")


def verify_bundle(data, key=None):
    """Verifies a bundle; returns a summary. Raises NotABundle or Broken."""
    bundle = read_bundle(data)
    if key is not None and key != bundle["public_key"]:
        raise Broken("checkpoint", "the bundle has another public key")
    tenant, size, root = verify_note(bundle["checkpoint"], bundle["public_key"])
    if tenant != bundle["tenant"]:
        raise Broken("checkpoint", "the checkpoint is of another tenant")
    run, before, last_leaf, redacted = Run(), {}, -1, 0
    for number, event in enumerate(bundle["events"]):
        header = _header(event["header"], number)
        record = f"{header['partition']}:{header['offset']}"
        if header["tenant"] != tenant:
            raise Broken(record, "the event is of another tenant")
        payload = None
        if event["payload"] is None:
            redacted += 1
        else:
            salted = bytes.fromhex(event["salt"]) + event["payload"].encode("utf-8", "surrogatepass")
            if sha256(salted) != header["payload_hash"]:
                raise Broken(record, "the payload does not have its hash")
            payload = _canonical_object(event["payload"], record, "payload")
        event_hash = sha256(event["header"].encode("ascii"))
        if root_from_inclusion(event_hash, header["leaf_index"], size, event["proof"]) != root:
            raise Broken(record, "the event is not in the tree of the checkpoint")
        if header["leaf_index"] <= last_leaf:
            raise Broken(record, "the events are out of order")
        last_leaf = header["leaf_index"]
        offset, previous = before.get(header["partition"], (None, None))
        if offset is not None and offset + 1 == header["offset"] and previous != header["previous_event_hash"]:
            raise Broken(record, "the link to the event before does not fit")
        before[header["partition"]] = (header["offset"], event_hash)
        if bundle["run"] is not None:
            if header["run"] != bundle["run"]:
                raise Broken(record, "the event is of another run")
            run.take(record, header, payload if isinstance(payload, dict) or payload is None else {})
    if bundle["run"] is not None:
        run.finish()
    return {"decision": run.decision, "events": len(bundle["events"]), "receipts": run.receipts.count,
            "redacted": redacted, "size": size, "root": root}


# --- command line ---------------------------------------------------------------

def main(arguments):
    """The command line; returns the exit code."""
    quiet = "--quiet" in arguments
    arguments = [argument for argument in arguments if argument != "--quiet"]
    key = None
    if "--key" in arguments[:-1]:
        at = arguments.index("--key")
        key = arguments[at + 1]
        del arguments[at:at + 2]
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        with open(arguments[0], "rb") as file:
            found = verify_bundle(file.read(), key)
    except (OSError, NotABundle) as error:
        print(f"not a bundle: {error}", file=sys.stderr)
        return 2
    except Broken as error:
        print(f"broken {error}", file=sys.stderr)
        return 3
    if not quiet:
        decision = f"decision {found['decision']}, " if found["decision"] else ""
        print(f"verified  {decision}{found['events']} events, {found['redacted']} redacted, "
              f"{found['receipts']} receipts, checkpoint of {found['size']} events with root {found['root']}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
