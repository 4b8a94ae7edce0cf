package dev.headwater.sinks.opensearch;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.replay.LogPartition;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What the server's refusals mean to a worker. One for each sink; any thread. */
final class SearchFailures {
  private static final String WAITS = "The sink waits and tries again.";

  /** The server's reasons go on with a preview of the value, which is no message's business. */
  private static final Pattern FIELD =
      Pattern.compile("(?:failed to parse )?field \\[[^\\]]*\\](?: of type \\[[^\\]]*\\])?");

  private final String sink;
  private final String url;

  SearchFailures(String sink, String url) {
    this.sink = sink;
    this.url = url;
  }

  /** No answer came. */
  HeadwaterException unreachable(Throwable cause) {
    return new HeadwaterException(
        FailureCode.TARGET_UNREACHABLE,
        who() + " cannot be reached: " + cause,
        WAITS + " Check that the server is up: curl " + url,
        cause);
  }

  /** A request of ours was answered with an error. */
  HeadwaterException refused(int status, String type, String reason, @Nullable Throwable cause) {
    if (isTransient(status)) {
      return new HeadwaterException(
          FailureCode.TARGET_UNREACHABLE,
          who() + " is busy, starting or full (" + status + "): " + words(type, reason),
          isDiskFull(reason)
              ? WAITS + " Free disk space: the server lifts its own block when there is some."
              : WAITS,
          cause);
    }
    if (type.equals("cluster_block_exception")) {
      return blocked(reason, cause);
    }
    if (status == 401 || status == 403) {
      return new HeadwaterException(
          FailureCode.TARGET_NOT_READY,
          who() + " refused us (" + status + "): " + words(type, reason),
          "Check 'user' and 'password' of the sink, and what that user may do: write to the index,"
              + " make indices and aliases.",
          cause);
    }
    return new HeadwaterException(
        FailureCode.TARGET_NOT_READY,
        who() + " refused a request (" + status + "): " + words(type, reason),
        "See the server's log; something made by others may be in the way.",
        cause);
  }

  HeadwaterException blocked(String reason, @Nullable Throwable cause) {
    return new HeadwaterException(
        FailureCode.TARGET_NOT_READY,
        who() + " does not take writes: " + reason,
        "Lift the block: curl -X PUT "
            + url
            + "/_all/_settings"
            + " -H 'Content-Type: application/json' -d '{\"index.blocks.read_only\": null,"
            + " \"index.blocks.write\": null, \"index.blocks.read_only_allow_delete\": null}'",
        cause);
  }

  HeadwaterException notReady(String what, String hint) {
    return new HeadwaterException(FailureCode.TARGET_NOT_READY, who() + " – " + what, hint);
  }

  /** Something of ours is under way that ends by itself. */
  HeadwaterException busy(String what) {
    return new HeadwaterException(FailureCode.TARGET_UNREACHABLE, who() + " – " + what, WAITS);
  }

  HeadwaterException fenced(LogPartition partition) {
    return new HeadwaterException(
        FailureCode.FENCED,
        "sink '" + sink + "' – another worker has taken over " + partition,
        "This worker leaves it alone; the other one goes on.");
  }

  /** Why a document was refused for what it holds. */
  static String aboutRow(BulkAnswer.Item item) {
    Matcher field = FIELD.matcher(item.reason());
    return item.status() + " " + item.errorType() + (field.find() ? ", " + field.group() : "");
  }

  static boolean isTransient(int status) {
    return status == 429 || status == 408 || status >= 500;
  }

  private static boolean isDiskFull(String reason) {
    return reason.contains("flood-stage");
  }

  private static String words(String type, String reason) {
    return type.isEmpty() ? "no reason given" : type + ": " + reason;
  }

  private String who() {
    return "sink '" + sink + "' – OpenSearch at " + url;
  }
}
