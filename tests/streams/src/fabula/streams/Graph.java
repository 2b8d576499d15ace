package fabula.streams;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Named;
import org.apache.kafka.streams.kstream.Repartitioned;
import org.apache.kafka.streams.processor.StateStore;
import org.apache.kafka.streams.processor.api.ProcessorSupplier;
import org.apache.kafka.streams.state.BuiltInDslStoreSuppliers.InMemoryDslStoreSuppliers;
import org.apache.kafka.streams.state.BuiltInDslStoreSuppliers.RocksDBDslStoreSuppliers;
import org.apache.kafka.streams.state.DslStoreSuppliers;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

/**
 * The nodes of a case as a topology in Kafka Streams' own language.
 *
 * <p>A re-keyed stream is repartitioned at once, as Kafka Streams itself would do before the next stateful node; the
 * difference is only that a node may look at the time of a record right before it aggregates it. Such a topic lets
 * records without a key through, so that joins and aggregations decide about them (and count what they drop).
 *
 * <p>Known of Kafka Streams 4.3.1, and left as it is: a filter of a versioned table sends a tombstone for each row that
 * it does not let through, also where that key was never there (of a plain table only where it was); a projection sends
 * each change on, also where nothing of it is seen.
 */
final class Graph {
    private final StreamsBuilder builder = new StreamsBuilder();
    private final Map<String, Wire> wires = new LinkedHashMap<>();
    private final TreeSet<String> topics = new TreeSet<>();
    private final Joining joining = new Joining(this);
    private final Aggregating aggregating = new Aggregating(this);
    private final boolean logging;
    private final Progress progress;

    /** A graph whose stores keep changelog topics, or do not. It tells of each row it reads. */
    Graph(boolean logging, Progress progress) {
        this.logging = logging;
        this.progress = progress;
    }

    /** The kind of store that a case asks for with `stores`: in memory unless it says `rocksdb`. */
    static Class<? extends DslStoreSuppliers> stores(Case given) {
        String stores = given.text("stores", "memory");
        return switch (stores) {
            case "memory" -> InMemoryDslStoreSuppliers.class;
            case "rocksdb" -> RocksDBDslStoreSuppliers.class;
            default -> throw new IllegalArgumentException("no such stores: " + stores);
        };
    }

    /** The topology of all nodes; each change of the output goes to the processor. */
    Topology build(List<Case> nodes, String output, ProcessorSupplier<Object, Object, Void, Void> end) {
        for (Case node : nodes) {
            String name = node.text("name");
            if (wires.put(name, wire(name, node)) != null) {
                throw new IllegalArgumentException("two nodes are called " + name);
            }
        }
        input(output).changes().process(end);
        return builder.build();
    }

    /** The topics that the nodes read. */
    TreeSet<String> topics() {
        return topics;
    }

    /** The result of a node that stands before. */
    Wire input(String name) {
        Wire wire = wires.get(name);
        if (wire == null) {
            throw new IllegalArgumentException("no node before is called " + name);
        }
        return wire;
    }

    boolean logging() {
        return logging;
    }

    private Wire wire(String name, Case node) {
        String kind = node.text("kind");
        return switch (kind) {
            case "stream" -> new Wire.Stream(builder.stream(topic(node), rows()));
            case "table" -> table(name, node);
            case "filter" -> filter(node);
            case "project" -> project(node);
            case "rekey" -> new Wire.Stream(rekeyed(input(node.text("input")).stream(name), name, node.any("by")));
            case "flatten" -> flatten(name, node);
            case "merge" -> merge(name, node);
            case "to_stream" -> new Wire.Stream(input(node.text("input")).table(name).toStream());
            case "aggregate" -> aggregating.wire(name, node);
            case "join" -> joining.wire(name, node);
            default -> throw new IllegalArgumentException("no such kind of node: " + kind);
        };
    }

    /** How the records of a topic are read: their times are looked at once each, which is when they are counted. */
    private Consumed<Object, Object> rows() {
        return Consumed.with(Json.serde(), Json.serde()).withTimestampExtractor((record, time) -> {
            progress.read();
            return record.timestamp();
        });
    }

    private String topic(Case node) {
        String topic = node.text("topic");
        topics.add(topic);
        return topic;
    }

    /** A table of a topic, or the latest of each key of a stream. With `versioned` it knows that much of its past. */
    private Wire table(String name, Case node) {
        Materialized<Object, Object, KeyValueStore<Bytes, byte[]>> store = node.has("versioned")
                ? Materialized.as(Stores.persistentVersionedKeyValueStore(name + "-store", node.millis("versioned")))
                : rows(name + "-store");
        kept(store);
        return new Wire.Table(node.has("topic")
                ? builder.table(topic(node), rows(), store)
                : input(node.text("input")).stream(name).toTable(Named.as(name), store));
    }

    /** A store for the rows of a table, of the kind that the settings say. */
    Materialized<Object, Object, KeyValueStore<Bytes, byte[]>> rows(String store) {
        return kept(Materialized.as(store));
    }

    /** A store with our form of keys and values; no cache holds an update back. */
    <S extends StateStore> Materialized<Object, Object, S> kept(Materialized<Object, Object, S> store) {
        store.withKeySerde(Json.serde()).withValueSerde(Json.serde()).withCachingDisabled();
        return logging ? store : store.withLoggingDisabled();
    }

    private Wire filter(Case node) {
        Predicate<Object> condition = Fields.condition(node);
        return input(node.text("input")).map(
                stream -> stream.filter((key, value) -> condition.test(value)),
                table -> table.filter((key, value) -> condition.test(value)));
    }

    private Wire project(Case node) {
        List<Case> select = node.objects("select");
        return input(node.text("input")).map(
                stream -> stream.mapValues(value -> Fields.project(value, select)),
                table -> table.mapValues(value -> Fields.project(value, select)));
    }

    /** The stream with another key; the stream as it is where `by` is null. */
    KStream<Object, Object> rekeyed(KStream<Object, Object> records, String name, Object by) {
        if (by == null) {
            return records;
        }
        return records.selectKey((key, value) -> Fields.key(value, by))
                .repartition(Repartitioned.with(Json.serde(), Json.serde()).withName(name).withNumberOfPartitions(1))
                .peek((key, value) -> progress.moved());
    }

    private Wire flatten(String name, Case node) {
        String field = node.text("field");
        String as = node.text("as");
        return new Wire.Stream(
                input(node.text("input")).stream(name).flatMapValues(value -> Fields.flatten(value, field, as)));
    }

    private Wire merge(String name, Case node) {
        return new Wire.Stream(node.texts("inputs").stream()
                .map(input -> input(input).stream(name)).reduce(KStream::merge).orElseThrow());
    }
}
