//! The company of the demo: its machines, what they ask for on an ordinary day, and chance that is the same every time.
//!
//! All of it is made up: machines stand under `corp.example`, addresses come from private or documentation ranges (RFC 1918, 5737).

use kql::time;

/// A machine.
#[derive(Clone, Copy, Debug)]
pub(super) struct Host {
    /// Its name, as Windows shows it.
    pub(super) name: &'static str,
    /// Its address.
    pub(super) ip: &'static str,
    /// Who uses it.
    pub(super) user: &'static str,
}

const fn host(name: &'static str, ip: &'static str, user: &'static str) -> Host {
    Host { name, ip, user }
}

/// Machines at the head office, whose DNS server and endpoint protection log to Sentinel.
pub(super) const OFFICE: &[Host] = &[
    host("WS-FIN-014", "10.20.4.14", "amelie.roux"),
    host("WS-FIN-017", "10.20.4.17", "tomas.lindqvist"),
    host("LT-SALES-031", "10.20.7.31", "grace.okafor"),
    host("LT-SALES-036", "10.20.7.36", "pieter.devries"),
    host("LT-HR-022", "10.20.5.22", "maria.santos"),
    host("WS-ENG-101", "10.20.9.101", "kenji.sato"),
    host("WS-ENG-108", "10.20.9.108", "ines.moreau"),
    host("WS-ENG-115", "10.20.9.115", "oluwaseun.ade"),
    host("LT-EXEC-002", "10.20.3.2", "helen.brandt"),
    host("SRV-DC-01", "10.20.0.10", "svc-dc"),
    host("SRV-BKP-01", "10.20.0.40", "svc-veeam"),
    host("SRV-SQL-02", "10.20.0.52", "svc-sql"),
    host("SRV-FILE-01", "10.20.0.31", "svc-file"),
];

/// Machines at the branch, seen only by a Zeek sensor.
pub(super) const BRANCH: &[Host] = &[
    host("BR-WS-03", "10.40.3.23", "lucia.ferri"),
    host("BR-WS-07", "10.40.3.27", "samuel.nkosi"),
    host("BR-WS-09", "10.40.3.29", "hana.novak"),
    host("BR-POS-01", "10.40.5.11", "pos"),
    host("BR-POS-02", "10.40.5.12", "pos"),
    host("BR-CAM-01", "10.40.6.5", "camera"),
];

/// Machines of the web shop's network, seen by Suricata.
pub(super) const SHOP: &[Host] =
    &[host("WEB-01", "10.60.1.11", "www"), host("WEB-02", "10.60.1.12", "www"), host("BUILD-01", "10.60.1.30", "ci")];

/// The machine of that name.
pub(super) fn machine(name: &str) -> Host {
    let all = OFFICE.iter().chain(BRANCH).chain(SHOP);
    *all.clone().find(|host| host.name == name).expect("the demo's machines are named in this file")
}

/// Names asked for every day, the most frequent first, and an address that answers.
const NAMES: &[&str] = &[
    "outlook.office365.com",
    "login.microsoftonline.com",
    "teams.microsoft.com",
    "www.google.com",
    "settings-win.data.microsoft.com",
    "ctldl.windowsupdate.com",
    "intranet.corp.example",
    "srv-file-01.corp.example",
    "srv-dc-01.corp.example",
    "graph.microsoft.com",
    "wpad.corp.example",
    "slack.com",
    "edge.microsoft.com",
    "fonts.gstatic.com",
    "ocsp.digicert.com",
    "crl3.digicert.com",
    "www.gstatic.com",
    "safebrowsing.googleapis.com",
    "github.com",
    "api.github.com",
    "zoom.us",
    "www.bing.com",
    "dl.delivery.mp.microsoft.com",
    "print.corp.example",
    "time.windows.com",
    "en.wikipedia.org",
    "www.linkedin.com",
    "static.licdn.com",
    "registry.npmjs.org",
    "pypi.org",
    "crates.io",
    "www.bbc.co.uk",
    "cdn.jsdelivr.net",
    "erp.corp.example",
    "vpn.corp.example",
    "www.booking.com",
    "weather.com",
    "shop.partner.example",
    "mail.supplier.example",
    "sip.telephony.example",
];

/// Chance that is the same every time: SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
pub(super) struct Chance(u64);

impl Chance {
    pub(super) fn new(seed: u64) -> Chance {
        Chance(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 up to, not including, `end`.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// One of them.
    pub(super) fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        let at = self.below(of.len() as u64);
        &of[usize::try_from(at).unwrap_or(0)]
    }

    /// One of [`NAMES`], the first ones far more often.
    pub(super) fn name(&mut self) -> &'static str {
        let count = NAMES.len() as u64;
        let at = self.below(count) * self.below(count) / count;
        NAMES[usize::try_from(at).unwrap_or(0)]
    }

    /// An identifier of the kind Zeek gives to connections.
    pub(super) fn uid(&mut self) -> String {
        const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        let tail: String = (0..16).map(|_| char::from(*self.pick(LETTERS))).collect();
        format!("C{tail}")
    }

    /// A moment of the day that starts at `day`, in ticks, working hours far more often than night.
    pub(super) fn moment(&mut self, day: i64) -> i64 {
        // The sum of two chances peaks in the middle; around 13:00 UTC here.
        let hour = if self.below(10) < 8 { 7 + (self.below(7) + self.below(7)) } else { self.below(24) };
        let within = self.below(time::HOUR.unsigned_abs());
        day + i64::try_from(hour).unwrap_or(0) * time::HOUR + i64::try_from(within).unwrap_or(0)
    }

    /// A moment of that day or of the next.
    pub(super) fn moment_of_two(&mut self, day: i64) -> i64 {
        let later = if self.below(2) == 1 { time::DAY } else { 0 };
        self.moment(day + later)
    }
}

/// The address that the demo's DNS answers for an ordinary name: one of the documentation range, or the office's own.
pub(super) fn address_of(name: &str) -> String {
    let sum = name.bytes().fold(7_u32, |sum, b| sum.wrapping_mul(31).wrapping_add(u32::from(b)));
    if name.ends_with(".corp.example") { format!("10.20.0.{}", sum % 200 + 10) } else { format!("192.0.2.{}", sum % 250 + 1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chance_is_the_same_every_time() {
        let draw = || {
            let mut chance = Chance::new(7);
            (chance.below(1000), chance.name(), chance.uid(), chance.moment(0))
        };
        assert_eq!(draw(), draw());
    }
}
