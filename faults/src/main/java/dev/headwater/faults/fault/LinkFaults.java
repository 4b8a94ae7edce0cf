package dev.headwater.faults.fault;

import dev.headwater.devservices.TcpProxy;
import dev.headwater.devservices.TcpProxy.Mode;
import dev.headwater.faults.topology.Servers;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** What happens to connections: one link, or all links of one kind to the brokers. */
final class LinkFaults {
  private LinkFaults() {}

  static List<Fault> all() {
    return List.of(
        new Fault("cut a link", field -> on(field, Mode.CUT, 0, 500, 8_000)),
        new Fault("freeze a link", field -> on(field, Mode.FREEZE, 0, 1_000, 12_000)),
        new Fault("lose the answers of a link", field -> on(field, Mode.MUTE, 0, 500, 8_000)),
        new Fault(
            "delay a link",
            field -> on(field, Mode.DELAY, 50 + field.random().nextInt(400), 3_000, 8_000)),
        new Fault(
            "throttle a link to 20 kB/s", field -> on(field, Mode.THROTTLE, 20_000, 3_000, 8_000)),
        new Fault("reset a link in mid-frame", field -> on(field, Mode.RESET, 0, 50, 1_000)),
        new Fault("forget a link's connections", field -> on(field, Mode.HALF_OPEN, 0, 500, 2_000)),
        new Fault("cut links one by one, heal in another order", LinkFaults::swizzle));
  }

  private static void on(Field field, Mode mode, int parameter, int least, int most)
      throws InterruptedException {
    List<TcpProxy> links = field.one(groups(field.servers()));
    field.tell().accept(links.stream().map(TcpProxy::name).collect(Collectors.joining(", ")));
    links.forEach(link -> link.set(mode, parameter));
    field.linger(least, most);
    links.forEach(link -> link.set(Mode.PASS, 0));
  }

  private static List<List<TcpProxy>> groups(Servers servers) {
    return List.of(
        List.of(servers.sourceLink()),
        List.of(servers.cacheLink()),
        List.of(servers.searchLink()),
        List.of(servers.replicaLink()),
        servers.captureLogLinks(),
        servers.captureLogLinks().subList(0, 1),
        servers.sinksLogLinks());
  }

  private static void swizzle(Field field) throws InterruptedException {
    List<TcpProxy> cut = new ArrayList<>();
    for (List<TcpProxy> group : groups(field.servers())) {
      if (field.random().nextBoolean()) {
        cut.addAll(group);
      }
    }
    for (TcpProxy link : cut) {
      link.set(Mode.CUT, 0);
      field.linger(100, 800);
    }
    java.util.Collections.shuffle(cut, field.random());
    for (TcpProxy link : cut) {
      link.set(Mode.PASS, 0);
      field.linger(100, 800);
    }
  }
}
