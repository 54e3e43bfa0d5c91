//! `pi log epochs` and `pi log consumers`: what is kept around the events.

use std::fmt::Write as _;

use pi_core::canonical::ObjectEncoder;
use pi_core::{Name, Timestamp};
use pi_event_fabric::epoch::{ShardSequence, Shards};
use pi_store::consumer::{ConsumerCheckpoint, GroupState, groups};
use pi_store::{EventStore as _, SqliteStore};

use crate::context::{Context, Outcome};
use crate::output::json::{self, Fields};
use crate::output::style::{BOLD, DIM, WARN, paint};

pub fn epochs(context: &Context) -> Outcome {
    let shards = context.journal()?.store().shards()?;
    if context.is_json() {
        let epochs = (1u64..).zip(&shards.starts).map(|(epoch, leaf)| {
            Fields(move |o: &mut ObjectEncoder<'_>| {
                o.field("epoch", &epoch).field("leaf", leaf);
            })
        });
        context.emit(&json::object(|o| {
            o.field_with("epochs", |e| e.array(epochs))
                .field("marker", &shards.last_marker)
                .field_with("partitions", |e| e.array(shards.sequences.iter().map(partition)))
                .field("schema", "pi.epochs/1");
        }))?;
        return Ok(0);
    }
    let mut out = String::new();
    for (epoch, leaf) in (1u64..).zip(&shards.starts) {
        let _ = writeln!(out, "{} {epoch}  leaf {leaf}", paint(BOLD, "epoch"));
    }
    if shards.starts.is_empty() {
        context.remark("no epoch was established");
    }
    for (partition, ShardSequence { sequence, frozen, .. }) in &shards.sequences {
        let state = if *frozen { paint(WARN, " frozen") } else { String::new() };
        let _ = writeln!(out, "  {partition}:{sequence}{state}");
    }
    context.emit(&out)?;
    Ok(0)
}

fn partition<'a>(
    (name, sequence): (&'a String, &'a ShardSequence),
) -> Fields<impl Fn(&mut ObjectEncoder<'_>) + 'a> {
    Fields(move |o: &mut ObjectEncoder<'_>| {
        // The epoch of a sequence is not kept.
        let ShardSequence { sequence, last_event_hash, epoch: _, frozen } = sequence;
        o.field("event_hash", last_event_hash)
            .field("frozen", frozen)
            .field("offset", sequence)
            .field("partition", name.as_str());
    })
}

pub fn consumers(context: &Context) -> Outcome {
    context.sqlite_only("groups of consumers")?;
    let store = SqliteStore::open(&context.folder()?, &context.global.tenant)?;
    let (groups, shards) = (groups(&store)?, store.shards()?);
    if context.is_json() {
        let shown = groups.iter().map(|group| shown(group, &shards));
        context.emit(&json::object(|o| {
            o.field_with("groups", |e| e.array(shown)).field("schema", "pi.consumers/1");
        }))?;
        return Ok(0);
    }
    if groups.is_empty() {
        context.remark("nobody consumes this log in a group");
    }
    let mut out = String::new();
    for GroupState { group, generation, members, checkpoints } in &groups {
        let members: Vec<&str> = members.iter().map(|(member, _)| member.as_str()).collect();
        let about = format!("generation {generation}, members: {}", members.join(", "));
        let _ = writeln!(out, "{}  {}", paint(BOLD, group), paint(DIM, about));
        for (partition, checkpoint) in checkpoints {
            let (offset, head) = (checkpoint.offset, head(&shards, partition));
            let _ = writeln!(out, "  {partition}:{offset} of {head}");
        }
    }
    context.emit(&out)?;
    Ok(0)
}

fn head(shards: &Shards, partition: &Name) -> u64 {
    shards.sequences.get(partition.as_str()).map_or(0, |sequence| sequence.sequence)
}

fn shown<'a>(
    group: &'a GroupState,
    shards: &'a Shards,
) -> Fields<impl Fn(&mut ObjectEncoder<'_>) + 'a> {
    let GroupState { group, generation, members, checkpoints } = group;
    let member = |(member, until): &'a (Name, Timestamp)| {
        Fields(move |o: &mut ObjectEncoder<'_>| {
            o.field("lease_until", until).field("member", member);
        })
    };
    let checkpoint = move |(partition, checkpoint): (&'a Name, &'a ConsumerCheckpoint)| {
        Fields(move |o: &mut ObjectEncoder<'_>| {
            o.field("event_hash", &checkpoint.event_hash)
                .field("head", &head(shards, partition))
                .field("offset", &checkpoint.offset)
                .field("partition", partition);
        })
    };
    Fields(move |o: &mut ObjectEncoder<'_>| {
        o.field_with("checkpoints", |e| e.array(checkpoints.iter().map(checkpoint)))
            .field("generation", generation)
            .field("group", group)
            .field_with("members", |e| e.array(members.iter().map(member)));
    })
}
