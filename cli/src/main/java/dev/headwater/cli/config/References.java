package dev.headwater.cli.config;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Resolves <code>${ENV}</code>, <code>${ENV:-default}</code> and <code>${file:/path}</code> inside
 * a scalar; <code>$${</code> stands for a literal <code>${</code>. What a reference stands for is
 * not looked into again, and is never part of a message.
 */
final class References {
  private static final int MAX_FILE_BYTES = 64 * 1024;
  private static final Pattern REFERENCE = Pattern.compile("\\$\\$\\{|\\$\\{([^}]*)}|\\$\\{");
  private static final Pattern VARIABLE =
      Pattern.compile("([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?", Pattern.DOTALL);

  private final Path directory;
  private final Function<String, @Nullable String> environment;

  /**
   * @param directory what relative paths are relative to
   * @param environment a variable's value, or null
   */
  References(Path directory, Function<String, @Nullable String> environment) {
    this.directory = directory;
    this.environment = environment;
  }

  /** The text with its references resolved; empty after a problem was told. */
  Optional<String> resolve(String text, Consumer<String> problem) {
    StringBuilder resolved = new StringBuilder();
    Matcher matcher = REFERENCE.matcher(text);
    boolean complete = true;
    int end = 0;
    while (matcher.find()) {
      resolved.append(text, end, matcher.start());
      end = matcher.end();
      String reference = matcher.group(1);
      if (matcher.group().equals("$${")) {
        resolved.append("${");
      } else if (reference == null) {
        problem.accept("a '${' without its '}'; write '$${' where a literal '${' is meant");
        complete = false;
      } else {
        Optional<String> value = value(reference, problem);
        value.ifPresent(resolved::append);
        complete &= value.isPresent();
      }
    }
    resolved.append(text, end, text.length());
    return complete ? Optional.of(resolved.toString()) : Optional.empty();
  }

  private Optional<String> value(String reference, Consumer<String> problem) {
    if (reference.startsWith("file:")) {
      return file(reference.substring("file:".length()), problem);
    }
    Matcher variable = VARIABLE.matcher(reference);
    if (!variable.matches()) {
      problem.accept(
          "not a reference; expected ${ENV}, ${ENV:-default} or ${file:/path}"
              + " ('$${' stands for a literal '${')");
      return Optional.empty();
    }
    String name = variable.group(1);
    String fallback = variable.group(2);
    String value = environment.apply(name);
    if (fallback != null && (value == null || value.isEmpty())) {
      return Optional.of(fallback);
    }
    if (value == null) {
      problem.accept(
          "the environment variable '" + name + "' is not set; set it, or write ${NAME:-default}");
    }
    return Optional.ofNullable(value);
  }

  private Optional<String> file(String name, Consumer<String> problem) {
    try (InputStream in = Files.newInputStream(directory.resolve(name))) {
      byte[] bytes = in.readNBytes(MAX_FILE_BYTES + 1);
      if (bytes.length > MAX_FILE_BYTES) {
        problem.accept("the file '" + name + "' is larger than 64 KiB: not a secret");
        return Optional.empty();
      }
      String text =
          StandardCharsets.UTF_8
              .newDecoder()
              .decode(ByteBuffer.wrap(bytes))
              .toString()
              .replaceFirst("[\\r\\n]+$", "");
      if (text.isEmpty()) {
        problem.accept("the file '" + name + "' is empty");
        return Optional.empty();
      }
      return Optional.of(text);
    } catch (CharacterCodingException e) {
      problem.accept("the file '" + name + "' is not UTF-8 text");
    } catch (IOException | InvalidPathException e) {
      problem.accept(
          "the file '" + name + "' cannot be read (" + e.getClass().getSimpleName() + ")");
    }
    return Optional.empty();
  }
}
