package fabula.streams;

import java.time.Duration;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.kstream.JoinWindows;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.WindowBytesStoreSupplier;
import org.apache.kafka.streams.state.WindowStore;

/**
 * The store of one side of a join of streams that keeps every row for as long as it may be joined: 1 ms longer than
 * Kafka Streams says. Kafka Streams demands that a supplier says what it would say, so this one does.
 */
record ExactWindows(String name, JoinWindows windows) implements WindowBytesStoreSupplier {
    @Override
    public WindowStore<Bytes, byte[]> get() {
        return Stores.inMemoryWindowStore(
                        name,
                        Duration.ofMillis(retentionPeriod() + 1),
                        Duration.ofMillis(windowSize()),
                        true)
                .get();
    }

    @Override
    public String metricsScope() {
        return "in-memory-window";
    }

    @Override
    public long segmentIntervalMs() {
        return 1;
    }

    @Override
    public long windowSize() {
        return windows.size();
    }

    @Override
    public boolean retainDuplicates() {
        return true;
    }

    @Override
    public long retentionPeriod() {
        return windows.size() + windows.gracePeriodMs();
    }
}
