//! What bytes are by their first ones, and what a file name promises.

/// The class of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Runs, or is loaded by what runs.
    Executable,
    /// Holds other files.
    Archive,
    /// A picture, sound, film or font.
    Image,
    /// A document or a database.
    Document,
    /// Text in UTF-16 or UTF-32.
    WideText,
    /// Text.
    Text,
}

/// A format that was recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// Its class.
    pub class: Class,
    /// Its name with an article.
    pub name: &'static str,
}

type Magic = (usize, &'static [u8], Class, &'static str);

/// Offset, bytes, class and name of each format; the first match counts.
const MAGIC: &[Magic] = &[
    (0, b"\x7fELF", Class::Executable, "an ELF executable or library"),
    (0, b"\xfe\xed\xfa\xce", Class::Executable, "a Mach-O executable"),
    (0, b"\xfe\xed\xfa\xcf", Class::Executable, "a Mach-O executable"),
    (0, b"\xce\xfa\xed\xfe", Class::Executable, "a Mach-O executable"),
    (0, b"\xcf\xfa\xed\xfe", Class::Executable, "a Mach-O executable"),
    (0, b"\x00asm", Class::Executable, "a WebAssembly module"),
    (0, b"dex\n03", Class::Executable, "an Android DEX file"),
    (0, b"BC\xc0\xde", Class::Executable, "LLVM bitcode"),
    (0, b"!<arch>\n", Class::Executable, "a static library or Debian package"),
    (0, b"PK\x03\x04", Class::Archive, "a ZIP archive"),
    (0, b"PK\x05\x06", Class::Archive, "an empty ZIP archive"),
    (0, b"\x1f\x8b\x08", Class::Archive, "a gzip archive"),
    (0, b"\xfd7zXZ\x00", Class::Archive, "an xz archive"),
    (0, b"BZh", Class::Archive, "a bzip2 archive"),
    (0, b"\x28\xb5\x2f\xfd", Class::Archive, "a zstd archive"),
    (0, b"7z\xbc\xaf\x27\x1c", Class::Archive, "a 7-Zip archive"),
    (0, b"Rar!\x1a\x07", Class::Archive, "a RAR archive"),
    (0, b"MSCF\x00\x00\x00\x00", Class::Archive, "a cabinet archive"),
    (0, b"\x04\x22\x4d\x18", Class::Archive, "an LZ4 archive"),
    (257, b"ustar", Class::Archive, "a tar archive"),
    (0, b"\xed\xab\xee\xdb", Class::Archive, "an RPM package"),
    (0, b"\x89PNG\r\n\x1a\n", Class::Image, "a PNG image"),
    (0, b"\xff\xd8\xff", Class::Image, "a JPEG image"),
    (0, b"GIF87a", Class::Image, "a GIF image"),
    (0, b"GIF89a", Class::Image, "a GIF image"),
    (8, b"WEBP", Class::Image, "a WebP image"),
    (0, b"\x00\x00\x01\x00", Class::Image, "an icon"),
    (0, b"wOFF", Class::Image, "a font"),
    (0, b"wOF2", Class::Image, "a font"),
    (0, b"OTTO", Class::Image, "a font"),
    (4, b"ftyp", Class::Image, "a film"),
    (0, b"OggS", Class::Image, "sound"),
    (0, b"ID3", Class::Image, "sound"),
    (0, b"RIFF", Class::Image, "sound or film"),
    (0, b"%PDF-", Class::Document, "a PDF document"),
    (0, b"SQLite format 3\x00", Class::Document, "an SQLite database"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Class::Document, "an OLE document"),
    (0, b"\xff\xfe\x00\x00", Class::WideText, "text in UTF-32"),
    (0, b"\x00\x00\xfe\xff", Class::WideText, "text in UTF-32"),
    (0, b"\xff\xfe", Class::WideText, "text in UTF-16"),
    (0, b"\xfe\xff", Class::WideText, "text in UTF-16"),
];

/// What `bytes` are; `None` when no format is recognised.
pub fn identify(bytes: &[u8]) -> Option<Format> {
    let executable = |name| Some(Format { class: Class::Executable, name });
    // `MZ` alone starts ordinary words: the offset at 60 leads to `PE`.
    if bytes.starts_with(b"MZ") {
        let offset = bytes.get(60..64).and_then(|b| <[u8; 4]>::try_from(b).ok());
        let offset = offset.map(u32::from_le_bytes).unwrap_or_default() as usize;
        if bytes.get(offset..).is_some_and(|rest| rest.starts_with(b"PE\0\0")) || bytes.len() < 64 {
            return executable("a Windows executable or library");
        }
    }
    // Java classes and universal Mach-O files share their first bytes; a class
    // file has a version of at least 45 where the other counts architectures.
    if let [0xca, 0xfe, 0xba, 0xbe, a, b, c, d, ..] = bytes {
        let number = u32::from_be_bytes([*a, *b, *c, *d]);
        let name = if (number & 0xffff) >= 45 { "a Java class" } else { "a Mach-O executable" };
        return executable(name);
    }
    // Python bytecode: two bytes of version, then carriage return and line feed.
    if let [version, 0x0d, b'\r', b'\n', ..] = bytes
        && bytes.len() >= 16
        && !version.is_ascii_alphabetic()
    {
        return executable("Python bytecode");
    }
    MAGIC
        .iter()
        .find(|(offset, magic, ..)| {
            bytes.get(*offset..).is_some_and(|rest| rest.starts_with(magic))
        })
        .map(|(_, _, class, name)| Format { class: *class, name })
        .or_else(|| unmarked_utf16(bytes))
}

