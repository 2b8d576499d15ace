package fabula.streams;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;

/** A real broker that a topology is measured against. */
final class Broker {
    /** After so long without any row, a topology that has read its input has done all that comes of it. */
    private static final Duration QUIET = Duration.ofSeconds(2);
    private static final Duration PATIENCE = Duration.ofMinutes(30);

    private final Map<String, Object> settings;

    Broker(String bootstrap) {
        settings = Map.of("bootstrap.servers", bootstrap);
    }

    /** Writes the rows to topics of one partition, but for those topics that have them already. */
    void fill(List<String> topics, Rows rows) {
        try (Admin admin = Admin.create(settings)) {
            for (int topic = 0; topic < topics.size(); topic++) {
                String name = topics.get(topic);
                if (!admin.listTopics().names().get().contains(name)) {
                    admin.createTopics(List.of(new NewTopic(name, 1, (short) 1))).all().get();
                }
                TopicPartition partition = new TopicPartition(name, 0);
                long there = ends(admin, List.of(partition)).get(partition).offset();
                if (there == 0) {
                    write(name, topic, rows);
                } else if (there != rows.count()) {
                    throw new IllegalArgumentException(name + " holds " + there + " records, not " + rows.count());
                }
            }
        } catch (ExecutionException error) {
            throw new IllegalStateException(error);
        } catch (InterruptedException error) {
            throw interrupted(error);
        }
    }

    private static Map<TopicPartition, ListOffsetsResultInfo> ends(Admin admin, Iterable<TopicPartition> partitions)
            throws ExecutionException, InterruptedException {
        Map<TopicPartition, OffsetSpec> asked = new HashMap<>();
        partitions.forEach(partition -> asked.put(partition, OffsetSpec.latest()));
        return admin.listOffsets(asked).all().get();
    }

    private void write(String name, int topic, Rows rows) {
        Map<String, Object> more = new HashMap<>(settings);
        more.put("linger.ms", 20);
        more.put("batch.size", 1 << 18);
        more.put("compression.type", "lz4");
        var serde = Json.serde().serializer();
        AtomicReference<Exception> failure = new AtomicReference<>();
        try (Producer<Object, Object> producer = new KafkaProducer<>(more, serde, serde)) {
            for (long row = 0; row < rows.count() && failure.get() == null; row++) {
                long bits = Rows.bits(row, topic);
                var record = new ProducerRecord<Object, Object>(
                        name, 0, rows.time(row, bits), rows.key(bits), rows.value(bits));
                producer.send(record, (metadata, error) -> {
                    if (error != null) {
                        failure.set(error);
                    }
                });
            }
            producer.flush();
        }
        if (failure.get() != null) {
            throw new IllegalStateException(failure.get());
        }
    }

    /** Runs the topology until so many rows are read and nothing more comes of them; checks that nothing was left. */
    void run(Topology topology, Properties given, long total, Progress progress) {
        Properties all = new Properties();
        all.putAll(given);
        all.putAll(settings);
        CountDownLatch failed = new CountDownLatch(1);
        AtomicReference<Throwable> failure = new AtomicReference<>();
        try (KafkaStreams streams = new KafkaStreams(topology, all)) {
            streams.setUncaughtExceptionHandler(error -> {
                failure.set(error);
                failed.countDown();
                return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
            });
            streams.start();
            long until = System.nanoTime() + PATIENCE.toNanos();
            while (progress.in() < total || System.nanoTime() - progress.last() < QUIET.toNanos()) {
                if (failed.await(100, TimeUnit.MILLISECONDS)) {
                    throw new IllegalStateException(failure.get());
                }
                if (System.nanoTime() > until) {
                    throw new IllegalStateException("read " + progress.in() + " rows of " + total + " and no more");
                }
            }
            streams.close(Duration.ofMinutes(1));
            streams.cleanUp();
            allIsDone(all.getProperty(StreamsConfig.APPLICATION_ID_CONFIG));
        } catch (ExecutionException error) {
            throw new IllegalStateException(error);
        } catch (InterruptedException error) {
            throw interrupted(error);
        }
    }

    /** What was committed at the close must be all there is, also of the topics between: else the time says nothing. */
    private void allIsDone(String application) throws ExecutionException, InterruptedException {
        try (Admin admin = Admin.create(settings)) {
            Map<TopicPartition, OffsetAndMetadata> done =
                    admin.listConsumerGroupOffsets(application).partitionsToOffsetAndMetadata().get();
            ends(admin, done.keySet()).forEach((partition, end) -> {
                if (done.get(partition).offset() < end.offset()) {
                    throw new IllegalStateException(partition + " was not read to its end");
                }
            });
        }
    }

    private static IllegalStateException interrupted(InterruptedException error) {
        Thread.currentThread().interrupt();
        return new IllegalStateException(error);
    }
}
