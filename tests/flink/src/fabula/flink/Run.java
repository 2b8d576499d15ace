package fabula.flink;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.flink.types.Row;
import org.apache.flink.types.RowKind;

/**
 * What the operators of one job share with the case they belong to: the input, how far it is, and what came of it.
 *
 * <p>A job has many threads, and Flink promises nothing about the order in which rows of several tables reach a join.
 * Here it does: one {@link Conductor} sends the number of the next input to the {@link Branch} of every table, a branch
 * lets a marker follow it, and the next input waits until the markers of all branches have come through to the
 * {@link Collector}. A marker (Flink's own, for latencies) is overtaken by nothing, so all that comes of an input,
 * watermarks and timers included, is done before the next begins, and each result is known by the input that caused it.
 */
final class Run {
    /** An input: a row of a table, or a watermark of its source. */
    record Event(String table, Row row, Long watermarkMs) {
    }

    /** A result: a change, and the number of the input that caused it; null where that was the end of all input. */
    record Change(RowKind kind, List<Object> cells, Integer by) {
    }

    private static final Map<Long, Run> RUNNING = new ConcurrentHashMap<>();
    private static final long PATIENCE_SECONDS = 120;
    private static final int NONE = -1;

    /** All inputs, in their order. */
    final List<Event> events;
    /** Whether results are only counted. */
    final boolean counted;
    /** How many markers follow an input; none where inputs are not taken one by one. */
    private final int branches;
    private final List<Change> changes = new ArrayList<>();
    private final AtomicLong out = new AtomicLong();
    private int current = NONE;
    private int arrived;
    private volatile long opened;

    Run(List<Event> events, int branches, boolean counted) {
        this.events = events;
        this.branches = branches;
        this.counted = counted;
    }

    /** Makes this the run that the operators of a plan find; only one at a time. */
    void begin(long plan) {
        RUNNING.put(plan, this);
    }

    static void forget(long plan) {
        RUNNING.remove(plan);
    }

    static Run of(long plan) {
        Run run = RUNNING.get(plan);
        if (run == null) {
            throw new IllegalStateException("nobody waits for this job any more");
        }
        return run;
    }

    /** The input with this number begins. */
    synchronized void next(int input) {
        current = input;
        arrived = 0;
    }

    /** Waits until all that comes of the input has come. */
    synchronized void await() throws InterruptedException, TimeoutException {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (arrived < branches) {
            long left = until - System.nanoTime();
            if (left <= 0) {
                throw new TimeoutException(
                        "of input " + current + " only " + arrived + " of " + branches + " branches arrived");
            }
            TimeUnit.NANOSECONDS.timedWait(this, left);
        }
    }

    /** There is no more input. */
    synchronized void end() {
        current = NONE;
    }

    /** A marker of the current input came through. */
    synchronized void arrive() {
        arrived++;
        notifyAll();
    }

    boolean ordered() {
        return branches > 0;
    }

    synchronized void add(RowKind kind, List<Object> cells) {
        changes.add(new Change(kind, cells, ordered() && current != NONE ? (Integer) current : null));
    }

    void count(long rows) {
        out.addAndGet(rows);
    }

    /** An operator is ready to work: when the last one says so, the job has started. */
    void open() {
        opened = System.nanoTime();
    }

    long opened() {
        return opened;
    }

    long out() {
        return out.get();
    }

    synchronized List<Change> changes() {
        return List.copyOf(changes);
    }
}
