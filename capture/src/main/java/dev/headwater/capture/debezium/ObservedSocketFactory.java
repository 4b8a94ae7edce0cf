package dev.headwater.capture.debezium;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import javax.net.SocketFactory;
import org.jspecify.annotations.Nullable;

/**
 * Makes the driver's sockets, and hands the one that a connection came to use to whoever opened it.
 *
 * <p>Asked whether a message is there, the driver waits a millisecond for one and makes an
 * exception of it when none came. A socket says at once whether bytes are there, and costs almost
 * nothing; with TLS it is the socket beneath. The driver makes this by name ({@code socketFactory},
 * {@code socketFactoryArg}), on whatever thread it connects on.
 */
public final class ObservedSocketFactory extends SocketFactory {
  private static final Map<String, Socket> LATEST = new ConcurrentHashMap<>();

  private final String attempt;

  /**
   * @param attempt to connect: the name under which its socket is asked for
   */
  public ObservedSocketFactory(String attempt) {
    this.attempt = attempt;
  }

  /** The latest socket made for an attempt to connect, once; null if none was made. */
  static @Nullable Socket take(String attempt) {
    return LATEST.remove(attempt);
  }

  /** What the driver calls; it connects the socket itself. */
  @Override
  public Socket createSocket() {
    Socket socket = new Socket();
    LATEST.put(attempt, socket);
    return socket;
  }

  @Override
  public Socket createSocket(String host, int port) throws IOException {
    return getDefault().createSocket(host, port);
  }

  @Override
  public Socket createSocket(InetAddress host, int port) throws IOException {
    return getDefault().createSocket(host, port);
  }

  @Override
  public Socket createSocket(String host, int port, InetAddress localHost, int localPort)
      throws IOException {
    return getDefault().createSocket(host, port, localHost, localPort);
  }

  @Override
  public Socket createSocket(InetAddress host, int port, InetAddress localHost, int localPort)
      throws IOException {
    return getDefault().createSocket(host, port, localHost, localPort);
  }
}
