use std::io::BufRead;
fn main() {
    let mut args = std::env::args().skip(1);
    let schema = args.next();
    let plan = args.next().is_some();
    let cat = match schema.as_deref() {
        Some("open") | None => kql::catalog::Workspace::open(),
        Some("bare") => {
            let mut w = kql::catalog::Workspace::open();
            w.builtin = false;
            w
        }
        Some(p) => {
            let (p, open) = match p.strip_suffix("+open") {
                Some(p) => (p, true),
                None => (p, false),
            };
            let mut w =
                kql::catalog::Workspace::closed(kql::catalog::Schema::from_json(&std::fs::read_to_string(p).unwrap()).unwrap());
            w.open = open;
            w
        }
    };
    for line in std::io::stdin().lock().lines() {
        let v: serde_json::Value = serde_json::from_str(&line.unwrap()).unwrap();
        let q = v["query"].as_str().unwrap();
        let now = 639_000_000_000_000_000;
        let c = kql::check(q, &cat, now);
        let diags: Vec<_> = c.diagnostics.iter().map(|d| serde_json::json!({"code": d.code, "severity": d.severity.name(), "message": d.message, "start": d.span.start, "length": d.span.len()})).collect();
        let cols: Vec<_> = c.columns.iter().map(|c| serde_json::json!({"name": c.name, "type": c.ty.name()})).collect();
        println!(
            "{}",
            serde_json::json!({"id": v["id"], "ok": c.ok, "syntax_ok": c.syntax_ok, "open": c.open, "diagnostics": diags, "columns": cols})
        );
        if plan {
            let p = kql::parse(q);
            println!("{:#?}", kql::bind(&p.query, &cat, &kql::bind::Options { now, opened: vec![] }).query);
        }
    }
}
