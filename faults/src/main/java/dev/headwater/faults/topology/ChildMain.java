package dev.headwater.faults.topology;

import java.io.IOException;
import java.util.Arrays;

/**
 * Runs another class's {@code main} and ends the process when its input closes: so a child never
 * outlives the suite, even one ended by SIGKILL.
 *
 * <p>Arguments: the class, then its arguments.
 */
final class ChildMain {
  private ChildMain() {}

  public static void main(String[] args) throws ReflectiveOperationException {
    Thread parent =
        new Thread(
            () -> {
              try {
                while (System.in.read() >= 0) {}
              } catch (IOException gone) {
                // The same as its end.
              }
              Runtime.getRuntime().halt(137);
            },
            "parent");
    parent.setDaemon(true);
    parent.start();
    String[] rest = Arrays.copyOfRange(args, 1, args.length);
    Class.forName(args[0]).getMethod("main", String[].class).invoke(null, (Object) rest);
  }
}
