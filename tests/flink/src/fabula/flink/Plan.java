package fabula.flink;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.runtime.jobgraph.JobGraph;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.graph.StreamEdge;
import org.apache.flink.streaming.api.graph.StreamGraph;
import org.apache.flink.streaming.api.graph.StreamNode;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.Expressions;
import org.apache.flink.table.api.Schema;
import org.apache.flink.table.api.Table;
import org.apache.flink.table.api.TableDescriptor;
import org.apache.flink.table.api.bridge.java.StreamStatementSet;
import org.apache.flink.table.api.bridge.java.StreamTableEnvironment;
import org.apache.flink.table.catalog.Column;
import org.apache.flink.table.expressions.Expression;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.utils.DataTypeUtils;
import org.apache.flink.types.Row;
import org.apache.flink.types.RowKind;

/**
 * The tables and the query of a case as a job. Planning takes about as long as a small case takes to run, so a plan is
 * kept and run again with other inputs.
 */
final class Plan {
    private static final String RESULT = "fabula_result";
    private static final AtomicLong NUMBER = new AtomicLong();
    // The planner asks the tables of a plan for their streams on the thread that plans.
    private static final Map<Long, Plan> PLANNED = new HashMap<>();

    /** By this the operators find their run: they are copied to where they work. */
    private final long number = NUMBER.incrementAndGet();
    private final Map<String, List<LogicalType>> types = new HashMap<>();
    private final boolean ordered;
    private final List<String> columns;
    private final JobGraph graph;
    private DataStream<Long> conductor;
    private int branches;

    /** Plans the query of a case. One that is ordered takes its inputs one by one. */
    Plan(JsonNode given, boolean ordered) {
        this.ordered = ordered;
        PLANNED.put(number, this);
        try {
            Configuration settings = settings(given);
            StreamExecutionEnvironment environment = StreamExecutionEnvironment.getExecutionEnvironment(settings);
            StreamTableEnvironment tables = StreamTableEnvironment.create(
                    environment,
                    EnvironmentSettings.newInstance().inStreamingMode().withConfiguration(settings).build());
            given.path("tables").forEach(table -> declare(tables, table));
            given.path("statements").forEach(statement -> tables.executeSql(statement.textValue()));
            Table result = withoutTimeAttributes(tables.sqlQuery(text(given, "query")));
            columns = result.getResolvedSchema().getColumnNames();
            tables.createTemporaryTable(RESULT, sink(result));
            StreamStatementSet statements = tables.createStatementSet();
            statements.addInsert(RESULT, result);
            statements.attachAsDataStream();
            StreamGraph planned = environment.getStreamGraph();
            countBranches(planned);
            graph = planned.getJobGraph();
        } finally {
            PLANNED.remove(number);
        }
    }

    /** The plan that is being made under a number. */
    static Plan of(long number) {
        return PLANNED.get(number);
    }

    /** The names of the result's columns. */
    List<String> columns() {
        return columns;
    }

    /** The inputs of a case, as rows of its tables. */
    List<Run.Event> events(JsonNode inputs) {
        List<Run.Event> events = new ArrayList<>();
        for (JsonNode input : inputs) {
            String table = text(input, "table");
            if (!types.containsKey(table)) {
                throw new IllegalArgumentException("no table of the case takes inputs by the name " + table);
            }
            if (input.has("watermark_ms")) {
                events.add(new Run.Event(table, null, input.path("watermark_ms").longValue()));
            } else {
                Row row = Cells.row(input.path("row"), types.get(table));
                row.setKind(kind(input.path("kind").asText("+I")));
                events.add(new Run.Event(table, row, null));
            }
        }
        return events;
    }

    /** Runs the job over inputs to their end. */
    Run run(Cluster cluster, List<Run.Event> events, boolean counted) throws Exception {
        Run run = new Run(events, ordered ? branches : 0, counted);
        run.begin(number);
        try {
            cluster.run(graph);
        } finally {
            Run.forget(number);
        }
        return run;
    }

    private Configuration settings(JsonNode given) {
        Configuration settings = new Configuration();
        settings.setString("table.local-time-zone", "UTC");
        settings.setString("restart-strategy.type", "none");
        settings.setString("parallelism.default", String.valueOf(given.path("parallelism").asInt(1)));
        if (ordered) {
            settings.setString("pipeline.auto-watermark-interval", "0 ms");
            settings.setString("execution.buffer-timeout.interval", "0 ms");
            // A plan that shares a part has two ways for a marker: see Run.
            settings.setString("table.optimizer.reuse-sub-plan-enabled", "false");
            settings.setString("table.optimizer.reuse-source-enabled", "false");
        }
        given.path("config").fields().forEachRemaining(
                setting -> settings.setString(setting.getKey(), setting.getValue().asText()));
        return settings;
    }

