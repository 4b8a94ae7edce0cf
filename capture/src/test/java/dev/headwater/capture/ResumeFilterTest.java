package dev.headwater.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.position.Lsn;
import dev.headwater.log.position.SourceIdentity;
import dev.headwater.log.position.SourcePosition;
import dev.headwater.log.position.SourcePosition.RunningTransaction;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

class ResumeFilterTest {
  private static final SourceIdentity SOURCE =
      new SourceIdentity("7", 1, "shop", "headwater_shop", "headwater_shop");

  /** A transaction or, without events and xid, a message. */
  private record Unit(long start, long end, long xid, List<Long> eventLsns) {
    boolean isMessage() {
      return xid == 0;
    }
  }

  private static SourcePosition at(long end, @Nullable RunningTransaction running) {
    return new SourcePosition(SOURCE, new Lsn(end), running, 0);
  }

  @RepeatedTest(300)
  void passesEveryEventOnExactlyOnceWhateverIsCutAndSentAgain(RepetitionInfo repetition) {
    long seed = 0x5eed0000L + repetition.getCurrentRepetition();
    Random random = new Random(seed);
    List<Unit> units = units(random);
    List<String> expected = new ArrayList<>();
    for (Unit unit : units) {
      for (int i = 0; i < unit.eventLsns().size(); i++) {
        expected.add(unit.xid() + ":" + i);
      }
    }
    List<String> log = new ArrayList<>();
    SourcePosition position = at(1000, null);
    long confirmed = 1000;
    int sessions = 0;
    while (sessions++ < 200) {
      ResumeFilter filter = new ResumeFilter("shop", position);
      List<String> batch = new ArrayList<>();
      // A killed session commits some of its batches and acknowledges some of those.
      int cutAfter = sessions == 199 ? Integer.MAX_VALUE : random.nextInt(60);
      for (Unit unit : units) {
        if (unit.start() < confirmed) {
          continue;
        }
        cutAfter = deliver(unit, filter, batch, cutAfter, random);
        if (cutAfter < 0) {
          break;
        }
        if (random.nextInt(3) == 0) {
          log.addAll(batch);
          batch.clear();
          position = new SourcePosition(SOURCE, filter.endLsn(), filter.running().orElse(null), 0);
        }
      }
      if (random.nextBoolean()) {
        log.addAll(batch);
        position = new SourcePosition(SOURCE, filter.endLsn(), filter.running().orElse(null), 0);
      }
      if (random.nextInt(3) == 0) {
        confirmed = Math.max(confirmed, position.endLsn().value());
      }
    }
    ResumeFilter last = new ResumeFilter("shop", position);
    List<String> rest = new ArrayList<>();
    for (Unit unit : units) {
      if (unit.start() >= confirmed) {
        deliver(unit, last, rest, Integer.MAX_VALUE, random);
      }
    }
    log.addAll(rest);

    assertThat(log).as("seed %d", seed).isEqualTo(expected);
  }

  private static int deliver(
      Unit unit, ResumeFilter filter, List<String> batch, int cutAfter, Random random) {
    int left = cutAfter;
    if (unit.isMessage()) {
      filter.isNewMessage(new Lsn(unit.end()));
      return left - 1;
    }
    filter.begin(new Lsn(unit.start()), unit.xid());
    for (int i = 0; i < unit.eventLsns().size(); i++) {
      if (left-- <= 0) {
        return -1;
      }
      if (filter.isNew(new Lsn(unit.eventLsns().get(i)))) {
        batch.add(unit.xid() + ":" + i);
      }
    }
    if (left-- <= 0) {
      return -1;
    }
    filter.commit(new Lsn(unit.end()));
    return left;
  }

  /** Units whose records touch, whose events share LSNs, and lie before earlier commits. */
  private static List<Unit> units(Random random) {
    List<Unit> units = new ArrayList<>();
    long lsn = 1000;
    for (int i = 1; i <= 12; i++) {
      long start = lsn + (random.nextBoolean() ? 0 : random.nextInt(100));
      long end = start + 1 + random.nextInt(50);
      if (random.nextInt(5) == 0) {
        units.add(new Unit(start, end, 0, List.of()));
      } else {
        List<Long> events = new ArrayList<>();
        long event = Math.max(1, start - random.nextInt(500));
        for (int e = random.nextInt(8); e >= 0; e--) {
          events.add(event);
          event += random.nextInt(3) == 0 ? random.nextInt(20) : 0;
        }
        units.add(new Unit(start, end, 700 + i, events));
      }
      lsn = end;
    }
    return units;
  }

  /** Rows that are copied stand many to a record of the WAL, and share its LSN. */
  @Test
  void eventsOfOneLsnAreToldApartByTheirNumber() {
    Lsn shared = new Lsn(120);
    ResumeFilter first = new ResumeFilter("shop", at(100, null));
    first.begin(new Lsn(150), 7);
    assertThat(List.of(first.isNew(shared), first.isNew(shared))).containsExactly(true, true);

    ResumeFilter next =
        new ResumeFilter("shop", at(first.endLsn().value(), first.running().orElseThrow()));
    next.begin(new Lsn(150), 7);

    assertThat(List.of(next.isNew(shared), next.isNew(shared))).containsExactly(false, false);
    assertThat(List.of(next.isNew(shared), next.isNew(shared))).containsExactly(true, true);
  }

