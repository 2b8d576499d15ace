package fabula.flink;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * Flink SQL as an oracle: a case a line on stdin, its answer a line on stdout, until stdin ends.
 *
 * <p>A case is an object; {@code tests/src/oracle/flink.rs} has its form. What cannot be read as a case is answered
 * too, so that each line has its answer. One small cluster in this process runs all cases, one after the other.
 */
public final class Oracle {
    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .build();

    private Oracle() {
    }

    public static void main(String[] arguments) throws Exception {
        PrintStream answers = System.out;
        // Whatever a library prints must not get between the answers.
        System.setOut(System.err);
        try (Cluster cluster = new Cluster();
                BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            Trial trial = new Trial(cluster);
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                answers.write((JSON.writeValueAsString(answer(trial, line)) + "\n").getBytes(StandardCharsets.UTF_8));
                answers.flush();
            }
        }
    }

    private static Map<String, Object> answer(Trial trial, String line) {
        try {
            JsonNode given = JSON.readTree(line);
            if (!given.isObject()) {
                throw new IllegalArgumentException("a case is an object");
            }
            return trial.run(given);
        } catch (Exception | AssertionError error) {
            return Map.of("error", Trial.reason(error));
        }
    }
}
