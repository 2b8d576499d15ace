//! Tables of a real PostgreSQL that `fabula run --to` writes and `fabula drift` reads.

use fabula_tests::arguments;
use fabula_tests::copies::{KINDS, Rows, assert_same, told};
use fabula_tests::postgres::{PASSWORD, Postgres, USER};
use fabula_tests::program;
use serde_json::{Value, json};

/// A schema of the test's own, and a table in it.
fn schema(server: &Postgres, name: &str) -> String {
    server.ask(&format!("DROP SCHEMA IF EXISTS {name} CASCADE; CREATE SCHEMA {name}"));
    format!("{name}.rows")
}

#[test]
fn psql_reads_the_view_with_its_types() {
    let Some(server) = Postgres::shared("psql_reads_the_view_with_its_types") else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let rows = Rows::new(folder.path(), 100);
    let (table, address) = (schema(server, "types"), server.address(USER));
    let ran = server.run(rows.run(&["--to", &address, "--table", &table])).ok();
    assert!(ran.stderr.contains("rows: 106 rows"), "{}", ran.stderr);
    assert!(ran.stderr.contains("failed: 1 value could not be calculated"), "{}", ran.stderr);
    let names: Vec<String> = KINDS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let types = server.ask(&format!(
        "SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY attnum) FROM pg_attribute \
         WHERE attrelid = '{table}'::regclass AND attnum > 0"
    ));
    assert_eq!(
        types,
        "id text, n bigint, price numeric, ratio double precision, at timestamp with time zone, ok boolean, text text, \
         list json, odd text, nothing text, failed numeric, raw bytea, us timestamp with time zone, ns text, \
         nan double precision"
    );
    // Every value as text, null as null.
    let cells: Vec<String> = KINDS
        .iter()
        .map(|(name, kind)| match *kind {
            "time" | "time in microseconds" => {
                format!("to_char({name} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')")
            }
            _ => format!("\"{name}\"::text"),
        })
        .collect();
    let read = server.ask(&format!("SELECT json_build_array({}) FROM {table}", cells.join(", ")));
    let read: Vec<Vec<Value>> = read
        .lines()
        .map(|line| {
            let cells: Vec<Value> = serde_json::from_str(line).expect("JSON");
            let kinds = KINDS.iter().map(|(_, kind)| *kind);
            cells
                .into_iter()
                .zip(kinds)
                .map(|(cell, kind)| {
                    // psql writes bytes as a text with a mark before it.
                    let text =
                        cell.as_str().map(|text| if kind == "bytes" { text.trim_start_matches("\\x") } else { text });
                    text.map_or(Value::Null, |text| told(kind, text))
                })
                .collect()
        })
        .collect();
    let kinds = |kind: &str| KINDS.iter().find(|(_, known)| *known == kind).map_or("", |(_, kind)| kind);
    assert_same(&rows.json(), &names, &read, &kinds);
    // And read back by Fabula itself nothing has drifted.
    let drift = server.run(rows.of("drift", &["--copy", &address, "--table", &table, "--key", "id", "-J"])).ok();
    let drift = &drift.json_lines()[0];
    assert_eq!([&drift["equal"], &drift["view_rows"], &drift["copy_rows"]], [&json!(106); 3]);
    server.ask(&format!(
        "UPDATE {table} SET price = price + 1 WHERE id = 'row 7'; DELETE FROM {table} WHERE id = 'row 8'"
    ));
    let drift = server.run(rows.of("drift", &["--copy", &address, "--table", &table, "--key", "id", "-J"])).ok();
    let drift = &drift.json_lines()[0];
    assert_eq!([&drift["equal"], &drift["missing"], &drift["different"]], [&json!(104), &json!(1), &json!(1)]);
    assert_eq!(drift["rows"][0]["columns"]["price"], json!({"view": 7.07, "copy": 8.07}));
    assert_eq!(drift["rows"][0]["events"]["made_by"], json!(["rows/0/13"]));
}

