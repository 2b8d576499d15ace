package fabula.streams;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * The functions of an aggregation. Kafka Streams has none of its own but a count: it folds what it is given. So these
 * are ours, and what is tested against them is <em>which</em> rows are folded, when, and what comes out after each.
 *
 * <p>Nulls are skipped, but for {@code count} without a field, which counts rows. Integers stay exact, also beyond 64
 * bits; so do decimals; {@code avg} has 34 digits.
 *
 * <p>States are JSON, because that is how the stores keep them, and are never changed in place: Kafka Streams hands the
 * old one on as what is to be retracted.
 */
final class Folds {
    /** When a value came: its event time, and its place among all that came to this aggregation. */
    record Moment(long time, long arrival) {
    }

    private interface Fold {
        Object add(Object state, Object value, Moment moment);

        Object subtract(Object state, Object value);

        Object merge(Object one, Object other);

        Object result(Object state);
    }

    private record Column(String name, String field, boolean nulls, Fold fold) {
    }

    /** Among the states of the columns: how many rows there are. */
    private static final String ROWS = "$rows";

    private final List<Column> columns;

    /** The functions that a node selects. Of a table they must be able to take a row back. */
    Folds(List<Case> select, boolean ofTable) {
        columns = select.stream().map(item -> column(item, ofTable)).toList();
    }

    private static Column column(Case item, boolean ofTable) {
        String fn = item.text("fn");
        Fold fold = switch (fn) {
            case "count" -> new Count();
            case "sum" -> new Sum(false);
            case "avg" -> new Sum(true);
            case "min" -> ofTable ? new Listed(Listed.Pick.LEAST) : new Extreme(-1);
            case "max" -> ofTable ? new Listed(Listed.Pick.GREATEST) : new Extreme(1);
            case "first" -> new Listed(Listed.Pick.FIRST);
            case "last" -> new Listed(Listed.Pick.LAST);
            case "collect_list" ->
                new Listed("time".equals(item.any("order")) ? Listed.Pick.ALL_BY_TIME : Listed.Pick.ALL);
            default -> throw new IllegalArgumentException("no such function: " + fn);
        };
        if (ofTable && (fn.equals("first") || fn.equals("last"))) {
            throw new IllegalArgumentException(fn + " of a table: a row that is taken back has no time");
        }
        if (!item.has("field") && !fn.equals("count")) {
            throw new IllegalArgumentException(fn + " needs a field");
        }
        return new Column(item.text("name"), item.text("field", null), "keep".equals(item.any("nulls")), fold);
    }

    /** The state of no rows. */
    Map<String, Object> empty() {
        return new LinkedHashMap<>();
    }

    Map<String, Object> add(Object value, Map<String, Object> state, Moment moment) {
        return changed(value, state, (fold, old, part) -> fold.add(old, part, moment));
    }

    Map<String, Object> subtract(Object value, Map<String, Object> state) {
        return changed(value, state, Fold::subtract);
    }

    private interface Change {
        Object apply(Fold fold, Object old, Object part);
    }

    private Map<String, Object> changed(Object value, Map<String, Object> state, Change change) {
        Map<String, Object> changed = new LinkedHashMap<>(state);
        changed.put(ROWS, change.apply(new Count(), state.get(ROWS), Boolean.TRUE));
        for (Column column : columns) {
            Object part = column.field == null ? Boolean.TRUE : Fields.get(value, column.field);
            if (part != null || column.nulls) {
                changed.put(column.name, change.apply(column.fold, state.get(column.name), part));
            }
        }
        return changed;
    }

    /** The state of the rows of two sessions. */
    Map<String, Object> merge(Map<String, Object> one, Map<String, Object> other) {
        Map<String, Object> merged = new LinkedHashMap<>(one);
        merged.put(ROWS, rows(one) + rows(other));
        for (Column column : columns) {
            Object more = other.get(column.name);
            if (more != null) {
                Object old = one.get(column.name);
                merged.put(column.name, old == null ? more : column.fold.merge(old, more));
            }
        }
        return merged;
    }

    /** How many rows a state was made of. */
    static long rows(Map<String, Object> state) {
        return Count.count(state.get(ROWS));
    }

    /** The row that a state comes to; a tombstone stays one. */
    Object result(Object state) {
        if (state == null) {
            return null;
        }
        Map<String, Object> row = new LinkedHashMap<>();
        columns.forEach(column -> row.put(column.name, column.fold.result(((Map<?, ?>) state).get(column.name))));
        return row;
    }

    private static final class Count implements Fold {
        @Override
        public Object add(Object state, Object value, Moment moment) {
            return count(state) + 1;
        }

        @Override
        public Object subtract(Object state, Object value) {
            return count(state) - 1;
        }

        @Override
        public Object merge(Object one, Object other) {
            return count(one) + count(other);
        }

        @Override
        public Object result(Object state) {
            return count(state);
        }

        private static long count(Object state) {
            return state == null ? 0 : (Long) state;
        }
    }

