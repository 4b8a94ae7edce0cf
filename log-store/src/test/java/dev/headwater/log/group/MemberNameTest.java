package dev.headwater.log.group;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Names of group members: one each, the same again after the former holder is gone. */
class MemberNameTest {
  @TempDir private Path directory;

  @Test
  void aSuccessorBearsTheNameOfThePredecessor() {
    MemberName first = MemberName.take("headwater.cache", directory);
    first.close();
    try (MemberName second = MemberName.take("headwater.cache", directory)) {
      assertThat(second.name()).isPresent().isEqualTo(first.name());
    }
  }

  @Test
  void twoAtATimeBearDifferentNames() {
    try (MemberName first = MemberName.take("headwater.cache", directory);
        MemberName second = MemberName.take("headwater.cache", directory)) {
      assertThat(first.name()).isPresent();
      assertThat(second.name()).isPresent().isNotEqualTo(first.name());
    }
  }

  @Test
  void groupsDoNotTakeNamesFromEachOther() {
    try (MemberName one = MemberName.take("a/b", directory);
        MemberName other = MemberName.take("a_b", directory)) {
      assertThat(one.name()).isPresent().isNotEqualTo(other.name());
    }
  }

  @Test
  void aFileThatWasCutShortGetsAFreshId() throws IOException {
    MemberName.take("g", directory).close();
    try (var files = Files.list(directory)) {
      Files.writeString(files.findFirst().orElseThrow(), "torn");
    }
    try (MemberName name = MemberName.take("g", directory)) {
      assertThat(name.name().orElseThrow()).doesNotContain("torn").hasSizeGreaterThan(36);
    }
  }

  @Test
  void whereNoFileCanBeHadThereIsNoName() throws IOException {
    Path file = Files.writeString(directory.resolve("file"), "");
    try (MemberName name = MemberName.take("g", file)) {
      assertThat(name.name()).isEmpty();
    }
  }
}
