package dev.headwater.faults.oracle;

import static org.assertj.core.api.Assertions.assertThat;

import dev.headwater.faults.oracle.Verdict.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * The negative controls: a log that is right passes, and each planted defect is caught, as the kind
 * it is. An oracle that passes a mutant would pass the bug.
 */
class LogOracleTest {
  private static final long ENTRY = 1_000_000_001L;

  @Test
  void aSoundLogPasses() {
    assertThat(judge(log -> {}).isClean()).isTrue();
  }

  @Test
  void aDroppedRecordIsLost() {
    Verdict verdict = judge(log -> log.remove(4));
    assertThat(verdict.count(Kind.LOST)).isPositive();
    assertThat(verdict.words()).anyMatch(w -> w.contains("churn:7") || w.contains("records"));
  }

  @Test
  void aDroppedRecordWhoseSequenceNumberWentToTheNextIsLost() {
    Verdict verdict =
        judge(
            log -> {
              log.remove(4);
              renumber(log);
            });
    assertThat(verdict.count(Kind.LOST)).isPositive();
  }

  @Test
  void aDroppedTransactionIsLost() {
    Verdict verdict =
        judge(
            log -> {
              log.removeIf(e -> e.txid() == 20);
              renumber(log);
            });
    assertThat(verdict.count(Kind.LOST)).isEqualTo(2);
  }

  @Test
  void swappedVersionsAreNotInOrder() {
    Verdict verdict =
        judge(
            log -> {
              LogEntry older = log.get(2);
              LogEntry newer = log.get(4);
              log.set(2, with(newer, older.seq()));
              log.set(4, with(older, newer.seq()));
            });
    assertThat(verdict.isClean()).isFalse();
    assertThat(verdict.count(Kind.STALE)).isPositive();
  }

  @Test
  void aSkippedTombstoneIsLost() {
    Verdict verdict =
        judge(
            log -> {
              log.remove(6);
              renumber(log);
            });
    assertThat(verdict.count(Kind.LOST)).isPositive();
    assertThat(verdict.words()).anyMatch(w -> w.contains("a delete is missing"));
  }

  @Test
  void aDoubledRecordIsCaughtByItsSequenceNumber() {
    assertThat(judge(log -> log.add(5, log.get(4))).count(Kind.DOUBLED)).isPositive();
  }

  @Test
  void aDoubledRecordWithASequenceNumberOfItsOwnIsCaught() {
    Verdict verdict =
        judge(
            log -> {
              log.add(5, log.get(4));
              renumber(log);
            });
    assertThat(verdict.count(Kind.DOUBLED)).isPositive();
  }

  @Test
  void aDoubledTombstoneIsCaught() {
    Verdict verdict =
        judge(
            log -> {
              log.add(7, log.get(6));
              renumber(log);
            });
    assertThat(verdict.count(Kind.DOUBLED)).isPositive();
  }

  @Test
  void recordsOfRolledBackWorkAreGhosts() {
    Verdict verdict =
        judge(log -> log.add(new LogEntry("bulk", 5, 'c', log.size() + 1, 99, 0, 0, "{id=5}")));
    assertThat(verdict.count(Kind.DOUBLED)).isPositive();
    assertThat(verdict.words()).anyMatch(w -> w.contains("ghost"));
  }

  @Test
  void aTransactionThatIsSentAgainAfterItWasCheckedIsCaught() {
    Verdict verdict = new Verdict();
    LogOracle oracle = new LogOracle(verdict);
    List<LogEntry> log = sound();
    log.forEach(oracle::accept);
    oracle.settle(acknowledged());
    LogEntry again = log.get(3);
    oracle.accept(with(again, log.size() + 1));
    assertThat(verdict.count(Kind.DOUBLED)).isPositive();
  }

  @Test
  void transactionsOfASessionInTheWrongOrderAreCaught() {
    Verdict verdict =
        judge(
            log -> {
              LogEntry first = log.get(3);
              LogEntry second = log.get(5);
              log.set(3, with(second, first.seq()));
              log.set(5, with(first, second.seq()));
            });
    assertThat(verdict.words()).anyMatch(w -> w.contains("before its predecessor"));
  }

  @Test
  void aTargetWithAMissingAnExtraAndAnOlderRowDiffersInAllThree() {
    Map<String, String> source = Map.of("churn:1", "{ver=2}", "churn:2", "{ver=1}");
    Map<String, String> target = Map.of("churn:1", "{ver=1}", "churn:3", "{ver=1}");
    Differences differences = Differences.between(source, target);
    assertThat(differences.count()).isEqualTo(3);
    assertThat(differences.toString()).contains("1 missing, 1 too much, 1 other");
    assertThat(Differences.between(source, source).isEmpty()).isTrue();
  }

  /** A load of one row, then three transactions of one session on it. */
  private static List<LogEntry> sound() {
    List<LogEntry> log = new ArrayList<>();
    log.add(churn('r', 1, 0, 1L));
    log.add(new LogEntry("marker", 1, 'r', 2, 0, 1, 0, "{id=1, ver=1}"));
    log.add(churn('u', 3, 10, 2L));
    log.add(entry(4, 10, ENTRY, 2));
    log.add(churn('u', 5, 20, 3L));
    log.add(entry(6, 20, ENTRY + 1, 2));
    log.add(churn('d', 7, 30, null));
    log.add(churn('c', 8, 30, 1L));
    log.add(entry(9, 30, ENTRY + 2, 3));
    return log;
  }

  private static Map<Long, Integer> acknowledged() {
    return Map.of(ENTRY, 2, ENTRY + 1, 2, ENTRY + 2, 3);
  }

  private static Verdict judge(Consumer<List<LogEntry>> defect) {
    Verdict verdict = new Verdict();
    LogOracle oracle = new LogOracle(verdict);
    List<LogEntry> log = sound();
    defect.accept(log);
    log.forEach(oracle::accept);
    oracle.settle(acknowledged());
    return verdict;
  }

  private static LogEntry churn(char op, long seq, long txid, @Nullable Long ver) {
    String row = ver == null ? null : "{id=7, ver=" + ver + "}";
    return new LogEntry("churn", 7, op, seq, txid, ver == null ? 0 : ver, 0, row);
  }

  private static LogEntry entry(long seq, long txid, long id, int changes) {
    return new LogEntry("ledger", id, 'c', seq, txid, 0, changes, "{id=" + id + "}");
  }

  private static LogEntry with(LogEntry e, long seq) {
    return new LogEntry(e.table(), e.id(), e.op(), seq, e.txid(), e.ver(), e.changes(), e.row());
  }

  private static void renumber(List<LogEntry> log) {
    UnaryOperator<LogEntry> next =
        new UnaryOperator<>() {
          private long seq;

          @Override
          public LogEntry apply(LogEntry e) {
            seq++;
            return with(e, seq);
          }
        };
    log.replaceAll(next);
  }
}
