//! What Windows events say, in the words that Defender's and Sentinel's columns have for it.

use crate::column::{Cell, Raw};

/// The values of `N` lists of fields: of each the first that holds something.
pub(super) fn pick<'a, const N: usize>(raws: &[Raw<'a>]) -> [Raw<'a>; N] {
    let len = (raws.len() / N).max(1);
    let mut found = [Raw::Missing; N];
    for (value, list) in found.iter_mut().zip(raws.chunks(len)) {
        *value = list.iter().copied().find(|raw| says_something(*raw)).unwrap_or(Raw::Missing);
    }
    found
}

/// It is neither empty nor the dash that Sysmon and the log `Security` write for nothing.
fn says_something(raw: Raw<'_>) -> bool {
    !raw.is_empty() && !matches!(raw, Raw::Json(b"\"-\"") | Raw::Quoted(b"-"))
}

/// The field as it stands, if it is there.
pub(super) fn present(raw: Raw<'_>) -> Option<Cell<'_>> {
    (!raw.is_empty()).then_some(Cell::Raw(raw))
}

/// The last part of a path.
pub(super) fn file_name<'a>(raws: &[Raw<'a>]) -> Option<Cell<'a>> {
    let [path] = pick(raws);
    let path = path.text()?;
    let file = of_its_file(&path);
    Some(Cell::Text(file.rsplit(['\\', '/']).next().unwrap_or(file).to_owned().into()))
}

/// The path of the file that has the stream of that path: `C:\a.exe` of `C:\a.exe:Zone.Identifier`.
pub(super) fn of_its_file(path: &str) -> &str {
    let name = path.rfind(['\\', '/']).map_or(0, |at| at + 1);
    path[name..].find(':').map_or(path, |colon| &path[..name + colon])
}

/// `name` of `DOMAIN\name`.
pub(super) fn account_name<'a>(raws: &[Raw<'a>]) -> Option<Cell<'a>> {
    let [user] = pick(raws);
    let user = user.text()?;
    Some(Cell::Text(user.split_once('\\').map_or(&*user, |(_, name)| name).to_owned().into()))
}

/// `DOMAIN` of `DOMAIN\name`.
pub(super) fn account_domain<'a>(raws: &[Raw<'a>]) -> Option<Cell<'a>> {
    let [user] = pick(raws);
    Some(Cell::Text(user.text()?.split_once('\\')?.0.to_owned().into()))
}

/// A name and its domain as `DOMAIN\name`.
pub(super) fn account<'a>([name, domain]: [Raw<'a>; 2]) -> Option<Cell<'a>> {
    let name = name.text()?;
    Some(Cell::Text(domain.text().map_or_else(|| name.clone(), |domain| format!("{domain}\\{name}").into())))
}

/// The account that an event is about: who logged on, or failed to; in all others who did it.
pub(super) fn whose<'a>(raws: &[Raw<'a>]) -> Option<Cell<'a>> {
    let [subject, subject_domain, target, target_domain, id] = pick(raws);
    let logon = matches!(id.text()?.as_ref(), "4624" | "4625" | "4634" | "4647" | "4768" | "4769" | "4771" | "4776");
    let (subject, target) = ([subject, subject_domain], [target, target_domain]);
    let [one, other] = if logon { [target, subject] } else { [subject, target] };
    account(one).or_else(|| account(other))
}

/// One of the hashes of `SHA1=…,MD5=…,SHA256=…,IMPHASH=…`, in small letters as Defender has them.
pub(super) fn hash<'a>(raws: &[Raw<'a>], algorithm: &str) -> Option<Cell<'a>> {
    let [hashes] = pick(raws);
    let hashes = hashes.text()?;
    let found = hashes.split(',').filter_map(|part| part.trim().split_once('='));
    found.filter(|(name, _)| *name == algorithm).map(|(_, hash)| Cell::Text(hash.to_ascii_lowercase().into())).next()
}

/// A line of the stream that says where a file came from.
pub(super) fn zone<'a>(raws: &[Raw<'a>], key: &str) -> Option<Cell<'a>> {
    let [contents] = pick(raws);
    let contents = contents.text()?;
    let value = contents.split(char::is_whitespace).find_map(|line| line.strip_prefix(key))?;
    Some(Cell::Text(value.to_owned().into()))
}

/// A protocol's name, which the log `Security` writes as a number (IANA, "Protocol Numbers").
pub(super) fn protocol<'a>(raws: &[Raw<'a>]) -> Option<Cell<'a>> {
    let [protocol] = pick(raws);
    let protocol = protocol.text()?;
    Some(Cell::Text(match protocol.to_ascii_lowercase().as_str() {
        "6" | "tcp" => "Tcp".into(),
        "17" | "udp" => "Udp".into(),
        "1" | "icmp" => "Icmp".into(),
        _ => protocol,
    }))
}

/// The key that changed, its root written out as Defender does, and the value of it, if it was one.
pub(super) fn key_and_value(raws: &[Raw<'_>]) -> Option<(String, Option<String>)> {
    const ROOTS: [(&str, &str); 3] =
        [("HKLM\\", "HKEY_LOCAL_MACHINE\\"), ("HKU\\", "HKEY_USERS\\"), ("HKCR\\", "HKEY_CLASSES_ROOT\\")];
    let [kind, object] = pick(raws);
    let object = object.text()?;
    let root = ROOTS.iter().find(|(short, _)| object.starts_with(short));
    let whole = root.map_or_else(|| object.to_string(), |(short, long)| format!("{long}{}", &object[short.len()..]));
    match whole.rsplit_once('\\').filter(|_| kind.text().is_some_and(|kind| kind.ends_with("Value"))) {
        Some((key, value)) => Some((key.to_owned(), Some(value.to_owned()))),
        None => Some((whole, None)),
    }
}

/// A connection: address, port and name of its ends.
pub(super) struct Connection<'a> {
    pub(super) local: [Raw<'a>; 3],
    pub(super) remote: [Raw<'a>; 3],
    /// The remote end opened it.
    pub(super) accepted: bool,
}

impl<'a> Connection<'a> {
    pub(super) fn of(raws: &[Raw<'a>]) -> Connection<'a> {
        let fields: [Raw<'a>; 9] = pick(raws);
        let [from, from_port, from_name, to, to_port, to_name, opened, ..] = fields;
        let (source, destination) = ([from, from_port, from_name], [to, to_port, to_name]);
        let (local, remote) = if is_from_outside(&fields) { (destination, source) } else { (source, destination) };
        let accepted = matches!(opened.text().as_deref(), Some("false" | "%%14592" | "Inbound"));
        Connection { local, remote, accepted }
    }
}

/// The source is the remote end. Sysmon writes a connection that was accepted from either end: then the host's name tells or, of TCP,
/// the port, since who listens has the lower one.
fn is_from_outside(fields: &[Raw<'_>; 9]) -> bool {
    let [_, from_port, from_name, _, to_port, to_name, opened, protocol, computer] = fields;
    match opened.text().as_deref() {
        Some("%%14592" | "Inbound") => return true,
        Some("false") => {}
        _ => return false,
    }
    let host = |raw: &Raw<'_>| raw.text().map(|text| text.split('.').next().unwrap_or_default().to_ascii_lowercase());
    let (own, from, to) = (host(computer), host(from_name), host(to_name));
    if own.is_some() && (own == from || own == to) {
        return own != from;
    }
    let port = |raw: &Raw<'_>| raw.text().and_then(|text| text.parse::<u16>().ok());
    let tcp = protocol.text().as_deref() == Some("tcp");
    tcp && port(from_port) > port(to_port)
}
