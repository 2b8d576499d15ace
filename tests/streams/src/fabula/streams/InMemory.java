package fabula.streams;

import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.apache.kafka.streams.state.RocksDBConfigSetter;
import org.rocksdb.Env;
import org.rocksdb.Options;
import org.rocksdb.RocksMemEnv;

/**
 * Keeps the files of RocksDB in memory. Versioned tables and the buffer of a join that waits for its table are always
 * in RocksDB; on a disk a case takes a tenth of a second for it.
 */
public final class InMemory implements RocksDBConfigSetter {
    // Kafka Streams makes the setters itself, one for each store, so that what they open is only known here.
    private static final Queue<Env> OPEN = new ConcurrentLinkedQueue<>();

    @Override
    public void setConfig(String store, Options options, Map<String, Object> settings) {
        // Each store has files of its own: the next case uses the same names.
        Env files = new RocksMemEnv(Env.getDefault());
        OPEN.add(files);
        options.setEnv(files);
        options.setWriteBufferSize(1 << 20);
    }

    @Override
    public void close(String store, Options options) {
        // The store is still open here.
    }

    /** Leaves the files alone for good: where a case failed, a store may still be open. */
    static void leave() {
        OPEN.clear();
    }

    /** Forgets the files. All stores must have been closed: RocksDB ends the process otherwise. */
    static void forget() {
        for (Env files = OPEN.poll(); files != null; files = OPEN.poll()) {
            files.close();
        }
    }
}
