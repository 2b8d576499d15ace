package fabula.streams;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.kstream.Aggregator;
import org.apache.kafka.streams.kstream.EmitStrategy;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Initializer;
import org.apache.kafka.streams.kstream.KGroupedStream;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.SessionWindows;
import org.apache.kafka.streams.kstream.SlidingWindows;
import org.apache.kafka.streams.kstream.Suppressed;
import org.apache.kafka.streams.kstream.Suppressed.BufferConfig;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.processor.StateStore;
import org.apache.kafka.streams.processor.api.ContextualFixedKeyProcessor;
import org.apache.kafka.streams.processor.api.FixedKeyRecord;
import org.apache.kafka.streams.state.WindowStore;

/**
 * Aggregations of streams, by window or for ever, and of tables.
 *
 * <p>Known of Kafka Streams 4.3.1, and left as it is ({@code tests/tests/oracle_streams.rs} has each as a test):
 * <ul>
 *   <li>A null value is counted by {@code count} without a field in tumbling, hopping and session windows; an
 *       aggregation without a window and one over sliding windows drop the record.
 *   <li>A session is forgotten 1 ms before it is closed, unless the case gives a retention of 1 ms more than gap and
 *       grace.
 *   <li>Finals by {@code suppress} come once the results' time reaches {@code end + grace}; sessions and sliding
 *       windows, whose end is inside, are still open then, and a session that grows once more is final once more.
 *   <li>Finals by {@code emit_strategy} come when a window is closed, but are fetched from the store, which has
 *       forgotten it where time has jumped beyond the retention.
 *   <li>Of a table, a change of group is two updates; the group that is left stays, with a count of 0, unless the case
 *       asks for {@code "drop_empty"}.
 * </ul>
 */
final class Aggregating {
    private final Graph graph;
    private final Initializer<Object> nothing = LinkedHashMap::new;

    Aggregating(Graph graph) {
        this.graph = graph;
    }

    Wire wire(String name, Case node) {
        Wire input = graph.input(node.text("input"));
        if (input instanceof Wire.Table) {
            return new Wire.Table(ofTable(name, node, input.table(name)));
        }
        Folds folds = new Folds(node.objects("select"), false);
        Clock clock = new Clock();
        KStream<Object, Object> rows = graph.rekeyed(input.stream(name), name, node.any("by"));
        KGroupedStream<Object, Object> groups =
                rows.processValues(() -> new Watch(clock)).groupByKey(Grouped.with(Json.serde(), Json.serde()));
        Aggregator<Object, Object, Object> add = (key, value, state) -> folds.add(value, state(state), clock.moment());
        KTable<?, Object> states = node.has("window")
                ? windowed(name, node, groups, folds, add)
                : groups.aggregate(nothing, add, graph.rows(name + "-store"));
        if (!node.has("window") && isFinal(node)) {
            throw new IllegalArgumentException(name + ": without a window nothing is ever final");
        }
        return new Wire.Table(anyKey(states).mapValues(folds::result));
    }

