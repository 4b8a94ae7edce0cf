package dev.headwater.sinks.verify;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class SpillTest {
  private static final long SMALL = 4 << 10;

  @Test
  void handsOverEveryEntryOnceAndAllOfANameTogether() {
    Set<String> seen = new HashSet<>();
    AtomicInteger entries = new AtomicInteger();
    try (Spill spill = new Spill(SMALL)) {
      for (int i = 0; i < 30_000; i++) {
        spill.add(record("name-" + i % 10_000, 3, i, i * 31L));
      }
      spill.add(new Entry("name-7".getBytes(UTF_8), Entry.FOUND, 0, -5, 0));
      spill.drain(
          draining(
              file -> {
                Set<String> here = new HashSet<>();
                file.forEach(e -> here.add(name(e)));
                file.forEach(e -> entries.incrementAndGet());
                here.forEach(name -> assertThat(seen.add(name)).as(name).isTrue());
              }));
    }
    assertThat(entries).hasValue(30_001);
    assertThat(seen).hasSize(10_000);
  }

  @Test
  void keepsEntriesAsTheyWere() {
    List<Entry> found = new ArrayList<>();
    try (Spill spill = new Spill(SMALL)) {
      spill.add(new Entry(new byte[] {0, -1, 7}, 400, 1L << 44, Long.MIN_VALUE, 1L << 42));
      spill.add(new Entry(new byte[0], Entry.FOUND, 0, 9, 0));
      spill.drain(draining(file -> file.forEach(found::add)));
    }
    Entry record = found.stream().filter(e -> !e.isFound()).findFirst().orElseThrow();
    assertThat(record.name()).containsExactly(0, -1, 7);
    assertThat(record.partition()).isEqualTo(400);
    assertThat(record.offset()).isEqualTo(1L << 44);
    assertThat(record.hash()).isEqualTo(Long.MIN_VALUE);
    assertThat(record.expiresAtMs()).isEqualTo(1L << 42);
    assertThat(found).hasSize(2);
  }

  /** However many rows there are, a file in memory stays small: large ones are divided. */
  @Test
  void filesStaySmallHoweverMuchIsAdded() {
    for (int rows : new int[] {10_000, 100_000}) {
      long[] largest = new long[1];
      try (Spill spill = new Spill(SMALL)) {
        for (int i = 0; i < rows; i++) {
          spill.add(record("customer:" + i, 0, i, i));
        }
        spill.drain(
            draining(
                file -> {
                  long[] size = new long[1];
                  file.forEach(e -> size[0] += e.name().length + 12);
                  largest[0] = Math.max(largest[0], size[0]);
                }));
      }
      assertThat(largest[0]).isPositive().isLessThanOrEqualTo(SMALL * 2);
    }
  }

  @Test
  void nothingIsLostBetweenAFileAndItsWatcher() throws Exception {
    byte[] hot = "hot".getBytes(UTF_8);
    AtomicInteger told = new AtomicInteger();
    AtomicInteger added = new AtomicInteger();
    AtomicBoolean stop = new AtomicBoolean();
    try (Spill spill = new Spill(SMALL)) {
      Thread writer =
          new Thread(
              () -> {
                while (!stop.get()) {
                  spill.add(new Entry(hot, 0, added.incrementAndGet(), 1, 0));
                }
              });
      writer.start();
      while (added.get() < 1_000) {
        Thread.onSpinWait();
      }
      spill.drain(
          draining(
              file ->
                  file.forEach(
                      e -> {
                        told.incrementAndGet();
                        spill.watch(hot, later -> told.incrementAndGet());
                      })));
      stop.set(true);
      writer.join();
    }
    assertThat(told).hasValue(added.get());
  }

  private static Entry record(String name, int partition, long offset, long hash) {
    return new Entry(name.getBytes(UTF_8), partition, offset, hash, 0);
  }

  private static String name(Entry entry) {
    return new String(entry.name(), UTF_8);
  }

  private static Spill.Drain draining(Consumer<Spill.Entries> files) {
    return new Spill.Drain() {
      @Override
      public void file(Spill.Entries entries) {
        files.accept(entries);
      }

      @Override
      public void decide() {
        // Only the files matter here.
      }
    };
  }
}
