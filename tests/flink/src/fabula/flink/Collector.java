package fabula.flink;

import java.util.ArrayList;
import java.util.List;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.runtime.streamrecord.LatencyMarker;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.table.connector.RuntimeConverter;
import org.apache.flink.table.connector.sink.DynamicTableSink.DataStructureConverter;
import org.apache.flink.table.data.RowData;
import org.apache.flink.types.Row;

/** The end of a query: keeps its changes, or only counts them, and tells the run of the markers that arrive. */
final class Collector extends AbstractStreamOperator<RowData> implements OneInputStreamOperator<RowData, RowData> {
    private static final long serialVersionUID = 1;

    private final long plan;
    private final DataStructureConverter converter;
    private transient Run run;
    private transient long counted;

    Collector(long plan, DataStructureConverter converter) {
        this.plan = plan;
        this.converter = converter;
    }

    @Override
    public void open() throws Exception {
        super.open();
        converter.open(RuntimeConverter.Context.create(getUserCodeClassloader()));
        run = Run.of(plan);
        run.open();
    }

    @Override
    public void processElement(StreamRecord<RowData> change) {
        if (run.counted) {
            counted++;
            return;
        }
        // The record may be used again by whoever made it, so it is taken apart at once.
        Row row = (Row) converter.toExternal(change.getValue());
        List<Object> cells = new ArrayList<>();
        for (int at = 0; at < row.getArity(); at++) {
            cells.add(Cells.toJson(row.getField(at)));
        }
        run.add(change.getValue().getRowKind(), cells);
    }

    @Override
    public void processLatencyMarker(LatencyMarker marker) {
        run.arrive();
    }

    @Override
    public void finish() throws Exception {
        super.finish();
        run.count(counted);
    }
}
