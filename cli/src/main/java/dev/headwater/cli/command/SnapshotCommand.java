package dev.headwater.cli.command;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.headwater.cli.Console;
import dev.headwater.cli.GlobalOptions;
import dev.headwater.cli.ProgressLine;
import dev.headwater.cli.config.HeadwaterConfig;
import dev.headwater.cli.config.Suggestions;
import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.control.ControlBoard;
import dev.headwater.log.control.StatusBoard;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.snapshot.LoadRequest;
import dev.headwater.log.snapshot.SnapshotStore;
import dev.headwater.log.snapshot.TableLoad;
import dev.headwater.log.topic.Globs;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code snapshot}: the rows of tables into the log again, beside the stream. */
@Command(
    name = "snapshot",
    mixinStandardHelpOptions = true,
    description = {
      "Loads tables again while capture runs, whole or in part. Ends with deletes for keys",
      "that are in the log and no longer in the source."
    },
    footer = {
      "",
      "Examples:",
      "  headwater snapshot shop",
      "  headwater snapshot shop --tables public.orders,public.items",
      "  headwater snapshot shop --tables public.orders --where \"region = 'eu'\""
    })
public final class SnapshotCommand implements Callable<Integer> {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final long SILENT_MS = 15_000;
  private static final long LOOK_MS = 500;

  @Mixin private GlobalOptions options;

  @Parameters(paramLabel = "CONNECTOR", description = "The connector, as connectors.yaml names it.")
  private String connector = "";

  @Option(
      names = "--tables",
      split = ",",
      paramLabel = "TABLE",
      description = "Only these, as schema.table; globs allowed. Without it, all.")
  private List<String> tables = List.of("*");

  @Option(
      names = "--where",
      paramLabel = "CONDITION",
      description = "Only rows that fulfil this SQL condition.")
  private Optional<String> where = Optional.empty();

  @Option(names = "--no-wait", description = "Return when the request is in the log.")
  private boolean noWait;

  @Override
  public Integer call() throws IOException, InterruptedException {
    HeadwaterConfig config = options.load();
    Names.requireConnector(options, config, connector);
    try (LogConnection log = LogConnection.join(config.log());
        StatusBoard status = new StatusBoard(log);
        ControlBoard control = new ControlBoard(log)) {
      requireRunning(status);
      SnapshotStore store = new SnapshotStore(log);
      LoadRequest request = new LoadRequest(UUID.randomUUID().toString(), wanted(store), where);
      control.desire(LoadRequest.componentsOf(connector) + request.id(), request.json());
      Map<String, TableLoad> loads = noWait ? Map.of() : await(request, status, store);
      answer(request, loads);
      return 0;
    }
  }

  /** Tables that the connector loads or has loaded, as far as they are asked for. */
  private List<String> wanted(SnapshotStore store) {
    List<String> loaded =
        store.loads().keySet().stream().filter(t -> t.startsWith(connector + ".")).toList();
    List<String> wanted = new ArrayList<>();
    for (String pattern : tables) {
      String full = pattern.startsWith(connector + ".") ? pattern : connector + "." + pattern;
      List<String> found = loaded.stream().filter(t -> Globs.matches(full, t)).toList();
      if (found.isEmpty()) {
        throw new HeadwaterException(
            FailureCode.CONFIGURATION_INVALID,
            "'--tables " + pattern + "' – connector '" + connector + "' has loaded no such table",
            Suggestions.itHas(loaded));
      }
      found.stream().filter(t -> !wanted.contains(t)).forEach(wanted::add);
    }
    return wanted;
  }

