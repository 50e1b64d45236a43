//! Reading texts of a known form: `parse_csv`, `parse_url`, `parse_path`, `parse_version`, `parse_command_line`. See `parse.md`.

use serde_json::{Map, Value as Json, json};

use super::argument::{json_array, text};
use super::{Call, Function};
use crate::cell::Cell;

/// The functions of this file.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::row("parse_csv", |_, args| json_array(first_record(&text(args, 0)).into_iter().map(Json::from).collect())),
    Function::row("parse_url", |_, args| Cell::json(&url(&text(args, 0)))),
    Function::row("parseurl", |_, args| Cell::json(&url(&text(args, 0)))),
    Function::row("parse_urlquery", |_, args| Cell::json(&json!({ "Query Parameters": query(&text(args, 0)) }))),
    Function::row("parseurlquery", |_, args| Cell::json(&json!({ "Query Parameters": query(&text(args, 0)) }))),
    Function::row("parse_path", |_, args| Cell::json(&path(&text(args, 0)))),
    Function::row("parse_version", |_, args| version(&text(args, 0)).map_or(Cell::Null, |v| Cell::Decimal(v.into()))),
    Function::row("parse_command_line", command_line),
];

/// The fields of the first record: quoted ones may hold commas, line feeds, and quotes written twice.
fn first_record(text: &str) -> Vec<String> {
    let (mut fields, mut field) = (Vec::new(), String::new());
    let mut chars = text.chars().peekable();
    let mut quoted = false;
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                field.push('"');
            }
            '"' if quoted => quoted = false,
            '"' if field.is_empty() => quoted = true,
            ',' if !quoted => fields.push(std::mem::take(&mut field)),
            '\r' if !quoted && chars.peek() == Some(&'\n') => break,
            '\n' if !quoted => break,
            c => field.push(c),
        }
    }
    fields.push(field);
    fields
}

/// The parts of `scheme://user:password@host:port/path?query#fragment`; those that are not there are empty.
fn url(text: &str) -> Json {
    let (rest, fragment) = text.split_once('#').unwrap_or((text, ""));
    let (rest, parameters) = rest.split_once('?').unwrap_or((rest, ""));
    let (scheme, authority, path) = match rest.split_once("://") {
        Some((scheme, rest)) => {
            let end = rest.find('/').unwrap_or(rest.len());
            (scheme, &rest[..end], &rest[end..])
        }
        None => ("", "", rest),
    };
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let (username, password) = user.split_once(':').unwrap_or((user, ""));
    // The colons of an address in brackets are its own.
    let bracket = host.rfind(']').unwrap_or(0);
    let (host, port) = host[bracket..].rfind(':').map_or((host, ""), |at| (&host[..bracket + at], &host[bracket + at + 1..]));
    json!({
        "Scheme": scheme, "Host": host, "Port": port, "Path": path, "Username": username, "Password": password,
        "Query Parameters": query(parameters), "Fragment": fragment,
    })
}

/// `k1=v1&k2=v2` as a bag, its values as they stand.
fn query(text: &str) -> Json {
    let mut out = Map::new();
    for pair in text.trim_start_matches('?').split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        out.insert(key.to_owned(), Json::from(value));
    }
    Json::Object(out)
}

/// The parts of a path of Windows, Unix, a share or a `file://` address.
fn path(text: &str) -> Json {
    let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
    let slash = |c: char| c == '/' || c == '\\';
    let long = rest.strip_prefix(r"\\?\").unwrap_or(rest);
    let root = if long.as_bytes().get(1) == Some(&b':') && long.as_bytes()[0].is_ascii_alphabetic() { &long[..2] } else { "" };
    let (directory, file) = match rest.rfind(slash) {
        Some(at) => (&rest[..at], &rest[at + 1..]),
        None => ("", rest),
    };
    let (file, stream) = match file.split_once(':') {
        Some((file, stream)) if file.len() > 1 || !root.starts_with(file) => (file, stream),
        _ => (file, ""),
    };
    let name = directory.rsplit(slash).next().unwrap_or("");
    let extension = file.rsplit_once('.').map_or("", |(_, extension)| extension);
    json!({
        "Scheme": scheme, "RootPath": root, "DirectoryPath": directory, "DirectoryName": name, "Filename": file,
        "Extension": extension, "AlternateDataStreamName": stream,
    })
}

/// One to four numbers of up to eight digits, as one number of 32 digits.
fn version(text: &str) -> Option<String> {
    let parts: Vec<&str> = text.trim().split('.').collect();
    let fits = |part: &&str| !part.is_empty() && part.len() <= 8 && part.bytes().all(|b| b.is_ascii_digit());
    if parts.len() > 4 || !parts.iter().all(fits) {
        return None;
    }
    let digits: String = (0..4).map(|at| format!("{:0>8}", parts.get(at).unwrap_or(&"0"))).collect();
    let number = digits.trim_start_matches('0');
    Some(if number.is_empty() { "0".to_owned() } else { number.to_owned() })
}

/// The arguments of a command line as Windows takes it apart; null for any other parser.
fn command_line<'a>(_: &Call, args: &[Cell<'a>]) -> Cell<'a> {
    if !text(args, 1).eq_ignore_ascii_case("windows") {
        return Cell::Null;
    }
    json_array(windows_arguments(&text(args, 0)).into_iter().map(Json::from).collect())
}

