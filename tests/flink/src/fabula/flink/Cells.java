package fabula.flink;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.flink.table.types.logical.ArrayType;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.RowType;
import org.apache.flink.types.Row;

/**
 * Cells between JSON and Flink. A time of either kind is milliseconds since the epoch, in UTC; a row is the list of its
 * cells; a number that JSON has no form for is text.
 */
final class Cells {
    private Cells() {
    }

    /** The value of a column that Flink takes from outside. */
    static Object fromJson(JsonNode cell, LogicalType type) {
        if (cell == null || cell.isNull()) {
            return null;
        }
        return switch (type.getTypeRoot()) {
            case CHAR, VARCHAR -> cell.textValue();
            case BOOLEAN -> cell.booleanValue();
            case INTEGER -> Math.toIntExact(whole(cell));
            case BIGINT -> whole(cell);
            case DOUBLE -> cell.doubleValue();
            case DECIMAL -> cell.decimalValue();
            case TIMESTAMP_WITHOUT_TIME_ZONE ->
                LocalDateTime.ofInstant(Instant.ofEpochMilli(whole(cell)), ZoneOffset.UTC);
            case TIMESTAMP_WITH_LOCAL_TIME_ZONE -> Instant.ofEpochMilli(whole(cell));
            case ARRAY -> array(cell, ((ArrayType) type).getElementType());
            case ROW -> row(cell, ((RowType) type).getChildren());
            default -> throw new IllegalArgumentException("no column can be a " + type);
        };
    }

    private static long whole(JsonNode cell) {
        if (!cell.canConvertToExactIntegral()) {
            throw new IllegalArgumentException("not a whole number: " + cell);
        }
        return cell.longValue();
    }

    static Row row(JsonNode cells, List<LogicalType> types) {
        if (cells.size() != types.size()) {
            throw new IllegalArgumentException("not " + types.size() + " cells: " + cells);
        }
        Row row = new Row(types.size());
        for (int at = 0; at < types.size(); at++) {
            row.setField(at, fromJson(cells.get(at), types.get(at)));
        }
        return row;
    }

    private static Object array(JsonNode cells, LogicalType type) {
        Object array = java.lang.reflect.Array.newInstance(type.getDefaultConversion(), cells.size());
        for (int at = 0; at < cells.size(); at++) {
            java.lang.reflect.Array.set(array, at, fromJson(cells.get(at), type));
        }
        return array;
    }

    /** A cell that came out of Flink. */
    static Object toJson(Object cell) {
        if (cell instanceof Instant time) {
            return time.toEpochMilli();
        } else if (cell instanceof LocalDateTime time) {
            return time.toInstant(ZoneOffset.UTC).toEpochMilli();
        } else if (cell instanceof Row row) {
            List<Object> cells = new ArrayList<>();
            for (int at = 0; at < row.getArity(); at++) {
                cells.add(toJson(row.getField(at)));
            }
            return cells;
        } else if (cell instanceof Object[] array) {
            List<Object> cells = new ArrayList<>();
            for (Object element : array) {
                cells.add(toJson(element));
            }
            return cells;
        } else if (cell instanceof Map<?, ?> map) {
            Map<String, Object> cells = new LinkedHashMap<>();
            map.forEach((key, value) -> cells.put(String.valueOf(key), toJson(value)));
            return cells;
        } else if (cell instanceof Double number && (number.isNaN() || number.isInfinite())) {
            return number.toString();
        } else if (cell == null || cell instanceof Number || cell instanceof Boolean || cell instanceof String) {
            return cell instanceof BigDecimal decimal ? new BigDecimal(decimal.toPlainString()) : cell;
        }
        return cell.toString();
    }
}