  private JsonNode requireRunning(StatusBoard status) throws IOException {
    String report = status.read().get("connector/" + connector);
    JsonNode json = report == null ? JSON.createObjectNode() : JSON.readTree(report);
    String state = json.path("state").asText();
    boolean isOld = System.currentTimeMillis() - json.path("ts_ms").asLong() > SILENT_MS;
    if (isOld || state.equals("stopped") || state.equals("failed")) {
      throw new HeadwaterException(
          FailureCode.NOTHING_RUNNING,
          "connector '" + connector + "' – nobody captures it now",
          "Start it with 'headwater run' or 'headwater capture "
              + connector
              + "'. A load that was begun goes on then.");
    }
    return json;
  }

  private Map<String, TableLoad> await(LoadRequest request, StatusBoard status, SnapshotStore store)
      throws IOException, InterruptedException {
    try (ProgressLine line = options.progress(connector, OptionalLong.empty())) {
      while (true) {
        Thread.sleep(LOOK_MS);
        requireAccepted(request, status);
        JsonNode snapshot = requireRunning(status).path("snapshot");
        Map<String, TableLoad> loads = new TreeMap<>(store.loads());
        loads.keySet().retainAll(request.tables());
        if (!options.isQuiet()) {
          tell(line, loads, request, snapshot.path("tables"));
        }
        boolean done = true;
        for (Map.Entry<String, TableLoad> load : loads.entrySet()) {
          requireNotFailed(load.getKey(), snapshot);
          done &= isDone(load.getValue(), request);
        }
        if (done) {
          return loads;
        }
      }
    }
  }

  /** Of the tables that are asked for alone. */
  private static void tell(
      ProgressLine line, Map<String, TableLoad> loads, LoadRequest request, JsonNode unfinished) {
    long rows = 0;
    long inAll = 0;
    for (Map.Entry<String, TableLoad> load : loads.entrySet()) {
      JsonNode table = unfinished.path(load.getKey());
      long done =
          isDone(load.getValue(), request) ? load.getValue().rows() : table.path("rows").asLong();
      rows += done;
      inAll += Math.max(done, table.path("estimated_rows").asLong());
    }
    line.totalRows(inAll);
    line.rowsDone(rows);
  }

  private static boolean isDone(TableLoad load, LoadRequest request) {
    return load.state() == TableLoad.State.COMPLETE
        && load.reload() != null
        && load.reload().request().equals(request.id());
  }

  private void requireAccepted(LoadRequest request, StatusBoard status) throws IOException {
    String component = LoadRequest.componentsOf(connector) + request.id();
    String report = status.read().get(component);
    if (report != null) {
      status.withdraw(component);
      throw new HeadwaterException(
          FailureCode.CONFIGURATION_INVALID,
          "connector '" + connector + "' – " + JSON.readTree(report).path("detail").asText(),
          "Nothing was changed. See 'headwater snapshot --help'.");
    }
  }

  private static void requireNotFailed(String table, JsonNode snapshot) {
    JsonNode progress = snapshot.path("tables").path(table);
    if (progress.path("phase").asText().equals("failed")) {
      throw new HeadwaterException(
          FailureCode.SOURCE_NOT_READY,
          "table '" + table + "' – cannot be loaded: " + progress.path("detail").asText(),
          "The other tables go on. Mend it and ask again.");
    }
  }

  private void answer(LoadRequest request, Map<String, TableLoad> loads) {
    Console console = options.console();
    if (console.isJson()) {
      ObjectNode json = JSON.createObjectNode();
      json.put("connector", connector).put("request", request.id());
      ObjectNode byTable = json.putObject("tables");
      request
          .tables()
          .forEach(
              table -> {
                TableLoad load = loads.get(table);
                ObjectNode one = byTable.putObject(table);
                one.put("state", load == null ? "wanted" : "complete");
                if (load != null) {
                  one.put("rows", load.rows());
                }
              });
      console.answer(json);
      return;
    }
    if (loads.isEmpty()) {
      console.answer("asked for " + request.tables().size() + " tables");
    }
    loads.forEach(
        (table, load) ->
            console.answer(String.format(Locale.ROOT, "%s: %,d rows", table, load.rows())));
  }
}
