//! Findings: the one output vocabulary of all agents.

use std::borrow::Cow;

use pi_artifacts::{Span, redact};
use pi_core::canonical::{Encoder, ToCanonical};
use pi_core::{Confidence, Severity};

use crate::meta::Rule;

/// Longest excerpt that a finding shows.
const MAX_EXCERPT_CHARS: usize = 120;

/// So many bytes of a secret at the end of an excerpt are masked.
const MIN_CUT_BYTES: usize = 8;

/// What a finding shows as proof, already safe to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence(String);

impl Evidence {
    /// A short excerpt of text that is no secret. What looks like one is masked
    /// all the same.
    pub fn text(excerpt: &str) -> Self {
        let mut out: String = excerpt.chars().take(MAX_EXCERPT_CHARS).collect();
        let cut = out.len() < excerpt.len();
        out = redact::redact_text(&out);
        if cut {
            out.push('…');
        }
        Self(out)
    }

    /// A secret: masked but for a short prefix, with its length.
    pub fn secret(secret: &str) -> Self {
        Self(format!("{} ({} characters)", redact::mask(secret), secret.chars().count()))
    }

    /// Masks `secret`, also where the excerpt ends within it.
    fn hide(&mut self, secret: &str) {
        if self.0.contains(secret) {
            self.0 = self.0.replace(secret, &redact::mask(secret));
        }
        if let Some(shown) = self.0.strip_suffix('…')
            && let Some(begin) = secret.get(..secret.ceil_char_boundary(MIN_CUT_BYTES))
            && let Some((before, rest)) = shown.rsplit_once(begin)
            && secret.get(begin.len()..).is_some_and(|more| more.starts_with(rest))
        {
            self.0 = format!("{before}{}…", redact::mask(secret));
        }
    }

    /// The text to show.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One thing found in one artifact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule.
    pub rule: &'static Rule,
    /// What is wrong here, in one sentence without a final stop.
    pub message: Cow<'static, str>,
    /// Identity of the thing that is wrong, stable when lines move and when the
    /// artifact is respelled: `Deployment/web/containers[app]`, a variable's
    /// name. Never a secret, nor a hash of one.
    pub subject: String,
    /// The one primary place.
    pub span: Span,
    /// Further places.
    pub related: Vec<(Span, String)>,
    /// Proof, redacted.
    pub evidence: Option<Evidence>,
    /// Places whose text must never be shown.
    pub masked: Vec<Span>,
    /// Severity of this finding; the rule's unless context changed it.
    pub severity: Severity,
    /// Confidence of this finding.
    pub confidence: Confidence,
    /// What to do; the rule's fix unless a better one is known here.
    pub fix: Cow<'static, str>,
}

impl Finding {
    pub(crate) fn new(rule: &'static Rule, span: Span) -> Self {
        Self {
            rule,
            message: Cow::Borrowed(rule.summary),
            subject: String::new(),
            span,
            related: Vec::new(),
            evidence: None,
            masked: Vec::new(),
            severity: rule.severity,
            confidence: rule.confidence,
            fix: Cow::Borrowed(rule.fix),
        }
    }

    /// Replaces the message.
    pub fn message(&mut self, message: impl Into<String>) -> &mut Self {
        self.message = Cow::Owned(message.into());
        self
    }

    /// Names the thing that is wrong.
    pub fn subject(&mut self, subject: impl Into<String>) -> &mut Self {
        self.subject = subject.into();
        self
    }

    /// Adds a further place.
    pub fn related(&mut self, span: Span, label: impl Into<String>) -> &mut Self {
        self.related.push((span, label.into()));
        self
    }

    /// Shows an excerpt that is no secret.
    pub fn evidence(&mut self, excerpt: &str) -> &mut Self {
        self.evidence = Some(Evidence::text(excerpt));
        self
    }

    /// Shows a masked secret and hides `span` wherever the text is shown.
    pub fn secret(&mut self, secret: &str, span: Span) -> &mut Self {
        self.evidence = Some(Evidence::secret(secret));
        self.masked.push(span);
        self
    }

    /// Masks `secret` wherever this finding shows it.
    pub fn hide(&mut self, secret: &str) {
        let mask = redact::mask(secret);
        for text in [&mut self.message, &mut self.fix] {
            if text.contains(secret) {
                *text = Cow::Owned(text.replace(secret, &mask));
            }
        }
        if self.subject.contains(secret) {
            self.subject = self.subject.replace(secret, &mask);
        }
        if let Some(evidence) = &mut self.evidence {
            evidence.hide(secret);
        }
    }

    /// Sets the severity.
    pub fn severity(&mut self, severity: Severity) -> &mut Self {
        self.severity = severity;
        self
    }

    /// Sets the confidence.
    pub fn confidence(&mut self, confidence: Confidence) -> &mut Self {
        self.confidence = confidence;
        self
    }

    /// Replaces the fix.
    pub fn fix(&mut self, fix: impl Into<String>) -> &mut Self {
        self.fix = Cow::Owned(fix.into());
        self
    }
}

impl ToCanonical for Finding {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Finding {
            rule,
            message,
            subject,
            span,
            related,
            evidence,
            masked,
            severity,
            confidence,
            fix,
        } = self;
        encoder.object(|o| {
            o.field("confidence", confidence)
                .field("evidence", &evidence.as_ref().map(Evidence::as_str))
                .field("fix", fix.as_ref())
                .field("masked", masked)
                .field("message", message.as_ref())
                .field_with("related", |e| {
                    e.array(related.iter().map(|(span, label)| Related { span: *span, label }));
                })
                .field("rule", rule.id)
                .field("severity", severity)
                .field("span", span)
                .field("subject", subject);
        });
    }
}

struct Related<'a> {
    span: Span,
    label: &'a str,
}

impl ToCanonical for Related<'_> {
    fn to_canonical(&self, encoder: &mut Encoder) {
        encoder.object(|o| {
            o.field("label", self.label).field("span", &self.span);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_agent_masks_is_hidden() {
        const RULE: Rule = Rule {
            id: "r",
            summary: "s",
            severity: Severity::Low,
            confidence: Confidence::High,
            references: &[],
            fix: "remove the-secret-word",
        };
        let mut finding = Finding::new(&RULE, Span::default());
        finding.message("uses the-secret-word").subject("a/the-secret-word");
        finding.evidence(&format!("{}the-secret-word", "x ".repeat(55)));
        assert!(finding.evidence.as_ref().unwrap().as_str().ends_with("the-secret…"));
        finding.hide("the-secret-word");
        for text in [&*finding.message, &finding.subject, &finding.fix] {
            assert!(text.ends_with("the****"), "{text}");
        }
        assert!(finding.evidence.unwrap().as_str().ends_with("x the****…"));
    }

    #[test]
    fn an_excerpt_that_looks_like_a_secret_is_masked() {
        let evidence = Evidence::text("key = \"aB3dE5fG7hJ9kL1mN3pQ\"");
        assert!(!evidence.as_str().contains("aB3dE5fG7hJ9kL1mN3pQ"));
    }
}
