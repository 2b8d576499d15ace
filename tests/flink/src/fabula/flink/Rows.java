package fabula.flink;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.Serializable;

/**
 * Rows made by a formula, the same in every oracle and in the benchmark, so that nobody has to hand them over. The
 * columns are {@code k STRING, x BIGINT, ts TIMESTAMP_LTZ(3)}.
 *
 * <p>Row {@code i} of topic {@code j} comes from the 64 bits {@code h = mix(i + 1 + j * 2^40)}, SplitMix64's:
 * {@code k = "k" + (h >>> 33) % keys}, {@code x = h & 1023},
 * {@code ts = i * step_us / 1000 + ((h >>> 10) & 0x7fffff) % (jitter_ms + 1)} milliseconds.
 */
record Rows(long count, int keys, long stepUs, long jitterMs, long topic) implements Serializable {
    /** What a case says of a table, as one option of it. */
    static String option(JsonNode given) {
        return given.path("rows").longValue() + " " + given.path("keys").asInt(1000) + " "
                + given.path("step_us").asLong(1000) + " " + given.path("jitter_ms").asLong(0) + " "
                + given.path("topic").asLong(0);
    }

    static Rows of(String option) {
        String[] parts = option.split(" ");
        return new Rows(
                Long.parseLong(parts[0]), Integer.parseInt(parts[1]), Long.parseLong(parts[2]),
                Long.parseLong(parts[3]), Long.parseLong(parts[4]));
    }

    long bits(long row) {
        long z = (row + 1 + (topic << 40)) * 0x9E3779B97F4A7C15L;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }

    int key(long bits) {
        return (int) ((bits >>> 33) % keys);
    }

    long time(long row, long bits) {
        return row * stepUs / 1000 + ((bits >>> 10) & 0x7fffff) % (jitterMs + 1);
    }
}
