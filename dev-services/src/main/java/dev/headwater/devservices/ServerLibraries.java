package dev.headwater.devservices;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.Arrays;
import java.util.List;

/**
 * Where the servers' jars are: the build writes their places in the local Maven repository into
 * {@code servers.classpath}, next to this class. They are on no class path of ours; a child process
 * gets them as its own.
 */
final class ServerLibraries {
  private static final String LIST = "servers.classpath";

  private ServerLibraries() {}

  /** The class path of a child virtual machine: this module's classes and the servers' jars. */
  static String classPath() {
    StringBuilder path = new StringBuilder(ownClasses().toString());
    for (Path jar : jars()) {
      path.append(File.pathSeparatorChar).append(jar);
    }
    return path.toString();
  }

  /** The one jar whose file name begins so. */
  static Path jar(String namePrefix) {
    for (Path jar : jars()) {
      if (jar.getFileName().toString().startsWith(namePrefix)) {
        return jar;
      }
    }
    throw new DevServerException("No jar named " + namePrefix + "* is among the servers' jars");
  }

  private static List<Path> jars() {
    List<Path> jars;
    try (InputStream list = ServerLibraries.class.getResourceAsStream(LIST)) {
      if (list == null) {
        throw new DevServerException(
            "The list of the servers' jars is missing; the Maven build writes it (mvn compile)");
      }
      String text = new String(list.readAllBytes(), StandardCharsets.UTF_8).strip();
      jars = Arrays.stream(text.split(":")).map(Path::of).toList();
    } catch (IOException e) {
      throw new DevServerException("The list of the servers' jars cannot be read", e);
    }
    for (Path jar : jars) {
      if (!Files.isReadable(jar)) {
        throw new DevServerException(
            jar + " was there when Headwater was built and is gone now; build it again");
      }
    }
    return jars;
  }

  private static Path ownClasses() {
    CodeSource source = ServerLibraries.class.getProtectionDomain().getCodeSource();
    try {
      return Path.of(source.getLocation().toURI());
    } catch (URISyntaxException e) {
      throw new DevServerException("The place of this module's classes cannot be told", e);
    }
  }
}
