package dev.headwater.capture.window;

import dev.headwater.log.snapshot.Visibility;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Transactions that the stream has delivered and of which it is not known yet that every read from
 * now on sees them. On the stream's thread.
 */
final class DeliveredTransactions {
  private final Set<Long> xids;

  DeliveredTransactions(Collection<Long> stored) {
    this.xids = new LinkedHashSet<>(stored);
  }

  void add(long xid) {
    xids.add(xid);
  }

  /** Forgets those that a snapshot sees which is older than every read still to be judged. */
  void forgetVisible(Visibility seen) {
    xids.removeIf(seen::isVisible);
  }

  int size() {
    return xids.size();
  }

  List<Long> list() {
    return List.copyOf(xids);
  }

  long[] copy() {
    return xids.stream().mapToLong(Long::longValue).toArray();
  }
}