    /** Sum and number of values: `[sum, count]`. Without values both sum and average are null. */
    private record Sum(boolean mean) implements Fold {
        @Override
        public Object add(Object state, Object value, Moment moment) {
            return plus(state, (Number) value, 1);
        }

        @Override
        public Object subtract(Object state, Object value) {
            return plus(state, exact(Fields.decimal((Number) value).negate(), value instanceof BigDecimal), -1);
        }

        @Override
        public Object merge(Object one, Object other) {
            return plus(one, (Number) ((List<?>) other).get(0), (Long) ((List<?>) other).get(1));
        }

        private static Object plus(Object state, Number value, long count) {
            List<?> old = state == null ? List.of(0L, 0L) : (List<?>) state;
            Number sum = (Number) old.get(0);
            boolean decimal = sum instanceof BigDecimal || value instanceof BigDecimal;
            Number plus = exact(Fields.decimal(sum).add(Fields.decimal(value)), decimal);
            return List.of(plus, (Long) old.get(1) + count);
        }

        @Override
        public Object result(Object state) {
            if (state == null || (Long) ((List<?>) state).get(1) == 0) {
                return null;
            }
            List<?> parts = (List<?>) state;
            if (!mean) {
                return parts.get(0);
            }
            BigDecimal count = BigDecimal.valueOf((Long) parts.get(1));
            return Fields.decimal((Number) parts.get(0)).divide(count, MathContext.DECIMAL128).stripTrailingZeros();
        }

        private static Number exact(BigDecimal value, boolean decimal) {
            if (decimal) {
                return value;
            }
            BigInteger whole = value.toBigIntegerExact();
            return whole.bitLength() < Long.SIZE ? (Number) whole.longValue() : whole;
        }
    }

    /** The least or the greatest value, where no row is ever taken back. */
    private record Extreme(int wanted) implements Fold {
        @Override
        public Object add(Object state, Object value, Moment moment) {
            return state == null ? value : merge(state, value);
        }

        @Override
        public Object subtract(Object state, Object value) {
            throw new IllegalStateException("nothing is taken back from a stream");
        }

        @Override
        public Object merge(Object one, Object other) {
            Integer order = Fields.compare(other, one);
            return order != null && order == wanted ? other : one;
        }

        @Override
        public Object result(Object state) {
            return state;
        }
    }

    /** All values with their times and arrivals, `[[time, arrival, value], …]`, and what is picked of them. */
    private record Listed(Pick pick) implements Fold {
        private enum Pick { FIRST, LAST, LEAST, GREATEST, ALL, ALL_BY_TIME }

        private static final Comparator<List<?>> BY_ARRIVAL = Comparator.comparing(entry -> (Long) entry.get(1));
        private static final Comparator<List<?>> BY_TIME = Comparator.comparing(entry -> (Long) entry.get(0));
        private static final Comparator<List<?>> BY_VALUE =
                (one, other) -> Objects.requireNonNull(Fields.compare(one.get(2), other.get(2)), "values of one kind");

        @Override
        public Object add(Object state, Object value, Moment moment) {
            List<Object> entry = new ArrayList<>();
            entry.add(moment.time);
            entry.add(moment.arrival);
            entry.add(value);
            List<Object> more = new ArrayList<>(entries(state));
            more.add(entry);
            return more;
        }

        @Override
        public Object subtract(Object state, Object value) {
            List<Object> less = new ArrayList<>(entries(state));
            for (int at = 0; at < less.size(); at++) {
                if (Objects.equals(((List<?>) less.get(at)).get(2), value)) {
                    less.remove(at);
                    break;
                }
            }
            return less;
        }

        @Override
        public Object merge(Object one, Object other) {
            List<Object> both = new ArrayList<>(entries(one));
            both.addAll(entries(other));
            return both;
        }

        @Override
        public Object result(Object state) {
            List<List<?>> entries = new ArrayList<>();
            entries(state).forEach(entry -> entries.add((List<?>) entry));
            return switch (pick) {
                case ALL -> values(entries, BY_ARRIVAL);
                case ALL_BY_TIME -> values(entries, BY_TIME.thenComparing(BY_ARRIVAL));
                case FIRST -> entries.stream().min(BY_TIME.thenComparing(BY_ARRIVAL)).map(Listed::value).orElse(null);
                case LAST -> entries.stream().max(BY_TIME.thenComparing(BY_ARRIVAL)).map(Listed::value).orElse(null);
                case LEAST -> entries.stream().min(BY_VALUE).map(Listed::value).orElse(null);
                case GREATEST -> entries.stream().max(BY_VALUE).map(Listed::value).orElse(null);
            };
        }

        private static List<?> entries(Object state) {
            return state == null ? List.of() : (List<?>) state;
        }

        private static Object value(List<?> entry) {
            return entry.get(2);
        }

        private static List<Object> values(List<List<?>> entries, Comparator<List<?>> order) {
            List<Object> values = new ArrayList<>();
            entries.stream().sorted(order).forEach(entry -> values.add(value(entry)));
            return values;
        }
    }
}
