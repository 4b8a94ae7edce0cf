package dev.headwater.cli.command;

import dev.headwater.cli.GlobalOptions;
import dev.headwater.cli.ProgressLine;
import dev.headwater.sinks.verify.Progress;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** Shows the stages of a long piece of work one after another, each as a line of its own. */
final class StageProgress implements Progress, AutoCloseable {
  private final GlobalOptions options;
  private @Nullable ProgressLine line;

  StageProgress(GlobalOptions options) {
    this.options = options;
  }

  @Override
  public void begin(String stage, OptionalLong total) {
    close();
    line = options.isQuiet() ? null : options.progress(stage, total);
  }

  @Override
  public void done(long rows) {
    if (line != null) {
      line.rowsDone(rows);
    }
  }

  @Override
  public void close() {
    if (line != null) {
      line.close();
      line = null;
    }
  }
}
