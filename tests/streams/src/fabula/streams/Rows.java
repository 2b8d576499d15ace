package fabula.streams;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Rows made by a formula, the same in every oracle and in the benchmark, so that nobody has to hand them over.
 *
 * <p>Row {@code i} of topic {@code j} comes from the 64 bits {@code h = mix(i + 1 + j * 2^40)}, SplitMix64's:
 * {@code key = "k" + (h >>> 33) % keys}, {@code x = h & 1023},
 * {@code time_ms = i * step_us / 1000 + ((h >>> 10) & 0x7fffff) % (jitter_ms + 1)}.
 */
record Rows(long count, long keys, long stepUs, long jitterMs) {
    static Rows of(Case timing) {
        return new Rows(
                timing.number("rows"), timing.number("keys", 1000), timing.number("step_us", 1000),
                timing.number("jitter_ms", 0));
    }

    static long bits(long row, long topic) {
        long z = (row + 1 + (topic << 40)) * 0x9E3779B97F4A7C15L;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }

    String key(long bits) {
        return "k" + (bits >>> 33) % keys;
    }

    long time(long row, long bits) {
        return row * stepUs / 1000 + ((bits >>> 10) & 0x7fffff) % (jitterMs + 1);
    }

    Map<String, Object> value(long bits) {
        Map<String, Object> value = new LinkedHashMap<>();
        value.put("k", key(bits));
        value.put("x", bits & 1023);
        return value;
    }
}
