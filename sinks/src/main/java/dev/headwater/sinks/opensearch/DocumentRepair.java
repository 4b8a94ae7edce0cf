package dev.headwater.sinks.opensearch;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.headwater.log.replay.LogPartition;
import dev.headwater.sinks.FoldedRow;
import dev.headwater.sinks.Refusal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Writes documents over what others have put in their place.
 *
 * <p>A hand's edit or delete leaves a version above ours, under which a write of ours counts as old
 * and is passed over. So the version that stands there is asked for, and the write claims that one
 * where it is the higher; of a deleted document nobody tells the version but the refusal itself
 * (409), which names it, and then the write is sent once more. Only for the partition's owner,
 * through its alias: nobody else of ours writes meanwhile.
 */
final class DocumentRepair {
  private static final Pattern NAMED = Pattern.compile("current version \\[(\\d+)\\]");

  /** Somebody who goes on editing by hand is not raced for ever. */
  private static final int ATTEMPTS = 5;

  private final OpenSearchSink sink;
  private final LogPartition partition;
  private final String index;
  private final String alias;

  DocumentRepair(OpenSearchSink sink, LogPartition partition, String index, String alias) {
    this.sink = sink;
    this.partition = partition;
    this.index = index;
    this.alias = alias;
  }

  /**
   * One document to be written, or deleted where the row is a delete.
   *
   * @param document the row as a document; not looked at for a delete
   */
  @SuppressWarnings("ArrayRecordComponent") // Compared by nobody.
  record Write(String id, FoldedRow row, byte[] document) {}

  /** Writes all; answers which rows were refused for what they hold. */
  List<Refusal> write(List<Write> writes) {
    List<Refusal> refused = new ArrayList<>();
    List<byte[]> ids = writes.stream().map(w -> w.id().getBytes(UTF_8)).toList();
    if (ids.isEmpty()) {
      return refused;
    }
    Map<String, FoundDocuments.Document> present = sink.client().byId(index, ids);
    List<Write> pending = new ArrayList<>();
    for (Write write : writes) {
      FoundDocuments.Document found = present.get(write.id());
      pending.add(found == null ? write : atLeast(write, found.version()));
    }
    for (int attempt = 1; !pending.isEmpty(); attempt++) {
      pending = send(pending, attempt == ATTEMPTS, refused);
    }
    return refused;
  }

  /** Answers what is to be sent again, under the version that the refusal named. */
  private List<Write> send(List<Write> writes, boolean isLast, List<Refusal> refused) {
    BulkBody body = new BulkBody();
    writes.forEach(w -> body.add(w.row(), w.id(), w.document()));
    BulkAnswer answer;
    try {
      answer = sink.client().bulk(alias, body).join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof RuntimeException known
          ? known
          : sink.failures().unreachable(e.getCause());
    }
    List<Write> again = new ArrayList<>();
    BulkOutcome outcome = new BulkOutcome(sink.failures(), partition);
    if (answer == BulkAnswer.TOO_LARGE && writes.size() > 1) {
      // One after the other.
      for (Write each : writes) {
        again.addAll(send(List.of(each), isLast, refused));
      }
      return again;
    }
    if (answer == BulkAnswer.TOO_LARGE) {
      outcome.addTooLarge(writes.get(0).row());
      refused.addAll(outcome.refused());
      return again;
    }
    outcome.add(body.rows(), answer);
    refused.addAll(outcome.refused());
    for (int i = 0; i < writes.size() && !isLast; i++) {
      Matcher named = NAMED.matcher(answer.items().get(i).reason());
      if (answer.items().get(i).status() == 409 && named.find()) {
        again.add(atLeast(writes.get(i), Long.parseLong(named.group(1))));
      }
    }
    return again;
  }

  private static Write atLeast(Write write, long version) {
    FoldedRow row = write.row();
    return new Write(
        write.id(),
        new FoldedRow(
            row.key(),
            row.value(),
            Math.max(row.seq(), version),
            row.offset(),
            row.schemaVersion(),
            row.nulls(),
            row.tsMs()),
        write.document());
  }
}
