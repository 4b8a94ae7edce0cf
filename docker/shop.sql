-- The shop of docker-compose.yml: three tables with 10,000 rows, and a database for the replica.
CREATE DATABASE reporting;

CREATE TABLE customers (id bigint PRIMARY KEY, name text NOT NULL, email text, city text,
  since timestamptz NOT NULL DEFAULT now());
CREATE TABLE products (id bigint PRIMARY KEY, name text NOT NULL, description text,
  price numeric(10,2) NOT NULL, tags text[], attributes jsonb);
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint NOT NULL,
  product_id bigint NOT NULL, quantity int NOT NULL, total numeric(12,2) NOT NULL,
  status text NOT NULL, ordered_at timestamptz NOT NULL DEFAULT now());

INSERT INTO customers
SELECT g, 'Customer ' || g, 'c' || g || '@example.com', (ARRAY['Oslo','Lima','Kyoto','Accra','Turin'])[1 + g % 5],
  now() - g * interval '1 hour' FROM generate_series(1, 2000) g;
INSERT INTO products
SELECT g, (ARRAY['Lamp','Chair','Kettle','Clock','Scarf'])[1 + g % 5] || ' no. ' || g, 'A fine piece, number ' || g,
  (g % 500) + 0.95, ARRAY['tag' || g % 7, 'home'], jsonb_build_object('weight', g % 90) FROM generate_series(1, 2000) g;
INSERT INTO orders
SELECT g, 1 + g % 2000, 1 + g % 2000, 1 + g % 4, (g % 900) + 0.5, 'paid', now() FROM generate_series(1, 6000) g;

-- The numbers of the orders that the traffic places.
CREATE SEQUENCE order_numbers START 10000;
