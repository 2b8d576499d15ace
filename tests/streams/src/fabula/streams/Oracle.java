package fabula.streams;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * Kafka Streams as an oracle: a case a line on stdin, its answer a line on stdout, until stdin ends.
 *
 * <p>A case is an object; {@code tests/src/oracle/streams.rs} has its form. One with {@code "timing"} is measured
 * instead of looked at. What cannot be read as a case is answered too, so that each line has its answer.
 */
public final class Oracle {
    private Oracle() {
    }

    public static void main(String[] arguments) throws IOException {
        PrintStream answers = System.out;
        // Whatever a library prints must not get between the answers.
        System.setOut(System.err);
        try (Folder folder = new Folder();
                BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            Trial trial = new Trial(folder);
            Timing timing = new Timing(folder);
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                Object answer;
                try {
                    Case given = Case.of(Json.read(line));
                    answer = given.has("timing") ? timing.run(given) : trial.run(given);
                } catch (IOException | RuntimeException error) {
                    answer = Map.of("error", Trial.reason(error));
                }
                answers.write((Json.write(answer) + "\n").getBytes(StandardCharsets.UTF_8));
                answers.flush();
            }
        }
    }
}
