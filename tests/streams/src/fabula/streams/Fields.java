package fabula.streams;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/** Looking into a record's value: fields, comparisons, keys and projections, with SQL's nulls. */
final class Fields {
    private Fields() {
    }

    /**
     * What a value has under a name. A name that is not a field as it stands is a path whose steps are parted by dots
     * ({@code left.x} of a join). Null where there is nothing.
     */
    static Object get(Object value, String name) {
        if (!(value instanceof Map<?, ?> map)) {
            return null;
        }
        if (map.containsKey(name)) {
            return map.get(name);
        }
        int dot = name.indexOf('.');
        return dot < 0 ? null : get(map.get(name.substring(0, dot)), name.substring(dot + 1));
    }

    /** The key that a record gets by one field or by a list of them. A key with a null in it is null. */
    static Object key(Object value, Object by) {
        if (by instanceof String field) {
            return get(value, field);
        }
        List<Object> parts = new ArrayList<>();
        for (Object field : (List<?>) by) {
            Object part = get(value, (String) field);
            if (part == null) {
                return null;
            }
            parts.add(part);
        }
        return parts;
    }

    /** The value with the fields of a projection; a tombstone stays one. */
    static Object project(Object value, List<Case> select) {
        if (value == null) {
            return null;
        }
        Map<String, Object> projected = new LinkedHashMap<>();
        select.forEach(item -> projected.put(item.text("name"), get(value, item.text("field"))));
        return projected;
    }

    /** One value for each element of an array: the whole with that element beside. None where there is no array. */
    static List<Object> flatten(Object value, String field, String as) {
        List<Object> rows = new ArrayList<>();
        if (value instanceof Map<?, ?> map && get(value, field) instanceof List<?> elements) {
            for (Object element : elements) {
                Map<String, Object> row = new LinkedHashMap<>();
                map.forEach((name, part) -> row.put((String) name, part));
                row.put(as, element);
                rows.add(row);
            }
        }
        return rows;
    }

    /** The condition of a filter. A comparison with null, or of two kinds of value, is not true. */
    static Predicate<Object> condition(Case node) {
        String field = node.text("field");
        String op = node.text("op");
        Object wanted = node.any("value");
        return switch (op) {
            case "is_null" -> value -> get(value, field) == null;
            case "is_not_null" -> value -> get(value, field) != null;
            case "=" -> value -> holds(get(value, field), wanted, order -> order == 0);
            case "<>" -> value -> holds(get(value, field), wanted, order -> order != 0);
            case "<" -> value -> holds(get(value, field), wanted, order -> order < 0);
            case "<=" -> value -> holds(get(value, field), wanted, order -> order <= 0);
            case ">" -> value -> holds(get(value, field), wanted, order -> order > 0);
            case ">=" -> value -> holds(get(value, field), wanted, order -> order >= 0);
            default -> throw new IllegalArgumentException("no such comparison: " + op);
        };
    }

    private static boolean holds(Object left, Object right, Predicate<Integer> order) {
        Integer compared = compare(left, right);
        return compared != null && order.test(compared);
    }

    /** How two values stand: numbers by what they are worth, text by code points. Null where they do not compare. */
    static Integer compare(Object left, Object right) {
        if (left instanceof Number a && right instanceof Number b) {
            return decimal(a).compareTo(decimal(b));
        }
        if (left instanceof String a && right instanceof String b) {
            // Java compares UTF-16, everybody else what it stands for.
            return Integer.signum(java.util.Arrays.compare(a.codePoints().toArray(), b.codePoints().toArray()));
        }
        if (left instanceof Boolean a && right instanceof Boolean b) {
            return a.compareTo(b);
        }
        return null;
    }

    /** A number of any kind, exactly. */
    static BigDecimal decimal(Number number) {
        if (number instanceof BigDecimal decimal) {
            return decimal;
        }
        return number instanceof BigInteger large ? new BigDecimal(large) : BigDecimal.valueOf(number.longValue());
    }
}
