package fabula.flink;

import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.api.watermark.Watermark;
import org.apache.flink.streaming.runtime.streamrecord.LatencyMarker;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.table.connector.RuntimeConverter;
import org.apache.flink.table.connector.source.DynamicTableSource.DataStructureConverter;
import org.apache.flink.table.data.RowData;

/**
 * One reading of a table: of all inputs it gives on those of its table, and after each input, its own or not, a marker.
 * Each place where a query names a table has its own branch, so that no marker ever has to choose between two ways.
 */
final class Branch extends AbstractStreamOperator<RowData> implements OneInputStreamOperator<Long, RowData> {
    static final String NAME = "branch";
    private static final long serialVersionUID = 1;

    private final long plan;
    private final String table;
    private final DataStructureConverter converter;
    private transient Run run;
    private transient StreamRecord<RowData> record;

    Branch(long plan, String table, DataStructureConverter converter) {
        this.plan = plan;
        this.table = table;
        this.converter = converter;
    }

    @Override
    public void open() throws Exception {
        super.open();
        converter.open(RuntimeConverter.Context.create(getUserCodeClassloader()));
        record = new StreamRecord<>(null);
        run = Run.of(plan);
        run.open();
    }

    @Override
    public void processElement(StreamRecord<Long> input) {
        Run.Event event = run.events.get(input.getValue().intValue());
        if (event.table().equals(table)) {
            if (event.watermarkMs() != null) {
                output.emitWatermark(new Watermark(event.watermarkMs()));
            } else {
                output.collect(record.replace((RowData) converter.toInternal(event.row())));
            }
        }
        if (run.ordered()) {
            output.emitLatencyMarker(new LatencyMarker(input.getValue(), getOperatorID(), 0));
        }
    }
}
