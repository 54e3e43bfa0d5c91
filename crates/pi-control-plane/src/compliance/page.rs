//! The report as a page to print: one HTML document with nothing around it.

use std::fmt::{self, Display, Write as _};

use pi_core::{Decision, Timestamp};

use super::{Incident, Incidents, Report, Verified};
use crate::quota::Resource;

const STYLE: &str = include_str!("page.css");

impl Report {
    /// The page. It needs no script and no other file.
    pub fn to_html(&self) -> String {
        let mut page = String::new();
        // Writing to a string does not fail.
        let _ = self.write(&mut page);
        page
    }

    fn write(&self, page: &mut String) -> fmt::Result {
        let tenant = Text(self.tenant.as_str());
        let (from, until) = (Moment(self.period.from), Moment(self.period.until));
        write!(
            page,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" \
             content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
             <title>Compliance report: {tenant}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
             <h1>Compliance report</h1>\n<p>Tenant <b>{tenant}</b>, from {from} until before \
             {until}. Made at {}.</p>\n",
            Moment(self.made_at)
        )?;
        self.log(page)?;
        self.runs(page)?;
        self.policies(page)?;
        let activity = &self.activity;
        incidents(page, "Approved requests", &activity.approvals)?;
        self.quota(page)?;
        self.evidence(page)?;
        counts(page, "Events", "Type", activity.events.iter())?;
        page.write_str("</body>\n</html>\n")
    }

    fn log(&self, page: &mut String) -> fmt::Result {
        let Verified { events, checkpoints, problem } = &self.verified;
        page.write_str("<section>\n<h2>The log</h2>\n")?;
        match problem {
            None => writeln!(
                page,
                "<p>Verified: all {events} events were read and hashed again, and {checkpoints} \
                 signed checkpoints agree with them.</p>"
            )?,
            Some(problem) => writeln!(
                page,
                "<p class=\"bad\">The log does not verify: {}. Nothing on this page can be \
                 relied upon.</p>",
                Text(problem)
            )?,
        }
        let unread = self.activity.unread;
        if unread > 0 {
            writeln!(
                page,
                "<p>{unread} events of the period could not be read, and are counted by type only.</p>"
            )?;
        }
        page.write_str("</section>\n")
    }

    fn runs(&self, page: &mut String) -> fmt::Result {
        let activity = &self.activity;
        let decided = |decision| activity.decisions.get(&decision).copied().unwrap_or_default();
        let rows = [
            ("accepted", activity.accepted),
            ("ended with ALLOW", decided(Decision::Allow)),
            ("ended with REVIEW", decided(Decision::Review)),
            ("ended with DENY", decided(Decision::Deny)),
            ("refused before they ran", activity.refusals.values().sum()),
        ];
        table(
            page,
            "Runs",
            ["Runs", "Count"],
            rows.iter().map(|(word, count)| [word as &dyn Display, count]),
        )?;
        counts(page, "Why runs were not allowed", "Reason", activity.reasons.iter())?;
        counts(page, "Why requests were refused", "Reason", activity.refusals.iter())
    }

    fn policies(&self, page: &mut String) -> fmt::Result {
        let rows = self.policies.iter().map(|(name, active)| {
            let digest = active.digest.to_hex();
            [name.to_string(), active.version.to_string(), active.form.as_str().to_owned(), digest]
        });
        let rows: Vec<[String; 4]> = rows.collect();
        if rows.is_empty() {
            page.write_str("<section>\n<h2>Policies in force</h2>\n<p>None: everything was denied.</p>\n</section>\n")?;
        } else {
            let heads = ["Name", "Version", "Written as", "SHA-256 of the text"];
            table(
                page,
                "Policies in force",
                heads,
                rows.iter().map(|row| row.each_ref().map(|cell| cell as &dyn Display)),
            )?;
        }
        incidents(page, "Changes of policies", &self.activity.policy_changes)
    }

    fn quota(&self, page: &mut String) -> fmt::Result {
        let quota = self.settings.as_ref().map(|settings| settings.quota);
        let limit = |resource| match quota.and_then(|quota| quota.limits.get(resource)) {
            Some(limit) => limit.to_string(),
            None => "none".to_owned(),
        };
        let window =
            quota.map_or_else(String::new, |quota| format!(" within {} s", quota.window_s));
        let rows: Vec<(&str, u64, String)> = Resource::ALL
            .iter()
            .map(|resource| {
                (resource.as_str(), self.activity.used.get(*resource), limit(*resource))
            })
            .collect();
        let title = format!("Quota: limits{window}");
        table(
            page,
            &title,
            ["Resource", "Settled in the period", "Limit"],
            rows.iter().map(|(name, used, limit)| [name as &dyn Display, used, limit]),
        )?;
        let (reserved, refused) = (self.activity.reservations, self.activity.quota_refusals);
        writeln!(page, "<p>{reserved} reservations, of which {refused} were refused.</p>")
    }