#[test]
fn a_table_is_replaced_or_takes_rows_by_their_key_and_keeps_what_hangs_on_it() {
    let Some(server) = Postgres::shared("a_table_is_replaced_or_takes_rows_by_their_key") else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let rows = Rows::new(folder.path(), 20);
    let (table, address) = (schema(server, "modes"), server.address(USER));
    let run = |more: &[&str]| server.run(rows.run(&[&["--to", &address, "--table", &table], more].concat()));
    let count = || server.ask(&format!("SELECT count(*) FROM {table}"));
    let ran = run(&["--upsert", "--key", "id"]).ok();
    assert!(ran.stderr.contains("rows: 26 new, 0 replaced"), "{}", ran.stderr);
    server.ask(&format!(
        "DELETE FROM {table} WHERE id = 'row 3'; UPDATE {table} SET n = -5 WHERE id = 'row 4'; \
        INSERT INTO {table} (id, n) VALUES ('theirs', 1); CREATE VIEW modes.seen AS SELECT * FROM {table}; \
        ALTER TABLE {table} ADD COLUMN loaded timestamptz DEFAULT now()"
    ));
    let ran = run(&["--upsert", "--key", "id"]).ok();
    assert!(ran.stderr.contains("1 new, 25 replaced"), "{}", ran.stderr);
    assert_eq!((count(), server.ask(&format!("SELECT n FROM {table} WHERE id = 'row 4'"))), ("27".into(), "4".into()));
    // A column that only the table has is in the way of a replacement, and said.
    let refused = run(&[]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("exists with other columns: it has loaded besides"), "{}", refused.stderr);
    server.ask(&format!("ALTER TABLE {table} DROP COLUMN loaded"));
    run(&[]).ok();
    assert_eq!((count(), server.ask("SELECT count(*) FROM modes.seen")), ("26".into(), "26".into()));
    // A type that holds the values as they are stays, with all that hangs on the table.
    server.ask(&format!(
        "DROP VIEW modes.seen; ALTER TABLE {table} ALTER n TYPE numeric(30,0); CREATE VIEW modes.seen AS SELECT n FROM {table}; \
         CREATE INDEX mine ON {table} (n); DROP ROLE IF EXISTS reader; CREATE ROLE reader; GRANT SELECT ON {table} TO reader"
    ));
    let ran = run(&[]).ok();
    assert!(!ran.stderr.contains("made anew"), "{}", ran.stderr);
    assert_eq!(server.ask(&format!("SELECT pg_typeof(n) FROM {table} LIMIT 1")), "numeric");
    let hangs = "SELECT (SELECT count(*) FROM pg_indexes WHERE schemaname = 'modes'), has_table_privilege('reader', 'modes.rows', 'SELECT')";
    assert_eq!(server.ask(hangs), "2|t", "the primary key, the index and the rights");
    // Other types need the table anew, which what hangs on it does not let go.
    server.ask(&format!("DROP VIEW modes.seen; ALTER TABLE {table} ALTER n TYPE numeric(30,-2); CREATE VIEW modes.seen AS SELECT n FROM {table}"));
    let refused = run(&[]);
    assert!(refused.stderr.contains("something hangs on it"), "{}", refused.stderr);
    server.ask("DROP VIEW modes.seen");
    let ran = run(&[]).ok();
    // What is gone is said.
    let told =
        "made anew, because n was numeric(30,-2) and its values need bigint; gone with the old table: the primary key";
    assert!(ran.stderr.contains(told), "{}", ran.stderr);
    for lost in ["index mine", "rights of reader"] {
        assert!(ran.stderr.contains(lost), "{}", ran.stderr);
    }
    assert_eq!(server.ask(&format!("SELECT pg_typeof(n) FROM {table} LIMIT 1")), "bigint");
    assert_eq!(count(), "26");
    server.ask("DROP ROLE reader");
    // A type that would round is refused.
    server.ask(&format!("ALTER TABLE {table} ALTER price TYPE numeric(40,1)"));
    let refused = run(&["--upsert", "--key", "id"]);
    assert!(refused.stderr.contains("has price as numeric(40,1), which does not hold"), "{}", refused.stderr);
    for (more, why) in [
        (&["--upsert"][..], "name the columns that do with --key"),
        (&["--upsert", "--key", "n"], "2 rows have no value in n"),
    ] {
        let refused = run(more);
        assert_eq!(refused.code, Some(1));
        assert!(refused.stderr.contains(why), "{}", refused.stderr);
    }
    let tables = server.ask("SELECT count(*) FROM pg_tables WHERE schemaname = 'modes'");
    assert_eq!(tables, "1", "nothing else is left there");
}

