#!/usr/bin/env bash
# Two tenants on one server: made, denied for each reason, allowed, audited, and strangers
# to each other. Ends with an error at the first answer that is not the expected one.
#
#   pi serve --dev                                       # prints the token of _system's admin
#   SYSTEM_TOKEN=... examples/two-tenants.sh [http://127.0.0.1:8080]
set -euo pipefail

url=${1:-http://127.0.0.1:8080}
: "${SYSTEM_TOKEN:?the token of an admin of the tenant _system, which \`pi serve --dev\` prints}"
# The tour can be taken again: an id is never given twice.
acme=acme-$$ globex=globex-$$
body=$(mktemp)
trap 'rm -f "$body"' EXIT

# call TENANT TOKEN METHOD PATH [JSON]: the status; the answer is in $body.
call() {
  local data=()
  [ $# -lt 5 ] || data=(-H 'Content-Type: application/json' -d "$5")
  # The token comes on standard input: arguments of commands can be seen by others.
  curl -sS -o "$body" -w '%{http_code}' -K - -X "$3" -H "X-Tenant-ID: $1" "${data[@]}" \
    "$url$4" <<<"header = \"Authorization: Bearer $2\""
}

# member NAME: a member of the answer; nothing where there is none.
member() { python3 -c 'import json, sys
answer = json.load(open(sys.argv[1]))
print(answer.get(sys.argv[2], "") if isinstance(answer, dict) else "")' "$body" "$1"; }

# expect WORDS STATUS CODE-OR-DECISION TENANT TOKEN METHOD PATH [JSON]
expect() {
  local words=$1 status=$2 reason=$3 found
  found=$(call "${@:4}")
  local said
  said=$(member code)$(member decision)
  printf '%-66s %s %s\n' "$4: $words" "$found" "$said"
  [ "$found" = "$status" ] && { [ -z "$reason" ] || [ "$said" = "$reason" ]; } && return
  echo "expected: $status $reason" >&2
  cat "$body" >&2
  exit 1
}

policy() { python3 -c 'import json, sys; print(json.dumps({"text": sys.argv[1]}))' "$1"; }
file='{"artifacts":[{"path":"Dockerfile","text":"FROM alpine:3.20\nUSER app\n"}]}'
yaml='services:\n  web:\n    image: nginx:1.27\n    privileged: true\n'
privileged="{\"artifacts\":[{\"path\":\"compose.yaml\",\"text\":\"$yaml\"}]}"
submit=/v1/compositions/submit

echo "# An admin of _system creates two tenants and their first tokens."
tokens=()
for tenant in $acme $globex; do
  expect "create $tenant" 201 "" _system "$SYSTEM_TOKEN" \
    POST /v1/tenants "{\"tenant\":\"$tenant\",\"display_name\":\"$tenant\"}"
  expect "a token for an admin of $tenant" 201 "" _system "$SYSTEM_TOKEN" \
    POST /v1/tokens "{\"tenant\":\"$tenant\",\"subject\":\"ops\",\"role\":\"admin\"}"
  tokens+=("$(member token)")
done
A=("$acme" "${tokens[0]}") G=("$globex" "${tokens[1]}")

echo "# Denied for each reason."
expect "submit without a policy" 403 policy_missing "${A[@]}" POST $submit "$file"
expect "a policy that permits ninety nodes" 200 "" "${A[@]}" PUT /v1/policies/own \
  "$(policy 'permit(principal, action, resource) when { context.request.nodes > 90 };')"
expect "submit what it does not speak of" 403 policy_no_match "${A[@]}" POST $submit "$file"
expect "a policy that forbids" 200 "" "${A[@]}" PUT /v1/policies/own \
  "$(policy 'permit(principal, action, resource); @id("no") forbid(principal, action, resource);')"
expect "submit what it forbids" 403 policy_denied "${A[@]}" POST $submit "$file"
expect "a policy that overflows" 200 "" "${A[@]}" PUT /v1/policies/own "$(policy \
  'permit(principal, action, resource) when { context.request.nodes * 9223372036854775807 > 0 };')"
expect "submit under it" 403 policy_evaluation_failed "${A[@]}" POST $submit "$file"
expect "a policy that is none" 422 policy_not_loaded "${A[@]}" PUT /v1/policies/own \
  "$(policy 'permit(')"

echo "# Allowed, and denied by what the agents find."
expect "examples/policies/strict.cedar" 200 "" "${A[@]}" PUT /v1/policies/own \
  "$(policy "$(cat "$(dirname "$0")/policies/strict.cedar")")"
expect "submit a good file" 201 ALLOW "${A[@]}" POST $submit "$file"
run=$(member run_id)
expect "submit a container with all privileges" 201 DENY "${A[@]}" POST $submit "$privileged"
expect "read the run" 200 "" "${A[@]}" GET "/v1/runs/$run"
expect "replay it" 200 "" "${A[@]}" POST "/v1/runs/$run/replay"
expect "verify the log" 200 "" "${A[@]}" POST /v1/log/verify

echo "# Every call is in the log of its tenant."
expect "read the audit" 200 "" "${A[@]}" GET '/v1/audit?limit=200'
python3 -c 'import json, sys
for item in json.load(open(sys.argv[1]))["items"]:
    print("  ", item["status"], item["route"], item.get("reason") or "")' "$body"

echo "# The other tenant sees nothing of it, and has no policy from it."
for path in "" /report /records /evidence; do
  expect "another tenant's run$path" 404 unknown_run "${G[@]}" GET "/v1/runs/$run$path"
done
expect "submit without a policy" 403 policy_missing "${G[@]}" POST $submit "$file"
expect "look at $acme" 404 tenant_unknown "${G[@]}" GET "/v1/tenants/$acme"
expect "a token of another tenant" 403 token_tenant_mismatch \
  "$acme" "${tokens[1]}" GET /v1/runs
expect "make a tenant" 403 permission_denied "${G[@]}" \
  POST /v1/tenants '{"tenant":"more","display_name":"x"}'

echo "# A deleted tenant calls no more."
expect "delete $globex" 200 "" _system "$SYSTEM_TOKEN" DELETE "/v1/tenants/$globex"
expect "list the runs" 403 tenant_inactive "${G[@]}" GET /v1/runs
echo "every answer was the expected one"
