package dev.headwater.sinks.verify;

import static org.assertj.core.api.Assertions.assertThat;

import dev.headwater.sinks.ReadBack.Look;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

/** A row was A at offset 10, B at 20 and gone at 30; the tail begins at {@link #TAIL}. */
class VerdictTest {
  private static final long A = 1;
  private static final long B = 2;
  private static final long STRANGE = 99;
  private static final long TAIL = 15;
  private static final long NOW = 1_000_000;

  @Test
  void decidesByTheLastRecordBelowThePositionAndNoOther() {
    assertThat(at(11, A)).isEqualTo(Verdict.RIGHT);
    assertThat(at(21, B)).isEqualTo(Verdict.RIGHT);
    assertThat(at(31, Entry.NOTHING)).isEqualTo(Verdict.RIGHT);
    assertThat(at(21, A)).isEqualTo(Verdict.WRONG);
    assertThat(at(31, B)).isEqualTo(Verdict.WRONG);
    assertThat(at(31, STRANGE)).isEqualTo(Verdict.WRONG);
  }

  /** Its value at 11 may have been another, taken by compaction before anybody read it. */
  @Test
  void accusesNobodyWhereARecordMayHaveBeenTaken() {
    assertThat(at(11, STRANGE)).isEqualTo(Verdict.OPEN);
    assertThat(at(5, STRANGE)).isEqualTo(Verdict.OPEN);
    assertThat(at(21, STRANGE)).isEqualTo(Verdict.WRONG);
  }

  @Test
  void aPlaceReadInTwoStepsMayHaveAnythingBetweenTheTwo() {
    Look look = new Look(OptionalLong.of(21), OptionalLong.empty(), NOW, List.of());
    assertThat(Verdict.of(suspect(), look, 31, TAIL, B)).isEqualTo(Verdict.RIGHT);
    assertThat(Verdict.of(suspect(), look, 31, TAIL, Entry.NOTHING)).isEqualTo(Verdict.RIGHT);
    assertThat(Verdict.of(suspect(), look, 31, TAIL, A)).isEqualTo(Verdict.WRONG);
  }

  @Test
  void aPlaceWithoutACheckpointCannotBeJudged() {
    Look look = new Look(OptionalLong.empty(), OptionalLong.empty(), NOW, List.of());
    assertThat(Verdict.of(suspect(), look, 31, TAIL, STRANGE)).isEqualTo(Verdict.OPEN);
  }

  @Test
  void whatTheLogHasNothingOfMustNotBeThere() {
    Suspect ghost = new Suspect(new byte[] {1}, 0, List.of());
    Look look = new Look(OptionalLong.of(100), OptionalLong.of(100), NOW, List.of());
    assertThat(Verdict.of(ghost, look, 100, TAIL, STRANGE)).isEqualTo(Verdict.WRONG);
    assertThat(Verdict.of(ghost, look, 100, TAIL, Entry.NOTHING)).isEqualTo(Verdict.RIGHT);
  }

  @Test
  void whatHasExpiredIsNotMissed() {
    Suspect mortal = new Suspect(new byte[] {1}, 0, List.of(record(10, A, NOW - 60_000)));
    Look look = new Look(OptionalLong.of(100), OptionalLong.of(100), NOW, List.of());
    assertThat(Verdict.of(mortal, look, 100, TAIL, Entry.NOTHING)).isEqualTo(Verdict.EXPIRED);
    assertThat(Verdict.of(mortal, look, 100, TAIL, A)).isEqualTo(Verdict.WRONG);
    Suspect young = new Suspect(new byte[] {1}, 0, List.of(record(10, A, NOW + 60_000)));
    assertThat(Verdict.of(young, look, 100, TAIL, Entry.NOTHING)).isEqualTo(Verdict.WRONG);
    assertThat(Verdict.of(young, look, 100, TAIL, A)).isEqualTo(Verdict.RIGHT);
  }

  private static Verdict at(long offset, long found) {
    Look look = new Look(OptionalLong.of(offset), OptionalLong.of(offset), NOW, List.of());
    return Verdict.of(suspect(), look, offset, TAIL, found);
  }

  private static Suspect suspect() {
    List<Entry> records =
        new ArrayList<>(List.of(record(20, B, 0), record(10, A, 0), record(30, 0, 0)));
    return new Suspect(new byte[] {1}, 0, records);
  }

  private static Entry record(long offset, long hash, long expiresAtMs) {
    return new Entry(new byte[] {1}, 0, offset, hash, expiresAtMs);
  }
}
