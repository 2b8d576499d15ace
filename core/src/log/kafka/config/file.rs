//! Files of properties: `kcat.conf`, where a line is taken as it stands, and Java's `.properties` with its escapes.

use std::path::Path;

use crate::log::LogError;

/// The properties of a file, in its order.
#[derive(Debug)]
pub(super) struct PropertyFile {
    pub properties: Vec<(String, String)>,
    /// Whether a Java client's rules apply.
    pub is_java: bool,
}

pub(super) fn read(path: &Path) -> Result<PropertyFile, LogError> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| LogError::File { path: path.display().to_string(), reason: error.to_string() })?;
    parse(&text, path)
}

fn parse(text: &str, path: &Path) -> Result<PropertyFile, LogError> {
    let is_java = path.extension().is_some_and(|extension| extension == "properties") || has_java_names(text);
    let properties = if is_java { java_lines(text) } else { plain_lines(text, path)? };
    Ok(PropertyFile { properties, is_java })
}

fn has_java_names(text: &str) -> bool {
    const JAVA_ONLY: [&str; 5] =
        ["sasl.jaas.config", "ssl.truststore.", "ssl.keystore.type", "key.deserializer", "value.deserializer"];
    text.lines().any(|line| JAVA_ONLY.iter().any(|name| line.trim_start().starts_with(name)))
}

fn plain_lines(text: &str, path: &Path) -> Result<Vec<(String, String)>, LogError> {
    let lines = text.lines().enumerate().map(|(at, line)| (at + 1, line.trim()));
    lines
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(number, line)| match line.split_once('=') {
            Some((name, value)) => Ok((name.trim().to_owned(), value.trim().to_owned())),
            None => Err(LogError::File {
                path: format!("{}:{number}", path.display()),
                reason: "a line must read name=value".into(),
            }),
        })
        .collect()
}

/// The rules of `java.util.Properties`: a backslash at the end goes on with the next line, `=`, `:` or white space ends
/// the name, and escapes stand for characters.
fn java_lines(text: &str) -> Vec<(String, String)> {
    let mut properties = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let start = line.trim_start();
        if start.is_empty() || start.starts_with(['#', '!']) {
            continue;
        }
        let mut whole = start.to_owned();
        while goes_on(&whole) {
            whole.pop();
            whole.push_str(lines.next().unwrap_or_default().trim_start());
        }
        let (name, value) = split_at_separator(&whole);
        properties.push((unescape(name), unescape(value)));
    }
    properties
}

fn goes_on(line: &str) -> bool {
    line.bytes().rev().take_while(|&byte| byte == b'\\').count() % 2 == 1
}

fn split_at_separator(line: &str) -> (&str, &str) {
    let mut escaped = false;
    let end = line.char_indices().find(|&(_, char)| {
        let ends = !escaped && (char == '=' || char == ':' || char.is_whitespace());
        escaped = !escaped && char == '\\';
        ends
    });
    let Some((end, _)) = end else { return (line, "") };
    let rest = line[end..].trim_start();
    let rest = rest.strip_prefix(['=', ':']).unwrap_or(rest);
    (&line[..end], rest.trim_start())
}

fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        if char != '\\' {
            plain.push(char);
            continue;
        }
        match chars.next() {
            Some('t') => plain.push('\t'),
            Some('n') => plain.push('\n'),
            Some('r') => plain.push('\r'),
            Some('f') => plain.push('\u{c}'),
            Some('u') => {
                let digits: String = chars.by_ref().take(4).collect();
                let code = u32::from_str_radix(&digits, 16).ok();
                plain.push(code.and_then(char::from_u32).unwrap_or('\u{fffd}'));
            }
            Some(other) => plain.push(other),
            None => {}
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kcats_lines_are_taken_as_they_stand() {
        let text = "# a comment\n\nbootstrap.servers = b:1 \nsasl.password=a\\b=c#d\n";
        let file = parse(text, Path::new("kcat.conf")).unwrap();
        let expected = [("bootstrap.servers", "b:1"), ("sasl.password", "a\\b=c#d")];
        assert_eq!(file.properties, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert!(!file.is_java);
    }

    #[test]
    fn a_line_without_a_value_is_named() {
        let error = parse("a=b\nnonsense\n", Path::new("kcat.conf")).unwrap_err();
        assert_eq!(error.to_string(), "kcat.conf:2: a line must read name=value");
    }

    #[test]
    fn java_lines_go_on_and_are_unescaped() {
        let text = "! comment\nsasl.jaas.config=a.B required \\\n   username=\"x\" \\\n   password=\"p\\\\\\\"q\";\n\
                    key\\:one : v\\u00e9\nempty=\nspaced value here\n";
        let properties = parse(text, Path::new("client.properties")).unwrap().properties;
        let expected = [
            ("sasl.jaas.config", "a.B required username=\"x\" password=\"p\\\"q\";"),
            ("key:one", "vé"),
            ("empty", ""),
            ("spaced", "value here"),
        ];
        assert_eq!(properties, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn a_java_file_is_known_by_its_names_too() {
        assert!(parse("ssl.truststore.location=/x\n", Path::new("prod.conf")).unwrap().is_java);
    }
}
