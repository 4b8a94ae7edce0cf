package dev.headwater.sinks.opensearch;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.replay.LogPartition;
import dev.headwater.log.schema.TableId;
import dev.headwater.log.schema.TableSchema;
import dev.headwater.sinks.BatchLimit;
import dev.headwater.sinks.Checkpoint;
import dev.headwater.sinks.Generation;
import dev.headwater.sinks.KeyScan;
import dev.headwater.sinks.PartitionWriter;
import dev.headwater.sinks.ReadBack;
import dev.headwater.sinks.Sink;
import dev.headwater.sinks.SinkConfig;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A search index: each row a document, its JSON the log's own bytes.
 *
 * <p>Readers use the alias {@code <index>}; the documents of the first generation are in {@code
 * <index>-g1} behind it, those of the next are made in {@code <index>-g2} beside it. Each
 * partition's owner writes through an alias of its own ({@link WriteAlias}), and a takeover
 * exchanges that alias in one step: what the former owner still sends is then refused, for its
 * alias is gone. Versions ({@code seq}, {@code external_gte}) are the second defence, against
 * requests the server had accepted by then. The checkpoint ({@link CheckpointDocuments}) is written
 * after the documents it speaks of.
 */
final class OpenSearchSink implements Sink {
  /** How long a connection or an answer is waited for, usually. */
  static final Duration TIMEOUT = Duration.ofSeconds(30);

  /**
   * Some ten bulks at once: while the last of a batch is waited for the server has nothing else to
   * do, so it is to be a small part of the batch.
   */
  private static final BatchLimit LIMIT = new BatchLimit(40_000, 16L << 20);

  private final SinkConfig.OpenSearch config;
  private final int generation;
  private final SearchFailures failures;
  private final SearchClient client;
  private final SearchIndex index;
  private final CheckpointDocuments checkpoints;
  private final StateDocument state;
  private final Map<TableId, Map<Integer, FieldNames>> names = new ConcurrentHashMap<>();

  /**
   * Connects to nobody yet.
   *
   * @param generation which one is written
   * @param timeout how long a connection or an answer is waited for
   */
  OpenSearchSink(SinkConfig.OpenSearch config, int generation, Duration timeout) {
    this.config = config;
    this.generation = generation;
    this.failures = new SearchFailures(config.name(), config.url());
    this.client = new SearchClient(config, timeout, failures);
    this.index = new SearchIndex(client, failures, config.name(), config.index(), generation);
    this.checkpoints = new CheckpointDocuments(config.name(), client);
    this.state = new StateDocument(config.name(), client);
  }

  @Override
  public String name() {
    return config.name();
  }

  @Override
  public synchronized void prepare(TableSchema schema) {
    FieldNames fields = new FieldNames(schema);
    Generation.State part = held(state.read()).generation().state();
    index
        .prepare(IndexMapping.properties(schema, fields, config.mapping()), part)
        .ifPresent(this::noteMade);
    names
        .computeIfAbsent(schema.table(), table -> new ConcurrentHashMap<>())
        .put(schema.version(), fields);
  }

  /**
   * Notes that an index is empty as it was made, so that it need not be swept. One whose making
   * crossed its generation's removal is taken away again.
   */
  private void noteMade(String identity) {
    SearchState now = state.change(s -> s.withIdentity(generation, identity));
    boolean isWanted =
        now.held(generation).filter(h -> !h.is(Generation.State.DROPPING)).isPresent();
    if (!isWanted) {
      client.delete("/" + index.name());
      throw gone();
    }
    if (now.held(generation).orElseThrow().is(Generation.State.PREVIOUS)) {
      new ReadersAlias(client, failures).moveStrays(now.alias(), index.name(), servingIndex(now));
    }
  }

  private static String servingIndex(SearchState state) {
    return state.serving().orElseThrow().index();
  }

  private SearchState.Held held(SearchState from) {
    if (from.all().isEmpty()) {
      throw failures.busy("what was noted of its generations is gone; it is noted again");
    }
    return from.held(generation)
        .filter(h -> !h.is(Generation.State.DROPPING))
        .orElseThrow(this::gone);
  }

  private HeadwaterException gone() {
    return failures.notReady(
        "generation " + generation + " is gone", "Run `headwater rebuild " + config.name() + "`.");
  }

  /** Whether the sink's patterns may bring several tables into the index. */
  private boolean isShared() {
    return config.tables().size() > 1 || config.tables().get(0).matches(".*[*?].*");
  }

  @Override
  public PartitionWriter take(LogPartition partition) {
    String alias = new WriteAlias(client, failures, config.name(), index.name()).take(partition);
    // Only behind the fence: nothing moves the checkpoint after it was read but its new owner.
    String uuid = index.identity();
    // An index that we did not make empty may hold rows that the log has no more.
    Optional<Checkpoint> ifNone =
        held(state.read()).identity().equals(uuid)
            ? Optional.empty()
            : Optional.of(new Checkpoint(generation, partition.topicId(), 0, Checkpoint.UNSWEPT));
    CheckpointDocuments.Stored stored = checkpoints.claim(partition, uuid, alias, ifNone);
    return new OpenSearchPartitionWriter(this, partition, alias, uuid, stored);
  }

  @Override
  public int generation() {
    return generation;
  }

  @Override
  public Optional<KeyScan> keyScan() {
    return Optional.of(new DocumentKeys(this));
  }

  @Override
  public ReadBack readBack() {
    return new SearchReadBack(this, index.name());
  }

  @Override
  public BatchLimit batchLimit() {
    return LIMIT;
  }

  SearchClient client() {
    return client;
  }

  /** Which index the documents are in; empty where there is none. */
  String indexIdentity() {
    return index.findIdentity();
  }

  String indexName() {
    return index.name();
  }

  SearchFailures failures() {
    return failures;
  }

  CheckpointDocuments checkpoints() {
    return checkpoints;
  }

  DocumentIds ids(TableId table) {
    return new DocumentIds(table, isShared());
  }

  /** What fields of a row are called, which only its schema tells. */
  FieldNames fieldNames(TableId table, int schemaVersion) {
    FieldNames fields = names.getOrDefault(table, Map.of()).get(schemaVersion);
    if (fields == null) {
      throw new HeadwaterException(
          FailureCode.INTERNAL,
          "sink '%s' – version %d of the schema of %s was not prepared"
              .formatted(config.name(), schemaVersion, table),
          "This is a defect; nothing was skipped.");
    }
    return fields;
  }

  @Override
  public void close() {
    client.close();
  }
}
