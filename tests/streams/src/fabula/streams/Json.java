package fabula.streams;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.kstream.internals.SessionWindow;

/**
 * JSON as plain Java values: maps that keep their order, lists, strings, booleans, null, and numbers without loss. An
 * integer is a {@link Long} (beyond 64 bits a {@link java.math.BigInteger}); a number with a point or an exponent is a
 * {@link java.math.BigDecimal} with the digits it was written with.
 */
final class Json {
    private static final ObjectMapper MAPPER = JsonMapper.builder()
            .enable(DeserializationFeature.USE_LONG_FOR_INTS)
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .build()
            .configure(JsonGenerator.Feature.WRITE_BIGDECIMAL_AS_PLAIN, true);

    private static final String WINDOW = "$window";
    private static final String KEY = "$key";

    private Json() {
    }

    /** The value of a JSON text. */
    static Object read(String text) throws JsonProcessingException {
        return MAPPER.readValue(text, Object.class);
    }

    /** A value as one line. */
    static String write(Object value) {
        try {
            return MAPPER.writeValueAsString(value);
        } catch (JsonProcessingException error) {
            throw new UncheckedIOException(error);
        }
    }

    /**
     * Keys and values of every topic and store. JSON's null, like Kafka's, is no bytes at all. A windowed key, which
     * only a re-keyed result of a window has, is an object of its own.
     */
    static Serde<Object> serde() {
        return new Serde<>() {
            @Override
            public Serializer<Object> serializer() {
                return (topic, value) -> toBytes(value);
            }

            @Override
            public Deserializer<Object> deserializer() {
                return (topic, bytes) -> fromBytes(bytes);
            }
        };
    }

    private static byte[] toBytes(Object value) {
        if (value == null) {
            return null;
        }
        try {
            return MAPPER.writeValueAsBytes(value instanceof Windowed<?> windowed ? flat(windowed) : value);
        } catch (JsonProcessingException error) {
            throw new UncheckedIOException(error);
        }
    }

    private static Map<String, Object> flat(Windowed<?> windowed) {
        Map<String, Object> flat = new LinkedHashMap<>();
        flat.put(WINDOW, new long[] {windowed.window().start(), windowed.window().end()});
        flat.put(KEY, windowed.key());
        return flat;
    }

    private static Object fromBytes(byte[] bytes) {
        if (bytes == null) {
            return null;
        }
        try {
            Object value = MAPPER.readValue(bytes, Object.class);
            if (value instanceof Map<?, ?> map && map.get(WINDOW) instanceof List<?> ends) {
                // Of the kinds of window this is the only one that may start where it ends.
                return new Windowed<>(map.get(KEY), new SessionWindow((Long) ends.get(0), (Long) ends.get(1)));
            }
            return value;
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }
}