    fn evidence(&self, page: &mut String) -> fmt::Result {
        let days = self.settings.as_ref().and_then(|settings| settings.retention_days);
        page.write_str("<section>\n<h2>Retention</h2>\n")?;
        match days {
            Some(days) => write!(page, "<p>The evidence of runs is kept for {days} days")?,
            None => page.write_str("<p>The evidence of runs is kept for ever")?,
        }
        writeln!(page, ". {} runs are under hold.</p>\n</section>", self.held)?;
        incidents(page, "Erased keys of evidence", &self.activity.erased_keys)?;
        incidents(page, "Holds", &self.activity.holds)?;
        incidents(page, "Redactions", &self.activity.redactions)
    }
}

/// A section with a table.
fn table<'a, const N: usize>(
    page: &mut String,
    title: &str,
    heads: [&str; N],
    rows: impl Iterator<Item = [&'a dyn Display; N]>,
) -> fmt::Result {
    write!(page, "<section>\n<h2>{}</h2>\n<table>\n<thead><tr>", Text(title))?;
    for head in heads {
        write!(page, "<th scope=\"col\">{}</th>", Text(head))?;
    }
    page.write_str("</tr></thead>\n<tbody>\n")?;
    for row in rows {
        page.write_str("<tr>")?;
        for cell in row {
            write!(page, "<td>{}</td>", Text(cell))?;
        }
        page.write_str("</tr>\n")?;
    }
    page.write_str("</tbody>\n</table>\n</section>\n")
}

/// A table of counts; nothing when there are none.
fn counts<'a>(
    page: &mut String,
    title: &str,
    head: &str,
    rows: impl ExactSizeIterator<Item = (&'a String, &'a u64)>,
) -> fmt::Result {
    if rows.len() == 0 {
        return Ok(());
    }
    table(page, title, [head, "Count"], rows.map(|(name, count)| [name as &dyn Display, count]))
}

/// A table of incidents; nothing when there are none.
fn incidents(page: &mut String, title: &str, incidents: &Incidents) -> fmt::Result {
    let Incidents { count, listed } = incidents;
    if listed.is_empty() {
        return Ok(());
    }
    let cells = |Incident { at, actor, event_type, subject, detail }: &Incident| {
        let [actor, event_type, subject, detail] =
            [actor, event_type, subject, detail].map(String::clone);
        [Moment(*at).to_string(), actor, event_type, subject, detail]
    };
    let rows: Vec<[String; 5]> = listed.iter().map(cells).collect();
    let heads = ["When", "Who", "What", "To what", "Why"];
    table(
        page,
        title,
        heads,
        rows.iter().map(|row| row.each_ref().map(|cell| cell as &dyn Display)),
    )?;
    let more = count.saturating_sub(listed.len() as u64);
    if more > 0 {
        writeln!(page, "<p>{more} more are counted, and not listed.</p>")?;
    }
    Ok(())
}

/// Text between tags, or within quotation marks.
struct Text<T>(T);

impl<T: Display> Display for Text<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escaped(f), "{}", self.0)
    }
}

struct Escaped<'a, 'b>(&'a mut fmt::Formatter<'b>);

impl fmt::Write for Escaped<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            match character {
                '&' => self.0.write_str("&amp;")?,
                '<' => self.0.write_str("&lt;")?,
                '>' => self.0.write_str("&gt;")?,
                '"' => self.0.write_str("&quot;")?,
                '\'' => self.0.write_str("&#39;")?,
                // What does not print, and what turns the direction of reading.
                other if other.is_control() => self.0.write_char('\u{fffd}')?,
                '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                    self.0.write_char('\u{fffd}')?;
                }
                other => self.0.write_char(other)?,
            }
        }
        Ok(())
    }
}

/// A moment, in UTC: `2026-01-31 23:59:59Z`.
struct Moment(Timestamp);

impl Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_micros() / 1_000_000;
        let (days, second) = (seconds / 86_400, seconds % 86_400);
        let (year, month, day) = date(days);
        let (hour, minute) = (second / 3_600, second / 60 % 60);
        write!(f, "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{:02}Z", second % 60)
    }
}

/// Year, month and day of a day since 1970-01-01, in the proleptic Gregorian calendar.
fn date(days: u64) -> (u64, u64, u64) {
    // Years that begin in March, so that the leap day is the last one; 146,097 days are
    // 400 of them.
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let (number, in_month) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + year + in_month, number, day - (153 * month + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_dates() {
        for (seconds, expected) in [
            (0, "1970-01-01 00:00:00Z"),
            (951_782_399, "2000-02-28 23:59:59Z"),
            (951_782_400, "2000-02-29 00:00:00Z"),
            (1_709_164_800, "2024-02-29 00:00:00Z"),
            (1_735_689_599, "2024-12-31 23:59:59Z"),
            (4_107_542_400, "2100-03-01 00:00:00Z"),
        ] {
            let moment = Timestamp::from_micros(seconds * 1_000_000);
            assert_eq!(Moment(moment).to_string(), expected);
        }
        assert!(!Moment(Timestamp::from_micros(u64::MAX)).to_string().is_empty());
    }

    #[test]
    fn text_cannot_become_markup() {
        let escaped = Text("<b a='1' c=\"2\">&\u{202e}\u{0}\n").to_string();
        assert_eq!(escaped, "&lt;b a=&#39;1&#39; c=&quot;2&quot;&gt;&amp;\u{fffd}\u{fffd}\u{fffd}");
    }
}
