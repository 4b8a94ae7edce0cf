package dev.headwater.devservices.process;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.opensearch.analysis.common.CommonAnalysisPlugin;
import org.opensearch.common.settings.Settings;
import org.opensearch.env.Environment;
import org.opensearch.index.mapper.MapperExtrasPlugin;
import org.opensearch.index.reindex.ReindexPlugin;
import org.opensearch.node.InternalSettingsPreparer;
import org.opensearch.node.Node;
import org.opensearch.painless.PainlessPlugin;
import org.opensearch.plugins.Plugin;
import org.opensearch.transport.Netty4Plugin;

/**
 * The main class of the OpenSearch child: starts one node, writes the ready file and runs until
 * SIGTERM. Arguments: the settings' file, the ready file.
 */
public final class OpenSearchProcess {
  private static final List<Class<? extends Plugin>> MODULES =
      List.of(
          Netty4Plugin.class,
          CommonAnalysisPlugin.class,
          PainlessPlugin.class,
          MapperExtrasPlugin.class,
          ReindexPlugin.class);

  private OpenSearchProcess() {}

  public static void main(String[] arguments) throws Exception {
    Properties properties = new Properties();
    try (Reader in = Files.newBufferedReader(Path.of(arguments[0]))) {
      properties.load(in);
    }
    Settings.Builder settings = Settings.builder();
    properties.forEach((name, value) -> settings.put((String) name, (String) value));
    Path config = Files.createDirectories(Path.of(arguments[0]).resolveSibling("config"));
    String name = properties.getProperty("node.name");
    try {
      Node node =
          new ClassPathNode(
              InternalSettingsPreparer.prepareEnvironment(
                  settings.build(), Map.of(), config, () -> name));
      Runtime.getRuntime().addShutdownHook(new Thread(() -> close(node), "opensearch-shutdown"));
      node.start();
    } catch (Throwable e) {
      // Threads of the half built node would keep a plain return from main from ending anything.
      e.printStackTrace();
      Runtime.getRuntime().halt(1);
    }
    Files.writeString(Path.of(arguments[1]), Long.toString(ProcessHandle.current().pid()));
    Thread.currentThread().join();
  }

  @SuppressWarnings("CatchAndPrintStackTrace") // the output of this process is its log
  private static void close(Node node) {
    try {
      node.close();
    } catch (IOException e) {
      e.printStackTrace();
    }
  }

  /** A node that finds its modules on the class path instead of in directories. */
  private static final class ClassPathNode extends Node {
    ClassPathNode(Environment environment) {
      super(environment, MODULES, true);
    }
  }
}