    /** Declares a table of the case: its rows are inputs of the case, or generated, or lie in a file. */
    private void declare(StreamTableEnvironment tables, JsonNode table) {
        String name = text(table, "name");
        Schema schema = schema(table);
        if (table.path("path").isTextual()) {
            tables.createTemporaryTable(name, TableDescriptor.forConnector("filesystem").schema(schema)
                    .option("path", table.path("path").textValue())
                    .format(table.path("format").asText("json")).build());
            return;
        }
        tables.createTemporaryTable(name, TableDescriptor.forConnector(Connector.NAME).schema(schema)
                .option(Connector.PLAN, number)
                .option(Connector.TABLE, name)
                .option(Connector.CHANGELOG, table.path("changelog").asText("append"))
                .option(Connector.GENERATED, table.has("generated") ? Rows.option(table.path("generated")) : "")
                .option(Connector.LOADED, table.path("loaded").asText(""))
                .build());
        types.put(name, tables.from(name).getResolvedSchema().getColumns().stream()
                .filter(Column::isPhysical).map(column -> column.getDataType().getLogicalType()).toList());
    }

    private static Schema schema(JsonNode table) {
        Schema.Builder schema = Schema.newBuilder();
        List<String> key = new ArrayList<>();
        table.path("primary_key").forEach(column -> key.add(column.textValue()));
        for (JsonNode column : table.path("columns")) {
            String name = column.path(0).textValue();
            if (column.path(2).isTextual()) {
                schema.columnByExpression(name, column.path(2).textValue());
            } else {
                schema.column(name, column.path(1).textValue() + (key.contains(name) ? " NOT NULL" : ""));
            }
        }
        if (table.path("watermark").isTextual()) {
            schema.watermark(table.path("time").asText("ts"), table.path("watermark").textValue());
        }
        if (!key.isEmpty()) {
            schema.primaryKey(key);
        }
        return schema.build();
    }

    /** The same with plain times: a result may have one time attribute at most, and a query may have named several. */
    private static Table withoutTimeAttributes(Table table) {
        List<Expression> plain = new ArrayList<>();
        for (Column column : table.getResolvedSchema().getColumns()) {
            plain.add(Expressions.$(column.getName())
                    .cast(DataTypeUtils.removeTimeAttribute(column.getDataType()))
                    .as(column.getName()));
        }
        return table.select(plain.toArray(Expression[]::new));
    }

    private TableDescriptor sink(Table result) {
        Schema.Builder schema = Schema.newBuilder();
        for (Column column : result.getResolvedSchema().getColumns()) {
            schema.column(column.getName(), DataTypeUtils.removeTimeAttribute(column.getDataType()).nullable());
        }
        return TableDescriptor.forConnector(Connector.NAME).schema(schema.build())
                .option(Connector.PLAN, number).build();
    }

    /** What makes each branch read: all the same stream. It is one record, at which the conductor starts. */
    DataStream<Long> conductor(StreamExecutionEnvironment environment) {
        if (conductor == null) {
            conductor = environment.fromSequence(0, 0).setParallelism(1)
                    .transform(Conductor.NAME, Types.LONG, new Conductor(number)).setParallelism(1);
        }
        return conductor;
    }

    /** Counts the branches, whose markers each must have one way to the end. */
    private void countBranches(StreamGraph planned) {
        for (StreamNode node : planned.getStreamNodes()) {
            if (node.getOperatorName().startsWith(Branch.NAME)) {
                branches++;
            }
            if (ordered && node.getOutEdges().size() > 1 && !node.getOperatorName().startsWith(Conductor.NAME)) {
                List<Integer> to = node.getOutEdges().stream().map(StreamEdge::getTargetId).toList();
                throw new IllegalStateException(
                        "the plan is no tree, so its order is not ours: " + node.getOperatorName() + " feeds " + to);
            }
        }
    }

    private static RowKind kind(String name) {
        for (RowKind kind : RowKind.values()) {
            if (kind.shortString().equals(name)) {
                return kind;
            }
        }
        throw new IllegalArgumentException("no such kind of change: " + name);
    }

    private static String text(JsonNode object, String name) {
        if (!object.path(name).isTextual()) {
            throw new IllegalArgumentException(name + " is missing or no text: " + object.path(name));
        }
        return object.path(name).textValue();
    }
}
