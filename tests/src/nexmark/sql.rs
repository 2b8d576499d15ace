//! Nexmark's queries as Flink SQL has them: the columns are the pipelines', and the end of a session is its last row's time.

/// The topics that a query reads and the query; `None` where there is none of that name.
pub fn sql(query: &str) -> Option<(&'static [&'static str], String)> {
    Some(match query {
        "q0" => (
            &["bid"],
            "SELECT auction, bidder, price, ts, extra FROM bid"
                .to_owned(),
        ),
        "q1" => (
            &["bid"],
            "SELECT auction, bidder, 0.908 * price AS price, ts, extra FROM bid"
                .to_owned(),
        ),
        "q2" => (
            &["bid"],
            "SELECT auction, price FROM bid WHERE MOD(auction, 123) = 0"
                .to_owned(),
        ),
        "q3" => (
            &["auction", "person"],
            "SELECT P.name, P.city, P.state, A.id FROM auction A JOIN person P ON A.seller = P.id \
             WHERE A.category = 10 AND (P.state = 'or' OR P.state = 'id' OR P.state = 'ca')"
                .to_owned(),
        ),
        "q5" => (
            &["bid"],
            format!(
                "SELECT B.auction, B.num, B.window_start FROM ({counts}) B JOIN \
                 (SELECT MAX(num) AS num, window_start, window_end FROM ({counts}) C GROUP BY window_start, window_end) M \
                 ON B.window_start = M.window_start AND B.window_end = M.window_end AND B.num >= M.num",
                counts = "SELECT auction, COUNT(*) AS num, window_start, window_end FROM \
                          TABLE(HOP(TABLE bid, DESCRIPTOR(ts), INTERVAL '2' SECOND, INTERVAL '10' SECOND)) \
                          GROUP BY auction, window_start, window_end"
            ),
        ),
        "q7" => (
            &["bid"],
            "SELECT B.auction, B.price, B.bidder, B.ts, B.extra FROM bid B JOIN \
             (SELECT MAX(price) AS price, window_start, window_end FROM \
             TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end) M \
             ON B.price = M.price AND B.ts >= M.window_start AND B.ts < M.window_end"
                .to_owned(),
        ),
        "q8" => (
            &["person", "auction"],
            "SELECT P.id, P.name, P.window_start FROM \
             (SELECT id, name, window_start, window_end FROM \
             TABLE(TUMBLE(TABLE person, DESCRIPTOR(ts), INTERVAL '10' SECOND)) \
             GROUP BY id, name, window_start, window_end) P JOIN \
             (SELECT seller, window_start, window_end FROM \
             TABLE(TUMBLE(TABLE auction, DESCRIPTOR(ts), INTERVAL '10' SECOND)) \
             GROUP BY seller, window_start, window_end) A \
             ON P.id = A.seller AND P.window_start = A.window_start AND P.window_end = A.window_end"
                .to_owned(),
        ),
        "q11" => (
            &["bid"],
            "SELECT bidder, window_start, window_end - INTERVAL '10' SECOND, COUNT(*) FROM \
             TABLE(SESSION(TABLE bid PARTITION BY bidder, DESCRIPTOR(ts), INTERVAL '10' SECOND)) \
             GROUP BY bidder, window_start, window_end"
                .to_owned(),
        ),
        "q12" => (
            &["bid"],
            "SELECT bidder, window_start, window_end, COUNT(*) FROM \
             TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY bidder, window_start, window_end"
                .to_owned(),
        ),
        "q14" => (
            &["bid"],
            "SELECT auction, bidder, 0.908 * price AS price, \
             CASE WHEN HOUR(CAST(ts AS TIMESTAMP(3))) BETWEEN 8 AND 18 THEN 'dayTime' \
             WHEN HOUR(CAST(ts AS TIMESTAMP(3))) <= 6 OR HOUR(CAST(ts AS TIMESTAMP(3))) >= 20 THEN 'nightTime' \
             ELSE 'otherTime' END, \
             ts, extra, CHAR_LENGTH(extra) - CHAR_LENGTH(REPLACE(extra, 'c', '')) \
             FROM bid WHERE 0.908 * price > 1000000 AND 0.908 * price < 50000000"
                .to_owned(),
        ),
        "q15" => (
            &["bid"],
            format!(
                "SELECT DATE_FORMAT(ts, 'yyyy-MM-dd') AS d, {} FROM bid GROUP BY DATE_FORMAT(ts, 'yyyy-MM-dd')",
                counts()
            ),
        ),
        "q16" => (
            &["bid"],
            format!(
                "SELECT channel, DATE_FORMAT(ts, 'yyyy-MM-dd') AS d, MAX(DATE_FORMAT(ts, 'HH:mm')), {} FROM bid \
                 GROUP BY channel, DATE_FORMAT(ts, 'yyyy-MM-dd')",
                counts()
            ),
        ),
        "q17" => (
            &["bid"],
            "SELECT auction, DATE_FORMAT(ts, 'yyyy-MM-dd') AS d, COUNT(*), COUNT(*) FILTER (WHERE price < 10000), \
             COUNT(*) FILTER (WHERE price >= 10000 AND price < 1000000), COUNT(*) FILTER (WHERE price >= 1000000), \
             MIN(price), MAX(price), AVG(CAST(price AS DOUBLE)), SUM(price) FROM bid \
             GROUP BY auction, DATE_FORMAT(ts, 'yyyy-MM-dd')"
                .to_owned(),
        ),
        "q18" => (
            &["bid"],
            "SELECT auction, bidder, price, channel, url, ts, extra FROM \
             (SELECT *, ROW_NUMBER() OVER (PARTITION BY bidder, auction ORDER BY ts DESC) AS n FROM bid) WHERE n <= 1"
                .to_owned(),
        ),
        "q19" => (
            &["bid"],
            "SELECT auction, bidder, price, channel, url, ts, extra, n FROM \
             (SELECT *, ROW_NUMBER() OVER (PARTITION BY auction ORDER BY price DESC) AS n FROM bid) WHERE n <= 10"
                .to_owned(),
        ),
        "q20" => (
            &["bid", "auction"],
            "SELECT B.auction, bidder, price, channel, url, B.ts, B.extra, item_name, description, initial_bid, reserve, \
             A.ts, expires, seller, category, A.extra FROM bid B JOIN auction A ON B.auction = A.id WHERE A.category = 10"
                .to_owned(),
        ),
        "q21" => (
            &["bid"],
            "SELECT auction, bidder, price, channel, CASE LOWER(channel) WHEN 'apple' THEN '0' WHEN 'google' THEN '1' \
             WHEN 'facebook' THEN '2' WHEN 'baidu' THEN '3' ELSE REGEXP_EXTRACT(url, '(&|^)channel_id=([^&]*)', 2) END \
             FROM bid WHERE REGEXP_EXTRACT(url, '(&|^)channel_id=([^&]*)', 2) IS NOT NULL \
             OR LOWER(channel) IN ('apple', 'google', 'facebook', 'baidu')"
                .to_owned(),
        ),
        "q22" => (
            &["bid"],
            "SELECT auction, bidder, price, channel, SPLIT_INDEX(url, '/', 3), SPLIT_INDEX(url, '/', 4), \
             SPLIT_INDEX(url, '/', 5) FROM bid"
                .to_owned(),
        ),
        _ => return None,
    })
}

/// The counts of q15 and q16.
fn counts() -> String {
    let ranks = [
        "",
        " FILTER (WHERE price < 10000)",
        " FILTER (WHERE price >= 10000 AND price < 1000000)",
        " FILTER (WHERE price >= 1000000)",
    ];
    let counted = ["*", "DISTINCT bidder", "DISTINCT auction"];
    let all = counted.iter().flat_map(|what| ranks.iter().map(move |rank| format!("COUNT({what}){rank}")));
    all.collect::<Vec<_>>().join(", ")
}
