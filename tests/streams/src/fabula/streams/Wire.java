package fabula.streams;

import java.util.function.UnaryOperator;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.KTable;

/** What a node of a case gives to the next: a stream or a table. */
sealed interface Wire {
    record Stream(KStream<Object, Object> records) implements Wire {
    }

    record Table(KTable<Object, Object> rows) implements Wire {
    }

    /** The stream, where the node needs one. */
    default KStream<Object, Object> stream(String node) {
        if (this instanceof Stream stream) {
            return stream.records;
        }
        throw new IllegalArgumentException(node + " takes a stream, not a table");
    }

    /** The table, where the node needs one. */
    default KTable<Object, Object> table(String node) {
        if (this instanceof Table table) {
            return table.rows;
        }
        throw new IllegalArgumentException(node + " takes a table, not a stream");
    }

    /** The same kind of wire with something done to it. */
    default Wire map(UnaryOperator<KStream<Object, Object>> stream, UnaryOperator<KTable<Object, Object>> table) {
        return this instanceof Table rows
                ? new Table(table.apply(rows.rows))
                : new Stream(stream.apply(((Stream) this).records));
    }

    /** Every change, whichever it is: of a table the new rows and the tombstones. */
    default KStream<Object, Object> changes() {
        return this instanceof Table table ? table.rows.toStream() : ((Stream) this).records;
    }
}
