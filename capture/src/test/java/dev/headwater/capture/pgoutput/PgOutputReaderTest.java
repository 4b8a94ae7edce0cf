package dev.headwater.capture.pgoutput;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.position.Lsn;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PgOutputReaderTest {
  private static final long LSN = 0x16_B374_D848L;
  private static final int OID = 0x8000_4001;

  private final List<String> told = new ArrayList<>();
  private final List<Relation> relations = new ArrayList<>();
  private final PgOutputReader reader = new PgOutputReader(new Teller());

  @Test
  void beginCarriesCommitLsnUnixTimeAndUnsignedXid() {
    read(new Bytes().type('B').int64(0x2_0000_0010L).int64(1_000_001).int32(0xFFFF_FFFE));
    assertThat(told).containsExactly("begin 2/10 946684801000001 4294967294");
  }

  @Test
  void commitCarriesBothLsns() {
    read(new Bytes().type('C').int8(0).int64(0x10).int64(0x40).int64(5));
    assertThat(told).containsExactly("commit 0/10 0/40");
  }

  @Test
  void relationCarriesNamesIdentityAndColumns() {
    read(
        new Bytes()
            .type('R')
            .int32(OID)
            .string("pub lic")
            .string("Örders😀")
            .type('d')
            .int16(2)
            .int8(1)
            .string("id")
            .int32(20)
            .int32(-1)
            .int8(0)
            .string("price")
            .int32(1700)
            .int32(655_366));
    assertThat(relations)
        .containsExactly(
            new Relation(
                OID,
                "pub lic",
                "Örders😀",
                'd',
                List.of(
                    new Relation.Column("id", true, 20, -1),
                    new Relation.Column("price", false, 1700, 655_366))));
  }

  @Test
  void anEmptySchemaNameIsTheCatalogs() {
    read(new Bytes().type('R').int32(1).string("").string("t").type('f').int16(0));
    assertThat(relations).containsExactly(new Relation(1, "pg_catalog", "t", 'f', List.of()));
    assertThat(relations.get(0).isFullIdentity()).isTrue();
  }

  @Test
  void insertCarriesTextNullAndUnchangedColumns() {
    read(
        new Bytes().type('I').int32(OID).type('N').int16(4).text("1").type('n').type('u').text(""));
    assertThat(told).containsExactly("insert 16/B374D848 " + OID + " ['1', null, toast, '']");
  }

  @Test
  void updateWithoutOldImage() {
    read(new Bytes().type('U').int32(OID).type('N').int16(2).text("1").type('u'));
    assertThat(told).containsExactly("update 16/B374D848 " + OID + " none key=false ['1', toast]");
  }

  @Test
  void updateWithOldKey() {
    read(
        new Bytes()
            .type('U')
            .int32(OID)
            .type('K')
            .int16(2)
            .text("1")
            .type('n')
            .type('N')
            .int16(2)
            .text("2")
            .text("ä"));
    assertThat(told)
        .containsExactly("update 16/B374D848 " + OID + " ['1', null] key=true ['2', 'ä']");
  }

  @Test
  void updateWithWholeOldRow() {
    read(
        new Bytes()
            .type('U')
            .int32(OID)
            .type('O')
            .int16(2)
            .text("1")
            .text("a")
            .type('N')
            .int16(2)
            .text("1")
            .text("b"));
    assertThat(told)
        .containsExactly("update 16/B374D848 " + OID + " ['1', 'a'] key=false ['1', 'b']");
  }

  @Test
  void deleteByKeyAndByWholeRow() {
    read(new Bytes().type('D').int32(OID).type('K').int16(2).text("1").type('n'));
    read(new Bytes().type('D').int32(OID).type('O').int16(2).text("1").text("a"));
    assertThat(told)
        .containsExactly(
            "delete 16/B374D848 " + OID + " ['1', null] key=true",
            "delete 16/B374D848 " + OID + " ['1', 'a'] key=false");
  }

  @Test
  void truncateCarriesEveryTable() {
    read(new Bytes().type('T').int32(3).int8(3).int32(7).int32(OID).int32(9));
    assertThat(told).containsExactly("truncate 16/B374D848 [7, " + OID + ", 9]");
  }

  @Test
  void messagesAreTransactionalOrNot() {
    read(new Bytes().type('M').int8(1).int64(0x77).string("préfix").int32(2).raw("hi"));
    read(new Bytes().type('M').int8(0).int64(0x88).string("").int32(0));
    assertThat(told)
        .containsExactly(
            "message 16/B374D848 true 0/77 préfix 'hi'", "message 16/B374D848 false 0/88  ''");
  }

  @Test
  void typesAndOriginsAreNothingToTellOf() {
    read(new Bytes().type('Y').int32(1).string("public").string("mood"));
    read(new Bytes().type('O').int64(1).string("elsewhere"));
    assertThat(told).isEmpty();
  }

  @Test
  void aTupleOfManyColumnsIsHeldWholeAndTheNextSmallOneToo() {
    Bytes wide = new Bytes().type('I').int32(1).type('N').int16(1600);
    for (int i = 0; i < 1600; i++) {
      wide.text(String.valueOf(i));
    }
    read(wide);
    read(new Bytes().type('I').int32(2).type('N').int16(1).text("x"));
    assertThat(told.get(0)).endsWith("'1598', '1599']");
    assertThat(told.get(1)).endsWith(" 2 ['x']");
  }

  @ParameterizedTest
  @ValueSource(chars = {'Z', 'S', 'b', '\0'})
  void anUnknownMessageIsRefused(char type) {
    assertRefused(new Bytes().type(type).int32(0));
  }

  @Test
  void anUnknownColumnKindIsRefused() {
    assertRefused(new Bytes().type('I').int32(1).type('N').int16(1).type('b').int32(0));
  }

  @Test
  void anInsertWithoutNewRowIsRefused() {
    assertRefused(new Bytes().type('I').int32(1).type('K').int16(0));
  }

  @Test
  void anUpdateWhoseImageIsOfAnUnknownKindIsRefused() {
    assertRefused(new Bytes().type('U').int32(1).type('Q').int16(0).type('N').int16(0));
  }

  @Test
  void aDeleteWhoseImageIsOfAnUnknownKindIsRefused() {
    assertRefused(new Bytes().type('D').int32(1).type('N').int16(0));
  }

  private void assertRefused(Bytes message) {
    assertThatExceptionOfType(HeadwaterException.class)
        .isThrownBy(() -> read(message))
        .satisfies(e -> assertThat(e.code()).isEqualTo(FailureCode.SOURCE_INCONSISTENT));
    assertThat(told).isEmpty();
  }

  /** The message lies inside a larger array, behind an offset, as it does in a chunk. */
  private void read(Bytes message) {
    byte[] bytes = message.toArray();
    byte[] larger = new byte[bytes.length + 20];
    System.arraycopy(bytes, 0, larger, 11, bytes.length);
    ByteBuffer sliced = ByteBuffer.wrap(larger, 5, bytes.length + 10).slice();
    sliced.position(6).limit(6 + bytes.length);
    reader.read(LSN, sliced);
  }

  private final class Teller implements PgOutputHandler {
    @Override
    public void begin(Lsn commitLsn, long commitTimeMicros, long xid) {
      told.add("begin " + commitLsn + " " + commitTimeMicros + " " + xid);
    }

    @Override
    public void commit(Lsn commitLsn, Lsn endLsn) {
      told.add("commit " + commitLsn + " " + endLsn);
    }

    @Override
    public void relation(Relation relation) {
      relations.add(relation);
    }

    @Override
    public void insert(Lsn lsn, int relationOid, Tuple newRow) {
      told.add("insert " + lsn + " " + relationOid + " " + text(newRow));
    }

    @Override
    public void update(Lsn lsn, int relationOid, Tuple oldRow, boolean oldIsKeyOnly, Tuple newRow) {
      String old = oldRow == null ? "none" : text(oldRow);
      told.add(
          "update "
              + lsn
              + " "
              + relationOid
              + " "
              + old
              + " key="
              + oldIsKeyOnly
              + " "
              + text(newRow));
    }

    @Override
    public void delete(Lsn lsn, int relationOid, Tuple oldRow, boolean oldIsKeyOnly) {
      told.add("delete " + lsn + " " + relationOid + " " + text(oldRow) + " key=" + oldIsKeyOnly);
    }

    @Override
    public void truncate(Lsn lsn, List<Integer> relationOids) {
      told.add("truncate " + lsn + " " + relationOids);
    }

    @Override
    public void message(
        Lsn lsn, boolean transactional, Lsn messageLsn, String prefix, byte[] content) {
      String text = new String(content, StandardCharsets.UTF_8);
      told.add(
          "message "
              + lsn
              + " "
              + transactional
              + " "
              + messageLsn
              + " "
              + prefix
              + " '"
              + text
              + "'");
    }

    private String text(Tuple tuple) {
      List<String> columns = new ArrayList<>();
      for (int i = 0; i < tuple.size(); i++) {
        if (tuple.isNull(i)) {
          columns.add("null");
        } else if (tuple.isUnchangedToast(i)) {
          columns.add("toast");
        } else {
          int start = tuple.start(i);
          int length = tuple.end(i) - start;
          columns.add("'" + new String(tuple.bytes(), start, length, StandardCharsets.UTF_8) + "'");
        }
      }
      return columns.toString();
    }
  }

  /** A message being put together, most significant byte first. */
  private static final class Bytes {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final DataOutputStream out = new DataOutputStream(bytes);

    private interface Step {
      void run() throws IOException;
    }

    private Bytes then(Step step) {
      try {
        step.run();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      return this;
    }

    Bytes type(char c) {
      return int8(c);
    }

    Bytes int8(int value) {
      return then(() -> out.writeByte(value));
    }

    Bytes int16(int value) {
      return then(() -> out.writeShort(value));
    }

    Bytes int32(int value) {
      return then(() -> out.writeInt(value));
    }

    Bytes int64(long value) {
      return then(() -> out.writeLong(value));
    }

    Bytes raw(String text) {
      return then(() -> out.write(text.getBytes(StandardCharsets.UTF_8)));
    }

    Bytes string(String text) {
      return raw(text).int8(0);
    }

    Bytes text(String text) {
      return type('t').int32(text.getBytes(StandardCharsets.UTF_8).length).raw(text);
    }

    byte[] toArray() {
      return bytes.toByteArray();
    }
  }
}