#[test]
fn one_tiny_number_leaves_a_column_of_numbers_and_its_key() {
    let Some(server) = Postgres::shared("one_tiny_number_leaves_a_column_of_numbers_and_its_key") else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (table, address) = (schema(server, "tiny"), server.address(USER));
    let path = |name: &str| folder.path().join(name);
    let pipeline = path("tiny.toml");
    let text = "version = 1\n[nodes.s]\nkind = \"stream\"\ntopic = \"numbers\"\n[nodes.numbers]\nkind = \"project\"\ninput = \"s\"\n\
                select = { id = \"value.id\", n = \"value.n\" }\n";
    std::fs::write(&pipeline, text).expect("the file can be written");
    let run = |name: &str, numbers: &[&str], more: &[&str]| {
        let line = |(id, n): (usize, &&str)| format!("{{\"id\":{id},\"n\":{n},\"at\":\"2026-03-14T09:14:07Z\"}}\n");
        let lines: String = numbers.iter().enumerate().map(line).collect();
        let (file, recording) = (path(&format!("{name}.jsonl")), path(name));
        std::fs::write(&file, lines).expect("the file can be written");
        program::run(arguments!["import", &file, "--to", &recording, "--topic", "numbers", "--time-field", "at"]).ok();
        let first = arguments!["run", &pipeline, "--recording", &recording, "--to", &address, "--table", &table];
        server.run(first.into_iter().chain(more.iter().map(Into::into)).collect::<Vec<_>>()).ok()
    };
    let types = || server.ask(&format!("SELECT pg_typeof(n) FROM {table} LIMIT 1"));
    run("plain", &["10.50", "3"], &["--upsert", "--key", "id"]);
    assert_eq!(types(), "numeric");
    let ran = run("with", &["10.50", "3", "5e-324", "12345678901234567890123456789012345.5"], &[]);
    assert!(!ran.stderr.contains("made anew"), "{}", ran.stderr);
    assert_eq!(
        (types(), server.ask("SELECT count(*) FROM pg_indexes WHERE schemaname = 'tiny'")),
        ("numeric".into(), "1".into())
    );
    let read = |id: u8| server.ask(&format!("SELECT n FROM {table} WHERE id = {id}"));
    assert_eq!([read(0), read(3)], ["10.50", "12345678901234567890123456789012345.5"]);
    assert_eq!(server.ask(&format!("SELECT n = 5e-324 FROM {table} WHERE id = 2")), "t");
}

#[test]
fn an_export_that_is_killed_leaves_the_old_table_whole() {
    let Some(server) = Postgres::shared("an_export_that_is_killed_leaves_the_old_table_whole") else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let inside = folder.path().join("small");
    std::fs::create_dir(&inside).expect("a folder");
    let (large, small) = (Rows::new(folder.path(), 300_000), Rows::new(&inside, 3));
    let (table, address) = (schema(server, "killed"), server.address(USER));
    for mode in [&[][..], &["--upsert", "--key", "id"]] {
        server.ask(&format!("DROP TABLE IF EXISTS {table}"));
        let to = [&["--to", &address, "--table", &table][..], mode].concat();
        let killed = || {
            let mut child =
                server.command(large.run(&to)).stderr(std::process::Stdio::null()).spawn().expect("it starts");
            let copying =
                "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'fabula' AND query LIKE 'COPY%'";
            while server.ask(copying) == "0" && child.try_wait().expect("it can be asked").is_none() {}
            child.kill().expect("it can be killed");
            child.wait().expect("it can be waited for").code().is_none()
        };
        // One that is done before it is killed was too fast, and is tried again.
        while !killed() {
            server.ask(&format!("DROP TABLE {table}"));
        }
        assert_eq!(server.ask("SELECT count(*) FROM pg_tables WHERE schemaname = 'killed'"), "0");
        server.run(small.run(&to)).ok();
        while !killed() {
            server.ask(&format!("DROP TABLE {table}"));
            server.run(small.run(&to)).ok();
        }
        let drift = ["--copy", &address, "--table", &table, "--key", "id", "--fail-on-drift"];
        server.run(small.of("drift", &drift)).ok();
        server.run(large.run(&to)).ok();
        assert_eq!(server.ask(&format!("SELECT count(*) FROM {table}")), "300006");
    }
}

