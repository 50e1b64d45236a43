//! What a hunt could not find, whatever the logs hold, is said; and files that do not tell their table can be named.

use expect_test::expect;

use super::{World, timeless};

fn world() -> World {
    let world = World::new();
    world.write("list.txt", "bad-host.shop\n93.184.216.34:443\nabcdef0123456789abcdef0123456789\n");
    world.write("dns/DnsEvents.csv", "TimeGenerated,Name,ClientIP\n2026-05-10T09:00:00Z,other.example,10.1.2.3\n");
    world.write("odd.csv", "when,Name,client,color\n2026-05-10T09:00:00Z,bad-host.shop,10.1.2.3,red\n");
    world
}

#[test]
fn an_all_clear_names_what_was_not_looked_for() {
    let world = world();
    expect![[r#"
        No sightings.

        Not looked for, as no file has a column that could show them:

        - 1 of 1 ip:port: CommonSecurityLog (DestinationIP, RequestURL), DeviceNetworkEvents (RemoteIP, RemoteUrl), UrlClickEvents (Url)
        - 1 of 1 md5: CommonSecurityLog (FileHash), DeviceFileEvents (MD5), DeviceProcessEvents (MD5)
        ! 0 sightings of 0 families on 0 hosts, 0 of them explained by exclusions; 1 row searched, 0 lines not readable
        = 0
    "#]]
    .assert_eq(&timeless(&world.run(&["hunt", "--intel", "list.txt", "dns"])));
    expect![[r#"
        Time,Family,Host,Indicator,Observed,MatchedBy,Table,Evidence,ExcludedBy,Confidence
        ! Not looked for, as no file has a column that could show them: 1 of 1 ip:port, 1 of 1 md5
        ! 0 sightings of 0 families on 0 hosts, 0 of them explained by exclusions; 1 row searched, 0 lines not readable
        = 0
    "#]]
    .assert_eq(&timeless(&world.run(&["hunt", "--intel", "list.txt", "dns", "--format", "csv"])));
    world.run(&["hunt", "--intel", "list.txt", "dns", "--out", "report.html"]);
    let page = std::fs::read_to_string(world.path("report.html")).expect("a report");
    let lead = page.lines().find(|line| line.contains("class=\"lead\"")).unwrap_or_default();
    expect![[r##"<p class="lead"><b class="calm">No sighting</b> of 1 indicator in what was searched; 2 further indicators could be shown by <a href="#blind">no file</a>.</p>"##]].assert_eq(lead);
    world.write(
        "dns/conn.log",
        "#separator \\x09\n#path\tconn\n#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\n\
        1747000000.1\tCabcdefghijklm1\t10.1.2.3\t5000\t192.0.2.7\t443\n",
    );
    let told = world.run(&["hunt", "--intel", "list.txt", "dns", "--format", "csv"]);
    assert!(told.contains("! Not looked for, as no file has a column that could show them: 1 of 1 md5\n"), "{told}");
}

#[test]
fn a_file_is_of_the_table_that_is_said() {
    let world = world();
    expect![[r#"
        Time,Family,Host,Indicator,Observed,MatchedBy,Table,Evidence,ExcludedBy,Confidence
        ! warning: nothing is searched: no hunt asks for the tables that these files are taken for
        ! Not looked for, as no file has a column that could show them: 1 of 1 domain, 1 of 1 ip:port, 1 of 1 md5
        ! Not searched, as no hunt asks for it: odd_CL; --table NAME=PATH says what else a file fills
        ! 0 sightings of 0 families on 0 hosts, 0 of them explained by exclusions; 0 rows searched, 0 lines not readable
        = 0
    "#]]
    .assert_eq(&timeless(&world.run(&["hunt", "--intel", "list.txt", "odd.csv", "--format", "csv"])));
    let named = ["hunt", "--intel", "list.txt", "--table", "DnsEvents=odd.csv", "--format", "csv"];
    expect![[r#"
        Time,Family,Host,Indicator,Observed,MatchedBy,Table,Evidence,ExcludedBy,Confidence
        2026-05-10T09:00:00.0000000Z,the list list,,bad-host.shop,bad-host.shop,exact,DnsEvents,odd.csv:2,,
        ! Not looked for, as no file has a column that could show them: 1 of 1 ip:port, 1 of 1 md5
        ! 1 sighting of 1 family on 0 hosts, 0 of them explained by exclusions; 1 row searched, 0 lines not readable
        = 0
    "#]]
    .assert_eq(&timeless(&world.run(&named)));
    let twice = [&named[..], &["odd.csv"]].concat();
    assert_eq!(timeless(&world.run(&named)), timeless(&world.run(&twice)));
    expect![[r#"
        ! error: no hunt asks a table `Dns`
        ! help: hunts ask CommonSecurityLog, DeviceEvents, DeviceFileEvents, DeviceNetworkEvents, DeviceProcessEvents, DnsEvents, UrlClickEvents
        = 2
    "#]]
    .assert_eq(&world.run(&["hunt", "--intel", "list.txt", "--table", "Dns=odd.csv"]));
}