    /** Keys are windowed or plain, and the nodes behind take both. */
    @SuppressWarnings("unchecked")
    private static KTable<Object, Object> anyKey(KTable<?, Object> table) {
        return (KTable<Object, Object>) table;
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> state(Object json) {
        return (Map<String, Object>) json;
    }

    private static boolean isFinal(Case node) {
        String emit = node.text("emit", "updates");
        if (!emit.equals("final") && !emit.equals("updates")) {
            throw new IllegalArgumentException("no such emit: " + emit);
        }
        return emit.equals("final");
    }

    private static boolean bySuppression(Case node) {
        String by = node.text("final_by", "suppress");
        if (!by.equals("suppress") && !by.equals("emit_strategy")) {
            throw new IllegalArgumentException("no such final_by: " + by);
        }
        return isFinal(node) && by.equals("suppress");
    }

    private KTable<?, Object> windowed(
            String name,
            Case node,
            KGroupedStream<Object, Object> groups,
            Folds folds,
            Aggregator<Object, Object, Object> add) {
        Case window = node.object("window");
        Duration grace = node.millisOrZero("grace_ms");
        EmitStrategy emit =
                isFinal(node) && !bySuppression(node) ? EmitStrategy.onWindowClose() : EmitStrategy.onWindowUpdate();
        Materialized<Object, Object, WindowStore<Bytes, byte[]>> store = windows(name, node);
        String kind = window.text("kind");
        var states = switch (kind) {
            case "tumbling" -> groups.windowedBy(TimeWindows.ofSizeAndGrace(window.millis("size_ms"), grace))
                    .emitStrategy(emit).aggregate(nothing, add, store);
            case "hopping" -> groups.windowedBy(TimeWindows.ofSizeAndGrace(window.millis("size_ms"), grace)
                            .advanceBy(window.millis("advance_ms")))
                    .emitStrategy(emit).aggregate(nothing, add, store);
            case "sliding" ->
                groups.windowedBy(SlidingWindows.ofTimeDifferenceAndGrace(window.millis("size_ms"), grace))
                    .emitStrategy(emit).aggregate(nothing, add, store);
            case "session" ->
                groups.windowedBy(SessionWindows.ofInactivityGapAndGrace(window.millis("gap_ms"), grace))
                    .emitStrategy(emit)
                    .aggregate(nothing, add, (key, one, other) -> folds.merge(state(one), state(other)),
                            windows(name, node));
            default -> throw new IllegalArgumentException("no such window: " + kind);
        };
        if (!bySuppression(node)) {
            return states;
        }
        return states.suppress(Suppressed.untilWindowCloses(
                graph.logging() ? BufferConfig.unbounded() : BufferConfig.unbounded().withLoggingDisabled()));
    }

    private <S extends StateStore> Materialized<Object, Object, S> windows(String name, Case node) {
        Materialized<Object, Object, S> store = graph.kept(Materialized.as(name + "-store"));
        return node.has("retention_ms") ? store.withRetention(node.millis("retention_ms")) : store;
    }

    private KTable<Object, Object> ofTable(String name, Case node, KTable<Object, Object> rows) {
        Folds folds = new Folds(node.objects("select"), true);
        if (node.has("window") || isFinal(node)) {
            throw new IllegalArgumentException(name + ": Kafka Streams has no windows over a table");
        }
        Object by = node.any("by");
        boolean dropEmpty = node.flag("drop_empty");
        Serde<Object> serde = Json.serde();
        Clock clock = new Clock();
        Aggregator<Object, Object, Object> add = (key, value, state) -> folds.add(value, state(state), clock.next());
        Aggregator<Object, Object, Object> subtract = (key, value, state) -> {
            Map<String, Object> less = folds.subtract(value, state(state));
            return dropEmpty && Folds.rows(less) == 0 ? null : less;
        };
        return rows.groupBy(
                        (key, value) -> KeyValue.pair(by == null ? key : Fields.key(value, by), value),
                        Grouped.with(name, serde, serde))
                .aggregate(nothing, add, subtract, graph.rows(name + "-store"))
                .mapValues(folds::result);
    }

    /** The time and the place of the record that is being aggregated: an aggregator is not told. */
    private static final class Clock {
        // One for each thread that runs the topology.
        private final ThreadLocal<Folds.Moment> now = ThreadLocal.withInitial(() -> new Folds.Moment(0, 0));

        void set(long time) {
            now.set(new Folds.Moment(time, now.get().arrival() + 1));
        }

        Folds.Moment moment() {
            return now.get();
        }

        Folds.Moment next() {
            set(0);
            return now.get();
        }
    }

    /** Stands right before an aggregation and sets its clock. */
    private static final class Watch extends ContextualFixedKeyProcessor<Object, Object, Object> {
        private final Clock clock;

        Watch(Clock clock) {
            this.clock = clock;
        }

        @Override
        public void process(FixedKeyRecord<Object, Object> row) {
            clock.set(row.timestamp());
            context().forward(row);
        }
    }
}
