//! See [`MemorystoreCacheManager`].

use std::collections::BTreeSet;

use pi_agent_api::{Report, Stop, declare_agent};
use pi_artifacts::python::Value;
use pi_artifacts::{Artifact, Kind};

use super::rules::rule;

rule!(
    FOREVER,
    "cache-entry-without-end",
    Low,
    Medium,
    ["CWE-770"],
    "an entry is put into a cache without a time at which it ends: the cache fills up",
    "give `ex=` or `px=`, or use `setex`"
);
rule!(
    ALL_KEYS,
    "all-keys-read",
    Medium,
    High,
    ["CWE-400"],
    "all keys of the server are read at once, and everything else waits",
    "use SCAN: `scan_iter` in Python"
);
rule!(
    FLUSH,
    "cache-emptied",
    Low,
    Medium,
    ["CWE-400"],
    "a program empties the whole server, entries of others included",
    "delete by prefix, or give each program a database of its own"
);

declare_agent! {
    /// Finds uses of a Redis cache that fill it up or bring it to a halt.
    ///
    /// # What it checks
    /// Calls of redis-py clients, known by where they are made: `set` without an end,
    /// `keys`, `flushall` and `flushdb`.
    ///
    /// # Why it matters
    /// Memorystore has as much memory as is paid for. When it is full, writes fail; when
    /// one command takes a second, everybody waits for a second.
    ///
    /// # Example denied
    /// ```python
    /// import redis
    /// cache = redis.Redis()
    /// cache.set("user:1", data)
    /// ```
    ///
    /// # Example allowed
    /// ```python
    /// import redis
    /// cache = redis.Redis()
    /// cache.set("user:1", data, ex=3600)
    /// ```
    ///
    /// # Limits
    /// Clients that come from another file are not known. A store that is no cache
    /// keeps its entries on purpose: findings have low weight. Tests are left out.
    ///
    /// # References
    /// Redis: SET, KEYS; Memorystore for Redis: memory management; CWE-770.
    pub struct MemorystoreCacheManager {
        slug: "memorystore_cache_manager",
        domain: Gcp,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::Python],
        triggers: Any(&["redis", "valkey"]),
        invariant_to: ALL,
        rules: [FOREVER, ALL_KEYS, FLUSH],
        fixture: include_str!("fixtures/memorystore_cache_manager.md"),
        check: check,
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    let path = artifact.path().to_ascii_lowercase();
    if path.split(['/', '_', '.']).any(|part| matches!(part, "test" | "tests")) {
        return Ok(());
    }
    let module = artifact.python()?;
    let makes = |value: &Value| {
        let Value::Call(Some(name)) = value else { return false };
        let last = name.rsplit('.').next().unwrap_or_default();
        let client =
            matches!(last, "Redis" | "StrictRedis" | "RedisCluster" | "Valkey" | "from_url");
        client && (name.starts_with("redis.") || name.starts_with("valkey."))
    };
    let clients: BTreeSet<&str> = module
        .assignments
        .iter()
        .filter(|own| makes(&own.value))
        .map(|own| own.name.as_str())
        .collect();
    for (number, call) in module.calls.iter().enumerate() {
        report.tick(1)?;
        let Some((client, method)) = call.name.as_deref().and_then(|name| name.rsplit_once('.'))
        else {
            continue;
        };
        if !clients.contains(client) {
            continue;
        }
        let ends = ["ex", "px", "exat", "pxat", "keepttl", "**"]
            .iter()
            .any(|name| call.keyword(name).is_some())
            || call.positional(2).is_some();
        let rule = match method {
            "set" if !ends => &FOREVER,
            "keys" => &ALL_KEYS,
            "flushall" | "flushdb" => &FLUSH,
            _ => continue,
        };
        report.finding(rule, call.span).subject(format!("{method}[{}]", number + 1));
    }
    Ok(())
}
