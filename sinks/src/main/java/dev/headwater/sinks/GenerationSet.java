package dev.headwater.sinks;

import java.util.List;
import java.util.Optional;

/**
 * The generations of one sink, as its target had them when it was asked.
 *
 * @param all by number
 * @param lastRequest the request that was carried out, or begun, last; empty for none. A request is
 *     carried out once, by whichever worker comes first: the others find it here
 */
public record GenerationSet(List<Generation> all, String lastRequest) {
  public GenerationSet {
    all = List.copyOf(all);
  }

  /** What readers see; empty before the first. */
  public Optional<Generation> serving() {
    return in(Generation.State.SERVING);
  }

  /** What is being made. */
  public Optional<Generation> building() {
    return in(Generation.State.BUILDING);
  }

  /** What can be put back. */
  public Optional<Generation> previous() {
    return in(Generation.State.PREVIOUS);
  }

  /** What readers see, or, where one copy is built in place, what they see while it is built. */
  public Optional<Generation> live() {
    return serving().or(this::building);
  }

  private Optional<Generation> in(Generation.State state) {
    return all.stream().filter(g -> g.state() == state).findFirst();
  }
}
