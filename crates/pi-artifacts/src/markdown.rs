//! Markdown: headings, links, code, text, with their places.

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use crate::artifact::{Artifact, Parsed};
use crate::span::Span;

/// A parsed Markdown file.
#[derive(Clone, Debug, Default)]
pub struct Markdown {
    /// The headings in order.
    pub headings: Vec<Heading>,
    /// Links and images.
    pub links: Vec<Link>,
    /// Fenced and indented code blocks.
    pub code_blocks: Vec<CodeBlock>,
    /// Code inside lines.
    pub code_spans: Vec<Text>,
    /// Items of lists, each with its whole text.
    pub items: Vec<Item>,
    /// Runs of plain text outside of code.
    pub text: Vec<Text>,
    /// Raw HTML, comments included.
    pub html: Vec<Text>,
}

/// A heading.
#[derive(Clone, Debug)]
pub struct Heading {
    /// 1 to 6.
    pub level: u8,
    /// Its text without markup.
    pub text: String,
    /// Its place.
    pub span: Span,
}

/// A link or image.
#[derive(Clone, Debug)]
pub struct Link {
    /// The destination, references resolved.
    pub url: String,
    /// The text that is shown.
    pub text: String,
    /// An image.
    pub is_image: bool,
    /// Its place.
    pub span: Span,
}

/// A block of code.
#[derive(Clone, Debug)]
pub struct CodeBlock {
    /// The word behind the fence; empty for indented blocks.
    pub language: String,
    /// The code.
    pub text: String,
    /// The code's place, fences excluded.
    pub content: Span,
    /// The block's place.
    pub span: Span,
}

/// An item of a list.
#[derive(Clone, Debug)]
pub struct Item {
    /// Its text without markup, nested items excluded.
    pub text: String,
    /// Nesting, from 1.
    pub depth: usize,
    /// Its place, nested items included.
    pub span: Span,
}

/// A run of text.
#[derive(Clone, Debug)]
pub struct Text {
    /// The text, entities and escapes resolved.
    pub text: String,
    /// Its place.
    pub span: Span,
}

/// What is open while the events pass by.
enum Open {
    Heading(Heading),
    Link(Link),
    Code(CodeBlock),
    Item(Item),
}

/// Parses a Markdown file. Every text is valid Markdown.
pub(crate) fn parse(artifact: &Artifact) -> Parsed<Markdown> {
    let text = artifact.parsable_text()?;
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS;
    let mut out = Markdown::default();
    let mut open: Vec<Open> = Vec::new();
    let mut items = 0;
    for (event, range) in Parser::new_ext(text, options).into_offset_iter() {
        let span = Span::new(range.start, range.end);
        match event {
            Event::Start(tag) => start(tag, span, &mut open, &mut items),
            Event::End(tag) => end(tag, &mut open, &mut items, &mut out),
            Event::Text(text) => {
                let is_plain = append(&mut open, &text, span);
                if is_plain {
                    out.text.push(Text { text: text.into_string(), span });
                }
            }
            Event::Code(text) => {
                append(&mut open, &text, span);
                out.code_spans.push(Text { text: text.into_string(), span });
            }
            Event::Html(text) | Event::InlineHtml(text) => {
                out.html.push(Text { text: text.into_string(), span });
            }
            Event::SoftBreak | Event::HardBreak => {
                append(&mut open, " ", span);
            }
            _ => {}
        }
    }
    Ok(out)
}

fn start(tag: Tag<'_>, span: Span, open: &mut Vec<Open>, items: &mut usize) {
    let text = String::new();
    match tag {
        Tag::Heading { level, .. } => {
            open.push(Open::Heading(Heading { level: level as u8, text, span }));
        }
        Tag::Link { dest_url, .. } => {
            open.push(Open::Link(Link {
                url: dest_url.into_string(),
                text,
                is_image: false,
                span,
            }));
        }
        Tag::Image { dest_url, .. } => {
            open.push(Open::Link(Link { url: dest_url.into_string(), text, is_image: true, span }));
        }
        Tag::CodeBlock(kind) => {
            let language = match &kind {
                CodeBlockKind::Fenced(info) => info.split([' ', ',', '{']).next().unwrap_or(info),
                CodeBlockKind::Indented => "",
            };
            let language = language.to_owned();
            let content = Span { start: span.end, end: span.end };
            open.push(Open::Code(CodeBlock { language, text, content, span }));
        }
        Tag::Item => {
            *items += 1;
            open.push(Open::Item(Item { text, depth: *items, span }));
        }
        _ => {}
    }
}

fn end(tag: TagEnd, open: &mut Vec<Open>, items: &mut usize, out: &mut Markdown) {
    let closes = matches!(
        tag,
        TagEnd::Heading(_) | TagEnd::Link | TagEnd::Image | TagEnd::CodeBlock | TagEnd::Item
    );
    if !closes {
        return;
    }
    // Text belongs to what is around it, too: a link's to its heading.
    match open.pop() {
        Some(Open::Heading(heading)) => out.headings.push(heading),
        Some(Open::Link(link)) => {
            append(open, &link.text, link.span);
            out.links.push(link);
        }
        Some(Open::Code(block)) => out.code_blocks.push(block),
        Some(Open::Item(item)) => {
            *items -= 1;
            out.items.push(item);
        }
        None => {}
    }
}

/// Adds text to the innermost open part; true unless it is code.
fn append(open: &mut [Open], text: &str, span: Span) -> bool {
    match open.last_mut() {
        Some(Open::Heading(heading)) => heading.text.push_str(text),
        Some(Open::Link(link)) => link.text.push_str(text),
        Some(Open::Item(item)) => item.text.push_str(text),
        Some(Open::Code(block)) => {
            let is_first = block.text.is_empty();
            block.content = if is_first { span } else { block.content.to(span) };
            block.text.push_str(text);
            return false;
        }
        None => {}
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::Kind;

    #[test]
    fn parts_and_places() {
        let text = "# A [b](http://c) `d`\n\n- one\n  - two\n\ntext <!-- e -->\n\n```sh x\nls\npwd\n```\n![i](j.png)\n";
        let artifact = Artifact::with_kind("a.md", text.as_bytes().to_vec(), Kind::Markdown);
        let found = artifact.markdown().unwrap();
        assert_eq!((found.headings[0].level, found.headings[0].text.as_str()), (1, "A b d"));
        let links: Vec<_> = found.links.iter().map(|l| (l.url.as_str(), l.is_image)).collect();
        assert_eq!(links, [("http://c", false), ("j.png", true)]);
        assert_eq!(found.links[0].span.of(text), "[b](http://c)");
        let block = &found.code_blocks[0];
        assert_eq!((block.language.as_str(), block.content.of(text)), ("sh", "ls\npwd\n"));
        let items: Vec<_> = found.items.iter().map(|i| (i.text.as_str(), i.depth)).collect();
        assert_eq!(items, [("two", 2), ("one", 1)]);
        assert_eq!(found.html[0].text, "<!-- e -->");
        assert!(found.text.iter().any(|run| run.span.of(text) == "two"));
    }
}
