package fabula.flink;

import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;

/** At the one record that it gets, lets one input after the other through, each when the one before is done. */
final class Conductor extends AbstractStreamOperator<Long> implements OneInputStreamOperator<Long, Long> {
    static final String NAME = "conductor";
    private static final long serialVersionUID = 1;

    private final long plan;
    private transient Run run;

    Conductor(long plan) {
        this.plan = plan;
    }

    @Override
    public void open() throws Exception {
        super.open();
        run = Run.of(plan);
    }

    @Override
    public void processElement(StreamRecord<Long> start) throws Exception {
        for (int input = 0; input < run.events.size(); input++) {
            run.next(input);
            output.collect(start.replace((long) input));
            run.await();
        }
        // Before the source sends its last watermark, which is nobody's input.
        run.end();
    }
}