/// The rules of `CommandLineToArgvW`: the first argument ends at its quote or at a blank; in the others, 2n backslashes before a
/// quote are n, one more makes the quote a character.
fn windows_arguments(line: &str) -> Vec<String> {
    let mut arguments = Vec::new();
    let blank = |c: char| c == ' ' || c == '\t';
    let line = line.trim_matches(blank);
    if line.is_empty() {
        return arguments;
    }
    let (first, rest) = match line.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
        None => line.split_at(line.find(blank).unwrap_or(line.len())),
    };
    arguments.push(first.to_owned());
    let (mut argument, mut started, mut quoted, mut slashes) = (String::new(), false, false, 0);
    let mut chars = rest.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                slashes += 1;
                started = true;
                continue;
            }
            '"' => {
                argument.extend(std::iter::repeat_n('\\', slashes / 2));
                started = true;
                if slashes % 2 == 1 {
                    argument.push('"');
                } else if quoted && chars.peek() == Some(&'"') {
                    chars.next();
                    argument.push('"');
                } else {
                    quoted = !quoted;
                }
            }
            c => {
                argument.extend(std::iter::repeat_n('\\', slashes));
                if blank(c) && !quoted {
                    if started {
                        arguments.push(std::mem::take(&mut argument));
                    }
                    started = false;
                } else {
                    argument.push(c);
                    started = true;
                }
            }
        }
        slashes = 0;
    }
    argument.extend(std::iter::repeat_n('\\', slashes));
    if started {
        arguments.push(argument);
    }
    arguments
}

#[cfg(test)]
mod tests {
    use kql::Type;

    use super::*;
    use crate::function::testing::{dynamic, eval, s};

    fn of(name: &str, args: &[Cell<'static>]) -> String {
        eval(name, args, Type::Dynamic).as_str().to_owned()
    }

    #[test]
    fn records_and_queries_are_read() {
        let csv = of("parse_csv", &[s("aa,\"b,b\",\"x \"\"y\"\"\",\r\nnext")]);
        assert_eq!(csv, r#"["aa","b,b","x \"y\"",""]"#);
        assert_eq!(of("parse_urlquery", &[s("k1=v1&k2=a%20b&k3")]), r#"{"Query Parameters":{"k1":"v1","k2":"a%20b","k3":""}}"#);
    }

    #[test]
    fn urls_are_taken_apart() {
        let whole = of("parse_url", &[s("https://user:pw@host.example:8443/a/b?x=1#top")]);
        assert_eq!(
            whole,
            r##"{"Scheme":"https","Host":"host.example","Port":"8443","Path":"/a/b","Username":"user","Password":"pw","Query Parameters":{"x":"1"},"Fragment":"top"}"##
        );
        assert!(of("parse_url", &[s("http://[2001:db8::1]/x")]).contains(r#""Host":"[2001:db8::1]","Port":"","Path":"/x""#));
        assert!(of("parse_url", &[s("http://[2001:db8::1]:80")]).contains(r#""Port":"80","Path":"""#));
    }

    #[test]
    fn paths_are_taken_apart() {
        for (text, root, directory, file, extension, stream) in [
            (r"C:\temp\file.txt", "C:", r"C:\\temp", "file.txt", "txt", ""),
            ("file://C:/temp/file.txt:some.exe", "C:", "C:/temp", "file.txt", "txt", "some.exe"),
            (r"\\shared\temp\file.txt.gz", "", r"\\\\shared\\temp", "file.txt.gz", "gz", ""),
            ("/usr/lib/temp/x", "", "/usr/lib/temp", "x", "", ""),
            (r"temp\file", "", "temp", "file", "", ""),
        ] {
            let parts = of("parse_path", &[s(text)]);
            let wanted = format!(
                r#""RootPath":"{root}","DirectoryPath":"{directory}","DirectoryName":"temp","Filename":"{file}","Extension":"{extension}","AlternateDataStreamName":"{stream}"}}"#
            );
            assert!(parts.ends_with(&wanted), "{parts}");
        }
    }

    #[test]
    fn versions_are_numbers() {
        let version = |text| eval("parse_version", &[s(text)], Type::Decimal).as_str().to_owned();
        assert_eq!(version("1.2.3.4"), "1000000020000000300000004");
        assert_eq!(version("0.0.3"), "300000000");
        assert_eq!(version("0"), "0");
        assert_eq!(version("1.2.3.4.5") + &version("1.x") + &version("123456789"), "");
    }

    #[test]
    fn command_lines_are_taken_apart() {
        let line = |text| of("parse_command_line", &[s(text), s("windows")]);
        assert_eq!(line(r#"echo "hello world!""#), r#"["echo","hello world!"]"#);
        assert_eq!(line(r#""C:\a b\x.exe"  /c  a\\\"b "" c\\"#), r#"["C:\\a b\\x.exe","/c","a\\\"b","","c\\\\"]"#);
        assert_eq!(line(""), "[]");
        assert_eq!(eval("parse_command_line", &[s("a"), s("unix")], Type::Dynamic), Cell::Null);
        assert_eq!(eval("parse_csv", &[s("")], Type::Dynamic), dynamic(r#"[""]"#));
    }
}
