package dev.headwater.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * One target's story: it is filled, rebuilt, rolled back twice, rebuilt once more without keeping
 * what served, and compared with the source.
 */
final class SwitchRun {
  /** How long readers and writer are alone with what serves, before, between and after. */
  private static final long REST_MS = 6_000;

  /** How long a switch is made to wait for a reader of an old snapshot. */
  private static final long HELD_MS = 5_000;

  private static final long MAX_SECONDS = 1_800;

  private final Lab lab;
  private final Options options;
  private final Report report;
  private final SwitchTarget target;
  private final Headwater capture;
  private final SwitchTable table;
  private final List<Held> held = new ArrayList<>();
  private final List<Held> ended = new ArrayList<>();
  private final List<Reader> readers = new ArrayList<>();

  SwitchRun(Lab lab, Options options, Report report, SwitchTarget target, Headwater capture) {
    this.lab = lab;
    this.options = options;
    this.report = report;
    this.target = target;
    this.capture = capture;
    this.table = new SwitchTable(target.name(), options.rows());
  }

  void run(String yaml) {
    String name = target.name();
    long begun = System.nanoTime();
    try (Headwater sink =
        Headwater.start(
            lab.root,
            lab.work,
            name,
            yaml + "sinks:\n" + target.yaml(SwitchBenchmark.TOPIC),
            options.headwaterJvm(),
            "sink",
            name)) {
      await("the first fill", () -> target.rows() >= options.rows(), sink, 200);
      table.step("first fill", since(begun), "from the start of the worker's process");
      // Counts may hold a few keys that are no rows: readers begin once every row is there.
      sink.run("wait", "--sink", name, "--now", "--timeout", "5m");
      target.surround();
      TargetMeter.Size before;
      try (TargetMeter meter = new TargetMeter(target)) {
        before = meter.now();
        readAndSwitch(sink);
        table.sizes(before, meter.peak(), meter.now());
      }
      table.peakOfWorker(ProcessMeter.peakMebibytes(sink.pid()));
      table.retries(sink.output(), target.lockTimeouts());
      compare(sink);
    } finally {
      readers.forEach(Reader::close);
    }
    report.text("switch." + name, table.text());
    table.failures().forEach(report::fail);
  }

  private void readAndSwitch(Headwater sink) {
    try (LiveWriter writer = new LiveWriter(lab.session(), SwitchBenchmark.TABLE, options.rows())) {
      readers.addAll(target.readers());
      readers.forEach(Reader::start);
      held.addAll(target.hold());
      Clock.pause(REST_MS);
      if (target.hasGenerations()) {
        thereAndBack(sink, writer);
      } else {
        change(sink, "rebuild in place", "rebuild");
      }
      rest(sink, writer);
      readers.forEach(Reader::close);
      List<ReadLog> logs = new ArrayList<>(readers.stream().map(Reader::log).toList());
      ended.forEach(h -> logs.add(h.log()));
      table.readers(logs, readers.get(0).log().switches());
      // What is long is not to be lost with what comes after it.
      Progress.say("so far\n" + table.text());
      new DefectRun(target, sink, table, report).run(options.rows());
      writer.requireAlive();
      table.writes(writer.updates());
    }
  }

  private void thereAndBack(Headwater sink, LiveWriter writer) {
    change(sink, "rebuild, old kept", "rebuild", "--keep-previous");
    if (isHeldUp()) {
      report.fail("the first rebuild never said that it waits for a reader of an older snapshot");
      endHeld(true);
    }
    rest(sink, writer);
    change(sink, "rollback", "rollback");
    rest(sink, writer);
    change(sink, "rollback of it", "rollback");
    rest(sink, writer);
    change(sink, "rebuild, old dropped", "rebuild");
    endHeld(false);
    long begun = System.nanoTime();
    await("the drop of the old ones", target::isDropped, sink, 200);
    table.step("until one generation is left", since(begun), "a minute of it is grace");
  }

  /** One command that switches, beside readers and writer, to its end. */
  private void change(Headwater sink, String step, String verb, String... more) {
    List<String> command = new ArrayList<>(List.of(verb, target.name(), "--yes"));
    command.addAll(List.of(more));
    ReadLog probe = readers.get(0).log();
    int switches = probe.switches().size();
    long begun = System.nanoTime();
    long waited = 0;
    String label = target.name() + "-" + step.replaceAll("\\W+", "-");
    try (Headwater process = sink.beside(label, command.toArray(String[]::new))) {
      while (process.isAlive()) {
        sink.requireAlive();
        capture.requireAlive();
        if (process.output().contains("transactions older than") && isHeldUp()) {
          long seen = System.nanoTime();
          Clock.pause(HELD_MS);
          if (probe.switches().size() > switches) {
            report.fail(step + " did not wait for a reader of an older snapshot");
          }
          endHeld(true);
          waited = System.nanoTime() - seen;
        }
        if (since(begun) > MAX_SECONDS) {
          throw new BenchmarkException(step + " takes too long: " + process.output());
        }
        Clock.pause(50);
      }
      if (process.awaitEnd() != 0) {
        throw new BenchmarkException(step + " failed: " + process.output());
      }
    }
    if (!target.hasGenerations()) {
      table.step(step, since(begun), "each row in one step");
      return;
    }
    await("readers of the new generation", () -> probe.switches().size() > switches, sink, 20);
    double switched = (probe.switches().get(switches) - begun) / 1e9;
    String note =
        waited == 0
            ? "readers saw it after %.1f s".formatted(switched)
            : "readers saw it after %.1f s, %.1f s of it held up by an old snapshot"
                .formatted(switched, waited / 1e9);
    table.step(step, since(begun), note);
  }

  private boolean isHeldUp() {
    return held.stream().anyMatch(Held::holdsUpSwitch);
  }

  private void endHeld(boolean isHoldingUp) {
    List<Held> ending = held.stream().filter(h -> h.holdsUpSwitch() == isHoldingUp).toList();
    ending.forEach(Held::end);
    ended.addAll(ending);
    held.removeAll(ending);
  }

  private void rest(Headwater sink, LiveWriter writer) {
    Clock.pause(REST_MS);
    sink.requireAlive();
    capture.requireAlive();
    writer.requireAlive();
  }

  /** Level with the source, and then every row of source, log and sink compared. */
  private void compare(Headwater sink) {
    long begun = System.nanoTime();
    sink.run("wait", "--sink", target.name(), "--now", "--timeout", "10m");
    table.step("level after the last write", since(begun), "headwater wait --now");
    begun = System.nanoTime();
    try (Headwater verify =
        sink.beside(
            target.name() + "-verify", "verify", target.name(), "--against", "source", "-q")) {
      int exit = verify.awaitEnd();
      table.step(
          "verify --against source", since(begun), exit == 0 ? "equal" : "NOT EQUAL, see below");
      if (exit != 0) {
        report.fail(target.name() + ": sink, log and source are not equal: " + verify.output());
      }
    }
  }

  private void await(String what, BooleanSupplier isSo, Headwater sink, long stepMillis) {
    long begun = System.nanoTime();
    while (!isSo.getAsBoolean()) {
      sink.requireAlive();
      capture.requireAlive();
      if (System.nanoTime() - begun > TimeUnit.SECONDS.toNanos(MAX_SECONDS)) {
        throw new BenchmarkException(what + " takes too long: " + sink.output());
      }
      Clock.pause(stepMillis);
    }
  }

  private static double since(long nanos) {
    return (System.nanoTime() - nanos) / 1e9;
  }
}
