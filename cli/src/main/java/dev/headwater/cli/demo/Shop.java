package dev.headwater.cli.demo;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/** The demo's source database: three tables, rows to begin with, and customers who go on buying. */
final class Shop implements AutoCloseable {
  private static final String TABLES =
      """
      CREATE TABLE customers (id bigint PRIMARY KEY, name text NOT NULL, email text, city text,
        since timestamptz NOT NULL DEFAULT now());
      CREATE TABLE products (id bigint PRIMARY KEY, name text NOT NULL, description text,
        price numeric(10,2) NOT NULL, tags text[], attributes jsonb);
      CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint NOT NULL,
        product_id bigint NOT NULL, quantity int NOT NULL, total numeric(12,2) NOT NULL,
        status text NOT NULL, ordered_at timestamptz NOT NULL DEFAULT now());
      """;

  private final Connection connection;
  private final Thread traffic = new Thread(this::trade, "headwater/demo/traffic");
  private final AtomicBoolean stop = new AtomicBoolean();
  private final AtomicLong transactions = new AtomicLong();
  private volatile String failure = "";
  private final int rows;

  Shop(Connection connection, int rows) {
    this.connection = connection;
    this.rows = rows;
  }

  /** Makes the tables, a fifth of the rows each in customers and products, the rest in orders. */
  void fill() throws SQLException {
    int few = Math.max(1, rows / 5);
    try (Statement statement = connection.createStatement()) {
      statement.execute(TABLES);
      statement.execute(
          "INSERT INTO customers SELECT g, 'Customer ' || g, 'c' || g || '@example.com',"
              + " (ARRAY['Oslo','Lima','Kyoto','Accra','Turin'])[1 + g % 5],"
              + " now() - g * interval '1 hour' FROM generate_series(1, "
              + few
              + ") g");
      statement.execute(
          "INSERT INTO products SELECT g,"
              + " (ARRAY['Lamp','Chair','Kettle','Clock','Scarf'])[1 + g % 5] || ' no. ' || g,"
              + " 'A fine piece, number ' || g, (g % 500) + 0.95,"
              + " ARRAY['tag' || g % 7, 'home'], jsonb_build_object('weight', g % 90)"
              + " FROM generate_series(1, "
              + few
              + ") g");
      statement.execute(
          "INSERT INTO orders SELECT g, 1 + g % "
              + few
              + ", 1 + g % "
              + few
              + ", 1 + g % 4,"
              + " (g % 900) + 0.5, 'paid', now() FROM generate_series(1, "
              + (rows - 2 * few)
              + ") g");
    }
  }

  void startTraffic() {
    traffic.setDaemon(true);
    traffic.start();
  }

  /**
   * Inserts, updates and deletes, a few hundred rows a second; of customers and products in the
   * second half only.
   */
  private void trade() {
    Random random = new Random(7);
    int few = Math.max(1, rows / 5);
    int fromHalf = 1 + few / 2;
    long next = 10_000_000;
    try (Statement statement = connection.createStatement()) {
      while (!stop.get()) {
        long order = next++;
        statement.execute(
            "BEGIN; INSERT INTO orders VALUES ("
                + order
                + ", 1, 1, 2, 19.90, 'new', now());"
                + " UPDATE orders SET status = 'shipped' WHERE id = "
                + (order - 20)
                + ";"
                + " DELETE FROM orders WHERE id = "
                + (order - 400)
                + ";"
                + " UPDATE customers SET city = 'Quito' WHERE id = "
                + (fromHalf + random.nextInt(few - few / 2))
                + ";"
                + " UPDATE products SET price = price + 0.01 WHERE id = "
                + (fromHalf + random.nextInt(few - few / 2))
                + "; COMMIT");
        transactions.incrementAndGet();
        Thread.sleep(10);
      }
    } catch (SQLException e) {
      failure = e.toString();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  long transactions() {
    return transactions.get();
  }

  /** Ends the traffic; what it committed is committed. */
  void stopTraffic() throws InterruptedException {
    stop.set(true);
    traffic.join(10_000);
    if (!failure.isEmpty()) {
      throw new IllegalStateException("the demo's own traffic failed: " + failure);
    }
  }

  @Override
  public void close() throws SQLException, InterruptedException {
    stopTraffic();
    connection.close();
  }
}
