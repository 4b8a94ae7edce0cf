package dev.headwater.faults.fault;

import static dev.headwater.faults.topology.Deployment.CAPTURE;
import static dev.headwater.faults.topology.Deployment.SINKS;

import dev.headwater.faults.topology.HeadwaterProcess;
import java.util.List;

/** What happens to Headwater's own processes. */
final class ProcessFaults {
  private ProcessFaults() {}

  static List<Fault> all() {
    return List.of(
        new Fault("kill -9 capture", ProcessFaults::killCapture),
        new Fault("kill -9 capture inside a large transaction", ProcessFaults::killInside),
        new Fault("kill -9 capture three times", ProcessFaults::killRepeatedly),
        new Fault("SIGTERM capture with transactions open", ProcessFaults::stopCapture),
        new Fault("kill -9 one sink worker", ProcessFaults::killSink),
        new Fault("kill -9 everything of Headwater", ProcessFaults::killAll),
        new Fault("SIGSTOP capture beside a second, SIGCONT, kill one", ProcessFaults::zombie),
        new Fault("SIGSTOP one sink worker", ProcessFaults::freezeSink),
        new Fault("one more sink worker comes, one goes", ProcessFaults::twoWorkers));
  }

  private static void killCapture(Field field) throws Exception {
    field.linger(0, 800);
    kill(field, CAPTURE);
    field.linger(0, 1_500);
    field.deployment().ensureRunning(CAPTURE);
  }

  private static void killInside(Field field) throws Exception {
    field.workload().commitLarge();
    field.linger(0, 500);
    kill(field, CAPTURE);
    field.deployment().ensureRunning(CAPTURE);
  }

  private static void killRepeatedly(Field field) throws Exception {
    for (int i = 0; i < 3; i++) {
      kill(field, CAPTURE);
      field.deployment().ensureRunning(CAPTURE);
      // Some of these come before it streams, some after.
      field.linger(500, 4_000);
    }
  }

  private static void stopCapture(Field field) throws Exception {
    field.deployment().process(CAPTURE).stop(20);
    field.linger(0, 1_500);
    field.deployment().ensureRunning(CAPTURE);
  }

  private static void killSink(Field field) throws Exception {
    String sink = field.one(SINKS);
    kill(field, sink);
    field.linger(0, 2_000);
    field.deployment().ensureRunning(sink);
  }

  private static void killAll(Field field) throws Exception {
    kill(field, CAPTURE);
    for (String sink : SINKS) {
      kill(field, sink);
    }
    field.linger(0, 1_500);
    field.deployment().ensureRunning(CAPTURE);
    for (String sink : SINKS) {
      field.deployment().ensureRunning(sink);
    }
  }

  private static void kill(Field field, String name) throws InterruptedException {
    field.deployment().process(name).kill();
  }

  /**
   * The first stands still with its connections open, wakes up before or after it was followed, and
   * must neither write again nor end.
   */
  private static void zombie(Field field) throws Exception {
    HeadwaterProcess second = field.deployment().startOneMore(CAPTURE);
    field.linger(2_000, 5_000);
    HeadwaterProcess first = field.deployment().process(CAPTURE);
    first.suspend();
    field.linger(3_000, 15_000);
    first.resume();
    field.linger(500, 3_000);
    // Either may be the one that captures now.
    (field.random().nextBoolean() ? first : second).kill();
    field.deployment().ensureRunning(CAPTURE);
  }

  /** Shares a sink's partitions between two for a while, and takes one of them away. */
  private static void twoWorkers(Field field) throws Exception {
    String sink = field.one(SINKS);
    HeadwaterProcess second = field.deployment().startOneMore(sink);
    field.linger(2_000, 8_000);
    HeadwaterProcess first = field.deployment().process(sink);
    if (field.random().nextBoolean()) {
      first.kill();
    } else {
      second.stop(20);
    }
    field.linger(0, 2_000);
    field.deployment().ensureRunning(sink);
  }

  private static void freezeSink(Field field) throws Exception {
    HeadwaterProcess sink = field.deployment().process(field.one(SINKS));
    sink.suspend();
    field.linger(1_000, 12_000);
    sink.resume();
  }
}
