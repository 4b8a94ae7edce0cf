package dev.headwater.sinks.opensearch;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.replay.LogPartition;
import dev.headwater.sinks.Checkpoint;
import dev.headwater.sinks.FoldedBatch;
import dev.headwater.sinks.FoldedRow;
import dev.headwater.sinks.PartitionWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/**
 * The one writer of a partition into OpenSearch.
 *
 * <p>A batch goes as a few bulks at a time; each key is in one of them, so none overtakes another.
 * Every item of every answer is looked at before the checkpoint moves.
 */
final class OpenSearchPartitionWriter implements PartitionWriter {
  private static final long BULK_BYTES = 5L << 20;
  private static final byte[] NOTHING = {};

  private final OpenSearchSink sink;
  private final LogPartition partition;
  private final String alias;
  private final String indexUuid;
  private final DocumentIds ids;
  private CheckpointDocuments.Stored stored;

  OpenSearchPartitionWriter(
      OpenSearchSink sink,
      LogPartition partition,
      String alias,
      String indexUuid,
      CheckpointDocuments.Stored stored) {
    this.sink = sink;
    this.partition = partition;
    this.alias = alias;
    this.indexUuid = indexUuid;
    this.ids = sink.ids(partition.table());
    this.stored = stored;
  }

  @Override
  public LogPartition partition() {
    return partition;
  }

  @Override
  public Optional<Checkpoint> checkpoint() {
    return stored.checkpoint();
  }

  @Override
  public void apply(FoldedBatch batch) {
    if (batch.rows().isEmpty()) {
      // Nothing is written by which it would be noticed that the index is gone, or another.
      if (!sink.indexIdentity().equals(indexUuid)) {
        throw sink.failures().fenced(partition);
      }
    } else if (batch.fromOffset() == batch.nextOffset()) {
      // Rows beside the log's order: under their version alone a ghost's own could be the higher.
      repair(batch.rows());
    } else {
      List<BulkBody> bodies = bodies(batch.rows());
      List<CompletableFuture<BulkAnswer>> answers = new ArrayList<>();
      bodies.forEach(body -> answers.add(sink.client().bulk(alias, body)));
      requireDone(bodies, answers);
    }
    stored =
        sink.checkpoints()
            .replace(partition, indexUuid, stored, batch.checkpoint())
            .orElseThrow(() -> sink.failures().fenced(partition));
  }

  @Override
  public void repair(List<FoldedRow> rows) {
    List<DocumentRepair.Write> writes = new ArrayList<>();
    for (FoldedRow row : rows) {
      writes.add(new DocumentRepair.Write(ids.of(row.key()), row, document(row)));
    }
    new DocumentRepair(sink, partition, sink.indexName(), alias).write(writes);
  }

  @Override
  public void remove(List<byte[]> names) {
    List<DocumentRepair.Write> writes = new ArrayList<>();
    for (byte[] name : names) {
      FoldedRow delete = new FoldedRow(name, null, 0, 0, 0, Optional.empty(), 0);
      writes.add(new DocumentRepair.Write(new String(name, UTF_8), delete, NOTHING));
    }
    new DocumentRepair(sink, partition, sink.indexName(), alias).write(writes);
  }

  private byte[] document(FoldedRow row) {
    return row.isDelete()
        ? NOTHING
        : sink.fieldNames(partition.table(), row.schemaVersion())
            .document(Objects.requireNonNull(row.value()));
  }

  private List<BulkBody> bodies(List<FoldedRow> rows) {
    List<BulkBody> bodies = new ArrayList<>();
    BulkBody body = new BulkBody();
    for (FoldedRow row : rows) {
      byte[] document = document(row);
      if (body.getContentLength() > 0 && body.getContentLength() + document.length > BULK_BYTES) {
        bodies.add(body);
        body = new BulkBody();
      }
      body.add(row, ids.of(row.key()), document);
    }
    if (body.getContentLength() > 0) {
      bodies.add(body);
    }
    return bodies;
  }

  /** Waits for all, so that nothing is on its way when this ends, and then says the worst. */
  private void requireDone(List<BulkBody> bodies, List<CompletableFuture<BulkAnswer>> answers) {
    BulkOutcome outcome = new BulkOutcome(sink.failures(), partition);
    for (int i = 0; i < bodies.size(); i++) {
      try {
        outcome.add(bodies.get(i).rows(), answers.get(i).get());
      } catch (ExecutionException e) {
        outcome.add(
            e.getCause() instanceof HeadwaterException known
                ? known
                : sink.failures().unreachable(e.getCause()));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new HeadwaterException(
            FailureCode.TARGET_UNREACHABLE,
            "sink '" + sink.name() + "' – interrupted while a bulk was on its way",
            "What became of it is found out by the next writer.",
            e);
      }
    }
    outcome.throwWorst();
  }

  @Override
  public void close() {
    // The alias stays until another writer takes the partition.
  }
}
