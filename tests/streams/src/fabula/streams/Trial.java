package fabula.streams;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.test.TestRecord;

/**
 * One case, run by Kafka Streams' own test driver: one record in, everything that comes of it out, then the next.
 *
 * <p>The driver's clock stands still, so nothing depends on how fast the machine is; the driver sets to 0 the intervals
 * at which Kafka Streams would else look for finals and unmatched rows. No cache holds an update back. Stores are in
 * memory ({@link InMemory} those that are RocksDB's); what Kafka Streams writes beside them goes with the case.
 */
final class Trial {
    private final Folder folder;

    /** Trials that may use a folder. */
    Trial(Folder folder) {
        this.folder = folder;
    }

    Map<String, Object> run(Case given) {
        List<Map<String, Object>> rows = new ArrayList<>();
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("id", given.any("id"));
        answer.put("rows", rows);
        answer.put("dropped", 0L);
        answer.put("error", null);
        try {
            int[] by = {-1};
            Graph graph = new Graph(false, new Progress());
            Topology topology = graph.build(given.objects("nodes"), given.text("output"), () -> new End(rows, by));
            try (TopologyTestDriver driver = new TopologyTestDriver(topology, settings(given), Instant.EPOCH)) {
                Map<String, TestInputTopic<Object, Object>> topics = new HashMap<>();
                for (Case row : given.objects("input")) {
                    by[0]++;
                    topics.computeIfAbsent(row.text("topic"), topic -> open(driver, topic)).pipeInput(record(row));
                }
                answer.put("dropped", dropped(driver));
            }
            InMemory.forget();
        } catch (RuntimeException error) {
            InMemory.leave();
            answer.put("error", reason(error));
        } finally {
            folder.empty();
        }
        return answer;
    }

    private static TestInputTopic<Object, Object> open(TopologyTestDriver driver, String topic) {
        return driver.createInputTopic(topic, Json.serde().serializer(), Json.serde().serializer());
    }

    private static TestRecord<Object, Object> record(Case row) {
        Instant time = Instant.ofEpochMilli(row.number("time_ms"));
        return new TestRecord<>(row.any("key"), row.any("value"), new RecordHeaders(), time);
    }

    private Properties settings(Case given) {
        Properties settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, "trial");
        settings.put(StreamsConfig.STATE_DIR_CONFIG, folder.toString());
        settings.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 0);
        settings.put(StreamsConfig.DSL_STORE_SUPPLIERS_CLASS_CONFIG, Graph.stores(given));
        settings.put(StreamsConfig.ROCKSDB_CONFIG_SETTER_CLASS_CONFIG, InMemory.class);
        return settings;
    }

    /** Records that Kafka Streams says it dropped: without a key or value where one is needed, late, out of order. */
    private static long dropped(TopologyTestDriver driver) {
        return driver.metrics().entrySet().stream()
                .filter(metric -> metric.getKey().name().equals("dropped-records-total"))
                .mapToLong(metric -> ((Number) metric.getValue().metricValue()).longValue())
                .sum();
    }

    /** The innermost reason: the layers above it only say that a node failed. */
    static String reason(Throwable error) {
        Throwable cause = error;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        // What says nothing at least says where.
        return cause.getMessage() == null
                ? cause + " at " + Arrays.stream(cause.getStackTrace()).limit(3).toList()
                : cause.getMessage();
    }

    /** Where the output ends: notes each row with the input that caused it. */
    private static final class End extends ContextualProcessor<Object, Object, Void, Void> {
        private final List<Map<String, Object>> rows;
        private final int[] by;

        End(List<Map<String, Object>> rows, int[] by) {
            this.rows = rows;
            this.by = by;
        }

        @Override
        public void process(Record<Object, Object> record) {
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("by", by[0]);
            if (record.key() instanceof Windowed<?> windowed) {
                row.put("key", windowed.key());
                Map<String, Object> ends = new LinkedHashMap<>();
                ends.put("start_ms", windowed.window().start());
                ends.put("end_ms", windowed.window().end());
                row.put("window", ends);
            } else {
                row.put("key", record.key());
                row.put("window", null);
            }
            row.put("time_ms", record.timestamp());
            row.put("value", record.value());
            rows.add(row);
        }
    }
}