  @Test
  void aTransactionWhoseCommitBeginsWhereThePositionEndsIsNew() {
    ResumeFilter first = new ResumeFilter("shop", at(100, null));
    first.begin(new Lsn(100), 7);
    assertThat(first.isNew(new Lsn(90))).isTrue();
    first.commit(new Lsn(140));

    ResumeFilter next = new ResumeFilter("shop", at(first.endLsn().value(), null));
    next.begin(new Lsn(140), 6);

    assertThat(next.isNew(new Lsn(80))).isTrue();
  }

  @Test
  void refusesARunningTransactionThatIsAnother() {
    ResumeFilter filter =
        new ResumeFilter("shop", at(100, new RunningTransaction(new Lsn(150), 7, 3, new Lsn(120))));

    assertThatThrownBy(() -> filter.begin(new Lsn(151), 8))
        .isInstanceOf(HeadwaterException.class)
        .hasMessageContaining("expected the rest of transaction 7")
        .extracting(e -> ((HeadwaterException) e).code())
        .isEqualTo(FailureCode.SOURCE_INCONSISTENT);
  }

  @Test
  void refusesARunningTransactionWhoseEventStandsElsewhere() {
    ResumeFilter filter =
        new ResumeFilter("shop", at(100, new RunningTransaction(new Lsn(150), 7, 2, new Lsn(120))));
    filter.begin(new Lsn(150), 7);
    filter.isNew(new Lsn(110));

    assertThatThrownBy(() -> filter.isNew(new Lsn(121)))
        .hasMessageContaining("event 2 of transaction 7 stands at 0/79, in the log at 0/78");
  }

  @Test
  void refusesARunningTransactionThatBecameShorter() {
    ResumeFilter filter =
        new ResumeFilter("shop", at(100, new RunningTransaction(new Lsn(150), 7, 2, new Lsn(120))));
    filter.begin(new Lsn(150), 7);
    filter.isNew(new Lsn(110));

    assertThatThrownBy(() -> filter.commit(new Lsn(160))).hasMessageContaining("has 1 events");
  }

  @Test
  void keepsThePositionInsideARunningTransactionWhileItsKnownEventsAreSkipped() {
    RunningTransaction running = new RunningTransaction(new Lsn(150), 7, 2, new Lsn(120));
    ResumeFilter filter = new ResumeFilter("shop", at(100, running));
    filter.begin(new Lsn(150), 7);
    filter.isNew(new Lsn(110));

    assertThat(filter.running()).contains(running);
    assertThat(filter.endLsn()).isEqualTo(new Lsn(100));
  }

  @Test
  void refusesAMessageThatComesBeforeTheRestOfARunningTransaction() {
    ResumeFilter filter =
        new ResumeFilter("shop", at(100, new RunningTransaction(new Lsn(150), 7, 3, new Lsn(120))));

    assertRefused(() -> filter.isNewMessage(new Lsn(140)), "before the rest of a running");
  }

  @Test
  void refusesUnitsWhoseEndsDoNotRise() {
    ResumeFilter filter = new ResumeFilter("shop", at(100, null));
    filter.begin(new Lsn(100), 7);

    assertRefused(() -> filter.commit(new Lsn(100)), "unit ends do not rise: 0/64 after 0/64");
  }

  @Test
  void refusesAUnitThatBeginsInTheLogAndEndsBehindIt() {
    ResumeFilter filter = new ResumeFilter("shop", at(100, null));
    filter.begin(new Lsn(90), 7);

    assertRefused(() -> filter.commit(new Lsn(101)), "ends at 0/65, over the log's 0/64");
  }

  @Test
  void refusesATransactionInsideAnother() {
    ResumeFilter filter = new ResumeFilter("shop", at(100, null));
    filter.begin(new Lsn(100), 7);

    assertRefused(() -> filter.begin(new Lsn(110), 8), "began inside another");
  }

  @Test
  void refusesANonTransactionalMessageInsideATransaction() {
    ResumeFilter filter = new ResumeFilter("shop", at(100, null));
    filter.begin(new Lsn(100), 7);

    assertRefused(() -> filter.isNewMessage(new Lsn(110)), "arrived inside a transaction");
  }

  @Test
  void refusesAChangeOrAnEndOutsideATransaction() {
    ResumeFilter filter = new ResumeFilter("shop", at(100, null));

    assertRefused(() -> filter.isNew(new Lsn(110)), "arrived outside a transaction");
    assertRefused(() -> filter.commit(new Lsn(120)), "ended that had not begun");
  }

  private static void assertRefused(ThrowingCallable call, String why) {
    assertThatThrownBy(call)
        .isInstanceOf(HeadwaterException.class)
        .hasMessageContaining(why)
        .extracting(e -> ((HeadwaterException) e).code())
        .isEqualTo(FailureCode.SOURCE_INCONSISTENT);
  }
}
