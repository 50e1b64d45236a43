//! The numbers and names of DNS (IANA, "Domain Name System (DNS) Parameters"), for the formats that write one of the two.

use crate::column::{Cell, Raw};

const RESULTS: [&str; 11] =
    ["NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET", "NOTAUTH", "NOTZONE"];

/// The number of a result's name.
pub(crate) fn result_code<'a>(raws: &[Raw<'a>]) -> Option<Cell<'a>> {
    let name = raws.first()?.text()?;
    RESULTS.iter().position(|known| *known == name).map(|code| Cell::Text(code.to_string().into()))
}
