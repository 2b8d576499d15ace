package fabula.flink;

import java.util.Set;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.ConfigOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.DataStreamSink;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;
import org.apache.flink.table.connector.ChangelogMode;
import org.apache.flink.table.connector.ProviderContext;
import org.apache.flink.table.connector.sink.DataStreamSinkProvider;
import org.apache.flink.table.connector.sink.DynamicTableSink;
import org.apache.flink.table.connector.source.DataStreamScanProvider;
import org.apache.flink.table.connector.source.DynamicTableSource;
import org.apache.flink.table.connector.source.ScanTableSource;
import org.apache.flink.table.connector.source.abilities.SupportsSourceWatermark;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.factories.DynamicTableSinkFactory;
import org.apache.flink.table.factories.DynamicTableSourceFactory;
import org.apache.flink.table.types.DataType;
import org.apache.flink.table.types.logical.RowType;

/** The tables of a case, and the table that its results go to, as connectors that the planner finds by name. */
public final class Connector implements DynamicTableSourceFactory, DynamicTableSinkFactory {
    static final String NAME = "fabula";
    static final ConfigOption<Long> PLAN = ConfigOptions.key("plan").longType().noDefaultValue();
    static final ConfigOption<String> TABLE = ConfigOptions.key("table").stringType().noDefaultValue();
    static final ConfigOption<String> CHANGELOG = ConfigOptions.key("changelog").stringType().defaultValue("append");
    static final ConfigOption<String> LOADED = ConfigOptions.key("loaded").stringType().defaultValue("");
    static final ConfigOption<String> GENERATED = ConfigOptions.key("generated").stringType().defaultValue("");

    @Override
    public String factoryIdentifier() {
        return NAME;
    }

    @Override
    public Set<ConfigOption<?>> requiredOptions() {
        return Set.of(PLAN);
    }

    @Override
    public Set<ConfigOption<?>> optionalOptions() {
        return Set.of(TABLE, CHANGELOG, GENERATED, LOADED);
    }

    @Override
    public DynamicTableSource createDynamicTableSource(Context context) {
        var options = Configuration.fromMap(context.getCatalogTable().getOptions());
        return new Source(
                options.get(PLAN), options.get(TABLE), mode(options.get(CHANGELOG)), options.get(GENERATED),
                options.get(LOADED), context.getPhysicalRowDataType());
    }

    @Override
    public DynamicTableSink createDynamicTableSink(Context context) {
        var options = Configuration.fromMap(context.getCatalogTable().getOptions());
        return new Sink(options.get(PLAN), context.getPhysicalRowDataType());
    }

    private static ChangelogMode mode(String changelog) {
        return switch (changelog) {
            case "append" -> ChangelogMode.insertOnly();
            case "upsert" -> ChangelogMode.upsert();
            case "retract" -> ChangelogMode.all();
            default -> throw new IllegalArgumentException("no such changelog: " + changelog);
        };
    }

    private record Source(
            long plan, String table, ChangelogMode mode, String generated, String loaded, DataType type)
            implements ScanTableSource, SupportsSourceWatermark {
        @Override
        public ChangelogMode getChangelogMode() {
            return mode;
        }

        @Override
        public ScanRuntimeProvider getScanRuntimeProvider(ScanContext context) {
            TypeInformation<RowData> rows = context.createTypeInformation(type);
            DataStructureConverter converter = context.createDataStructureConverter(type);
            return new DataStreamScanProvider() {
                @Override
                public DataStream<RowData> produceDataStream(
                        ProviderContext unused, StreamExecutionEnvironment environment) {
                    if (!generated.isEmpty()) {
                        Rows made = Rows.of(generated);
                        return environment.fromSequence(0, made.count() - 1)
                                .transform("rows of " + table, rows, new Generator(plan, made));
                    }
                    if (!loaded.isEmpty()) {
                        long count = Loader.load(loaded, (RowType) type.getLogicalType());
                        return environment.fromSequence(0, count - 1)
                                .transform("rows of " + table, rows, new Loader(plan, loaded));
                    }
                    return Plan.of(plan).conductor(environment)
                            .transform(Branch.NAME + " of " + table, rows, new Branch(plan, table, converter))
                            .setParallelism(1);
                }

                @Override
                public boolean isBounded() {
                    return true;
                }
            };
        }

        @Override
        public void applySourceWatermark() {
            // A branch sends the watermarks that the case gives.
        }

        @Override
        public DynamicTableSource copy() {
            return this;
        }

        @Override
        public String asSummaryString() {
            return NAME + " " + table;
        }
    }

    private record Sink(long plan, DataType type) implements DynamicTableSink {
        @Override
        public ChangelogMode getChangelogMode(ChangelogMode requested) {
            return requested;
        }

        @Override
        public SinkRuntimeProvider getSinkRuntimeProvider(Context context) {
            DataStructureConverter converter = context.createDataStructureConverter(type);
            return new DataStreamSinkProvider() {
                @Override
                public DataStreamSink<?> consumeDataStream(ProviderContext unused, DataStream<RowData> changes) {
                    // The last operator of our own, because a sink is not told of markers.
                    return changes.transform("collector", changes.getType(), new Collector(plan, converter))
                            .setParallelism(changes.getParallelism())
                            .sinkTo(new DiscardingSink<>());
                }
            };
        }

        @Override
        public DynamicTableSink copy() {
            return this;
        }

        @Override
        public String asSummaryString() {
            return NAME;
        }
    }
}
