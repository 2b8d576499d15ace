package fabula.flink;

import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.data.TimestampData;

/** Makes the rows of a table that is measured. */
final class Generator extends AbstractStreamOperator<RowData> implements OneInputStreamOperator<Long, RowData> {
    private static final long serialVersionUID = 1;

    private final long plan;
    private final Rows rows;
    private transient StringData[] keys;
    private transient StreamRecord<RowData> record;

    Generator(long plan, Rows rows) {
        this.plan = plan;
        this.rows = rows;
    }

    @Override
    public void open() throws Exception {
        super.open();
        keys = new StringData[rows.keys()];
        for (int key = 0; key < keys.length; key++) {
            keys[key] = StringData.fromString("k" + key);
        }
        record = new StreamRecord<>(null);
        Run.of(plan).open();
    }

    @Override
    public void processElement(StreamRecord<Long> number) {
        long row = number.getValue();
        long bits = rows.bits(row);
        TimestampData time = TimestampData.fromEpochMillis(rows.time(row, bits));
        output.collect(record.replace(GenericRowData.of(keys[rows.key(bits)], bits & 1023, time)));
    }
}
