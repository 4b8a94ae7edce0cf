package dev.headwater.sinks.opensearch;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.replay.LogPartition;
import dev.headwater.sinks.FoldedRow;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What became of a batch's bulks, taken together: being fenced says more than a busy server, and
 * that more than a refused row, which the same batch will meet again.
 */
final class BulkOutcome {
  private final SearchFailures failures;
  private final LogPartition partition;
  private @Nullable HeadwaterException worst;

  BulkOutcome(SearchFailures failures, LogPartition partition) {
    this.failures = failures;
    this.partition = partition;
  }

  /** Looks at each item of an answer. */
  void add(List<FoldedRow> rows, BulkAnswer answer) {
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
      if (!item.isDone()) {
        add(failure(rows.get(i), item));
      }
    }
  }

  private HeadwaterException failure(FoldedRow row, BulkAnswer.Item item) {
    if (item.isFenced()) {
      return failures.fenced(partition);
    }
    if (item.isTransient() || item.status() == 403 || item.status() == 401 || item.status() == 0) {
      return failures.refused(item.status(), item.errorType(), item.reason(), null);
    }
    return failures.refusedRow(partition, row, item);
  }

  void add(HeadwaterException failure) {
    HeadwaterException before = worst;
    if (before == null || rank(failure) < rank(before)) {
      worst = failure;
    }
  }

  private static int rank(HeadwaterException failure) {
    return failure.code() == FailureCode.FENCED
        ? 0
        : failure.code().isRetriable() ? 1 : failure.code() == FailureCode.RECORD_REFUSED ? 3 : 2;
  }

  void throwWorst() {
    HeadwaterException e = worst;
    if (e != null) {
      throw e;
    }
  }
}
