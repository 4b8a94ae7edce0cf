package dev.headwater.capture;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends a session whose stream is dead without a word, as when a gateway has forgotten the
 * connection: neither side is told, nothing comes, and nothing would for as long as TCP hopes.
 *
 * <p>After a while of silence a message is written into the source on a session opened for it. It
 * must come back through the stream. Where it does not, the server says what its sender does: one
 * that still decodes (a large transaction may take minutes, in silence) is waited for; one that has
 * nothing to do, or waits for its client to read, is talking to nobody.
 *
 * <p>The stream's thread tells of what it receives; everything else happens on a timer of its own,
 * with time limits on all it asks.
 */
final class SilenceWatch implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(SilenceWatch.class);
  private static final long LOOK_MILLIS = 2_000;
  private static final int NETWORK_TIMEOUT_MILLIS = 10_000;
  private static final Duration SILENCE = Duration.ofSeconds(15);
  private static final Duration ANSWER = Duration.ofSeconds(6);

  private final CaptureConfig config;
  private final Consumer<RuntimeException> endSession;
  private final ScheduledExecutorService timer;
  private volatile boolean isBusy;
  private volatile long heardNanos = System.nanoTime();
  private long askedNanos;
  private @Nullable Connection session;

  /**
   * @param endSession ends the session with the reason, from any thread
   */
  SilenceWatch(CaptureConfig config, Consumer<RuntimeException> endSession) {
    this.config = config;
    this.endSession = endSession;
    this.timer = Timers.start(config.name(), "silence");
    timer.scheduleWithFixedDelay(this::look, LOOK_MILLIS, LOOK_MILLIS, TimeUnit.MILLISECONDS);
  }

  /** Something was received, and is being worked on: until {@link #idle} no silence counts. */
  void heard() {
    isBusy = true;
  }

  /** What was received is done with. */
  void idle() {
    heardNanos = System.nanoTime();
    isBusy = false;
  }

  private void look() {
    if (isBusy || System.nanoTime() - heardNanos < SILENCE.toNanos()) {
      hangUp();
      return;
    }
    try {
      if (session == null) {
        ask();
      } else if (System.nanoTime() - askedNanos > ANSWER.toNanos()) {
        judge(session);
      }
    } catch (HeadwaterException e) {
      hangUp();
      end(e);
    } catch (SQLException e) {
      hangUp();
      end(SourceConnection.refused(config, e));
    }
  }

  private void ask() throws SQLException {
    Connection asking = SourceConnection.open(config);
    session = asking;
    asking.setNetworkTimeout(Runnable::run, NETWORK_TIMEOUT_MILLIS);
    try (PreparedStatement message =
        asking.prepareStatement("SELECT pg_logical_emit_message(false, ?, '')")) {
      message.setString(1, Heartbeat.PREFIX);
      message.execute();
    }
    askedNanos = System.nanoTime();
  }

  private void judge(Connection asking) throws SQLException {
    try (PreparedStatement sender =
        asking.prepareStatement(
            "SELECT coalesce(a.wait_event_type, '') FROM pg_replication_slots s"
                + " JOIN pg_stat_activity a ON a.pid = s.active_pid WHERE s.slot_name = ?")) {
      sender.setString(1, config.slot().name());
      try (ResultSet rs = sender.executeQuery()) {
        String waitsFor = rs.next() ? rs.getString(1) : "Client";
        if (waitsFor.equals("Client") || waitsFor.equals("Activity")) {
          end(
              new HeadwaterException(
                  FailureCode.SOURCE_UNREACHABLE,
                  "connector '"
                      + config.name()
                      + "' – the stream from the source is silent:"
                      + " a message written "
                      + ANSWER.toSeconds()
                      + " s ago did not come through it",
                  "The connection was forgotten on its way. Capture opens another."));
        } else {
          LOG.atDebug()
              .addKeyValue("connector", config.name())
              .addKeyValue("wait_event_type", waitsFor)
              .log("the source's sender is at work in silence");
        }
      }
    }
    hangUp();
  }

  private void end(HeadwaterException why) {
    LOG.atWarn()
        .addKeyValue("connector", config.name())
        .addKeyValue("error", why.getMessage())
        .log("the session ends: its stream is silent");
    endSession.accept(why);
  }

  private void hangUp() {
    Connection open = session;
    session = null;
    if (open != null) {
      try {
        open.abort(Runnable::run);
      } catch (SQLException e) {
        LOG.atDebug().setCause(e).log("session of the silence watch did not close");
      }
    }
  }

  @Override
  public void close() {
    timer.execute(this::hangUp);
    timer.shutdown();
  }
}
