package dev.headwater.log.failure;

/**
 * Every way Headwater fails, with what is to be done about it by the worker that meets it and the
 * exit code a command ends with.
 *
 * <p>Chosen once, at the edge where a client's exception is met; nobody looks into messages later.
 */
public enum FailureCode {
  /** The configuration, or the way a command was called, is wrong. */
  CONFIGURATION_INVALID(Directive.STOP_PROCESS, 2),
  /** The source database cannot be reached at the moment. */
  SOURCE_UNREACHABLE(Directive.RETRY, 3),
  /** The source database is reached, but not set up for capture: settings, rights, tables. */
  SOURCE_NOT_READY(Directive.STOP_WORKER, 3),
  /**
   * The source no longer has what the log's position asks for: a gap that only a load can close.
   */
  SOURCE_GAP(Directive.STOP_WORKER, 1),
  /** The source delivered something that contradicts what the log holds. */
  SOURCE_INCONSISTENT(Directive.STOP_WORKER, 1),
  /** A change arrived that cannot be written to the log without changing it. */
  CHANGE_NOT_WRITABLE(Directive.STOP_WORKER, 1),
  /** The log's brokers cannot be reached, or do not accept writes, at the moment. */
  LOG_UNREACHABLE(Directive.RETRY, 3),
  /** The log is reached, but a topic, its settings or our rights are not as they must be. */
  LOG_NOT_READY(Directive.STOP_WORKER, 3),
  /** The outcome of a write to the log is unknown: fence, read the position again, go on. */
  LOG_OUTCOME_UNKNOWN(Directive.RETRY, 1),
  /** Another worker has taken over: this one has nothing left to do. */
  FENCED(Directive.STOP_WORKER, 1),
  /** A sink's target cannot be reached, or does not accept writes, at the moment. */
  TARGET_UNREACHABLE(Directive.RETRY, 3),
  /** A sink's target is reached, but not set up as the sink needs it. */
  TARGET_NOT_READY(Directive.STOP_WORKER, 3),
  /** A sink's checkpoint may have missed deletes, or belongs to another topic. */
  CHECKPOINT_STALE(Directive.STOP_WORKER, 1),
  /** A target refused one record for what it holds; the others are untouched. */
  RECORD_REFUSED(Directive.STOP_WORKER, 1),
  /** What a command waited for did not come in the time it was given. */
  TIMED_OUT(Directive.STOP_PROCESS, 1),
  /** No running Headwater was found that could carry out a command. */
  NOTHING_RUNNING(Directive.STOP_PROCESS, 3),
  /** A defect of ours, or a state that must not be. */
  INTERNAL(Directive.STOP_WORKER, 1);

  /** What the worker that meets a failure does next. */
  public enum Directive {
    /** Wait, with growing pauses, and try the same again, for ever. */
    RETRY,
    /** End this worker; the others go on. */
    STOP_WORKER,
    /** End the process. */
    STOP_PROCESS
  }

  private final Directive directive;
  private final int exitCode;

  FailureCode(Directive directive, int exitCode) {
    this.directive = directive;
    this.exitCode = exitCode;
  }

  /** What the worker that meets this failure does next. */
  public Directive directive() {
    return directive;
  }

  /** Whether the same may simply be tried again after a pause. */
  public boolean isRetriable() {
    return directive == Directive.RETRY;
  }

  /** The exit code of a command that ends with this failure: 1 run time, 2 usage, 3 environment. */
  public int exitCode() {
    return exitCode;
  }
}
