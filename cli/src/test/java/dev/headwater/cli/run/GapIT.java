package dev.headwater.cli.run;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Changes that no slot holds any more: the tables are loaded again, what is gone is deleted. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class GapIT {
  private static FollowedSource level() throws Exception {
    FollowedSource source = new FollowedSource("");
    source.sql(
        "CREATE TABLE t (id int PRIMARY KEY, n int, v text)",
        "INSERT INTO t SELECT g, g, 'v' || g FROM generate_series(1, 50) g");
    source.start();
    source.awaitLevel("t");
    return source;
  }

  @Test
  void afterASlotIsDroppedAndMadeAnewWhatWasMissedIsLoaded() throws Exception {
    try (FollowedSource source = level()) {
      source.stop();
      source.dropSlot();
      source.sql(
          "DELETE FROM t WHERE id < 10",
          "UPDATE t SET v = 'missed' WHERE id > 40",
          "INSERT INTO t VALUES (60, 1, 'missed too')");
      source.start();
      source.awaitLevel("t");
      source.sql("UPDATE t SET n = n + 1");
      source.awaitLevel("t");
    }
  }

  @Test
  void afterSomebodyMovedTheSlotOnWhatWasMissedIsLoaded() throws Exception {
    try (FollowedSource source = level()) {
      source.stop();
      source.sql("DELETE FROM t WHERE id < 10", "UPDATE t SET v = 'missed' WHERE id > 40");
      source.advanceSlot();
      source.sql("INSERT INTO t VALUES (61, 1, 'seen by the stream')");
      source.start();
      source.awaitLevel("t");
    }
  }

  /** Dropped under a running capture, by ending its stream as an administrator would. */
  @Test
  void aSlotThatIsDroppedUnderWayIsMadeAnew() throws Exception {
    try (FollowedSource source = level()) {
      source.dropSlotByForce();
      source.sql("DELETE FROM t WHERE id < 10", "INSERT INTO t VALUES (60, 1, 'x')");
      source.awaitLevel("t");
    }
  }
}
