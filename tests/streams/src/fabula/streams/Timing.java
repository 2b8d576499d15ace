package fabula.streams;

import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.UUID;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.Record;

/**
 * How fast Kafka Streams runs a topology over generated {@link Rows}, with what it takes to start told apart. Results
 * are counted and thrown away.
 *
 * <p>With {@code "bootstrap"} this is Kafka Streams as people run it, against a {@link Broker}, one partition and one
 * thread. Without, it is the test driver, which has no broker to wait for but was never meant to be fast, and which
 * keeps everything that is repartitioned.
 *
 * <p>Stores are in memory and without changelog topics, which favours Kafka Streams, unless the case says
 * {@code "stores": "rocksdb"} or {@code "changelog": true}. Updates are not cached.
 */
final class Timing {
    private final Folder folder;

    /** Timings that may use a folder. */
    Timing(Folder folder) {
        this.folder = folder;
    }

    Map<String, Object> run(Case given) {
        Case timing = given.object("timing");
        Rows rows = Rows.of(timing);
        Progress progress = new Progress();
        Graph graph = new Graph(timing.flag("changelog"), progress);
        Topology topology = graph.build(given.objects("nodes"), given.text("output"), () -> new Count(progress));
        List<String> topics = new ArrayList<>(graph.topics());
        long began;
        folder.empty();
        if (timing.has("bootstrap")) {
            Broker broker = new Broker(timing.text("bootstrap"));
            broker.fill(topics, rows);
            began = System.nanoTime();
            broker.run(topology, settings(timing), rows.count() * topics.size(), progress);
        } else {
            began = System.nanoTime();
            runHere(topology, settings(timing), topics, rows);
        }
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("id", given.any("id"));
        answer.put("rows_in", progress.in());
        answer.put("rows_out", progress.out());
        answer.put("start_seconds", (progress.first() - began) / 1e9);
        answer.put("seconds", (progress.last() - progress.first()) / 1e9);
        answer.put("error", null);
        return answer;
    }

    private Properties settings(Case timing) {
        Properties settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, "timing-" + UUID.randomUUID());
        settings.put(StreamsConfig.STATE_DIR_CONFIG, folder.toString());
        settings.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 0);
        settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
        settings.put(StreamsConfig.consumerPrefix("auto.offset.reset"), "earliest");
        settings.put(StreamsConfig.DSL_STORE_SUPPLIERS_CLASS_CONFIG, Graph.stores(timing));
        return settings;
    }

    private static void runHere(Topology topology, Properties settings, List<String> topics, Rows rows) {
        try (TopologyTestDriver driver = new TopologyTestDriver(topology, settings, Instant.EPOCH)) {
            List<TestInputTopic<Object, Object>> inputs = new ArrayList<>();
            for (String topic : topics) {
                inputs.add(driver.createInputTopic(topic, Json.serde().serializer(), Json.serde().serializer()));
            }
            for (long row = 0; row < rows.count(); row++) {
                for (int topic = 0; topic < inputs.size(); topic++) {
                    long bits = Rows.bits(row, topic);
                    inputs.get(topic).pipeInput(rows.key(bits), rows.value(bits), rows.time(row, bits));
                }
            }
        }
    }

    /** Where the output ends. Kafka Streams wants one for each task. */
    private static final class Count implements Processor<Object, Object, Void, Void> {
        private final Progress progress;

        Count(Progress progress) {
            this.progress = progress;
        }

        @Override
        public void process(Record<Object, Object> change) {
            progress.wrote();
        }
    }
}
