package fabula.streams;

import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * An object of a case, with typed access to its fields. What is absent and what is null are the same to a case; what
 * has another type than it should have is an error that names the field.
 */
record Case(Map<String, Object> fields) {
    @SuppressWarnings("unchecked")
    static Case of(Object json) {
        if (json instanceof Map<?, ?> map) {
            return new Case((Map<String, Object>) map);
        }
        throw new IllegalArgumentException("not an object: " + json);
    }

    /** Whether the field is there and not null. */
    boolean has(String name) {
        return fields.get(name) != null;
    }

    /** Any value; null where it is absent. */
    Object any(String name) {
        return fields.get(name);
    }

    String text(String name) {
        return required(name, String.class);
    }

    String text(String name, String otherwise) {
        return has(name) ? text(name) : otherwise;
    }

    long number(String name) {
        return required(name, Long.class);
    }

    long number(String name, long otherwise) {
        return has(name) ? number(name) : otherwise;
    }

    boolean flag(String name) {
        return has(name) && required(name, Boolean.class);
    }

    Duration millis(String name) {
        return Duration.ofMillis(number(name));
    }

    /** A duration that is zero where the case does not say. */
    Duration millisOrZero(String name) {
        return Duration.ofMillis(number(name, 0));
    }

    Case object(String name) {
        return of(required(name, Map.class));
    }

    List<Case> objects(String name) {
        return ((List<?>) required(name, List.class)).stream().map(Case::of).toList();
    }

    List<String> texts(String name) {
        return ((List<?>) required(name, List.class)).stream().map(String.class::cast).toList();
    }

    private <T> T required(String name, Class<T> type) {
        Object value = fields.get(name);
        if (type.isInstance(value)) {
            return type.cast(value);
        }
        String what = value == null ? "is missing" : "is not a " + type.getSimpleName() + ": " + value;
        throw new IllegalArgumentException(name + " " + what);
    }
}
