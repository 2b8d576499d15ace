package fabula.flink;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.flink.types.RowKind;

/**
 * Cases, run by Flink to the end of their input.
 *
 * <p>At parallelism 1 the inputs are taken one by one, in the case's order ({@link Run}), and
 * {@code pipeline.auto-watermark-interval} is 0, so that each row's watermark follows it at once. Then results do not
 * depend on how fast the machine is. A case that is measured runs as Flink runs it.
 */
final class Trial {
    private static final int MOST_PLANS = 64;

    private final Cluster cluster;
    /** The plans of the latest cases, by what they are made of. */
    private final Map<JsonNode, Plan> plans = new LinkedHashMap<>(MOST_PLANS, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<JsonNode, Plan> eldest) {
            return size() > MOST_PLANS;
        }
    };

    /** Trials on a cluster. */
    Trial(Cluster cluster) {
        this.cluster = cluster;
    }

    Map<String, Object> run(JsonNode given) {
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("id", given.path("id"));
        answer.put("error", null);
        long began = System.nanoTime();
        try {
            if (given.path("timing").booleanValue()) {
                measure(given, answer, began);
            } else {
                ask(given, answer);
                answer.put("seconds", (System.nanoTime() - began) / 1e9);
            }
        } catch (Exception | AssertionError error) {
            // The planner asserts where it should complain.
            answer.put("error", reason(error));
        }
        return answer;
    }

    private void ask(JsonNode given, Map<String, Object> answer) throws Exception {
        boolean ordered = given.path("parallelism").asInt(1) == 1;
        ObjectNode planned = ((ObjectNode) given).deepCopy().without(List.of("id", "input"));
        Plan plan = plans.get(planned);
        if (plan == null) {
            plan = new Plan(given, ordered);
            plans.put(planned, plan);
        }
        answer.put("columns", plan.columns());
        Run run = plan.run(cluster, plan.events(given.path("input")), false);
        answer.put("changelog", run.changes().stream().map(Trial::change).toList());
        answer.put("rows", rows(run.changes()));
    }

    private void measure(JsonNode given, Map<String, Object> answer, long began) throws Exception {
        Plan plan = new Plan(given, false);
        Run run = plan.run(cluster, plan.events(given.path("input")), true);
        answer.put("start_seconds", (run.opened() - began) / 1e9);
        answer.put("seconds", (System.nanoTime() - run.opened()) / 1e9);
        answer.put("rows_out", run.out());
    }

    private static List<Object> change(Run.Change change) {
        List<Object> answer = new ArrayList<>();
        answer.add(change.kind().shortString());
        answer.add(change.cells());
        answer.add(change.by());
        return answer;
    }

    /** What the changes lead to: the rows that are left, in the order in which they came to be. */
    private static List<List<Object>> rows(List<Run.Change> changes) {
        List<List<Object>> rows = new ArrayList<>();
        Map<List<Object>, Deque<Integer>> places = new HashMap<>();
        for (Run.Change change : changes) {
            boolean more = change.kind() == RowKind.INSERT || change.kind() == RowKind.UPDATE_AFTER;
            if (more) {
                places.computeIfAbsent(change.cells(), cells -> new ArrayDeque<>()).add(rows.size());
                rows.add(change.cells());
                continue;
            }
            Deque<Integer> at = places.get(change.cells());
            if (at == null) {
                throw new IllegalStateException("taken back, but never given: " + change.cells());
            }
            rows.set(at.remove(), null);
            if (at.isEmpty()) {
                places.remove(change.cells());
            }
        }
        rows.removeIf(Objects::isNull);
        return rows;
    }

    /** The innermost reason: the layers above it only say that a job failed. */
    static String reason(Throwable error) {
        Throwable cause = error;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        // What says nothing at least says where.
        return cause.getMessage() == null
                ? cause + " at " + Arrays.stream(cause.getStackTrace()).limit(3).toList()
                : cause.getMessage();
    }
}
