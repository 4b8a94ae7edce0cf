package dev.headwater.devservices;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The command line of a server that is a Java program: our Java, the servers' class path. */
final class JavaProcess {
  /** Written by the child's main class when its server answers. */
  static final String READY_FILE = "ready";

  private static final String COLLECTOR = "-XX:\\+Use\\w+GC";

  private JavaProcess() {}

  static List<String> command(
      String mainClass, List<String> moreJvmArguments, List<String> arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(machineArguments(moreJvmArguments));
    command.add("-Djava.awt.headless=true");
    command.add(
        "-Dlog4j2.configurationFile=classpath:dev/headwater/devservices/process/log4j2.xml");
    command.addAll(List.of("-cp", ServerLibraries.classPath(), mainClass));
    command.addAll(arguments);
    return command;
  }

  /** What the virtual machine of a server is told, wherever it runs: ours, then the caller's. */
  static List<String> machineArguments(List<String> more) {
    List<String> command = new ArrayList<>();
    // The first compiler only and the simplest collector: a server is up sooner so, and these live
    // for minutes.
    command.addAll(List.of("-Xmx512m", "-XX:TieredStopAtLevel=1", "-Xshare:auto"));
    // Two collectors on one command line are refused by the virtual machine.
    if (more.stream().noneMatch(each -> each.matches(COLLECTOR))) {
      command.add("-XX:+UseSerialGC");
    }
    command.addAll(more);
    return command;
  }

  /** For an image that names a collector of its own. */
  static List<String> withoutCollector(List<String> arguments) {
    return arguments.stream().filter(each -> !each.matches(COLLECTOR)).toList();
  }
}
