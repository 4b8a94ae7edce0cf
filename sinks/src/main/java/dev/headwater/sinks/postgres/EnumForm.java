package dev.headwater.sinks.postgres;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** An enum's label, looked at on the way so that the replica's type can be made to have it. */
final class EnumForm implements TextForm {
  private final String type;
  private final EnumLabels labels;
  private final List<byte[]> seen = new ArrayList<>();

  EnumForm(String type, EnumLabels labels) {
    this.type = type;
    this.labels = labels;
  }

  @Override
  public void write(JsonCursor json, TextBuffer out) {
    int begin = out.size();
    json.takeString(out);
    if (!isSeen(out, begin) && labels.isKnown(type, out.string(begin, out.size()))) {
      seen.add(Arrays.copyOfRange(out.array(), begin, out.size()));
    }
  }

  private boolean isSeen(TextBuffer text, int from) {
    for (byte[] label : seen) {
      if (Arrays.equals(label, 0, label.length, text.array(), from, text.size())) {
        return true;
      }
    }
    return false;
  }
}
