package fabula.streams;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;

/** A temporary folder for what Kafka Streams insists on writing; empty between cases, gone at the end. */
final class Folder implements AutoCloseable {
    private final Path path;

    Folder() throws IOException {
        path = Files.createTempDirectory("fabula-streams");
    }

    @Override
    public String toString() {
        return path.toString();
    }

    /** Removes all that lies in it. */
    void empty() {
        try (Stream<Path> inside = Files.walk(path)) {
            for (Path each : inside.sorted(Comparator.reverseOrder()).toList()) {
                if (!each.equals(path)) {
                    Files.deleteIfExists(each);
                }
            }
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    @Override
    public void close() throws IOException {
        empty();
        Files.deleteIfExists(path);
    }
}