#[test]
fn what_is_in_the_way_is_said_in_a_line_and_the_password_never() {
    let Some(server) = Postgres::shared("what_is_in_the_way_is_said_in_a_line_and_the_password_never") else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let rows = Rows::new(folder.path(), 1);
    schema(server, "rights");
    server.ask(
        "DROP ROLE IF EXISTS guest; CREATE ROLE guest LOGIN PASSWORD 'open sesame'; GRANT USAGE ON SCHEMA rights TO guest; \
        CREATE TABLE rights.theirs (id text)",
    );
    let refused = |arguments: Vec<std::ffi::OsString>, password: Option<&str>, why: &str| {
        let mut command = program::command(arguments);
        password.map(|password| command.env("PGPASSWORD", password));
        let ran: program::Ran = command.output().expect("the program can be started").into();
        assert_eq!(ran.code, Some(1), "{}", ran.stderr);
        let line = ran.stderr.lines().last().unwrap_or_default();
        assert!(line.contains(why), "{}", ran.stderr);
        assert!(password.is_none_or(|password| !ran.stderr.contains(password)), "{}", ran.stderr);
    };
    let address = server.address(USER);
    let to = |address: &str, more: &[&str]| rows.run(&[&["--to", address], more].concat());
    refused(to(&address, &[]), Some("wrong hunter2"), "refuses the password");
    refused(to(&address, &[]), None, "asks for a password: set PGPASSWORD");
    refused(to("postgres://tester@127.0.0.1:1/postgres", &[]), Some(PASSWORD), "nothing answers there");
    let nowhere = address.replace("/postgres", "/nowhere").replace("nowhere://", "postgres://");
    refused(to(&nowhere, &[]), Some(PASSWORD), "there is no such database");
    let with_password = address.replace('@', ":hunter2@");
    refused(to(&with_password, &[]), None, "a password in the address can be seen by others");
    let guest = server.address("guest");
    refused(to(&guest, &["--table", "rights.theirs"]), Some("open sesame"), "the user has not the rights");
    refused(to(&guest, &["--table", "rights.new"]), Some("open sesame"), "the user has not the rights");
    refused(to(&address, &["--table", "nosuch.new"]), Some(PASSWORD), "there is no such schema");
    refused(to(&address, &["--table", "rights.theirs"]), Some(PASSWORD), "exists with other columns");
    let drift = rows.of("drift", &["--copy", &address, "--table", "rights.nothing", "--key", "id"]);
    refused(drift, Some(PASSWORD), "does not exist");
    // A password file does as well.
    let file = folder.path().join("pass");
    std::fs::write(&file, format!("127.0.0.1:*:postgres:{USER}:{PASSWORD}\n")).expect("the file can be written");
    let chmod = |mode: &str| {
        let changed = std::process::Command::new("chmod").arg(mode).arg(&file).status();
        assert!(changed.expect("chmod can be started").success());
    };
    let run = || {
        program::command(to(&address, &["--table", "rights.mine"])).env("PGPASSFILE", &file).output().expect("it runs")
    };
    chmod("644");
    assert!(String::from_utf8_lossy(&run().stderr).contains("can be read by others"));
    chmod("600");
    assert!(run().status.success());
    assert_eq!(server.ask("SELECT count(*) FROM rights.mine"), "7");
}

#[test]
fn a_connection_is_encrypted_and_makes_sure_of_the_server_where_it_is_told_to() {
    let Some(server) = Postgres::shared("a_connection_is_encrypted") else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let rows = Rows::new(folder.path(), 1);
    let table = schema(server, "tls");
    let (address, certificate) = (server.address(USER), server.certificate());
    server.ask(
        "CREATE TABLE tls.seen (encrypted boolean); \
        CREATE FUNCTION tls.look() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
        INSERT INTO tls.seen SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid(); RETURN NULL; END $$",
    );
    server.run(rows.run(&["--to", &address, "--table", &table])).ok();
    server.ask(&format!("CREATE TRIGGER look AFTER INSERT ON {table} FOR EACH STATEMENT EXECUTE FUNCTION tls.look()"));
    let certificate = certificate.display();
    for (settings, encrypted) in [
        ("", "t"),
        ("?sslmode=disable", "f"),
        ("?sslmode=require", "t"),
        (&format!("?sslmode=verify-full&sslrootcert={certificate}"), "t"),
        (&format!("?sslmode=verify-ca&sslrootcert={certificate}"), "t"),
    ] {
        server.ask("DELETE FROM tls.seen");
        server.run(rows.run(&["--to", &format!("{address}{settings}"), "--table", &table])).ok();
        assert_eq!(server.ask("SELECT encrypted FROM tls.seen"), encrypted, "{settings}");
    }
    // A certificate of nobody who is believed, and one of another name.
    let elsewhere = address.replace("127.0.0.1", "localhost");
    for address in
        [format!("{address}?sslmode=verify-full"), format!("{elsewhere}?sslmode=verify-full&sslrootcert={certificate}")]
    {
        let refused = server.run(rows.run(&["--to", &address, "--table", &table]));
        assert_eq!(refused.code, Some(1), "{}", refused.stderr);
        assert!(refused.stderr.contains("certificate verify failed"), "{}", refused.stderr);
    }
}
