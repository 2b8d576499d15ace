package fabula.streams;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.kafka.streams.kstream.JoinWindows;
import org.apache.kafka.streams.kstream.Joined;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.StreamJoined;
import org.apache.kafka.streams.kstream.TableJoined;
import org.apache.kafka.streams.kstream.ValueJoiner;

/**
 * Joins. A result is {@code {"left": …, "right": …}} with null for the side that is missing.
 *
 * <p>Known of Kafka Streams 4.3.1, and left as it is ({@code tests/tests/oracle_streams.rs} has each as a test):
 * <ul>
 *   <li>Stream-stream: unmatched rows are looked for only when a record comes whose time is the largest so far, and
 *       then by the bound of the side that it came from: with unlike bounds they may come later than they could.
 *   <li>Stream-stream: a row that comes when the largest time is beyond its bound is padded at once, without waiting
 *       for the grace, and may then be joined all the same. An expired row is joined with what the stores still have.
 *   <li>Stream-stream: a null value is dropped by every join; a null key is padded at once by the outer ones.
 *   <li>Stream-stream: a row is forgotten when the largest time is beyond it by both bounds and the grace, so where one
 *       bound is 0 it is 1 ms before it expires; unless the case asks for {@code "exact_retention"}.
 *   <li>Foreign key: a result that comes of a change of the right row has that row's time, however late the left one is.
 *   <li>Foreign key: the tombstone of a left row comes out also where its result is gone already.
 * </ul>
 */
final class Joining {
    private static final ValueJoiner<Object, Object, Object> PAIR = Joining::pair;

    private final Graph graph;

    Joining(Graph graph) {
        this.graph = graph;
    }

    private static Object pair(Object left, Object right) {
        Map<String, Object> pair = new LinkedHashMap<>();
        pair.put("left", left);
        pair.put("right", right);
        return pair;
    }

    Wire wire(String name, Case node) {
        Wire left = graph.input(node.text("left"));
        Wire right = graph.input(node.text("right"));
        if (left instanceof Wire.Table) {
            return new Wire.Table(node.has("foreign")
                    ? foreign(name, node, left.table(name), right.table(name))
                    : tables(name, node, left.table(name), right.table(name)));
        }
        KStream<Object, Object> rows = graph.rekeyed(left.stream(name), name + "-left", node.any("on_left"));
        if (right instanceof Wire.Table) {
            return new Wire.Stream(lookup(node, rows, right.table(name)));
        }
        KStream<Object, Object> others = graph.rekeyed(right.stream(name), name + "-right", node.any("on_right"));
        return new Wire.Stream(streams(name, node, rows, others));
    }

    private KStream<Object, Object> streams(
            String name, Case node, KStream<Object, Object> left, KStream<Object, Object> right) {
        Duration before = node.millisOrZero("before_ms");
        Duration after = node.millisOrZero("after_ms");
        Duration grace = node.millisOrZero("grace_ms");
        JoinWindows windows = windows(before, after, grace);
        StreamJoined<Object, Object, Object> joined = StreamJoined.with(Json.serde(), Json.serde(), Json.serde());
        if (!graph.logging()) {
            joined = joined.withLoggingDisabled();
        }
        if (node.flag("exact_retention")) {
            joined = joined.withThisStoreSupplier(new ExactWindows(name + "-this", windows))
                    .withOtherStoreSupplier(new ExactWindows(name + "-other", windows));
        }
        String how = node.text("how");
        return switch (how) {
            case "inner" -> left.join(right, PAIR, windows, joined);
            case "left" -> left.leftJoin(right, PAIR, windows, joined);
            case "full" -> left.outerJoin(right, PAIR, windows, joined);
            // Kafka Streams has none: a left join seen in a mirror.
            case "right" ->
                right.leftJoin(left, (one, other) -> pair(other, one), windows(after, before, grace), joined);
            default -> throw new IllegalArgumentException("no such join of streams: " + how);
        };
    }

    /** Right rows from `left - before` to `left + after`, both inclusive. */
    private static JoinWindows windows(Duration before, Duration after, Duration grace) {
        Duration larger = before.compareTo(after) > 0 ? before : after;
        Duration difference = larger.isNegative() ? Duration.ZERO : larger;
        JoinWindows widest = JoinWindows.ofTimeDifferenceAndGrace(difference, grace);
        // In this order no step on the way has its ends the wrong way round.
        return before.isNegative() ? widest.after(after).before(before) : widest.before(before).after(after);
    }

    private KStream<Object, Object> lookup(Case node, KStream<Object, Object> left, KTable<Object, Object> right) {
        Joined<Object, Object, Object> joined = Joined.with(Json.serde(), Json.serde(), Json.serde());
        if (node.has("grace_ms")) {
            joined = joined.withGracePeriod(node.millis("grace_ms"));
        }
        String how = node.text("how");
        return switch (how) {
            case "inner" -> left.join(right, PAIR, joined);
            case "left" -> left.leftJoin(right, PAIR, joined);
            default -> throw new IllegalArgumentException("no such join of a stream with a table: " + how);
        };
    }

    private KTable<Object, Object> tables(
            String name, Case node, KTable<Object, Object> left, KTable<Object, Object> right) {
        String how = node.text("how");
        return switch (how) {
            case "inner" -> left.join(right, PAIR, graph.rows(name + "-store"));
            case "left" -> left.leftJoin(right, PAIR, graph.rows(name + "-store"));
            case "full" -> left.outerJoin(right, PAIR, graph.rows(name + "-store"));
            case "right" -> right.leftJoin(left, (one, other) -> pair(other, one), graph.rows(name + "-store"));
            default -> throw new IllegalArgumentException("no such join of tables: " + how);
        };
    }

    private KTable<Object, Object> foreign(
            String name, Case node, KTable<Object, Object> left, KTable<Object, Object> right) {
        String field = node.text("foreign");
        String how = node.text("how");
        TableJoined<Object, Object> joined = TableJoined.as(name);
        return switch (how) {
            case "inner" ->
                left.join(right, (Object value) -> Fields.get(value, field), PAIR, joined, graph.rows(name + "-store"));
            case "left" -> left.leftJoin(
                    right, (Object value) -> Fields.get(value, field), PAIR, joined, graph.rows(name + "-store"));
            default -> throw new IllegalArgumentException("no such join by a foreign key: " + how);
        };
    }
}
