package dev.headwater.cli.run;

import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.control.ControlBoard;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.sinks.SinkSupervisor;
import dev.headwater.sinks.SinkWish;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has the workers of this process do what stands on the control board. On a thread of its own,
 * about twice a second; a log that is away is waited for.
 */
final class Controls implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Controls.class);
  private static final long LOOK_MS = 500;
  private static final long JOIN_MS = 5_000;

  private final ControlBoard board;
  private final Map<String, Slot<?>> slots;
  private final Map<String, Slot<SinkSupervisor>> sinks;
  private final Map<String, RunWish> obeyed = new HashMap<>();
  private final Map<String, SinkWish> wishes = new HashMap<>();
  private final Thread thread = new Thread(this::run, "headwater/control");
  private volatile boolean stopped;
  private boolean isBlind;

  /**
   * @param slots by component
   * @param sinks by sink
   */
  Controls(LogConnection log, Map<String, Slot<?>> slots, Map<String, Slot<SinkSupervisor>> sinks) {
    this.board = new ControlBoard(log);
    this.slots = slots;
    this.sinks = sinks;
    thread.setDaemon(true);
  }

  /** Reads what stands, so that nothing starts that is to stand still; then watches. */
  void start() {
    Map<String, Optional<String>> standing = board.changes();
    slots.forEach(
        (component, slot) -> {
          RunWish wish =
              standing
                  .getOrDefault(component, Optional.empty())
                  .map(RunWish::parse)
                  .orElse(RunWish.RUN);
          obeyed.put(component, wish);
          if (wish.isPaused()) {
            slot.pause();
          } else {
            slot.start();
          }
        });
    standing.forEach(this::hearWish);
    tellSinks();
    thread.start();
  }

  private void run() {
    try {
      while (!stopped) {
        Thread.sleep(LOOK_MS);
        look();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void look() {
    try {
      board
          .changes()
          .forEach(
              (component, json) -> {
                hearWish(component, json);
                Slot<?> slot = slots.get(component);
                if (slot != null) {
                  obey(component, slot, json.map(RunWish::parse).orElse(RunWish.RUN));
                }
              });
      isBlind = false;
    } catch (HeadwaterException e) {
      // What stood is obeyed on; a board that cannot be read is read again.
      if (!isBlind && !stopped) {
        LOG.atWarn().addKeyValue("error", e.getMessage()).log("cannot read what is wanted");
      }
      isBlind = true;
    }
    tellSinks();
  }

  private void obey(String component, Slot<?> slot, RunWish wish) {
    RunWish before = obeyed.put(component, wish);
    if (stopped || wish.equals(before)) {
      return;
    }
    LOG.atInfo()
        .addKeyValue("component", component)
        .log(wish.isPaused() ? "paused by a command" : "started by a command");
    if (wish.isPaused()) {
      slot.pause();
    } else {
      slot.restart();
    }
  }

  private void hearWish(String component, Optional<String> json) {
    for (String sink : sinks.keySet()) {
      if (component.equals(SinkWish.component(sink))) {
        json.map(SinkWish::parse)
            .ifPresentOrElse(wish -> wishes.put(sink, wish), () -> wishes.remove(sink));
      }
    }
  }

  /** Again and again: a sink that was restarted is another worker. */
  private void tellSinks() {
    sinks.forEach((name, slot) -> slot.worker().ifPresent(worker -> worker.wish(wishes.get(name))));
  }

  @Override
  public void close() {
    stopped = true;
    thread.interrupt();
    try {
      thread.join(JOIN_MS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    board.close();
  }
}
