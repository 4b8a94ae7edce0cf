package dev.headwater.devservices;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A link that can be broken: forwards TCP connections from a port of its own on 127.0.0.1 to a
 * server, and does to them what {@link #set} says.
 *
 * <p>Two threads a connection. Any thread may change the mode; it takes effect with the next bytes.
 */
public final class TcpProxy implements AutoCloseable {
  /** What happens to bytes and connections. */
  public enum Mode {
    /** Everything passes. */
    PASS,
    /** Connections are closed, new ones refused. */
    CUT,
    /** Connections stay open, nothing passes in either direction; what waits passes afterwards. */
    FREEZE,
    /** Requests arrive, answers do not; afterwards the connections are reset: lost answers. */
    MUTE,
    /**
     * The connections that are open now never pass anything again, nor close: a gateway that forgot
     * them. New ones pass.
     */
    HALF_OPEN,
    /** Every piece waits for the given milliseconds. */
    DELAY,
    /** So many bytes a second and connection. */
    THROTTLE,
    /** Each connection is reset in the middle of its next piece. */
    RESET
  }

  private static final int PIECE = 16 << 10;
  private static final int SLICES_PER_SECOND = 20;

  private final String name;
  private final ServerSocket server;
  private final Set<Link> links = ConcurrentHashMap.newKeySet();
  private final Object changed = new Object();
  private volatile int targetPort;
  private volatile Mode mode = Mode.PASS;
  private volatile int parameter;
  private volatile boolean closed;

  /** Listens on a free port; {@link #forwardTo} says where to. */
  public TcpProxy(String name) {
    this.name = name;
    try {
      this.server = new ServerSocket();
      // Below the kernel's range for outgoing connections, as the servers themselves.
      bindLow(server);
    } catch (IOException e) {
      throw new IllegalStateException("the proxy " + name + " has no port", e);
    }
    daemon("accept", this::accept);
  }

  private static void bindLow(ServerSocket socket) throws IOException {
    for (int attempt = 0; ; attempt++) {
      int port = 10_000 + java.util.concurrent.ThreadLocalRandom.current().nextInt(5_000);
      try {
        socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 200);
        return;
      } catch (IOException taken) {
        if (attempt == 100) {
          throw taken;
        }
      }
    }
  }

  /** The server's port on 127.0.0.1. */
  public TcpProxy forwardTo(int port) {
    targetPort = port;
    return this;
  }

  /** Where clients connect. */
  public int port() {
    return server.getLocalPort();
  }

  /** Which link this is, for people. */
  public String name() {
    return name;
  }

  /** Breaks the link, or heals it with {@link Mode#PASS}. */
  public void set(Mode newMode, int newParameter) {
    Mode before = mode;
    parameter = newParameter;
    mode = newMode;
    if (newMode == Mode.CUT || before == Mode.MUTE) {
      links.forEach(Link::reset);
    }
    if (newMode == Mode.HALF_OPEN) {
      links.forEach(link -> link.forgotten = true);
    }
    synchronized (changed) {
      changed.notifyAll();
    }
  }

  private void accept() {
    while (!closed) {
      try {
        Socket client = server.accept();
        if (mode == Mode.CUT) {
          abort(client);
          continue;
        }
        daemon("connect", () -> open(client));
      } catch (IOException e) {
        if (!closed) {
          throw new IllegalStateException("the proxy " + name + " cannot accept", e);
        }
      }
    }
  }

  private void open(Socket client) {
    Socket upstream = new Socket();
    try {
      upstream.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), targetPort), 5_000);
      client.setTcpNoDelay(true);
      upstream.setTcpNoDelay(true);
    } catch (IOException down) {
      abort(client);
      abort(upstream);
      return;
    }
    Link link = new Link(client, upstream);
    links.add(link);
    daemon("up", () -> link.copy(client, upstream, false));
    daemon("down", () -> link.copy(upstream, client, true));
  }

  private static void abort(Socket socket) {
    try {
      socket.setSoLinger(true, 0);
      socket.close();
    } catch (IOException alreadyGone) {
      // It was to go.
    }
  }

  private void daemon(String role, Runnable task) {
    Thread thread = new Thread(task, "proxy/" + name + "/" + role);
    thread.setDaemon(true);
    thread.start();
  }

  @Override
  public void close() {
    closed = true;
    try {
      server.close();
    } catch (IOException alreadyGone) {
      // It was to go.
    }
    links.forEach(Link::reset);
    synchronized (changed) {
      changed.notifyAll();
    }
  }

  /** One connection through the proxy. */
  private final class Link {
    private final Socket client;
    private final Socket upstream;
    private volatile boolean gone;
    private volatile boolean forgotten;

    Link(Socket client, Socket upstream) {
      this.client = client;
      this.upstream = upstream;
    }

    void copy(Socket from, Socket to, boolean isAnswer) {
      byte[] piece = new byte[PIECE];
      try {
        InputStream in = from.getInputStream();
        OutputStream out = to.getOutputStream();
        for (int n = in.read(piece); n >= 0; n = in.read(piece)) {
          if (!pass(out, piece, n, isAnswer)) {
            break;
          }
        }
      } catch (IOException ended) {
        // One side is gone; so is the link.
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      reset();
    }

    private boolean pass(OutputStream out, byte[] piece, int length, boolean isAnswer)
        throws IOException, InterruptedException {
      awaitOpen(isAnswer);
      if (gone) {
        return false;
      }
      switch (mode) {
        case RESET -> {
          out.write(piece, 0, length / 2);
          return false;
        }
        case DELAY -> {
          Thread.sleep(parameter);
          out.write(piece, 0, length);
        }
        case THROTTLE -> slowly(out, piece, length);
        default -> out.write(piece, 0, length);
      }
      return true;
    }

    private void awaitOpen(boolean isAnswer) throws InterruptedException {
      synchronized (changed) {
        while (!gone && !closed && isHeld(isAnswer)) {
          changed.wait(1_000);
        }
      }
    }

    private boolean isHeld(boolean isAnswer) {
      return forgotten || mode == Mode.FREEZE || (mode == Mode.MUTE && isAnswer);
    }

    private void slowly(OutputStream out, byte[] piece, int length)
        throws IOException, InterruptedException {
      int slice = Math.max(1, parameter / SLICES_PER_SECOND);
      for (int at = 0; at < length && !gone; at += slice) {
        out.write(piece, at, Math.min(slice, length - at));
        if (mode == Mode.THROTTLE) {
          Thread.sleep(1_000 / SLICES_PER_SECOND);
        }
      }
    }

    void reset() {
      gone = true;
      links.remove(this);
      abort(client);
      abort(upstream);
    }
  }
}