/// UTF-16 without a mark: nearly every second byte of the start is NUL.
fn unmarked_utf16(bytes: &[u8]) -> Option<Format> {
    let start = bytes.get(..bytes.len().min(512) & !1)?;
    let pairs = start.len() / 2;
    let nul = |odd: usize| start.iter().skip(odd).step_by(2).filter(|b| **b == 0).count();
    let (even, odd) = (nul(0), nul(1));
    let mostly = |many: usize, few: usize| pairs >= 8 && many * 10 >= pairs * 8 && few * 10 < pairs;
    (mostly(odd, even) || mostly(even, odd))
        .then_some(Format { class: Class::WideText, name: "text in UTF-16" })
}

/// The first NUL or control byte that text does not hold.
pub fn first_binary_byte(bytes: &[u8]) -> Option<usize> {
    let control = |b: &u8| *b < 0x20 && !matches!(*b, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b);
    bytes.iter().position(control)
}

const TEXT: &[&str] = &[
    "txt", "md", "rst", "py", "js", "mjs", "cjs", "ts", "tsx", "jsx", "json", "yaml", "yml",
    "toml", "ini", "cfg", "conf", "env", "sh", "bash", "rs", "go", "java", "rb", "php", "c", "h",
    "cc", "cpp", "hpp", "cs", "sol", "sql", "tf", "hcl", "html", "htm", "css", "scss", "xml",
    "svg", "csv", "tsv", "lock", "proto", "gradle", "kt", "swift", "pl", "lua", "r", "m4", "cmake",
    "vue",
];
const IMAGE: &[&str] = &[
    "png", "jpg", "jpeg", "gif", "webp", "ico", "bmp", "tiff", "woff", "woff2", "ttf", "otf",
    "mp3", "mp4", "ogg", "wav", "webm", "avif",
];
const DOCUMENT: &[&str] = &["pdf", "doc", "xls", "ppt", "sqlite", "db"];
/// ZIP archives by another name, which hold documents.
const ZIPPED: &[&str] =
    &["docx", "xlsx", "pptx", "odt", "ods", "odp", "epub", "ipynb", "xpi", "vsix"];
const EXECUTABLE: &[&str] = &[
    "exe", "dll", "so", "dylib", "jar", "war", "ear", "apk", "aar", "whl", "egg", "pyc", "class",
    "wasm", "o", "a", "lib", "deb", "rpm", "msi", "dex", "node", "bin",
];
const NAMES: &[&str] =
    &["dockerfile", "makefile", "license", "readme", "jenkinsfile", "vagrantfile"];

/// What a lower-case file name promises; `None` when it says nothing.
pub fn promise(name: &str) -> Option<Class> {
    if NAMES.contains(&name) {
        return Some(Class::Text);
    }
    let extension = name.rsplit_once('.')?.1;
    let has = |list: &[&str]| list.contains(&extension);
    if has(TEXT) {
        Some(Class::Text)
    } else if has(IMAGE) {
        Some(Class::Image)
    } else if has(DOCUMENT) {
        Some(Class::Document)
    } else if has(EXECUTABLE) {
        Some(Class::Executable)
    } else {
        has(ZIPPED).then_some(Class::Archive)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_apart() {
        let class = |bytes: &[u8]| identify(bytes).map(|format| format.class);
        assert_eq!(class(b"\x7fELF\x02\x01"), Some(Class::Executable));
        assert_eq!(class(b"\xca\xfe\xba\xbe\x00\x00\x00\x41"), Some(Class::Executable));
        assert_eq!(identify(b"\xca\xfe\xba\xbe\x00\x00\x00\x41").unwrap().name, "a Java class");
        assert_eq!(class(b"h\0e\0l\0l\0o\0 \0w\0o\0r\0l\0d\0"), Some(Class::WideText));
        assert_eq!(class(b"\x00\x01\x02\x03"), None);
        assert_eq!(promise("x.tar.gz"), None);
        assert_eq!(promise("main.py"), Some(Class::Text));
    }
}
