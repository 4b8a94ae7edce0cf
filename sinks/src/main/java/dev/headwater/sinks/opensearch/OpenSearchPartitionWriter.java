package dev.headwater.sinks.opensearch;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.replay.LogPartition;
import dev.headwater.sinks.Checkpoint;
import dev.headwater.sinks.FoldedBatch;
import dev.headwater.sinks.FoldedRow;
import dev.headwater.sinks.MadeReady;
import dev.headwater.sinks.PartitionWriter;
import dev.headwater.sinks.Refusal;
import dev.headwater.sinks.Refusals;
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
  /** Several of a batch's are on their way at once; the last one is short enough to wait for. */
  private static final long BULK_BYTES = 1L << 20;

  private static final byte[] NOTHING = {};

  private final OpenSearchSink sink;
  private final LogPartition partition;
  private final String alias;
  private final String indexUuid;
  private final DocumentIds ids;
  private final MadeReady<Bulks> ready = new MadeReady<>();
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

  /** There are no transactions. */
  @Override
  public boolean isAtomic() {
    return false;
  }

  @Override
  public Optional<Checkpoint> checkpoint() {
    return stored.checkpoint();
  }

  @Override
  public void apply(FoldedBatch batch, Refusals refusals) {
    if (batch.rows().isEmpty()) {
      // Nothing is written by which it would be noticed that the index is gone, or another.
      if (!sink.indexIdentity().equals(indexUuid)) {
        throw sink.failures().fenced(partition);
      }
    } else if (batch.fromOffset() == batch.nextOffset()) {
      // Rows beside the log's order: under their version alone a ghost's own could be the higher.
      repair(batch.rows(), refusals);
    } else {
      leave(write(batch.rows()), batch.rows(), refusals);
    }
    stored =
        sink.checkpoints()
            .replace(partition, indexUuid, stored, batch.checkpoint())
            .orElseThrow(() -> sink.failures().fenced(partition));
  }

  @Override
  public void repair(List<FoldedRow> rows, Refusals refusals) {
    List<DocumentRepair.Write> writes = new ArrayList<>();
    for (FoldedRow row : rows) {
      writes.add(new DocumentRepair.Write(ids.of(row.key()), row, document(row)));
    }
    DocumentRepair repair = new DocumentRepair(sink, partition, sink.indexName(), alias);
    leave(repair.write(writes), rows, refusals);
  }

  private void leave(List<Refusal> refused, List<FoldedRow> rows, Refusals refusals) {
    if (!refused.isEmpty()) {
      refusals.keep(partition, refused, rows.size() - refused.size());
    }
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

  /**
   * A batch's rows as the bulks that write them.
   *
   * @param refused those that cannot be written
   */
  private record Bulks(List<BulkBody> bodies, List<Refusal> refused) {}

  @Override
  public void makeReady(List<FoldedRow> rows) {
    ready.put(rows, bulks(rows));
  }

  private Bulks bulks(List<FoldedRow> rows) {
    List<BulkBody> bodies = new ArrayList<>();
    List<Refusal> refused = new ArrayList<>();
    BulkBody body = new BulkBody();
    for (FoldedRow row : rows) {
      byte[] document;
      String id;
      try {
        document = document(row);
        id = ids.of(row.key());
      } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
        refused.add(new Refusal(row, "it is not what a record of the log is"));
        continue;
      }
      if (body.getContentLength() > 0 && body.getContentLength() + document.length > BULK_BYTES) {
        bodies.add(body);
        body = new BulkBody();
      }
      body.add(row, id, document);
    }
    if (body.getContentLength() > 0) {
      bodies.add(body);
    }
    return new Bulks(bodies, refused);
  }

  /** Writes rows; answers which of them were refused, all others being written. */
  private List<Refusal> write(List<FoldedRow> rows) {
    BulkOutcome outcome = new BulkOutcome(sink.failures(), partition);
    Bulks bulks = ready.take(rows).orElseGet(() -> bulks(rows));
    List<FoldedRow> alone = send(bulks, outcome);
    // What was too large together is sent row by row.
    for (FoldedRow row : alone) {
      send(bulks(List.of(row)), outcome);
    }
    return outcome.refused();
  }

  /**
   * Sends bulks and waits for all, so that nothing is on its way when this ends.
   *
   * @return rows of bulks that were too large to be looked at
   */
  private List<FoldedRow> send(Bulks bulks, BulkOutcome outcome) {
    bulks.refused().forEach(outcome::refuse);
    List<BulkBody> bodies = bulks.bodies();
    List<CompletableFuture<BulkAnswer>> answers = new ArrayList<>();
    bodies.forEach(body -> answers.add(sink.client().bulkBriefly(alias, body)));
    List<FoldedRow> again = new ArrayList<>();
    for (int i = 0; i < bodies.size(); i++) {
      List<FoldedRow> rows = bodies.get(i).rows();
      try {
        BulkAnswer answer = answers.get(i).get();
        if (answer != BulkAnswer.TOO_LARGE) {
          outcome.add(rows, answer);
        } else if (rows.size() == 1) {
          outcome.addTooLarge(rows.get(0));
        } else {
          again.addAll(rows);
        }
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
    return again;
  }

  @Override
  public void close() {
    // The alias stays until another writer takes the partition.
  }
}
