package dev.headwater.sinks.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import java.sql.BatchUpdateException;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.postgresql.util.PSQLException;
import org.postgresql.util.PSQLState;
import org.postgresql.util.ServerErrorMessage;

class PostgresFailuresTest {
  private final PostgresFailures failures = new PostgresFailures("reporting", "GRANT ...");

  @ParameterizedTest
  @CsvSource({
    "08006,TARGET_UNREACHABLE",
    "40001,TARGET_UNREACHABLE",
    "40P01,TARGET_UNREACHABLE",
    "55P03,TARGET_UNREACHABLE",
    "53300,TARGET_UNREACHABLE",
    "53100,TARGET_UNREACHABLE",
    "57P01,TARGET_UNREACHABLE",
    "57P03,TARGET_UNREACHABLE",
    "57014,TARGET_UNREACHABLE",
    "25P03,TARGET_UNREACHABLE",
    "25006,TARGET_NOT_READY",
    "28P01,TARGET_NOT_READY",
    "3D000,TARGET_NOT_READY",
    "3F000,TARGET_NOT_READY",
    "42501,TARGET_NOT_READY",
    "42P01,TARGET_NOT_READY",
  })
  void stateTellsWhatIsToBeDone(String state, FailureCode code) {
    assertThat(failures.of(server(state, "words"), "writing").code()).isEqualTo(code);
    assertThat(PostgresFailures.isAboutData(server(state, "words"))).isFalse();
  }

  @ParameterizedTest
  @CsvSource({"22P02", "22001", "22003", "23502", "23505", "21000", "54000"})
  void errorsAboutDataAreToldWithoutIt(String state) {
    SQLException e = server(state, "invalid input syntax for type integer: \"secret\"");
    SQLException batch = new BatchUpdateException();
    batch.setNextException(e);

    assertThat(PostgresFailures.isAboutData(batch)).isTrue();
    assertThat(PostgresFailures.reason(batch)).contains(state).doesNotContain("secret");
    HeadwaterException outside = failures.of(e, "preparing");
    assertThat(outside).hasNoCause().hasMessageNotContaining("secret");
  }

  @Test
  void aPoolThatGaveUpIsUnreachableUnlessTheServerSaidWhy() {
    assertThat(failures.of(new SQLTransientConnectionException("timed out"), "writing").code())
        .isEqualTo(FailureCode.TARGET_UNREACHABLE);
    assertThat(
            failures
                .of(
                    new SQLTransientConnectionException("t", server("28P01", "password")),
                    "writing")
                .code())
        .isEqualTo(FailureCode.TARGET_NOT_READY);
    assertThat(
            failures
                .of(new PSQLException("refused", PSQLState.CONNECTION_UNABLE_TO_CONNECT), "writing")
                .code())
        .isEqualTo(FailureCode.TARGET_UNREACHABLE);
  }

  private static SQLException server(String state, String message) {
    return new PSQLException(
        new ServerErrorMessage("SERROR\0C" + state + "\0M" + message + "\0"), false);
  }
}
