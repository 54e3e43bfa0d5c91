//! Prints what was counted.

use std::collections::BTreeMap;
use std::io::{self, Write};

use anyhow::Result;

use crate::corpus::{Corpus, Mapping, PEERS};
use crate::score::{self, Score, Seen};

/// The domain in which any finding at all is compared too.
const ANY: &str = "secrets";

/// The rule by which any finding is asked for.
const ANY_RULE: &str = "any";

/// What is printed besides the origins.
#[derive(Default)]
pub struct Show {
    /// Every labelled rule.
    pub rules: bool,
    /// The cases in which this rule was not found.
    pub misses: Option<String>,
    /// The cases in which this rule was reported and should not be.
    pub alarms: Option<String>,
}

impl Show {
    fn asks(&self, rule: &str, positive: bool) -> bool {
        let asked = if positive { &self.misses } else { &self.alarms };
        asked.as_ref().is_some_and(|asked| {
            let begins = |stem: &str| rule != ANY_RULE && rule.starts_with(stem);
            asked == rule || asked.strip_suffix('*').is_some_and(begins)
        })
    }
}

/// The counts of one domain.
#[derive(Default)]
struct Counts<'a> {
    rules: BTreeMap<(&'a str, &'a str), Score>,
    own: BTreeMap<&'a str, Score>,
    any: BTreeMap<&'a str, Score>,
    apart: BTreeMap<&'a str, Score>,
    pooled: Score,
}

impl Counts<'_> {
    /// Rules with an F1 above 0, and all.
    fn coverage(&self, origin: &str) -> (usize, usize) {
        let mut out = (0, 0);
        for score in self.rules.iter().filter(|((o, _), _)| *o == origin).map(|(_, s)| s) {
            out.0 += usize::from(score.f1() > 0);
            out.1 += 1;
        }
        out
    }
}

/// Measures one domain and prints it.
pub fn print(domain: &str, corpus: &Corpus, map: &Mapping, show: &Show) -> Result<()> {
    let mut out = io::stdout().lock();
    let seen = score::run(corpus);
    let mut counts = Counts::default();
    for label in &corpus.labels {
        let list = seen.get(label.case.as_str()).map(Vec::as_slice).unwrap_or_default();
        let reported = score::reported(list, label, map, domain);
        let anything = score::anything(list, domain);
        if label.apart {
            counts.apart.entry(&label.origin).or_default().add(label.positive, reported);
        } else {
            let key = (label.origin.as_str(), label.rule.as_str());
            counts.rules.entry(key).or_default().add(label.positive, reported);
            counts.own.entry(&label.origin).or_default().add(label.positive, reported);
            counts.any.entry(&label.origin).or_default().add(label.positive, anything);
            counts.pooled.add(label.positive, anything);
        }
        let wrong = label.positive != reported && show.asks(&label.rule, label.positive);
        if wrong || label.positive != anything && show.asks(ANY_RULE, label.positive) {
            writeln!(out, "{}\t{}\t{}", label.rule, label.case, fired(list))?;
        }
    }
    let (cases, labels) = (corpus.cases.len(), corpus.labels.len());
    writeln!(out, "\n{domain}: {cases} cases, {labels} labels")?;
    if corpus.unreadable > 0 {
        writeln!(out, "{} cases are no valid JSON and count as misses", corpus.unreadable)?;
    }
    origins(&mut out, domain, &counts)?;
    if show.rules {
        rules(&mut out, map, &counts)?;
    }
    Ok(())
}

fn fired(list: &[Seen]) -> String {
    let names: Vec<String> = list.iter().map(|s| format!("{}/{}", s.agent, s.rule)).collect();
    names.join(" ")
}

fn origins(out: &mut impl Write, domain: &str, counts: &Counts<'_>) -> io::Result<()> {
    let head = "precision recall F1, found miss false quiet, rules covered";
    writeln!(out, "  {:44}{head}", "")?;
    for (origin, own) in &counts.own {
        let (covered, of) = counts.coverage(origin);
        writeln!(out, "{origin}")?;
        writeln!(out, "  {:42}{}  {covered}/{of}", "pi, rule by rule", own.columns())?;
        if domain == ANY {
            let any = counts.any.get(origin).copied().unwrap_or_default();
            writeln!(out, "  {:42}{}", "pi, any finding", any.columns())?;
        }
        if let Some(apart) = counts.apart.get(origin) {
            let name = "pi, apart: needs settings or the network";
            writeln!(out, "  {name:42}{}", apart.columns())?;
        }
        peers(out, domain, origin)?;
    }
    if domain == ANY {
        writeln!(out, "pooled\n  {:42}{}", "pi, any finding", counts.pooled.columns())?;
        peers(out, domain, "pooled")?;
    }
    Ok(())
}

fn peers(out: &mut impl Write, domain: &str, origin: &str) -> io::Result<()> {
    for line in PEERS.lines() {
        let mut columns = line.split('\t');
        if columns.next() == Some(domain) && columns.next() == Some(origin) {
            let name = columns.next().unwrap_or_default();
            let figures: Vec<String> = columns.map(|figure| format!("{figure:>7}")).collect();
            writeln!(out, "  peer: {name:36}{}", figures.join(""))?;
        }
    }
    Ok(())
}

fn rules(out: &mut impl Write, map: &Mapping, counts: &Counts<'_>) -> io::Result<()> {
    for ((_, rule), score) in &counts.rules {
        let mark = if map.get(rule).is_some() { "" } else { " (not mapped)" };
        writeln!(out, "{:64}{}", format!("{rule}{mark}"), score.columns())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_or_its_beginning_is_shown() {
        let show = Show { misses: Some("a:*".into()), ..Show::default() };
        assert!(show.asks("a:b", true));
        assert!(!show.asks("a:b", false) && !show.asks("c", true));
        let all = Show { misses: Some("*".into()), ..Show::default() };
        assert!(all.asks("c", true) && !all.asks(ANY_RULE, true));
    }

    #[test]
    fn peers_stand_beside_their_origin() {
        let mut out = Vec::new();
        peers(&mut out, "secrets", "pooled").expect("writes");
        let text = String::from_utf8(out).expect("text");
        assert!(text.lines().count() >= 6, "{text}");
    }
}
