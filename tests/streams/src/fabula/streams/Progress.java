package fabula.streams;

/** What a measured topology has done, and when. Written by the one thread that runs it, read by the one that waits. */
final class Progress {
    private volatile long first;
    private volatile long last;
    private volatile long in;
    private volatile long out;

    /** A row was read from a topic of the case. */
    @SuppressWarnings("NonAtomicOperationOnVolatileField")
    void read() {
        in++;
        moved();
    }

    /** A row reached the output. */
    @SuppressWarnings("NonAtomicOperationOnVolatileField")
    void wrote() {
        out++;
        moved();
    }

    /** Something was done with a row. */
    void moved() {
        long now = System.nanoTime();
        if (first == 0) {
            first = now;
        }
        last = now;
    }

    /** When the first row was read, by {@link System#nanoTime}; 0 before. */
    long first() {
        return first;
    }

    /** When something was last done. */
    long last() {
        return last;
    }

    long in() {
        return in;
    }

    long out() {
        return out;
    }
}
