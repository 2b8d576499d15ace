package fabula.flink;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.types.logical.RowType;

/**
 * Gives the rows of a table that is measured out of memory: they are read from a file of JSON lines while the query is
 * planned, so that reading and decoding are not part of what is measured.
 */
final class Loader extends AbstractStreamOperator<RowData> implements OneInputStreamOperator<Long, RowData> {
    private static final long serialVersionUID = 1;
    private static final Map<String, List<RowData>> LOADED = new HashMap<>();

    private final long plan;
    private final String path;
    private transient List<RowData> rows;
    private transient StreamRecord<RowData> record;

    Loader(long plan, String path) {
        this.plan = plan;
        this.path = path;
    }

    /** Reads a file, unless that was done before; says how many rows it has. */
    static synchronized long load(String path, RowType type) {
        return LOADED.computeIfAbsent(path, unread -> read(Path.of(unread), type)).size();
    }

    private static synchronized List<RowData> loaded(String path) {
        return LOADED.get(path);
    }

    private static List<RowData> read(Path path, RowType type) {
        ObjectMapper json = new ObjectMapper();
        List<RowData> rows = new ArrayList<>();
        try (BufferedReader lines = Files.newBufferedReader(path)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                JsonNode object = json.readTree(line);
                GenericRowData row = new GenericRowData(type.getFieldCount());
                for (int at = 0; at < type.getFieldCount(); at++) {
                    JsonNode cell = object.path(type.getFieldNames().get(at));
                    row.setField(at, switch (type.getTypeAt(at).getTypeRoot()) {
                        case BIGINT -> (Object) cell.longValue();
                        case VARCHAR -> StringData.fromString(cell.textValue());
                        default -> throw new IllegalArgumentException("no such column: " + type.getTypeAt(at));
                    });
                }
                rows.add(row);
            }
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
        return rows;
    }

    @Override
    public void open() throws Exception {
        super.open();
        rows = loaded(path);
        record = new StreamRecord<>(null);
        Run.of(plan).open();
    }

    @Override
    public void processElement(StreamRecord<Long> number) {
        output.collect(record.replace(rows.get(number.getValue().intValue())));
    }
}
