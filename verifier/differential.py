#!/usr/bin/env python3
"""The other side of PI's differential tests: answers one JSON request a line.

    {"op": "canonical", "json": TEXT}                  {"ok": TEXT} or {"error": NAME}
    {"op": "hash", "text": TEXT}                       {"ok": DIGEST}
    {"op": "root", "events": [DIGEST...]}              {"ok": DIGEST}
    {"op": "inclusion", "events": [...], "index": N}   {"ok": [DIGEST...]}
    {"op": "consistency", "events": [...], "old": N}   {"ok": [DIGEST...]}
    {"op": "bundle", "text": TEXT}                     {"ok": true} or {"error": MESSAGE}
"""

import hashlib
import json
import sys

from pi_verify import Broken, NotABundle, Refused, _node, canonical, leaf_hash, parse_json, sha256, verify_bundle


def _split(count):
    power = 1
    while power * 2 < count:
        power *= 2
    return power


def _root(leaves):
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    middle = _split(len(leaves))
    return _node(_root(leaves[:middle]), _root(leaves[middle:]))


def merkle_root(events):
    """The root over event hashes, in hexadecimal."""
    return _root([leaf_hash(event) for event in events]).hex()


def inclusion_proof(events, index):
    """The audit path of one event."""
    def path(leaves, at):
        if len(leaves) <= 1:
            return []
        middle = _split(len(leaves))
        if at < middle:
            return path(leaves[:middle], at) + [_root(leaves[middle:])]
        return path(leaves[middle:], at - middle) + [_root(leaves[:middle])]
    return [node.hex() for node in path([leaf_hash(event) for event in events], index)]


def consistency_proof(events, old):
    """The proof that the first `old` events are a prefix of all."""
    def subproof(leaves, count, whole):
        if count == len(leaves):
            return [] if whole else [_root(leaves)]
        middle = _split(len(leaves))
        if count <= middle:
            return subproof(leaves[:middle], count, whole) + [_root(leaves[middle:])]
        return subproof(leaves[middle:], count - middle, False) + [_root(leaves[:middle])]
    return [node.hex() for node in subproof([leaf_hash(event) for event in events], old, True)]


def answer(request):
    operation = request["op"]
    if operation == "canonical":
        try:
            return {"ok": canonical(parse_json(request["json"])).decode("ascii")}
        except Refused as error:
            return {"error": str(error)}
    if operation == "hash":
        return {"ok": sha256(request["text"].encode("utf-8"))}
    if operation == "root":
        return {"ok": merkle_root(request["events"])}
    if operation == "inclusion":
        return {"ok": inclusion_proof(request["events"], request["index"])}
    if operation == "consistency":
        return {"ok": consistency_proof(request["events"], request["old"])}
    try:
        verify_bundle(request["text"].encode("utf-8"))
        return {"ok": True}
    except (Broken, NotABundle) as error:
        return {"error": str(error)}


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)
