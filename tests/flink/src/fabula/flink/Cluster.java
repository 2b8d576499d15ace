package fabula.flink;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;
import org.apache.flink.api.common.JobID;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.CoreOptions;
import org.apache.flink.configuration.JobManagerOptions;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.configuration.RestOptions;
import org.apache.flink.configuration.TaskManagerOptions;
import org.apache.flink.configuration.WebOptions;
import org.apache.flink.runtime.jobgraph.JobGraph;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.minicluster.MiniClusterConfiguration;
import org.apache.flink.runtime.minicluster.RpcServiceSharing;

/**
 * A cluster in this process, kept from case to case: Flink's own local executor starts one for each job, which takes
 * longer than most cases.
 */
final class Cluster implements AutoCloseable {
    private static final int SLOTS = 16;

    private final Path folder;
    private final MiniCluster cluster;

    Cluster() throws Exception {
        folder = Files.createTempDirectory("fabula-flink");
        Configuration settings = new Configuration();
        settings.set(CoreOptions.TMP_DIRS, folder.toString());
        settings.set(WebOptions.TMP_DIR, folder.toString());
        settings.set(WebOptions.UPLOAD_DIR, folder.toString());
        settings.set(RestOptions.ADDRESS, "127.0.0.1");
        settings.set(RestOptions.BIND_ADDRESS, "127.0.0.1");
        settings.set(RestOptions.BIND_PORT, "0");
        settings.set(JobManagerOptions.ADDRESS, "127.0.0.1");
        settings.set(TaskManagerOptions.NETWORK_MEMORY_MIN, MemorySize.ofMebiBytes(64));
        settings.set(TaskManagerOptions.NETWORK_MEMORY_MAX, MemorySize.ofMebiBytes(64));
        settings.set(TaskManagerOptions.MANAGED_MEMORY_SIZE, MemorySize.ofMebiBytes(256));
        cluster = new MiniCluster(new MiniClusterConfiguration.Builder()
                .setConfiguration(settings)
                .setNumTaskManagers(1)
                .setNumSlotsPerTaskManager(SLOTS)
                .setRpcServiceSharing(RpcServiceSharing.SHARED)
                .build());
        cluster.start();
    }

    /** Runs a job to its end; it may be run again. */
    void run(JobGraph graph) throws Exception {
        graph.setJobID(new JobID());
        // The graph is copied, so what Flink does to it is not seen here.
        cluster.executeJobBlocking(graph);
    }

    @Override
    public void close() throws Exception {
        cluster.close();
        try (Stream<Path> left = Files.walk(folder)) {
            for (Path path : left.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        } catch (IOException gone) {
            // Flink cleans up after itself as well; whoever is first wins.
        }
    }
}
