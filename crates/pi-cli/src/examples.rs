//! What `--help` shows at its end.

pub const PI: &str = "\
Examples:
  pi scan .                              examine a folder and decide
  pi scan . --format sarif -o pi.sarif   the same, for code hosts
  pi scan app --only secrets             only the agents of one domain
  pi simulate request.json               plan a composition
  pi run request.json --approve          run it, effects included
  pi log verify                          re-hash every stored byte of the log
  pi replay RUN                          run again and compare every proof
  pi log export RUN -o run.json          evidence for a stranger
  pi verify run.json                     check such evidence offline
  pi explain severity_denied             what a reason means and what to do

Exit codes: 0 allowed, identical or verified; 1 denied, findings at or above
--fail-on, or diverged; 2 usage, configuration or input error; 3 integrity
failure; 4 review pending.";

pub const SCAN: &str = "\
Examples:
  pi scan .                                   examine a folder and decide
  pi scan . --fail-on medium                  exit with 1 from this severity on
  pi scan . --format sarif -o pi.sarif        for code hosts
  pi scan . --write-baseline known.json       accept what is there today
  pi scan . --baseline known.json             show only what is new
  pi scan app --only secrets --skip jwt_expiry_checker";

pub const AGENTS: &str = "\
Examples:
  pi agents list --domain secrets
  pi agents show docker_image_scanner
  pi agents run docker_image_scanner --input Dockerfile
  pi agents test";

pub const RUNS: &str = "\
Examples:
  pi runs list --limit 5
  pi runs show RUN -v           with proofs and votes";

pub const REPLAY: &str = "\
Examples:
  pi replay RUN                 compare every proof
  pi replay RUN --base DIR      the files lie elsewhere now";

pub const LOG: &str = "\
Examples:
  pi log verify --deep                        re-hash and re-encode every record
  pi log tail --follow --type phase.          the phases of runs as they are sealed
  pi log tail --run RUN --format json         the events of a run, one a line
  pi log show runs:1                          header and payload of one event
  pi log prove runs:1 -o event.json           evidence for one event
  pi log export RUN -o run.json               evidence for a whole run
  pi log redact runs:7 --reason 'asked for'   erase a payload; proofs stay";

pub const VERIFY: &str = "\
Examples:
  pi verify run.json
  pi verify run.json --key pi-log+1a2b3c4d+AX...   with the published key";

pub const EXPLAIN: &str = "\
Examples:
  pi explain                    all codes
  pi explain severity_denied    cause, effect, remedy";

pub const DOCTOR: &str = "\
Examples:
  pi doctor
  pi --data /var/lib/pi doctor --format json";

pub const SERVE: &str = "\
Examples:
  pi serve --dev
  PI_SECRET_JWT=... PI_SECRET_REQUEST_SIGNING=... pi serve --listen 0.0.0.0:8000
  curl http://127.0.0.1:8080/v1/health";

pub const TOKEN: &str = "\
Examples:
  pi --tenant _system token issue --subject ops --role admin
  pi --tenant acme token issue --subject ci --role api_key --lifetime 600";

pub const DEMO: &str = "\
Examples:
  pi demo
  pi --data .data demo examples";

pub const COMPLETIONS: &str = "\
Examples:
  pi completions bash > ~/.local/share/bash-completion/completions/pi
  pi completions zsh > \"${fpath[1]}/_pi\"
  pi completions fish > ~/.config/fish/completions/pi.fish";

pub const SIMULATE: &str = "\
Examples:
  pi simulate examples/compositions/diamond.json
  pi simulate request.json --format json";

pub const RUN: &str = "\
Examples:
  pi run examples/compositions/diamond.json
  pi run request.json --approve               effects included
  pi run a.json b.json c.json --concurrency 3";

pub const ROUTE: &str = "\
Examples:
  pi route find leaked credentials
  pi route docker image hardening --format json";

pub const PLAN: &str = "\
A step is the slug of an agent, or plain words that only one agent fits.
  a -> b, a then b    b takes what a hands over
  a, b                in no order among themselves
  a -> b; a -> c      several chains; an agent that is named twice is one step

  pi plan 'docker images, git_secret_leak_sentry' --request src -o request.json
  pi simulate request.json && pi run request.json --approve";

pub const POLICY: &str = "\
Examples:
  pi policy show                             the policy in force
  pi policy show --schema                    what a policy may ask about
  pi policy check team.cedar rules.json
  pi policy compile rules.json > team.cedar
  pi policy explain team.cedar facts.json    the two questions and their answers
  pi policy explain team.cedar RUN           the same about a run of the log
  pi policy what-if team.cedar               what it would have decided otherwise
  pi scan . --policy team.cedar              PI_POLICY does the same";

pub const MEMORY: &str = "\
Examples:
  pi memory search secrets denied
  pi memory list --check
  pi memory purge --all";
