package dev.headwater.sinks.opensearch;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.replay.LogPartition;
import dev.headwater.sinks.FoldedRow;
import dev.headwater.sinks.Refusal;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What became of a batch's bulks, taken together: being fenced says more than a busy server. Rows
 * that were refused count only where everything else went through.
 */
final class BulkOutcome {
  private final SearchFailures failures;
  private final LogPartition partition;
  private final List<Refusal> refused = new ArrayList<>();
  private @Nullable HeadwaterException worst;

  BulkOutcome(SearchFailures failures, LogPartition partition) {
    this.failures = failures;
    this.partition = partition;
  }

  /** Looks at each item of an answer. */
  void add(List<FoldedRow> rows, BulkAnswer answer) {
    if (answer == BulkAnswer.ALL_DONE) {
      return;
    }
    if (answer.items().size() != rows.size()) {
      add(
          failures.unreachable(
              new IllegalStateException(
                  "a bulk of %d rows was answered with %d items"
                      .formatted(rows.size(), answer.items().size()))));
      return;
    }
    for (int i = 0; i < rows.size(); i++) {
      BulkAnswer.Item item = answer.items().get(i);
      if (item.isFenced()) {
        add(failures.fenced(partition));
      } else if (item.isAboutRow()) {
        refused.add(new Refusal(rows.get(i), SearchFailures.aboutRow(item)));
      } else if (!item.isDone()) {
        add(failures.refused(item.status(), item.errorType(), item.reason(), null));
      }
    }
  }

  /** Notes a row that is too large for the server to look at. */
  void addTooLarge(FoldedRow row) {
    String reason =
        "413, larger than the server takes (http.max_content_length, or a proxy's limit)";
    refuse(new Refusal(row, reason));
  }

  /** Notes a row that cannot be written. */
  void refuse(Refusal row) {
    refused.add(row);
  }

  void add(HeadwaterException failure) {
    HeadwaterException before = worst;
    if (before == null || rank(failure) < rank(before)) {
      worst = failure;
    }
  }

  private static int rank(HeadwaterException failure) {
    return failure.code() == FailureCode.FENCED ? 0 : failure.code().isRetriable() ? 1 : 2;
  }

  /** The rows that were refused, all others being written; throws where anything else failed. */
  List<Refusal> refused() {
    HeadwaterException e = worst;
    if (e != null) {
      throw e;
    }
    return refused;
  }
}
