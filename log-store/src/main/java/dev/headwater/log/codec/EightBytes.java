package dev.headwater.log.codec;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Eight bytes of text looked at together, as one number whose lowest byte comes first.
 *
 * <p>Whoever looks for certain bytes marks each by its high bit. A subtraction's borrow may mark
 * bytes above a marked one wrongly, which does no harm: the lowest mark is right, and only it is
 * used.
 */
final class EightBytes {
  /** The lowest bit of each byte: times a byte, that byte eight times. */
  static final long LOW_BITS = 0x0101_0101_0101_0101L;

  /** The highest bit of each byte. */
  static final long HIGH_BITS = 0x8080_8080_8080_8080L;

  private static final VarHandle WORD =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private EightBytes() {}

  /** The eight bytes that begin at a place, all within the array. */
  static long of(byte[] text, int at) {
    return (long) WORD.get(text, at);
  }

  /** Which of the eight, from zero, is the first that is marked; at least one is. */
  static int firstOf(long marks) {
    return Long.numberOfTrailingZeros(marks) >>> 3;
  }
}
