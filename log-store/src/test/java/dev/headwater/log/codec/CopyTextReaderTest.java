package dev.headwater.log.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class CopyTextReaderTest {
  @Test
  void keepsNullEmptyAndTheWordsForThemApart() {
    assertThat(read("\\N\t\tNULL\t\\\\N\tN\n", 5)).containsExactly(null, "", "NULL", "\\N", "N");
  }

  @Test
  void takesEveryEscapePostgresWrites() {
    assertThat(read("a\\tb\\nc\\rd\\be\\ff\\vg\\\\h\ti", 2))
        .containsExactly("a\tb\nc\rd\be\ff\u000Bg\\h", "i");
    assertThat(read("\\\\\\\\\t\\\\", 2)).containsExactly("\\\\", "\\");
  }

  @Test
  void readsOneColumnAndNone() {
    assertThat(read("\n", 1)).containsExactly("");
    assertThat(read("\\N", 1)).hasSize(1).containsOnlyNulls();
    assertThat(read("\n", 0)).isEmpty();
  }

  @Test
  void refusesAnotherNumberOfColumns() {
    for (String line : List.of("a\n", "a\tb\tc\n", "", "a\tb\t\n")) {
      assertThatThrownBy(() -> read(line, 2)).isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void aColumnEndsAtItsDelimiterWhereverItStandsAndWhateverIsBeforeAndBehind() {
    CopyTextReader reader = new CopyTextReader(2);
    for (int b = Byte.MIN_VALUE; b <= Byte.MAX_VALUE; b++) {
      for (int length = 0; b != '\t' && b != '\\' && b != '\n' && length < 24; length++) {
        byte[] line = new byte[40];
        Arrays.fill(line, (byte) b);
        line[length] = '\t';

        reader.read(line, 0, line.length);

        assertThat(reader.to(0)).as("byte %d, column of %d", b, length).isEqualTo(length);
        assertThat(reader.to(1)).isEqualTo(line.length);
      }
    }
  }

  @Test
  void readsBackWhatPostgresWouldWrite() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int i = 0; i < 5_000; i++) {
      List<@Nullable String> values = new ArrayList<>();
      int columns = 1 + random.nextInt(6);
      for (int column = 0; column < columns; column++) {
        values.add(random.nextInt(5) == 0 ? null : Texts.random(random));
      }

      assertThat(read(line(values), columns)).as("seed %d", seed).isEqualTo(values);
    }
  }

  private static List<@Nullable String> read(String line, int columns) {
    byte[] text = ("\t" + line).getBytes(StandardCharsets.UTF_8);
    CopyTextReader reader = new CopyTextReader(columns);
    reader.read(text, 1, text.length);
    List<@Nullable String> values = new ArrayList<>();
    for (int i = 0; i < columns; i++) {
      values.add(
          reader.isNull(i)
              ? null
              : new String(
                  reader.array(),
                  reader.from(i),
                  reader.to(i) - reader.from(i),
                  StandardCharsets.UTF_8));
    }
    return values;
  }

  private static String line(List<@Nullable String> values) {
    StringBuilder line = new StringBuilder();
    for (int i = 0; i < values.size(); i++) {
      String value = values.get(i);
      line.append(i == 0 ? "" : "\t")
          .append(
              value == null
                  ? "\\N"
                  : value
                      .replace("\\", "\\\\")
                      .replace("\t", "\\t")
                      .replace("\n", "\\n")
                      .replace("\r", "\\r")
                      .replace("\b", "\\b")
                      .replace("\f", "\\f")
                      .replace("\u000B", "\\v"));
    }
    return line.append('\n').toString();
  }
}
